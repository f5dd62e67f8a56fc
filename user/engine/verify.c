/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Do the kernel's maps say what the store says? The model is published once more, into a second
 * set of maps, by the code that published it first; the dataplane compares the two. At a start there
 * is nothing to compare: all maps are made anew from the store. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "engine/engine_private.h"

RG_DEFINE_CLEANUP(struct rg_dp *, rg_dp_close);

static void slots_mark(struct slots *slots, bool written)
{
	for (uint32_t i = 1; i < slots->numbers.end; i++)
		if (slots->at[i]) /* what is idle is written again when it is used again */
			slots->at[i]->written = written && slots->at[i]->refs;
}

/* As if the kernel had none of it, or all. */
static void mark_published(struct rg_engine *engine, bool published)
{
	struct rulings *rulings = &engine->model.rulings;
	struct ufrags *ufrags = &engine->model.ufrags;

	slots_mark(&rulings->policies, published);
	slots_mark(&rulings->schedules, published);
	slots_mark(&rulings->exceptions, published);
	for (uint32_t i = 1; i <= ufrags->max; i++)
		if (ufrags->at[i])
			ufrags->at[i]->published = published ? ufrags->at[i]->meeting : 0;
}

/* Nothing is pending when this is called; nothing is afterwards. */
static int fill(struct rg_engine *engine, struct rg_dp *shadow, struct rg_err *err)
{
	_cleanup_(rg_freep) struct rg_shared *shared = malloc(sizeof(engine->shared));
	struct rg_dp *live = engine->dp;
	int r;

	if (!shared)
		return engine_no_memory(err);
	memcpy(shared, engine->shared, sizeof(engine->shared));
	memset(engine->shared, 0, sizeof(engine->shared));
	engine->dp = shadow;
	mark_published(engine, false);
	for (size_t id = 0; id < engine->classes_compiled; id++)
		rg_dp_region_set(shadow, (unsigned int)id, rg_classes_get(engine->classes, (unsigned int)id)->key);
	r = engine_pend_all(engine, err);
	if (!r)
		r = engine_publish(engine, NULL, err);
	pending_clear(&engine->pending);
	mark_published(engine, true);
	memcpy(engine->shared, shared, sizeof(engine->shared));
	engine->dp = live;
	return r;
}

static json_t *check_json(const struct rg_dp_map_check *check)
{
	return json_pack("{s:s, s:I, s:I, s:I}", "name", check->name, "compared", (json_int_t)check->compared,
			 "differences", (json_int_t)check->differences, "repaired", (json_int_t)check->repaired);
}

struct sums {
	json_t *list;
	json_int_t compared, differences, repaired;
};

void drift_note(struct rg_engine *engine, const struct rg_dp_map_check *check)
{
	if (!check->differences)
		return;
	engine->drifted += check->differences;
	events_add(engine, EVENT_ALARM, NULL,
		   json_pack("{s:s, s:s, s:I, s:I}", "alarm", "drift", "map", check->name, "differences",
			     (json_int_t)check->differences, "repaired", (json_int_t)check->repaired));
	engine_ledger_now(engine, RG_LEDGER_DRIFT, check->name,
			  json_pack("{s:I, s:I}", "differences", (json_int_t)check->differences, "repaired",
				    (json_int_t)check->repaired));
	rg_log(RG_LOG_WARNING, "%s was changed beside the daemon: %u entries differed, %u are put back",
	       check->name, check->differences, check->repaired);
}

static void add(struct rg_engine *engine, struct sums *sums, const struct rg_dp_map_check *check)
{
	sums->compared += check->compared;
	sums->differences += check->differences;
	sums->repaired += check->repaired;
	json_array_append_new(sums->list, check_json(check));
	drift_note(engine, check);
}

/* A table that somebody wrote to is built again. */
static void rebuild_geo(struct rg_engine *engine, struct rg_dp_map_check *check)
{
	_cleanup_(geo_build_clear) struct geo_build build = { 0 };
	struct rg_err err = { 0 };
	int r = geo_prepare(engine, &build, &err);

	engine->geo.hash = ~build.hash; /* so that an equal table is installed, too */
	if (!r)
		r = engine_publish(engine, &build, &err);
	if (r)
		rg_log(RG_LOG_ERROR, "the GeoIP table was changed beside the daemon, and can not be built again: %s",
		       err.detail);
	else
		check->repaired++;
}

static void check_interfaces(struct rg_engine *engine, struct sums *sums)
{
	struct rg_dp_map_check check = { .name = "interfaces" };

	for (size_t i = 0; i < engine->n_interfaces; i++) {
		const struct interface *interface = &engine->interfaces[i];
		struct rg_dp_interface status;

		if (interface->confirm_ns) /* what is over is not repaired */
			continue;
		check.compared++;
		check.differences += rg_dp_interface_status(engine->dp, interface->name, &status, NULL) ||
				     !status.attached || interface_sends_freely(interface, &status);
	}
	rg_engine_interfaces_check(engine);
	check.repaired = check.differences;
	for (size_t i = 0; i < engine->n_interfaces && check.repaired; i++)
		check.repaired -= engine->interfaces[i].problem[0] != '\0';
	add(engine, sums, &check);
}

static int compare_maps(struct rg_engine *engine, struct sums *sums, struct rg_err *err)
{
	_cleanup_(rg_freep) struct rg_dp_map_check *checks = NULL;
	_cleanup_(rg_dp_closep) struct rg_dp *shadow = NULL;
	size_t n = 0;
	int r = rg_dp_shadow_open(engine->dp, &shadow, err);

	if (!r)
		r = fill(engine, shadow, err);
	if (!r)
		r = rg_dp_compare(engine->dp, shadow, &checks, &n, err);
	for (size_t i = 0; i < n; i++)
		add(engine, sums, &checks[i]);
	return r;
}

int rg_engine_verify(struct rg_engine *engine, json_t **ret, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *list = json_array();
	struct sums sums = { .list = list };
	struct rg_dp_map_check check;
	bool damaged;
	int r;

	engine_settle(engine);
	if (engine->broken)
		return rg_err_set(err, -EIO, RG_ERR_STORE, NULL,
				  "the store could not be read back after an error; the daemon has to be restarted");
	r = compare_maps(engine, &sums, err);
	if (r)
		return r;
	rg_dp_geo_check(engine->dp, &check, &damaged);
	if (damaged)
		rebuild_geo(engine, &check);
	add(engine, &sums, &check);
	rg_dp_pins_check(engine->dp, &check);
	add(engine, &sums, &check);
	check_interfaces(engine, &sums);
	*ret = json_pack("{s:I, s:I, s:I, s:O}", "compared", sums.compared, "differences", sums.differences,
			 "repaired", sums.repaired, "checks", list);
	return *ret ? 0 : engine_no_memory(err);
}
