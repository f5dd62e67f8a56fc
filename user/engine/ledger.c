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
	enum rg_ledger_kind kind;
	char *who, *subject, *detail;
	bool reported;
	struct ledger_later *next;
};

static void later_free(struct ledger_later *later)
{
	if (!later)
		return;
	free(later->who);
	free(later->subject);
	free(later->detail);
	free(later);
}
RG_DEFINE_CLEANUP(struct ledger_later *, later_free);

static void later_clear(struct rg_engine *engine)
{
	struct ledger_later *later;

	while ((later = engine->ledger.later)) {
		engine->ledger.later = later->next;
		later_free(later);
	}
	engine->ledger.later_tail = &engine->ledger.later;
}

void ledger_init(struct rg_engine *engine)
{
	later_clear(engine);
}

void ledger_free(struct rg_engine *engine)
{
	later_clear(engine);
	free(engine->ledger.who);
	engine->ledger.who = NULL;
}

void rg_engine_actor_set(struct rg_engine *engine, const struct rg_peer *peer, const char *asserted)
{
	struct rg_ledger_who who = { .called = true };

	free(engine->ledger.who);
	engine->ledger.who = NULL;
	engine->ledger.caller = (struct rg_ledger_who){ 0 };
	if (!peer)
		return;
	who.peer = *peer;
	snprintf(who.asserted, sizeof(who.asserted), "%s", asserted ? asserted : "");
	engine->ledger.caller = who;
	engine->ledger.who = rg_ledger_who_text(&who);
	engine->ledger.nameless = !engine->ledger.who; /* out of memory: it must not read "daemon" */
}

/* Text of who makes the call at hand. Owned by the caller; NULL if memory is out. */
static char *who_text(const struct rg_engine *engine)
{
	static const struct rg_ledger_who daemon;

	if (engine->ledger.who)
		return strdup(engine->ledger.who);
	return engine->ledger.nameless ? NULL : rg_ledger_who_text(&daemon);
}

static char *detail_text(json_t *detail)
{
	char *text = detail ? json_dumps(detail, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	json_decref(detail);
	return text;
}

/* Fills in number, time and hash. */
static int append(struct rg_engine *engine, struct rg_ledger_entry *entry, bool reported, struct rg_err *err)
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
	entry->at_ms = engine_now_ms(engine);
	entry->previous = rg_sha256_format(head.hash, previous);
	text = rg_ledger_entry_text(entry);
	if (!text)
		return engine_no_memory(err);
	row = (struct rg_store_entry){
		.seq = entry->seq,
		.reported = reported,
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
		       char *detail, bool reported, struct rg_err *err)
{
	_cleanup_(rg_freep) char *taken = detail, *made = engine->ledger.who ? NULL : who_text(engine);
	const char *who = made ? made : engine->ledger.who;
	struct rg_ledger_entry entry = { .kind = kind, .subject = subject, .who = who, .detail = detail };

	return taken && who ? append(engine, &entry, reported, err) : engine_no_memory(err);
}

int engine_ledger_commit(struct rg_engine *engine, enum rg_ledger_kind kind, const char *subject,
			 json_t *detail, struct rg_err *err)
{
	bool reported = rg_ledger_reported(kind, detail);
	int ret = append_call(engine, kind, subject, detail_text(detail), reported, err);

	if (!ret)
		return engine_commit(engine, err);
	rg_store_rollback(engine->store);
	return ret;
}

int engine_ledger_text(struct rg_engine *engine, enum rg_ledger_kind kind, const char *subject,
		       char *detail, bool reported, struct rg_err *err)
{
	struct rg_err why = { 0 };
	int ret = append_call(engine, kind, subject, detail, reported, &why);

	if (!ret)
		return 0;
	engine->failed = why;
	if (err)
		*err = why;
	return ret;
}

int engine_ledger(struct rg_engine *engine, enum rg_ledger_kind kind, const char *subject,
		  json_t *detail, struct rg_err *err)
{
	bool reported = rg_ledger_reported(kind, detail);

	return engine_ledger_text(engine, kind, subject, detail_text(detail), reported, err);
}

void engine_ledger_later(struct rg_engine *engine, enum rg_ledger_kind kind, const char *subject,
			 json_t *detail)
{
	_cleanup_(later_freep) struct ledger_later *later = calloc(1, sizeof(*later));
	bool reported = rg_ledger_reported(kind, detail);
	char *text = detail_text(detail);

	if (later)
		*later = (struct ledger_later){ kind, who_text(engine), strdup(subject), text, reported, NULL };
	if (!later || !later->who || !later->subject || !text) {
		rg_log(RG_LOG_ERROR, "'%s' of '%s' is not in the ledger: out of memory",
		       rg_ledger_kind_text(kind), subject);
		if (!later)
			free(text);
		return;
	}
	*engine->ledger.later_tail = later;
	engine->ledger.later_tail = &later->next;
	later = NULL; /* moved */
}

static int write_later(struct rg_engine *engine, struct rg_err *err)
{
	int ret = engine_stage_begin(engine, err);

	for (const struct ledger_later *later = engine->ledger.later; !ret && later; later = later->next) {
		struct rg_ledger_entry entry = {
			.kind = later->kind,
			.subject = later->subject,
			.who = later->who,
			.detail = later->detail,
		};

		ret = append(engine, &entry, later->reported, err);
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
	later_clear(engine);
}

void engine_ledger_now(struct rg_engine *engine, enum rg_ledger_kind kind, const char *subject,
		       json_t *detail)
{
	char *who = TAKE_PTR(engine->ledger.who);

	engine_settle(engine);
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

static bool has_orders(const struct meeting *meeting)
{
	for (size_t i = 0; meeting && i < meeting->spec->n_rules; i++)
		if (meeting->spec->rules[i].order)
			return true;
	return false;
}

/* "\"NAME\":VALUE," of a JSON value; takes it. */
static void put_member(struct rg_text *to, const char *name, json_t *value)
{
	_cleanup_(rg_freep) char *text = detail_text(value);

	rg_text_put(to, "\"");
	rg_text_put(to, name);
	rg_text_put(to, "\":");
	rg_text_put(to, text ? text : "");
	rg_text_put(to, ",");
	to->failed |= !text;
}

/* "\"bases\":{"r1":"owner"},": on whose account each rule is. */
static void put_bases(struct rg_text *to, const struct rg_meeting_spec *spec)
{
	json_t *json;

	if (!spec->n_rules)
		return;
	if (spec->n_rules == 1 && !spec->rules[0].order) { /* what most pushes are; ids need no escapes */
		rg_text_put(to, "\"bases\":{\"");
		rg_text_put(to, spec->rules[0].id);
		rg_text_put(to, "\":\"owner\"},");
		return;
	}
	json = json_object();
	for (size_t i = 0; i < spec->n_rules; i++)
		to->failed |= json_object_set_new(json, spec->rules[i].id,
						  json_string(rg_rule_basis(&spec->rules[i]))) != 0;
	put_member(to, "bases", json);
}

/* "\"orders\":[{"id":"r2","order":{}}],": the rules that stand under an order as a whole. */
static void put_orders(struct rg_text *to, const struct meeting *meeting)
{
	const struct rg_meeting_spec *spec = meeting->spec;
	json_t *json;

	if (!has_orders(meeting))
		return;
	json = json_array();
	for (size_t i = 0; i < spec->n_rules; i++)
		if (spec->rules[i].order)
			to->failed |= json_array_append_new(json, rg_rule_to_json(&spec->rules[i])) != 0;
	put_member(to, "orders", json);
}

/* "\"expires\":\"...\"," or nothing. */
static void put_time(struct rg_text *to, const char *name, int64_t time)
{
	char text[RG_TIME_TEXT_MAX];

	if (time == RG_TIME_MIN || time == RG_TIME_MAX)
		return;
	rg_text_put(to, "\"");
	rg_text_put(to, name);
	rg_text_put(to, "\":\"");
	rg_text_put(to, rg_time_format(time, text));
	rg_text_put(to, "\",");
}

static void put_policy(struct rg_text *to, const char *text)
{
	char policy[POLICY_TEXT_MAX + 4];
	size_t length = strlen(text), n = length < POLICY_TEXT_MAX ? length : POLICY_TEXT_MAX;

	memcpy(policy, text, n);
	strcpy(policy + n, n < length ? "..." : "");
	rg_ledger_put_quoted(to, policy);
}

/* A summary of a meeting; the keys are in order. Of its exceptions only how many: they are addresses of
 * people. */
static void put_meeting(struct rg_text *to, const struct meeting *meeting, const struct policy *of)
{
	const struct rg_meeting_spec *spec = meeting ? meeting->spec : NULL;

	if (!meeting) {
		rg_text_put(to, "null");
		return;
	}
	rg_text_put(to, "{");
	put_bases(to, spec);
	rg_text_put(to, "\"endpoints\":");
	rg_text_number(to, spec->n_endpoints);
	rg_text_put(to, ",\"exceptions\":");
	rg_text_number(to, spec->n_exceptions);
	rg_text_put(to, ",");
	put_time(to, "expires", spec->window.until);
	rg_text_put(to, spec->observe ? "\"mode\":\"observe\"," : "\"mode\":\"enforce\",");
	put_time(to, "not_before", spec->window.from);
	put_orders(to, meeting);
	rg_text_put(to, "\"policy\":");
	put_policy(to, of->text);
	rg_text_put(to, ",\"revision\":");
	rg_text_number(to, meeting->revision);
	rg_text_put(to, "}");
}

int engine_ledger_meeting(struct rg_engine *engine, const struct meeting *before,
			  const struct meeting *after, const struct policy *policy, struct rg_err *err)
{
	struct rg_text detail = { 0 };

	rg_text_put(&detail, "{\"after\":");
	put_meeting(&detail, after, policy);
	rg_text_put(&detail, ",\"before\":");
	put_meeting(&detail, before, before ? before->policy : NULL);
	rg_text_put(&detail, "}");
	return engine_ledger_text(engine, after ? RG_LEDGER_MEETING_PUT : RG_LEDGER_MEETING_DELETE,
				  after ? after->spec->id : before->spec->id, rg_text_take(&detail),
				  has_orders(before) || has_orders(after), err);
}

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

	engine->ledger.alive_before = (int64_t)alive;

	if (!ret)
		ret = engine_ledger(engine, RG_LEDGER_START, "regiongated",
				    json_pack("{s:s, s:{s:s}, s:o, s:s, s:s?}", "version", RG_VERSION,
					      "program", "tag", rg_dp_prog_tag(engine->dp, tag),
					      "databases", engine_ledger_databases(geo),
					      "mode", engine->observe ? "observe" : "enforce",
					      "no_stop_since",
					      alive ? rg_utc_format((int64_t)alive, since) : NULL), err);
	if (!ret)
		ret = rg_store_alive_set(engine->store, (uint64_t)rg_engine_now(engine), err);
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
