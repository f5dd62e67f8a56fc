/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "engine/reading.h"

#include <errno.h>
#include <inttypes.h>
#include "engine/engine_private.h"

int reading_new(struct rg_engine *engine, const struct reading_kind *kind, uint64_t after, size_t limit,
		struct rg_reading **ret, struct rg_err *err)
{
	_cleanup_(rg_reading_freep) struct rg_reading *reading = calloc(1, sizeof(*reading));
	int r;

	if (!reading)
		return engine_no_memory(err);
	reading->engine = engine;
	reading->kind = kind;
	reading->after = after;
	reading->limit = limit;
	r = rg_store_ledger_head(engine->store, &reading->head, err);
	if (!r)
		*ret = TAKE_PTR(reading);
	return r;
}

void rg_reading_free(struct rg_reading *reading)
{
	if (!reading)
		return;
	if (reading->report)
		reading->engine->n_reports--;
	rg_report_free(reading->report);
	if (reading->out)
		fclose(reading->out);
	free(reading->text);
	json_decref(reading->entries);
	json_decref(reading->json);
	free(reading);
}

json_t *reading_head_json(const struct rg_reading *reading)
{
	char hash[RG_SHA256_TEXT];

	return json_pack("{s:I, s:s}", "seq", (json_int_t)reading->head.seq, "hash",
			 rg_sha256_format(reading->head.hash, hash));
}

json_t *reading_next_json(const struct rg_reading *reading)
{
	return reading->after < reading->head.seq && reading->n == reading->limit
		? json_integer((json_int_t)reading->after) : json_null();
}

int reading_parse(const struct rg_store_entry *entry, json_t **ret, struct rg_err *err)
{
	*ret = json_loadb(entry->text, entry->length, 0, NULL);
	if (*ret)
		return 0;
	return rg_err_set(err, -EINVAL, RG_ERR_STORE, "",
			  "entry %" PRIu64 " of the ledger is not JSON: it was changed", entry->seq);
}

struct slice {
	struct rg_reading *reading;
	size_t n, bytes;
};

/* 1: no more in this slice. */
static int take(void *arg, const struct rg_store_entry *entry, struct rg_err *err)
{
	struct slice *slice = arg;
	struct rg_reading *reading = slice->reading;
	int r;

	if (entry->seq > reading->head.seq) { /* it came after the reading had begun */
		reading->ended = true;
		return 1;
	}
	r = reading->kind->entry(reading, entry, err);
	if (r)
		return r;
	reading->after = entry->seq;
	reading->ended |= ++reading->n == reading->limit;
	slice->n++;
	slice->bytes += entry->length;
	return reading->ended || slice->bytes >= READING_SLICE_BYTES;
}

int rg_reading_step(struct rg_reading *reading, struct rg_err *err)
{
	struct slice slice = { .reading = reading };
	int r = 0;

	if (!reading->ended)
		r = rg_store_ledger_page(reading->engine->store, reading->reported, reading->after, READING_SLICE,
					 take, &slice, err);
	if (r < 0)
		return r;
	if (!r && slice.n < READING_SLICE)
		reading->ended = true;
	return reading->ended ? reading->kind->end(reading, err) : 1;
}

json_t *rg_reading_json(const struct rg_reading *reading)
{
	return reading->json;
}

char *rg_reading_take_text(struct rg_reading *reading, size_t *ret_length)
{
	*ret_length = reading->length;
	return TAKE_PTR(reading->text);
}
