/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/report_html.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "cli/names.h"

const char *const rg_outcomes[RG_OUTCOMES] = { "applied", "narrowed", "refused", "overridden" };
const char *const rg_outcome_texts[RG_OUTCOMES] = {
	"applied as asked", "narrowed to its territory", "refused", "applied beyond its territory",
};

/* No script, nothing from elsewhere: the page says so itself, and a browser holds it to that. */
static const char page_head[] =
	"<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
	"img-src data:\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<link rel=\"icon\" href=\"data:,\">\n"
	"<title>Transparency report</title>\n<style>\n"
	":root{--ink:#1d2733;--soft:#5a6673;--line:#d5dbe1;--paper:#fff;--tile:#f3f5f8;"
	"--applied:#2f6fb0;--narrowed:#d99a2b;--refused:#7b8794;--overridden:#b3403a}\n"
	"@media (prefers-color-scheme:dark){:root{--ink:#e6eaee;--soft:#9aa6b2;--line:#3a4450;--paper:#161b21;"
	"--tile:#212830;--applied:#5b9bd8;--narrowed:#e3ae4d;--refused:#8b97a3;--overridden:#dd6f68}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.55 system-ui,-apple-system,\"Segoe UI\","
	"\"DejaVu Sans\",sans-serif}\n"
	"main{max-width:800px;margin:0 auto;padding:32px 20px 64px}\n"
	"h1{font-size:1.9em;line-height:1.2;margin:0 0 .2em}\n"
	"h2{font-size:1.25em;margin:2.2em 0 .4em}\n"
	".soft,figcaption,footer{color:var(--soft);font-size:.88em}\n"
	".lead{font-size:1.1em;margin:1.2em 0}\n"
	".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:12px;margin:1.4em 0;padding:0}\n"
	".tiles div{background:var(--tile);border-radius:8px;padding:12px 14px;border-left:6px solid var(--line)}\n"
	".tiles b{display:block;font-size:1.8em;line-height:1.2;font-variant-numeric:tabular-nums}\n"
	".tiles .applied{border-color:var(--applied)}.tiles .narrowed{border-color:var(--narrowed)}"
	".tiles .refused{border-color:var(--refused)}.tiles .overridden{border-color:var(--overridden)}\n"
	"figure{margin:1em 0}\nsvg{display:block;width:100%;height:auto}\n"
	"svg text{fill:var(--ink);font-size:14px}svg .year{fill:var(--soft)}svg .grid{stroke:var(--line)}\n"
	"svg .applied{fill:var(--applied)}svg .narrowed{fill:var(--narrowed)}svg .refused{fill:var(--refused)}"
	"svg .overridden{fill:var(--overridden)}\n"
	".legend{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:0;padding:0;font-size:.88em}\n"
	".legend li::before{content:\"\";display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.45em;"
	"background:var(--c)}\n"
	"table{border-collapse:collapse;width:100%;font-size:.92em}\n"
	"th,td{text-align:left;vertical-align:top;padding:7px 10px 7px 0;border-bottom:1px solid var(--line);"
	"overflow-wrap:anywhere}\n"
	"thead th{color:var(--soft);font-weight:600;overflow-wrap:normal}\n"
	"th[scope=row]{font-weight:600}\n"
	".n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
	"code{font-size:.85em;overflow-wrap:anywhere}\n"
	"@media (max-width:620px){main{padding:20px 16px 48px}h1{font-size:1.6em}"
	"svg text{font-size:26px}svg .year{display:none}\n"
	"table,tbody,tr,th,td{display:block}thead{display:none}"
	"tr{border-bottom:1px solid var(--line);padding:8px 0}tr.same{padding-left:14px}"
	"th,td,.n{border:0;padding:1px 0;text-align:left}td.n{display:inline-block;margin-right:14px}"
	"td.none{display:none}"
	"td::before{content:attr(data-label) \" \";color:var(--soft)}}\n"
	"@media print{main{max-width:none;padding:0}}\n"
	"</style>\n</head>\n<body>\n<main>\n";

void rg_html_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&': fputs("&amp;", out); break;
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '"': fputs("&quot;", out); break;
		case '\'': fputs("&#39;", out); break;
		default:
			/* what HTML has no place for */
			fputc((unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text, out);
		}
	}
}

static const char *member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static long long total(const json_t *report, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(report, "totals"), name));
}

const char *rg_month_text(const char *month, char buf[32])
{
	static const char *const names[] = { "January", "February", "March", "April", "May", "June", "July",
					     "August", "September", "October", "November", "December" };
	int number = strlen(month) >= 7 ? atoi(month + 5) : 0;

	if (number < 1 || number > 12)
		snprintf(buf, 32, "%.31s", month);
	else
		snprintf(buf, 32, "%s %.4s", names[number - 1], month);
	return buf;
}

/* "4 June 2020" */
static const char *day_text(const char *day, char buf[40])
{
	char month[32];

	snprintf(buf, 40, "%d %.30s", strlen(day) >= 10 ? atoi(day + 8) : 0, rg_month_text(day, month));
	return buf;
}

static const char *plural(long long n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

/* "Germany"; of a subdivision its country, too. */
static void write_place(FILE *out, const char *code)
{
	char country[3] = "";

	rg_html_text(out, rg_place_name(code));
	if (strlen(code) < 4 || code[2] != '-')
		return;
	snprintf(country, sizeof(country), "%.2s", code);
	fputs(", ", out);
	rg_html_text(out, rg_place_name(country));
}

/* --- parts ------------------------------------------------------------------- */

static void write_lead(FILE *out, const json_t *report)
{
	long long requests = total(report, "requests"), refused = total(report, "refused");
	long long narrowed = total(report, "narrowed"), overridden = total(report, "overridden");

	fputs("<p class=\"lead\">", out);
	if (!requests) {
		fputs("In this time no authority asked for anybody to be kept out of a meeting.</p>\n", out);
		return;
	}
	fprintf(out, "%lld %s asked for people in some region to be kept out of meetings. ", requests,
		plural(requests, "request", "requests"));
	if (refused + narrowed)
		fprintf(out, "%lld of them reached beyond the territory of whoever asked: %lld %s refused, %lld %s "
			"applied only within that territory. ", refused + narrowed, refused,
			plural(refused, "was", "were"), narrowed, plural(narrowed, "was", "were"));
	else
		fputs("None of them reached beyond the territory of whoever asked. ", out);
	if (overridden)
		fprintf(out, "%lld %s applied beyond it, by the decision of two people. ", overridden,
			plural(overridden, "was", "were"));
	fputs("</p>\n", out);
}

static void write_tile(FILE *out, const char *class, long long n, const char *text)
{
	fprintf(out, "<div class=\"%s\"><b>%lld</b>%s</div>\n", class, n, text);
}

static void write_tiles(FILE *out, const json_t *report)
{
	fputs("<div class=\"tiles\">\n", out);
	write_tile(out, "", total(report, "requests"), "requests");
	for (int i = 0; i < RG_OUTCOMES; i++)
		if (i < 3 || total(report, rg_outcomes[i]))
			write_tile(out, rg_outcomes[i], total(report, rg_outcomes[i]), rg_outcome_texts[i]);
	fputs("</div>\n", out);
}

static void write_legend(FILE *out, const json_t *report)
{
	fputs("<ul class=\"legend\">", out);
	for (int i = 0; i < RG_OUTCOMES; i++)
		if (total(report, rg_outcomes[i]))
			fprintf(out, "<li style=\"--c:var(--%s)\">%s</li>", rg_outcomes[i], rg_outcome_texts[i]);
	fputs("</ul>\n", out);
}

static void write_charts(FILE *out, const json_t *report)
{
	if (!total(report, "requests"))
		return;
	fputs("<h2>Requests by month</h2>\n<figure>\n", out);
	write_legend(out, report);
	rg_chart_months(out, report);
	fputs("</figure>\n<h2>Who asked</h2>\n<figure>\n", out);
	rg_chart_places(out, report);
	fputs("<figcaption>Requests by jurisdiction</figcaption>\n</figure>\n", out);
}

/* NULL (small) reads "fewer than 5". */
static void write_count(FILE *out, const json_t *row, const char *name, const char *label, int small)
{
	const json_t *value = json_object_get(row, name);

	fprintf(out, "<td class=\"n\" data-label=\"%s\">", label);
	if (json_is_null(value))
		fprintf(out, "&lt;&thinsp;%d", small);
	else
		fprintf(out, "%lld", (long long)json_integer_value(value));
	fputs("</td>", out);
}

/* @same: the row above is of the same month, which is then not said again. */
static void write_row(FILE *out, const json_t *row, bool same, int small)
{
	const char *jurisdiction = member(row, "jurisdiction");
	long long beyond = json_integer_value(json_object_get(row, "refused")) +
			   json_integer_value(json_object_get(row, "narrowed"));
	char month[32];

	if (same)
		fputs("<tr class=\"same\"><td class=\"none\"></td><td>", out);
	else
		fprintf(out, "<tr><th scope=\"row\">%s</th><td>", rg_month_text(member(row, "month"), month));
	if (*jurisdiction)
		write_place(out, jurisdiction);
	else
		fputs("the meetings’ owners themselves", out);
	fputs("</td><td data-label=\"under\">", out);
	rg_html_text(out, !*jurisdiction ? "their own choice" :
			  json_is_null(json_object_get(row, "basis")) ? "what may not be named yet" :
			  member(row, "basis"));
	fputs("</td>", out);
	write_count(out, row, "requests", "requests:", small);
	fprintf(out, "<td class=\"n\" data-label=\"refused or narrowed:\">%lld</td>", beyond);
	write_count(out, row, "meetings", "meetings:", small);
	write_count(out, row, "participants", "participants:", small);
	fputs("</tr>\n", out);
}

static void write_table(FILE *out, const json_t *report)
{
	const json_t *rows = json_object_get(report, "months"), *row;
	int small = (int)json_integer_value(json_object_get(report, "small"));
	size_t i;

	if (!json_array_size(rows))
		return;
	fputs("<h2>Month by month</h2>\n<table>\n<thead><tr><th>Month</th><th>Asked by</th><th>Under</th>"
	      "<th class=\"n\">Requests</th><th class=\"n\">Refused or<br>narrowed</th><th class=\"n\">Meetings</th>"
	      "<th class=\"n\">Participants</th></tr></thead>\n<tbody>\n", out);
	json_array_foreach(rows, i, row)
		write_row(out, row, i && !strcmp(member(row, "month"),
						 member(json_array_get(rows, i - 1), "month")), small);
	fprintf(out, "</tbody>\n</table>\n<p class=\"soft\">Meetings: those that a request of the month was applied to, or "
		"in which it kept somebody out. Participants: networks (/24 of IPv4, /48 of IPv6) from which somebody "
		"was kept out. “&lt;&thinsp;%d” stands for 1 to %d: so few are not told.</p>\n", small, small - 1);
}

static void write_orders(FILE *out, const json_t *report)
{
	const json_t *orders = json_object_get(report, "orders"), *order;
	long long withheld = total(report, "withheld");
	size_t i;

	if (!json_array_size(orders) && !withheld)
		return;
	fputs("<h2>The requests</h2>\n", out);
	if (json_array_size(orders))
		fputs("<table>\n<thead><tr><th>Received</th><th>Authority</th><th>Under</th><th>Reference</th>"
		      "<th>What became of it</th></tr></thead>\n<tbody>\n", out);
	json_array_foreach(orders, i, order) {
		char day[40];

		fprintf(out, "<tr><th scope=\"row\">%s</th><td>", day_text(member(order, "received"), day));
		rg_html_text(out, member(order, "authority"));
		fputs(", ", out);
		write_place(out, member(order, "jurisdiction"));
		fputs("</td><td data-label=\"under\">", out);
		rg_html_text(out, member(order, "basis"));
		fputs("</td><td data-label=\"reference\">", out);
		rg_html_text(out, member(order, "reference"));
		fputs("</td><td>", out);
		for (int k = 0; k < RG_OUTCOMES; k++)
			if (!strcmp(rg_outcomes[k], member(order, "outcome")))
				fputs(rg_outcome_texts[k], out);
		fputs("</td></tr>\n", out);
	}
	if (json_array_size(orders))
		fputs("</tbody>\n</table>\n", out);
	if (withheld)
		fprintf(out, "<p class=\"soft\">%lld %s may not be spoken of yet: %s counted above, and will be "
			"named here when that is over.</p>\n", withheld, plural(withheld, "request", "requests"),
			plural(withheld, "it is", "they are"));
}

static void write_footer(FILE *out, const json_t *report)
{
	const json_t *ledger = json_object_get(report, "ledger");

	fputs("<h2>How this is counted</h2>\n<p>A request is an order as its jurisdiction, authority, basis and reference "
	      "name it, counted once, in the month in which it first came to the filter. The filter itself lets no "
	      "request reach beyond the territory of whoever asks; what it refused is counted here, too. Every number "
	      "is taken from a record in which each entry is sealed by the next one.</p>\n<footer>", out);
	fputs("Made on ", out);
	rg_html_text(out, member(report, "generated_at"));
	if (ledger) {
		fprintf(out, " from %lld entries of that record; the last one is sealed as<br><code>",
			(long long)json_integer_value(json_object_get(ledger, "seq")));
		rg_html_text(out, member(ledger, "hash"));
		fputs("</code>", out);
	}
	fputs(".</footer>\n", out);
}

void rg_report_html(FILE *out, const json_t *report, const char *operator)
{
	char from[40], until[40];

	fputs(page_head, out);
	if (operator) {
		fputs("<p class=\"soft\">", out);
		rg_html_text(out, operator);
		fputs("</p>\n", out);
	}
	fprintf(out, "<h1>Transparency report</h1>\n<p class=\"soft\">%s to %s (UTC)</p>\n",
		day_text(member(report, "from"), from), day_text(member(report, "until"), until));
	write_lead(out, report);
	write_tiles(out, report);
	write_charts(out, report);
	write_table(out, report);
	write_orders(out, report);
	write_footer(out, report);
	fputs("</main>\n</body>\n</html>\n", out);
}
