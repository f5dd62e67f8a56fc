/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ledger as it is read: pages, exact texts, and the check of the chain. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/utc.h"
#include "engine/engine_private.h"
#include "ledger/chain.h"
#include "ledger/report.h"
#include "store/ledger.h"

static int head_json(struct rg_engine *engine, json_t **ret, struct rg_err *err)
{
	char hash[RG_SHA256_TEXT];
	struct rg_store_head head;
	int r = rg_store_ledger_head(engine->store, &head, err);

	if (r)
		return r;
	*ret = json_pack("{s:I, s:s}", "seq", (json_int_t)head.seq, "hash", rg_sha256_format(head.hash, hash));
	return *ret ? 0 : engine_no_memory(err);
}

/* One entry more than asked for is read, to know whether there is one. */
struct page {
	json_t *entries;
	FILE *out;
	size_t n, limit;
	uint64_t last;
	bool more;
};

static bool page_full(struct page *page, const struct rg_store_entry *entry)
{
	if (page->n == page->limit) {
		page->more = true;
		return true;
	}
	page->n++;
	page->last = entry->seq;
	return false;
}

static json_t *next_json(const struct page *page)
{
	return page->more ? json_integer((json_int_t)page->last) : json_null();
}

static int add_entry(void *arg, const struct rg_store_entry *entry, struct rg_err *err)
{
	struct page *page = arg;
	json_t *json;

	if (page_full(page, entry))
		return 0;
	json = json_loadb(entry->text, entry->length, 0, NULL);
	if (!json)
		return rg_err_set(err, -EINVAL, RG_ERR_STORE, "",
				  "entry %" PRIu64 " of the ledger is not JSON: it was changed", entry->seq);
	return json_array_append_new(page->entries, json) ? engine_no_memory(err) : 0;
}

int rg_engine_ledger_list(struct rg_engine *engine, uint64_t after, size_t limit, json_t **ret,
			  struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *entries = json_array(), *head = NULL;
	struct page page = { .entries = entries, .limit = limit };
	int r = entries ? head_json(engine, &head, err) : engine_no_memory(err);

	if (!r)
		r = rg_store_ledger_page(engine->store, false, after, limit + 1, add_entry, &page, err);
	if (r)
		return r;
	*ret = json_pack("{s:O, s:o, s:O}", "entries", entries, "next", next_json(&page), "head", head);
	return *ret ? 0 : engine_no_memory(err);
}

static int write_entry(void *arg, const struct rg_store_entry *entry, struct rg_err *err)
{
	struct page *page = arg;

	(void)err;
	if (!page_full(page, entry)) {
		fwrite(entry->text, 1, entry->length, page->out);
		fputc('\n', page->out);
	}
	return 0;
}

static int write_page(struct rg_engine *engine, uint64_t after, struct page *page, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *head = NULL, *end = NULL;
	char now[RG_UTC_TEXT_MAX];
	int r = head_json(engine, &head, err);

	if (!r)
		r = rg_store_ledger_page(engine->store, false, after, page->limit + 1, write_entry, page, err);
	if (r)
		return r;
	end = json_pack("{s:O, s:o, s:s}", "head", head, "next", next_json(page), "exported_at",
			rg_utc_format_ms(rg_utc_now_ms(), now));
	if (!end || json_dumpf(end, page->out, JSON_COMPACT) || fputc('\n', page->out) == EOF)
		return engine_no_memory(err);
	return 0;
}

int rg_engine_ledger_export(struct rg_engine *engine, uint64_t after, size_t limit, char **ret,
			    size_t *ret_length, struct rg_err *err)
{
	_cleanup_(rg_freep) char *text = NULL;
	size_t length = 0;
	struct page page = { .out = open_memstream(&text, &length), .limit = limit };
	int r = page.out ? write_page(engine, after, &page, err) : engine_no_memory(err);

	if (page.out && fclose(page.out) && !r)
		r = engine_no_memory(err);
	if (r)
		return r;
	*ret = TAKE_PTR(text);
	*ret_length = length;
	return 0;
}

struct verify {
	struct rg_chain chain;
	struct page page;
};

/* The chain, and what the table says beside the text. */
static int verify_entry(void *arg, const struct rg_store_entry *entry, struct rg_err *err)
{
	struct verify *verify = arg;
	int r;

	if (page_full(&verify->page, entry))
		return 0;
	r = rg_chain_add(&verify->chain, entry->text, entry->length, err);
	if (r)
		return r;
	if (verify->chain.seq != entry->seq)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "row %" PRIu64 " holds entry %" PRIu64,
				  entry->seq, verify->chain.seq);
	if (!entry->hash || memcmp(entry->hash, verify->chain.hash, RG_SHA256_SIZE))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "entry %" PRIu64 " does not have the hash that was stored with it", entry->seq);
	return 0;
}

static int remember_hash(void *arg, const struct rg_store_entry *entry, struct rg_err *err)
{
	struct rg_chain *chain = arg;

	(void)err;
	if (entry->hash)
		rg_chain_resume(chain, entry->seq, entry->hash);
	return 0;
}

/* Nothing is left: the end must be where the daemon itself wrote last. */
static int check_end(struct rg_engine *engine, const struct rg_chain *chain, struct rg_err *err)
{
	char hash[RG_SHA256_TEXT];
	struct rg_store_head head;
	int r = rg_store_ledger_head(engine->store, &head, err);

	return r ? r : rg_chain_check_head(chain, head.seq, rg_sha256_format(head.hash, hash), err);
}

/* A place that was never reached is a mistake of the caller's, not a ledger that was cut. */
static int check_after(struct rg_engine *engine, uint64_t after, struct rg_err *err)
{
	struct rg_store_head head;
	int r = rg_store_ledger_head(engine->store, &head, err);

	if (r || after <= head.seq)
		return r;
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
			  "the ledger ends with entry %" PRIu64 ": there is none after entry %" PRIu64 " to check",
			  head.seq, after);
}

int rg_engine_ledger_verify(struct rg_engine *engine, uint64_t after, size_t limit, json_t **ret,
			    struct rg_err *err)
{
	static const unsigned char none[RG_SHA256_SIZE];
	struct verify verify = { .page.limit = limit };
	_cleanup_(json_decrefp) json_t *head = NULL;
	struct rg_err why = { 0 };
	int r = head_json(engine, &head, err);

	if (!r)
		r = check_after(engine, after, err);
	if (!after)
		rg_chain_resume(&verify.chain, 0, none);
	else if (!r)
		r = rg_store_ledger_page(engine->store, false, after - 1, 1, remember_hash, &verify.chain, err);
	if (r)
		return r;
	r = rg_store_ledger_page(engine->store, false, after, limit + 1, verify_entry, &verify, &why);
	if (!r && !verify.page.more)
		r = check_end(engine, &verify.chain, &why);
	if (r && why.code != RG_ERR_INVALID) {
		if (err)
			*err = why;
		return r;
	}
	*ret = json_pack("{s:b, s:I, s:o, s:O, s:s?}", "ok", !r, "checked", (json_int_t)verify.page.n,
			 "next", r ? json_null() : next_json(&verify.page), "head", head,
			 "broken", r ? why.detail : NULL);
	return *ret ? 0 : engine_no_memory(err);
}

RG_DEFINE_CLEANUP(struct rg_report *, rg_report_free);

struct reading {
	struct rg_report *report;
	int (*add)(struct rg_report *report, const json_t *entry);
};

static int report_entry(void *arg, const struct rg_store_entry *entry, struct rg_err *err)
{
	const struct reading *reading = arg;
	_cleanup_(json_decrefp) json_t *json = NULL;

	if (reading->add == rg_report_undone && !rg_report_is_undone(entry->text))
		return 0;
	json = json_loadb(entry->text, entry->length, 0, NULL);
	if (!json)
		return rg_err_set(err, -EINVAL, RG_ERR_STORE, "",
				  "entry %" PRIu64 " of the ledger is not JSON: it was changed", entry->seq);
	return reading->add(reading->report, json) ? engine_no_memory(err) : 0;
}

int rg_engine_report(struct rg_engine *engine, const char *from, const char *until, json_t **ret,
		     struct rg_err *err)
{
	_cleanup_(rg_report_freep) struct rg_report *report = NULL;
	_cleanup_(json_decrefp) json_t *head = NULL;
	char now[RG_UTC_TEXT_MAX];
	int r = rg_report_new(from, until, rg_utc_format((int64_t)time(NULL), now), &report, err);

	if (!r)
		r = head_json(engine, &head, err);
	if (!r)
		r = rg_store_ledger_page(engine->store, true, 0, SIZE_MAX, report_entry,
					 &(struct reading){ report, rg_report_undone }, err);
	if (!r)
		r = rg_store_ledger_page(engine->store, true, 0, SIZE_MAX, report_entry,
					 &(struct reading){ report, rg_report_add }, err);
	if (r)
		return r;
	*ret = rg_report_to_json(report);
	return *ret && !json_object_set(*ret, "ledger", head) ? 0 : engine_no_memory(err);
}
