/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/resources.h"

#include <errno.h>
#include "api/reply.h"
#include "engine/engine.h"

int rg_res_lookup(struct rg_call *call, struct rg_err *err)
{
	const char *address = rg_http_query(call->request, "address");
	_cleanup_(json_decrefp) json_t *answer = NULL;
	int r;

	if (!address || !*address)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "the query argument 'address' is missing");
	r = rg_engine_lookup(call->engine, address, &answer, err);
	return r ? r : rg_reply_json(call->response, 200, answer, err);
}
