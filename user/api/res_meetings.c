/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/resources.h"

#include <errno.h>
#include "api/reply.h"
#include "api/resource.h"
#include "engine/engine.h"
#include "policy/meeting.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000
#define FLOWS_MAX     10000

static const struct rg_resource meetings = { rg_engine_meeting_get, rg_engine_meeting_put, rg_engine_meeting_delete };

int rg_res_meeting_put(struct rg_call *call, struct rg_err *err)
{
	return rg_resource_put(call, &meetings, err);
}

int rg_res_meeting_get(struct rg_call *call, struct rg_err *err)
{
	return rg_resource_reply(call, &meetings, 200, err);
}

int rg_res_meeting_patch(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *patch = NULL;
	int r;

	r = rg_call_body(call, NULL, &patch, err);
	if (r)
		return r;
	r = rg_engine_meeting_patch(call->engine, call->params[0], patch, call->if_match, NULL, err);
	if (r)
		return r;
	return rg_resource_reply(call, &meetings, 200, err);
}

int rg_res_meeting_delete(struct rg_call *call, struct rg_err *err)
{
	return rg_resource_delete(call, &meetings, err);
}

int rg_res_meeting_list(struct rg_call *call, struct rg_err *err)
{
	const char *after = rg_http_query(call->request, "after");
	const char *text = rg_http_query(call->request, "limit");
	_cleanup_(json_decrefp) json_t *list = NULL;
	uint64_t limit = LIMIT_DEFAULT;
	int r;

	if (text && !rg_number_parse(text, 1, LIMIT_MAX, &limit))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "the query argument 'limit' is a number from 1 to %d, not '%.32s'",
				  LIMIT_MAX, text);
	if (after && *after && !rg_meeting_id_ok(after))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "the query argument 'after' is a meeting's id, not '%.80s'", after);
	r = rg_engine_meeting_list(call->engine, after ? after : "", limit, &list, err);
	if (r)
		return r;
	return rg_reply_seen(call, 200, list, err);
}

int rg_res_meeting_flows(struct rg_call *call, struct rg_err *err)
{
	const char *text = rg_http_query(call->request, "limit");
	_cleanup_(json_decrefp) json_t *flows = NULL;
	uint64_t limit = LIMIT_MAX;
	int r;

	if (text && !rg_number_parse(text, 1, FLOWS_MAX, &limit))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "the query argument 'limit' is a number from 1 to %d, not '%.32s'", FLOWS_MAX, text);
	r = rg_engine_meeting_flows(call->engine, call->params[0], limit, &flows, err);
	return r ? r : rg_reply_json(call->response, 200, flows, err);
}

int rg_res_meeting_stats(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *stats = NULL;
	int r = rg_engine_meeting_stats(call->engine, call->params[0], &stats, err);

	return r ? r : rg_reply_json(call->response, 200, stats, err);
}
