/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/resources.h"

#include "api/reply.h"
#include "engine/engine.h"

int rg_res_interface_put(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *body = NULL, *interface = NULL;
	int r;

	r = rg_call_body(call, json_object(), &body, err);
	if (r)
		return r;
	r = rg_engine_interface_put(call->engine, call->params[0], body, &interface, err);
	return r ? r : rg_reply_json(call->response, 200, interface, err);
}

int rg_res_interface_get(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *interface = NULL;
	int r = rg_engine_interface_get(call->engine, call->params[0], &interface, err);

	return r ? r : rg_reply_json(call->response, 200, interface, err);
}

int rg_res_interface_delete(struct rg_call *call, struct rg_err *err)
{
	int r = rg_engine_interface_delete(call->engine, call->params[0], err);

	if (!r)
		rg_reply_empty(call->response, 204);
	return r;
}

int rg_res_interface_confirm(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *interface = NULL;
	int r = rg_engine_interface_confirm(call->engine, call->params[0], &interface, err);

	return r ? r : rg_reply_json(call->response, 200, interface, err);
}

int rg_res_interface_list(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *list = NULL;
	int r = rg_engine_interface_list(call->engine, &list, err);

	return r ? r : rg_reply_json(call->response, 200, list, err);
}
