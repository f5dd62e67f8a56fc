/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/resources.h"

#include <string.h>
#include "api/reply.h"
#include "engine/engine.h"

int rg_res_status(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *status = NULL;
	int r = rg_engine_status(call->engine, &status, err);

	return r ? r : rg_reply_json(call->response, 200, status, err);
}

int rg_res_metrics(struct rg_call *call, struct rg_err *err)
{
	char *text = NULL;
	int r = rg_engine_metrics(call->engine, &text, err);

	if (!r)
		rg_reply_text(call->response, 200, "text/plain; version=0.0.4", text, strlen(text));
	return r;
}
