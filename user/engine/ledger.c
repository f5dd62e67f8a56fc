/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "base/utc.h"
#include "engine/engine_private.h"
#include "store/ledger.h"

#define POLICY_TEXT_MAX 256 /* of a policy's text; a longer one is cut, its orders are not */

/* Something to record when the flush is over. */
struct ledger_later {
	struct rg_ledger_who who;
	enum rg_ledger_kind kind;
	char *subject;
	json_t *detail;
	struct ledger_later *next;
};

void ledger_init(struct rg_engine *engine)
{
	engine->ledger.later_tail = &engine->ledger.later;
}

static void later_free(struct ledger_later *later)
{
	json_decref(later->detail);
	free(later->subject);
	free(later);
}

void ledger_free(struct rg_engine *engine)
{
	struct ledger_later *later;

	while ((later = engine->ledger.later)) {
		engine->ledger.later = later->next;
		later_free(later);
	}
	ledger_init(engine);
}

void rg_engine_actor_set(struct rg_engine *engine, const struct rg_peer *peer, const char *asserted)
{
	struct rg_ledger_who *who = &engine->ledger.who;

	memset(who, 0, sizeof(*who));
	if (!peer)
		return;
	who->called = true;
	who->peer = *peer;
	snprintf(who->asserted, sizeof(who->asserted), "%s", asserted ? asserted : "");
}

static int append(struct rg_engine *engine, struct rg_ledger_entry *entry, struct rg_err *err)
{
	_cleanup_(rg_freep) char *text = NULL;
	unsigned char hash[RG_SHA256_SIZE];
	char previous[RG_SHA256_TEXT];
	struct rg_store_head head;
	struct rg_store_entry row;
	int ret = rg_store_ledger_head(engine->store, &head, err);

	if (ret)
		return ret;
	entry->seq = head.seq + 1;
	entry->at_ms = rg_utc_now_ms();
	entry->previous = rg_sha256_format(head.hash, previous);
	text = rg_ledger_entry_text(entry);
	if (!text)
		return engine_no_memory(err);
	row = (struct rg_store_entry){
		.seq = entry->seq,
		.reported = rg_ledger_reported(entry->kind, entry->detail),
		.text = text,
		.length = strlen(text),
		.hash = hash,
	};
	rg_sha256(text, row.length, hash);
	ret = rg_store_ledger_append(engine->store, &row, err);
	if (!ret && !engine->pending.any)
		engine->ledger.first = entry->seq;
	return ret;
}

/* In the name of the call at hand. Takes @detail. */
static int append_call(struct rg_engine *engine, enum rg_ledger_kind kind, const char *subject,
		       json_t *detail, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *taken = detail;
	struct rg_ledger_entry entry = {
		.kind = kind,
		.subject = subject,
		.who = &engine->ledger.who,
		.detail = detail,
	};

	return taken ? append(engine, &entry, err) : engine_no_memory(err);
}

int engine_ledger_commit(struct rg_engine *engine, enum rg_ledger_kind kind, const char *subject,
			 json_t *detail, struct rg_err *err)
{
	int ret = append_call(engine, kind, subject, detail, err);

	if (!ret)
		return engine_commit(engine, err);
	rg_store_rollback(engine->store);
	return ret;
}

int engine_ledger(struct rg_engine *engine, enum rg_ledger_kind kind, const char *subject,
		  json_t *detail, struct rg_err *err)
{
	struct rg_err why = { 0 };
	int ret = append_call(engine, kind, subject, detail, &why);

	if (!ret)
		return 0;
	engine->failed = why;
	if (err)
		*err = why;
	return ret;
}

void engine_ledger_later(struct rg_engine *engine, enum rg_ledger_kind kind, const char *subject,
			 json_t *detail)
{
	struct ledger_later *later = calloc(1, sizeof(*later));
	char *copy = strdup(subject);

	if (!later || !copy || !detail) {
		rg_log(RG_LOG_ERROR, "'%s' of '%s' is not in the ledger: out of memory",
		       rg_ledger_kind_text(kind), subject);
		json_decref(detail);
		free(copy);
		free(later);
		return;
	}
	*later = (struct ledger_later){ engine->ledger.who, kind, copy, detail, NULL };
	*engine->ledger.later_tail = later;
	engine->ledger.later_tail = &later->next;
}

static int write_later(struct rg_engine *engine, struct rg_err *err)
{
	int ret = engine_stage_begin(engine, err);

	for (const struct ledger_later *later = engine->ledger.later; !ret && later; later = later->next) {
		struct rg_ledger_entry entry = {
			.kind = later->kind,
			.subject = later->subject,
			.who = &later->who,
			.detail = later->detail,
		};

		ret = append(engine, &entry, err);
	}
	if (!ret)
		ret = rg_store_commit(engine->store, err);
	if (ret)
		rg_store_rollback(engine->store);
	return ret;
}

void ledger_flush_later(struct rg_engine *engine)
{
	struct rg_err err = { 0 };

	if (!engine->ledger.later)
		return;
	if (write_later(engine, &err))
		for (const struct ledger_later *l = engine->ledger.later; l; l = l->next)
			rg_log(RG_LOG_ERROR, "'%s' of '%s' is not in the ledger: %s",
			       rg_ledger_kind_text(l->kind), l->subject, err.detail);
	ledger_free(engine);
}

void engine_ledger_now(struct rg_engine *engine, enum rg_ledger_kind kind, const char *subject,
		       json_t *detail)
{
	struct rg_ledger_who who = engine->ledger.who;

	engine_settle(engine);
	rg_engine_actor_set(engine, NULL, NULL);
	engine_ledger_later(engine, kind, subject, detail);
	ledger_flush_later(engine);
	engine->ledger.who = who;
}

int ledger_undone(struct rg_engine *engine, struct rg_err *err)
{
	struct rg_store_head head;
	int ret = rg_store_ledger_head(engine->store, &head, err);

	if (ret || !engine->ledger.first || head.seq < engine->ledger.first)
		return ret;
	return engine_ledger(engine, RG_LEDGER_UNDONE, "regiongated",
			     json_pack("{s:I, s:I}", "from", (json_int_t)engine->ledger.first,
				       "to", (json_int_t)head.seq), err);
}

void ledger_undone_now(struct rg_engine *engine)
{
	struct rg_err err = { 0 };
	int ret = engine_stage_begin(engine, &err);

	if (!ret)
		ret = ledger_undone(engine, &err);
	if (!ret)
		ret = rg_store_commit(engine->store, &err);
	if (!ret)
		return;
	rg_store_rollback(engine->store);
	engine->failed.code = RG_ERR_NONE; /* nothing is staged */
	rg_log(RG_LOG_ERROR, "'undone' is not in the ledger: %s", err.detail);
}

/* --- what entries hold ------------------------------------------------------ */

json_t *engine_ledger_databases(const struct rg_geo *geo)
{
	json_t *list = json_array();
	char hash[RG_SHA256_TEXT], built[RG_UTC_TEXT_MAX];

	for (size_t i = 0; i < geo->n_databases; i++) {
		const struct rg_geo_database *db = &geo->databases[i];

		json_array_append_new(list, json_pack("{s:o, s:s, s:s}", "path", engine_text_json(db->path),
						      "build_time", rg_utc_format((int64_t)db->build_epoch, built),
						      "sha256", rg_sha256_format(db->sha256, hash)));
	}
	return list;
}

json_t *engine_ledger_network(const struct rg_addr *address)
{
	struct rg_net net = { *address, rg_addr_is_v4(address) ? 96 + 24 : 48 };
	char text[RG_NET_TEXT_MAX];

	memset(net.address.bytes + net.length / 8, 0, sizeof(net.address.bytes) - net.length / 8);
	return json_string(rg_net_format(&net, text));
}

static json_t *policy_json(const char *text)
{
	size_t n = strlen(text);

	return n <= POLICY_TEXT_MAX ? json_string(text)
				    : json_sprintf("%.*s...", POLICY_TEXT_MAX, text);
}

static json_t *meeting_json(const struct rg_meeting_spec *spec, const char *policy)
{
	if (!spec)
		return json_null();
	return json_pack("{s:I, s:s, s:o}", "endpoints", (json_int_t)spec->n_endpoints,
			 "mode", spec->observe ? "observe" : "enforce", "policy", policy_json(policy));
}

json_t *engine_ledger_meeting(const struct rg_meeting_spec *before, const char *policy_before,
			      const struct rg_meeting_spec *after, const char *policy_after)
{
	return json_pack("{s:o, s:o}", "before", meeting_json(before, policy_before),
			 "after", meeting_json(after, policy_after));
}

/* Where logs go, the ledger's end is known, too: what is cut off later shows. */
void ledger_log_head(struct rg_engine *engine)
{
	char hash[RG_SHA256_TEXT];
	struct rg_store_head head;
	struct rg_err err = { 0 };

	if (engine->pin_dir && !rg_store_ledger_head(engine->store, &head, &err)) /* a daemon's */
		rg_log(RG_LOG_NOTICE, "ledger: entry %llu has the hash %s", (unsigned long long)head.seq,
		       rg_sha256_format(head.hash, hash));
}

/* --- start and stop --------------------------------------------------------- */

int ledger_start(struct rg_engine *engine, const struct rg_geo *geo, struct rg_err *err)
{
	char tag[17], since[RG_UTC_TEXT_MAX];
	uint64_t alive = 0;
	int ret = rg_store_alive(engine->store, &alive, err);

	if (!ret)
		ret = engine_ledger(engine, RG_LEDGER_START, "regiongated",
				    json_pack("{s:s, s:{s:s}, s:o, s:s, s:s?}", "version", RG_VERSION,
					      "program", "tag", rg_dp_prog_tag(engine->dp, tag),
					      "databases", engine_ledger_databases(geo),
					      "mode", engine->observe ? "observe" : "enforce",
					      "no_stop_since",
					      alive ? rg_utc_format((int64_t)alive, since) : NULL), err);
	if (!ret)
		ret = rg_store_alive_set(engine->store, (uint64_t)time(NULL), err);
	return ret;
}

/* The daemon's own end, for whatever cause: in a transaction of its own. Takes @detail. */
static void record_end(struct rg_engine *engine, enum rg_ledger_kind kind, json_t *detail)
{
	struct rg_err err = { 0 };
	int ret;

	rg_engine_actor_set(engine, NULL, NULL);
	rg_store_rollback(engine->store);
	ret = engine_stage_begin(engine, &err);
	if (!ret)
		ret = rg_store_alive_set(engine->store, 0, &err);
	if (ret)
		json_decref(detail);
	else
		ret = engine_ledger_commit(engine, kind, "regiongated", detail, &err);
	if (ret)
		rg_log(RG_LOG_ERROR, "'%s' is not in the ledger: %s", rg_ledger_kind_text(kind), err.detail);
	else
		ledger_log_head(engine);
}

void ledger_start_failed(struct rg_engine *engine, const struct rg_err *why)
{
	record_end(engine, RG_LEDGER_START_FAILED, json_pack("{s:s}", "cause", why->detail));
}

void ledger_stop(struct rg_engine *engine, bool filter_stays)
{
	record_end(engine, RG_LEDGER_STOP, json_pack("{s:s}", "filter", filter_stays ? "stays" : "removed"));
}
