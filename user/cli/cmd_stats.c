/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* stats: counters, in total or of one meeting. */
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/show.h"

static const struct rg_table_column verdict_columns[] = {
	{ "VERDICT", false }, { "PACKETS", true }, { "BYTES", true },
};
static const struct rg_table_column egress_columns[] = {
	{ "EGRESS", false }, { "PACKETS", true }, { "BYTES", true },
};
static const struct rg_table_column reason_columns[] = {
	{ "REASON", false }, { "PACKETS", true }, { "BYTES", true },
};
static const struct rg_table_column region_columns[] = {
	{ "REGION", false }, { "PACKETS", true }, { "BYTES", true },
};

static enum rg_cli_exit counters_print(const struct rg_table_column columns[3],
				       const json_t *counters)
{
	_cleanup_(rg_table_freep) struct rg_table *table = rg_table_new(columns, 3);

	rg_show_counters(table, counters);
	return rg_show_table(table);
}

static enum rg_cli_exit both_print(const struct rg_table_column first_columns[3],
				   const json_t *first,
				   const struct rg_table_column second_columns[3],
				   const json_t *second)
{
	enum rg_cli_exit code = counters_print(first_columns, first);

	if (code)
		return code;
	putchar('\n');
	return counters_print(second_columns, second);
}

static enum rg_cli_exit total_run(const struct rg_cli *cli)
{
	json_t *answer = NULL, *totals;
	enum rg_cli_exit code = rg_cli_call(cli, "GET", "/v1/status", NULL, NULL, &answer, NULL);

	if (code)
		return code;
	totals = json_pack("{s:O?, s:O?}", "verdicts", json_object_get(answer, "verdicts"), "reasons",
			   json_object_get(answer, "reasons"));
	if (cli->json)
		rg_cli_say_json(totals);
	else
		code = both_print(verdict_columns, json_object_get(totals, "verdicts"), reason_columns,
				  json_object_get(totals, "reasons"));
	json_decref(totals);
	json_decref(answer);
	return code;
}

static enum rg_cli_exit direction_print(const struct rg_table_column columns[3], const json_t *direction)
{
	_cleanup_(json_decrefp) json_t *regions = rg_show_regions(json_object_get(direction, "regions"));

	return both_print(columns, json_object_get(direction, "verdicts"), region_columns, regions);
}

/* What participants sent, and what they were sent if anything was looked at on its way out. */
static enum rg_cli_exit directions_print(const json_t *in, const json_t *out)
{
	enum rg_cli_exit code = direction_print(verdict_columns, in);

	if (code || !json_integer_value(json_object_get(out, "packets")))
		return code;
	putchar('\n');
	return direction_print(egress_columns, out);
}

static enum rg_cli_exit meeting_run(const struct rg_cli *cli)
{
	_cleanup_(rg_freep) char *path = rg_cli_path("/v1/meetings/", cli->words[0], "/stats");
	enum rg_cli_exit code;
	json_t *answer = NULL;

	if (!path)
		return RG_EXIT_REFUSED;
	code = rg_cli_call(cli, "GET", path, NULL, NULL, &answer, NULL);
	if (code == RG_EXIT_DONE && cli->json)
		rg_cli_say_json(answer);
	else if (code == RG_EXIT_DONE)
		code = directions_print(answer, json_object_get(answer, "egress"));
	json_decref(answer);
	return code;
}

static enum rg_cli_exit stats_run(const struct rg_cli *cli)
{
	return cli->n_words ? meeting_run(cli) : total_run(cli);
}

const struct rg_cli_command rg_cmd_stats[] = {
	{ "stats", NULL, "[MEETING]", "Show counters by verdict and reason, or of one meeting",
	  "Without a meeting: totals by verdict and reason. With one: by verdict and region, what participants sent first, then what they were sent.", NULL,
	  0, 1, stats_run },
	{ 0 },
};
