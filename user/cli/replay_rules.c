/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/replay_rules.h"

#include <errno.h>
#include <string.h>
#include "base/cleanup.h"

/* A key as a segment of an RFC 6901 pointer. */
static void pointer_escape(const char *key, char *buf, size_t room)
{
	size_t used = 0;

	for (; *key && used + 3 < room; key++) {
		if (*key == '~' || *key == '/') {
			buf[used++] = '~';
			buf[used++] = *key == '~' ? '0' : '1';
		} else {
			buf[used++] = *key;
		}
	}
	buf[used] = '\0';
}

static int wrong_type(const char *pointer, const char *what, struct rg_err *err)
{
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, pointer, "%s", what);
}

static int endpoints_load(struct rg_engine *engine, const json_t *endpoints, struct rg_err *err)
{
	char segment[RG_ENDPOINT_NAME_MAX * 2 + 8];
	const char *name;
	json_t *body;

	json_object_foreach((json_t *)endpoints, name, body) {
		if (!rg_engine_endpoint_put(engine, name, body, RG_ANY_REVISION, NULL, NULL, err))
			continue;
		pointer_escape(name, segment, sizeof(segment));
		rg_err_prefix(err, "/endpoints/%s", segment);
		return -EINVAL;
	}
	return 0;
}

static int regions_load(struct rg_engine *engine, const json_t *regions, struct rg_err *err)
{
	char segment[RG_CUSTOM_NAME_MAX * 2 + 8];
	const char *name;
	json_t *body;
	int r;

	json_object_foreach((json_t *)regions, name, body) {
		pointer_escape(name, segment, sizeof(segment));
		if (!rg_custom_name_ok(name)) {
			rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				   "a region's name is 1 to %d of A-Z a-z 0-9 . _ -", RG_CUSTOM_NAME_MAX);
			rg_err_prefix(err, "/regions/%s", segment);
			return -EINVAL;
		}
		r = rg_engine_region_put(engine, name, body, RG_ANY_REVISION, NULL, NULL, err);
		if (r) {
			rg_err_prefix(err, "/regions/%s", segment);
			return r;
		}
	}
	return 0;
}

static int meeting_load(struct rg_engine *engine, const json_t *body, struct rg_err *err)
{
	const json_t *id = json_object_get(body, "id");

	if (!json_is_object(body))
		return wrong_type("", "a meeting is an object", err);
	if (!json_is_string(id) || !rg_meeting_id_ok(json_string_value(id)))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/id",
				  "a meeting's id is 1 to %d of A-Z a-z 0-9 . _ : -", RG_MEETING_ID_MAX);
	return rg_engine_meeting_put(engine, json_string_value(id), body, RG_NO_RESOURCE, NULL, NULL,
				     err);
}

static int meetings_load(struct rg_engine *engine, const json_t *meetings, struct rg_err *err)
{
	const json_t *body;
	size_t i;
	int r;

	json_array_foreach(meetings, i, body) {
		r = meeting_load(engine, body, err);
		if (r && err->code == RG_ERR_PRECONDITION)
			rg_err_set(err, r, RG_ERR_CONFLICT, "/id", "two meetings have the id '%s'",
				   json_string_value(json_object_get(body, "id")));
		if (r) {
			rg_err_prefix(err, "/meetings/%zu", i);
			return r;
		}
	}
	return 0;
}

static int site_check(const json_t *site, struct rg_err *err)
{
	struct rg_region_spec spec;
	int r;

	if (!json_is_string(site))
		return wrong_type("/site", "\"site\" is a region code", err);
	r = rg_region_spec_parse(json_string_value(site), &spec, err);
	if (r)
		rg_err_prefix(err, "/site");
	else if (spec.kind != RG_REGION_COUNTRY && spec.kind != RG_REGION_SUBDIVISION)
		r = wrong_type("/site", "a site is in a country or a subdivision", err);
	return r;
}

static int members_check(const json_t *rules, struct rg_err *err)
{
	static const char *const known[] = { "endpoints", "regions", "meetings", "site" };
	char segment[128];
	const char *key;
	json_t *value;
	size_t i;

	if (!json_is_object(rules))
		return wrong_type("", "the rules are one JSON object", err);
	json_object_foreach((json_t *)rules, key, value) {
		(void)value;
		for (i = 0; i < ARRAY_SIZE(known) && strcmp(key, known[i]); i++)
			;
		if (i < ARRAY_SIZE(known))
			continue;
		pointer_escape(key, segment, sizeof(segment));
		rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "unknown member '%.100s'", key);
		rg_err_prefix(err, "/%s", segment);
		return -EINVAL;
	}
	return 0;
}

int rg_replay_rules_parse(const char *text, size_t length, json_t **ret, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *rules = NULL;
	const json_t *part;
	int r = rg_json_parse(text, length, &rules, err);

	if (!r)
		r = members_check(rules, err);
	if (!r && (part = json_object_get(rules, "endpoints")) && !json_is_object(part))
		r = wrong_type("/endpoints", "\"endpoints\" is an object", err);
	if (!r && (part = json_object_get(rules, "site")))
		r = site_check(part, err);
	if (!r && (part = json_object_get(rules, "regions")) && !json_is_object(part))
		r = wrong_type("/regions", "\"regions\" is an object", err);
	if (!r && (part = json_object_get(rules, "meetings")) && !json_is_array(part))
		r = wrong_type("/meetings", "\"meetings\" is a list", err);
	if (!r)
		*ret = TAKE_PTR(rules);
	return r;
}

int rg_replay_rules_load(struct rg_engine *engine, const json_t *rules, struct rg_err *err)
{
	int r = regions_load(engine, json_object_get(rules, "regions"), err);

	if (!r)
		r = endpoints_load(engine, json_object_get(rules, "endpoints"), err);
	if (!r)
		r = meetings_load(engine, json_object_get(rules, "meetings"), err);
	return r ? r : rg_engine_flush(engine, err);
}
