/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* geoip: the databases in force; reload them. */
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/show.h"

static const struct rg_table_column columns[] = {
	{ "DATABASE", false }, { "TYPE", false }, { "BUILT", false }, { "NETWORKS", true },
	{ "UNKNOWN", true },
};
static const struct rg_table_column fact_columns[] = { { "", false }, { "", false } };

static void database_rows(struct rg_table *table, const json_t *databases)
{
	char path[RG_SHOW_MAX], type[RG_SHOW_MAX], built[RG_SHOW_MAX], networks[RG_SHOW_MAX];
	char unknown[RG_SHOW_MAX];
	const json_t *database;
	size_t i;

	json_array_foreach(databases, i, database)
		RG_TABLE_ROW(table, rg_show_member(database, "path", path),
			     rg_show_member(database, "type", type),
			     rg_show_member(database, "build_time", built),
			     rg_show_member(database, "networks", networks),
			     rg_show_member(database, "unknown", unknown));
}

static void fact_rows(struct rg_table *facts, const json_t *geoip)
{
	const json_t *ranges = json_object_get(geoip, "ranges"), *database;
	const json_t *error = json_object_get(geoip, "last_error");
	json_t *table = json_object_get(geoip, "table");
	char bytes[32];
	size_t i;

	rg_show_row(facts, "generation", json_object_get(geoip, "generation"));
	rg_show_row(facts, "loaded at", json_object_get(geoip, "loaded_at"));
	rg_show_row(facts, "load time, ms", json_object_get(geoip, "load_ms"));
	rg_show_row(facts, "IPv4 ranges", json_object_get(ranges, "ipv4"));
	rg_show_row(facts, "IPv6 ranges", json_object_get(ranges, "ipv6"));
	RG_TABLE_ROW(facts, "table",
		     rg_table_bytes((unsigned long long)json_integer_value(
					    json_object_get(table, "bytes")), bytes));
	if (error && !json_is_null(error))
		rg_show_row(facts, "last error", error);
	json_array_foreach(json_object_get(geoip, "databases"), i, database)
		rg_show_row(facts, "attribution", json_object_get(database, "attribution"));
}

static enum rg_cli_exit geoip_print(const json_t *geoip)
{
	_cleanup_(rg_table_freep) struct rg_table *databases =
		rg_table_new(columns, ARRAY_SIZE(columns));
	_cleanup_(rg_table_freep) struct rg_table *facts =
		rg_table_new(fact_columns, ARRAY_SIZE(fact_columns));

	database_rows(databases, json_object_get(geoip, "databases"));
	fact_rows(facts, geoip);
	if (rg_show_table(databases))
		return RG_EXIT_REFUSED;
	putchar('\n');
	return rg_show_table(facts);
}

static enum rg_cli_exit geoip_show(const struct rg_cli *cli)
{
	json_t *answer = NULL;
	enum rg_cli_exit code = rg_cli_call(cli, "GET", "/v1/geoip", NULL, NULL, &answer, NULL);

	if (code == RG_EXIT_DONE && cli->json)
		rg_cli_say_json(answer);
	else if (code == RG_EXIT_DONE)
		code = geoip_print(answer);
	json_decref(answer);
	return code;
}

/* "12 of 300 live flows, in 2 meetings, change their verdict." */
static void changes_say(const json_t *changes)
{
	json_int_t changed = json_integer_value(json_object_get(changes, "changed"));

	if (!json_is_object(changes))
		return;
	printf("Of %lld live flows, %lld in %lld meetings change their verdict.\n\n",
	       (long long)json_integer_value(json_object_get(changes, "flows")), (long long)changed,
	       (long long)json_integer_value(json_object_get(changes, "meetings_changed")));
}

static enum rg_cli_exit geoip_reload(const struct rg_cli *cli)
{
	bool force = rg_cli_option(cli, "force"), confirm = rg_cli_option(cli, "confirm");
	json_t *answer = NULL;
	enum rg_cli_exit code = rg_cli_call_json(cli, "POST", "/v1/geoip:reload",
						 json_pack("{s:b, s:b}", "force", force, "confirm", confirm),
						 &answer);

	if (code == RG_EXIT_DONE && cli->json) {
		rg_cli_say_json(answer);
	} else if (code == RG_EXIT_DONE) {
		if (json_is_false(json_object_get(answer, "changed")))
			puts("The files are the same; nothing is changed.\n");
		changes_say(json_object_get(answer, "changes"));
		code = geoip_print(answer);
	}
	json_decref(answer);
	return code;
}

static const struct rg_cli_option reload_options[] = {
	{ "force", NULL, "accept a table that is much smaller than the one in force", false },
	{ "confirm", NULL, "accept that many live flows change their verdict", false },
	{ 0 },
};

const struct rg_cli_command rg_cmd_geoip[] = {
	{ "geoip", "show", "", "Show the databases in force", NULL, NULL, 0, 0, geoip_show },
	{ "geoip", "reload", "[--force] [--confirm]", "Read the databases again and switch to them", NULL,
	  reload_options, 0, 0, geoip_reload },
	{ 0 },
};
