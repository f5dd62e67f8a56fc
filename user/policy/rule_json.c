/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "policy/json_util.h"
#include "policy/meeting_private.h"

static int no_memory(struct rg_err *err)
{
	return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, NULL, "out of memory");
}

struct rg_window rg_rule_window(const struct rg_rule *rule)
{
	return rule->order ? rg_window_both(&rule->window, &rule->order->window) : rule->window;
}

const char *rg_rule_basis(const struct rg_rule *rule)
{
	return rule->order ? rule->order->basis : "owner";
}

bool rg_rule_bounded(const struct rg_rule *rule)
{
	return rule->refuse && rule->order && !rule->order->override_reason;
}

void rg_rules_clear(struct rg_meeting_spec *meeting)
{
	for (size_t i = 0; i < meeting->n_rules; i++) {
		free(meeting->rules[i].id);
		free(meeting->rules[i].regions);
		rg_order_free(meeting->rules[i].order);
	}
	free(meeting->rules);
}

int rg_region_list_parse(const json_t *list, struct rg_region_spec **ret, size_t *ret_n, struct rg_err *err)
{
	int r = 0;

	*ret_n = 0;
	*ret = calloc(json_array_size(list) ?: 1, sizeof(**ret));
	if (!*ret)
		return no_memory(err);
	for (; *ret_n < json_array_size(list); ++*ret_n) {
		const json_t *text = json_array_get(list, *ret_n);

		if (!json_is_string(text))
			r = rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "a region is not a string");
		else
			r = rg_region_spec_parse(json_string_value(text), *ret + *ret_n, err);
		if (r) {
			rg_err_prefix(err, "/%zu", *ret_n);
			return r;
		}
	}
	return 0;
}

json_t *rg_region_list_to_json(const struct rg_region_spec *regions, size_t n)
{
	json_t *list = json_array();
	char text[64];

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_string(rg_region_spec_format(&regions[i], text)));
	return list;
}

static int parse_regions(const json_t *body, struct rg_rule *rule, struct rg_err *err)
{
	const json_t *list;
	int ret = rg_json_array(body, "regions", RG_REGIONS_PER_RULE_MAX, &list, err);

	if (ret)
		return ret;
	if (!list)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/regions", "regions is missing");
	ret = rg_region_list_parse(list, &rule->regions, &rule->n_regions, err);
	if (ret)
		rg_err_prefix(err, "/regions");
	return ret;
}

static int parse_order(const json_t *body, struct rg_rule *rule, struct rg_err *err)
{
	const json_t *order = json_object_get(body, "order");
	struct rg_window both;
	int ret;

	if (!order)
		return 0;
	ret = rg_order_parse(order, &rule->order, err);
	if (ret) {
		rg_err_prefix(err, "/order");
		return ret;
	}
	both = rg_rule_window(rule);
	if (both.from < both.until)
		return 0;
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/order",
			  "the order is not in force at any time at which the rule is");
}

static int parse_rule(const json_t *body, struct rg_rule *rule, struct rg_err *err)
{
	static const char *const known[] = { "id", "action", "regions", "not_before", "expires", "order",
					     NULL };
	const char *id = NULL;
	int ret = rg_json_fields(body, known, err);

	if (!ret)
		ret = rg_json_string(body, "id", false, &id, err);
	if (!ret && id && !rg_meeting_id_ok(id))
		ret = rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/id",
				 "a rule id has 1 to %d of A-Z a-z 0-9 . _ : -", RG_MEETING_ID_MAX);
	if (!ret)
		ret = rg_json_choice(body, "action", true, "admit", "refuse", &rule->refuse, err);
	if (!ret)
		ret = parse_regions(body, rule, err);
	if (!ret)
		ret = rg_window_parse(body, &rule->window, err);
	if (!ret)
		ret = parse_order(body, rule, err);
	if (!ret && id) {
		rule->id = strdup(id);
		if (!rule->id)
			ret = no_memory(err);
	}
	return ret;
}

const struct rg_rule *rg_rule_by_id(const struct rg_meeting_spec *meeting, const char *id)
{
	for (size_t i = 0; i < meeting->n_rules; i++)
		if (meeting->rules[i].id && !strcmp(meeting->rules[i].id, id))
			return &meeting->rules[i];
	return NULL;
}

int rg_rules_name(struct rg_meeting_spec *meeting, struct rg_err *err)
{
	char id[24];

	for (size_t i = 0; i < meeting->n_rules; i++) {
		size_t number = i + 1;

		if (meeting->rules[i].id)
			continue;
		do
			snprintf(id, sizeof(id), "r%zu", number++);
		while (rg_rule_by_id(meeting, id));
		meeting->rules[i].id = strdup(id);
		if (!meeting->rules[i].id)
			return no_memory(err);
	}
	return 0;
}

int rg_rules_parse(const json_t *body, struct rg_meeting_spec *meeting, struct rg_err *err)
{
	const json_t *list;
	int ret = rg_json_array(body, "rules", RG_RULES_PER_MEETING_MAX, &list, err);

	if (ret)
		return ret;
	meeting->rules = calloc(json_array_size(list) ?: 1, sizeof(*meeting->rules));
	if (!meeting->rules)
		return no_memory(err);
	while (meeting->n_rules < json_array_size(list)) {
		size_t i = meeting->n_rules++;
		struct rg_rule *rule = &meeting->rules[i];

		ret = parse_rule(json_array_get(list, i), rule, err);
		if (!ret && rule->id && rg_rule_by_id(meeting, rule->id) != rule)
			ret = rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/id",
					 "the meeting has two rules with the id '%s'", rule->id);
		if (ret) {
			rg_err_prefix(err, "/rules/%zu", i);
			return ret;
		}
	}
	return rg_rules_name(meeting, err);
}

json_t *rg_rule_to_json(const struct rg_rule *rule)
{
	json_t *json = json_pack("{s:s, s:s, s:o}", "id", rule->id,
				 "action", rule->refuse ? "refuse" : "admit",
				 "regions", rg_region_list_to_json(rule->regions, rule->n_regions));

	if (!json || rg_window_write(json, &rule->window) ||
	    (rule->order && json_object_set_new(json, "order", rg_order_to_json(rule->order)))) {
		json_decref(json);
		return NULL;
	}
	return json;
}
