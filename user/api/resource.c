/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/resource.h"

#include "api/reply.h"

int rg_resource_reply(struct rg_call *call, const struct rg_resource *kind, unsigned int status, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *body = NULL;
	uint64_t revision;
	int r = kind->get(call->engine, call->params[0], &body, &revision, err);

	return r ? r : rg_reply_resource(call, status, body, revision, err);
}

int rg_resource_put(struct rg_call *call, const struct rg_resource *kind, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *body = NULL;
	bool created = false;
	int r = rg_call_body(call, NULL, &body, err);

	if (!r)
		r = kind->put(call->engine, call->params[0], body, call->if_match, &created, NULL, err);
	return r ? r : rg_resource_reply(call, kind, created ? 201 : 200, err);
}

int rg_resource_delete(struct rg_call *call, const struct rg_resource *kind, struct rg_err *err)
{
	int r = kind->delete(call->engine, call->params[0], call->if_match, err);

	if (!r)
		rg_reply_empty(call->response, 204);
	return r;
}
