/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Before any packet: may somebody with this address take part, and if not, what to say. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/reason.h"
#include "engine/engine_private.h"
#include "policy/json_util.h"

#define HTTP_OK        200
#define HTTP_FORBIDDEN 403
#define HTTP_LEGAL     451 /* RFC 7725 */

struct question {
	const struct meeting *meeting;
	struct rg_addr address;
	int64_t time; /* of the packet */
	int64_t now;  /* when it is asked: whether a gag is over does not depend on what is asked */
};

static int parse(struct rg_engine *engine, const json_t *body, struct question *ret, struct rg_err *err)
{
	static const char *const known[] = { "meeting", "address", "at", NULL };
	const char *meeting = NULL, *address = NULL;
	char quoted[RG_QUOTE_MAX];
	int r = rg_json_fields(body, known, err);

	ret->time = ret->now = rg_engine_now(engine);
	if (!r)
		r = rg_json_string(body, "meeting", true, &meeting, err);
	if (!r)
		r = rg_json_string(body, "address", true, &address, err);
	if (!r)
		r = rg_time_field(body, "at", &ret->time, err);
	if (r)
		return r;
	if (rg_addr_parse(address, &ret->address))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/address", "'%s' is not an IP address",
				  rg_json_quote(address, quoted));
	ret->meeting = model_meeting(&engine->model, meeting);
	if (!ret->meeting)
		return rg_err_set(err, -ENOENT, RG_ERR_NOT_FOUND, "/meeting", "there is no meeting '%s'",
				  rg_json_quote(meeting, quoted));
	return 0;
}

static json_t *time_json(int64_t time)
{
	char text[RG_TIME_TEXT_MAX];

	return time == RG_TIME_MAX || time == RG_TIME_MIN ? json_null() : json_string(rg_time_format(time, text));
}

static bool is_gagged(const struct question *q, const struct rg_rule *rule)
{
	return rule && rule->order && rg_order_gagged(rule->order, q->now);
}

/* What may be said of an order: under a gag, nothing. */
static json_t *order_json(const struct question *q, const struct rg_rule *rule)
{
	const struct rg_order *order = rule ? rule->order : NULL;
	char jurisdiction[64];

	if (!order || is_gagged(q, rule))
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:s}", "jurisdiction",
			 rg_region_spec_format(&order->jurisdiction, jurisdiction),
			 "authority", order->authority, "basis", order->basis, "reference", order->reference);
}

/* On whose account: a law, or the meeting's owner. NULL: nobody's, or not to be said. */
static const char *basis_of(const struct question *q, const struct rg_judgment *judgment)
{
	const struct rg_rule *rule = judgment->rule;

	if (rule)
		return is_gagged(q, rule) ? NULL : rg_rule_basis(rule);
	return judgment->cause == RG_REASON_REFUSE_EXPIRED || judgment->cause == RG_REASON_REFUSE_SITE ? NULL
													  : "owner";
}

static json_t *regions_json(const struct rg_rule *rule)
{
	json_t *list = json_array();
	char text[64];

	for (size_t i = 0; i < rule->n_regions; i++)
		json_array_append_new(list, json_string(rg_region_spec_format(&rule->regions[i], text)));
	return list;
}

/* How far the refusal goes: this meeting, these regions, until then. Of an order under a gag neither its end
 * nor its bound. */
static json_t *scope_json(const struct question *q, const struct rg_judgment *judgment)
{
	const struct rg_rule *rule = judgment->rule;
	struct rg_window window = rule ? rg_rule_window(rule) : q->meeting->spec->window;
	struct rg_window both = rg_window_both(&window, &q->meeting->spec->window);
	bool silent = is_gagged(q, rule), bounded = rule && rg_rule_bounded(rule);

	if (silent)
		both = q->meeting->spec->window;
	return json_pack("{s:s, s:o, s:o, s:o}", "meeting", q->meeting->spec->id,
			 "regions", rule ? regions_json(rule) : json_null(),
			 "until", judgment->cause == RG_REASON_REFUSE_EXPIRED ? json_null() : time_json(both.until),
			 "within_jurisdiction", silent ? json_null() : json_boolean(bounded));
}

/* An explanation, as RFC 7725 wants the body of a 451 to have. */
static json_t *words(const struct question *q, const struct rg_judgment *judgment)
{
	const struct rg_rule *rule = judgment->rule;
	char jurisdiction[64];

	switch (judgment->cause) {
	case RG_REASON_REFUSE_SITE:
		return json_string("This meeting may not be held on this server.");
	case RG_REASON_REFUSE_EXPIRED:
		return json_string("This meeting is not open now.");
	default:
		break;
	}
	if (!rule || !rule->order)
		return json_string("The owner of this meeting does not admit participants from your region.");
	if (is_gagged(q, rule))
		return json_string("Taking part in this meeting from your region is denied for legal reasons.");
	rg_region_spec_format(&rule->order->jurisdiction, jurisdiction);
	return json_sprintf("Taking part in this meeting from your region is denied by demand of %s (%s), "
			    "under %s, reference %s.", rule->order->authority, jurisdiction,
			    rule->order->basis, rule->order->reference);
}

/* 451 is for what the law demands; what the owner of a meeting wishes is a 403. */
static int status_of(const struct rg_judgment *judgment)
{
	if (rg_reason_verdict(judgment->reason) != RG_VERDICT_REFUSE)
		return HTTP_OK;
	return judgment->rule && judgment->rule->order ? HTTP_LEGAL : HTTP_FORBIDDEN;
}

static json_t *show_json(const struct rg_engine *engine, const struct question *q,
			 const struct rg_judgment *judgment)
{
	int status = status_of(judgment);
	bool told = status == HTTP_LEGAL && !is_gagged(q, judgment->rule);
	json_t *headers = json_object();

	if (status == HTTP_OK) {
		json_decref(headers);
		return json_null();
	}
	if (status == HTTP_LEGAL)
		json_object_set_new(headers, "Link", json_sprintf("<%s>; rel=\"blocked-by\"", engine->blocked_by));
	return json_pack("{s:i, s:s, s:o, s:s, s:s?, s:o, s:o}", "status", status,
			 "title", status == HTTP_LEGAL ? "Unavailable For Legal Reasons" : "Forbidden",
			 "headers", headers, "blocked_by", engine->blocked_by,
			 "authority", told ? judgment->rule->order->authority : NULL,
			 "scope", scope_json(q, judgment), "text", words(q, judgment));
}

int rg_engine_admission(struct rg_engine *engine, const json_t *body, json_t **ret, struct rg_err *err)
{
	struct question q = { 0 };
	struct rg_judgment judgment;
	struct rg_geo_answer answer;
	char address[RG_ADDR_TEXT_MAX];
	struct rg_judge judge;
	int r = parse(engine, body, &q, err);

	if (r)
		return r;
	rg_geo_lookup(engine->geo.geo, &q.address, &answer);
	judge = engine_judge(engine, q.meeting->spec, q.time, engine->reach);
	rg_judge(&judge, &q.address, answer.region, &judgment);
	*ret = json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:s?, s:s?, s:o, s:s?, s:i, s:o}",
			 "meeting", q.meeting->spec->id, "address", rg_addr_format(&q.address, address),
			 "at", time_json(q.time), "region", rg_engine_region_code(engine, answer.region),
			 "verdict", rg_verdict_text(rg_reason_verdict(judgment.reason)),
			 "reason", rg_reason_text(judgment.reason),
			 "rule", judgment.rule ? judgment.rule->id : NULL,
			 "basis", basis_of(&q, &judgment),
			 "order", order_json(&q, judgment.rule),
			 "exception", judgment.exception ? judgment.exception->reason : NULL,
			 "status", status_of(&judgment), "show", show_json(engine, &q, &judgment));
	return *ret ? 0 : engine_no_memory(err);
}
