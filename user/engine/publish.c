/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "engine/engine_private.h"

#define ROOM_KEPT 65536 /* entries of a turn's lists; a start and a comparison list all that there is */

int engine_grow(void *array, size_t *max, size_t wanted, size_t size, struct rg_err *err)
{
	size_t larger = *max ? *max : 16;
	void *p;

	if (wanted <= *max)
		return 0;
	while (larger < wanted)
		larger *= 2;
	p = reallocarray(*(void **)array, larger, size);
	if (!p)
		return engine_no_memory(err);
	*(void **)array = p;
	*max = larger;
	return 0;
}

int pending_reserve(struct pending *pending, size_t n_keys, struct rg_err *err)
{
	int ret = engine_grow(&pending->keys, &pending->max_keys, pending->n_keys + n_keys,
		       sizeof(*pending->keys), err);

	if (!ret)
		ret = engine_grow(&pending->meetings, &pending->max_meetings, pending->n_meetings + 1,
			   sizeof(*pending->meetings), err);
	if (!ret)
		ret = engine_grow(&pending->undos, &pending->max_undos, pending->n_undos + 1,
			   sizeof(*pending->undos), err);
	return ret;
}

void pending_meeting(struct pending *pending, uint32_t number)
{
	pending->any = true;
	pending->meetings[pending->n_meetings++] = number;
}

void pending_key(struct pending *pending, const struct rg_endpoint_key *key)
{
	pending->any = true;
	pending->keys[pending->n_keys++] = *key;
}

void pending_undo(struct pending *pending, enum undo_kind kind, const char *name, char *body,
		  uint32_t number, uint64_t revision)
{
	struct undo *undo = &pending->undos[pending->n_undos++];

	*undo = (struct undo){
		.kind = kind,
		.body = body,
		.number = number,
		.revision = revision,
	};
	snprintf(undo->name, sizeof(undo->name), "%s", name);
	pending->any = true;
}

void pending_clear(struct pending *pending)
{
	for (size_t i = 0; i < pending->n_undos; i++)
		free(pending->undos[i].body);
	pending->n_undos = pending->n_meetings = pending->n_keys = 0;
	pending->n_ufrags = pending->n_revised = 0;
	memset(pending->shared, 0, sizeof(pending->shared));
	pending->n_locals = pending->n_new = 0;
	pending->n_settled = 0;
	pending->any = pending->geo = pending->gives_up = false;
	if (pending->max_keys > ROOM_KEPT || pending->max_ufrags > ROOM_KEPT)
		pending_free(pending);
}

void pending_free(struct pending *pending)
{
	for (size_t i = 0; i < pending->n_undos; i++)
		free(pending->undos[i].body);
	free(pending->undos);
	free(pending->meetings);
	free(pending->keys);
	free(pending->ufrags);
	free(pending->revised);
	memset(pending, 0, sizeof(*pending));
}

int engine_pend_all(struct rg_engine *engine, struct rg_err *err)
{
	const struct model *model = &engine->model;

	for (uint32_t number = 1; number < model->max_meetings; number++) {
		const struct meeting *meeting = model->by_number[number];

		if (!meeting)
			continue;
		if (pending_reserve(&engine->pending, meeting->spec->n_endpoints, err))
			return -ENOMEM;
		for (size_t i = 0; i < meeting->spec->n_endpoints; i++)
			pending_key(&engine->pending, &meeting->endpoints[i].key);
		pending_meeting(&engine->pending, number);
	}
	for (uint32_t number = 1; number < RG_SHARED_MAX; number++)
		engine->pending.shared[number] = model->shared_at[number] != NULL;
	return ufrags_pend_all(engine, err);
}

/* New classes need bits in every policy before a table may say their ids. The bits of the ids that
 * packets get now stay equal, so a slot may be rewritten in place, but for orders' bounds: @origins
 * are then those of both tables, so that an order never reaches too far. */
static void write_classes(struct rg_engine *engine, const struct rg_geo_origin *origins, size_t n_origins)
{
	size_t count = rg_classes_count(engine->classes);

	rg_reach_reset(engine->reach, engine->classes, origins, n_origins);
	rulings_write_policies(engine);
	for (size_t id = engine->classes_compiled; id < count; id++)
		rg_dp_region_set(engine->dp, (unsigned int)id,
				 rg_classes_get(engine->classes, (unsigned int)id)->key);
	engine->classes_compiled = count;
}

void reach_reset(struct rg_engine *engine)
{
	const struct rg_geo *geo = engine->geo.geo;

	rg_reach_reset(engine->reach, engine->classes, geo ? geo->origins : NULL, geo ? geo->n_origins : 0);
}

static bool same_origins(const struct rg_geo *a, const struct rg_geo *b)
{
	return a->n_origins == b->n_origins &&
	       (!a->n_origins || !memcmp(a->origins, b->origins, a->n_origins * sizeof(*a->origins)));
}

static int origin_cmp(const void *a, const void *b)
{
	const struct rg_geo_origin *x = a, *y = b;

	return x->region - y->region;
}

/* Put a table in force, with the policies as they have to be before, during and after the switch. */
static int switch_table(struct rg_engine *engine, struct geo_build *build, struct rg_err *err)
{
	const struct rg_geo *now = engine->geo.geo, *next = build->geo;
	size_t n = next->n_origins + (now ? now->n_origins : 0);
	_cleanup_(rg_freep) struct rg_geo_origin *both = calloc(n + 1, sizeof(*both));
	bool same = now && same_origins(now, next);
	int ret;

	if (!both)
		return engine_no_memory(err);
	if (!now) {
		ret = geo_install(engine, build, err);
		reach_reset(engine);
		return ret;
	}
	if (now->n_origins)
		memcpy(both, now->origins, now->n_origins * sizeof(*both));
	if (next->n_origins)
		memcpy(both + n - next->n_origins, next->origins, next->n_origins * sizeof(*both));
	qsort(both, n, sizeof(*both), origin_cmp);
	if (!same || rg_classes_count(engine->classes) != engine->classes_compiled)
		write_classes(engine, both, n);
	ret = geo_install(engine, build, err); /* on failure, the table and its origins are the old ones */
	reach_reset(engine);
	if (!same || ret)
		rulings_write_policies(engine);
	guard_look(engine);
	return ret;
}

void publish_meeting(struct rg_engine *engine, const struct meeting *meeting)
{
	const struct ruling *ruling = &meeting->ruling;
	struct rg_meeting entry = { 0 };

	ruling_write(engine, ruling);
	entry.policy = ruling->policy->slot.number;
	entry.schedule = ruling->schedule ? ruling->schedule->slot.number : 0;
	entry.exceptions = ruling->exceptions ? ruling->exceptions->slot.number : 0;
	entry.flags = (meeting->spec->observe ? RG_MEETING_OBSERVE : 0) |
		      (engine_site_refuses(engine, meeting->spec) ? RG_MEETING_SITE_REFUSED : 0) |
		      (ruling->schedule ? RG_MEETING_TIMED : 0) |
		      (ruling->exceptions ? RG_MEETING_EXCEPTIONS : 0);
	entry.revision = meeting->revision;
	memcpy(entry.id, meeting->spec->id, strlen(meeting->spec->id));
	rg_dp_meeting_set(engine->dp, meeting->number, &entry);
}

static void write_meetings(struct rg_engine *engine)
{
	for (size_t i = 0; i < engine->pending.n_meetings; i++) {
		const struct meeting *meeting = engine->model.by_number[engine->pending.meetings[i]];

		if (meeting)
			publish_meeting(engine, meeting);
	}
}

static int write_endpoints(struct rg_engine *engine, struct rg_err *err)
{
	const struct pending *pending = &engine->pending;
	struct rg_dp_endpoint batch[RG_DP_ENDPOINTS_BATCH];
	size_t n = 0;
	int ret = 0;

	for (size_t i = 0; !ret && i < pending->n_keys; i++) {
		const struct endpoint *endpoint = model_endpoint(&engine->model, &pending->keys[i]);

		if (!endpoint)
			continue;
		batch[n++] = (struct rg_dp_endpoint){
			.key = pending->keys[i],
			.meeting = endpoint->meeting->number,
			.id = endpoint->meeting->spec->id,
		};
		if (n < ARRAY_SIZE(batch))
			continue;
		ret = rg_dp_endpoints_set(engine->dp, batch, n, err);
		n = 0;
	}
	return ret || !n ? ret : rg_dp_endpoints_set(engine->dp, batch, n, err);
}

/* What the model no longer has: first the endpoints, then the meetings behind them. */
static void clear_gone(struct rg_engine *engine)
{
	const struct pending *pending = &engine->pending;

	for (size_t i = 0; i < pending->n_keys; i++)
		if (!model_endpoint(&engine->model, &pending->keys[i]))
			rg_dp_endpoint_clear(engine->dp, &pending->keys[i]);
	shared_clear_gone(engine);
	ufrags_clear_gone(engine);
	for (size_t i = 0; i < pending->n_meetings; i++)
		if (!engine->model.by_number[pending->meetings[i]])
			rg_dp_meeting_clear(engine->dp, pending->meetings[i]);
}

int engine_publish(struct rg_engine *engine, struct geo_build *build, struct rg_err *err)
{
	int ret;

	if (build && !engine->geo.geo) /* the first one: meetings need bits before they are published */
		write_classes(engine, build->geo->origins, build->geo->n_origins);
	write_meetings(engine);
	ret = shared_publish(engine, err);
	if (!ret)
		ret = write_endpoints(engine, err);
	if (!ret)
		ret = ufrags_publish(engine, err);
	if (ret)
		return ret;
	clear_gone(engine);
	return build ? switch_table(engine, build, err) : 0;
}

int engine_publish_back(struct rg_engine *engine, struct rg_err *err)
{
	if (!engine_publish(engine, NULL, err))
		return 0;
	clear_gone(engine);
	return engine_publish(engine, NULL, err);
}
