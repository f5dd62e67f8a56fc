/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* attach, detach: put the filter on an interface, take it off. */
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/show.h"
#include "dataplane/dataplane.h"

static enum rg_cli_exit attach(const struct rg_cli *cli)
{
	const char *mode = rg_cli_option(cli, "mode");
	_cleanup_(rg_freep) char *path = rg_cli_path("/v1/interfaces/", cli->words[0], "");
	char name[RG_SHOW_MAX], got[RG_SHOW_MAX];
	enum rg_xdp_mode parsed;
	enum rg_cli_exit code;
	json_t *answer = NULL;

	if (mode && rg_xdp_mode_parse(mode, &parsed))
		return rg_cli_misuse(cli, "mode is auto, native or generic, not '%s'", mode);
	if (!path)
		return RG_EXIT_REFUSED;
	code = rg_cli_call_json(cli, "PUT", path,
				json_pack("{s:s}", "mode", mode ? mode : "auto"), &answer);
	if (code == RG_EXIT_DONE && cli->json) {
		rg_cli_say_json(answer);
	} else if (code == RG_EXIT_DONE) {
		printf("%s: attached, %s mode\n",
		       rg_show_member(answer, "name", name),
		       rg_show_member(answer, "attached_mode", got));
	}
	json_decref(answer);
	return code;
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
	{ 0 },
};

const struct rg_cli_command rg_cmd_attach[] = {
	{ "attach", NULL, "IFACE [--mode auto|native|generic]", "Put the filter on an interface",
	  NULL, attach_options, 1, 1, attach },
	{ "detach", NULL, "IFACE", "Take the filter off an interface", NULL, NULL, 1, 1, detach },
	{ 0 },
};
