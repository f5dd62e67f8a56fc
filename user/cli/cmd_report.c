/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* report: what authorities asked for, and whom it touched. */
#include <errno.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/utc.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/ledger_check.h"
#include "cli/report_html.h"
#include "cli/show.h"
#include "ledger/entry.h"
#include "ledger/report.h"

RG_DEFINE_CLEANUP(struct rg_report *, rg_report_free);

/* --- out of an export -------------------------------------------------------- */

/* A report has to know first what was undone, so the entries are read twice: they may be more than memory
 * holds. */
struct reading {
	struct rg_ledger_check check;
	struct rg_report *report;
	int (*add)(struct rg_report *report, const json_t *entry);
};

static enum rg_cli_exit say_memory(void)
{
	fputs("regiongate: out of memory\n", stderr);
	return RG_EXIT_REFUSED;
}

static enum rg_cli_exit take_line(void *arg, enum rg_ledger_line kind, const char *line, size_t length)
{
	struct reading *reading = arg;
	enum rg_cli_exit code = rg_ledger_check_line(&reading->check, kind, line, length);
	json_t *entry;
	const char *what;

	if (code || kind == RG_LEDGER_LINE_END)
		return code;
	entry = json_loadb(line, length, 0, NULL);
	what = json_string_value(json_object_get(entry, "kind"));
	if (what && rg_ledger_kind_parse(what) < RG_LEDGER_KIND_MAX &&
	    rg_ledger_reported(rg_ledger_kind_parse(what), json_object_get(entry, "detail")) &&
	    reading->add(reading->report, entry))
		code = say_memory();
	json_decref(entry);
	return code;
}

/* @name: of the file that @path leads to, for people. */
static enum rg_cli_exit read_once(const char *path, const char *name, struct rg_report *report,
				  int (*add)(struct rg_report *report, const json_t *entry), struct rg_chain *ret)
{
	struct reading reading = { .report = report, .add = add };
	enum rg_cli_exit code = rg_ledger_lines_read(path, take_line, &reading);

	if (code == RG_EXIT_DONE)
		code = rg_ledger_check_done(&reading.check, name);
	*ret = reading.check.chain;
	return code;
}

/* What can be read once only is kept in a file that has no name. NULL: it is said why. */
static FILE *spool(void)
{
	FILE *file = tmpfile();
	char block[65536];
	size_t n;

	while (file && (n = fread(block, 1, sizeof(block), stdin)) && fwrite(block, 1, n, file) == n)
		;
	if (file && !ferror(stdin) && feof(stdin) && !fflush(file))
		return file;
	fprintf(stderr, "regiongate: can not keep the standard input in a temporary file: %s\n", strerror(errno));
	if (file)
		fclose(file);
	return NULL;
}

static enum rg_cli_exit read_twice(const char *file, struct rg_report *report, struct rg_chain *ret)
{
	bool standard = !strcmp(file, "-");
	_cleanup_(rg_fclosep) FILE *spooled = standard ? spool() : NULL;
	enum rg_cli_exit code;
	char path[64];

	if (standard && !spooled)
		return RG_EXIT_REFUSED;
	if (standard)
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(spooled));
	code = read_once(standard ? path : file, file, report, rg_report_undone, ret);
	return code ? code : read_once(standard ? path : file, file, report, rg_report_add, ret);
}

static enum rg_cli_exit read_report(const char *file, const char *from, const char *until, json_t **ret)
{
	_cleanup_(rg_report_freep) struct rg_report *report = NULL;
	char now[RG_UTC_TEXT_MAX], hash[RG_SHA256_TEXT];
	struct rg_err err = { 0 };
	struct rg_chain chain;
	enum rg_cli_exit code;

	if (rg_report_new(from, until, rg_utc_format(rg_utc_now_ms() / 1000, now), &report, &err)) {
		rg_cli_say_error(&err);
		return RG_EXIT_REFUSED;
	}
	code = read_twice(file, report, &chain);
	if (code)
		return code;
	*ret = rg_report_to_json(report);
	if (!*ret || json_object_set_new(*ret, "ledger", json_pack("{s:I, s:s}", "seq", (json_int_t)chain.seq, "hash",
								   rg_sha256_format(chain.hash, hash))))
		return say_memory();
	return RG_EXIT_DONE;
}

static enum rg_cli_exit fetch_report(const struct rg_cli *cli, const char *from, const char *until, json_t **ret)
{
	_cleanup_(rg_freep) char *first = rg_client_escape(from), *last = rg_client_escape(until);
	_cleanup_(rg_freep) char *path = first && last ? rg_text_format("/v1/report?from=%s&to=%s", first, last)
						       : NULL;

	return path ? rg_cli_call(cli, "GET", path, NULL, NULL, ret, NULL) : say_memory();
}

/* --- for people -------------------------------------------------------------- */

static const struct rg_table_column columns[] = {
	{ "MONTH", false }, { "JURISDICTION", false }, { "BASIS", false }, { "REQUESTS", true },
	{ "APPLIED", true }, { "NARROWED", true }, { "REFUSED", true }, { "OVERRIDDEN", true },
	{ "MEETINGS", true }, { "PARTICIPANTS", true },
};

/* What is small reads "<5". */
static const char *count_text(const json_t *row, const char *name, char buf[RG_SHOW_MAX])
{
	const json_t *value = json_object_get(row, name);

	if (!json_is_null(value))
		return rg_show(value, buf);
	snprintf(buf, RG_SHOW_MAX, "<%d", RG_REPORT_SMALL);
	return buf;
}

static enum rg_cli_exit print_report(const json_t *report)
{
	_cleanup_(rg_table_freep) struct rg_table *table = rg_table_new(columns, ARRAY_SIZE(columns));
	char cells[10][RG_SHOW_MAX];
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(report, "months"), i, row)
		RG_TABLE_ROW(table, rg_show_member(row, "month", cells[0]),
			     rg_show_member(row, "jurisdiction", cells[1]), rg_show_member(row, "basis", cells[2]),
			     rg_show_member(row, "requests", cells[3]), rg_show_member(row, "applied", cells[4]),
			     rg_show_member(row, "narrowed", cells[5]), rg_show_member(row, "refused", cells[6]),
			     rg_show_member(row, "overridden", cells[7]), count_text(row, "meetings", cells[8]),
			     count_text(row, "participants", cells[9]));
	return rg_show_table(table);
}

static enum rg_cli_exit write_report(const struct rg_cli *cli, const json_t *report)
{
	if (rg_cli_option(cli, "html"))
		rg_report_html(stdout, report, rg_cli_option(cli, "operator"));
	else if (rg_cli_option(cli, "csv"))
		rg_report_csv(stdout, report);
	else if (cli->json)
		rg_cli_say_json(report);
	else
		return print_report(report);
	return RG_EXIT_DONE;
}

/* Without --to: today. Without --from: twelve months, the one of --to the last of them. */
static void fill_period(char from[11], const char *from_option, char until[11], const char *until_option)
{
	char now[RG_UTC_TEXT_MAX];
	int year, month;

	snprintf(until, 11, "%.10s", until_option ? until_option : rg_utc_format_ms(rg_utc_now_ms(), now));
	if (from_option) {
		snprintf(from, 11, "%.10s", from_option);
		return;
	}
	year = atoi(until);
	month = atoi(until + 5) + 1;
	if (month > 12)
		month = 1;
	else
		year--;
	snprintf(from, 11, "%04u-%02u-01", (unsigned int)year % 10000u, (unsigned int)month % 100u);
}

static enum rg_cli_exit report_run(const struct rg_cli *cli)
{
	const char *from_option = rg_cli_option(cli, "from"), *until_option = rg_cli_option(cli, "to");
	const char *file = rg_cli_option(cli, "file");
	_cleanup_(json_decrefp) json_t *report = NULL;
	char from[11], until[11];
	enum rg_cli_exit code;

	if ((from_option && !rg_utc_day_ok(from_option)) || (until_option && !rg_utc_day_ok(until_option)))
		return rg_cli_misuse(cli, "'%s' is not a day like 2020-06-04",
				     from_option && !rg_utc_day_ok(from_option) ? from_option : until_option);
	if (cli->json + !!rg_cli_option(cli, "html") + !!rg_cli_option(cli, "csv") > 1)
		return rg_cli_misuse(cli, "only one of --json, --csv and --html");
	fill_period(from, from_option, until, until_option);
	code = file ? read_report(file, from, until, &report) : fetch_report(cli, from, until, &report);
	return code ? code : write_report(cli, report);
}

static const struct rg_cli_option options[] = {
	{ "from", "DAY", "first day of the report, like 2020-06-04 (otherwise: twelve months)", false },
	{ "to", "DAY", "last day of the report (otherwise: today); UTC", false },
	{ "csv", NULL, "comma-separated values", false },
	{ "html", NULL, "a page for publication, complete in itself", false },
	{ "operator", "NAME", "whose report the page is", false },
	{ "file", "FILE", "of an export of the ledger (- is standard input), which is verified", false },
	{ 0 },
};

const struct rg_cli_command rg_cmd_report[] = {
	{ "report", NULL, "[--from DAY] [--to DAY] [--csv | --html] [--file FILE]",
	  "The transparency report: what authorities asked for",
	  "Requests by month, jurisdiction and basis, what became of them, and how many meetings and\n"
	  "participants they touched. 1 to 4 of these are shown as \"<5\".", options, 0, 0, report_run },
	{ 0 },
};
