/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/resources.h"

#include <errno.h>
#include <string.h>
#include "api/reply.h"
#include "engine/engine.h"
#include "policy/json_util.h"

int rg_res_geoip_get(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *geoip = NULL;
	int r = rg_engine_geoip_get(call->engine, &geoip, err);

	return r ? r : rg_reply_json(call->response, 200, geoip, err);
}

static int parse_flag(const json_t *body, const char *field, bool *ret, struct rg_err *err)
{
	const json_t *value = json_object_get(body, field);

	*ret = json_is_true(value);
	if (!value || json_is_boolean(value))
		return 0;
	rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "'%s' is true or false", field);
	rg_err_prefix(err, "/%s", field);
	return -EINVAL;
}

/* The body is {"force": bool, "confirm": bool}, both optional, or nothing. */
static int parse_reload(const json_t *body, bool *ret_force, bool *ret_confirm, struct rg_err *err)
{
	static const char *const known[] = { "force", "confirm", NULL };
	int r = rg_json_fields(body, known, err);

	if (!r)
		r = parse_flag(body, "force", ret_force, err);
	return r ? r : parse_flag(body, "confirm", ret_confirm, err);
}

int rg_res_geoip_reload(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *body = NULL, *geoip = NULL;
	bool force = false, confirm = false;
	int r;

	r = rg_call_body(call, json_object(), &body, err);
	if (r)
		return r;
	r = parse_reload(body, &force, &confirm, err);
	if (r)
		return r;
	r = rg_engine_geoip_reload(call->engine, force, confirm, &geoip, err);
	return r ? r : rg_reply_json(call->response, 200, geoip, err);
}
