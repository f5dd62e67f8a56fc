/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Usage, errors and JSON answers. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include "cli/cli.h"
#include "cli/table.h"

static const char general_help[] =
	"Options, before or behind the command:\n"
	"  --socket PATH  the daemon's socket (" RG_CLI_SOCKET ")\n"
	"  --json         JSON instead of tables\n"
	"  --help         more about a command\n"
	"  --version      which build this is\n"
	"\n"
	"Exit: 0 done, 1 the daemon said no (its reason is on stderr), 2 usage, 3 no daemon.\n";

static void command_title(FILE *out, const struct rg_cli_command *command)
{
	fprintf(out, "%s%s%s", command->name, command->verb ? " " : "",
		command->verb ? command->verb : "");
}

void rg_cli_usage_line(FILE *out, const struct rg_cli_command *command)
{
	fputs("usage: regiongate ", out);
	command_title(out, command);
	fprintf(out, "%s%s\n", *command->synopsis ? " " : "", command->synopsis);
}

static void command_list(FILE *out, const struct rg_cli_command *commands, const char *group)
{
	fprintf(out, "usage: regiongate [--socket PATH] [--json] %s ...\n\n",
		group ? group : "COMMAND");
	for (; commands->name; commands++) {
		int width;

		if (group && strcmp(group, commands->name))
			continue;
		width = fprintf(out, "  %s%s%s", commands->name, commands->verb ? " " : "",
				commands->verb ? commands->verb : "");
		fprintf(out, "%*s%s\n", width < 19 ? 19 - width : 1, "", commands->summary);
	}
	fprintf(out, "\n%s", general_help);
}

void rg_cli_help(FILE *out, const struct rg_cli_command *commands, const struct rg_cli *cli)
{
	const struct rg_cli_option *option;

	if (!cli->command) {
		command_list(out, commands, cli->group);
		return;
	}
	rg_cli_usage_line(out, cli->command);
	fprintf(out, "\n%s.\n", cli->command->summary);
	if (cli->command->details)
		fprintf(out, "%s\n", cli->command->details);
	fputc('\n', out);
	for (option = cli->command->options; option && option->name; option++) {
		int width = fprintf(out, "  %s%s%s%s", option->name[1] ? "--" : "-", option->name, option->value ? " " : "",
				    option->value ? option->value : "");

		fprintf(out, "%*s%s%s\n", width < 24 ? 24 - width : 1, "", option->help,
			option->many ? " (may be repeated)" : "");
	}
	fprintf(out, "%s%s", cli->command->options ? "\n" : "", general_help);
}

enum rg_cli_exit rg_cli_misuse(const struct rg_cli *cli, const char *fmt, ...)
{
	struct rg_err err = { 0 };
	va_list args;

	va_start(args, fmt);
	vsnprintf(err.detail, sizeof(err.detail), fmt, args);
	va_end(args);
	rg_cli_say_error(&err);
	if (cli->command) {
		rg_cli_usage_line(stderr, cli->command);
		fputs("'--help' behind it says more.\n", stderr);
	} else {
		fprintf(stderr, "usage: regiongate [--socket PATH] [--json] %s ...\n"
			"'regiongate %s%s--help' lists the commands.\n",
			cli->group ? cli->group : "COMMAND", cli->group ? cli->group : "",
			cli->group ? " " : "");
	}
	return RG_EXIT_USAGE;
}

void rg_cli_say_error(const struct rg_err *err)
{
	fputs("regiongate: ", stderr);
	rg_table_text(stderr, err->detail);
	if (*err->pointer) {
		fputs(" (at ", stderr);
		rg_table_text(stderr, err->pointer);
		fputc(')', stderr);
	}
	fputc('\n', stderr);
}

void rg_cli_say_json(const json_t *value)
{
	json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
	putchar('\n');
}

enum rg_cli_exit rg_cli_flush(enum rg_cli_exit code)
{
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "regiongate: standard output: %s\n", strerror(errno));
		return code == RG_EXIT_DONE ? RG_EXIT_REFUSED : code;
	}
	return code;
}
