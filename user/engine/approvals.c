/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Approvals: what a second admin says to an override, before it is pushed.
 *
 * An approval is for one rule of one meeting, as it is to the last letter (its SHA-256), for one use, and
 * for a day. Whoever gives it is known by the user that the kernel names, as is whoever uses it, and the
 * two are not the same. They live in the store, so that they and their use are in one transaction with
 * the ledger's entries of it. */
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/sha256.h"
#include "engine/engine_private.h"
#include "policy/json_util.h"
#include "store/settings.h"

#define SETTING  "approvals"
#define VALID_S  (24 * 3600)
#define KEPT_MAX 100

bool approval_names(const char *text, uid_t uid)
{
	const struct passwd *user = getpwuid(uid);
	char number[32];

	snprintf(number, sizeof(number), "uid:%u", uid);
	return !strcmp(text, number) || !strcmp(text, number + 4) || (user && !strcasecmp(text, user->pw_name));
}

int approval_digest(const char *meeting, const struct rg_rule *rule, char ret[RG_SHA256_TEXT],
		    struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *json = json_pack("{s:s, s:o}", "meeting", meeting, "rule",
							 rg_rule_to_json(rule));
	_cleanup_(rg_freep) char *text = json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	unsigned char hash[RG_SHA256_SIZE];

	if (!text)
		return engine_no_memory(err);
	rg_sha256(text, strlen(text), hash);
	rg_sha256_format(hash, ret);
	return 0;
}

static const char *member(const json_t *approval, const char *name)
{
	const char *text = json_string_value(json_object_get(approval, name));

	return text ? text : "";
}

static uid_t uid_of(const json_t *approval)
{
	return (uid_t)json_integer_value(json_object_get(approval, "uid"));
}

/* Those that have not expired at @now. What can not be read approves nothing. New reference. */
static int load(struct rg_engine *engine, int64_t now, json_t **ret, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *stored = NULL, *list = json_array();
	_cleanup_(rg_freep) char *text = NULL;
	const json_t *approval;
	size_t i;
	int r = rg_store_setting_get(engine->store, SETTING, &text, err);

	if (r)
		return r;
	stored = text ? json_loads(text, 0, NULL) : NULL;
	json_array_foreach(stored, i, approval)
		if (json_integer_value(json_object_get(approval, "until")) > now &&
		    json_array_append(list, (json_t *)approval))
			return engine_no_memory(err);
	if (!list)
		return engine_no_memory(err);
	*ret = TAKE_PTR(list);
	return 0;
}

static int store(struct rg_engine *engine, const json_t *list, struct rg_err *err)
{
	_cleanup_(rg_freep) char *text = json_dumps(list, JSON_COMPACT);

	return text ? rg_store_setting_put(engine->store, SETTING, text, err) : engine_no_memory(err);
}

/* That of somebody else than who asks, who is the one that the override names. -1: there is none. */
static ssize_t find(const struct rg_engine *engine, const json_t *list, const char *digest,
		    const char *approved_by)
{
	const struct rg_ledger_who *who = &engine->ledger.caller;
	const json_t *approval;
	size_t i;

	json_array_foreach(list, i, approval)
		if (who->called && uid_of(approval) != who->peer.uid && approval_names(approved_by, uid_of(approval)) &&
		    !strcmp(member(approval, "sha256"), digest))
			return (ssize_t)i;
	return -1;
}

int approval_check(struct rg_engine *engine, const char *meeting, const struct rg_rule *rule,
		   const char *pointer, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *list = NULL;
	char digest[RG_SHA256_TEXT];
	int r = approval_digest(meeting, rule, digest, err);

	if (!r)
		r = load(engine, rg_engine_now(engine), &list, err);
	if (r || find(engine, list, digest, rule->order->override_approved_by) >= 0)
		return r;
	return rg_err_set(err, -EPERM, RG_ERR_APPROVAL, pointer,
			  "the user '%.64s', another one than asks and an admin, has to approve this rule of "
			  "this meeting first: regiongate approve %s %s", rule->order->override_approved_by,
			  meeting, digest);
}

int approval_use(struct rg_engine *engine, const char *meeting, const struct rg_rule *rule, json_t **ret,
		 struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *list = NULL, *used = NULL;
	char digest[RG_SHA256_TEXT];
	ssize_t at = -1;
	int r = approval_digest(meeting, rule, digest, err);

	if (!r) /* also one that has expired since the body was checked, a moment ago */
		r = load(engine, RG_TIME_MIN, &list, err);
	if (r)
		return r;
	at = find(engine, list, digest, rule->order->override_approved_by);
	if (at < 0)
		return rg_err_set(err, -EPERM, RG_ERR_APPROVAL, "", "the approval is gone");
	used = json_incref(json_array_get(list, (size_t)at));
	json_array_remove(list, (size_t)at);
	r = store(engine, list, err);
	if (!r)
		*ret = TAKE_PTR(used);
	return r;
}

/* --- the call ---------------------------------------------------------------- */

struct request {
	const char *meeting, *sha256;
	char *reason;
	char digest[RG_SHA256_TEXT];
};

static void request_clear(struct request *request)
{
	free(request->reason);
}

static int parse(const json_t *body, struct request *request, struct rg_err *err)
{
	static const char *const known[] = { "meeting", "sha256", "reason", NULL };
	unsigned char hash[RG_SHA256_SIZE];
	int r = rg_json_fields(body, known, err);

	if (!r)
		r = rg_json_string(body, "meeting", true, &request->meeting, err);
	if (!r)
		r = rg_json_string(body, "sha256", true, &request->sha256, err);
	if (!r)
		r = rg_json_text(body, "reason", true, RG_ORDER_TEXT_MAX, &request->reason, err);
	if (r)
		return r;
	if (!rg_meeting_id_ok(request->meeting))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/meeting", "this is no meeting's id");
	if (rg_sha256_parse(request->sha256, hash))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/sha256", "a SHA-256 has 64 hexadecimal digits");
	rg_sha256_format(hash, request->digest);
	return 0;
}

/* One user's approval of a rule counts once. */
static void forget(json_t *list, const char *digest, uid_t uid)
{
	for (size_t i = json_array_size(list); i-- > 0;)
		if (uid_of(json_array_get(list, i)) == uid &&
		    !strcmp(member(json_array_get(list, i), "sha256"), digest))
			json_array_remove(list, i);
}

static int keep(struct rg_engine *engine, json_t *list, const json_t *approval, struct rg_err *err)
{
	int r;

	if (json_array_size(list) >= KEPT_MAX)
		return rg_err_set(err, -ENOSPC, RG_ERR_FULL, "", "%d approvals wait to be used", KEPT_MAX);
	if (json_array_append(list, (json_t *)approval))
		return engine_no_memory(err);
	r = engine_stage_begin(engine, err);
	if (!r)
		r = store(engine, list, err);
	if (r)
		rg_store_rollback(engine->store);
	return r;
}

int rg_engine_approve(struct rg_engine *engine, const json_t *body, json_t **ret, struct rg_err *err)
{
	const struct rg_ledger_who *who = &engine->ledger.caller;
	_cleanup_(request_clear) struct request request = { 0 };
	_cleanup_(json_decrefp) json_t *list = NULL, *approval = NULL;
	int64_t until = rg_engine_now(engine) + VALID_S;
	char expires[RG_TIME_TEXT_MAX];
	int r = parse(body, &request, err);

	if (r)
		return r;
	if (!who->called)
		return rg_err_set(err, -EACCES, RG_ERR_FORBIDDEN, "", "nobody is known to approve");
	engine_settle(engine);
	r = load(engine, rg_engine_now(engine), &list, err);
	if (r)
		return r;
	forget(list, request.digest, who->peer.uid);
	approval = json_pack("{s:s, s:s, s:I, s:s, s:I, s:s}", "meeting", request.meeting, "sha256", request.digest,
			     "uid", (json_int_t)who->peer.uid, "reason", request.reason, "until", (json_int_t)until,
			     "expires", rg_time_format(until, expires));
	if (!approval)
		return engine_no_memory(err);
	r = keep(engine, list, approval, err);
	json_object_del(approval, "until");
	if (!r)
		r = engine_ledger_commit(engine, RG_LEDGER_APPROVAL, request.meeting, json_deep_copy(approval), err);
	if (!r)
		*ret = TAKE_PTR(approval);
	return r;
}
