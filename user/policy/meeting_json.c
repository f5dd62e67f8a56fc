/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "policy/meeting.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "policy/endpoint.h"
#include "policy/json_util.h"
#include "policy/meeting_private.h"
#include "policy/timeline.h"

RG_DEFINE_CLEANUP(struct rg_meeting_spec *, rg_meeting_free);

static int no_memory(struct rg_err *err)
{
	return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, NULL, "out of memory");
}

static bool is_of_ids(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '-' && c <= ':' && c != '/') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool rg_meeting_id_ok(const char *id)
{
	size_t n = 0;

	while (is_of_ids(id[n]))
		n++;
	return n >= 1 && n <= RG_MEETING_ID_MAX && !id[n];
}

void rg_meeting_free(struct rg_meeting_spec *meeting)
{
	if (!meeting)
		return;
	rg_rules_clear(meeting);
	rg_exceptions_clear(meeting);
	free(meeting->sites.regions);
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

int rg_endpoints_check(const struct rg_meeting_spec *meeting, struct rg_err *err)
{
	_cleanup_(rg_freep) const struct rg_endpoint_spec **sorted = NULL;
	char pointer[48];

	if (meeting->n_endpoints < 2)
		return 0;
	sorted = calloc(meeting->n_endpoints, sizeof(*sorted));
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
	meeting->endpoints = calloc(json_array_size(list) ?: 1, sizeof(*meeting->endpoints));
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
	return rg_endpoints_check(meeting, err);
}

/* The data plane can follow so many steps without a daemon, and no more are taken. */
static int check_times(const struct rg_meeting_spec *meeting, struct rg_err *err)
{
	if (rg_timeline_count(meeting) <= RG_SCHEDULE_STEPS_MAX)
		return 0;
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/rules",
			  "rules and meeting begin and end at more than %d different times",
			  RG_SCHEDULE_STEPS_MAX - 1);
}

int rg_meeting_parse(const json_t *body, const char *id, struct rg_meeting_spec **ret,
		     struct rg_err *err)
{
	static const char *const known[] = { "id", "endpoints", "ufrags", "default", "rules", "exceptions",
					     "sites", "mode", "not_before", "expires", NULL };
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
		r = rg_window_parse(body, &meeting->window, err);
	if (!r)
		r = rg_rules_parse(body, meeting, err);
	if (!r)
		r = rg_exceptions_parse(body, meeting, err);
	if (!r)
		r = rg_sites_parse(body, meeting, err);
	if (!r)
		r = rg_json_choice(body, "mode", false, "enforce", "observe", &meeting->observe, err);
	if (!r)
		r = check_times(meeting, err);
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

json_t *rg_meeting_to_json(const struct rg_meeting_spec *meeting)
{
	json_t *endpoints = json_array(), *rules = json_array(), *body;

	for (size_t i = 0; i < meeting->n_endpoints; i++)
		json_array_append_new(endpoints, endpoint_to_json(&meeting->endpoints[i]));
	for (size_t i = 0; i < meeting->n_rules; i++)
		json_array_append_new(rules, rg_rule_to_json(&meeting->rules[i]));
	body = json_pack("{s:s, s:o, s:o, s:s, s:o, s:s}", "id", meeting->id, "endpoints", endpoints,
			 "ufrags", rg_ufrags_to_json(meeting->ufrags, meeting->n_ufrags),
			 "default", meeting->default_refuse ? "refuse" : "admit", "rules", rules,
			 "mode", meeting->observe ? "observe" : "enforce");
	if (body && (rg_exceptions_write(body, meeting) || rg_sites_write(body, meeting) ||
		     rg_window_write(body, &meeting->window))) {
		json_decref(body);
		return NULL;
	}
	return body;
}
