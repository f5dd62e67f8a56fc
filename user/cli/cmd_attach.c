/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* attach, detach: put the filter on an interface, take it off. */
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/show.h"
#include "dataplane/dataplane.h"

/* "30", "30s", "2m". Whether it is too long says the daemon. */
static bool parse_seconds(const char *text, json_int_t *ret)
{
	unsigned int number, factor;
	int n = 0;

	if (!*text || strspn(text, "0123456789") > 6 || sscanf(text, "%u%n", &number, &n) != 1)
		return false;
	factor = !strcmp(text + n, "m") ? 60 : 1;
	if (text[n] && strcmp(text + n, "s") && factor == 1)
		return false;
	*ret = (json_int_t)number * factor;
	return number > 0;
}

static void say_attached(const json_t *answer)
{
	const json_t *within = json_object_get(answer, "confirm_within_s");
	char name[RG_SHOW_MAX], mode[RG_SHOW_MAX], egress[RG_SHOW_MAX];

	printf("%s: attached, %s mode", rg_show_member(answer, "name", name),
	       rg_show_member(answer, "attached_mode", mode));
	if (json_is_string(json_object_get(answer, "attached_egress")))
		printf(", egress by %s", rg_show_member(answer, "attached_egress", egress));
	if (json_is_integer(within))
		printf("; off again in %lld s unless 'regiongate attach %s --confirm' says that all is well",
		       (long long)json_integer_value(within), name);
	putchar('\n');
	if (json_is_string(json_object_get(answer, "warning")))
		fprintf(stderr, "regiongate: %s: %s\n", name, json_string_value(json_object_get(answer, "warning")));
}

static enum rg_cli_exit put(const struct rg_cli *cli, json_t *body, bool confirm)
{
	_cleanup_(rg_freep) char *path =
		rg_cli_path("/v1/interfaces/", cli->words[0], confirm ? ":confirm" : "");
	enum rg_cli_exit code;
	json_t *answer = NULL;

	if (!path) {
		json_decref(body);
		return RG_EXIT_REFUSED;
	}
	code = rg_cli_call_json(cli, confirm ? "POST" : "PUT", path, body, &answer);
	if (code == RG_EXIT_DONE && cli->json)
		rg_cli_say_json(answer);
	else if (code == RG_EXIT_DONE)
		say_attached(answer);
	json_decref(answer);
	return code;
}

static enum rg_cli_exit attach(const struct rg_cli *cli)
{
	const char *mode = rg_cli_option(cli, "mode"), *egress = rg_cli_option(cli, "egress");
	const char *time = cli->n_words > 1 ? cli->words[1] : NULL;
	bool confirm = rg_cli_option(cli, "confirm");
	enum rg_egress_mode parsed_egress;
	enum rg_xdp_mode parsed;
	json_int_t within_s = 0;
	json_t *body;

	if (mode && rg_xdp_mode_parse(mode, &parsed))
		return rg_cli_misuse(cli, "mode is auto, native or generic, not '%s'", mode);
	if (egress && rg_egress_mode_parse(egress, &parsed_egress))
		return rg_cli_misuse(cli, "egress is auto, tcx, clsact or off, not '%s'", egress);
	if (time && !confirm)
		return rg_cli_misuse(cli, "'%s' is one word too many", time);
	if (time && !parse_seconds(time, &within_s))
		return rg_cli_misuse(cli, "a time is 30s or 2m, not '%s'", time);
	if (confirm && !time)
		return mode || egress ? rg_cli_misuse(cli, "%s", "confirming takes no mode") : put(cli, NULL, true);
	body = json_pack("{s:s, s:s*}", "mode", mode ? mode : "auto", "egress", egress);
	if (within_s)
		json_object_set_new(body, "confirm_within_s", json_integer(within_s));
	return put(cli, body, false);
}

static enum rg_cli_exit detach(const struct rg_cli *cli)
{
	_cleanup_(rg_freep) char *path = rg_cli_path("/v1/interfaces/", cli->words[0], "");
	enum rg_cli_exit code;

	if (!path)
		return RG_EXIT_REFUSED;
	code = rg_cli_call(cli, "DELETE", path, NULL, NULL, NULL, NULL);
	if (code == RG_EXIT_DONE && !cli->json)
		printf("%s: detached\n", cli->words[0]);
	return code;
}

static const struct rg_cli_option attach_options[] = {
	{ "mode", "MODE", "auto (native, else generic), native or generic", false },
	{ "egress", "HOW", "what the interface sends: auto (tcx, else clsact), tcx, clsact or off", false },
	{ "confirm", NULL, "with a time: take it off again unless confirmed; without: confirm", false },
	{ 0 },
};

const struct rg_cli_command rg_cmd_attach[] = {
	{ "attach", NULL, "IFACE [--mode auto|native|generic] [--egress auto|tcx|clsact|off] [--confirm [TIME]]",
	  "Put the filter on an interface, for good or on trial", NULL, attach_options, 1, 2, attach },
	{ "detach", NULL, "IFACE", "Take the filter off an interface", NULL, NULL, 1, 1, detach },
	{ 0 },
};
