/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* meeting bind, unbind, flows: what ties participants of shared endpoints to a meeting. */
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/show.h"

static const struct rg_table_column flow_columns[] = {
	{ "REMOTE", false }, { "PORT", true }, { "ENDPOINT", false }, { "TIE", false }, { "UFRAG", false },
	{ "REGION", false }, { "VERDICT", false }, { "REASON", false }, { "AGE", true },
};

/* "/v1/meetings/ID/ufrags/UFRAG?endpoint=NAME", NULL if memory is out. */
static char *ufrag_path(const struct rg_cli *cli, const char *endpoint)
{
	_cleanup_(rg_freep) char *ufrag = rg_client_escape(cli->words[1]), *name = rg_client_escape(endpoint);
	_cleanup_(rg_freep) char *rest = NULL;

	if (!ufrag || !name)
		return NULL;
	rest = rg_text_format("/ufrags/%s?endpoint=%s", ufrag, name);
	return rest ? rg_cli_path("/v1/meetings/", cli->words[0], rest) : NULL;
}

static enum rg_cli_exit change(const struct rg_cli *cli, const char *method, const char *done)
{
	const char *endpoint = rg_cli_option(cli, "endpoint");
	_cleanup_(rg_freep) char *path = NULL;
	enum rg_cli_exit code;
	json_t *answer = NULL;

	if (!endpoint)
		return rg_cli_misuse(cli, "option '--endpoint' is missing");
	path = ufrag_path(cli, endpoint);
	if (!path)
		return RG_EXIT_REFUSED;
	code = rg_cli_call(cli, method, path, NULL, rg_cli_option(cli, "if-match"), &answer, NULL);
	if (code == RG_EXIT_DONE && cli->json && answer)
		rg_cli_say_json(answer);
	else if (code == RG_EXIT_DONE && !cli->json)
		printf("%s: %s %s\n", cli->words[0], cli->words[1], done);
	json_decref(answer);
	return code;
}

static enum rg_cli_exit meeting_bind(const struct rg_cli *cli)
{
	return change(cli, "PUT", "bound");
}

static enum rg_cli_exit meeting_unbind(const struct rg_cli *cli)
{
	return change(cli, "DELETE", "unbound");
}

static enum rg_cli_exit flows_show(const json_t *answer)
{
	_cleanup_(rg_table_freep) struct rg_table *table =
		rg_table_new(flow_columns, ARRAY_SIZE(flow_columns));
	char remote[RG_SHOW_MAX], port[RG_SHOW_MAX], endpoint[RG_SHOW_MAX], tie[RG_SHOW_MAX], ufrag[RG_SHOW_MAX];
	char region[RG_SHOW_MAX], verdict[RG_SHOW_MAX], reason[RG_SHOW_MAX], local[RG_SHOW_MAX], age[32];
	enum rg_cli_exit code;
	const json_t *flow;
	size_t i;

	json_array_foreach(json_object_get(answer, "flows"), i, flow) {
		_cleanup_(rg_freep) char *at = NULL;

		rg_show_member(flow, "endpoint", endpoint);
		at = rg_text_format("%.64s%s%.8s/%.8s", endpoint[0] == '-' ? "" : endpoint,
				    endpoint[0] == '-' ? "" : ":", rg_show_member(flow, "local_port", local),
				    rg_show_member(flow, "protocol", verdict));
		RG_TABLE_ROW(table, rg_show_member(flow, "remote", remote), rg_show_member(flow, "remote_port", port),
			     at, rg_show_member(flow, "tie", tie), rg_show_member(flow, "ufrag", ufrag),
			     rg_show_member(flow, "region", region), rg_show_member(flow, "verdict", verdict),
			     rg_show_member(flow, "reason", reason),
			     rg_table_seconds((unsigned long long)json_integer_value(json_object_get(flow, "age_s")), age));
	}
	code = rg_show_table(table);
	if (json_is_true(json_object_get(answer, "more")))
		fputs("regiongate: note: there are more; see --limit\n", stderr);
	return code;
}

static enum rg_cli_exit meeting_flows(const struct rg_cli *cli)
{
	const char *text = rg_cli_option(cli, "limit");
	_cleanup_(rg_freep) char *path = NULL, *rest = NULL;
	unsigned long limit = 1000;
	struct rg_err err = { 0 };
	enum rg_cli_exit code;
	json_t *answer = NULL;

	if (text && rg_cli_number(text, "limit", 1, 10000, &limit, &err))
		return rg_cli_misuse(cli, "%s", err.detail);
	rest = rg_text_format("/flows?limit=%lu", limit);
	path = rest ? rg_cli_path("/v1/meetings/", cli->words[0], rest) : NULL;
	if (!path)
		return RG_EXIT_REFUSED;
	code = rg_cli_call(cli, "GET", path, NULL, NULL, &answer, NULL);
	if (code == RG_EXIT_DONE && cli->json)
		rg_cli_say_json(answer);
	else if (code == RG_EXIT_DONE)
		code = flows_show(answer);
	json_decref(answer);
	return code;
}

static const struct rg_cli_option bind_options[] = {
	{ "endpoint", "NAME", "the shared endpoint of the ufrag", false },
	{ "if-match", "ETAG", "only if the meeting still has this ETag", false },
	{ 0 },
};
static const struct rg_cli_option flow_options[] = {
	{ "limit", "N", "at most so many (1000)", false },
	{ 0 },
};

const struct rg_cli_command rg_cmd_ufrag[] = {
	{ "meeting", "bind", "ID UFRAG --endpoint NAME", "Tie an ICE ufrag of a shared endpoint to a meeting",
	  "The ufrag is the server's, or its first characters if the endpoint has a ufrag_prefix.", bind_options, 2, 2,
	  meeting_bind },
	{ "meeting", "unbind", "ID UFRAG --endpoint NAME", "Untie an ICE ufrag: its flows belong to no meeting any more",
	  NULL, bind_options, 2, 2, meeting_unbind },
	{ "meeting", "flows", "ID [--limit N]", "Show the live flows of a meeting",
	  "VERDICT and REASON are what the loaded program says of the next packet; AGE is the time since the\n"
	  "last STUN Binding Request (of a meeting's own endpoint: since a packet was sampled).", flow_options, 1, 1,
	  meeting_flows },
	{ 0 },
};
