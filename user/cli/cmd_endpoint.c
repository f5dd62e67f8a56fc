/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* endpoint: shared endpoints, whose packets belong to many meetings. */
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/show.h"

#define ENDPOINTS "/v1/endpoints"

static const struct rg_table_column fact_columns[] = { { "", false }, { "", false } };
static const struct rg_table_column list_columns[] = {
	{ "ENDPOINT", false }, { "ADDRESS", false }, { "PORTS", false }, { "PROTOCOL", false },
	{ "UNBOUND", false }, { "UFRAG PREFIX", true },
};
static const char *const facts[] = {
	"name", "address", "port", "ports", "protocol", "classify", "unbound", "ufrag_prefix",
};

static enum rg_cli_exit endpoint_put(const struct rg_cli *cli)
{
	_cleanup_(rg_freep) char *path = rg_cli_path(ENDPOINTS "/", cli->words[0], ""), *text = NULL;
	struct rg_cli_body body = { 0 };
	enum rg_cli_exit code;
	json_t *answer = NULL;

	code = rg_cli_read_body(cli, 1, &text, &body.length);
	if (code)
		return code;
	if (!path)
		return RG_EXIT_REFUSED;
	body.data = text;
	code = rg_cli_call(cli, "PUT", path, &body, rg_cli_option(cli, "if-match"), &answer, NULL);
	if (code == RG_EXIT_DONE && cli->json && answer)
		rg_cli_say_json(answer);
	else if (code == RG_EXIT_DONE && !cli->json)
		printf("%s: in force\n", cli->words[0]);
	json_decref(answer);
	return code;
}

static enum rg_cli_exit endpoint_show(const json_t *endpoint, const char *etag)
{
	_cleanup_(rg_table_freep) struct rg_table *table =
		rg_table_new(fact_columns, ARRAY_SIZE(fact_columns));

	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		if (json_object_get(endpoint, facts[i]))
			rg_show_row(table, facts[i], json_object_get(endpoint, facts[i]));
	if (etag)
		RG_TABLE_ROW(table, "etag", etag);
	return rg_show_table(table);
}

static enum rg_cli_exit endpoint_get(const struct rg_cli *cli)
{
	return rg_cli_get_resource(cli, ENDPOINTS "/", endpoint_show);
}

static enum rg_cli_exit list_show(const json_t *endpoints)
{
	_cleanup_(rg_table_freep) struct rg_table *table =
		rg_table_new(list_columns, ARRAY_SIZE(list_columns));
	char name[RG_SHOW_MAX], address[RG_SHOW_MAX], ports[RG_SHOW_MAX], protocol[RG_SHOW_MAX];
	char unbound[RG_SHOW_MAX], prefix[RG_SHOW_MAX];
	const json_t *one;
	size_t i;

	json_array_foreach(endpoints, i, one)
		RG_TABLE_ROW(table, rg_show_member(one, "name", name), rg_show_member(one, "address", address),
			     rg_show_member(one, json_object_get(one, "port") ? "port" : "ports", ports),
			     rg_show_member(one, "protocol", protocol), rg_show_member(one, "unbound", unbound),
			     rg_show_member(one, "ufrag_prefix", prefix));
	return rg_show_table(table);
}

static enum rg_cli_exit endpoint_list(const struct rg_cli *cli)
{
	json_t *answer = NULL;
	enum rg_cli_exit code = rg_cli_call(cli, "GET", ENDPOINTS, NULL, NULL, &answer, NULL);

	if (code == RG_EXIT_DONE && cli->json)
		rg_cli_say_json(answer);
	else if (code == RG_EXIT_DONE)
		code = list_show(json_object_get(answer, "endpoints"));
	json_decref(answer);
	return code;
}

static enum rg_cli_exit endpoint_delete(const struct rg_cli *cli)
{
	return rg_cli_delete_resource(cli, ENDPOINTS "/", "", rg_cli_option(cli, "if-match"));
}

static const struct rg_cli_option change_options[] = {
	{ "if-match", "ETAG", "only if the endpoint still has this ETag", false },
	{ 0 },
};

const struct rg_cli_command rg_cmd_endpoint[] = {
	{ "endpoint", "put", "NAME [FILE|-]", "Create or replace a shared endpoint",
	  "The body: {\"address\": \"198.51.100.10\", \"ports\": \"10000-10010\" (or \"port\": 10000),\n"
	  "\"protocol\": \"udp\", \"unbound\": \"refuse\" or \"admit\", \"ufrag_prefix\": 8 (optional)}.",
	  change_options, 1, 2, endpoint_put },
	{ "endpoint", "get", "NAME", "Show a shared endpoint", NULL, NULL, 1, 1, endpoint_get },
	{ "endpoint", "list", "", "List shared endpoints", NULL, NULL, 0, 0, endpoint_list },
	{ "endpoint", "delete", "NAME", "Delete a shared endpoint: its ports pass everything again",
	  "Refused while meetings hold ufrags of it.", change_options, 1, 1, endpoint_delete },
	{ 0 },
};
