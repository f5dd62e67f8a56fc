/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* mode: enforce or observe, for all meetings. clock: which clock is believed. */
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/show.h"

static const struct rg_table_column fact_columns[] = { { "", false }, { "", false } };

static enum rg_cli_exit print(const struct rg_cli *cli, json_t *answer, const char *const fields[])
{
	_cleanup_(rg_table_freep) struct rg_table *table = rg_table_new(fact_columns, ARRAY_SIZE(fact_columns));
	enum rg_cli_exit code = RG_EXIT_DONE;

	if (cli->json) {
		rg_cli_say_json(answer);
	} else {
		for (; *fields; fields++)
			rg_show_row(table, *fields, json_object_get(answer, *fields));
		code = rg_show_table(table);
	}
	json_decref(answer);
	return code;
}

static enum rg_cli_exit mode(const struct rg_cli *cli)
{
	static const char *const fields[] = { "mode", "config", NULL };
	json_t *body = cli->n_words ? json_pack("{s:s}", "mode", cli->words[0]) : NULL, *answer = NULL;
	enum rg_cli_exit code = rg_cli_call_json(cli, cli->n_words ? "PUT" : "GET", "/v1/mode", body, &answer);

	return code ? code : print(cli, answer, fields);
}

static const char *const clock_fields[] = { "believed", "wall", "stepped", "step_s", "noticed_at", NULL };

static enum rg_cli_exit clock_show(const struct rg_cli *cli)
{
	json_t *answer = NULL;
	enum rg_cli_exit code = rg_cli_call(cli, "GET", "/v1/clock", NULL, NULL, &answer, NULL);

	return code ? code : print(cli, answer, clock_fields);
}

static enum rg_cli_exit clock_accept(const struct rg_cli *cli)
{
	json_t *answer = NULL;
	enum rg_cli_exit code = rg_cli_call(cli, "POST", "/v1/clock:accept", NULL, NULL, &answer, NULL);

	return code ? code : print(cli, answer, clock_fields);
}

const struct rg_cli_command rg_cmd_mode[] = {
	{ "mode", NULL, "[enforce|observe]", "Show or set the global mode",
	  "observe: count what would be refused, and refuse nothing. Survives restarts until the\n"
	  "configuration says another mode than before.", NULL, 0, 1, mode },
	{ "clock", "show", "", "Show which clock is believed", NULL, NULL, 0, 0, clock_show },
	{ "clock", "accept", "", "Believe the wall clock after it was set: deadlines move with it", NULL, NULL, 0, 0,
	  clock_accept },
	{ 0 },
};
