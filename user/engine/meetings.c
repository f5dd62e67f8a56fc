/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "engine/engine_private.h"
#include "engine/tally.h"
#include "policy/json_util.h"

int meeting_not_found(const char *id, struct rg_err *err)
{
	char quoted[RG_QUOTE_MAX];

	return rg_err_set(err, -ENOENT, RG_ERR_NOT_FOUND, NULL, "there is no meeting '%s'",
			  rg_json_quote(id, quoted));
}

/* The canonical body as the store keeps it: its ufrags have a table of their own. */
static char *body_text(const struct rg_meeting_spec *spec)
{
	struct rg_meeting_spec stored = *spec;

	stored.n_ufrags = 0;
	return rg_meeting_to_text(&stored);
}

static int check_regions(const struct rg_engine *engine, const struct rg_meeting_spec *spec,
			 struct rg_err *err)
{
	char pointer[64];

	for (size_t i = 0; i < spec->n_rules; i++) {
		const struct rg_rule *rule = &spec->rules[i];

		for (size_t j = 0; j < rule->n_regions; j++) {
			const struct rg_region_spec *region = &rule->regions[j];

			if (region->kind != RG_REGION_CUSTOM || model_custom(&engine->model, region->name))
				continue;
			snprintf(pointer, sizeof(pointer), "/rules/%zu/regions/%zu", i, j);
			return rg_err_set(err, -EINVAL, RG_ERR_INVALID, pointer,
					  "there is no custom region '%s'", region->name);
		}
	}
	return 0;
}

static const struct endpoint *overlapping(const struct model *model, const struct rg_endpoint_key *key,
					  const struct meeting *self)
{
	int proto = key->protocol == IPPROTO_TCP ? RG_PROTO_TCP : RG_PROTO_UDP;

	for (const struct endpoint *e = model->ports->first[proto][key->port]; e; e = e->next)
		if (e->meeting != self && rg_addr_overlap(&e->key.address, &key->address))
			return e;
	return NULL;
}

int model_endpoints_free(const struct model *model, const struct rg_meeting_spec *spec, const struct meeting *self,
			 struct rg_err *err)
{
	char pointer[48], text[RG_ADDR_TEXT_MAX];

	for (size_t i = 0; i < spec->n_endpoints; i++) {
		struct rg_endpoint_key key = endpoint_key(&spec->endpoints[i]);
		const struct endpoint *other = overlapping(model, &key, self);
		const struct shared *shared = model_shared_overlap(model, &key);
		const struct rg_addr *address;

		if (!shared && !other)
			continue;
		snprintf(pointer, sizeof(pointer), "/endpoints/%zu", i);
		if (shared)
			return rg_err_set(err, -EEXIST, RG_ERR_CONFLICT, pointer,
					  "port %u %s belongs to the shared endpoint '%s', so meeting '%s' can not have it as its own",
					  key.port, key.protocol == IPPROTO_TCP ? "tcp" : "udp",
					  shared->spec.name, spec->id);
		address = &other->key.address;
		return rg_err_set(err, -EEXIST, RG_ERR_CONFLICT, pointer,
				  "the endpoint %s port %u %s is held by meeting '%s', so meeting '%s' can not have it",
				  rg_addr_is_any(address) ? "any" : rg_addr_format(address, text),
				  key.port, key.protocol == IPPROTO_TCP ? "tcp" : "udp",
				  other->meeting->spec->id, spec->id);
	}
	return 0;
}

static bool address_listed(const struct rg_addr *list, size_t n, const struct rg_addr *address)
{
	for (size_t i = 0; i < n; i++)
		if (!rg_addr_cmp(&list[i], address))
			return true;
	return false;
}

int engine_local_room(struct rg_engine *engine, const struct rg_addr *address, size_t *n, struct rg_err *err)
{
	struct rg_addr *locals = engine->pending.locals;
	size_t room = rg_dp_locals_free(engine->dp);

	if (rg_addr_is_any(address) || rg_dp_local_known(engine->dp, address) ||
	    address_listed(locals, *n, address))
		return 0;
	if (*n >= (room < RG_LOCALS_MAX ? room : RG_LOCALS_MAX))
		return rg_err_set(err, -ENOSPC, RG_ERR_FULL, "/address",
				  "there is no room for one more local address with endpoints");
	locals[(*n)++] = *address;
	return 0;
}

/* Room for the local addresses that neither the kernel nor an earlier call of this turn
 * has. @ret_n: how many of pending.locals are in use once the call is staged. */
static int check_locals(struct rg_engine *engine, const struct rg_meeting_spec *spec, size_t *ret_n,
			struct rg_err *err)
{
	size_t n = engine->pending.n_locals;

	for (size_t i = 0; i < spec->n_endpoints; i++) {
		int ret = engine_local_room(engine, &spec->endpoints[i].address, &n, err);

		if (ret) {
			rg_err_prefix(err, "/endpoints/%zu", i);
			return ret;
		}
	}
	*ret_n = n;
	return 0;
}

/* Keys are set before others are cleared, so what goes makes room only once that is done. */
static int check_room(const struct rg_engine *engine, const struct rg_meeting_spec *spec,
		      struct rg_err *err)
{
	size_t n = engine->n_endpoints + engine->pending.n_new;
	char pointer[48];

	for (size_t i = 0; i < spec->n_endpoints; i++) {
		struct rg_endpoint_key key = endpoint_key(&spec->endpoints[i]);

		if (model_endpoint(&engine->model, &key) || n++ < engine->max_endpoints)
			continue;
		snprintf(pointer, sizeof(pointer), "/endpoints/%zu", i);
		return rg_err_set(err, -ENOSPC, RG_ERR_FULL, pointer,
				  "all %u endpoints are in use", engine->max_endpoints);
	}
	return 0;
}

/* A body that was found acceptable, with all that staging it needs. */
struct staging {
	struct meeting *meeting; /* not in the model yet */
	struct ruling ruling;
	char *body, *old_body;
	size_t n_locals;
};

static void staging_clear(struct staging *staging)
{
	meeting_free(staging->meeting);
	free(staging->body);
	free(staging->old_body);
}

/* Takes @spec on success. */
static int prepare(struct rg_engine *engine, struct rg_meeting_spec **spec, const struct meeting *old,
		   struct staging *staging, struct rg_err *err)
{
	size_t n_keys = (*spec)->n_endpoints + (old ? old->spec->n_endpoints : 0);
	uint32_t number = old ? old->number : numbers_next(&engine->model.numbers);
	int ret;

	if (!number)
		return rg_err_set(err, -ENOSPC, RG_ERR_FULL, NULL,
				  "all %u meetings are in use", engine->model.max_meetings - 1);
	ret = check_locals(engine, *spec, &staging->n_locals, err);
	if (!ret)
		ret = check_room(engine, *spec, err);
	if (!ret)
		ret = pending_reserve(&engine->pending, n_keys, err);
	if (!ret && rg_map_reserve(engine->model.by_id, 1))
		ret = engine_no_memory(err);
	if (!ret)
		ret = ruling_of(&engine->model.rulings, *spec, rg_engine_now(engine), &staging->ruling, err);
	if (!ret)
		ret = meeting_new(*spec, &staging->meeting, err);
	if (ret)
		return ret;
	*spec = NULL;
	staging->meeting->number = number;
	staging->meeting->revision = engine->revision + 1;
	return 0;
}

/* The store has it: now the model, which can not fail. */
static void apply(struct rg_engine *engine, struct meeting *old, struct staging *staging)
{
	struct meeting *meeting = TAKE_PTR(staging->meeting);
	struct pending *pending = &engine->pending;

	engine->revision = meeting->revision;
	engine->narrowed.stale |= engine->narrowed.n > 0;
	pending->n_locals = staging->n_locals;
	pending_undo(pending, UNDO_MEETING, meeting->spec->id, TAKE_PTR(staging->old_body),
		     meeting->number, old ? old->revision : 0);
	pending_meeting(pending, meeting->number);
	for (size_t i = 0; i < meeting->spec->n_endpoints; i++) {
		if (model_endpoint(&engine->model, &meeting->endpoints[i].key))
			continue; /* ours already: nobody else's, that would be a conflict */
		pending_key(pending, &meeting->endpoints[i].key);
		pending->n_new++;
	}
	if (old) {
		if (engine_site_refuses(engine, meeting->spec) && !engine_site_refuses(engine, old->spec))
			site_begins(engine, meeting);
		model_unlink(&engine->model, old);
		pending->gives_up = true;
	}
	model_link(&engine->model, meeting, &staging->ruling);
	for (size_t i = 0; old && i < old->spec->n_endpoints; i++)
		if (!model_endpoint(&engine->model, &old->endpoints[i].key))
			pending_key(pending, &old->endpoints[i].key);
	meeting_free(old);
}

/* What this turn gives up makes room, if need be. */
static int prepare_with_room(struct rg_engine *engine, struct rg_meeting_spec **spec,
			     const struct meeting *old, struct staging *staging, struct rg_err *err)
{
	struct rg_err why = { 0 };
	int ret = prepare(engine, spec, old, staging, &why);

	if (ret == -ENOSPC && engine_make_room(engine))
		return prepare(engine, spec, old, staging, err);
	if (ret && err)
		*err = why;
	return ret;
}

int meeting_check(struct rg_engine *engine, const struct rg_meeting_spec *spec, const struct meeting *old,
		  bool record, struct rg_err *err)
{
	int ret = check_regions(engine, spec, err);

	if (!ret)
		ret = model_endpoints_free(&engine->model, spec, old, err);
	return ret ? ret : guard_check(engine, spec, old ? old->spec : NULL, record, err);
}

static int stage(struct rg_engine *engine, struct rg_meeting_spec **spec, struct meeting *old,
		 struct staging *staging, struct rg_err *err)
{
	struct meeting *meeting;
	int ret = meeting_check(engine, *spec, old, true, err);

	if (!ret)
		ret = prepare_with_room(engine, spec, old, staging, err);
	if (!ret)
		ret = engine_stage_begin(engine, err);
	if (!ret)
		ret = rg_store_meeting_put(engine->store, staging->meeting->spec->id,
					   staging->meeting->number, staging->meeting->revision,
					   staging->body, err);
	if (!ret)
		ret = old ? tally_close(engine, old, false, err) : 0;
	if (!ret)
		ret = engine_ledger_meeting(engine, old, staging->meeting, staging->ruling.policy, err);
	if (!ret)
		ret = guard_ledger(engine, staging->meeting->spec, old ? old->spec : NULL, err);
	if (ret)
		return ret;
	meeting = staging->meeting;
	apply(engine, old, staging);
	ret = ufrags_put(engine, meeting->spec, meeting->number, err);
	rg_ufrags_free(meeting->spec->ufrags, meeting->spec->n_ufrags); /* the model has its own */
	meeting->spec->ufrags = NULL;
	meeting->spec->n_ufrags = 0;
	return ret;
}

int rg_engine_meeting_put_spec(struct rg_engine *engine, struct rg_meeting_spec *taken, uint64_t if_match,
			       bool *ret_created, uint64_t *ret_revision, struct rg_err *err)
{
	_cleanup_(rg_meeting_freep) struct rg_meeting_spec *spec = taken;
	_cleanup_(staging_clear) struct staging staging = { 0 };
	bool created, differs = false;
	uint64_t revision;
	struct meeting *old;
	int ret;

	if (engine->pending.geo && guard_needs_table(spec))
		engine_settle(engine); /* so that it is known where custom regions lie */
	old = model_meeting(&engine->model, spec->id);
	created = !old;
	ret = engine_precondition(old, old ? old->revision : 0, if_match, err);
	if (!ret)
		ret = ufrags_check(engine, spec, old ? old->number : 0, &differs, err);
	if (ret)
		return ret;
	staging.body = body_text(spec);
	staging.old_body = old ? body_text(old->spec) : NULL;
	if (!staging.body || (old && !staging.old_body))
		return engine_no_memory(err);
	revision = old ? old->revision : 0;
	if (!old || differs || strcmp(staging.body, staging.old_body)) {
		ret = stage(engine, &spec, old, &staging, err); /* frees @old */
		revision = engine->revision;
	}
	if (ret)
		return ret;
	if (ret_created)
		*ret_created = created;
	if (ret_revision)
		*ret_revision = revision;
	return 0;
}

int rg_engine_meeting_put(struct rg_engine *engine, const char *id, const json_t *body,
			  uint64_t if_match, bool *ret_created, uint64_t *ret_revision, struct rg_err *err)
{
	struct rg_meeting_spec *spec;
	int ret = rg_meeting_parse(body, id, &spec, err);

	return ret ? ret : rg_engine_meeting_put_spec(engine, spec, if_match, ret_created, ret_revision, err);
}

/* RFC 7396. New reference. */
static json_t *merge(const json_t *target, const json_t *patch)
{
	json_t *result, *value;
	const char *field;

	if (!json_is_object(patch))
		return json_deep_copy(patch);
	result = json_is_object(target) ? json_copy((json_t *)target) : json_object();
	json_object_foreach((json_t *)patch, field, value) {
		if (json_is_null(value))
			json_object_del(result, field);
		else
			json_object_set_new(result, field, merge(json_object_get(result, field), value));
	}
	return result;
}

int rg_engine_meeting_patch(struct rg_engine *engine, const char *id, const json_t *patch,
			    uint64_t if_match, uint64_t *ret_revision, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *body = NULL, *merged = NULL;
	int ret = rg_engine_meeting_get(engine, id, &body, NULL, err);

	if (ret)
		return ret;
	merged = merge(body, patch);
	if (!merged)
		return engine_no_memory(err);
	return rg_engine_meeting_put(engine, id, merged, if_match, NULL, ret_revision, err);
}

int rg_engine_meeting_delete(struct rg_engine *engine, const char *id, uint64_t if_match, struct rg_err *err)
{
	struct meeting *meeting = model_meeting(&engine->model, id);
	_cleanup_(rg_freep) char *body = NULL;
	int ret;

	if (!meeting)
		return meeting_not_found(id, err);
	ret = engine_precondition(true, meeting->revision, if_match, err);
	if (!ret)
		ret = pending_reserve(&engine->pending, meeting->spec->n_endpoints, err);
	if (!ret) {
		body = body_text(meeting->spec);
		ret = body ? engine_stage_begin(engine, err) : engine_no_memory(err);
	}
	if (!ret)
		ret = ufrags_drop(engine, meeting->number, err);
	if (!ret) {
		ret = rg_store_meeting_delete(engine->store, meeting->spec->id, err);
		if (ret && engine->pending.n_ufrags)
			engine_doom(engine, ret, err);
	}
	if (!ret)
		ret = tally_close(engine, meeting, true, err);
	if (!ret)
		ret = engine_ledger_meeting(engine, meeting, NULL, NULL, err);
	if (ret)
		return ret;
	pending_undo(&engine->pending, UNDO_MEETING, meeting->spec->id, TAKE_PTR(body), meeting->number,
		     meeting->revision);
	pending_meeting(&engine->pending, meeting->number);
	for (size_t i = 0; i < meeting->spec->n_endpoints; i++)
		pending_key(&engine->pending, &meeting->endpoints[i].key);
	model_unlink(&engine->model, meeting);
	engine->pending.gives_up = true;
	engine->narrowed.stale |= engine->narrowed.n > 0;
	meeting_free(meeting);
	return 0;
}

/* As the API shows it. */
static json_t *meeting_json(const struct rg_engine *engine, const struct meeting *meeting)
{
	json_t *body = rg_meeting_to_json(meeting->spec);
	json_t *ufrags = ufrags_json(engine, meeting->number);

	if (body && ufrags && !json_object_set(body, "ufrags", ufrags)) {
		json_decref(ufrags);
		return body;
	}
	json_decref(ufrags);
	json_decref(body);
	return NULL;
}

int rg_engine_meeting_get(struct rg_engine *engine, const char *id, json_t **ret_body,
			  uint64_t *ret_revision, struct rg_err *err)
{
	const struct meeting *meeting = model_meeting(&engine->model, id);
	json_t *body;

	if (!meeting)
		return meeting_not_found(id, err);
	body = meeting_json(engine, meeting);
	if (!body)
		return engine_no_memory(err);
	*ret_body = body;
	if (ret_revision)
		*ret_revision = meeting->revision;
	return 0;
}

struct page {
	const struct rg_engine *engine;
	json_t *meetings;
	size_t limit;
	char last[RG_MEETING_ID_MAX + 1];
	bool more;
};

static int add_to_page(void *arg, const char *id, uint32_t number, uint64_t revision,
		       const char *body, struct rg_err *err)
{
	struct page *page = arg;
	const struct meeting *meeting = model_meeting(&page->engine->model, id);

	(void)number;
	(void)revision;
	(void)body;
	if (json_array_size(page->meetings) == page->limit) {
		page->more = true;
		return 0;
	}
	if (!meeting || json_array_append_new(page->meetings, meeting_json(page->engine, meeting)))
		return engine_no_memory(err);
	snprintf(page->last, sizeof(page->last), "%s", id);
	return 0;
}

int rg_engine_meeting_list(struct rg_engine *engine, const char *after, size_t limit, json_t **ret,
			   struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *meetings = json_array();
	struct page page = { .engine = engine, .meetings = meetings, .limit = limit };
	int r;

	if (!meetings)
		return engine_no_memory(err);
	r = rg_store_meetings_page(engine->store, after, limit + 1, add_to_page, &page, err);
	if (r)
		return r;
	*ret = json_pack("{s:O, s:s?}", "meetings", meetings, "next", page.more ? page.last : NULL);
	return *ret ? 0 : engine_no_memory(err);
}
