/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/resources.h"

#include <errno.h>
#include <string.h>
#include "api/reply.h"
#include "engine/engine.h"

int rg_res_geoip_get(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *geoip = NULL;
	int r = rg_engine_geoip_get(call->engine, &geoip, err);

	return r ? r : rg_reply_json(call->response, 200, geoip, err);
}

/* The body is {"force": bool}, or nothing. */
static int parse_reload(const json_t *body, bool *ret_force, struct rg_err *err)
{
	const json_t *force = json_object_get(body, "force");

	if (!json_is_object(body) || json_object_size(body) != (force ? 1 : 0))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "the body is {\"force\": true or false}, or empty");
	if (force && !json_is_boolean(force))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/force", "'force' is true or false");
	*ret_force = json_is_true(force);
	return 0;
}

int rg_res_geoip_reload(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *body = NULL, *geoip = NULL;
	bool force = false;
	int r;

	r = rg_call_body(call, json_object(), &body, err);
	if (r)
		return r;
	r = parse_reload(body, &force, err);
	if (r)
		return r;
	r = rg_engine_geoip_reload(call->engine, force, &geoip, err);
	return r ? r : rg_reply_json(call->response, 200, geoip, err);
}
