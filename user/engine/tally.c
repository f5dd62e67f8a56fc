/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "engine/tally.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "base/reason.h"
#include "base/utc.h"
#include "engine/engine_private.h"
#include "store/tally.h"

#define SUMMARY_S    3600
#define NETWORKS_MAX 1024 /* of one meeting and region between two looks; more are not told apart */

/* One meeting's refusals from one region. */
struct row {
	struct row *next;          /* of the same meeting */
	char meeting[RG_MEETING_ID_MAX + 1];
	unsigned int region;
	struct rg_count counted;   /* by entries of the ledger */
	struct rg_count now;       /* at the last look */
	uint64_t looked;           /* packets at the look before */
	int64_t first, last;       /* of what is not counted yet: seconds since 1970; 0: none */
	int64_t written;           /* when an entry was written last; 0: not by this daemon */
	struct rg_addr *networks;  /* seen since the last entry, each at most some times */
	size_t n_networks, max_networks;
	bool more_networks;        /* than are kept */
};

struct tally {
	struct row **rows;         /* by number of the meeting */
	uint32_t max;
	uint64_t lost;             /* events, at the last look */
	uint64_t received;         /* events, as the kernel counts what it sent */
};

int tally_init(struct rg_engine *engine, struct rg_err *err)
{
	struct tally *tally = calloc(1, sizeof(*tally));

	engine->tally = tally;
	if (tally)
		tally->rows = calloc(engine->model.max_meetings, sizeof(*tally->rows));
	if (!tally || !tally->rows)
		return engine_no_memory(err);
	tally->max = engine->model.max_meetings;
	rg_dp_events_counts(engine->dp, &tally->received, &tally->lost);
	return 0;
}

static void row_free(struct row *row)
{
	free(row->networks);
	free(row);
}

static void drop_rows(struct tally *tally, uint32_t number)
{
	struct row *row;

	while ((row = tally->rows[number])) {
		tally->rows[number] = row->next;
		row_free(row);
	}
}

void tally_free(struct rg_engine *engine)
{
	struct tally *tally = engine->tally;

	if (!tally)
		return;
	for (uint32_t number = 0; tally->rows && number < tally->max; number++)
		drop_rows(tally, number);
	free(tally->rows);
	free(tally);
	engine->tally = NULL;
}

/* The row of a meeting and region; NULL: there is no such meeting (any more), or memory is out. */
static struct row *row_of(struct rg_engine *engine, uint32_t number, unsigned int region)
{
	struct tally *tally = engine->tally;
	const char *id = rg_engine_meeting_id(engine, number);
	struct row *row;

	if (!*id || number >= tally->max)
		return NULL;
	if (tally->rows[number] && strcmp(tally->rows[number]->meeting, id))
		drop_rows(tally, number); /* of one that had the number before */
	for (row = tally->rows[number]; row; row = row->next)
		if (row->region == region)
			return row;
	row = calloc(1, sizeof(*row));
	if (!row)
		return NULL;
	snprintf(row->meeting, sizeof(row->meeting), "%s", id);
	row->region = region;
	row->next = tally->rows[number];
	tally->rows[number] = row;
	return row;
}

static int load_row(void *arg, const struct rg_store_tally *stored, struct rg_err *err)
{
	struct rg_engine *engine = arg;
	const struct meeting *meeting = model_meeting(&engine->model, stored->meeting);
	struct row *row = meeting ? row_of(engine, meeting->number, stored->region) : NULL;

	if (!meeting)
		return 0;
	if (!row)
		return engine_no_memory(err);
	row->counted = (struct rg_count){ stored->packets, stored->bytes };
	return 0;
}

int tally_load(struct rg_engine *engine, struct rg_err *err)
{
	struct tally *tally = engine->tally;

	for (uint32_t number = 0; number < tally->max; number++)
		for (struct row *row = tally->rows[number]; row; row = row->next)
			row->counted = (struct rg_count){ 0 };
	return rg_store_tallies(engine->store, load_row, engine, err);
}

/* --- looking ------------------------------------------------------------------ */

static void add_networks(struct row *row, const struct rg_addr *network)
{
	size_t wanted = row->max_networks ? 2 * row->max_networks : 16;
	void *larger;

	/* those that are refused most come again and again */
	for (size_t i = row->n_networks; i > 0 && i + 8 > row->n_networks; i--)
		if (!rg_addr_cmp(&row->networks[i - 1], network))
			return;
	if (row->n_networks == row->max_networks) {
		larger = wanted > NETWORKS_MAX ? NULL : reallocarray(row->networks, wanted, sizeof(*network));
		if (!larger) {
			row->more_networks = true;
			return;
		}
		row->networks = larger;
		row->max_networks = wanted;
	}
	row->networks[row->n_networks++] = *network;
}

static void touch(const struct rg_engine *engine, struct row *row)
{
	row->last = rg_engine_now(engine);
	if (!row->first)
		row->first = row->last;
}

void tally_event(struct rg_engine *engine, const struct rg_event *event)
{
	struct row *row;

	engine->tally->received++;
	if (!event->meeting || event->reason >= RG_REASON_MAX ||
	    rg_reason_verdict(event->reason) != RG_VERDICT_REFUSE)
		return;
	row = row_of(engine, event->meeting, event->region);
	if (!row)
		return;
	touch(engine, row);
	add_networks(row, &event->remote);
}

static void clear_counts(struct tally *tally, uint32_t number)
{
	for (struct row *row = tally->rows[number]; row; row = row->next)
		row->now = (struct rg_count){ 0 };
}

static void add_count(void *arg, const struct rg_dp_mtg_stat *stat)
{
	struct row *row = stat->refuse.packets ? row_of(arg, stat->meeting, stat->region) : NULL;

	if (!row)
		return;
	row->now.packets += stat->refuse.packets;
	row->now.bytes += stat->refuse.bytes;
}

/* After a count. */
static void compare(const struct rg_engine *engine, struct row *row)
{
	if (row->now.packets < row->counted.packets)
		row->counted = (struct rg_count){ 0 }; /* the counter began anew */
	if (row->now.packets != row->looked && row->now.packets > row->counted.packets)
		touch(engine, row);
	row->looked = row->now.packets;
}

static void look_at(struct rg_engine *engine, uint32_t number)
{
	clear_counts(engine->tally, number);
	rg_dp_mtg_stats(engine->dp, number, add_count, engine);
	for (struct row *row = engine->tally->rows[number]; row; row = row->next)
		compare(engine, row);
}

void tally_look(struct rg_engine *engine)
{
	struct tally *tally = engine->tally;
	uint64_t sent;

	rg_dp_events_counts(engine->dp, &sent, &tally->lost);
	for (uint32_t number = 0; number < tally->max; number++)
		clear_counts(tally, number);
	rg_dp_mtg_stats(engine->dp, 0, add_count, engine);
	for (uint32_t number = 0; number < tally->max; number++)
		for (struct row *row = tally->rows[number]; row; row = row->next)
			compare(engine, row);
}

/* --- writing ------------------------------------------------------------------ */

/* Why the packets of a region are refused. */
struct cause {
	const char *rule;  /* NULL: none of the meeting's rules */
	const char *basis;
	json_t *order;     /* NULL: none */
};

static void cause_clear(struct cause *cause)
{
	json_decref(cause->order);
}

/* What refuses the region's packets now, leaving exceptions aside, which are addresses and not regions. */
static void cause_of(struct rg_engine *engine, const struct meeting *meeting, unsigned int region,
		     struct cause *ret)
{
	static const struct rg_addr nobody = { .bytes = { 1 } }; /* an address of no network in use */
	struct rg_judge judge = engine_judge(engine, meeting->spec, rg_engine_now(engine), engine->reach);
	struct rg_judgment judgment = { 0 };

	rg_judge(&judge, &nobody, region, &judgment);
	*ret = (struct cause){ .basis = "owner" };
	if (judgment.cause == RG_REASON_REFUSE_SITE)
		ret->basis = "site";
	else if (judgment.cause == RG_REASON_REFUSE_EXPIRED)
		ret->basis = "expired";
	else if (judgment.cause == RG_REASON_REFUSE_REGION && judgment.rule) {
		ret->rule = judgment.rule->id;
		ret->basis = rg_rule_basis(judgment.rule);
		ret->order = judgment.rule->order ? rg_order_to_json(judgment.rule->order) : NULL;
	}
}

/* Under which order networks are told apart: a part of the hash of what names it. */
static int64_t cause_number(const struct cause *cause)
{
	unsigned char hash[RG_SHA256_SIZE];
	int64_t number = 0;
	char *text = cause->order ? json_dumps(cause->order, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	if (text) {
		rg_sha256(text, strlen(text), hash);
		memcpy(&number, hash, sizeof(number));
	}
	free(text);
	return number;
}

/* @ret_new: networks that were not refused before for this cause. */
static int write_networks(struct rg_engine *engine, struct row *row, const struct cause *cause,
			  unsigned int *ret_new, struct rg_err *err)
{
	struct rg_store_remote remote = {
		.meeting = row->meeting,
		.region = row->region,
		.cause = cause_number(cause),
		.at = row->last,
	};
	int ret = 0;

	*ret_new = 0;
	for (size_t i = 0; !ret && i < row->n_networks; i++) {
		char text[RG_NET_TEXT_MAX];
		bool new = false;

		remote.network = ledger_network_text(&row->networks[i], engine->ledger_config.addresses, text);
		ret = rg_store_remote_put(engine->store, &remote, &new, err);
		*ret_new += new;
	}
	return ret;
}

static json_t *detail_json(struct rg_engine *engine, const struct row *row, const struct cause *cause,
			   unsigned int networks)
{
	char first[RG_UTC_TEXT_MAX], last[RG_UTC_TEXT_MAX];
	json_t *detail = json_pack(
		"{s:s, s:s?, s:s, s:s, s:s, s:I, s:I, s:I}", "region",
		rg_engine_region_code(engine, row->region), "rule", cause->rule, "basis", cause->basis,
		"first", rg_utc_format(row->first, first), "last", rg_utc_format(row->last, last),
		"packets", (json_int_t)(row->now.packets - row->counted.packets),
		"bytes", (json_int_t)(row->now.bytes - row->counted.bytes), "networks", (json_int_t)networks);

	if (detail && row->more_networks)
		json_object_set_new(detail, "more_networks", json_true());
	if (detail && cause->order)
		json_object_set(detail, "order", cause->order);
	return detail;
}

static void written(struct row *row)
{
	row->counted = row->now;
	row->written = row->last;
	row->first = row->last = 0;
	row->looked = row->now.packets;
	row->n_networks = 0;
	row->more_networks = false;
}

static int write_row(struct rg_engine *engine, const struct meeting *meeting, struct row *row,
		     struct rg_err *err)
{
	struct rg_store_tally tally = { row->meeting, row->region, row->now.packets, row->now.bytes };
	_cleanup_(cause_clear) struct cause cause = { 0 };
	unsigned int networks = 0;
	int ret = 0;

	cause_of(engine, meeting, row->region, &cause);
	if (engine->ledger_config.addresses != RG_LEDGER_ADDRESSES_NONE)
		ret = write_networks(engine, row, &cause, &networks, err);
	if (!ret)
		ret = engine_ledger(engine, RG_LEDGER_REFUSALS, row->meeting,
				    detail_json(engine, row, &cause, networks), err);
	if (!ret)
		ret = rg_store_tally_put(engine->store, &tally, err);
	if (!ret)
		written(row);
	return ret;
}

static bool has_news(const struct row *row)
{
	return row->now.packets > row->counted.packets;
}

int tally_close(struct rg_engine *engine, const struct meeting *meeting, bool ends, struct rg_err *err)
{
	struct tally *tally = engine->tally;
	uint64_t sent, lost;
	int ret = 0;

	rg_dp_events_counts(engine->dp, &sent, &lost);
	if (!tally->rows[meeting->number] && lost == tally->lost && sent <= tally->received)
		return 0; /* nothing was refused, or the kernel would have told */
	look_at(engine, meeting->number);
	for (struct row *row = tally->rows[meeting->number]; !ret && row; row = row->next)
		if (has_news(row))
			ret = write_row(engine, meeting, row, err);
	if (!ret && ends)
		drop_rows(tally, meeting->number); /* in the store until it is sure that the meeting is gone */
	return ret;
}

int tally_write(struct rg_engine *engine, bool all, struct rg_err *err)
{
	struct tally *tally = engine->tally;
	int64_t now = rg_engine_now(engine);
	int ret = 0;

	for (uint32_t number = 0; !ret && number < tally->max; number++) {
		const struct meeting *meeting = engine->model.by_number[number];

		for (struct row *row = tally->rows[number]; !ret && meeting && row; row = row->next)
			if (has_news(row) && (all || now - row->written >= SUMMARY_S || now < row->written))
				ret = write_row(engine, meeting, row, err);
	}
	return ret;
}
