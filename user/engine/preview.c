/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a body would do to those who take part now. Changes nothing. */
#include <errno.h>
#include <string.h>
#include "base/reason.h"
#include "engine/engine_private.h"

struct preview {
	struct rg_engine *engine;
	const struct meeting *meeting; /* as it is; NULL: there is none yet */
	struct rg_judge before, after;
	json_t *regions;
	size_t n, cut, admitted;
};

static void count(json_t *object, const char *key, size_t more)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	json_object_set_new(object, key, json_integer(n + (json_int_t)more));
}

static json_t *member(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!value) {
		value = json_object();
		json_object_set_new(object, key, value);
	}
	return value;
}

/* The rules that decide in the proposed body, with their orders. */
static void note_rule(json_t *region, const struct rg_rule *rule)
{
	json_t *entry = member(member(region, "rules"), rule->id);

	if (!json_object_size(entry)) {
		json_object_set_new(entry, "action", json_string(rule->refuse ? "refuse" : "admit"));
		json_object_set_new(entry, "basis", json_string(rg_rule_basis(rule)));
		json_object_set_new(entry, "reference",
				    rule->order ? json_string(rule->order->reference) : json_null());
	}
	count(entry, "flows", 1);
}

static void add_flow(struct preview *p, const struct rg_addr *remote)
{
	struct rg_judgment before, after;
	struct rg_geo_answer answer;
	bool was, is;
	json_t *region;

	rg_geo_lookup(p->engine->geo.geo, remote, &answer);
	rg_judge(&p->before, remote, answer.region, &before);
	rg_judge(&p->after, remote, answer.region, &after);
	was = rg_reason_verdict(before.reason) != RG_VERDICT_REFUSE;
	is = rg_reason_verdict(after.reason) != RG_VERDICT_REFUSE;
	region = member(p->regions, rg_engine_region_code(p->engine, answer.region));
	count(region, "flows", 1);
	count(region, "cut", was && !is);
	count(region, "admitted", !was && is);
	count(member(region, "before"), rg_reason_text(before.reason), 1);
	count(member(region, "after"), rg_reason_text(after.reason), 1);
	if (after.rule)
		note_rule(region, after.rule);
	p->n++;
	p->cut += was && !is;
	p->admitted += !was && is;
}

static int add_flows(struct preview *p, struct rg_err *err)
{
	_cleanup_(rg_freep) struct live *flows = NULL;
	size_t n = 0;
	int r = p->meeting ? live_collect(p->engine, p->meeting->number, &flows, &n, err) : 0;

	for (size_t i = 0; !r && i < n; i++)
		add_flow(p, &flows[i].remote);
	return r;
}

static json_t *answer(const struct preview *p)
{
	char at[RG_TIME_TEXT_MAX];

	return json_pack("{s:s, s:b, s:s, s:{s:b, s:b}, s:s, s:{s:I, s:I, s:I, s:I}, s:O}",
			 "meeting", p->after.meeting->id, "exists", p->meeting != NULL,
			 "at", rg_time_format(p->after.time, at),
			 "site_refused", "before", p->meeting && p->before.site_refused,
			 "after", p->after.site_refused,
			 "mode", p->after.observe ? "observe" : "enforce", "flows", "total", (json_int_t)p->n,
			 "cut", (json_int_t)p->cut, "admitted", (json_int_t)p->admitted,
			 "unchanged", (json_int_t)(p->n - p->cut - p->admitted), "regions", p->regions);
}

int rg_engine_preview(struct rg_engine *engine, const char *id, const json_t *body, const char *at,
		      json_t **ret, struct rg_err *err)
{
	_cleanup_(rg_meeting_freep) struct rg_meeting_spec *spec = NULL;
	_cleanup_(json_decrefp) json_t *regions = json_object();
	const struct meeting *meeting = model_meeting(&engine->model, id);
	struct preview preview = { .engine = engine, .meeting = meeting, .regions = regions };
	int64_t now = rg_engine_now(engine), time = now;
	bool differs;
	int r;

	if (at && !rg_time_parse(at, &time))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, NULL,
				  "the query argument 'at' is a time such as 2020-06-04T00:00:00Z, not '%.40s'", at);
	r = rg_meeting_parse(body, id, &spec, err);
	if (!r)
		r = meeting_check(engine, spec, meeting, false, err);
	if (!r)
		r = ufrags_check(engine, spec, meeting ? meeting->number : 0, &differs, err);
	if (r)
		return r;
	if (meeting)
		preview.before = engine_judge(engine, meeting->spec, now, engine->reach);
	preview.after = engine_judge(engine, spec, time, engine->reach);
	r = add_flows(&preview, err);
	if (r)
		return r;
	*ret = answer(&preview);
	return *ret ? 0 : engine_no_memory(err);
}
