/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* approve: the second admin's word on an override. */
#include "base/cleanup.h"
#include "cli/cli.h"

static enum rg_cli_exit approve(const struct rg_cli *cli)
{
	const char *reason = rg_cli_option(cli, "reason");
	_cleanup_(json_decrefp) json_t *answer = NULL;
	enum rg_cli_exit code;

	if (!reason)
		return rg_cli_misuse(cli, "--reason is missing");
	code = rg_cli_call_json(cli, "POST", "/v1/approvals",
				json_pack("{s:s, s:s, s:s}", "meeting", cli->words[0], "sha256", cli->words[1],
					  "reason", reason), &answer);
	if (code)
		return code;
	if (cli->json)
		rg_cli_say_json(answer);
	else
		printf("Approved by the user %" JSON_INTEGER_FORMAT ", for one use by somebody else until %s.\n",
		       json_integer_value(json_object_get(answer, "uid")),
		       json_string_value(json_object_get(answer, "expires")));
	return RG_EXIT_DONE;
}

static const struct rg_cli_option options[] = {
	{ "reason", "TEXT", "why; goes into the ledger (required)", false },
	{ 0 },
};

const struct rg_cli_command rg_cmd_approve[] = {
	{ "approve", NULL, "MEETING SHA256 --reason TEXT", "Approve the override of another admin",
	  "The hash is in the answer to whoever pushes the override, and with the rule as a whole in the\n"
	  "ledger's entry 'order-refused': read there what you approve.", options, 2, 2, approve },
	{ 0 },
};
