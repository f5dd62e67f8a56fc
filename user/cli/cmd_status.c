/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* status: health, as the daemon reads it from the kernel. */
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/show.h"

static const struct rg_table_column fact_columns[] = { { "", false }, { "", false } };
static const struct rg_table_column interface_columns[] = {
	{ "INTERFACE", false }, { "ATTACHED", false }, { "MODE", false }, { "ASKED", false }, { "EGRESS", false },
	{ "PROGRAM", true }, { "LINK", true },
};
static const struct rg_table_column counter_columns[] = {
	{ "VERDICT", false }, { "PACKETS", true }, { "BYTES", true },
};
static const struct rg_table_column verify_columns[] = {
	{ "WHAT", false }, { "COMPARED", true }, { "DIFFERENT", true }, { "REPAIRED", true },
};
static const struct rg_table_column map_columns[] = {
	{ "MAP", false }, { "ID", true }, { "ENTRIES", true }, { "ROOM", true }, { "MEMORY", true },
};

static unsigned long long number_of(const json_t *object, const char *key)
{
	return (unsigned long long)json_integer_value(json_object_get(object, key));
}

static enum rg_cli_exit facts_print(const json_t *status)
{
	static const char *const keys[] = { "version", "pid", "mode", "site" };
	static const char *const sizes[] = { "meetings", "policies", "regions" };
	_cleanup_(rg_table_freep) struct rg_table *table =
		rg_table_new(fact_columns, ARRAY_SIZE(fact_columns));
	const json_t *geoip = json_object_get(status, "geoip");
	char text[32];

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		rg_show_row(table, keys[i], json_object_get(status, keys[i]));
	RG_TABLE_ROW(table, "uptime", rg_table_seconds(number_of(status, "uptime_s"), text));
	rg_show_row(table, "program id",
		    json_object_get(json_object_get(status, "program"), "id"));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		rg_show_row(table, sizes[i], json_object_get(status, sizes[i]));
	rg_show_row(table, "geoip generation", json_object_get(geoip, "generation"));
	rg_show_row(table, "geoip loaded at", json_object_get(geoip, "loaded_at"));
	if (json_is_string(json_object_get(geoip, "last_error")))
		rg_show_row(table, "geoip last error", json_object_get(geoip, "last_error"));
	return rg_show_table(table);
}

static enum rg_cli_exit interfaces_print(const json_t *interfaces)
{
	_cleanup_(rg_table_freep) struct rg_table *table =
		rg_table_new(interface_columns, ARRAY_SIZE(interface_columns));
	char name[RG_SHOW_MAX], attached[RG_SHOW_MAX], mode[RG_SHOW_MAX], asked[RG_SHOW_MAX];
	char egress[RG_SHOW_MAX], program[RG_SHOW_MAX], link[RG_SHOW_MAX];
	const json_t *one;
	size_t i;

	json_array_foreach(interfaces, i, one)
		RG_TABLE_ROW(table, rg_show_member(one, "name", name),
			     rg_show_member(one, "attached", attached),
			     rg_show_member(one, "attached_mode", mode),
			     rg_show_member(one, "mode", asked),
			     rg_show_member(one, "attached_egress", egress),
			     rg_show_member(json_object_get(one, "program"), "id", program),
			     rg_show_member(one, "link_id", link));
	return rg_show_table(table);
}

/* What is wrong with an interface, in words. */
static void words_print(const json_t *interfaces)
{
	static const char *const keys[] = { "problem", "warning" };
	const json_t *one;
	size_t i;

	json_array_foreach(interfaces, i, one)
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			if (json_is_string(json_object_get(one, keys[k])))
				printf("%s: %s\n", json_string_value(json_object_get(one, "name")),
				       json_string_value(json_object_get(one, keys[k])));
}

static enum rg_cli_exit maps_print(const json_t *maps)
{
	_cleanup_(rg_table_freep) struct rg_table *table =
		rg_table_new(map_columns, ARRAY_SIZE(map_columns));
	char name[RG_SHOW_MAX], id[RG_SHOW_MAX], entries[RG_SHOW_MAX], room[RG_SHOW_MAX];
	char memory[32];
	const json_t *one;
	size_t i;

	json_array_foreach(maps, i, one)
		RG_TABLE_ROW(table, rg_show_member(one, "name", name), rg_show_member(one, "id", id),
			     rg_show_member(one, "entries", entries),
			     rg_show_member(one, "max_entries", room),
			     rg_table_bytes(number_of(one, "bytes"), memory));
	return rg_show_table(table);
}

static enum rg_cli_exit status_print(const json_t *status)
{
	_cleanup_(rg_table_freep) struct rg_table *counters =
		rg_table_new(counter_columns, ARRAY_SIZE(counter_columns));

	rg_show_counters(counters, json_object_get(status, "verdicts"));
	if (facts_print(status))
		return RG_EXIT_REFUSED;
	putchar('\n');
	if (interfaces_print(json_object_get(status, "interfaces")))
		return RG_EXIT_REFUSED;
	words_print(json_object_get(status, "interfaces"));
	putchar('\n');
	if (rg_show_table(counters))
		return RG_EXIT_REFUSED;
	putchar('\n');
	return maps_print(json_object_get(status, "maps"));
}

static enum rg_cli_exit verify_print(const json_t *answer)
{
	_cleanup_(rg_table_freep) struct rg_table *table =
		rg_table_new(verify_columns, ARRAY_SIZE(verify_columns));
	char name[RG_SHOW_MAX], compared[RG_SHOW_MAX], differences[RG_SHOW_MAX], repaired[RG_SHOW_MAX];
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(answer, "checks"), i, one)
		RG_TABLE_ROW(table, rg_show_member(one, "name", name), rg_show_member(one, "compared", compared),
			     rg_show_member(one, "differences", differences),
			     rg_show_member(one, "repaired", repaired));
	if (rg_show_table(table))
		return RG_EXIT_REFUSED;
	if (!number_of(answer, "differences"))
		puts("\nStore and kernel agree.");
	else
		printf("\n%llu differences, %llu put right.\n", number_of(answer, "differences"),
		       number_of(answer, "repaired"));
	return RG_EXIT_DONE;
}

/* What could not be put right is for the caller to look at. */
static enum rg_cli_exit verify_run(const struct rg_cli *cli)
{
	json_t *answer = NULL;
	enum rg_cli_exit code = rg_cli_call(cli, "POST", "/v1/status:verify", NULL, NULL, &answer, NULL);

	if (code == RG_EXIT_DONE && cli->json)
		rg_cli_say_json(answer);
	else if (code == RG_EXIT_DONE)
		code = verify_print(answer);
	if (code == RG_EXIT_DONE && number_of(answer, "differences") > number_of(answer, "repaired"))
		code = RG_EXIT_REFUSED;
	json_decref(answer);
	return code;
}

static enum rg_cli_exit status_run(const struct rg_cli *cli)
{
	json_t *answer = NULL;
	enum rg_cli_exit code;

	if (rg_cli_option(cli, "verify"))
		return verify_run(cli);
	code = rg_cli_call(cli, "GET", "/v1/status", NULL, NULL, &answer, NULL);

	if (code == RG_EXIT_DONE && cli->json)
		rg_cli_say_json(answer);
	else if (code == RG_EXIT_DONE)
		code = status_print(answer);
	json_decref(answer);
	return code;
}

static const struct rg_cli_option status_options[] = {
	{ "verify", NULL, "compare the kernel's maps with the store, put right what differs", false },
	{ 0 },
};

const struct rg_cli_command rg_cmd_status[] = {
	{ "status", NULL, "[--verify]", "Show the daemon's health, read from the kernel", NULL, status_options,
	  0, 0, status_run },
	{ 0 },
};
