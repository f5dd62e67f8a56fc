/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/ledger_lines.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "base/cleanup.h"
#include "cli/table.h"

#define PAGE 10000 /* entries a request; the daemon's most */

static enum rg_ledger_line kind_of(const char *line)
{
	return strncmp(line, "{\"head\":", 8) ? RG_LEDGER_LINE_ENTRY : RG_LEDGER_LINE_END;
}

static enum rg_cli_exit say(const char *what, const char *which)
{
	struct rg_err err = { 0 };

	snprintf(err.detail, sizeof(err.detail), "%s%s", what, which);
	rg_cli_say_error(&err);
	return RG_EXIT_REFUSED;
}

/* The end line of a page. @ret_next: go on after that entry; 0: this was the last page. */
static enum rg_cli_exit read_end(const char *line, uint64_t *ret_next)
{
	json_t *end = json_loads(line, 0, NULL);
	json_int_t next = json_integer_value(json_object_get(end, "next"));
	bool ok = end != NULL && next >= 0;

	json_decref(end);
	*ret_next = (uint64_t)next;
	return ok ? RG_EXIT_DONE : say("the daemon's answer is no page of a ledger", "");
}

/* @text is cut up in place. The end line of a page that is not the last one is not passed on. */
static enum rg_cli_exit pass_page(char *text, uint64_t *ret_next, rg_ledger_line_fn fn, void *arg)
{
	enum rg_cli_exit code = RG_EXIT_DONE;
	bool ended = false;
	char *line, *rest = text;

	while (code == RG_EXIT_DONE && (line = strsep(&rest, "\n"))) {
		size_t length = strlen(line);

		if (!length)
			continue;
		if (kind_of(line) == RG_LEDGER_LINE_END) {
			ended = true;
			code = read_end(line, ret_next);
			if (code == RG_EXIT_DONE && *ret_next)
				continue;
		}
		if (code == RG_EXIT_DONE)
			code = fn(arg, kind_of(line), line, length);
	}
	if (code == RG_EXIT_DONE && !ended)
		return say("the daemon's answer is no page of a ledger", "");
	return code;
}

enum rg_cli_exit rg_ledger_lines_fetch(const struct rg_cli *cli, uint64_t after, rg_ledger_line_fn fn,
				       void *arg)
{
	enum rg_cli_exit code;

	do {
		_cleanup_(rg_freep) char *text = NULL;
		char path[96];

		snprintf(path, sizeof(path), "/v1/ledger:export?after=%" PRIu64 "&limit=%d", after, PAGE);
		code = rg_cli_call_text(cli, "GET", path, NULL, &text);
		if (code == RG_EXIT_DONE)
			code = pass_page(text, &after, fn, arg);
	} while (code == RG_EXIT_DONE && after);
	return code;
}

enum rg_cli_exit rg_ledger_lines_read(const char *path, rg_ledger_line_fn fn, void *arg)
{
	bool standard = !strcmp(path, "-");
	_cleanup_(rg_fclosep) FILE *opened = standard ? NULL : fopen(path, "re");
	FILE *file = standard ? stdin : opened;
	enum rg_cli_exit code = RG_EXIT_DONE;
	_cleanup_(rg_freep) char *line = NULL;
	size_t room = 0;
	ssize_t n;

	if (!file) {
		_cleanup_(rg_freep) char *why = rg_text_format("'%s': %s", path, strerror(errno));

		return say("can not open ", why ? why : path);
	}
	errno = 0;
	while (code == RG_EXIT_DONE && (n = getline(&line, &room, file)) > 0) {
		if (line[n - 1] == '\n')
			line[--n] = '\0';
		if (n)
			code = fn(arg, kind_of(line), line, (size_t)n);
		errno = 0;
	}
	if (code == RG_EXIT_DONE && (ferror(file) || errno)) {
		_cleanup_(rg_freep) char *why = rg_text_format("'%s': %s", path, strerror(errno));

		return say("can not read ", why ? why : path);
	}
	return code;
}
