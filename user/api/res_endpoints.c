/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared endpoints, and ufrags one at a time. */
#include "api/resources.h"

#include <errno.h>
#include "api/conditions.h"
#include "api/reply.h"
#include "api/resource.h"
#include "engine/engine.h"

static const struct rg_resource endpoints = { rg_engine_endpoint_get, rg_engine_endpoint_put, rg_engine_endpoint_delete };

int rg_res_endpoint_put(struct rg_call *call, struct rg_err *err)
{
	return rg_resource_put(call, &endpoints, err);
}

int rg_res_endpoint_get(struct rg_call *call, struct rg_err *err)
{
	return rg_resource_reply(call, &endpoints, 200, err);
}

int rg_res_endpoint_delete(struct rg_call *call, struct rg_err *err)
{
	return rg_resource_delete(call, &endpoints, err);
}

int rg_res_endpoint_list(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *list = NULL;
	int r = rg_engine_endpoint_list(call->engine, &list, err);

	return r ? r : rg_reply_json(call->response, 200, list, err);
}

static int endpoint_of(const struct rg_call *call, const char **ret, struct rg_err *err)
{
	*ret = rg_http_query(call->request, "endpoint");
	if (*ret && **ret)
		return 0;
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
			  "the query argument 'endpoint' is missing: the shared endpoint of the ufrag");
}

/* There is no body here that a pointer could lead into. */
static int without_pointer(int r, struct rg_err *err)
{
	if (r)
		err->pointer[0] = '\0';
	return r;
}

int rg_res_ufrag_put(struct rg_call *call, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *answer = NULL;
	const char *endpoint;
	uint64_t revision = 0;
	bool created = false;
	int r = endpoint_of(call, &endpoint, err);

	if (!r && call->request->body_length)
		r = rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "this call takes no body");
	if (!r)
		r = rg_engine_ufrag_bind(call->engine, call->params[0], endpoint, call->params[1], call->if_match,
					 &created, &revision, err);
	if (r)
		return without_pointer(r, err);
	answer = json_pack("{s:s, s:s, s:s}", "id", call->params[0], "endpoint", endpoint, "ufrag", call->params[1]);
	r = rg_reply_json(call->response, created ? 201 : 200, answer, err);
	if (!r)
		rg_etag_format(revision, call->response->etag);
	return r;
}

int rg_res_ufrag_delete(struct rg_call *call, struct rg_err *err)
{
	const char *endpoint;
	uint64_t revision = 0;
	int r = endpoint_of(call, &endpoint, err);

	if (!r)
		r = rg_engine_ufrag_unbind(call->engine, call->params[0], endpoint, call->params[1], call->if_match,
					   &revision, err);
	if (r)
		return without_pointer(r, err);
	rg_reply_empty(call->response, 204);
	rg_etag_format(revision, call->response->etag);
	return 0;
}
