/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What another GeoIP table changes for those who take part now. */
#include <string.h>
#include "base/reason.h"
#include "engine/engine_private.h"

#define MEETINGS_LIST_MAX 100

RG_DEFINE_CLEANUP(struct rg_reach *, rg_reach_free);

struct changes {
	struct rg_engine *engine;
	const struct geo_build *build;
	struct rg_reach *reach; /* of the new table */
	json_t *meetings;
	size_t n_meetings, changed;
};

struct one { /* a meeting's */
	json_t *moves; /* [{"from","to","flows","cut","admitted"}] */
	size_t cut, admitted;
};

static void note_move(struct one *one, const char *from, const char *to, bool admitted)
{
	json_t *move = NULL, *other;
	size_t i;

	json_array_foreach(one->moves, i, other)
		if (!strcmp(json_string_value(json_object_get(other, "from")), from) &&
		    !strcmp(json_string_value(json_object_get(other, "to")), to))
			move = other;
	if (!move) {
		move = json_pack("{s:s, s:s, s:i, s:i}", "from", from, "to", to, "cut", 0, "admitted", 0);
		json_array_append_new(one->moves, move);
	}
	other = json_object_get(move, admitted ? "admitted" : "cut");
	json_integer_set(other, json_integer_value(other) + 1);
}

static void add_flow(struct changes *c, const struct rg_meeting_spec *spec, const struct rg_addr *remote,
		     struct one *one)
{
	int64_t now = rg_engine_now(c->engine);
	struct rg_judge judge = engine_judge(c->engine, spec, now, c->engine->reach);
	struct rg_geo_answer before, after;
	struct rg_judgment was, is;
	bool admitted;

	rg_geo_lookup(c->engine->geo.geo, remote, &before);
	rg_geo_lookup(c->build->geo, remote, &after);
	rg_judge(&judge, remote, before.region, &was);
	judge.reach = c->reach;
	rg_judge(&judge, remote, after.region, &is);
	if (rg_reason_verdict(was.reason) == rg_reason_verdict(is.reason))
		return;
	admitted = rg_reason_verdict(is.reason) != RG_VERDICT_REFUSE;
	one->admitted += admitted;
	one->cut += !admitted;
	note_move(one, rg_classes_get(c->engine->classes, before.region)->label,
		  rg_classes_get(c->engine->classes, after.region)->label, admitted);
}

static void add_meeting(struct changes *c, const struct live *flows, size_t n)
{
	const struct rg_meeting_spec *spec = c->engine->model.by_number[flows->meeting]->spec;
	_cleanup_(json_decrefp) json_t *moves = json_array();
	struct one one = { .moves = moves };

	for (size_t i = 0; i < n; i++)
		add_flow(c, spec, &flows[i].remote, &one);
	if (!one.cut && !one.admitted)
		return;
	c->changed += one.cut + one.admitted;
	if (c->n_meetings++ < MEETINGS_LIST_MAX)
		json_array_append_new(c->meetings, json_pack("{s:s, s:I, s:I, s:I, s:O}", "id", spec->id,
							     "flows", (json_int_t)n, "cut", (json_int_t)one.cut,
							     "admitted", (json_int_t)one.admitted,
							     "moves", moves));
}

int changes_of(struct rg_engine *engine, const struct geo_build *build, json_t **ret, size_t *ret_flows,
	       size_t *ret_changed, struct rg_err *err)
{
	_cleanup_(rg_freep) struct live *flows = NULL;
	_cleanup_(rg_reach_freep) struct rg_reach *reach = rg_reach_new();
	_cleanup_(json_decrefp) json_t *meetings = json_array();
	struct changes c = { .engine = engine, .build = build, .reach = reach, .meetings = meetings };
	size_t n = 0, from = 0;
	int r;

	if (!reach || !meetings)
		return engine_no_memory(err);
	rg_reach_reset(reach, engine->classes, build->geo->origins, build->geo->n_origins);
	r = live_collect(engine, 0, &flows, &n, err);
	if (r)
		return r;
	for (size_t i = 1; i <= n; i++) {
		if (i < n && flows[i].meeting == flows[from].meeting)
			continue;
		add_meeting(&c, flows + from, i - from);
		from = i;
	}
	*ret_flows = n;
	*ret_changed = c.changed;
	*ret = json_pack("{s:I, s:I, s:I, s:O}", "flows", (json_int_t)n, "changed", (json_int_t)c.changed,
			 "meetings_changed", (json_int_t)c.n_meetings, "meetings", meetings);
	return *ret ? 0 : engine_no_memory(err);
}
