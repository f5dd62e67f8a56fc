/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "engine/engine_private.h"

int model_init(struct model *model, uint32_t max_meetings, const struct rg_dp_config *config, struct rg_err *err)
{
	model->max_meetings = max_meetings;
	model->by_id = rg_map_new();
	model->shared = rg_map_new();
	model->by_number = calloc(max_meetings, sizeof(struct meeting *));
	model->ports = calloc(1, sizeof(*model->ports));
	if (!model->by_id || !model->shared || !model->by_number || !model->ports ||
	    numbers_init(&model->numbers, max_meetings) || numbers_init(&model->shared_numbers, RG_SHARED_MAX))
		return engine_no_memory(err);
	return rulings_init(&model->rulings, config, err);
}

/* Meetings, shared endpoints and custom regions go; parts of rulings with their numbers and ufrags stay. */
static void model_empty(struct model *model)
{
	for (uint32_t i = 1; model->by_number && i < model->max_meetings; i++) {
		struct meeting *meeting = model->by_number[i];

		if (meeting) {
			model_unlink(model, meeting);
			meeting_free(meeting);
		}
	}
	while (model->n_customs)
		model_custom_remove(model, &model->customs[model->n_customs - 1]);
	if (model->shared)
		shared_empty(model);
}

void model_clear(struct model *model)
{
	model_empty(model);
	rulings_clear(&model->rulings);
	rg_map_free(model->by_id);
	rg_map_free(model->shared);
	ufrags_clear(&model->ufrags);
	free(model->by_number);
	numbers_clear(&model->numbers);
	numbers_clear(&model->shared_numbers);
	free(model->ports);
	free(model->customs);
	memset(model, 0, sizeof(*model));
}

struct meeting *model_meeting(const struct model *model, const char *id)
{
	return rg_map_get(model->by_id, id, strlen(id));
}

struct rg_endpoint_key endpoint_key(const struct rg_endpoint_spec *spec)
{
	return (struct rg_endpoint_key){
		.address = spec->address,
		.port = spec->port,
		.protocol = spec->protocol,
	};
}

static struct endpoint **port_chain(const struct model *model, const struct rg_endpoint_key *key)
{
	int proto = key->protocol == IPPROTO_TCP ? RG_PROTO_TCP : RG_PROTO_UDP;

	return &model->ports->first[proto][key->port];
}

struct endpoint *model_endpoint(const struct model *model, const struct rg_endpoint_key *key)
{
	struct endpoint *endpoint = *port_chain(model, key);

	while (endpoint && rg_addr_cmp(&endpoint->key.address, &key->address))
		endpoint = endpoint->next;
	return endpoint;
}

#define KINDS_OF_NUMBERS 6
static void all_numbers(struct model *model, struct numbers *ret[KINDS_OF_NUMBERS])
{
	struct numbers *const all[KINDS_OF_NUMBERS] = {
		&model->numbers, &model->shared_numbers, &model->ufrags.numbers, &model->rulings.policies.numbers,
		&model->rulings.schedules.numbers, &model->rulings.exceptions.numbers,
	};

	memcpy(ret, all, sizeof(all));
}

size_t model_numbers_waiting(const struct model *model)
{
	struct numbers *all[KINDS_OF_NUMBERS];
	size_t n = 0;

	all_numbers((struct model *)model, all);
	for (size_t i = 0; i < KINDS_OF_NUMBERS; i++)
		n += all[i]->n_waiting;
	return n;
}

void model_numbers_release(struct model *model)
{
	struct numbers *all[KINDS_OF_NUMBERS];

	all_numbers(model, all);
	for (size_t i = 0; i < KINDS_OF_NUMBERS; i++)
		numbers_release(all[i]);
}

int meeting_new(struct rg_meeting_spec *spec, struct meeting **ret, struct rg_err *err)
{
	struct meeting *meeting = calloc(1, sizeof(*meeting) + spec->n_endpoints * sizeof(struct endpoint));

	if (!meeting)
		return engine_no_memory(err);
	for (size_t i = 0; i < spec->n_endpoints; i++) {
		meeting->endpoints[i].key = endpoint_key(&spec->endpoints[i]);
		meeting->endpoints[i].meeting = meeting;
	}
	meeting->spec = spec;
	*ret = meeting;
	return 0;
}

void meeting_free(struct meeting *meeting)
{
	if (!meeting)
		return;
	rg_meeting_free(meeting->spec);
	free(meeting);
}

void model_link(struct model *model, struct meeting *meeting, const struct ruling *ruling)
{
	rg_map_put(model->by_id, meeting->spec->id, strlen(meeting->spec->id), meeting);
	model->by_number[meeting->number] = meeting;
	numbers_hold(&model->numbers, meeting->number);
	meeting->ruling = *ruling;
	meeting->policy = ruling->policy;
	ruling_take(&model->rulings, ruling);
	model->n_endpoints += meeting->spec->n_endpoints;
	for (size_t i = 0; i < meeting->spec->n_endpoints; i++) {
		struct endpoint **chain = port_chain(model, &meeting->endpoints[i].key);

		meeting->endpoints[i].next = *chain;
		*chain = &meeting->endpoints[i];
	}
}

void model_unlink(struct model *model, struct meeting *meeting)
{
	for (size_t i = 0; i < meeting->spec->n_endpoints; i++) {
		struct endpoint **link = port_chain(model, &meeting->endpoints[i].key);

		while (*link != &meeting->endpoints[i])
			link = &(*link)->next;
		*link = meeting->endpoints[i].next;
	}
	model->n_endpoints -= meeting->spec->n_endpoints;
	ruling_drop(&model->rulings, &meeting->ruling);
	meeting->ruling = (struct ruling){ 0 };
	meeting->policy = NULL;
	model->by_number[meeting->number] = NULL; /* the number is held until the flush is through */
	rg_map_remove(model->by_id, meeting->spec->id, strlen(meeting->spec->id));
}

/* Where a name is or would be. */
static size_t custom_place(const struct model *model, const char *name)
{
	size_t i = 0;

	while (i < model->n_customs && strcmp(model->customs[i].region.name, name) < 0)
		i++;
	return i;
}

struct custom *model_custom(const struct model *model, const char *name)
{
	size_t i = custom_place(model, name);

	if (i == model->n_customs || strcmp(model->customs[i].region.name, name))
		return NULL;
	return &model->customs[i];
}

int model_custom_set(struct model *model, struct rg_custom_region *region, uint64_t revision,
		     struct rg_err *err)
{
	struct custom *custom = model_custom(model, region->name), *larger;
	size_t i = custom_place(model, region->name);

	if (custom) {
		rg_custom_region_clear(&custom->region);
	} else {
		larger = reallocarray(model->customs, model->n_customs + 1, sizeof(*larger));
		if (!larger)
			return engine_no_memory(err);
		model->customs = larger;
		custom = &larger[i];
		memmove(custom + 1, custom, (model->n_customs++ - i) * sizeof(*custom));
	}
	custom->region = *region;
	custom->revision = revision;
	memset(region, 0, sizeof(*region)); /* moved */
	return 0;
}

void model_custom_remove(struct model *model, struct custom *custom)
{
	size_t i = (size_t)(custom - model->customs);

	rg_custom_region_clear(&custom->region);
	memmove(custom, custom + 1, (--model->n_customs - i) * sizeof(*custom));
}

int model_bad_body(const char *what, const char *name, struct rg_err *err)
{
	struct rg_err why = err ? *err : (struct rg_err){ 0 };

	return rg_err_set(err, -EINVAL, RG_ERR_STORE, NULL, "the store's %s '%s' is not acceptable: %s%s%.300s",
			  what, name, why.pointer, why.pointer[0] ? ": " : "", why.detail);
}

/* Nearly all bodies are as this program writes them; the JSON reader knows them all. */
static int read_body(const char *id, const char *body, struct rg_meeting_spec **ret, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *json = NULL;

	if (!rg_meeting_from_text(body, strlen(body), id, ret))
		return 0;
	if (rg_json_parse(body, strlen(body), &json, err) || rg_meeting_parse(json, id, ret, err))
		return model_bad_body("meeting", id, err);
	return 0;
}

static int load_meeting(void *arg, const char *id, uint32_t number, uint64_t revision,
			const char *body, struct rg_err *err)
{
	_cleanup_(rg_meeting_freep) struct rg_meeting_spec *spec = NULL;
	struct rg_engine *engine = arg;
	struct model *model = &engine->model;
	struct meeting *meeting;
	struct ruling ruling;
	int ret;

	if (number < 1 || number >= model->max_meetings)
		return rg_err_set(err, -ENOSPC, RG_ERR_FULL, NULL,
				  "the store's meeting '%s' has number %u, but there is room for %u only",
				  id, number, model->max_meetings - 1);
	if (model->by_number[number])
		return rg_err_set(err, -EINVAL, RG_ERR_STORE, NULL,
				  "the store's meetings '%s' and '%s' have the same number",
				  model->by_number[number]->spec->id, id);
	ret = read_body(id, body, &spec, err);
	if (ret)
		return ret;
	ret = ruling_of(&model->rulings, spec, rg_engine_now(engine), &ruling, err);
	if (!ret && rg_map_reserve(model->by_id, 1))
		ret = engine_no_memory(err);
	if (!ret)
		ret = meeting_new(spec, &meeting, err);
	if (ret)
		return ret;
	spec = NULL; /* the meeting's now */
	meeting->number = number;
	meeting->revision = revision;
	model_link(model, meeting, &ruling);
	return 0;
}

static int load_custom(void *arg, const char *name, uint64_t revision, const char *body,
		       struct rg_err *err)
{
	_cleanup_(rg_custom_region_clear) struct rg_custom_region region = { 0 };
	_cleanup_(json_decrefp) json_t *json = NULL;
	struct rg_engine *engine = arg;

	if (rg_json_parse(body, strlen(body), &json, err) ||
	    rg_custom_region_parse(json, name, &region, err))
		return model_bad_body("custom region", name, err);
	return model_custom_set(&engine->model, &region, revision, err);
}

static bool is_held_twice(const struct model *model, const struct endpoint *endpoint)
{
	for (const struct endpoint *e = endpoint->next; e; e = e->next)
		if (rg_addr_overlap(&e->key.address, &endpoint->key.address))
			return true;
	return rg_map_count(model->shared) && model_shared_overlap(model, &endpoint->key);
}

/* A store that somebody else wrote to may give an endpoint to two. Looked at port by port when all are there: the
 * endpoints of a port come into the cache once then, not for each that joins them. */
static int check_port(const struct model *model, const struct endpoint *first, struct rg_err *err)
{
	for (const struct endpoint *e = first; e; e = e->next)
		if (is_held_twice(model, e) && model_endpoints_free(model, e->meeting->spec, e->meeting, err))
			return model_bad_body("meeting", e->meeting->spec->id, err);
	return 0;
}

static int check_ports(const struct model *model, struct rg_err *err)
{
	int ret = 0;

	for (size_t proto = 0; proto < ARRAY_SIZE(model->ports->first); proto++)
		for (size_t port = 0; !ret && port < ARRAY_SIZE(model->ports->first[proto]); port++)
			ret = check_port(model, model->ports->first[proto][port], err);
	return ret;
}

int model_load(struct rg_engine *engine, struct rg_err *err)
{
	int ret;

	model_empty(&engine->model);
	ret = rg_store_docs(engine->store, RG_STORE_REGION, load_custom, engine, err);
	if (!ret)
		ret = rg_store_endpoints(engine->store, shared_load, engine, err);
	if (!ret)
		ret = rg_store_meetings(engine->store, load_meeting, engine, err);
	return ret ? ret : check_ports(&engine->model, err);
}
