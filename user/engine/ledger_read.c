/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ledger as it is read: pages, exact texts, and the check of the chain. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/utc.h"
#include "engine/engine_private.h"
#include "engine/reading.h"

/* --- pages ------------------------------------------------------------------- */

static int list_entry(struct rg_reading *reading, const struct rg_store_entry *entry, struct rg_err *err)
{
	json_t *json;
	int r = reading_parse(entry, &json, err);

	if (r)
		return r;
	return json_array_append_new(reading->entries, json) ? engine_no_memory(err) : 0;
}

static int list_end(struct rg_reading *reading, struct rg_err *err)
{
	reading->json = json_pack("{s:O, s:o, s:o}", "entries", reading->entries, "next", reading_next_json(reading),
				  "head", reading_head_json(reading));
	return reading->json ? 0 : engine_no_memory(err);
}

int rg_engine_ledger_list(struct rg_engine *engine, uint64_t after, size_t limit, struct rg_reading **ret,
			  struct rg_err *err)
{
	static const struct reading_kind list = { list_entry, list_end };
	_cleanup_(rg_reading_freep) struct rg_reading *reading = NULL;
	int r = reading_new(engine, &list, after, limit, &reading, err);

	if (r)
		return r;
	reading->entries = json_array();
	if (!reading->entries)
		return engine_no_memory(err);
	*ret = TAKE_PTR(reading);
	return 0;
}

/* --- exact texts ------------------------------------------------------------- */

static int export_entry(struct rg_reading *reading, const struct rg_store_entry *entry, struct rg_err *err)
{
	if (fwrite(entry->text, 1, entry->length, reading->out) == entry->length &&
	    fputc('\n', reading->out) != EOF)
		return 0;
	return engine_no_memory(err);
}

static int export_end(struct rg_reading *reading, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *end = NULL;
	FILE *out = TAKE_PTR(reading->out);
	char now[RG_UTC_TEXT_MAX];
	bool ok;

	end = json_pack("{s:o, s:o, s:s}", "head", reading_head_json(reading), "next", reading_next_json(reading),
			"exported_at", rg_utc_format_ms(engine_now_ms(reading->engine), now));
	ok = end && !json_dumpf(end, out, JSON_COMPACT) && fputc('\n', out) != EOF;
	return fclose(out) || !ok ? engine_no_memory(err) : 0;
}

int rg_engine_ledger_export(struct rg_engine *engine, uint64_t after, size_t limit, struct rg_reading **ret,
			    struct rg_err *err)
{
	static const struct reading_kind texts = { export_entry, export_end };
	_cleanup_(rg_reading_freep) struct rg_reading *reading = NULL;
	int r = reading_new(engine, &texts, after, limit, &reading, err);

	if (r)
		return r;
	reading->out = open_memstream(&reading->text, &reading->length);
	if (!reading->out)
		return engine_no_memory(err);
	*ret = TAKE_PTR(reading);
	return 0;
}

/* --- the check --------------------------------------------------------------- */

static int check_entry(struct rg_chain *chain, const struct rg_store_entry *entry, struct rg_err *err)
{
	int r = rg_chain_add(chain, entry->text, entry->length, err);

	if (r)
		return r;
	if (chain->seq != entry->seq)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "row %" PRIu64 " holds entry %" PRIu64,
				  entry->seq, chain->seq);
	if (!entry->hash || memcmp(entry->hash, chain->hash, RG_SHA256_SIZE))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "entry %" PRIu64 " does not have the hash that was stored with it", entry->seq);
	return 0;
}

/* A chain that is broken is a result, not a failure. */
static int note_broken(struct rg_reading *reading, int r, const struct rg_err *why, struct rg_err *err)
{
	if (!r)
		return 0;
	if (why->code != RG_ERR_INVALID) {
		if (err)
			*err = *why;
		return r;
	}
	snprintf(reading->broken, sizeof(reading->broken), "%s", why->detail);
	reading->ended = true;
	return 0;
}

/* The chain, and what the table says beside the text. */
static int verify_entry(struct rg_reading *reading, const struct rg_store_entry *entry, struct rg_err *err)
{
	struct rg_err why = { 0 };

	return note_broken(reading, check_entry(&reading->chain, entry, &why), &why, err);
}

/* Behind what the daemon wrote last there is nothing, unless somebody else put it there. */
static int foreign_entry(void *arg, const struct rg_store_entry *entry, struct rg_err *err)
{
	(void)arg;
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "entry %" PRIu64 " was written by somebody else than the daemon",
			  entry->seq);
}

static int check_foreign(struct rg_reading *reading, struct rg_err *err)
{
	struct rg_store_head head;
	int r = rg_store_ledger_head(reading->engine->store, &head, err);

	return r ? r : rg_store_ledger_page(reading->engine->store, false, head.seq, 1, foreign_entry, NULL, err);
}

static int verify_end(struct rg_reading *reading, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *next = reading_next_json(reading);
	char hash[RG_SHA256_TEXT];
	struct rg_err why = { 0 };
	bool whole;
	int r = 0;

	/* nothing is left: the end must be where the daemon itself wrote last */
	if (!*reading->broken && json_is_null(next))
		r = rg_chain_check_head(&reading->chain, reading->head.seq,
					rg_sha256_format(reading->head.hash, hash), &why);
	if (!*reading->broken && !r)
		r = check_foreign(reading, &why);
	r = note_broken(reading, r, &why, err);
	if (r)
		return r;
	whole = !*reading->broken;
	reading->json = json_pack("{s:b, s:I, s:o, s:o, s:s?}", "ok", whole, "checked", (json_int_t)reading->n, "next",
				  whole ? json_incref(next) : json_null(), "head", reading_head_json(reading),
				  "broken", whole ? NULL : reading->broken);
	return reading->json ? 0 : engine_no_memory(err);
}

/* The entry that the first one to be checked is chained to. */
static int resume_entry(void *arg, const struct rg_store_entry *entry, struct rg_err *err)
{
	struct rg_reading *reading = arg;

	(void)err;
	if (entry->seq == reading->after && entry->hash)
		rg_chain_resume(&reading->chain, entry->seq, entry->hash);
	return 0;
}

static int resume(struct rg_reading *reading, struct rg_err *err)
{
	static const unsigned char none[RG_SHA256_SIZE];
	uint64_t after = reading->after;
	int r;

	if (!after) {
		rg_chain_resume(&reading->chain, 0, none);
		return 0;
	}
	r = rg_store_ledger_page(reading->engine->store, false, after - 1, 1, resume_entry, reading, err);
	if (!r && !reading->chain.anchored) {
		snprintf(reading->broken, sizeof(reading->broken), "entry %" PRIu64 " is missing, or its hash is none",
			 after);
		reading->ended = true;
	}
	return r;
}

int rg_engine_ledger_verify(struct rg_engine *engine, uint64_t after, size_t limit, struct rg_reading **ret,
			    struct rg_err *err)
{
	static const struct reading_kind check = { verify_entry, verify_end };
	_cleanup_(rg_reading_freep) struct rg_reading *reading = NULL;
	int r = reading_new(engine, &check, after, limit, &reading, err);

	if (r)
		return r;
	/* a place that was never reached is a mistake of the caller's, not a ledger that was cut */
	if (after > reading->head.seq)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "the ledger ends with entry %" PRIu64
				  ": there is none after entry %" PRIu64 " to check", reading->head.seq, after);
	r = resume(reading, err);
	if (!r)
		*ret = TAKE_PTR(reading);
	return r;
}
