/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What holds for all meetings: the mode, and which clock is believed. What a second admin approves. */
#include "api/resources.h"

#include <errno.h>
#include "api/reply.h"
#include "engine/engine.h"

int rg_res_mode_get(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *answer = NULL;
	int r = rg_engine_mode_get(call->engine, &answer, err);

	return r ? r : rg_reply_json(call->response, 200, answer, err);
}

int rg_res_mode_put(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *body = NULL, *answer = NULL;
	int r = rg_call_body(call, NULL, &body, err);

	if (!r)
		r = rg_engine_mode_put(call->engine, body, &answer, err);
	return r ? r : rg_reply_json(call->response, 200, answer, err);
}

int rg_res_clock_get(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *answer = NULL;
	int r = rg_engine_clock_get(call->engine, &answer, err);

	return r ? r : rg_reply_json(call->response, 200, answer, err);
}

int rg_res_clock_accept(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *body = NULL, *answer = NULL;
	int r = rg_call_body(call, json_object(), &body, err);

	if (!r && json_object_size(body))
		r = rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "this call takes no fields");
	if (!r)
		r = rg_engine_clock_accept(call->engine, &answer, err);
	return r ? r : rg_reply_json(call->response, 200, answer, err);
}

int rg_res_approve(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *body = NULL, *answer = NULL;
	int r = rg_call_body(call, NULL, &body, err);

	if (!r)
		r = rg_engine_approve(call->engine, body, &answer, err);
	return r ? r : rg_reply_json(call->response, 200, answer, err);
}
