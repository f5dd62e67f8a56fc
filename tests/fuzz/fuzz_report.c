/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines of a ledger that anybody may have written, as entries of a report: whatever they hold, there
 * is a report, and no small cell is in it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "ledger/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_line(struct rg_report *report, const char *line, size_t length)
{
	json_t *entry = json_loadb(line, length, 0, NULL);

	if (!entry)
		return;
	rg_report_undone(report, entry);
	rg_report_add(report, entry);
	json_decref(entry);
}

static void check_cell(const json_t *row, const char *name)
{
	const json_t *value = json_object_get(row, name);

	if (json_is_integer(value) && json_integer_value(value) > 0 && json_integer_value(value) < RG_REPORT_SMALL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	struct rg_report *report = NULL;
	json_t *json, *row;
	struct rg_err err;
	size_t i;

	if (rg_report_new("2020-01-01", "2021-12-31", "2021-07-01T00:00:00Z", &report, &err))
		abort();
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((stop ? stop : end) - at);

		add_line(report, at, length);
		at += length + 1;
	}
	json = rg_report_to_json(report);
	if (!json)
		abort();
	json_array_foreach(json_object_get(json, "months"), i, row) {
		check_cell(row, "meetings");
		check_cell(row, "participants");
	}
	json_decref(json);
	rg_report_free(report);
	return 0;
}
