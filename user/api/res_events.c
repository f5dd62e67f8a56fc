/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/resources.h"

#include <errno.h>
#include <string.h>
#include "api/reply.h"
#include "engine/engine.h"

#define LAST_MAX 4096

static long read_events(void *arg, char *buf, size_t max)
{
	return rg_event_reader_read(arg, buf, max);
}

static void close_events(void *arg)
{
	rg_event_reader_close(arg);
}

int rg_res_events(struct rg_call *call, struct rg_err *err)
{
	const char *last = rg_http_query(call->request, "last"), *follow = rg_http_query(call->request, "follow");
	struct rg_event_filter filter = {
		.meeting = rg_http_query(call->request, "meeting"),
		.kinds = rg_http_query(call->request, "kind"),
		.follow = !follow || strcmp(follow, "false"),
	};
	struct rg_http_stream stream = { .read = read_events, .close = close_events };
	struct rg_event_reader *reader;
	uint64_t n = 0;
	int r;

	if (last && !rg_number_parse(last, 0, LAST_MAX, &n))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "the query argument 'last' is a number from 0 to %d, not '%.32s'", LAST_MAX, last);
	if (follow && strcmp(follow, "true") && strcmp(follow, "false"))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "the query argument 'follow' is true or false, not '%.32s'", follow);
	filter.last = n;
	r = rg_event_reader_open(call->engine, &filter, &reader, err);
	if (r)
		return r;
	stream.arg = reader;
	rg_reply_stream(call->response, "application/x-ndjson", &stream);
	return 0;
}
