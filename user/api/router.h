/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a method and a path to a handler. Pure but for the handlers themselves.
 *
 *   routes.c   the table of all routes; one file a resource holds the handlers (res_*.c)
 */
#ifndef RG_ROUTER_H
#define RG_ROUTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "api/http.h"
#include "base/err.h"
#include "base/peer.h"

struct rg_engine;

#define RG_ROUTE_PARAMS_MAX   2 /* {parts} of a pattern */
#define RG_ROUTE_SEGMENTS_MAX 8 /* parts of a path; a longer one is not found */

/* When a handler runs. What it changes decides: a reader must not see what may yet be undone. */
enum rg_route_kind {
	RG_ROUTE_READ,      /* changes nothing: after the flush */
	RG_ROUTE_STAGED,    /* stages a change: before the flush, answered after it */
	RG_ROUTE_IMMEDIATE, /* changes what is not staged (interfaces, reloads): after the flush */
};

/* A request on its way through its handler. */
struct rg_call {
	struct rg_engine *engine;
	const struct rg_http_request *request;
	struct rg_http_response *response;
	struct rg_peer peer;                     /* who calls */
	const char *params[RG_ROUTE_PARAMS_MAX]; /* decoded, in the order of the pattern */
	uint64_t if_match;                       /* as the engine takes it */
};

/** Fill call->response and return 0, or return -errno with @err filled. */
typedef int (*rg_route_fn)(struct rg_call *call, struct rg_err *err);

struct rg_route {
	const char *method;
	const char *pattern; /* "/v1/meetings/{id}", "/v1/meetings/{id}:preview" */
	rg_route_fn fn;
	enum rg_route_kind kind;
	enum rg_role role;   /* the least that may call it; none: a mistake, admins only */
	bool conditional;    /* takes If-Match and If-None-Match */
	size_t body_max;     /* 0: RG_HTTP_BODY_MAX */
	const char *query;   /* names of its query arguments, "after limit"; NULL: none */
};

extern const struct rg_route rg_routes[];
extern const size_t rg_n_routes;

struct rg_route_match {
	const struct rg_route *route;
	char *path;                              /* decoded parts; what params point into */
	const char *params[RG_ROUTE_PARAMS_MAX];
};

/** Find the route of a request; HEAD is served by GET. @path is still percent-encoded.
 *  @ret->path is the caller's (free), also on failure; NULL-initialise it.
 *  RG_ERR_NOT_FOUND (-ENOENT); RG_ERR_METHOD (-EPERM) with the methods that exist in
 *  @ret_allow (64 bytes); -ENOMEM. */
int rg_route_find(const struct rg_route *routes, size_t n_routes, const char *method,
		  const char *path, struct rg_route_match *ret, char *ret_allow,
		  struct rg_err *err);

/** Is @name one of the route's query arguments? */
bool rg_route_takes_query(const struct rg_route *route, const char *name);

/** Parse a whole number of [least, most] written in digits only. */
bool rg_number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *ret);

#endif
