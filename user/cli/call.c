/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One request to the daemon, with its errors said. */
#include <errno.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/table.h"
#include "ledger/entry.h"
#include "policy/meeting.h"

static void text_copy(char *buf, size_t size, const json_t *text)
{
	if (json_is_string(text))
		snprintf(buf, size, "%s", json_string_value(text));
	rg_utf8_mend(buf);
}

/* Say a problem (RFC 9457), or the bare status if the answer is none. */
static void problem_say(const struct rg_client_answer *answer)
{
	struct rg_err err = { 0 };
	json_t *problem = answer->body ? json_loadb(answer->body, answer->length, 0, NULL) : NULL;

	snprintf(err.detail, sizeof(err.detail), "the daemon answers with status %ld",
		 answer->status);
	text_copy(err.detail, sizeof(err.detail), json_object_get(problem, "title"));
	text_copy(err.detail, sizeof(err.detail), json_object_get(problem, "detail"));
	text_copy(err.pointer, sizeof(err.pointer), json_object_get(problem, "pointer"));
	rg_cli_say_error(&err);
	json_decref(problem);
}

/* Who sits in front of it, where a shared account or sudo hides that. */
static const char *actor(void)
{
	const char *name = getenv("REGIONGATE_ACTOR");

	if (!name)
		name = getenv("SUDO_USER");
	return name && *name ? name : NULL;
}

/* @ret_forbidden: NULL, or an answer of 403 is told there and is no error. */
static enum rg_cli_exit answer_get(const struct rg_client_request *request, struct rg_client_answer *ret,
				   bool *ret_forbidden)
{
	struct rg_err err = { 0 };
	int r;

	if (request->actor && !rg_ledger_asserted_ok(request->actor)) {
		fputs("regiongate: REGIONGATE_ACTOR (or SUDO_USER) is not a name of 1 to 128 printable bytes\n",
		      stderr);
		return RG_EXIT_USAGE;
	}
	r = rg_client_run(request, ret, &err);
	if (r) {
		rg_cli_say_error(&err);
		return r == -ENOTCONN || r == -ETIMEDOUT ? RG_EXIT_NO_DAEMON : RG_EXIT_REFUSED;
	}
	if (ret_forbidden) {
		*ret_forbidden = ret->status == 403;
		if (*ret_forbidden)
			return RG_EXIT_DONE;
	}
	if (ret->status < 200 || ret->status > 299) {
		problem_say(ret);
		return RG_EXIT_REFUSED;
	}
	return RG_EXIT_DONE;
}

static enum rg_cli_exit request_run(const struct rg_cli *cli, const char *method, const char *path,
				    const struct rg_cli_body *body, const char *if_match,
				    struct rg_client_answer *ret)
{
	struct rg_client_request request = { .socket = cli->socket, .method = method, .path = path,
					     .if_match = if_match, .actor = actor() };

	if (body && body->data) {
		request.body = body->data;
		request.length = body->length;
		request.type = body->type ? body->type : "application/json";
	}
	return answer_get(&request, ret, NULL);
}

enum rg_cli_exit rg_cli_call(const struct rg_cli *cli, const char *method, const char *path,
			     const struct rg_cli_body *body, const char *if_match, json_t **ret,
			     char **ret_etag)
{
	_cleanup_(rg_client_answer_clear) struct rg_client_answer answer = { 0 };
	enum rg_cli_exit code = request_run(cli, method, path, body, if_match, &answer);
	struct rg_err err = { 0 };

	if (code)
		return code;
	if (ret) {
		*ret = NULL;
		if (answer.length && rg_json_parse(answer.body, answer.length, ret, &err)) {
			fputs("regiongate: the daemon's answer is not JSON\n", stderr);
			return RG_EXIT_REFUSED;
		}
	}
	if (ret_etag)
		*ret_etag = TAKE_PTR(answer.etag);
	return RG_EXIT_DONE;
}

enum rg_cli_exit rg_cli_allowed(const struct rg_cli *cli, const char *path, bool *ret)
{
	_cleanup_(rg_client_answer_clear) struct rg_client_answer answer = { 0 };
	struct rg_client_request request = { .socket = cli->socket, .method = "GET", .path = path, .actor = actor() };
	bool forbidden = false;
	enum rg_cli_exit code = answer_get(&request, &answer, &forbidden);

	*ret = !forbidden;
	return code;
}

enum rg_cli_exit rg_cli_call_json(const struct rg_cli *cli, const char *method, const char *path,
				  json_t *body, json_t **ret)
{
	_cleanup_(rg_freep) char *text = NULL;
	struct rg_cli_body data = { 0 };

	if (body) {
		text = json_dumps(body, JSON_COMPACT);
		json_decref(body);
		if (!text) {
			fputs("regiongate: out of memory\n", stderr);
			return RG_EXIT_REFUSED;
		}
		data.data = text;
		data.length = strlen(text);
	}
	return rg_cli_call(cli, method, path, &data, NULL, ret, NULL);
}

enum rg_cli_exit rg_cli_call_text(const struct rg_cli *cli, const char *method, const char *path,
				  const struct rg_cli_body *body, char **ret)
{
	_cleanup_(rg_client_answer_clear) struct rg_client_answer answer = { 0 };
	enum rg_cli_exit code = request_run(cli, method, path, body, NULL, &answer);

	if (code)
		return code;
	*ret = answer.body ? TAKE_PTR(answer.body) : strdup("");
	return *ret ? RG_EXIT_DONE : RG_EXIT_REFUSED;
}

/* Pieces of a stream put together to lines. */
struct lines {
	bool (*fn)(void *arg, char *line);
	void *arg;
	char *text;
	size_t length, room;
};

static bool lines_take(void *arg, const char *data, size_t length)
{
	struct lines *lines = arg;
	char *end, *line;

	if (lines->length + length + 1 > lines->room) {
		size_t room = 2 * (lines->length + length + 1);
		char *grown = realloc(lines->text, room);

		if (!grown)
			return false;
		lines->text = grown;
		lines->room = room;
	}
	memcpy(lines->text + lines->length, data, length);
	lines->length += length;
	for (line = lines->text; (end = memchr(line, '\n', lines->length - (size_t)(line - lines->text))); line = end + 1) {
		*end = '\0';
		if (!lines->fn(lines->arg, line))
			return false;
	}
	lines->length -= (size_t)(line - lines->text);
	memmove(lines->text, line, lines->length);
	return true;
}

enum rg_cli_exit rg_cli_stream(const struct rg_cli *cli, const char *path, bool (*fn)(void *arg, char *line),
			       void *arg)
{
	_cleanup_(rg_client_answer_clear) struct rg_client_answer answer = { 0 };
	struct lines lines = { .fn = fn, .arg = arg };
	struct rg_client_request request = { .socket = cli->socket, .method = "GET", .path = path,
					     .actor = actor(), .take = lines_take, .arg = &lines };
	enum rg_cli_exit code = answer_get(&request, &answer, NULL);

	free(lines.text);
	return code;
}

char *rg_cli_path(const char *prefix, const char *segment, const char *rest)
{
	_cleanup_(rg_freep) char *escaped = rg_client_escape(segment);

	return escaped ? rg_text_format("%s%s%s", prefix, escaped, rest) : NULL;
}

enum rg_cli_exit rg_cli_get_resource(const struct rg_cli *cli, const char *base,
				     enum rg_cli_exit (*show)(const json_t *resource, const char *etag))
{
	_cleanup_(rg_freep) char *path = rg_cli_path(base, cli->words[0], ""), *etag = NULL;
	_cleanup_(json_decrefp) json_t *answer = NULL;
	enum rg_cli_exit code;

	if (!path)
		return RG_EXIT_REFUSED;
	code = rg_cli_call(cli, "GET", path, NULL, NULL, &answer, &etag);
	if (code != RG_EXIT_DONE)
		return code;
	if (!cli->json)
		return show(answer, etag);
	rg_cli_say_json(answer);
	return code;
}

enum rg_cli_exit rg_cli_delete_resource(const struct rg_cli *cli, const char *base, const char *kind,
					const char *if_match)
{
	_cleanup_(rg_freep) char *path = rg_cli_path(base, cli->words[0], "");
	enum rg_cli_exit code;

	if (!path)
		return RG_EXIT_REFUSED;
	code = rg_cli_call(cli, "DELETE", path, NULL, if_match, NULL, NULL);
	if (code == RG_EXIT_DONE && !cli->json)
		printf("%s%s: deleted\n", kind, cli->words[0]);
	return code;
}
