/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* region: custom regions and the catalogue. */
#include <string.h>
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/show.h"

static const struct rg_table_column fact_columns[] = { { "", false }, { "", false } };
static const struct rg_table_column custom_columns[] = {
	{ "CUSTOM REGION", false }, { "COUNTRY", false }, { "NETWORKS", false },
};
static const struct rg_table_column country_columns[] = {
	{ "COUNTRY", false }, { "CONTINENT", false }, { "GROUPS", false },
};
static const struct rg_table_column class_columns[] = { { "ID", true }, { "REGION", false } };

/* The body from --network and --country, NULL if memory is out. */
static char *body_from_options(const struct rg_cli *cli)
{
	const struct rg_cli_values *networks = rg_cli_options(cli, "network");
	const char *country = rg_cli_option(cli, "country");
	json_t *list = json_array(), *body = json_object();
	char *text = NULL;
	int r = 0;

	for (size_t i = 0; i < networks->n; i++)
		r |= json_array_append_new(list, json_string(networks->values[i]));
	r |= json_object_set_new(body, "networks", list);
	if (country)
		r |= json_object_set_new(body, "country", json_string(country));
	if (!r)
		text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	return text;
}

static enum rg_cli_exit region_put(const struct rg_cli *cli)
{
	_cleanup_(rg_freep) char *path = rg_cli_path("/v1/regions/", cli->words[0], ""), *text = NULL;
	bool inline_body = rg_cli_options(cli, "network")->n;
	struct rg_cli_body body = { 0 };
	enum rg_cli_exit code;
	json_t *answer = NULL;

	if (inline_body && cli->n_words > 1)
		return rg_cli_misuse(cli, "either --network or a file, not both");
	if (rg_cli_option(cli, "country") && !inline_body)
		return rg_cli_misuse(cli, "--country goes with --network");
	if (inline_body) {
		text = body_from_options(cli);
		body.length = text ? strlen(text) : 0;
	} else {
		code = rg_cli_read_body(cli, 1, &text, &body.length);
		if (code)
			return code;
	}
	if (!text || !path)
		return RG_EXIT_REFUSED;
	body.data = text;
	code = rg_cli_call(cli, "PUT", path, &body, NULL, &answer, NULL);
	if (code == RG_EXIT_DONE && cli->json && answer)
		rg_cli_say_json(answer);
	else if (code == RG_EXIT_DONE && !cli->json)
		printf("custom:%s: in force\n", cli->words[0]);
	json_decref(answer);
	return code;
}

static enum rg_cli_exit region_get(const struct rg_cli *cli)
{
	_cleanup_(rg_freep) char *path = rg_cli_path("/v1/regions/", cli->words[0], "");
	_cleanup_(rg_table_freep) struct rg_table *table =
		rg_table_new(fact_columns, ARRAY_SIZE(fact_columns));
	enum rg_cli_exit code;
	const json_t *network;
	json_t *answer = NULL;
	size_t i;

	if (!path)
		return RG_EXIT_REFUSED;
	code = rg_cli_call(cli, "GET", path, NULL, NULL, &answer, NULL);
	if (code == RG_EXIT_DONE && cli->json) {
		rg_cli_say_json(answer);
	} else if (code == RG_EXIT_DONE) {
		RG_TABLE_ROW(table, "region", cli->words[0]);
		rg_show_row(table, "country", json_object_get(answer, "country"));
		json_array_foreach(json_object_get(answer, "networks"), i, network)
			rg_show_row(table, i ? "" : "networks", network);
		code = rg_show_table(table);
	}
	json_decref(answer);
	return code;
}

static enum rg_cli_exit catalogue_print(const json_t *catalogue)
{
	_cleanup_(rg_table_freep) struct rg_table *customs =
		rg_table_new(custom_columns, ARRAY_SIZE(custom_columns));
	_cleanup_(rg_table_freep) struct rg_table *countries =
		rg_table_new(country_columns, ARRAY_SIZE(country_columns));
	_cleanup_(rg_table_freep) struct rg_table *classes =
		rg_table_new(class_columns, ARRAY_SIZE(class_columns));
	char a[RG_SHOW_MAX], b[RG_SHOW_MAX], c[RG_SHOW_MAX];
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(catalogue, "custom"), i, row)
		RG_TABLE_ROW(customs, rg_show_member(row, "name", a), rg_show_member(row, "country", b),
			     rg_show_member(row, "networks", c));
	json_array_foreach(json_object_get(catalogue, "countries"), i, row)
		RG_TABLE_ROW(countries, rg_show_member(row, "code", a),
			     rg_show_member(row, "continent", b), rg_show_member(row, "groups", c));
	json_array_foreach(json_object_get(catalogue, "classes"), i, row)
		RG_TABLE_ROW(classes, rg_show_member(row, "id", a), rg_show_member(row, "code", b));
	if (rg_show_table(customs))
		return RG_EXIT_REFUSED;
	putchar('\n');
	if (rg_show_table(countries))
		return RG_EXIT_REFUSED;
	putchar('\n');
	return rg_show_table(classes);
}

static enum rg_cli_exit region_list(const struct rg_cli *cli)
{
	json_t *answer = NULL;
	enum rg_cli_exit code = rg_cli_call(cli, "GET", "/v1/regions", NULL, NULL, &answer, NULL);

	if (code == RG_EXIT_DONE && cli->json)
		rg_cli_say_json(answer);
	else if (code == RG_EXIT_DONE)
		code = catalogue_print(answer);
	json_decref(answer);
	return code;
}

static enum rg_cli_exit region_delete(const struct rg_cli *cli)
{
	return rg_cli_delete_resource(cli, "/v1/regions/", "custom:", NULL);
}

static const struct rg_cli_option put_options[] = {
	{ "network", "NETWORK", "an IPv4 or IPv6 network of the region", true },
	{ "country", "CC", "the country in which these networks are placed", false },
	{ 0 },
};

const struct rg_cli_command rg_cmd_region[] = {
	{ "region", "put", "NAME [FILE|-] | NAME --network NETWORK... [--country CC]",
	  "Create or replace a custom region",
	  "A file holds a list of networks, or {\"networks\": [...], \"country\": \"CC\"}, in JSON.\n"
	  "Rules name the region as custom:NAME.", put_options, 1, 2, region_put },
	{ "region", "get", "NAME", "Show a custom region", NULL, NULL, 1, 1, region_get },
	{ "region", "list", "", "Show custom regions, countries and region ids", NULL, NULL, 0, 0,
	  region_list },
	{ "region", "delete", "NAME", "Delete a custom region", NULL, NULL, 1, 1, region_delete },
	{ 0 },
};
