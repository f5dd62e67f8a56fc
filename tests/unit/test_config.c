/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The daemon's configuration: the INI file, the options, and the mistakes in both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "daemon/options.h"

static struct rg_config config;
static struct rg_err err;

static int setup(void **state)
{
	(void)state;
	memset(&err, 0, sizeof(err));
	return rg_config_init(&config, &err);
}

static int teardown(void **state)
{
	(void)state;
	rg_config_clear(&config);
	return 0;
}

static int read_text_of(const char *text, size_t length)
{
	_cleanup_(rg_fclosep) FILE *file = fmemopen((void *)text, length, "r");

	assert_non_null(file);
	return rg_config_read(file, "test.conf", &config, &err);
}

static int read_text(const char *text)
{
	return read_text_of(text, strlen(text));
}

static void then_refused(const char *text, const char *message)
{
	int r = read_text(text);

	assert_int_not_equal(r, 0);
	assert_int_equal(err.code, RG_ERR_INVALID);
	if (!strstr(err.detail, message))
		fail_msg("'%s' does not say '%s'", err.detail, message);
}

/* Options are parsed with an empty file in the place of the system's. */
static int parse_options(char *const options[], enum rg_action *ret_action)
{
	char *argv[24] = { "regiongated", "--config", "/dev/null" };
	char *copies[24] = { NULL };
	int argc = 3, r;

	for (; *options; options++, argc++)
		argv[argc] = copies[argc] = strdup(*options);
	r = rg_options_parse(argc, argv, &config, ret_action, &err);
	for (size_t i = 0; i < ARRAY_SIZE(copies); i++)
		free(copies[i]);
	return r;
}

#define OPTIONS(...) ((char *[]){ __VA_ARGS__, NULL })

static void then_options_refused(char *const options[], const char *message)
{
	enum rg_action action;

	assert_int_not_equal(parse_options(options, &action), 0);
	if (!strstr(err.detail, message))
		fail_msg("'%s' does not say '%s'", err.detail, message);
}

static void defaults_are_the_documented_paths(void **state)
{
	(void)state;
	assert_string_equal(config.socket, "/run/regiongate/regiongate.sock");
	assert_string_equal(config.state, "/var/lib/regiongate");
	assert_string_equal(config.pin_dir, "/sys/fs/bpf/regiongate");
	assert_true(config.watch);
	assert_false(config.observe);
	assert_int_equal(config.n_databases + config.n_interfaces, 0);
}

static void file_sets_every_key(void **state)
{
	(void)state;
	assert_int_equal(read_text("[daemon]\nsocket = /s\nstate=/t ; why\npin_dir: /p\n"
				   "log_level = debug\n"
				   "[geoip]\ndatabase = /a b.mmdb\ndatabase = /c.mmdb\n"
				   "registered_country = yes\nwatch = off\n"
				   "[interfaces]\neth0 = native\nwlan0.7 = auto , egress  clsact\n"
				   "[limits]\nmax_meetings = 7\nmax_addresses = 64\n"
				   "max_policies = 8\nmax_schedules = 9\nmax_exception_sets = 10\nmax_mtg_stats = 11\n"
				   "[filter]\nmode = observe\n"), 0);
	assert_string_equal(config.socket, "/s");
	assert_string_equal(config.state, "/t");
	assert_string_equal(config.pin_dir, "/p");
	assert_int_equal(config.log_level, RG_LOG_DEBUG);
	assert_int_equal(config.n_databases, 2);
	assert_string_equal(config.databases[0], "/a b.mmdb");
	assert_string_equal(config.databases[1], "/c.mmdb");
	assert_true(config.registered_country);
	assert_false(config.watch);
	assert_int_equal(config.n_interfaces, 2);
	assert_string_equal(config.interfaces[0].name, "eth0");
	assert_int_equal(config.interfaces[0].mode, RG_XDP_NATIVE);
	assert_int_equal(config.interfaces[1].mode, RG_XDP_AUTO);
	assert_false(config.interfaces[0].egress_given);
	assert_true(config.interfaces[1].egress_given);
	assert_int_equal(config.interfaces[1].egress, RG_EGRESS_CLSACT);
	assert_int_equal(config.max_meetings, 7);
	assert_int_equal(config.max_addresses, 64);
	assert_int_equal(config.max_policies, 8);
	assert_int_equal(config.max_schedules, 9);
	assert_int_equal(config.max_exception_sets, 10);
	assert_int_equal(config.max_mtg_stats, 11);
	assert_true(config.observe);
}

static void mistakes_name_file_and_line(void **state)
{
	(void)state;
	then_refused("[daemon]\nsocket = /s\n\nsockets = /t\n",
		     "test.conf:4: unknown key 'sockets' in [daemon]");
	then_refused("# c\n[demon]\nsocket = /s\n", "test.conf:3: unknown section [demon]");
	then_refused("socket = /s\n", "test.conf:1: 'socket' stands before the first [section]");
	then_refused("[daemon]\nsocket\n", "test.conf:2: this is neither");
	then_refused("[daemon\nsocket = /s\n", "test.conf:1: this is neither");
#define X(key, section, name) then_refused("[demon]\na = b\n", " " section);
	RG_CONFIG_KEYS(X)
#undef X
}

static void bad_values_are_refused(void **state)
{
	(void)state;
	then_refused("[daemon]\nlog_level = loud\n", "'loud' is not one of error");
	then_refused("[daemon]\nstate =\n", "'' is not a path");
	then_refused("[geoip]\nwatch = maybe\n", "'maybe' is not yes or no");
	then_refused("[limits]\nmax_meetings = 0\n", "not a number from 1 to 1048575");
	then_refused("[limits]\nmax_meetings = 1048576\n", "not a number from 1 to 1048575");
	then_refused("[limits]\nmax_meetings = 5x\n", "not a number");
	then_refused("[limits]\nmax_meetings = -1\n", "not a number");
	then_refused("[limits]\nmax_meetings = 99999999999999999999\n", "not a number");
	then_refused("[limits]\nmax_addresses = 65\n", "not a number from 1 to 64");
	then_refused("[limits]\nmax_policies = 0\n", "not a number from 1 to 1048575");
	then_refused("[limits]\nmax_schedules = 1048576\n", "not a number from 1 to 1048575");
	then_refused("[limits]\nmax_exception_sets = 65536\n", "not a number from 1 to 65535");
	then_refused("[limits]\nmax_mtg_stats = 0\n", "not a number from 1 to 4194304");
	then_refused("[limits]\nmax_mtg_stats = 4194305\n", "not a number from 1 to 4194304");
	then_refused("[filter]\nmode = off\n", "'off' is not enforce or observe");
	then_refused("[filter]\ndispatcher = maybe\n", "'maybe' is not no, auto or yes");
	then_refused("[interfaces]\neth0 = fast\n", "'fast' is not auto, native or generic");
	then_refused("[interfaces]\neth0 = auto, egress fast\n", "'fast' is not auto, tcx, clsact or off");
	then_refused("[interfaces]\neth0 = auto, clsact\n", "is not a mode, or a mode and 'egress HOW'");
	then_refused("[interfaces]\neth0 = auto, egress\n", "is not a mode, or a mode and 'egress HOW'");
	then_refused("[interfaces]\neth0 = auto, egress off, egress off\n", "is not auto, tcx, clsact or off");
	then_refused("[interfaces]\neth0 = , egress off\n", "is not auto, native or generic");
	then_refused("[interfaces]\neth0 = auto off\n", "'auto off' is not auto, native or generic");
	then_refused("[interfaces]\na-name-of-16-char = auto\n", "is not a name of an interface");
	then_refused("[interfaces]\na/b = auto\n", "is not a name of an interface");
}

static void keys_given_twice_are_refused(void **state)
{
	(void)state;
	then_refused("[daemon]\nstate = /a\nstate = /b\n", "test.conf:3: 'state' is given twice");
	teardown(NULL);
	setup(NULL);
	then_refused("[geoip]\ndatabase = /a\ndatabase = /a\n", "listed twice");
	teardown(NULL);
	setup(NULL);
	then_refused("[interfaces]\neth0 = auto\neth0 = native\n", "listed twice");
}

static void long_lines_and_nuls_are_refused(void **state)
{
	char text[400] = "[daemon]\nstate = /";
	size_t n = strlen(text);

	(void)state;
	memset(text + n, 'a', 300);
	memcpy(text + n + 250, "\nsocket=/x\n", 12);
	then_refused(text, "test.conf:2: the line is too long");
	assert_int_not_equal(read_text_of("[daemon]\nstate = /a\0b\n", 22), 0);
	assert_non_null(strstr(err.detail, "test.conf:2: the line contains a NUL"));
}

static void long_comments_are_fine(void **state)
{
	char text[1200] = "# ";

	(void)state;
	memset(text + 2, 'x', 1000);
	strcat(text, "\n[daemon]\nstate = /a\n");
	assert_int_equal(read_text(text), 0);
	assert_string_equal(config.state, "/a");
}

static void a_file_cut_anywhere_never_crashes(void **state)
{
	static const char text[] = "[geoip]\ndatabase = /a\n database = /b\n[interfaces]\n"
				   "eth0 = native\n[filter]\nmode = observe\n";

	(void)state;
	for (size_t n = 1; n <= strlen(text); n++) {
		int r = read_text_of(text, n);

		assert_true(r == 0 || err.code == RG_ERR_INVALID);
		teardown(NULL);
		setup(NULL);
	}
}

static void options_override_the_file(void **state)
{
	char path[] = "/tmp/rg_test_config_XXXXXX";
	_cleanup_(rg_closep) int fd = mkstemp(path);
	static const char text[] = "[daemon]\nstate = /file\nsocket = /file.sock\n"
				   "[geoip]\ndatabase = /file.mmdb\n[interfaces]\nlo = auto\n";
	char *argv[] = { "regiongated", "--state=/option", "--geoip", "/1.mmdb", "--config", path,
			 "--geoip", "/2.mmdb", "--interface", (char[]){ "eth1" }, "--interface",
			 (char[]){ "eth2:generic" }, "--mode", "native", "--observe", NULL };
	enum rg_action action;
	int r;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	r = rg_options_parse((int)ARRAY_SIZE(argv) - 1, argv, &config, &action, &err);
	unlink(path);
	assert_int_equal(r, 0);
	assert_int_equal(action, RG_ACTION_RUN);
	assert_string_equal(config.state, "/option");
	assert_string_equal(config.socket, "/file.sock");
	assert_int_equal(config.n_databases, 2);
	assert_string_equal(config.databases[0], "/1.mmdb");
	assert_string_equal(config.databases[1], "/2.mmdb");
	assert_int_equal(config.n_interfaces, 2);
	assert_string_equal(config.interfaces[0].name, "eth1");
	assert_int_equal(config.interfaces[0].mode, RG_XDP_NATIVE);
	assert_int_equal(config.interfaces[1].mode, RG_XDP_GENERIC);
	assert_true(config.observe);
}

static void bad_options_are_refused(void **state)
{
	(void)state;
	then_options_refused(OPTIONS("--nonsense"), "no option --nonsense");
	then_options_refused(OPTIONS("--socket"), "--socket needs a value");
	then_options_refused(OPTIONS("stray"), "'stray' is not an option");
	then_options_refused(OPTIONS("--mode", "fast"), "--mode: 'fast' is not auto");
	then_options_refused(OPTIONS("--interface", "eth0:fast"), "'fast' is not auto");
	then_options_refused(OPTIONS("--interface", ""), "--interface: '' is not a name");
	then_options_refused(OPTIONS("--max-meetings", "many"), "--max-meetings: 'many' is not");
	then_options_refused(OPTIONS("--log-level", "1"), "--log-level: '1' is not one of");
}

static void a_missing_file_that_was_named_is_refused(void **state)
{
	char *argv[] = { "regiongated", "--config", "/nonexistent/regiongate.conf", NULL };
	enum rg_action action;

	(void)state;
	assert_int_not_equal(rg_options_parse(3, argv, &config, &action, &err), 0);
	assert_string_equal(err.detail, "/nonexistent/regiongate.conf: No such file or directory");
}

static void actions_are_recognised(void **state)
{
	enum rg_action action;

	(void)state;
	assert_int_equal(parse_options(OPTIONS("--detach", "--pin-dir", "/p"), &action), 0);
	assert_int_equal(action, RG_ACTION_DETACH);
	assert_string_equal(config.pin_dir, "/p");
	assert_int_equal(parse_options(OPTIONS("--check-config"), &action), 0);
	assert_int_equal(action, RG_ACTION_CHECK_CONFIG);
	assert_int_equal(parse_options(OPTIONS("--version"), &action), 0);
	assert_int_equal(action, RG_ACTION_VERSION);
}

/* The installed example, with its lines in force that are commented out and are no examples. */
static char *example_in_force(void)
{
	_cleanup_(rg_fclosep) FILE *file = fopen("tools/packaging/regiongate.conf", "r");
	char line[256], *text = NULL;
	bool example = false;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (*line == '#')
			example = strstr(line, "Example") != NULL;
		else if (*line != ';' || !example)
			fputs(line + (*line == ';'), out);
	}
	fclose(out);
	return text;
}

/* @before: what stands before each. */
static void then_every_key_is_in(const char *path, const char *before)
{
	static const char *const names[] = {
#define X(key, section, name) name,
		RG_CONFIG_KEYS(X)
#undef X
	};
	char whole[8192] = "", line[64];
	FILE *file = fopen(path, "r");

	whole[fread(whole, 1, sizeof(whole) - 1, file)] = '\0';
	fclose(file);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(line, sizeof(line), "%s%s = ", before, names[i]);
		if (!strstr(whole, line))
			fail_msg("%s does not have '%s'", path, line + 1);
	}
}

static void fuzzing_begins_with_every_key(void **state)
{
	(void)state;
	then_every_key_is_in("tests/fuzz/corpus/config/all-keys.conf", "\n");
}

static void the_example_shows_the_defaults_and_names_every_key(void **state)
{
	_cleanup_(rg_freep) char *text = example_in_force();
	struct rg_config defaults = config;

	(void)state;
	then_every_key_is_in("tools/packaging/regiongate.conf", "\n;");
	assert_int_equal(rg_config_init(&config, &err), 0);
	if (read_text(text))
		fail_msg("%s", err.detail);
	assert_string_equal(config.socket, defaults.socket);
	assert_string_equal(config.state, defaults.state);
	assert_string_equal(config.pin_dir, defaults.pin_dir);
	assert_int_equal(config.log_level, defaults.log_level);
	assert_int_equal(config.registered_country, defaults.registered_country);
	assert_int_equal(config.watch_maps, defaults.watch_maps);
	assert_int_equal(config.watch, defaults.watch);
	assert_int_equal(config.n_databases + config.n_interfaces, 0);
	assert_int_equal(config.max_meetings, defaults.max_meetings);
	assert_int_equal(config.max_addresses, defaults.max_addresses);
	assert_int_equal(config.max_ufrags, defaults.max_ufrags);
	assert_int_equal(config.max_ufrags_long, defaults.max_ufrags_long);
	assert_int_equal(config.max_flows, defaults.max_flows);
	assert_int_equal(config.max_mtg_stats, RG_MTG_STAT_DEFAULT);
	assert_int_equal(config.max_policies, RG_POLICIES_DEFAULT - 1); /* one is in reserve */
	assert_int_equal(config.max_schedules, RG_SCHEDULES_DEFAULT - 1);
	assert_int_equal(config.max_exception_sets, RG_EXCEPTION_SETS_DEFAULT - 1);
	assert_int_equal(config.hold_share, defaults.hold_share);
	assert_int_equal(config.dispatcher, defaults.dispatcher);
	assert_int_equal(config.observe, defaults.observe);
	assert_memory_equal(&config.ledger, &defaults.ledger, sizeof(config.ledger));
	rg_config_clear(&defaults);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(defaults_are_the_documented_paths),
		TEST(file_sets_every_key),
		TEST(mistakes_name_file_and_line),
		TEST(bad_values_are_refused),
		TEST(keys_given_twice_are_refused),
		TEST(long_lines_and_nuls_are_refused),
		TEST(long_comments_are_fine),
		TEST(a_file_cut_anywhere_never_crashes),
		TEST(options_override_the_file),
		TEST(bad_options_are_refused),
		TEST(a_missing_file_that_was_named_is_refused),
		TEST(actions_are_recognised),
		TEST(fuzzing_begins_with_every_key),
		TEST(the_example_shows_the_defaults_and_names_every_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
