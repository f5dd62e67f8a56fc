/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which meeting an ICE ufrag stands for: the model, and how it is published and undone. There may be
 * millions, so a turn's changes are undone one by one; nothing is read anew from the store. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "engine/engine_private.h"
#include "engine/ufrags_private.h"

int ufrags_init(struct ufrags *ufrags, const struct rg_dp_config *config, uint32_t max_meetings,
		struct rg_err *err)
{
	ufrags->max = config->max_ufrags ? config->max_ufrags : RG_UFRAGS_DEFAULT;
	ufrags->max_long = config->max_ufrags_long ? config->max_ufrags_long : RG_UFRAGS_LONG_DEFAULT;
	if (ufrags->max > RG_UFRAGS_CAP)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, NULL,
				  "the number of ufrags is not from 1 to %u", RG_UFRAGS_CAP);
	ufrags->at = calloc((size_t)ufrags->max + 1, sizeof(*ufrags->at));
	ufrags->of = calloc(max_meetings, sizeof(*ufrags->of));
	ufrags->by_key = rg_map_new();
	if (!ufrags->at || !ufrags->of || !ufrags->by_key || numbers_init(&ufrags->numbers, ufrags->max + 1))
		return engine_no_memory(err);
	return 0;
}

static void free_graves(struct ufrags *ufrags)
{
	while (ufrags->graves) {
		struct binding *binding = ufrags->graves;

		ufrags->graves = binding->next;
		free(binding);
	}
}

void ufrags_clear(struct ufrags *ufrags)
{
	for (uint32_t i = 1; ufrags->at && i <= ufrags->max; i++)
		free(ufrags->at[i]);
	free_graves(ufrags);
	numbers_clear(&ufrags->numbers);
	free(ufrags->at);
	free(ufrags->of);
	rg_map_free(ufrags->by_key);
	memset(ufrags, 0, sizeof(*ufrags));
}

static size_t key_size(const struct binding *binding)
{
	return offsetof(struct binding_key, text) + binding->length;
}

struct binding *ufrag_find(const struct ufrags *ufrags, uint32_t endpoint, const char *text)
{
	union { struct binding_key key; char bytes[sizeof(struct binding_key) + RG_UFRAG_MAX]; } wanted;
	size_t length = strlen(text);

	if (length > RG_UFRAG_MAX)
		return NULL;
	wanted.key.endpoint = (uint16_t)endpoint;
	memcpy(wanted.bytes + offsetof(struct binding_key, text), text, length);
	return rg_map_get(ufrags->by_key, wanted.bytes, offsetof(struct binding_key, text) + length);
}

struct binding *ufrag_new(uint32_t endpoint, const char *text)
{
	size_t length = strlen(text);
	struct binding *binding = calloc(1, sizeof(*binding) + length + 1);

	if (!binding)
		return NULL;
	binding->length = (uint16_t)length;
	binding->key.endpoint = (uint16_t)endpoint;
	memcpy(binding->key.text, text, length);
	return binding;
}

static bool is_long(const struct binding *binding)
{
	return binding->length > RG_UFRAG_SHORT_MAX;
}

/* Give it its number and make it to be found. Room in by_key is reserved. */
void ufrag_enter(struct ufrags *ufrags, struct binding *binding, uint32_t number)
{
	binding->number = number;
	binding->buried = false;
	ufrags->at[number] = binding;
	numbers_hold(&ufrags->numbers, number);
	ufrags->n++;
	ufrags->n_long += is_long(binding);
	rg_map_put(ufrags->by_key, &binding->key, key_size(binding), binding);
}

/* The reverse, but it keeps its number for an undo. */
static void bury(struct ufrags *ufrags, struct binding *binding)
{
	rg_map_remove(ufrags->by_key, &binding->key, key_size(binding));
	ufrags->at[binding->number] = NULL;
	ufrags->n--;
	ufrags->n_long -= is_long(binding);
	numbers_give_up(&ufrags->numbers, binding->number);
	binding->buried = true;
	binding->next = ufrags->graves;
	ufrags->graves = binding;
}

static void dig_up(struct ufrags *ufrags, struct binding *binding)
{
	struct binding **link = &ufrags->graves;

	while (*link != binding)
		link = &(*link)->next;
	*link = binding->next;
	ufrag_enter(ufrags, binding, binding->number);
}

void ufrag_move(struct ufrags *ufrags, struct binding *binding, uint32_t meeting)
{
	struct bound *bound = &ufrags->of[binding->meeting];

	if (binding->meeting) {
		*binding->link = binding->next;
		if (binding->next)
			binding->next->link = binding->link;
		else
			bound->tail = binding->link;
		bound->n--;
		ufrags->of_endpoint[binding->key.endpoint]--;
	}
	binding->meeting = meeting;
	if (!meeting)
		return;
	bound = &ufrags->of[meeting];
	if (!bound->first)
		bound->tail = &bound->first;
	binding->next = NULL;
	binding->link = bound->tail;
	*bound->tail = binding;
	bound->tail = &binding->next;
	bound->n++;
	ufrags->of_endpoint[binding->key.endpoint]++;
}

static int load_ufrag(void *arg, const struct rg_store_ufrag *ufrag, struct rg_err *err)
{
	struct rg_engine *engine = arg;
	struct model *model = &engine->model;
	struct ufrags *ufrags = &model->ufrags;
	struct binding *binding;
	const char *wrong = NULL;

	if (ufrag->binding < 1 || ufrag->binding > ufrags->max)
		return rg_err_set(err, -ENOSPC, RG_ERR_FULL, NULL,
				  "the store has a ufrag with number %u, but there is room for %u only",
				  ufrag->binding, ufrags->max);
	if (ufrag->meeting < 1 || ufrag->meeting >= model->max_meetings || !model->by_number[ufrag->meeting])
		wrong = "of a meeting that it has not";
	else if (ufrag->endpoint < 1 || ufrag->endpoint >= RG_SHARED_MAX || !model->shared_at[ufrag->endpoint])
		wrong = "of an endpoint that it has not";
	else if (rg_ufrag_check(ufrag->text, NULL))
		wrong = "that is none";
	else if (ufrag_find(ufrags, ufrag->endpoint, ufrag->text))
		wrong = "twice";
	if (wrong)
		return rg_err_set(err, -EINVAL, RG_ERR_STORE, NULL, "the store has ufrag %u %s",
				  ufrag->binding, wrong);
	if (rg_map_reserve(ufrags->by_key, 1))
		return engine_no_memory(err);
	binding = ufrag_new(ufrag->endpoint, ufrag->text);
	if (!binding)
		return engine_no_memory(err);
	ufrag_enter(ufrags, binding, ufrag->binding);
	ufrag_move(ufrags, binding, ufrag->meeting);
	return 0;
}

int ufrags_load(struct rg_engine *engine, struct rg_err *err)
{
	struct ufrags *ufrags = &engine->model.ufrags;
	int ret = rg_store_ufrags(engine->store, load_ufrag, engine, err);

	if (!ret && ufrags->n_long > ufrags->max_long)
		return rg_err_set(err, -ENOSPC, RG_ERR_FULL, NULL,
				  "the store has %u ufrags of more than %d characters, but there is room for %u only",
				  ufrags->n_long, RG_UFRAG_SHORT_MAX, ufrags->max_long);
	return ret;
}

static int by_number(const void *a, const void *b)
{
	const struct binding *const *x = a, *const *y = b;

	return ((*x)->number > (*y)->number) - ((*x)->number < (*y)->number);
}

json_t *ufrags_json(const struct rg_engine *engine, uint32_t meeting)
{
	const struct model *model = &engine->model;
	const struct bound *bound = &model->ufrags.of[meeting];
	_cleanup_(rg_freep) const struct binding **sorted = calloc(bound->n + 1, sizeof(*sorted));
	json_t *list = sorted ? json_array() : NULL;
	size_t n = 0;

	if (!list)
		return NULL;
	for (const struct binding *b = bound->first; b; b = b->next)
		sorted[n++] = b;
	qsort(sorted, n, sizeof(*sorted), by_number); /* as after a restart */
	for (size_t i = 0; i < n; i++) {
		const struct binding_key *key = &sorted[i]->key;
		json_t *item = json_pack("{s:s, s:s}", "endpoint", model->shared_at[key->endpoint]->spec.name,
					 "ufrag", key->text);

		if (json_array_append_new(list, item)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

int ufrags_pend_all(struct rg_engine *engine, struct rg_err *err)
{
	struct pending *pending = &engine->pending;
	const struct ufrags *ufrags = &engine->model.ufrags;
	int ret = engine_grow(&pending->ufrags, &pending->max_ufrags, pending->n_ufrags + ufrags->n,
			      sizeof(*pending->ufrags), err);

	for (uint32_t i = 1; !ret && i <= ufrags->max; i++)
		if (ufrags->at[i])
			pending->ufrags[pending->n_ufrags++] = (struct ufrag_undo){ .binding = ufrags->at[i] };
	return ret;
}

int ufrags_publish(struct rg_engine *engine, struct rg_err *err)
{
	const struct pending *pending = &engine->pending;

	for (size_t i = 0; i < pending->n_ufrags; i++) {
		struct binding *binding = pending->ufrags[i].binding;
		int ret;

		if (!binding->meeting || binding->published == binding->meeting)
			continue;
		ret = rg_dp_ufrag_set(engine->dp, binding->key.endpoint, binding->key.text, binding->length,
				      binding->number, binding->meeting, err);
		if (ret)
			return ret;
		binding->published = binding->meeting;
	}
	return 0;
}

static void clear_published(struct rg_engine *engine, struct binding *binding)
{
	rg_dp_ufrag_clear(engine->dp, binding->key.endpoint, binding->key.text, binding->length,
			  binding->number);
	binding->published = 0;
}

void ufrags_clear_gone(struct rg_engine *engine)
{
	const struct pending *pending = &engine->pending;

	for (size_t i = 0; i < pending->n_ufrags; i++) {
		struct binding *binding = pending->ufrags[i].binding;

		if (!binding->meeting && binding->published)
			clear_published(engine, binding);
	}
}

void ufrags_free_unused(struct rg_engine *engine)
{
	const struct pending *pending = &engine->pending;

	for (size_t i = 0; i < pending->n_ufrags; i++) {
		struct binding *binding = pending->ufrags[i].binding;

		if (!binding->meeting && !binding->published && !binding->buried)
			bury(&engine->model.ufrags, binding);
	}
}

int ufrags_write_revisions(struct rg_engine *engine, struct rg_err *err)
{
	const struct pending *pending = &engine->pending;
	int ret = 0;

	for (size_t i = 0; !ret && i < pending->n_revised; i++) {
		const struct meeting *meeting = engine->model.by_number[pending->revised[i]];

		if (meeting)
			ret = rg_store_meeting_revise(engine->store, meeting->spec->id, meeting->revision, err);
	}
	return ret;
}

int ufrags_undo_store(struct rg_engine *engine, struct rg_err *err)
{
	const struct pending *pending = &engine->pending;
	int ret = 0;

	for (size_t i = pending->n_ufrags; !ret && i-- > 0;) {
		const struct binding *binding = pending->ufrags[i].binding;
		struct rg_store_ufrag ufrag = {
			.binding = binding->number,
			.endpoint = binding->key.endpoint,
			.meeting = pending->ufrags[i].before,
			.text = binding->key.text,
		};

		ret = ufrag.meeting ? rg_store_ufrag_put(engine->store, &ufrag, err)
				    : rg_store_ufrag_delete(engine->store, ufrag.binding, err);
	}
	return ret;
}

/* In reverse order: what took a number later gives it back, in the kernel too, before it is taken
 * again. Room in by_key is there, since all of these were in it at a time. */
void ufrags_undo(struct rg_engine *engine)
{
	struct ufrags *ufrags = &engine->model.ufrags;
	const struct pending *pending = &engine->pending;

	for (size_t i = pending->n_ufrags; i-- > 0;) {
		struct binding *binding = pending->ufrags[i].binding;
		uint32_t before = pending->ufrags[i].before;

		if (binding->buried && before)
			dig_up(ufrags, binding);
		if (binding->buried)
			continue;
		ufrag_move(ufrags, binding, before);
		if (!pending->ufrags[i].entered)
			continue;
		if (binding->published)
			clear_published(engine, binding);
		bury(ufrags, binding);
	}
}

int ufrags_reload(struct rg_engine *engine, struct rg_err *err)
{
	struct ufrags *ufrags = &engine->model.ufrags;
	struct pending *pending = &engine->pending;

	for (size_t i = 0; i < pending->n_ufrags; i++)
		if (pending->ufrags[i].binding->published)
			clear_published(engine, pending->ufrags[i].binding);
	pending->n_ufrags = 0;
	for (uint32_t i = 1; i <= ufrags->max; i++) {
		struct binding *binding = ufrags->at[i];

		if (!binding)
			continue;
		ufrag_move(ufrags, binding, 0);
		bury(ufrags, binding);
	}
	free_graves(ufrags);
	return ufrags_load(engine, err) ?: ufrags_pend_all(engine, err);
}

void ufrags_flush_done(struct rg_engine *engine)
{
	struct ufrags *ufrags = &engine->model.ufrags;

	for (size_t i = 0; i < engine->pending.n_revised; i++) {
		struct meeting *meeting = engine->model.by_number[engine->pending.revised[i]];

		if (meeting)
			meeting->revised = false;
	}
	free_graves(ufrags);
}
