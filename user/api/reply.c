/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/reply.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "api/conditions.h"
#include "api/problem.h"
#include "api/withhold.h"
#include "engine/engine.h"
#include "policy/meeting.h"

int rg_call_body(struct rg_call *call, json_t *if_empty, json_t **ret, struct rg_err *err)
{
	const struct rg_http_request *request = call->request;

	if (if_empty && !request->body_length) {
		*ret = if_empty;
		return 0;
	}
	json_decref(if_empty);
	if (!request->body_length)
		return rg_err_set(err, -EINVAL, RG_ERR_SYNTAX, "", "the request has no body");
	return rg_json_parse(request->body, request->body_length, ret, err);
}

static void clear(struct rg_http_response *response)
{
	free(response->body);
	if (response->stream.close)
		response->stream.close(response->stream.arg);
	*response = (struct rg_http_response){ 0 };
}

void rg_reply_text(struct rg_http_response *response, unsigned int status, const char *type,
		   char *text, size_t length)
{
	clear(response);
	response->status = status;
	response->content_type = type;
	response->body = text;
	response->length = length;
}

void rg_reply_stream(struct rg_http_response *response, const char *type, const struct rg_http_stream *stream)
{
	clear(response);
	response->status = 200;
	response->content_type = type;
	response->stream = *stream;
}

void rg_reply_empty(struct rg_http_response *response, unsigned int status)
{
	clear(response);
	response->status = status;
}

/* Text of a JSON value and a line end; NULL if memory is out. */
static char *dump(const json_t *json, size_t *ret_length)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_length);
	bool ok;

	if (!out)
		return NULL;
	ok = !json_dumpf(json, out, JSON_COMPACT | JSON_REAL_PRECISION(15)) && fputc('\n', out) != EOF;
	if (fclose(out) || !ok) {
		free(text);
		return NULL;
	}
	return text;
}

int rg_reply_json(struct rg_http_response *response, unsigned int status, const json_t *body,
		  struct rg_err *err)
{
	size_t length;
	char *text = dump(body, &length);

	if (!text)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	rg_reply_text(response, status, "application/json", text, length);
	return 0;
}

/* @ret: a new reference. Who pushes orders knows them. */
static int seen_by(const struct rg_call *call, const json_t *body, json_t **ret, struct rg_err *err)
{
	if (call->peer.role >= RG_ROLE_PUSH) {
		*ret = json_incref((json_t *)body);
		return 0;
	}
	if (rg_withhold(body, rg_engine_now(call->engine), ret))
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	return 0;
}

int rg_reply_seen(struct rg_call *call, unsigned int status, const json_t *body, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *seen = NULL;
	int r = seen_by(call, body, &seen, err);

	return r ? r : rg_reply_json(call->response, status, seen, err);
}

/* --- what takes long --------------------------------------------------------- */

struct later {
	struct rg_reading *reading;
	struct rg_engine *engine;
	struct rg_peer peer;
};

static int reply_result(struct rg_call *call, struct rg_reading *reading, struct rg_err *err)
{
	const json_t *json = rg_reading_json(reading);
	size_t length;
	char *text;

	if (json)
		return rg_reply_seen(call, 200, json, err);
	text = rg_reading_take_text(reading, &length);
	rg_reply_text(call->response, 200, "application/x-ndjson", text, length);
	return 0;
}

static bool later_step(void *arg, struct rg_http_request *request)
{
	struct later *later = arg;
	struct rg_call call = {
		.engine = later->engine,
		.request = request,
		.response = &request->response,
		.peer = later->peer,
	};
	struct rg_err err = { 0 };
	int r = rg_reading_step(later->reading, &err);

	if (r > 0)
		return false;
	if (!r)
		r = reply_result(&call, later->reading, &err);
	if (r)
		rg_reply_problem(&request->response, &err);
	return true;
}

static void later_close(void *arg)
{
	struct later *later = arg;

	rg_reading_free(later->reading);
	free(later);
}

int rg_reply_reading(struct rg_call *call, struct rg_reading *reading, struct rg_err *err)
{
	struct later *later = NULL;
	int r = rg_reading_step(reading, err);

	if (r > 0) {
		later = malloc(sizeof(*later));
		r = later ? 0 : rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	} else if (!r) {
		r = reply_result(call, reading, err);
	}
	if (!later) {
		rg_reading_free(reading);
		return r;
	}
	*later = (struct later){ reading, call->engine, call->peer };
	call->response->later = (struct rg_http_later){ later_step, later_close, later };
	return 0;
}

/* --- resources ---------------------------------------------------------------- */

/* If-Match of a GET; that of a change is the engine's to check. */
static int check_match(const struct rg_call *call, uint64_t revision, struct rg_err *err)
{
	const char *if_match = rg_http_header(call->request, "If-Match");
	uint64_t wanted;
	int r;

	if (!if_match)
		return 0;
	r = rg_conditions_parse(if_match, NULL, &wanted, err);
	if (r || wanted == RG_SOME_RESOURCE || wanted == revision)
		return r;
	return rg_err_set(err, -ESTALE, RG_ERR_PRECONDITION, "", "the resource has revision %" PRIu64 " now",
			  revision);
}

int rg_reply_resource(struct rg_call *call, unsigned int status, const json_t *body,
		      uint64_t revision, struct rg_err *err)
{
	const char *method = call->request->method;
	bool reads = !strcmp(method, "GET") || !strcmp(method, "HEAD");
	_cleanup_(json_decrefp) json_t *seen = NULL;
	int r = reads ? check_match(call, revision, err) : 0;

	if (!r)
		r = seen_by(call, body, &seen, err);
	if (r)
		return r;
	if (seen != body) /* no tag, and no 304: it changes when the gag ends, and its revision does not */
		return rg_reply_json(call->response, status, seen, err);
	/* a 304 goes out without its body, but with the length that the body would have */
	if (reads && rg_conditions_unchanged(rg_http_header(call->request, "If-None-Match"), revision))
		status = 304;
	r = rg_reply_json(call->response, status, body, err);
	if (!r)
		rg_etag_format(revision, call->response->etag);
	return r;
}

void rg_reply_problem(struct rg_http_response *response, const struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *problem = rg_problem_to_json(err);
	char allow[sizeof(response->allow)];
	size_t length;
	char *text = problem ? dump(problem, &length) : NULL;

	memcpy(allow, response->allow, sizeof(allow));
	if (text)
		rg_reply_text(response, (unsigned int)rg_errc_status(err->code), RG_PROBLEM_TYPE,
			      text, length);
	else
		rg_reply_empty(response, (unsigned int)rg_errc_status(err->code));
	memcpy(response->allow, allow, sizeof(allow));
}
