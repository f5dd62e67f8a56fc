/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/resources.h"

#include <errno.h>
#include "api/reply.h"
#include "engine/engine.h"

#define LIST_DEFAULT   100
#define LIST_MAX       1000
#define EXPORT_DEFAULT 1000
#define EXPORT_MAX     10000
#define VERIFY_MAX     100000

struct range {
	uint64_t after, limit;
};

static int read_range(const struct rg_call *call, uint64_t normally, uint64_t most, struct range *ret,
		      struct rg_err *err)
{
	const char *after = rg_http_query(call->request, "after");
	const char *limit = rg_http_query(call->request, "limit");

	*ret = (struct range){ 0, normally };
	if (after && !rg_number_parse(after, 0, INT64_MAX, &ret->after))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "the query argument 'after' is an entry's number, not '%.32s'", after);
	if (limit && !rg_number_parse(limit, 1, most, &ret->limit))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "the query argument 'limit' is a number from 1 to %u, not '%.32s'",
				  (unsigned int)most, limit);
	return 0;
}

int rg_res_ledger_list(struct rg_call *call, struct rg_err *err)
{
	struct rg_reading *reading;
	struct range range;
	int r = read_range(call, LIST_DEFAULT, LIST_MAX, &range, err);

	if (!r)
		r = rg_engine_ledger_list(call->engine, range.after, range.limit, &reading, err);
	return r ? r : rg_reply_reading(call, reading, err);
}

int rg_res_ledger_export(struct rg_call *call, struct rg_err *err)
{
	struct rg_reading *reading;
	struct range range;
	int r = read_range(call, EXPORT_DEFAULT, EXPORT_MAX, &range, err);

	if (!r)
		r = rg_engine_ledger_export(call->engine, range.after, range.limit, &reading, err);
	return r ? r : rg_reply_reading(call, reading, err);
}

int rg_res_ledger_verify(struct rg_call *call, struct rg_err *err)
{
	struct rg_reading *reading;
	struct range range;
	int r = read_range(call, VERIFY_MAX, VERIFY_MAX, &range, err);

	if (!r)
		r = rg_engine_ledger_verify(call->engine, range.after, range.limit, &reading, err);
	return r ? r : rg_reply_reading(call, reading, err);
}

int rg_res_report(struct rg_call *call, struct rg_err *err)
{
	const char *from = rg_http_query(call->request, "from"), *to = rg_http_query(call->request, "to");
	struct rg_reading *reading;
	int r;

	if (!from || !to)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "the query argument '%s' is missing: a day like 2020-06-04", from ? "to" : "from");
	r = rg_engine_report(call->engine, from, to, &reading, err);
	return r ? r : rg_reply_reading(call, reading, err);
}
