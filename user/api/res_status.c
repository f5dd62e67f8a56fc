/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/resources.h"

#include <errno.h>
#include <string.h>
#include "api/reply.h"
#include "engine/engine.h"

#define STATS_DEFAULT 100 /* meetings */
#define STATS_MAX     10000

int rg_res_status(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *status = NULL;
	int r = rg_engine_status(call->engine, &status, err);

	return r ? r : rg_reply_seen(call, 200, status, err);
}

int rg_res_verify(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *result = NULL;
	int r = rg_engine_verify(call->engine, &result, err);

	return r ? r : rg_reply_json(call->response, 200, result, err);
}

int rg_res_stats(struct rg_call *call, struct rg_err *err)
{
	const char *text = rg_http_query(call->request, "limit");
	_cleanup_(json_decrefp) json_t *stats = NULL;
	uint64_t limit = STATS_DEFAULT;
	int r;

	if (text && !rg_number_parse(text, 0, STATS_MAX, &limit))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "the query argument 'limit' is a number from 0 to %d, not '%.32s'", STATS_MAX, text);
	r = rg_engine_stats(call->engine, limit, &stats, err);
	return r ? r : rg_reply_json(call->response, 200, stats, err);
}

int rg_res_metrics(struct rg_call *call, struct rg_err *err)
{
	char *text = NULL;
	int r = rg_engine_metrics(call->engine, &text, err);

	if (!r)
		rg_reply_text(call->response, 200, "text/plain; version=0.0.4", text, strlen(text));
	return r;
}
