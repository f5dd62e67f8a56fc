/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* preview: what a body would do to those who take part now. admission: may somebody take part? */
#include <string.h>
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/show.h"

static const struct rg_table_column fact_columns[] = { { "", false }, { "", false } };
static const struct rg_table_column region_columns[] = {
	{ "REGION", false }, { "FLOWS", true }, { "CUT", true }, { "ADMITTED", true }, { "AFTER", false },
	{ "RULES", false },
};

/* The keys of an object, with commas. */
static const char *keys_text(const json_t *object, char buf[RG_SHOW_MAX])
{
	size_t used = 0;
	const char *key;
	json_t *value;

	snprintf(buf, RG_SHOW_MAX, "-");
	json_object_foreach((json_t *)object, key, value) {
		(void)value;
		used += (size_t)snprintf(buf + used, RG_SHOW_MAX - used, "%s%s", used ? ", " : "", key);
		if (used >= RG_SHOW_MAX)
			break;
	}
	return buf;
}

static enum rg_cli_exit preview_print(const json_t *answer)
{
	_cleanup_(rg_table_freep) struct rg_table *facts = rg_table_new(fact_columns, ARRAY_SIZE(fact_columns));
	_cleanup_(rg_table_freep) struct rg_table *table =
		rg_table_new(region_columns, ARRAY_SIZE(region_columns));
	const json_t *flows = json_object_get(answer, "flows");
	char count[RG_SHOW_MAX], cut[RG_SHOW_MAX], admitted[RG_SHOW_MAX], after[RG_SHOW_MAX], rules[RG_SHOW_MAX];
	const char *region;
	json_t *one;

	rg_show_row(facts, "meeting", json_object_get(answer, "meeting"));
	rg_show_row(facts, "exists", json_object_get(answer, "exists"));
	rg_show_row(facts, "at", json_object_get(answer, "at"));
	rg_show_row(facts, "mode", json_object_get(answer, "mode"));
	rg_show_row(facts, "refused at this site", json_object_get(json_object_get(answer, "site_refused"), "after"));
	rg_show_row(facts, "live flows", json_object_get(flows, "total"));
	rg_show_row(facts, "would be cut", json_object_get(flows, "cut"));
	rg_show_row(facts, "would be admitted", json_object_get(flows, "admitted"));
	json_object_foreach(json_object_get(answer, "regions"), region, one)
		RG_TABLE_ROW(table, region, rg_show_member(one, "flows", count), rg_show_member(one, "cut", cut),
			     rg_show_member(one, "admitted", admitted),
			     keys_text(json_object_get(one, "after"), after),
			     keys_text(json_object_get(one, "rules"), rules));
	if (rg_show_table(facts))
		return RG_EXIT_REFUSED;
	putchar('\n');
	return rg_show_table(table);
}

static enum rg_cli_exit preview(const struct rg_cli *cli)
{
	const char *at = rg_cli_option(cli, "at");
	_cleanup_(rg_freep) char *path = NULL, *text = NULL;
	struct rg_cli_body body = { 0 };
	json_t *answer = NULL;
	enum rg_cli_exit code = rg_cli_read_body(cli, 1, &text, &body.length);

	if (code)
		return code;
	body.data = text;
	path = rg_cli_path("/v1/meetings/", cli->words[0], ":preview");
	if (path && at) {
		_cleanup_(rg_freep) char *plain = path;
		_cleanup_(rg_freep) char *query = rg_cli_path("?at=", at, "");

		path = query ? rg_text_format("%s%s", plain, query) : NULL;
	}
	if (!path)
		return RG_EXIT_REFUSED;
	code = rg_cli_call(cli, "POST", path, &body, NULL, &answer, NULL);
	if (code == RG_EXIT_DONE && cli->json)
		rg_cli_say_json(answer);
	else if (code == RG_EXIT_DONE)
		code = preview_print(answer);
	json_decref(answer);
	return code;
}

static enum rg_cli_exit admission_print(const json_t *answer)
{
	static const char *const fields[] = { "meeting", "address", "at", "region", "verdict", "reason", "rule",
					      "basis", "exception", "status" };
	_cleanup_(rg_table_freep) struct rg_table *table = rg_table_new(fact_columns, ARRAY_SIZE(fact_columns));
	const json_t *order = json_object_get(answer, "order"), *show = json_object_get(answer, "show");

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		rg_show_row(table, fields[i], json_object_get(answer, fields[i]));
	if (json_is_object(order)) {
		rg_show_row(table, "order", json_object_get(order, "reference"));
		rg_show_row(table, "jurisdiction", json_object_get(order, "jurisdiction"));
		rg_show_row(table, "authority", json_object_get(order, "authority"));
	}
	if (json_is_object(show))
		rg_show_row(table, "to be shown", json_object_get(show, "text"));
	return rg_show_table(table);
}

static enum rg_cli_exit admission(const struct rg_cli *cli)
{
	const char *at = rg_cli_option(cli, "at");
	json_t *body = json_pack("{s:s, s:s}", "meeting", cli->words[0], "address", cli->words[1]);
	json_t *answer = NULL;
	enum rg_cli_exit code;

	if (!body)
		return rg_cli_misuse(cli, "an argument is not UTF-8");
	if (at)
		json_object_set_new(body, "at", json_string(at));
	code = rg_cli_call_json(cli, "POST", "/v1/admission", body, &answer);
	if (code == RG_EXIT_DONE && cli->json)
		rg_cli_say_json(answer);
	else if (code == RG_EXIT_DONE)
		code = admission_print(answer);
	json_decref(answer);
	return code;
}

static const struct rg_cli_option options[] = {
	{ "at", "TIME", "not now, but then: 2020-06-04T00:00:00Z", false },
	{ 0 },
};

const struct rg_cli_command rg_cmd_preview[] = {
	{ "preview", NULL, "ID [FILE] [--at TIME]", "Say what a meeting's body would do to live flows",
	  "The body as 'meeting put' takes it; '-' or no FILE: standard input. Nothing is changed.", options, 1, 2,
	  preview },
	{ "admission", NULL, "ID ADDRESS [--at TIME]", "Say whether an address may take part, and why not", NULL,
	  options, 2, 2, admission },
	{ 0 },
};
