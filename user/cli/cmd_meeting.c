/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* meeting: put, patch, get, list, delete, batch. */
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/meeting_show.h"
#include "cli/show.h"
#include "policy/meeting.h"

#define MEETINGS "/v1/meetings"
#define PAGE 500 /* meetings of one request of the list */

static const struct rg_table_column batch_columns[] = {
	{ "LINE", true }, { "MEETING", false }, { "STATUS", true }, { "DETAIL", false },
};

/* Is the only word of "put" a file, whose body says the id? Ids have no '/'. */
static bool is_file(const char *word)
{
	return !strcmp(word, "-") || strchr(word, '/') || !access(word, F_OK);
}

/* The id that a body names, copied. Says its error. */
static char *id_of_body(const char *text, size_t length, const char *file)
{
	struct rg_err err = { 0 };
	json_t *body = NULL;
	char *id = NULL;

	if (rg_json_parse(text, length, &body, &err)) {
		rg_cli_say_error(&err);
		return NULL;
	}
	if (json_is_string(json_object_get(body, "id")))
		id = strdup(json_string_value(json_object_get(body, "id")));
	json_decref(body);
	if (!id || !*id) {
		rg_err_set(&err, -1, RG_ERR_INVALID, "/id",
			   "%s names no meeting: it has no \"id\"", file);
		rg_cli_say_error(&err);
	}
	return id && *id ? id : (free(id), NULL);
}

/* One meeting's answer: JSON as it is, or one line. */
static void answer_say(const struct rg_cli *cli, const json_t *answer, const char *id)
{
	if (cli->json && answer)
		rg_cli_say_json(answer);
	else if (!cli->json)
		printf("%s: in force\n", id);
}

static enum rg_cli_exit meeting_send(const struct rg_cli *cli, const char *method, const char *id,
				     const char *text, size_t length)
{
	_cleanup_(rg_freep) char *path = rg_cli_path(MEETINGS "/", id, "");
	struct rg_cli_body body = {
		.data = text, .length = length,
		.type = strcmp(method, "PATCH") ? NULL : "application/merge-patch+json",
	};
	enum rg_cli_exit code;
	json_t *answer = NULL;

	if (!path)
		return RG_EXIT_REFUSED;
	code = rg_cli_call(cli, method, path, &body, rg_cli_option(cli, "if-match"), &answer, NULL);
	if (code == RG_EXIT_DONE)
		answer_say(cli, answer, id);
	json_decref(answer);
	return code;
}

static enum rg_cli_exit meeting_put(const struct rg_cli *cli)
{
	bool file = cli->n_words == 1 && is_file(cli->words[0]);
	_cleanup_(rg_freep) char *text = NULL, *id = NULL;
	enum rg_cli_exit code;
	size_t length;

	code = rg_cli_read_body(cli, file ? 0 : 1, &text, &length);
	if (code)
		return code;
	id = file ? id_of_body(text, length, cli->words[0]) : strdup(cli->words[0]);
	if (!id)
		return RG_EXIT_REFUSED;
	return meeting_send(cli, "PUT", id, text, length);
}

static enum rg_cli_exit meeting_patch(const struct rg_cli *cli)
{
	_cleanup_(rg_freep) char *text = NULL;
	enum rg_cli_exit code;
	size_t length;

	code = rg_cli_read_body(cli, 1, &text, &length);
	return code ? code : meeting_send(cli, "PATCH", cli->words[0], text, length);
}

static enum rg_cli_exit meeting_get(const struct rg_cli *cli)
{
	return rg_cli_get_resource(cli, MEETINGS "/", rg_meeting_show);
}

static enum rg_cli_exit meeting_delete(const struct rg_cli *cli)
{
	return rg_cli_delete_resource(cli, MEETINGS "/", "", rg_cli_option(cli, "if-match"));
}

/* One page behind @after; its meetings are appended to @list, @ret_next is owned by the caller. */
static enum rg_cli_exit page_get(const struct rg_cli *cli, const char *after, json_t *list,
				 char **ret_next)
{
	_cleanup_(rg_freep) char *path = NULL, *limit = rg_text_format("&limit=%d", PAGE);
	json_t *answer = NULL, *next;
	enum rg_cli_exit code;

	path = limit ? rg_cli_path(MEETINGS "?after=", after, limit) : NULL;
	if (!path)
		return RG_EXIT_REFUSED;
	code = rg_cli_call(cli, "GET", path, NULL, NULL, &answer, NULL);
	if (code == RG_EXIT_DONE) {
		json_array_extend(list, json_object_get(answer, "meetings"));
		next = json_object_get(answer, "next");
		/* a "next" that does not move on would never end */
		if (json_is_string(next) && strcmp(json_string_value(next), after))
			*ret_next = strdup(json_string_value(next));
	}
	json_decref(answer);
	return code;
}

static enum rg_cli_exit meeting_list(const struct rg_cli *cli)
{
	_cleanup_(rg_freep) char *after = strdup("");
	enum rg_cli_exit code = RG_EXIT_DONE;
	json_t *list = json_array();

	while (after && code == RG_EXIT_DONE) {
		_cleanup_(rg_freep) char *here = TAKE_PTR(after);

		code = page_get(cli, here, list, &after);
	}
	if (code == RG_EXIT_DONE && cli->json) {
		json_t *all = json_pack("{s:O, s:n}", "meetings", list, "next");

		rg_cli_say_json(all);
		json_decref(all);
	} else if (code == RG_EXIT_DONE) {
		code = rg_meeting_list_show(list);
	}
	json_decref(list);
	return code;
}

/* One line of the batch's answer. Returns RG_EXIT_REFUSED if that line was refused. */
static enum rg_cli_exit batch_row(struct rg_table *table, size_t number, const char *line)
{
	char status[RG_SHOW_MAX], id[RG_SHOW_MAX], detail[RG_SHOW_MAX], count[24];
	json_t *result = json_loads(line, 0, NULL);
	const json_t *problem = result;
	enum rg_cli_exit code = RG_EXIT_DONE;

	if (json_is_object(json_object_get(result, "problem")))
		problem = json_object_get(result, "problem");
	if (!result || json_integer_value(json_object_get(result, "status")) >= 400)
		code = RG_EXIT_REFUSED;
	snprintf(count, sizeof(count), "%zu", number);
	RG_TABLE_ROW(table, count, rg_show_member(result, "id", id),
		     rg_show_member(result, "status", status),
		     rg_show_member(problem, "detail", detail));
	json_decref(result);
	return code;
}

static enum rg_cli_exit batch_show(const struct rg_cli *cli, char *text)
{
	_cleanup_(rg_table_freep) struct rg_table *table =
		rg_table_new(batch_columns, ARRAY_SIZE(batch_columns));
	enum rg_cli_exit code = RG_EXIT_DONE;
	size_t n = 0, refused = 0;
	char *rest = text, *line;

	if (cli->json)
		fputs(text, stdout);
	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		n++;
		if (batch_row(table, n, line)) {
			code = RG_EXIT_REFUSED;
			refused++;
		}
	}
	if (!cli->json && rg_show_table(table))
		return RG_EXIT_REFUSED;
	if (refused)
		fprintf(stderr, "regiongate: %zu of %zu lines were refused\n", refused, n);
	return code;
}

static enum rg_cli_exit meeting_batch(const struct rg_cli *cli)
{
	_cleanup_(rg_freep) char *text = NULL, *answer = NULL;
	struct rg_cli_body body = { .type = "application/x-ndjson" };
	enum rg_cli_exit code;

	code = rg_cli_read_body(cli, 0, &text, &body.length);
	if (code)
		return code;
	body.data = text;
	code = rg_cli_call_text(cli, "POST", MEETINGS ":batch", &body, &answer);
	return code ? code : batch_show(cli, answer);
}

static const struct rg_cli_option change_options[] = {
	{ "if-match", "ETAG", "only if the meeting still has this ETag", false },
	{ 0 },
};

const struct rg_cli_command rg_cmd_meeting[] = {
	{ "meeting", "put", "ID [FILE|-] | FILE", "Create or replace a meeting",
	  "With one argument: a file that exists (or a path with a '/', or '-') holds the meeting,\n"
	  "and its \"id\" names it; anything else is an id, and the meeting is read from standard\n"
	  "input. When the command returns, the rules hold from the next packet on.",
	  change_options, 1, 2, meeting_put },
	{ "meeting", "patch", "ID [FILE|-]", "Change members of a meeting (RFC 7396 merge patch)",
	  NULL, change_options, 1, 2, meeting_patch },
	{ "meeting", "get", "ID", "Show a meeting", NULL, NULL, 1, 1, meeting_get },
	{ "meeting", "list", "", "List all meetings", NULL, NULL, 0, 0, meeting_list },
	{ "meeting", "delete", "ID", "Delete a meeting: its endpoints pass everything again", NULL,
	  change_options, 1, 1, meeting_delete },
	{ "meeting", "batch", "[FILE|-]", "Send many changes at once, one JSON object a line",
	  "One result a line, in order. Exit 1 if any line was refused; the others hold.", NULL, 0,
	  1, meeting_batch },
	{ 0 },
};
