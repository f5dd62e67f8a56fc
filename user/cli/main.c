/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* regiongate(8): the command table. */
#include <stdlib.h>
#include "base/cleanup.h"
#include "cli/cli.h"

/* In the order in which --help lists them. */
static const struct rg_cli_command *const groups[] = {
	rg_cmd_attach, rg_cmd_status, rg_cmd_meeting, rg_cmd_ufrag, rg_cmd_endpoint, rg_cmd_region, rg_cmd_lookup,
	rg_cmd_explain, rg_cmd_preview, rg_cmd_events, rg_cmd_top, rg_cmd_stats, rg_cmd_ledger, rg_cmd_report, rg_cmd_geoip,
	rg_cmd_mode, rg_cmd_approve, rg_cmd_replay,
};
#define COMMANDS_MAX 64

static void commands_collect(struct rg_cli_command ret[COMMANDS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		for (const struct rg_cli_command *command = groups[i]; command->name; command++) {
			if (n + 1 == COMMANDS_MAX)
				abort(); /* enlarge COMMANDS_MAX */
			ret[n++] = *command;
		}
	ret[n] = (struct rg_cli_command){ 0 };
}

int main(int argc, char **argv)
{
	static struct rg_cli_command commands[COMMANDS_MAX];
	_cleanup_(rg_cli_clear) struct rg_cli cli = { 0 };
	struct rg_err err = { 0 };
	int r;

	commands_collect(commands);
	r = rg_cli_parse(argc, argv, commands, &cli, &err);
	if (r)
		return rg_cli_misuse(&cli, "%s", err.detail);
	if (cli.help) {
		rg_cli_help(stdout, commands, &cli);
		return rg_cli_flush(RG_EXIT_DONE);
	}
	if (cli.version) {
		rg_cli_version();
		return rg_cli_flush(RG_EXIT_DONE);
	}
	return rg_cli_flush(cli.command->run(&cli));
}
