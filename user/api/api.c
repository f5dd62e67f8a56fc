/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "api/conditions.h"
#include "api/http.h"
#include "api/peer.h"
#include "api/reply.h"
#include "api/router.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "ledger/entry.h"

#define DRAIN_MS 1000
#define ACTOR    "Regiongate-Actor" /* for whom the client says that it acts */

struct rg_api {
	struct rg_engine *engine;
	const struct rg_roles *roles;
	struct rg_http *http;
	int flush_error;        /* of this turn's flush; 0: it held */
	struct rg_err flush_err;
	uint64_t events_seen;   /* as rg_engine_events_last() */
};

/* One request between open() and close(). */
struct context {
	struct rg_route_match match;
	struct rg_peer peer;
	uint64_t if_match;
	bool staged; /* its handler ran before the flush, and its answer hangs on it */
};

static bool is_read(const struct rg_route *route)
{
	return route->kind == RG_ROUTE_READ;
}

struct query {
	const struct rg_http_request *request;
	const struct rg_route *route;
	struct rg_err *err;
};

static int check_argument(void *arg, const char *name)
{
	const struct query *query = arg;

	if (!rg_route_takes_query(query->route, name))
		return rg_err_set(query->err, -EINVAL, RG_ERR_INVALID, "",
				  "unknown query argument; %s takes %s", query->route->pattern,
				  query->route->query ? query->route->query : "none");
	if (rg_http_query_repeated(query->request, name))
		return rg_err_set(query->err, -EINVAL, RG_ERR_INVALID, "",
				  "the query argument '%s' is given twice", name);
	return 0;
}

/* Headers of which a second one would be dropped. */
static int check_headers(const struct rg_http_request *request, struct rg_err *err)
{
	static const struct {
		const char *name;
		enum rg_errc code;
	} once[] = {
		{ "If-Match", RG_ERR_PRECONDITION },
		{ "If-None-Match", RG_ERR_PRECONDITION },
		{ ACTOR, RG_ERR_INVALID },
	};

	for (size_t i = 0; i < ARRAY_SIZE(once); i++)
		if (rg_http_header_repeated(request, once[i].name))
			return rg_err_set(err, -EINVAL, once[i].code, "", "the header %s is given twice",
					  once[i].name);
	return 0;
}

/* Conditions are checked, or refused where a resource has no revisions: never ignored. */
static int read_conditions(const struct rg_http_request *request, struct context *context,
			   struct rg_err *err)
{
	const struct rg_route *route = context->match.route;
	const char *if_match = rg_http_header(request, "If-Match");
	const char *if_none_match = rg_http_header(request, "If-None-Match");

	if (is_read(route) && (!if_match || route->conditional))
		return 0; /* what is read is compared when it is there: rg_reply_resource() */
	if (route->conditional)
		return rg_conditions_parse(if_match, if_none_match, &context->if_match, err);
	if (!if_match && !if_none_match)
		return 0;
	return rg_err_set(err, -EINVAL, RG_ERR_PRECONDITION, "",
			  "this call takes no %s", if_match ? "If-Match" : "If-None-Match");
}

static int check_actor(const struct rg_http_request *request, struct rg_err *err)
{
	const char *actor = rg_http_header(request, ACTOR);

	if (!actor || rg_ledger_asserted_ok(actor))
		return 0;
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
			  "the header " ACTOR " has 1 to %d bytes of UTF-8 without control characters",
			  RG_LEDGER_ASSERTED_MAX);
}

static int find_route(struct rg_http_request *request, struct context *context, struct rg_err *err)
{
	int r;

	if (!request->encoding_ok)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "a %% in the request's target is not followed by two hex digits, "
				  "or stands for a NUL");
	r = rg_route_find(rg_routes, rg_n_routes, request->method, request->path, &context->match,
			  request->response.allow, err);
	if (r)
		return r;
	request->response.allow[0] = '\0';
	r = rg_peer_check(&context->peer, context->match.route->role, err);
	if (r)
		return r;
	r = rg_http_query_names(request, check_argument, &(struct query){ request, context->match.route, err });
	if (!r)
		r = check_headers(request, err);
	if (!r)
		r = check_actor(request, err);
	return r ? r : read_conditions(request, context, err);
}

static int on_open(void *arg, struct rg_http_request *request)
{
	struct context *context = calloc(1, sizeof(*context));
	struct rg_api *api = arg;
	struct rg_err err;

	if (!context)
		return -ENOMEM;
	request->context = context;
	if (rg_peer_of(rg_http_socket(request), api->roles, &context->peer, &err) ||
	    find_route(request, context, &err))
		rg_reply_problem(&request->response, &err);
	else if (context->match.route->body_max)
		request->body_limit = context->match.route->body_max;
	return 0;
}

static int run_handler(struct rg_api *api, struct rg_http_request *request, struct rg_err *err)
{
	struct context *context = request->context;
	struct rg_call call = {
		.engine = api->engine,
		.request = request,
		.response = &request->response,
		.peer = context->peer,
		.if_match = context->if_match,
	};

	int r;

	memcpy(call.params, context->match.params, sizeof(call.params));
	rg_engine_actor_set(api->engine, &call.peer, rg_http_header(request, ACTOR));
	r = context->match.route->fn(&call, err);
	rg_engine_actor_set(api->engine, NULL, NULL);
	return r;
}

static void on_stage(void *arg, struct rg_http_request *request)
{
	struct context *context = request->context;
	struct rg_err err;

	if (request->too_large) {
		rg_err_set(&err, 0, RG_ERR_TOO_LARGE, "", "a body of this call has at most %zu bytes",
			   request->body_limit);
		rg_reply_problem(&request->response, &err);
		return;
	}
	if (context->match.route->kind != RG_ROUTE_STAGED)
		return;
	if (run_handler(arg, request, &err))
		rg_reply_problem(&request->response, &err);
	else
		context->staged = true;
}

static void on_commit(void *arg)
{
	struct rg_api *api = arg;

	api->flush_error = rg_engine_flush(api->engine, &api->flush_err);
	if (api->flush_error)
		rg_log(RG_LOG_ERROR, "changes were undone: %s", api->flush_err.detail);
}

static void on_answer(void *arg, struct rg_http_request *request)
{
	struct context *context = request->context;
	struct rg_api *api = arg;
	struct rg_err err;
	int r;

	if (context->staged && api->flush_error)
		rg_reply_problem(&request->response, &api->flush_err);
	if (request->response.status)
		return;
	r = run_handler(api, request, &err);
	if (!r && context->match.route->kind == RG_ROUTE_IMMEDIATE)
		r = rg_engine_flush(api->engine, &err);
	if (r)
		rg_reply_problem(&request->response, &err);
}

static void on_close(void *arg, struct rg_http_request *request)
{
	struct context *context = request->context;

	(void)arg;
	free(context->match.path);
	free(context);
}

static bool is_privileged(void *arg, int socket)
{
	struct rg_api *api = arg;
	struct rg_peer peer;

	return !rg_peer_of(socket, api->roles, &peer, NULL) && peer.role >= RG_ROLE_ADMIN;
}

static const struct rg_http_ops ops = {
	.privileged = is_privileged,
	.open = on_open,
	.stage = on_stage,
	.commit = on_commit,
	.answer = on_answer,
	.close = on_close,
};

int rg_api_open(struct rg_engine *engine, const struct rg_roles *roles, int listen_fd,
		struct rg_api **ret, struct rg_err *err)
{
	_cleanup_(rg_freep) struct rg_api *api = calloc(1, sizeof(*api));
	int r;

	if (!api) {
		close(listen_fd);
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	}
	api->engine = engine;
	api->roles = roles;
	r = rg_http_open(listen_fd, &ops, api, &api->http, err);
	if (r)
		return r;
	*ret = TAKE_PTR(api);
	return 0;
}

void rg_api_close(struct rg_api *api)
{
	if (!api)
		return;
	rg_http_close(api->http, DRAIN_MS);
	free(api);
}

int rg_api_fd(const struct rg_api *api)
{
	return rg_http_fd(api->http);
}

/* Streams of events hear of what this turn brings in this turn. */
static void wake_streams(struct rg_api *api)
{
	uint64_t last = rg_engine_events_last(api->engine);

	if (last == api->events_seen)
		return;
	api->events_seen = last;
	rg_http_wake(api->http);
}

int rg_api_run(struct rg_api *api)
{
	wake_streams(api);
	rg_http_run(api->http);
	wake_streams(api); /* resuming makes the server's fd readable: the loop comes round again */
	return rg_http_timeout_ms(api->http);
}
