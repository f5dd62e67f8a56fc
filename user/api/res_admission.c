/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/resources.h"

#include "api/reply.h"
#include "engine/engine.h"

int rg_res_admission(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *body = NULL, *answer = NULL;
	int r;

	r = rg_call_body(call, NULL, &body, err);
	if (r)
		return r;
	r = rg_engine_admission(call->engine, body, &answer, err);
	return r ? r : rg_reply_json(call->response, 200, answer, err);
}

int rg_res_meeting_preview(struct rg_call *call, struct rg_err *err)
{
	const char *at = rg_http_query(call->request, "at");
	_cleanup_(json_decrefp) json_t *body = NULL, *answer = NULL;
	int r;

	r = rg_call_body(call, NULL, &body, err);
	if (r)
		return r;
	r = rg_engine_preview(call->engine, call->params[0], body, at, &answer, err);
	return r ? r : rg_reply_json(call->response, 200, answer, err);
}
