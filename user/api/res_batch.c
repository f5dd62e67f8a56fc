/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* POST /v1/meetings:batch: on each line a meeting, or {"op": "delete", "id": ...}, or {"op": "bind" |
 * "unbind", "id": ..., "endpoint": ..., "ufrag": ...}.
 *
 * Each line succeeds or fails by itself; what succeeded becomes durable and takes
 * effect together, in the one flush of the request's turn.
 */
#include "api/resources.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "api/problem.h"
#include "api/reply.h"
#include "base/text.h"
#include "engine/engine.h"
#include "policy/json_util.h"
#include "policy/meeting.h"

struct line {
	const char *text;
	size_t length;
	size_t number; /* from 1 */
};

static bool is_blank(const struct line *line)
{
	for (size_t i = 0; i < line->length; i++)
		if (!isspace((unsigned char)line->text[i]))
			return false;
	return true;
}

/* The fields of an op besides "op" and "id". */
static int check_fields(const json_t *body, const char *op, const char *const known[], struct rg_err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)body, key, value) {
		char quote[RG_QUOTE_MAX];
		size_t i = 0;

		while (known[i] && strcmp(known[i], key))
			i++;
		if (known[i] || !strcmp(key, "op") || !strcmp(key, "id"))
			continue;
		rg_err_set(err, 0, RG_ERR_INVALID, "", "unknown field '%s' of a %s", rg_json_quote(key, quote), op);
		if (strlen(key) < 64 && !strpbrk(key, "~/"))
			rg_err_prefix(err, "/%s", key);
		return -EINVAL;
	}
	return 0;
}

/* What a line that succeeded is answered with. Ids need no escapes. */
#define RESULT_MAX (RG_MEETING_ID_MAX + 80)

static void say_gone(char *ret, const char *id)
{
	snprintf(ret, RESULT_MAX, "{\"id\":\"%s\",\"status\":204}", id);
}

static void say_done(char *ret, const char *id, bool created, uint64_t revision)
{
	ret = stpcpy(stpcpy(ret, "{\"id\":\""), id);
	ret = stpcpy(ret, created ? "\",\"status\":201,\"revision\":" : "\",\"status\":200,\"revision\":");
	strcpy(rg_digits(ret, revision), "}");
}

static int delete_meeting(struct rg_engine *engine, const char *id, const json_t *body, char *ret,
			  struct rg_err *err)
{
	int r = rg_engine_meeting_delete(engine, id, RG_ANY_REVISION, err);

	(void)body;
	if (!r)
		say_gone(ret, id);
	return r;
}

/* The two texts of a bind and an unbind. */
static int ufrag_fields(const json_t *body, const char **ret_endpoint, const char **ret_ufrag, struct rg_err *err)
{
	*ret_endpoint = json_string_value(json_object_get(body, "endpoint"));
	*ret_ufrag = json_string_value(json_object_get(body, "ufrag"));
	if (!*ret_endpoint)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/endpoint",
				  "'endpoint' is a shared endpoint's name");
	if (!*ret_ufrag)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/ufrag", "'ufrag' is a text");
	return 0;
}

static int bind_ufrag(struct rg_engine *engine, const char *id, const json_t *body, char *ret,
		      struct rg_err *err)
{
	const char *endpoint, *ufrag;
	uint64_t revision = 0;
	bool created = false;
	int r = ufrag_fields(body, &endpoint, &ufrag, err);

	if (!r)
		r = rg_engine_ufrag_bind(engine, id, endpoint, ufrag, RG_ANY_REVISION, &created, &revision, err);
	if (!r)
		say_done(ret, id, created, revision);
	return r;
}

static int unbind_ufrag(struct rg_engine *engine, const char *id, const json_t *body, char *ret,
			struct rg_err *err)
{
	const char *endpoint, *ufrag;
	int r = ufrag_fields(body, &endpoint, &ufrag, err);

	if (!r)
		r = rg_engine_ufrag_unbind(engine, id, endpoint, ufrag, RG_ANY_REVISION, NULL, err);
	if (!r)
		say_gone(ret, id);
	return r;
}

static const struct op {
	const char *name;
	const char *fields[3];
	int (*run)(struct rg_engine *engine, const char *id, const json_t *body, char *ret, struct rg_err *err);
} ops[] = {
	{ "delete", { NULL }, delete_meeting },
	{ "bind", { "endpoint", "ufrag", NULL }, bind_ufrag },
	{ "unbind", { "endpoint", "ufrag", NULL }, unbind_ufrag },
};

static int run_op(struct rg_engine *engine, const json_t *body, char *ret, struct rg_err *err)
{
	const char *name = json_string_value(json_object_get(body, "op"));
	const char *id = json_string_value(json_object_get(body, "id"));
	const struct op *op = ops;
	int r;

	while (op < ops + ARRAY_SIZE(ops) && (!name || strcmp(op->name, name)))
		op++;
	if (op == ops + ARRAY_SIZE(ops))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/op",
				  "'op' is \"delete\", \"bind\" or \"unbind\"; a meeting to put has none");
	if (!id || !rg_meeting_id_ok(id))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/id", "'id' is a meeting's id");
	r = check_fields(body, name, op->fields, err);
	return r ? r : op->run(engine, id, body, ret, err);
}

static int put_meeting(struct rg_engine *engine, const json_t *body, char *ret,
		       struct rg_err *err)
{
	const char *id = json_string_value(json_object_get(body, "id"));
	uint64_t revision = 0;
	bool created = false;
	int r;

	if (!id)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, json_is_object(body) ? "/id" : "",
				  "a line is a meeting: an object with its 'id'");
	r = rg_engine_meeting_put(engine, id, body, RG_ANY_REVISION, &created, &revision, err);
	if (!r)
		say_done(ret, id, created, revision);
	return r;
}

/* A line that the quick reader has read: a meeting, since it knows no "op". Takes @spec. */
static int put_spec(struct rg_engine *engine, struct rg_meeting_spec *spec, json_t **ret_id, char *ret,
		    struct rg_err *err)
{
	char id[RG_MEETING_ID_MAX + 1];
	uint64_t revision = 0;
	bool created = false;
	int r;

	strcpy(id, spec->id);
	r = rg_engine_meeting_put_spec(engine, spec, RG_ANY_REVISION, &created, &revision, err);
	if (r)
		*ret_id = json_string(id);
	else
		say_done(ret, id, created, revision);
	return r;
}

static int run_json(struct rg_engine *engine, const struct line *line, json_t **ret_id, char *ret_result,
		    struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *body = NULL;
	int r = rg_json_parse(line->text, line->length, &body, err);

	if (r)
		return r;
	if (json_object_get(body, "op"))
		r = run_op(engine, body, ret_result, err);
	else
		r = put_meeting(engine, body, ret_result, err);
	if (r)
		*ret_id = json_incref(json_object_get(body, "id"));
	return r;
}

/* Do what a line says. @ret_id, on failure: what it has as its id, which may be anything; a new reference, or NULL. */
static int run_line(struct rg_engine *engine, const struct line *line, json_t **ret_id, char *ret_result,
		    struct rg_err *err)
{
	struct rg_meeting_spec *spec;

	if (line->length > RG_HTTP_BODY_MAX)
		return rg_err_set(err, -E2BIG, RG_ERR_TOO_LARGE, "",
				  "a line has at most %u bytes", RG_HTTP_BODY_MAX);
	if (!rg_meeting_from_text(line->text, line->length, NULL, &spec))
		return put_spec(engine, spec, ret_id, ret_result, err);
	return run_json(engine, line, ret_id, ret_result, err);
}

static json_t *failure(const struct line *line, json_t *id, const struct rg_err *err)
{
	json_t *result = json_pack("{s:I}", "line", (json_int_t)line->number);
	_cleanup_(json_decrefp) json_t *problem = rg_problem_to_json(err);

	if (!result)
		return NULL;
	if ((json_is_string(id) && json_object_set(result, "id", id)) ||
	    json_object_update(result, problem)) {
		json_decref(result);
		return NULL;
	}
	return result;
}

static bool write_result(FILE *out, struct rg_engine *engine, const struct line *line)
{
	_cleanup_(json_decrefp) json_t *id = NULL, *problem = NULL;
	char result[RESULT_MAX];
	struct rg_err err;

	if (!run_line(engine, line, &id, result, &err))
		return fputs(result, out) != EOF && fputc('\n', out) != EOF;
	problem = failure(line, id, &err);
	return problem && !json_dumpf(problem, out, JSON_COMPACT) && fputc('\n', out) != EOF;
}

int rg_res_meeting_batch(struct rg_call *call, struct rg_err *err)
{
	const char *next = call->request->body, *end = next + call->request->body_length;
	char *results = NULL;
	size_t length;
	FILE *out = open_memstream(&results, &length);
	struct line line = { .number = 1 };
	bool ok = out != NULL;

	for (; ok && next < end; line.number++) {
		const char *stop = memchr(next, '\n', (size_t)(end - next));

		line.text = next;
		line.length = (size_t)((stop ? stop : end) - next);
		next = stop ? stop + 1 : end;
		if (!is_blank(&line))
			ok = write_result(out, call->engine, &line);
	}
	if (out && fclose(out))
		ok = false;
	if (!ok) {
		free(results);
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "",
				  "out of memory at line %zu; the lines before it are in force",
				  line.number);
	}
	rg_reply_text(call->response, 200, "application/x-ndjson", results, length);
	return 0;
}
