/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* events: refusals, changes, reloads and attachments as the daemon tells them. */
#include <string.h>
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/show.h"

#define LAST_DEFAULT 20
#define LAST_MAX     4096

/* "203.0.113.9:4000 > 198.51.100.10:10001/udp" */
static void packet_print(const json_t *event)
{
	char remote[RG_SHOW_MAX], remote_port[RG_SHOW_MAX], local[RG_SHOW_MAX], local_port[RG_SHOW_MAX];
	char protocol[RG_SHOW_MAX];
	bool v6 = strchr(rg_show_member(event, "remote", remote), ':');

	rg_show_member(event, "local", local);
	printf(" %s%s%s:%s %s %s%s%s:%s/%s", v6 ? "[" : "", remote, v6 ? "]" : "",
	       rg_show_member(event, "remote_port", remote_port),
	       strcmp(json_string_value(json_object_get(event, "direction")) ?: "", "egress") ? ">" : "<",
	       v6 ? "[" : "", local, v6 ? "]" : "", rg_show_member(event, "local_port", local_port),
	       rg_show_member(event, "protocol", protocol));
}

/* What is not in the first columns, as "key=value". */
static void rest_print(const json_t *event)
{
	static const char *const shown[] = { "seq", "time", "kind", "meeting" };
	char text[RG_SHOW_MAX];
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)event, key, value) {
		size_t i = 0;

		while (i < ARRAY_SIZE(shown) && strcmp(shown[i], key))
			i++;
		if (i < ARRAY_SIZE(shown) || json_is_null(value))
			continue;
		putchar(' ');
		rg_table_text(stdout, key);
		putchar('=');
		rg_table_text(stdout, rg_show(value, text));
	}
}

static void event_print(const json_t *event)
{
	char time[RG_SHOW_MAX], kind[RG_SHOW_MAX], meeting[RG_SHOW_MAX], reason[RG_SHOW_MAX], region[RG_SHOW_MAX];

	printf("%s  %-10s  %-20s ", rg_show_member(event, "time", time), rg_show_member(event, "kind", kind),
	       rg_show_member(event, "meeting", meeting));
	if (strcmp(kind, "refusal")) {
		rest_print(event);
	} else {
		printf(" %s %s", rg_show_member(event, "reason", reason), rg_show_member(event, "region", region));
		packet_print(event);
	}
	putchar('\n');
}

static bool line_say(void *arg, char *line)
{
	const struct rg_cli *cli = arg;
	json_t *event = cli->json ? NULL : json_loads(line, 0, NULL);

	if (cli->json)
		puts(line);
	else if (event)
		event_print(event);
	json_decref(event);
	return !fflush(stdout);
}

static int query_append(char **query, const char *name, const char *value)
{
	_cleanup_(rg_freep) char *escaped = value ? rg_client_escape(value) : NULL, *before = *query;

	if (!value)
		before = NULL;
	else
		*query = escaped ? rg_text_format("%s&%s=%s", before, name, escaped) : NULL;
	return *query ? 0 : -1;
}

static enum rg_cli_exit events_run(const struct rg_cli *cli)
{
	bool follow = rg_cli_option(cli, "follow");
	const char *text = rg_cli_option(cli, "n");
	_cleanup_(rg_freep) char *path = NULL;
	unsigned long last = follow ? 0 : LAST_DEFAULT;
	struct rg_err err = { 0 };

	if (text && rg_cli_number(text, "-n", 0, LAST_MAX, &last, &err))
		return rg_cli_misuse(cli, "%s", err.detail);
	path = rg_text_format("/v1/events?last=%lu&follow=%s", last, follow ? "true" : "false");
	if (!path || query_append(&path, "meeting", rg_cli_option(cli, "meeting")) ||
	    query_append(&path, "kind", rg_cli_option(cli, "kind")))
		return RG_EXIT_REFUSED;
	return rg_cli_stream(cli, path, line_say, (void *)cli);
}

static const struct rg_cli_option options[] = {
	{ "follow", NULL, "go on with events as they come", false },
	{ "n", "N", "begin with the last N events (20; with --follow 0)", false },
	{ "meeting", "ID", "only those of a meeting", false },
	{ "kind", "KINDS", "only refusal, rules, reload, attachment, order, alarm, clock (with commas between)", false },
	{ 0 },
};

const struct rg_cli_command rg_cmd_events[] = {
	{ "events", NULL, "[--follow] [-n N] [--meeting ID] [--kind KINDS]",
	  "Show refusals, changes, reloads and attachments",
	  "A refusal is told for the first packet of each flow, within budgets; what is lost is counted.", options, 0, 0,
	  events_run },
	{ 0 },
};
