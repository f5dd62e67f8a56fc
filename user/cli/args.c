/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* argv -> struct rg_cli, by the command table. getopt_long does the splitting. */
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "cli/cli.h"

enum { OPT_SOCKET, OPT_JSON, OPT_HELP, OPT_VERSION, OPT_COMMAND };

static const struct rg_cli_option global_options[] = {
	[OPT_SOCKET] = { "socket", "PATH", "the daemon's socket", false },
	[OPT_JSON] = { "json", NULL, "JSON instead of tables", false },
	[OPT_HELP] = { "help", NULL, "this text", false },
	[OPT_VERSION] = { "version", NULL, "version, and which program and maps it is built for", false },
};

static int misuse(struct rg_err *err, const char *what, const char *arg)
{
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "%s '%s'", what, arg);
}

static int values_add(struct rg_cli_values *values, const char *value)
{
	const char **grown = reallocarray(values->values, values->n + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	grown[values->n++] = value;
	values->values = grown;
	return 0;
}

static int option_take(struct rg_cli *cli, int which, const char *value, struct rg_err *err)
{
	if (which == OPT_HELP) {
		cli->help = true;
	} else if (which == OPT_VERSION) {
		cli->version = true;
	} else if (which == OPT_JSON) {
		cli->json = true;
	} else if (which == OPT_SOCKET) {
		if (cli->socket && strcmp(cli->socket, value))
			return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
					  "option '--socket' is given twice");
		cli->socket = value;
	} else {
		const struct rg_cli_option *option = &cli->command->options[which - OPT_COMMAND];
		struct rg_cli_values *values = &cli->values[which - OPT_COMMAND];

		if (values->n && option->value && !option->many)
			return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "option '%s%s' is given twice",
					  option->name[1] ? "--" : "-", option->name);
		if (values_add(values, value ? value : ""))
			return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	}
	return 0;
}

static size_t options_fill(struct option *longs, size_t n, const struct rg_cli_option *options,
			   size_t n_options, int first)
{
	for (size_t i = 0; i < n_options; i++)
		longs[n++] = (struct option){
			options[i].name,
			options[i].value ? required_argument : no_argument, NULL, first + (int)i };
	return n;
}

/* Options of one letter are given as "-n 5", too. */
static void shorts_fill(char shorts[2 + 2 * RG_CLI_OPTIONS_MAX + 1], const struct rg_cli_option *options, size_t n)
{
	size_t length = strlen(shorts);

	for (size_t i = 0; i < n; i++) {
		if (options[i].name[1])
			continue;
		shorts[length++] = *options[i].name;
		if (options[i].value)
			shorts[length++] = ':';
	}
	shorts[length] = '\0';
}

/* What an option of one letter is in the table. */
static int short_which(const struct rg_cli_option *options, size_t n, int letter)
{
	for (size_t i = 0; i < n; i++)
		if (!options[i].name[1] && *options[i].name == letter)
			return OPT_COMMAND + (int)i;
	return '?';
}

/* Take options from argv[1..]. @permute: go on behind words; else stop at the first word.
 * Returns the index of the first word, or -EINVAL. */
static int options_parse(struct rg_cli *cli, int argc, char **argv, bool permute,
			 struct rg_err *err)
{
	struct option longs[ARRAY_SIZE(global_options) + RG_CLI_OPTIONS_MAX + 1] = { 0 };
	size_t n = options_fill(longs, 0, global_options, ARRAY_SIZE(global_options), 0);
	char shorts[2 + 2 * RG_CLI_OPTIONS_MAX + 1];
	size_t n_options = 0;
	int which, r;

	if (permute && cli->command->options)
		while (cli->command->options[n_options].name)
			n_options++;
	strcpy(shorts, permute ? ":" : "+:");
	if (n_options) {
		options_fill(longs, n, cli->command->options, n_options, OPT_COMMAND);
		shorts_fill(shorts, cli->command->options, n_options);
	}
	optind = 0; /* glibc: start afresh */
	opterr = 0;
	while ((which = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (which == ':')
			return misuse(err, "a value is missing behind", argv[optind - 1]);
		if (which == '?')
			return misuse(err, "unknown option", argv[optind - 1]);
		if (which >= '0')
			which = short_which(cli->command->options, n_options, which);
		r = option_take(cli, which, optarg, err);
		if (r)
			return r;
	}
	return optind;
}

static bool known_name(const struct rg_cli_command *commands, const char *name)
{
	for (; commands->name; commands++)
		if (!strcmp(commands->name, name))
			return true;
	return false;
}

static const struct rg_cli_command *command_find(const struct rg_cli_command *commands,
						 const char *name, const char *verb)
{
	for (; commands->name; commands++)
		if (!strcmp(commands->name, name) &&
		    (!commands->verb || (verb && !strcmp(commands->verb, verb))))
			return commands;
	return NULL;
}

/* Find the command; global options may stand before its name and before its verb. Moves
 * @argc and @argv on to the last word of the name. */
static int command_parse(struct rg_cli *cli, int *argc, char ***argv,
			 const struct rg_cli_command *commands, struct rg_err *err)
{
	int first = options_parse(cli, *argc, *argv, false, err);
	const char *name;

	if (first < 0)
		return first;
	if (first == *argc)
		return cli->help || cli->version ? 0 : rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
						  "no command is given");
	name = (*argv)[first];
	if (!known_name(commands, name))
		return misuse(err, "unknown command", name);
	*argc -= first;
	*argv += first;
	cli->command = command_find(commands, name, NULL);
	if (cli->command)
		return 0;

	cli->group = name;
	first = options_parse(cli, *argc, *argv, false, err);
	if (first < 0)
		return first;
	if (first == *argc)
		return cli->help || cli->version ? 0 : rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
						  "'%s' needs one of its commands", name);
	cli->command = command_find(commands, name, (*argv)[first]);
	if (!cli->command)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "unknown command '%s %s'",
				  name, (*argv)[first]);
	cli->group = NULL;
	*argc -= first;
	*argv += first;
	return 0;
}

int rg_cli_parse(int argc, char **argv, const struct rg_cli_command *commands,
		 struct rg_cli *ret, struct rg_err *err)
{
	int first, r;

	*ret = (struct rg_cli){ 0 };
	r = command_parse(ret, &argc, &argv, commands, err);
	if (r)
		return r;
	if (ret->command) {
		first = options_parse(ret, argc, argv, true, err);
		if (first < 0)
			return first;
		ret->words = (const char **)argv + first;
		ret->n_words = argc - first;
	}
	if (!ret->socket)
		ret->socket = RG_CLI_SOCKET;
	if (ret->help || ret->version)
		return 0;
	if (!*ret->socket)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "the socket's path is empty");
	if (ret->n_words < ret->command->min_words)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "an argument is missing");
	if (ret->n_words > ret->command->max_words)
		return misuse(err, "one argument too many:", ret->words[ret->command->max_words]);
	for (size_t i = 0; i < ret->n_words; i++)
		if (!*ret->words[i])
			return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "an argument is empty");
	return 0;
}

void rg_cli_clear(struct rg_cli *cli)
{
	for (size_t i = 0; i < RG_CLI_OPTIONS_MAX; i++)
		free(cli->values[i].values);
	*cli = (struct rg_cli){ 0 };
}

const struct rg_cli_values *rg_cli_options(const struct rg_cli *cli, const char *name)
{
	const struct rg_cli_option *options = cli->command->options;

	for (size_t i = 0; options && options[i].name; i++)
		if (!strcmp(options[i].name, name))
			return &cli->values[i];
	abort(); /* a command asks for an option that its table does not have */
}

const char *rg_cli_option(const struct rg_cli *cli, const char *name)
{
	const struct rg_cli_values *values = rg_cli_options(cli, name);

	return values->n ? values->values[values->n - 1] : NULL;
}

int rg_cli_number(const char *text, const char *what, unsigned long min, unsigned long max,
		  unsigned long *ret, struct rg_err *err)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || value < min || value > max)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "%s is a number from %lu to %lu, not '%s'", what, min, max, text);
	*ret = value;
	return 0;
}
