/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared endpoints: ports whose packets belong to many meetings. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "engine/engine_private.h"
#include "policy/json_util.h"

static int not_found(const char *name, struct rg_err *err)
{
	char quoted[RG_QUOTE_MAX];

	return rg_err_set(err, -ENOENT, RG_ERR_NOT_FOUND, NULL, "there is no shared endpoint '%s'",
			  rg_json_quote(name, quoted));
}

static char *body_text(const struct rg_shared_spec *spec)
{
	_cleanup_(json_decrefp) json_t *json = rg_shared_to_json(spec);

	return json ? json_dumps(json, JSON_COMPACT) : NULL;
}

struct shared *model_shared(const struct model *model, const char *name)
{
	return rg_map_get(model->shared, name, strlen(name));
}

const char *shared_name(const struct rg_engine *engine, uint32_t number)
{
	const struct shared *shared = number < RG_SHARED_MAX ? engine->model.shared_at[number] : NULL;

	return shared ? shared->spec.name : NULL;
}

const struct shared *model_shared_overlap(const struct model *model, const struct rg_endpoint_key *key)
{
	for (uint32_t i = 1; i < RG_SHARED_MAX; i++) {
		const struct shared *shared = model->shared_at[i];

		if (shared && shared->spec.protocol == key->protocol && key->port >= shared->spec.first_port &&
		    key->port <= shared->spec.last_port && rg_addr_overlap(&shared->spec.address, &key->address))
			return shared;
	}
	return NULL;
}

static void link_shared(struct model *model, struct shared *shared)
{
	rg_map_put(model->shared, shared->spec.name, strlen(shared->spec.name), shared);
	model->shared_at[shared->number] = shared;
	numbers_hold(&model->shared_numbers, shared->number);
}

static void unlink_shared(struct model *model, struct shared *shared)
{
	rg_map_remove(model->shared, shared->spec.name, strlen(shared->spec.name));
	model->shared_at[shared->number] = NULL; /* the number is held until the flush is through */
}

void shared_empty(struct model *model)
{
	for (uint32_t i = 1; i < RG_SHARED_MAX; i++) {
		struct shared *shared = model->shared_at[i];

		if (!shared)
			continue;
		unlink_shared(model, shared);
		free(shared);
	}
}

void shared_free_unused(struct rg_engine *engine)
{
	for (uint32_t i = 1; i < RG_SHARED_MAX; i++)
		if (!engine->model.shared_at[i])
			numbers_give_up(&engine->model.shared_numbers, i);
}

static struct shared *shared_new(const struct rg_shared_spec *spec, uint32_t number, uint64_t revision)
{
	struct shared *shared = calloc(1, sizeof(*shared));

	if (!shared)
		return NULL;
	shared->spec = *spec;
	shared->number = number;
	shared->revision = revision;
	return shared;
}

static const char *ports_text(const struct rg_shared_spec *spec, char buf[32])
{
	const char *protocol = spec->protocol == IPPROTO_TCP ? "tcp" : "udp";

	if (spec->first_port == spec->last_port)
		snprintf(buf, 32, "port %u %s", spec->first_port, protocol);
	else
		snprintf(buf, 32, "ports %u-%u %s", spec->first_port, spec->last_port, protocol);
	return buf;
}

static int check_shared(const struct model *model, const struct rg_shared_spec *spec, struct rg_err *err)
{
	char ports[32];

	for (uint32_t i = 1; i < RG_SHARED_MAX; i++) {
		const struct shared *other = model->shared_at[i];

		if (!other || !strcmp(other->spec.name, spec->name) || other->spec.protocol != spec->protocol ||
		    other->spec.first_port > spec->last_port || other->spec.last_port < spec->first_port ||
		    !rg_addr_overlap(&other->spec.address, &spec->address))
			continue;
		return rg_err_set(err, -EEXIST, RG_ERR_CONFLICT, NULL,
				  "the endpoint '%s' overlaps with the endpoint '%s' (%s)", spec->name,
				  other->spec.name, ports_text(&other->spec, ports));
	}
	return 0;
}

int shared_load(void *arg, const char *name, uint32_t number, uint64_t revision, const char *body,
		struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *json = NULL;
	struct rg_engine *engine = arg;
	struct rg_shared_spec spec;
	struct shared *shared;

	if (number < 1 || number >= RG_SHARED_MAX)
		return rg_err_set(err, -EINVAL, RG_ERR_STORE, NULL,
				  "the store's endpoint '%s' has number %u, of %d at most", name, number,
				  RG_SHARED_MAX - 1);
	if (engine->model.shared_at[number])
		return rg_err_set(err, -EINVAL, RG_ERR_STORE, NULL, "the store's endpoints '%s' and '%s' have the same number",
				  engine->model.shared_at[number]->spec.name, name);
	if (rg_json_parse(body, strlen(body), &json, err) || rg_shared_parse(json, name, &spec, err) ||
	    check_shared(&engine->model, &spec, err))
		return model_bad_body("endpoint", name, err);
	shared = shared_new(&spec, number, revision);
	if (!shared || rg_map_reserve(engine->model.shared, 1)) {
		free(shared);
		return engine_no_memory(err);
	}
	link_shared(&engine->model, shared);
	return 0;
}

static int check_dedicated(const struct model *model, const struct rg_shared_spec *spec, struct rg_err *err)
{
	int proto = spec->protocol == IPPROTO_TCP ? RG_PROTO_TCP : RG_PROTO_UDP;

	for (uint32_t port = spec->first_port; port <= spec->last_port; port++)
		for (const struct endpoint *e = model->ports->first[proto][port]; e; e = e->next)
			if (rg_addr_overlap(&e->key.address, &spec->address))
				return rg_err_set(err, -EEXIST, RG_ERR_CONFLICT, NULL,
						  "port %u of the endpoint '%s' is held by meeting '%s' as its own",
						  port, spec->name, e->meeting->spec->id);
	return 0;
}

/* A binding of an endpoint, of any meeting; NULL if it has none. */
static const struct binding *binding_of(const struct model *model, uint32_t number)
{
	const struct ufrags *ufrags = &model->ufrags;

	if (!ufrags->of_endpoint[number])
		return NULL;
	for (uint32_t i = 1; i <= ufrags->max; i++)
		if (ufrags->at[i] && ufrags->at[i]->meeting && ufrags->at[i]->key.endpoint == number)
			return ufrags->at[i];
	return NULL;
}

/* What is bound stays bound, so it has to fit the new length. */
static int check_prefix(const struct model *model, const struct shared *old, const struct rg_shared_spec *spec,
			struct rg_err *err)
{
	const struct binding *binding;

	if (!old || old->spec.ufrag_prefix == spec->ufrag_prefix)
		return 0;
	binding = binding_of(model, old->number);
	if (!binding)
		return 0;
	return rg_err_set(err, -EBUSY, RG_ERR_CONFLICT, "/ufrag_prefix",
			  "meeting '%s' holds ufrags of the endpoint '%s', whose ufrag_prefix can not change then",
			  model->by_number[binding->meeting]->spec->id, spec->name);
}

/* A staged endpoint before it is in the model. */
struct change {
	struct shared *shared;
	char *body, *old_body;
	size_t n_locals;
};

static void change_clear(struct change *change)
{
	free(change->shared);
	free(change->body);
	free(change->old_body);
}

static int prepare(struct rg_engine *engine, const struct rg_shared_spec *spec, const struct shared *old,
		   struct change *change, struct rg_err *err)
{
	uint32_t number = old ? old->number : numbers_next(&engine->model.shared_numbers);
	int ret;

	if (!number)
		return rg_err_set(err, -ENOSPC, RG_ERR_FULL, NULL, "all %d shared endpoints are in use",
				  RG_SHARED_MAX - 1);
	change->n_locals = engine->pending.n_locals;
	ret = engine_local_room(engine, &spec->address, &change->n_locals, err);
	if (!ret)
		ret = pending_reserve(&engine->pending, 0, err);
	if (!ret && rg_map_reserve(engine->model.shared, 1))
		ret = engine_no_memory(err);
	if (ret)
		return ret;
	change->shared = shared_new(spec, number, engine->revision + 1);
	return change->shared ? 0 : engine_no_memory(err);
}

static int stage(struct rg_engine *engine, const struct rg_shared_spec *spec, struct shared *old,
		 struct change *change, struct rg_err *err)
{
	struct rg_err why = { 0 };
	struct shared *shared;
	int ret = check_shared(&engine->model, spec, err);

	if (!ret)
		ret = check_dedicated(&engine->model, spec, err);
	if (!ret)
		ret = check_prefix(&engine->model, old, spec, err);
	if (ret)
		return ret;
	ret = prepare(engine, spec, old, change, &why);
	if (ret == -ENOSPC && engine_make_room(engine))
		ret = prepare(engine, spec, old, change, &why);
	if (ret) {
		if (err)
			*err = why;
		return ret;
	}
	ret = engine_stage_begin(engine, err);
	if (!ret)
		ret = rg_store_endpoint_put(engine->store, spec->name, change->shared->number,
					    change->shared->revision, change->body, err);
	if (!ret)
		ret = engine_ledger(engine, RG_LEDGER_ENDPOINT_PUT, spec->name,
				    json_pack("{s:o, s:o}", "before", old ? rg_shared_to_json(&old->spec) : json_null(),
					      "after", rg_shared_to_json(spec)), err);
	if (ret)
		return ret;
	shared = TAKE_PTR(change->shared);
	engine->revision = shared->revision;
	engine->pending.n_locals = change->n_locals;
	pending_undo(&engine->pending, UNDO_ENDPOINT, spec->name, TAKE_PTR(change->old_body), shared->number,
		     old ? old->revision : 0);
	engine->pending.shared[shared->number] = true;
	engine->pending.gives_up |= old != NULL;
	if (old)
		unlink_shared(&engine->model, old);
	free(old);
	link_shared(&engine->model, shared);
	return 0;
}

int rg_engine_endpoint_put(struct rg_engine *engine, const char *name, const json_t *body,
			   uint64_t if_match, bool *ret_created, uint64_t *ret_revision, struct rg_err *err)
{
	_cleanup_(change_clear) struct change change = { 0 };
	struct shared *old = model_shared(&engine->model, name);
	bool created = !old;
	struct rg_shared_spec spec;
	int ret = rg_shared_parse(body, name, &spec, err);

	if (!ret)
		ret = engine_precondition(old, old ? old->revision : 0, if_match, err);
	if (ret)
		return ret;
	change.body = body_text(&spec);
	change.old_body = old ? body_text(&old->spec) : NULL;
	if (!change.body || (old && !change.old_body))
		return engine_no_memory(err);
	if (!old || !rg_shared_equal(&spec, &old->spec))
		ret = stage(engine, &spec, old, &change, err);
	if (ret)
		return ret;
	if (ret_created)
		*ret_created = created;
	if (ret_revision)
		*ret_revision = model_shared(&engine->model, name)->revision;
	return 0;
}

int rg_engine_endpoint_delete(struct rg_engine *engine, const char *name, uint64_t if_match,
			      struct rg_err *err)
{
	struct shared *shared = model_shared(&engine->model, name);
	_cleanup_(rg_freep) char *body = NULL;
	const struct binding *binding;
	int ret;

	if (!shared)
		return not_found(name, err);
	ret = engine_precondition(true, shared->revision, if_match, err);
	if (ret)
		return ret;
	binding = binding_of(&engine->model, shared->number);
	if (binding)
		return rg_err_set(err, -EBUSY, RG_ERR_CONFLICT, NULL,
				  "meeting '%s' holds ufrags of the endpoint '%s'",
				  engine->model.by_number[binding->meeting]->spec->id, name);
	body = body_text(&shared->spec);
	ret = body ? pending_reserve(&engine->pending, 0, err) : engine_no_memory(err);
	if (!ret)
		ret = engine_stage_begin(engine, err);
	if (!ret)
		ret = rg_store_endpoint_delete(engine->store, shared->spec.name, err);
	if (!ret)
		ret = engine_ledger(engine, RG_LEDGER_ENDPOINT_DELETE, shared->spec.name,
				    json_pack("{s:o, s:n}", "before", rg_shared_to_json(&shared->spec), "after"), err);
	if (ret)
		return ret;
	pending_undo(&engine->pending, UNDO_ENDPOINT, shared->spec.name, TAKE_PTR(body), shared->number,
		     shared->revision);
	engine->pending.shared[shared->number] = true;
	engine->pending.gives_up = true;
	unlink_shared(&engine->model, shared);
	free(shared);
	return 0;
}

int rg_engine_endpoint_get(struct rg_engine *engine, const char *name, json_t **ret, uint64_t *ret_revision,
			   struct rg_err *err)
{
	const struct shared *shared = model_shared(&engine->model, name);
	json_t *json;

	if (!shared)
		return not_found(name, err);
	json = rg_shared_to_json(&shared->spec);
	if (!json)
		return engine_no_memory(err);
	*ret = json;
	if (ret_revision)
		*ret_revision = shared->revision;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct shared *const *x = a, *const *y = b;

	return strcmp((*x)->spec.name, (*y)->spec.name);
}

int rg_engine_endpoint_list(struct rg_engine *engine, json_t **ret, struct rg_err *err)
{
	const struct shared *sorted[RG_SHARED_MAX];
	json_t *list = json_array();
	size_t n = 0;

	for (uint32_t i = 1; i < RG_SHARED_MAX; i++)
		if (engine->model.shared_at[i])
			sorted[n++] = engine->model.shared_at[i];
	qsort(sorted, n, sizeof(*sorted), by_name);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, rg_shared_to_json(&sorted[i]->spec));
	*ret = json_pack("{s:o}", "endpoints", list);
	return *ret ? 0 : engine_no_memory(err);
}

void shared_clear_gone(struct rg_engine *engine)
{
	for (uint32_t i = 1; i < RG_SHARED_MAX; i++) {
		if (engine->shared_former[i].name[0])
			rg_dp_shared_trim(engine->dp, i, &engine->shared_former[i]);
		engine->shared_former[i] = (struct rg_shared){ 0 };
		if (!engine->pending.shared[i] || engine->model.shared_at[i] || !engine->shared[i].name[0])
			continue;
		rg_dp_shared_clear(engine->dp, i);
		engine->shared[i] = (struct rg_shared){ 0 };
	}
}

static bool same_ports(const struct rg_shared *a, const struct rg_shared *b)
{
	return a->protocol == b->protocol && a->first_port == b->first_port && a->last_port == b->last_port &&
	       !rg_addr_cmp(&a->address, &b->address);
}

int shared_publish(struct rg_engine *engine, struct rg_err *err)
{
	for (uint32_t i = 1; i < RG_SHARED_MAX; i++) {
		const struct shared *shared = engine->model.shared_at[i];
		struct rg_shared entry;
		int ret;

		if (!engine->pending.shared[i] || !shared)
			continue;
		entry = rg_shared_entry(&shared->spec);
		ret = 0;
		if (engine->shared[i].name[0] && same_ports(&entry, &engine->shared[i]))
			rg_dp_shared_update(engine->dp, i, &entry);
		else
			ret = rg_dp_shared_put(engine->dp, i, &entry, err);
		if (ret)
			return ret;
		if (!same_ports(&entry, &engine->shared[i]))
			engine->shared_former[i] = engine->shared[i];
		engine->shared[i] = entry;
	}
	return 0;
}
