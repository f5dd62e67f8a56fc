/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/resources.h"

#include "api/reply.h"
#include "engine/engine.h"

static int reply_region(struct rg_call *call, unsigned int status, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *region = NULL;
	uint64_t revision;
	int r;

	r = rg_engine_region_get(call->engine, call->params[0], &region, &revision, err);
	if (r)
		return r;
	return rg_reply_resource(call, status, region, revision, err);
}

int rg_res_region_put(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *body = NULL;
	bool created = false;
	int r;

	r = rg_call_body(call, NULL, &body, err);
	if (r)
		return r;
	r = rg_engine_region_put(call->engine, call->params[0], body, call->if_match, &created, NULL,
				 err);
	if (r)
		return r;
	return reply_region(call, created ? 201 : 200, err);
}

int rg_res_region_get(struct rg_call *call, struct rg_err *err)
{
	return reply_region(call, 200, err);
}

int rg_res_region_delete(struct rg_call *call, struct rg_err *err)
{
	int r = rg_engine_region_delete(call->engine, call->params[0], call->if_match, err);

	if (!r)
		rg_reply_empty(call->response, 204);
	return r;
}

int rg_res_region_list(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *catalogue = NULL;
	int r = rg_engine_region_list(call->engine, &catalogue, err);

	return r ? r : rg_reply_json(call->response, 200, catalogue, err);
}
