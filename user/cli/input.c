/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bodies from files and standard input. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "cli/cli.h"

static int read_all(FILE *file, const char *name, char **ret, size_t *ret_length,
		    struct rg_err *err)
{
	_cleanup_(rg_freep) char *text = NULL;
	size_t length = 0, room = 0;

	for (;;) {
		if (room - length < 2) {
			char *grown;

			room = room ? 2 * room : 65536;
			grown = realloc(text, room);
			if (!grown)
				return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
			text = grown;
		}
		length += fread(text + length, 1, room - length - 1, file);
		if (ferror(file))
			return rg_err_set(err, -EIO, RG_ERR_INVALID, "", "can not read %s: %s", name,
					  strerror(errno));
		if (length > RG_CLI_INPUT_MAX)
			return rg_err_set(err, -EFBIG, RG_ERR_TOO_LARGE, "",
					  "%s is larger than %u MiB", name, RG_CLI_INPUT_MAX >> 20);
		if (feof(file))
			break;
	}
	text[length] = '\0';
	*ret_length = length;
	*ret = TAKE_PTR(text);
	return 0;
}

int rg_cli_read(const char *path, char **ret, size_t *ret_length, struct rg_err *err)
{
	_cleanup_(rg_fclosep) FILE *file = NULL;

	if (!strcmp(path, "-"))
		return read_all(stdin, "standard input", ret, ret_length, err);
	file = fopen(path, "re");
	if (!file)
		return rg_err_set(err, -errno, RG_ERR_INVALID, "", "can not open '%s': %s", path,
				  strerror(errno));
	return read_all(file, path, ret, ret_length, err);
}

enum rg_cli_exit rg_cli_read_body(const struct rg_cli *cli, size_t index, char **ret,
				  size_t *ret_length)
{
	struct rg_err err = { 0 };

	if (index >= cli->n_words && isatty(STDIN_FILENO))
		return rg_cli_misuse(cli, "no file is named, and standard input is a terminal");
	if (rg_cli_read(index < cli->n_words ? cli->words[index] : "-", ret, ret_length, &err)) {
		rg_cli_say_error(&err);
		return RG_EXIT_REFUSED;
	}
	return RG_EXIT_DONE;
}
