/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "policy/meeting.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "policy/endpoint.h"
#include "policy/json_util.h"

RG_DEFINE_CLEANUP(struct rg_meeting_spec *, rg_meeting_free);

static int no_memory(struct rg_err *err)
{
	return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, NULL, "out of memory");
}

bool rg_meeting_id_ok(const char *id)
{
	size_t n = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");

	return n >= 1 && n <= RG_MEETING_ID_MAX && !id[n];
}

void rg_meeting_free(struct rg_meeting_spec *meeting)
{
	if (!meeting)
		return;
	for (size_t i = 0; i < meeting->n_rules; i++) {
		free(meeting->rules[i].id);
		free(meeting->rules[i].regions);
	}
	free(meeting->rules);
	free(meeting->endpoints);
	rg_ufrags_free(meeting->ufrags, meeting->n_ufrags);
	free(meeting);
}

static int parse_id(const json_t *body, const char *id, struct rg_meeting_spec *meeting,
		    struct rg_err *err)
{
	const char *text;
	int ret = rg_json_string(body, "id", !id, &text, err);

	if (ret)
		return ret;
	if (text && id && strcmp(text, id))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/id",
				  "id is not that of the address of this resource");
	if (!text)
		text = id;
	if (!rg_meeting_id_ok(text))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/id",
				  "a meeting id has 1 to %d of A-Z a-z 0-9 . _ : -", RG_MEETING_ID_MAX);
	snprintf(meeting->id, sizeof(meeting->id), "%s", text);
	return 0;
}

static int parse_endpoint(const json_t *body, struct rg_endpoint_spec *ret, struct rg_err *err)
{
	static const char *const known[] = { "address", "port", "protocol", NULL };
	const char *address = NULL;
	unsigned int port = 0;
	bool tcp = false;
	int r = rg_json_fields(body, known, err);

	if (!r)
		r = rg_json_string(body, "address", true, &address, err);
	if (!r)
		r = rg_local_address_parse(address, &ret->address, err);
	if (!r)
		r = rg_json_port(body, "port", true, &port, err);
	if (!r)
		r = rg_json_choice(body, "protocol", false, "udp", "tcp", &tcp, err);
	ret->port = (__u16)port;
	ret->protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP;
	return r;
}

static int endpoint_cmp(const struct rg_endpoint_spec *a, const struct rg_endpoint_spec *b)
{
	int diff = rg_addr_cmp(&a->address, &b->address);

	if (!diff)
		diff = a->port - b->port;
	return diff ? diff : a->protocol - b->protocol;
}

/* By value, then by place in the list. */
static int endpoint_ptr_cmp(const void *a, const void *b)
{
	const struct rg_endpoint_spec *const *x = a, *const *y = b;
	int diff = endpoint_cmp(*x, *y);

	return diff ? diff : (*x > *y) - (*x < *y);
}

static int refuse_twice(const struct rg_meeting_spec *meeting, struct rg_err *err)
{
	_cleanup_(rg_freep) const struct rg_endpoint_spec **sorted =
		calloc(meeting->n_endpoints + 1, sizeof(*sorted));
	char pointer[48];

	if (!sorted)
		return no_memory(err);
	for (size_t i = 0; i < meeting->n_endpoints; i++)
		sorted[i] = &meeting->endpoints[i];
	qsort(sorted, meeting->n_endpoints, sizeof(*sorted), endpoint_ptr_cmp);
	for (size_t i = 1; i < meeting->n_endpoints; i++) {
		if (endpoint_cmp(sorted[i - 1], sorted[i]))
			continue;
		snprintf(pointer, sizeof(pointer), "/endpoints/%td", sorted[i] - meeting->endpoints);
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, pointer, "the endpoint is listed twice");
	}
	return 0;
}

static int parse_endpoints(const json_t *body, struct rg_meeting_spec *meeting, struct rg_err *err)
{
	const json_t *list;
	int ret = rg_json_array(body, "endpoints", RG_ENDPOINTS_PER_MEETING_MAX, &list, err);

	if (ret)
		return ret;
	meeting->endpoints = calloc(json_array_size(list) + 1, sizeof(*meeting->endpoints));
	if (!meeting->endpoints)
		return no_memory(err);
	for (; meeting->n_endpoints < json_array_size(list); meeting->n_endpoints++) {
		size_t i = meeting->n_endpoints;

		ret = parse_endpoint(json_array_get(list, i), &meeting->endpoints[i], err);
		if (ret) {
			rg_err_prefix(err, "/endpoints/%zu", i);
			return ret;
		}
	}
	return refuse_twice(meeting, err);
}

static int parse_rule_regions(const json_t *body, struct rg_rule *rule, struct rg_err *err)
{
	const json_t *list;
	int ret = rg_json_array(body, "regions", RG_REGIONS_PER_RULE_MAX, &list, err);

	if (ret)
		return ret;
	if (!list)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/regions", "regions is missing");
	rule->regions = calloc(json_array_size(list) + 1, sizeof(*rule->regions));
	if (!rule->regions)
		return no_memory(err);
	for (; rule->n_regions < json_array_size(list); rule->n_regions++) {
		const json_t *text = json_array_get(list, rule->n_regions);

		if (!json_is_string(text))
			ret = rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "a region is not a string");
		else
			ret = rg_region_spec_parse(json_string_value(text),
						   &rule->regions[rule->n_regions], err);
		if (ret) {
			rg_err_prefix(err, "/regions/%zu", rule->n_regions);
			return ret;
		}
	}
	return 0;
}

static int parse_rule(const json_t *body, struct rg_rule *rule, struct rg_err *err)
{
	static const char *const known[] = { "id", "action", "regions", NULL };
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
		ret = parse_rule_regions(body, rule, err);
	if (!ret && id) {
		rule->id = strdup(id);
		if (!rule->id)
			ret = no_memory(err);
	}
	return ret;
}

static const struct rg_rule *rule_by_id(const struct rg_meeting_spec *meeting, const char *id)
{
	for (size_t i = 0; i < meeting->n_rules; i++)
		if (meeting->rules[i].id && !strcmp(meeting->rules[i].id, id))
			return &meeting->rules[i];
	return NULL;
}

/* Rules without an id get "r" and their place, or the next number that is free. */
static int name_rules(struct rg_meeting_spec *meeting, struct rg_err *err)
{
	char id[24];

	for (size_t i = 0; i < meeting->n_rules; i++) {
		size_t number = i + 1;

		if (meeting->rules[i].id)
			continue;
		do
			snprintf(id, sizeof(id), "r%zu", number++);
		while (rule_by_id(meeting, id));
		meeting->rules[i].id = strdup(id);
		if (!meeting->rules[i].id)
			return no_memory(err);
	}
	return 0;
}

static int parse_rules(const json_t *body, struct rg_meeting_spec *meeting, struct rg_err *err)
{
	const json_t *list;
	int ret = rg_json_array(body, "rules", RG_RULES_PER_MEETING_MAX, &list, err);

	if (ret)
		return ret;
	meeting->rules = calloc(json_array_size(list) + 1, sizeof(*meeting->rules));
	if (!meeting->rules)
		return no_memory(err);
	while (meeting->n_rules < json_array_size(list)) {
		size_t i = meeting->n_rules++;
		struct rg_rule *rule = &meeting->rules[i];

		ret = parse_rule(json_array_get(list, i), rule, err);
		if (!ret && rule->id && rule_by_id(meeting, rule->id) != rule)
			ret = rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/id",
					 "the meeting has two rules with the id '%s'", rule->id);
		if (ret) {
			rg_err_prefix(err, "/rules/%zu", i);
			return ret;
		}
	}
	return name_rules(meeting, err);
}

int rg_meeting_parse(const json_t *body, const char *id, struct rg_meeting_spec **ret,
		     struct rg_err *err)
{
	static const char *const known[] = { "id", "endpoints", "ufrags", "default", "rules", "mode", NULL };
	_cleanup_(rg_meeting_freep) struct rg_meeting_spec *meeting = calloc(1, sizeof(*meeting));
	int r;

	if (!meeting)
		return no_memory(err);
	r = rg_json_fields(body, known, err);
	if (!r)
		r = parse_id(body, id, meeting, err);
	if (!r)
		r = parse_endpoints(body, meeting, err);
	if (!r)
		r = rg_ufrags_parse(body, &meeting->ufrags, &meeting->n_ufrags, err);
	if (!r)
		r = rg_json_choice(body, "default", false, "admit", "refuse", &meeting->default_refuse, err);
	if (!r)
		r = parse_rules(body, meeting, err);
	if (!r)
		r = rg_json_choice(body, "mode", false, "enforce", "observe", &meeting->observe, err);
	if (!r)
		*ret = TAKE_PTR(meeting);
	return r;
}

static json_t *endpoint_to_json(const struct rg_endpoint_spec *endpoint)
{
	char text[RG_ADDR_TEXT_MAX];

	return json_pack("{s:s, s:i, s:s}",
			 "address", rg_addr_is_any(&endpoint->address)
					    ? "any" : rg_addr_format(&endpoint->address, text),
			 "port", (int)endpoint->port,
			 "protocol", endpoint->protocol == IPPROTO_TCP ? "tcp" : "udp");
}

static json_t *rule_to_json(const struct rg_rule *rule)
{
	json_t *regions = json_array();
	char text[64];

	for (size_t i = 0; i < rule->n_regions; i++)
		json_array_append_new(regions, json_string(rg_region_spec_format(&rule->regions[i], text)));
	return json_pack("{s:s, s:s, s:o}", "id", rule->id, "action",
			 rule->refuse ? "refuse" : "admit", "regions", regions);
}

json_t *rg_meeting_to_json(const struct rg_meeting_spec *meeting)
{
	json_t *endpoints = json_array(), *rules = json_array();

	for (size_t i = 0; i < meeting->n_endpoints; i++)
		json_array_append_new(endpoints, endpoint_to_json(&meeting->endpoints[i]));
	for (size_t i = 0; i < meeting->n_rules; i++)
		json_array_append_new(rules, rule_to_json(&meeting->rules[i]));
	return json_pack("{s:s, s:o, s:o, s:s, s:o, s:s}", "id", meeting->id, "endpoints", endpoints,
			 "ufrags", rg_ufrags_to_json(meeting->ufrags, meeting->n_ufrags),
			 "default", meeting->default_refuse ? "refuse" : "admit", "rules", rules,
			 "mode", meeting->observe ? "observe" : "enforce");
}
