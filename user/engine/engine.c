/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "engine/engine.h"

#include <errno.h>
#include <string.h>
#include "base/log.h"
#include "engine/engine_private.h"
#include "engine/tally.h"

/* Each costs an fsync, in a turn in which all other clients wait. */
#define SETTLED_MAX 32
#define WAITING_MAX 4096 /* numbers: a grace period takes some 15 ms, so this costs each of them 4 us */

int engine_precondition(bool exists, uint64_t revision, uint64_t if_match, struct rg_err *err)
{
	if (if_match == RG_ANY_REVISION)
		return 0;
	if (if_match == RG_NO_RESOURCE && exists)
		return rg_err_set(err, -EEXIST, RG_ERR_PRECONDITION, NULL, "the resource exists");
	if (if_match == RG_NO_RESOURCE)
		return 0;
	if (!exists)
		return rg_err_set(err, -ENOENT, RG_ERR_PRECONDITION, NULL,
				  "the resource does not exist");
	if (if_match != RG_SOME_RESOURCE && if_match != revision)
		return rg_err_set(err, -ESTALE, RG_ERR_PRECONDITION, NULL,
				  "the resource has revision %llu now", (unsigned long long)revision);
	return 0;
}

int engine_stage_begin(struct rg_engine *engine, struct rg_err *err)
{
	if (engine->broken)
		return rg_err_set(err, -EIO, RG_ERR_STORE, NULL,
				  "the store could not be read back after an error; "
				  "the daemon has to be restarted");
	return rg_store_begin(engine->store, err);
}

int engine_doom(struct rg_engine *engine, int ret, const struct rg_err *err)
{
	engine->failed = err && err->code ? *err
					  : (struct rg_err){ .code = RG_ERR_INTERNAL, .detail = "out of memory" };
	return ret;
}

int engine_commit(struct rg_engine *engine, struct rg_err *err)
{
	size_t count = rg_classes_count(engine->classes);
	/* begun already, unless the turn was settled to make room and nothing was staged since */
	int ret = rg_store_begin(engine->store, err);

	for (size_t id = engine->classes_stored; !ret && id < count; id++)
		ret = rg_store_class_put(engine->store, (unsigned int)id,
					 rg_classes_get(engine->classes, (unsigned int)id)->key, err);
	if (!ret)
		ret = rg_store_revision_set(engine->store, engine->revision, err);
	if (!ret)
		ret = rg_store_commit(engine->store, err);
	if (ret)
		rg_store_rollback(engine->store);
	else
		engine->classes_stored = count;
	return ret;
}

bool engine_grace(struct rg_engine *engine)
{
	if (!model_numbers_waiting(&engine->model) || !rg_dp_grace(engine->dp))
		return false;
	model_numbers_release(&engine->model);
	return true;
}

/* Model and kernel agree: what the kernel no longer refers to is given up. */
static void free_unused(struct rg_engine *engine)
{
	struct model *model = &engine->model;

	for (size_t i = 0; i < engine->pending.n_meetings; i++) {
		uint32_t number = engine->pending.meetings[i];

		if (!model->by_number[number])
			numbers_give_up(&model->numbers, number);
	}
	engine->n_endpoints = model->n_endpoints;
	shared_free_unused(engine);
	ufrags_free_unused(engine);
	rulings_sweep(&model->rulings);
	if (model_numbers_waiting(model) > WAITING_MAX)
		engine_grace(engine);
}

void engine_flush_done(struct rg_engine *engine)
{
	free_unused(engine);
	ufrags_flush_done(engine);
	pending_clear(&engine->pending);
}

static void model_reload(struct rg_engine *engine)
{
	struct rg_err err = { 0 };

	if (model_load(engine, &err)) {
		engine->broken = true;
		rg_log(RG_LOG_ERROR, "the store can not be read back: %s", err.detail);
		return;
	}
	/* of a ruling of another time the kernel has other numbers, which are about to be given up */
	for (uint32_t number = 1; number < engine->model.max_meetings; number++)
		if (engine->model.by_number[number])
			publish_meeting(engine, engine->model.by_number[number]);
}

/* Nothing was committed: the store still has what was, and so has the kernel. */
static void undo_staged(struct rg_engine *engine)
{
	rg_store_rollback(engine->store);
	geo_classes_undo(engine);
	model_reload(engine);
	ufrags_undo(engine);
	tally_load(engine, NULL);
	engine_flush_done(engine);
}

static int undo_write(struct rg_store *store, const struct undo *undo, struct rg_err *err)
{
	switch (undo->kind) {
	case UNDO_REVISION:
		return rg_store_meeting_revise(store, undo->name, undo->revision, err);
	case UNDO_REGION:
		return undo->body ? rg_store_doc_put(store, RG_STORE_REGION, undo->name, undo->revision,
						     undo->body, err)
				  : rg_store_doc_delete(store, RG_STORE_REGION, undo->name, err);
	case UNDO_ENDPOINT:
		return undo->body ? rg_store_endpoint_put(store, undo->name, undo->number, undo->revision,
							  undo->body, err)
				  : rg_store_endpoint_delete(store, undo->name, err);
	case UNDO_MEETING:
		break;
	}
	return undo->body ? rg_store_meeting_put(store, undo->name, undo->number, undo->revision,
						 undo->body, err)
			  : rg_store_meeting_delete(store, undo->name, err);
}

/* Committed, but the kernel refused a part, or only a part was committed: put back what was, in
 * store and kernel. */
static void undo_committed(struct rg_engine *engine)
{
	struct rg_err err = { 0 };
	int ret;

	rg_store_rollback(engine->store);
	ret = rg_store_begin(engine->store, &err);
	for (size_t i = engine->pending.n_undos; !ret && i-- > 0;)
		ret = undo_write(engine->store, &engine->pending.undos[i], &err);
	if (!ret)
		ret = geo_classes_undo_store(engine, &err);
	if (!ret)
		ret = ledger_undone(engine, &err);
	if (!ret)
		ret = ufrags_undo_store(engine, &err);
	if (!ret)
		ret = engine_commit(engine, &err);
	if (ret) {
		rg_store_rollback(engine->store);
		rg_log(RG_LOG_ERROR, "the store keeps a change that was to be undone: %s", err.detail);
	}
	model_reload(engine);
	if (!ret)
		ufrags_undo(engine);
	else if (ufrags_reload(engine, &err))
		engine->broken = true;
	tally_load(engine, NULL);
	if (engine_publish_back(engine, &err))
		rg_log(RG_LOG_ERROR, "the kernel's maps can not be put back: %s", err.detail);
	if (!ret)
		geo_classes_undo_kernel(engine);
	engine_flush_done(engine);
}

static int flush_commit(struct rg_engine *engine, struct geo_build *ret_build, struct rg_err *err)
{
	int ret = 0;

	if (engine->pending.geo)
		ret = geo_prepare(engine, ret_build, err);
	if (!ret && engine->pending.geo)
		ret = geo_check_networks(engine, ret_build, err);
	if (!ret) /* settled to make room, and nothing was staged since: none is begun */
		ret = rg_store_begin(engine->store, err);
	if (!ret)
		ret = ufrags_write_revisions(engine, err);
	return ret ? ret : engine_commit(engine, err);
}

/* Commit and publish; on failure all that is pending is undone. */
static int put_in_force(struct rg_engine *engine, struct rg_err *err)
{
	_cleanup_(geo_build_clear) struct geo_build build = { 0 };
	int ret = flush_commit(engine, &build, err);

	if (ret && !engine->pending.n_settled) {
		undo_staged(engine);
		return ret;
	}
	if (!ret)
		ret = engine_publish(engine, engine->pending.geo ? &build : NULL, err);
	if (ret)
		undo_committed(engine);
	return ret;
}

/* Custom regions may wait: undoing them would take another build of the table. */
static bool may_settle(const struct pending *pending)
{
	return pending->gives_up && !pending->geo && pending->n_settled < SETTLED_MAX;
}

bool engine_make_room(struct rg_engine *engine)
{
	struct pending *pending = &engine->pending;
	bool settled = may_settle(pending);
	struct rg_err err = { 0 };

	if (engine->failed.code)
		return false;
	if (settled) {
		if (put_in_force(engine, &err)) {
			engine->failed = err;
			return false;
		}
		free_unused(engine);
		pending->gives_up = false;
		pending->n_locals = pending->n_new = 0;
		pending->n_settled++;
	}
	return engine_grace(engine) || settled;
}

static int flush(struct rg_engine *engine, struct rg_err *err)
{
	int ret;

	if (engine->failed.code) {
		if (engine->pending.n_settled)
			undo_committed(engine);
		else
			undo_staged(engine);
		if (err)
			*err = engine->failed;
		engine->failed.code = RG_ERR_NONE;
		return -EIO;
	}
	if (!engine->pending.any) {
		rg_store_rollback(engine->store); /* begun by a call that then failed */
		return 0;
	}
	ret = put_in_force(engine, err);
	if (!ret) {
		events_of_flush(engine);
		engine_flush_done(engine);
	}
	return ret;
}

int rg_engine_flush(struct rg_engine *engine, struct rg_err *err)
{
	int ret = flush(engine, err);

	ledger_flush_later(engine);
	return ret;
}

void engine_settle(struct rg_engine *engine)
{
	struct rg_err err = { 0 };

	if (rg_engine_flush(engine, &err))
		engine->failed = err;
}

struct rg_dp *rg_engine_dp(struct rg_engine *engine)
{
	return engine->dp;
}

const char *rg_engine_meeting_id(struct rg_engine *engine, uint32_t number)
{
	const struct model *model = &engine->model;

	if (number >= model->max_meetings || !model->by_number[number])
		return "";
	return model->by_number[number]->spec->id;
}

const char *rg_engine_region_code(struct rg_engine *engine, unsigned int region)
{
	if (region >= rg_classes_count(engine->classes))
		return "unknown";
	return rg_classes_get(engine->classes, region)->label;
}
