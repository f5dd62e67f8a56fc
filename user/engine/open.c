/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From configuration and store to an engine in force, and its end. */
#include "engine/engine.h"

#include <errno.h>
#include <string.h>
#include "base/log.h"
#include "engine/engine_private.h"
#include "engine/tally.h"

#define HOLD_SHARE_DEFAULT 10 /* percent */
#define BLOCKED_BY_DEFAULT "urn:regiongate:operator"

RG_DEFINE_CLEANUP(struct rg_engine *, rg_engine_close);

static int restore_class(void *arg, unsigned int id, const char *key, struct rg_err *err)
{
	struct rg_engine *engine = arg;

	if (id && rg_classes_restore(engine->classes, id, key))
		return rg_err_set(err, -EINVAL, RG_ERR_STORE, NULL,
				  "the store's region class %u ('%s') is not acceptable", id, key);
	return 0;
}

static int copy_config(struct rg_engine *engine, const struct rg_engine_config *config,
		       struct rg_err *err)
{
	engine->registered_country = config->registered_country;
	engine->ledger_config = config->ledger;
	engine->watch_maps = config->watch_maps;
	engine->accepted = config->accepted;
	if (!engine->ledger_config.retention_days)
		engine->ledger_config.retention_days = 30;
	if (!engine->ledger_config.interval_s)
		engine->ledger_config.interval_s = 60;
	engine->hold.share = config->hold_share ? config->hold_share : HOLD_SHARE_DEFAULT;
	engine->site.known = config->site != NULL;
	if (config->site)
		engine->site.place = *config->site;
	engine->blocked_by = strdup(config->blocked_by ? config->blocked_by : BLOCKED_BY_DEFAULT);
	if (!engine->blocked_by)
		return engine_no_memory(err);
	engine->observe = config->dp.observe;
	engine->databases = calloc(config->n_databases + 1, sizeof(char *));
	if (!engine->databases)
		return engine_no_memory(err);
	for (; engine->n_databases < config->n_databases; engine->n_databases++) {
		char *path = strdup(config->databases[engine->n_databases]);

		if (!path)
			return engine_no_memory(err);
		engine->databases[engine->n_databases] = path;
	}
	if (config->dp.pin_dir) {
		engine->pin_dir = strdup(config->dp.pin_dir);
		if (!engine->pin_dir)
			return engine_no_memory(err);
	}
	return 0;
}

static int read_store(struct rg_engine *engine, const struct rg_engine_config *config,
		      struct rg_err *err)
{
	uint32_t max = config->dp.max_meetings ? config->dp.max_meetings : RG_MEETINGS_DEFAULT;
	int ret;

	if (config->dp.max_policies == 1 || config->dp.max_policies > RG_POLICIES_CAP)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, NULL,
				  "the number of policies is not from 2 to %u", RG_POLICIES_CAP);
	if (max < 2 || max > RG_MEETINGS_CAP)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, NULL,
				  "the number of meetings is not from 2 to %u", RG_MEETINGS_CAP);
	engine->classes = rg_classes_new();
	if (!engine->classes)
		return engine_no_memory(err);
	engine->reach = rg_reach_new();
	if (!engine->reach)
		return engine_no_memory(err);
	reach_reset(engine);
	ret = model_init(&engine->model, max, &config->dp, err);
	if (!ret)
		ret = ufrags_init(&engine->model.ufrags, &config->dp, max, err);
	if (!ret)
		ret = rg_store_open(config->state_dir, &engine->store, err);
	if (!ret)
		ret = rg_store_classes(engine->store, restore_class, engine, err);
	if (!ret)
		ret = rg_store_revision(engine->store, &engine->revision, err);
	engine->classes_stored = rg_classes_count(engine->classes);
	if (!ret)
		ret = mode_open(engine, err);
	if (!ret)
		ret = clock_open(engine, config, err);
	if (!ret)
		ret = site_open(engine, err);
	if (!ret)
		ret = model_load(engine, err);
	if (!ret)
		ret = ufrags_load(engine, err);
	if (!ret)
		ret = interfaces_load(engine, err);
	return ret;
}

static int read_capacity(struct rg_engine *engine, struct rg_err *err)
{
	_cleanup_(rg_freep) struct rg_dp_map_info *maps = NULL;
	size_t n = 0;
	int ret = rg_dp_maps(engine->dp, &maps, &n, err);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(maps[i].name, "rg_endpoints"))
			engine->max_endpoints = maps[i].max_entries;
	return ret;
}

/* The start is in the ledger: fill the maps, put them in force. */
static int fill_and_enforce(struct rg_engine *engine, struct geo_build *build, struct rg_err *err)
{
	int ret = engine_pend_all(engine, err);

	if (!ret)
		ret = engine_publish(engine, build, err);
	if (!ret)
		ret = rg_dp_enforce(engine->dp, err);
	if (!ret)
		engine_flush_done(engine);
	return ret;
}

static int take_policy_room(struct rg_engine *engine, struct rg_err *err)
{
	size_t blocks = rg_dp_policy_blocks(engine->dp);

	engine->policy_blocks = calloc(blocks, sizeof(*engine->policy_blocks));
	rg_classes_limit(engine->classes, blocks * RG_POLICY_BLOCK_REGIONS);
	return engine->policy_blocks ? 0 : engine_no_memory(err);
}

/* Store and databases are read: load the program, fill its maps, put it in force. */
static int start(struct rg_engine *engine, const struct rg_engine_config *config,
		 struct geo_build *build, struct rg_err *err)
{
	struct rg_dp_config dp = config->dp;
	struct rg_err why = { 0 };
	int ret;

	geo_capacity(build, rg_classes_count(engine->classes), &dp);
	rulings_capacity(&engine->model.rulings, &dp);
	dp.observe = engine->observe;
	engine->geo_nodes = dp.geo_nodes;
	engine->geo_ranges = dp.geo_ranges;
	ret = rg_dp_open(&dp, &engine->dp, err);
	if (!ret)
		ret = read_capacity(engine, err);
	if (!ret)
		ret = take_policy_room(engine, err);
	if (!ret)
		ret = engine_stage_begin(engine, err);
	if (!ret)
		ret = ledger_start(engine, build->geo, err);
	if (!ret)
		ret = engine_commit(engine, err);
	if (ret)
		return ret;
	ret = fill_and_enforce(engine, build, &why);
	if (!ret)
		return 0;
	ledger_start_failed(engine, &why);
	if (err)
		*err = why;
	return ret;
}

int engine_read(const struct rg_engine_config *config, struct rg_engine **ret, struct rg_err *err)
{
	_cleanup_(rg_engine_closep) struct rg_engine *engine = calloc(1, sizeof(*engine));
	int r;

	if (!engine)
		return engine_no_memory(err);
	ledger_init(engine);
	clock_gettime(CLOCK_MONOTONIC, &engine->started);
	r = copy_config(engine, config, err);
	if (!r)
		r = events_init(engine, err);
	if (!r)
		r = read_store(engine, config, err);
	if (!r)
		*ret = TAKE_PTR(engine);
	return r;
}

int rg_engine_open(const struct rg_engine_config *config, struct rg_engine **ret, struct rg_err *err)
{
	_cleanup_(rg_engine_closep) struct rg_engine *engine = NULL;
	_cleanup_(geo_build_clear) struct geo_build build = { 0 };
	int r = engine_read(config, &engine, err);

	if (!r)
		r = geo_prepare(engine, &build, err);
	if (!r)
		r = start(engine, config, &build, err);
	if (r)
		return r;
	engine->in_force = true;
	r = tally_init(engine, err);
	if (!r)
		r = tally_load(engine, err);
	if (r)
		return r;
	clock_store(engine);
	guard_look(engine);
	ledger_flush_later(engine);
	interfaces_attach(engine);
	ledger_log_head(engine);
	*ret = TAKE_PTR(engine);
	return 0;
}

/* Pins stay while they judge packets. A start that failed has put nothing in force. */
static void close_dataplane(struct rg_engine *engine)
{
	bool keep = !engine->in_force || !engine->pin_dir || interfaces_any_attached(engine);
	struct rg_err err = { 0 };

	if (engine->tally)
		ledger_write_last(engine);
	if (engine->in_force)
		ledger_stop(engine, engine->pin_dir && keep);
	rg_dp_close(engine->dp);
	if (!keep && rg_dp_remove(engine->pin_dir, &err))
		rg_log(RG_LOG_WARNING, "pins of no use can not be removed: %s", err.detail);
}

void rg_engine_close(struct rg_engine *engine)
{
	if (!engine)
		return;
	interfaces_close(engine);
	if (engine->dp)
		close_dataplane(engine);
	rg_store_close(engine->store);
	model_clear(&engine->model);
	pending_free(&engine->pending);
	ledger_free(engine);
	tally_free(engine);
	rg_geo_free(engine->geo.geo);
	rg_reach_free(engine->reach);
	rg_classes_free(engine->classes);
	events_free(engine);
	json_decref(engine->narrowed.list);
	json_decref(engine->hold.held);
	free(engine->site.alarms);
	free(engine->blocked_by);
	free(engine->interfaces);
	free(engine->policy_blocks);
	for (size_t i = 0; i < engine->n_databases; i++)
		free(engine->databases[i]);
	free(engine->databases);
	free(engine->pin_dir);
	free(engine);
}
