/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/resources.h"

#include "api/reply.h"
#include "api/resource.h"
#include "engine/engine.h"

static const struct rg_resource regions = { rg_engine_region_get, rg_engine_region_put, rg_engine_region_delete };

int rg_res_region_put(struct rg_call *call, struct rg_err *err)
{
	return rg_resource_put(call, &regions, err);
}

int rg_res_region_get(struct rg_call *call, struct rg_err *err)
{
	return rg_resource_reply(call, &regions, 200, err);
}

int rg_res_region_delete(struct rg_call *call, struct rg_err *err)
{
	return rg_resource_delete(call, &regions, err);
}

int rg_res_region_list(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *catalogue = NULL;
	int r = rg_engine_region_list(call->engine, &catalogue, err);

	return r ? r : rg_reply_json(call->response, 200, catalogue, err);
}
