/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The transparency report, out of the ledger. */
#include <errno.h>
#include "base/utc.h"
#include "engine/engine_private.h"
#include "engine/reading.h"

/* Each holds what it has read so far. */
#define REPORTS_MAX 4
#define FINISH_SLICE 1000 /* of what was read, while rows are made: about a millisecond */

static int report_entry(struct rg_reading *reading, const struct rg_store_entry *entry, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *json = NULL;
	int r;

	if (!reading->undone_known && !rg_report_is_undone(entry->text))
		return 0;
	r = reading_parse(entry, &json, err);
	if (r)
		return r;
	r = reading->undone_known ? rg_report_add(reading->report, json) : rg_report_undone(reading->report, json);
	return r ? engine_no_memory(err) : 0;
}

/* What was undone has to be known first, so the ledger is read twice. */
static int report_end(struct rg_reading *reading, struct rg_err *err)
{
	bool done = false;

	if (!reading->undone_known) {
		reading->undone_known = true;
		reading->after = 0;
		reading->n = 0;
		reading->ended = false;
		return 1;
	}
	if (rg_report_finish(reading->report, FINISH_SLICE, &done))
		return engine_no_memory(err);
	if (!done)
		return 1;
	reading->json = rg_report_to_json(reading->report);
	if (!reading->json || json_object_set_new(reading->json, "ledger", reading_head_json(reading)))
		return engine_no_memory(err);
	return 0;
}

int rg_engine_report(struct rg_engine *engine, const char *from, const char *until, struct rg_reading **ret,
		     struct rg_err *err)
{
	static const struct reading_kind kind = { report_entry, report_end };
	_cleanup_(rg_reading_freep) struct rg_reading *reading = NULL;
	char now[RG_UTC_TEXT_MAX];
	int r = reading_new(engine, &kind, 0, SIZE_MAX, &reading, err);

	if (!r)
		r = rg_report_new(from, until, rg_utc_format(rg_engine_now(engine), now), &reading->report, err);
	if (r)
		return r;
	reading->reported = true;
	if (++engine->n_reports > REPORTS_MAX) /* of which freeing this one takes one away */
		return rg_err_set(err, -ENOSPC, RG_ERR_FULL, "", "%d reports are being made: ask again in a moment",
				  REPORTS_MAX);
	*ret = TAKE_PTR(reading);
	return 0;
}
