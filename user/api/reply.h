/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the handlers of resources share: bodies in, responses out. */
#ifndef RG_REPLY_H
#define RG_REPLY_H

#include <jansson.h>
#include "api/http.h"
#include "api/router.h"
#include "base/cleanup.h"

/** Parse the request's body. @if_empty: the value of no body at all (its reference is taken
 *  over), or NULL: a body is required. New reference in @ret. RG_ERR_SYNTAX. */
int rg_call_body(struct rg_call *call, json_t *if_empty, json_t **ret, struct rg_err *err);

/** Answer with JSON (borrowed) and a line end. -ENOMEM. */
int rg_reply_json(struct rg_http_response *response, unsigned int status, const json_t *body,
		  struct rg_err *err);
/** The same as the caller may see it: see withhold.h. -ENOMEM. */
int rg_reply_seen(struct rg_call *call, unsigned int status, const json_t *body, struct rg_err *err);
/** Answer with a resource, as the caller may see it, and its entity tag: 304 without a body if the request has it already. */
int rg_reply_resource(struct rg_call *call, unsigned int status, const json_t *body,
		      uint64_t revision, struct rg_err *err);
/** Answer with a text (owned by the response from here on). */
void rg_reply_text(struct rg_http_response *response, unsigned int status, const char *type,
		   char *text, size_t length);
/** Answer with a stream, which is closed when the response is over. */
void rg_reply_stream(struct rg_http_response *response, const char *type, const struct rg_http_stream *stream);
struct rg_reading;
/** Answer with what a reading (taken over) comes to, as the caller may see it: its JSON, or its text, which is
 *  NDJSON. Now if it is short, else in steps. */
int rg_reply_reading(struct rg_call *call, struct rg_reading *reading, struct rg_err *err);
/** Answer without a body. */
void rg_reply_empty(struct rg_http_response *response, unsigned int status);
/** Answer with a problem. Replaces an earlier answer; never fails (a body that can not be
 *  built is left out). */
void rg_reply_problem(struct rg_http_response *response, const struct rg_err *err);

#endif
