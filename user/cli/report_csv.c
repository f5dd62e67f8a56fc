/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>
#include "cli/report_html.h"

/* Quoted (RFC 4180). A text that a spreadsheet would take for a formula gets an apostrophe in front. */
static void write_text(FILE *out, const char *text)
{
	fputc('"', out);
	if (strchr("=+-@\t\r", *text) && *text)
		fputc('\'', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void write_member(FILE *out, const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	write_text(out, text ? text : "");
}

static void write_number(FILE *out, const json_t *row, const char *name, long long small)
{
	const json_t *value = json_object_get(row, name);

	if (json_is_null(value))
		fprintf(out, ",<%lld", small);
	else
		fprintf(out, ",%lld", (long long)json_integer_value(value));
}

void rg_report_csv(FILE *out, const json_t *report)
{
	static const char *const numbers[] = { "requests", "applied", "narrowed", "refused", "overridden",
					       "meetings", "participants" };
	long long small = json_integer_value(json_object_get(report, "small"));
	const json_t *row;
	size_t i;

	fputs("month,jurisdiction,basis,requests,applied,narrowed,refused,overridden,meetings,participants\r\n", out);
	json_array_foreach(json_object_get(report, "months"), i, row) {
		write_member(out, row, "month");
		fputc(',', out);
		write_member(out, row, "jurisdiction");
		fputc(',', out);
		write_member(out, row, "basis");
		for (size_t k = 0; k < sizeof(numbers) / sizeof(*numbers); k++)
			write_number(out, row, numbers[k], small);
		fputs("\r\n", out);
	}
}
