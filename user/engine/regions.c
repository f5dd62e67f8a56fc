/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "engine/engine_private.h"
#include "policy/json_util.h"

static int not_found(const char *name, struct rg_err *err)
{
	char quoted[RG_QUOTE_MAX];

	return rg_err_set(err, -ENOENT, RG_ERR_NOT_FOUND, NULL, "there is no custom region '%s'",
			  rg_json_quote(name, quoted));
}

static char *body_text(const struct rg_custom_region *region)
{
	_cleanup_(json_decrefp) json_t *json = rg_custom_region_to_json(region);

	return json ? json_dumps(json, JSON_COMPACT) : NULL;
}

/* {"before", "after"}: how many networks a custom region had and has, and where. */
static json_t *change_json(const struct rg_custom_region *before, const struct rg_custom_region *after)
{
	json_t *sides[2];

	for (int i = 0; i < 2; i++) {
		const struct rg_custom_region *region = i ? after : before;

		sides[i] = region ? json_pack("{s:I, s:s?}", "networks", (json_int_t)region->n_networks,
					      "country", region->country[0] ? region->country : NULL)
				  : json_null();
	}
	return json_pack("{s:o, s:o}", "before", sides[0], "after", sides[1]);
}

/* Takes @region and @old_body on success. */
static int stage(struct rg_engine *engine, struct rg_custom_region *region, const struct custom *old,
		 const char *body, char **old_body, struct rg_err *err)
{
	uint64_t revision = engine->revision + 1, old_revision = old ? old->revision : 0;
	char name[RG_CUSTOM_NAME_MAX + 1];
	int ret = pending_reserve(&engine->pending, 0, err);

	if (!ret)
		ret = engine_stage_begin(engine, err);
	if (!ret)
		ret = rg_store_doc_put(engine->store, RG_STORE_REGION, region->name, revision, body, err);
	if (!ret)
		ret = engine_ledger(engine, RG_LEDGER_REGION_PUT, region->name,
				    change_json(old ? &old->region : NULL, region), err);
	if (ret)
		return ret;
	memcpy(name, region->name, sizeof(name));
	pending_undo(&engine->pending, UNDO_REGION, name, TAKE_PTR(*old_body), 0, old_revision);
	engine->pending.geo = true;
	engine->revision = revision;
	/* Only a new name takes memory. Without it the store is ahead: nothing of this turn may pass. */
	ret = model_custom_set(&engine->model, region, revision, err);
	return ret ? engine_doom(engine, ret, err) : 0;
}

int rg_engine_region_put(struct rg_engine *engine, const char *name, const json_t *body,
			 uint64_t if_match, bool *ret_created, uint64_t *ret_revision, struct rg_err *err)
{
	_cleanup_(rg_custom_region_clear) struct rg_custom_region region = { 0 };
	_cleanup_(rg_freep) char *text = NULL, *old_text = NULL;
	const struct custom *old = model_custom(&engine->model, name);
	bool created = !old;
	int ret = rg_custom_region_parse(body, name, &region, err);

	if (!ret)
		ret = engine_precondition(old, old ? old->revision : 0, if_match, err);
	if (ret)
		return ret;
	text = body_text(&region);
	old_text = old ? body_text(&old->region) : NULL;
	if (!text || (old && !old_text))
		return engine_no_memory(err);
	if (!old || strcmp(text, old_text))
		ret = stage(engine, &region, old, text, &old_text, err);
	if (ret)
		return ret;
	if (ret_created)
		*ret_created = created;
	if (ret_revision)
		*ret_revision = model_custom(&engine->model, name)->revision;
	return 0;
}

/* The meeting with the lowest number whose rules name a custom region. */
static const struct meeting *user_of(const struct model *model, const char *name)
{
	for (uint32_t number = 1; number < model->max_meetings; number++) {
		const struct meeting *meeting = model->by_number[number];

		for (size_t i = 0; meeting && i < meeting->spec->n_rules; i++) {
			const struct rg_rule *rule = &meeting->spec->rules[i];

			for (size_t j = 0; j < rule->n_regions; j++)
				if (rule->regions[j].kind == RG_REGION_CUSTOM &&
				    !strcmp(rule->regions[j].name, name))
					return meeting;
		}
	}
	return NULL;
}

int rg_engine_region_delete(struct rg_engine *engine, const char *name, uint64_t if_match, struct rg_err *err)
{
	struct custom *custom = model_custom(&engine->model, name);
	_cleanup_(rg_freep) char *text = NULL;
	const struct meeting *user;
	int ret;

	if (!custom)
		return not_found(name, err);
	ret = engine_precondition(true, custom->revision, if_match, err);
	if (ret)
		return ret;
	user = user_of(&engine->model, name);
	if (user)
		return rg_err_set(err, -EBUSY, RG_ERR_CONFLICT, NULL,
				  "the rules of meeting '%s' name the custom region '%s'", user->spec->id, name);
	text = body_text(&custom->region);
	if (!text)
		return engine_no_memory(err);
	ret = pending_reserve(&engine->pending, 0, err);
	if (!ret)
		ret = engine_stage_begin(engine, err);
	if (!ret)
		ret = rg_store_doc_delete(engine->store, RG_STORE_REGION, name, err);
	if (!ret)
		ret = engine_ledger(engine, RG_LEDGER_REGION_DELETE, name,
				    change_json(&custom->region, NULL), err);
	if (ret)
		return ret;
	pending_undo(&engine->pending, UNDO_REGION, name, TAKE_PTR(text), 0, custom->revision);
	engine->pending.geo = true;
	model_custom_remove(&engine->model, custom);
	return 0;
}

int rg_engine_region_get(struct rg_engine *engine, const char *name, json_t **ret, uint64_t *ret_revision,
			 struct rg_err *err)
{
	const struct custom *custom = model_custom(&engine->model, name);
	json_t *json;

	if (!custom)
		return not_found(name, err);
	json = rg_custom_region_to_json(&custom->region);
	if (!json)
		return engine_no_memory(err);
	*ret = json;
	if (ret_revision)
		*ret_revision = custom->revision;
	return 0;
}

static json_t *countries_json(void)
{
	json_t *countries = json_array();
	const char *code;

	for (size_t i = 0; (code = rg_country_at(i)); i++) {
		json_t *groups = json_array();

		if (rg_country_in_eu(code))
			json_array_append_new(groups, json_string("EU"));
		if (rg_country_in_eea(code))
			json_array_append_new(groups, json_string("EEA"));
		json_array_append_new(countries, json_pack("{s:s, s:s?, s:o}", "code", code, "continent",
							   rg_country_continent(code), "groups", groups));
	}
	return countries;
}

int rg_engine_region_list(struct rg_engine *engine, json_t **ret, struct rg_err *err)
{
	json_t *customs = json_array(), *classes = json_array();

	for (size_t i = 0; i < engine->model.n_customs; i++)
		json_array_append_new(customs, rg_custom_region_to_json(&engine->model.customs[i].region));
	for (unsigned int id = 0; id < rg_classes_count(engine->classes); id++)
		json_array_append_new(classes, json_pack("{s:i, s:s}", "id", (int)id, "code",
							 rg_classes_get(engine->classes, id)->key));
	*ret = json_pack("{s:o, s:o, s:o}", "custom", customs, "countries", countries_json(),
			 "classes", classes);
	return *ret ? 0 : engine_no_memory(err);
}
