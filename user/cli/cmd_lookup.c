/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* lookup: what the tables in force say about addresses. */
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/show.h"

static const struct rg_table_column columns[] = {
	{ "ADDRESS", false }, { "REGION", false }, { "COUNTRY", false }, { "CONTINENT", false },
	{ "GROUPS", false }, { "CUSTOM", false }, { "NETWORK", false }, { "DATABASE", false },
};

static void answer_row(struct rg_table *table, const json_t *answer)
{
	const json_t *database = json_object_get(answer, "database");
	char address[RG_SHOW_MAX], region[RG_SHOW_MAX], country[RG_SHOW_MAX], continent[RG_SHOW_MAX];
	char groups[RG_SHOW_MAX], custom[RG_SHOW_MAX], network[RG_SHOW_MAX], path[RG_SHOW_MAX];

	RG_TABLE_ROW(table, rg_show_member(answer, "address", address),
		     rg_show_member(answer, "region", region),
		     rg_show_member(answer, "country", country),
		     rg_show_member(answer, "continent", continent),
		     rg_show_member(answer, "groups", groups),
		     rg_show_member(answer, "custom", custom),
		     rg_show_member(answer, "network", network),
		     rg_show_member(database, "path", path));
}

static enum rg_cli_exit lookup(const struct rg_cli *cli)
{
	_cleanup_(rg_table_freep) struct rg_table *table =
		rg_table_new(columns, ARRAY_SIZE(columns));
	enum rg_cli_exit code = RG_EXIT_DONE, one;

	for (size_t i = 0; i < cli->n_words; i++) {
		_cleanup_(rg_freep) char *path =
			rg_cli_path("/v1/lookup?address=", cli->words[i], "");
		json_t *answer = NULL;

		if (!path)
			return RG_EXIT_REFUSED;
		one = rg_cli_call(cli, "GET", path, NULL, NULL, &answer, NULL);
		if (one == RG_EXIT_NO_DAEMON)
			return one;
		if (one != RG_EXIT_DONE)
			code = one; /* said; the other addresses are still looked up */
		else if (cli->json)
			rg_cli_say_json(answer);
		else
			answer_row(table, answer);
		json_decref(answer);
	}
	if (!cli->json && (code == RG_EXIT_DONE || cli->n_words > 1))
		return rg_show_table(table) ? RG_EXIT_REFUSED : code;
	return code;
}

const struct rg_cli_command rg_cmd_lookup[] = {
	{ "lookup", NULL, "ADDRESS...", "Say in which region an address is", NULL, NULL, 1,
	  (size_t)-1, lookup },
	{ 0 },
};
