/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The command line: options before and behind the command, and every way to misuse it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include "base/cleanup.h"
#include "cli/cli.h"

static const struct rg_cli_option put_options[] = {
	{ "network", "NETWORK", "", true }, { "country", "CC", "", false },
	{ "force", NULL, "", false }, { 0 },
};
static const struct rg_cli_command commands[] = {
	{ "status", NULL, "", "", NULL, NULL, 0, 0, NULL },
	{ "region", "put", "", "", NULL, put_options, 1, 2, NULL },
	{ "region", "list", "", "", NULL, NULL, 0, 0, NULL },
	{ 0 },
};

/* Parse words that are separated by single blanks; "_" is an empty word. */
static int parse(const char *line, struct rg_cli *ret, struct rg_err *err)
{
	static char buf[512];
	static char *argv[64];
	int argc = 0;
	char *rest = buf, *word;

	snprintf(buf, sizeof(buf), "regiongate %s", line);
	while ((word = strsep(&rest, " ")))
		argv[argc++] = strcmp(word, "_") ? word : word + 1;
	if (argc > 1 && !*argv[argc - 1] && !strstr(line, "_"))
		argc--; /* an empty line */
	argv[argc] = NULL;
	memset(err, 0, sizeof(*err));
	return rg_cli_parse(argc, argv, commands, ret, err);
}

static void assert_parses(const char *line, const char *name, const char *verb, struct rg_cli *cli)
{
	struct rg_err err;

	if (parse(line, cli, &err))
		fail_msg("'%s': %s", line, err.detail);
	assert_string_equal(cli->command->name, name);
	if (verb)
		assert_string_equal(cli->command->verb, verb);
}

static void global_options_stand_anywhere(void **state)
{
	static const char *const lines[] = {
		"--socket /s --json region list", "region --socket /s --json list",
		"region list --socket /s --json", "--json region --socket=/s list",
		"--socket /s region list --json --socket /s",
	};
	struct rg_cli cli;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_parses(lines[i], "region", "list", &cli);
		assert_string_equal(cli.socket, "/s");
		assert_true(cli.json);
		rg_cli_clear(&cli);
	}
}

static void the_socket_has_a_default(void **state)
{
	struct rg_cli cli;

	(void)state;
	assert_parses("status", "status", NULL, &cli);
	assert_string_equal(cli.socket, "/run/regiongate/regiongate.sock");
	assert_false(cli.json);
	rg_cli_clear(&cli);
}

static void options_and_words_may_mix(void **state)
{
	const struct rg_cli_values *networks;
	struct rg_cli cli;

	(void)state;
	assert_parses("region put --network a x --network b --force --country DE", "region", "put", &cli);
	assert_int_equal(cli.n_words, 1);
	assert_string_equal(cli.words[0], "x");
	networks = rg_cli_options(&cli, "network");
	assert_int_equal(networks->n, 2);
	assert_string_equal(networks->values[0], "a");
	assert_string_equal(networks->values[1], "b");
	assert_string_equal(rg_cli_option(&cli, "country"), "DE");
	assert_non_null(rg_cli_option(&cli, "force"));
	rg_cli_clear(&cli);
}

static void an_option_that_is_not_given_is_null(void **state)
{
	struct rg_cli cli;

	(void)state;
	assert_parses("region put x -", "region", "put", &cli);
	assert_null(rg_cli_option(&cli, "country"));
	assert_null(rg_cli_option(&cli, "force"));
	assert_int_equal(rg_cli_options(&cli, "network")->n, 0);
	assert_int_equal(cli.n_words, 2);
	assert_string_equal(cli.words[1], "-");
	rg_cli_clear(&cli);
}

static void misuse_is_refused_with_a_sentence(void **state)
{
	static const struct { const char *line, *says; } cases[] = {
		{ "", "no command" },
		{ "frobnicate", "unknown command 'frobnicate'" },
		{ "region", "needs one of its commands" },
		{ "region frobnicate", "unknown command 'region frobnicate'" },
		{ "--frobnicate status", "unknown option '--frobnicate'" },
		{ "status --frobnicate", "unknown option '--frobnicate'" },
		{ "status -x", "unknown option" },
		{ "status --country DE", "unknown option '--country'" },
		{ "--country DE region put x", "unknown option '--country'" },
		{ "region put x --country", "a value is missing" },
		{ "--socket", "a value is missing" },
		{ "region put x --force=yes", "unknown option" },
		{ "region put x --country DE --country DE", "given twice" },
		{ "--socket /a status --socket /b", "given twice" },
		{ "--socket= status", "empty" },
		{ "region put", "an argument is missing" },
		{ "region put x y z", "one argument too many: 'z'" },
		{ "region put _", "an argument is empty" },
		{ "status x", "one argument too many: 'x'" },
	};
	struct rg_cli cli;
	struct rg_err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (parse(cases[i].line, &cli, &err) != -EINVAL)
			fail_msg("'%s' is accepted", cases[i].line);
		if (!strstr(err.detail, cases[i].says))
			fail_msg("'%s': '%s'", cases[i].line, err.detail);
		rg_cli_clear(&cli);
	}
}

static void help_needs_no_arguments(void **state)
{
	struct rg_cli cli;
	struct rg_err err;

	(void)state;
	assert_int_equal(parse("--help", &cli, &err), 0);
	assert_true(cli.help && !cli.command && !cli.group);
	rg_cli_clear(&cli);
	assert_int_equal(parse("region --help", &cli, &err), 0);
	assert_true(cli.help && !cli.command);
	assert_string_equal(cli.group, "region");
	rg_cli_clear(&cli);
	assert_int_equal(parse("region put --help", &cli, &err), 0);
	assert_true(cli.help && cli.command);
	rg_cli_clear(&cli);
}

static void numbers_have_bounds_and_nothing_around(void **state)
{
	static const char *const bad[] = {
		"", "0", "65536", "-1", "+1", " 1", "1 ", "1x", "0x10", "99999999999999999999",
	};
	struct rg_err err;
	unsigned long value;

	(void)state;
	assert_int_equal(rg_cli_number("1", "port", 1, 65535, &value, &err), 0);
	assert_int_equal(value, 1);
	assert_int_equal(rg_cli_number("65535", "port", 1, 65535, &value, &err), 0);
	assert_int_equal(value, 65535);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (rg_cli_number(bad[i], "port", 1, 65535, &value, &err) != -EINVAL)
			fail_msg("'%s' is accepted", bad[i]);
	assert_int_equal(value, 65535);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(global_options_stand_anywhere),
		cmocka_unit_test(the_socket_has_a_default),
		cmocka_unit_test(options_and_words_may_mix),
		cmocka_unit_test(an_option_that_is_not_given_is_null),
		cmocka_unit_test(misuse_is_refused_with_a_sentence),
		cmocka_unit_test(help_needs_no_arguments),
		cmocka_unit_test(numbers_have_bounds_and_nothing_around),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
