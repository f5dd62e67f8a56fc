/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests that bind and unbind ufrags: checks, then store and model. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "engine/ufrags_private.h"
#include "policy/json_util.h"

/* How many further bindings there is room for, and how many of them may be long. */
struct room {
	uint32_t n, n_long;
};

static struct room room_left(const struct ufrags *ufrags)
{
	return (struct room){ ufrags->max - ufrags->n - ufrags->numbers.n_waiting, ufrags->max_long - ufrags->n_long };
}

static int room_take(const struct ufrags *ufrags, struct room *room, const char *text, struct rg_err *err)
{
	bool is_long = strlen(text) > RG_UFRAG_SHORT_MAX;

	if (!room->n)
		return rg_err_set(err, -ENOSPC, RG_ERR_FULL, "", "all %u ufrags are in use", ufrags->max);
	if (is_long && !room->n_long)
		return rg_err_set(err, -ENOSPC, RG_ERR_FULL, "",
				  "all %u ufrags of more than %d characters are in use", ufrags->max_long,
				  RG_UFRAG_SHORT_MAX);
	room->n--;
	room->n_long -= is_long;
	return 0;
}

static int no_endpoint(const char *name, struct rg_err *err)
{
	char quoted[RG_QUOTE_MAX];

	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/endpoint", "there is no shared endpoint '%s'",
			  rg_json_quote(name, quoted));
}

/* Can a meeting (number 0: a new one) have this ufrag? @ret is its binding, NULL if it is new. */
static int check_one(const struct rg_engine *engine, const char *endpoint, const char *text, uint32_t meeting,
		     const struct shared **ret_shared, struct binding **ret, struct rg_err *err)
{
	const struct model *model = &engine->model;
	const struct shared *shared = model_shared(model, endpoint);
	char quoted[RG_QUOTE_MAX];
	struct binding *binding;
	int r;

	if (!shared)
		return no_endpoint(endpoint, err);
	r = rg_ufrag_check(text, err);
	if (!r)
		r = rg_ufrag_check_prefix(text, &shared->spec, err);
	if (r) {
		rg_err_prefix(err, "/ufrag");
		return r;
	}
	binding = ufrag_find(&model->ufrags, shared->number, text);
	if (binding && binding->meeting && binding->meeting != meeting)
		return rg_err_set(err, -EEXIST, RG_ERR_CONFLICT, "/ufrag",
				  "the ufrag '%s' of the endpoint '%s' is held by meeting '%s'",
				  rg_json_quote(text, quoted), endpoint,
				  model->by_number[binding->meeting]->spec->id);
	*ret_shared = shared;
	*ret = binding;
	return 0;
}

static int check_all(struct rg_engine *engine, const struct rg_meeting_spec *spec, uint32_t meeting,
		     bool *ret_differs, struct rg_err *err)
{
	struct room room = room_left(&engine->model.ufrags);
	size_t n_kept = 0;

	for (size_t i = 0; i < spec->n_ufrags; i++) {
		const struct rg_ufrag_spec *ufrag = &spec->ufrags[i];
		const struct shared *shared;
		struct binding *binding = NULL;
		int ret = check_one(engine, ufrag->endpoint, ufrag->text, meeting, &shared, &binding, err);

		if (!ret && !binding)
			ret = room_take(&engine->model.ufrags, &room, ufrag->text, err);
		if (ret) {
			rg_err_prefix(err, "/ufrags/%zu", i);
			return ret;
		}
		n_kept += binding && binding->meeting;
	}
	*ret_differs = n_kept != spec->n_ufrags || (meeting && n_kept != engine->model.ufrags.of[meeting].n);
	return 0;
}

/* Room for that many changes: after it only the store can fail. */
static int reserve(struct rg_engine *engine, size_t n, struct rg_err *err)
{
	struct pending *pending = &engine->pending;
	int ret = engine_grow(&pending->ufrags, &pending->max_ufrags, pending->n_ufrags + n,
			      sizeof(*pending->ufrags), err);

	if (!ret && rg_map_reserve(engine->model.ufrags.by_key, n))
		ret = engine_no_memory(err);
	return ret;
}

int ufrags_check(struct rg_engine *engine, const struct rg_meeting_spec *spec, uint32_t meeting,
		 bool *ret_differs, struct rg_err *err)
{
	struct rg_err why = { 0 };
	int ret = check_all(engine, spec, meeting, ret_differs, &why);

	if (ret == -ENOSPC && engine_make_room(engine))
		ret = check_all(engine, spec, meeting, ret_differs, &why);
	if (ret && err)
		*err = why;
	return ret ? ret : reserve(engine, spec->n_ufrags + (meeting ? engine->model.ufrags.of[meeting].n : 0), err);
}

/* In the store, then in the model. Room is reserved. */
static int set_meeting(struct rg_engine *engine, struct binding *binding, uint32_t meeting, struct rg_err *err)
{
	struct pending *pending = &engine->pending;
	struct rg_store_ufrag ufrag = { .binding = binding->number, .endpoint = binding->key.endpoint,
					.meeting = meeting, .text = binding->key.text };
	int ret = meeting ? rg_store_ufrag_put(engine->store, &ufrag, err)
			  : rg_store_ufrag_delete(engine->store, ufrag.binding, err);

	if (ret)
		return ret;
	pending->ufrags[pending->n_ufrags++] = (struct ufrag_undo){ .binding = binding, .before = binding->meeting };
	pending->any = true;
	pending->gives_up |= !meeting;
	ufrag_move(&engine->model.ufrags, binding, meeting);
	return 0;
}

/* Bind a ufrag that was checked. @binding: the one that it has had, or NULL. */
static int bind(struct rg_engine *engine, uint32_t endpoint, const char *text, struct binding *binding,
		uint32_t meeting, struct rg_err *err)
{
	struct ufrags *ufrags = &engine->model.ufrags;
	struct pending *pending = &engine->pending;
	bool is_new = !binding;
	int ret;

	if (is_new) {
		binding = ufrag_new(endpoint, text);
		if (!binding)
			return engine_no_memory(err);
		ufrag_enter(ufrags, binding, numbers_next(&ufrags->numbers));
	}
	ret = set_meeting(engine, binding, meeting, err);
	if (ret && is_new) /* the turn is lost: let its undo take it out again */
		pending->ufrags[pending->n_ufrags++] = (struct ufrag_undo){ .binding = binding };
	if (is_new)
		pending->ufrags[pending->n_ufrags - 1].entered = true;
	return ret;
}

static int put_one(struct rg_engine *engine, const struct rg_ufrag_spec *ufrag, uint32_t meeting,
		   struct rg_err *err)
{
	struct ufrags *ufrags = &engine->model.ufrags;
	const struct shared *shared = model_shared(&engine->model, ufrag->endpoint);
	struct binding *binding = ufrag_find(ufrags, shared->number, ufrag->text);
	int ret = 0;

	if (!binding || !binding->meeting)
		ret = bind(engine, shared->number, ufrag->text, binding, meeting, err);
	if (!ret)
		ufrag_find(ufrags, shared->number, ufrag->text)->mark = ufrags->mark;
	return ret;
}

int ufrags_put(struct rg_engine *engine, const struct rg_meeting_spec *spec, uint32_t meeting,
	       struct rg_err *err)
{
	struct ufrags *ufrags = &engine->model.ufrags;
	struct binding *binding, *next;
	int ret = 0;

	ufrags->mark++;
	for (size_t i = 0; !ret && i < spec->n_ufrags; i++)
		ret = put_one(engine, &spec->ufrags[i], meeting, err);
	for (binding = ufrags->of[meeting].first; !ret && binding; binding = next) {
		next = binding->next;
		if (binding->mark != ufrags->mark)
			ret = set_meeting(engine, binding, 0, err);
	}
	return ret ? engine_doom(engine, ret, err) : 0;
}

int ufrags_drop(struct rg_engine *engine, uint32_t meeting, struct rg_err *err)
{
	struct bound *bound = &engine->model.ufrags.of[meeting];
	int ret = reserve(engine, bound->n, err);

	while (!ret && bound->first)
		ret = set_meeting(engine, bound->first, 0, err);
	return ret ? engine_doom(engine, ret, err) : 0;
}

/* Room to revise a meeting; after it only the store can fail. */
static int revise_reserve(struct rg_engine *engine, struct rg_err *err)
{
	struct pending *pending = &engine->pending;
	int ret = pending_reserve(pending, 0, err);

	return ret ? ret : engine_grow(&pending->revised, &pending->max_revised, pending->n_revised + 1,
				       sizeof(*pending->revised), err);
}

/* The body stays, so one row and one entry of the ledger are written for all such changes of a turn
 * (ufrags_write_revisions()). */
static int revise(struct rg_engine *engine, struct meeting *meeting, struct rg_err *err)
{
	struct pending *pending = &engine->pending;

	if (!meeting->revised) {
		json_t *detail = json_pack("{s:I}", "bound", (json_int_t)engine->model.ufrags.of[meeting->number].n);
		int ret = engine_ledger(engine, RG_LEDGER_UFRAGS, meeting->spec->id, detail, err);

		if (ret)
			return ret;
		pending_undo(pending, UNDO_REVISION, meeting->spec->id, NULL, meeting->number, meeting->revision);
		pending_meeting(pending, meeting->number);
		pending->revised[pending->n_revised++] = meeting->number;
		meeting->revised = true;
	}
	meeting->revision = ++engine->revision;
	return 0;
}

static int no_meeting(const char *id, struct rg_err *err)
{
	char quoted[RG_QUOTE_MAX];

	return rg_err_set(err, -ENOENT, RG_ERR_NOT_FOUND, NULL, "there is no meeting '%s'",
			  rg_json_quote(id, quoted));
}

/* The meeting may be another struct, or gone, once room was made by a flush that failed. */
static int check_bind(struct rg_engine *engine, const char *id, const char *endpoint, const char *text,
		      struct meeting **ret, const struct shared **ret_shared, struct binding **ret_binding,
		      struct rg_err *err)
{
	struct room room = room_left(&engine->model.ufrags);
	int r;

	*ret = model_meeting(&engine->model, id);
	if (!*ret)
		return no_meeting(id, err);
	r = check_one(engine, endpoint, text, (*ret)->number, ret_shared, ret_binding, err);
	if (!r && !*ret_binding)
		r = room_take(&engine->model.ufrags, &room, text, err);
	return r;
}

static int stage_bind(struct rg_engine *engine, struct meeting *meeting, uint32_t endpoint, const char *text,
		      struct binding *binding, struct rg_err *err)
{
	int ret = reserve(engine, 1, err);

	if (!ret)
		ret = revise_reserve(engine, err);
	if (!ret)
		ret = engine_stage_begin(engine, err);
	if (ret)
		return ret;
	ret = bind(engine, endpoint, text, binding, meeting->number, err);
	return ret ? engine_doom(engine, ret, err) : revise(engine, meeting, err);
}

int rg_engine_ufrag_bind(struct rg_engine *engine, const char *id, const char *endpoint, const char *text,
			 uint64_t if_match, bool *ret_created, uint64_t *ret_revision, struct rg_err *err)
{
	struct meeting *meeting;
	const struct shared *shared;
	struct binding *binding = NULL;
	struct rg_err why = { 0 };
	bool created;
	int ret = check_bind(engine, id, endpoint, text, &meeting, &shared, &binding, &why);

	if (ret == -ENOSPC && engine_make_room(engine))
		ret = check_bind(engine, id, endpoint, text, &meeting, &shared, &binding, &why);
	if (ret && err)
		*err = why;
	if (!ret)
		ret = engine_precondition(true, meeting->revision, if_match, err);
	created = !ret && (!binding || !binding->meeting);
	if (created)
		ret = stage_bind(engine, meeting, shared->number, text, binding, err);
	if (ret)
		return ret;
	if (ret_created)
		*ret_created = created;
	if (ret_revision)
		*ret_revision = meeting->revision;
	return 0;
}

int rg_engine_ufrag_unbind(struct rg_engine *engine, const char *id, const char *endpoint, const char *text,
			   uint64_t if_match, uint64_t *ret_revision, struct rg_err *err)
{
	struct meeting *meeting = model_meeting(&engine->model, id);
	const struct shared *shared = model_shared(&engine->model, endpoint);
	struct binding *binding;
	char quoted[RG_QUOTE_MAX];
	int ret;

	if (!meeting)
		return no_meeting(id, err);
	if (!shared)
		return no_endpoint(endpoint, err);
	binding = ufrag_find(&engine->model.ufrags, shared->number, text);
	if (!binding || binding->meeting != meeting->number)
		return rg_err_set(err, -ENOENT, RG_ERR_NOT_FOUND, NULL,
				  "the meeting '%s' does not hold the ufrag '%s' of the endpoint '%s'", id,
				  rg_json_quote(text, quoted), endpoint);
	ret = engine_precondition(true, meeting->revision, if_match, err);
	if (!ret)
		ret = reserve(engine, 1, err);
	if (!ret)
		ret = revise_reserve(engine, err);
	if (!ret)
		ret = engine_stage_begin(engine, err);
	if (!ret)
		ret = set_meeting(engine, binding, 0, err);
	if (!ret)
		ret = revise(engine, meeting, err);
	if (ret)
		return ret;
	if (ret_revision)
		*ret_revision = meeting->revision;
	return 0;
}
