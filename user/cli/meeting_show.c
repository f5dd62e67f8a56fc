/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/meeting_show.h"

#include <string.h>
#include "base/cleanup.h"
#include "cli/show.h"

static const struct rg_table_column fact_columns[] = { { "", false }, { "", false } };
static const struct rg_table_column list_columns[] = {
	{ "MEETING", false }, { "MODE", false }, { "DEFAULT", false }, { "ENDPOINTS", false },
	{ "RULES", false },
};

/* "198.51.100.10 udp/10001", the address in brackets if it has colons */
static const char *endpoint_text(const json_t *endpoint, char buf[RG_SHOW_MAX])
{
	char address[RG_SHOW_MAX], protocol[RG_SHOW_MAX], port[RG_SHOW_MAX];
	bool v6 = strchr(rg_show_member(endpoint, "address", address), ':');

	snprintf(buf, RG_SHOW_MAX, "%s%.64s%s:%.16s/%.16s", v6 ? "[" : "", address, v6 ? "]" : "",
		 rg_show_member(endpoint, "port", port),
		 rg_show_member(endpoint, "protocol", protocol));
	return buf;
}

/* "refuse CN, HK" */
static const char *rule_text(const json_t *rule, char buf[RG_SHOW_MAX])
{
	char action[RG_SHOW_MAX], regions[RG_SHOW_MAX];

	snprintf(buf, RG_SHOW_MAX, "%.16s %.480s", rg_show_member(rule, "action", action),
		 rg_show_member(rule, "regions", regions));
	return buf;
}

/* All items of a list in one cell; what does not fit is counted. */
static void list_text(const json_t *list, const char *separator,
		      const char *(*text)(const json_t *, char[RG_SHOW_MAX]), char buf[RG_SHOW_MAX])
{
	char one[RG_SHOW_MAX];
	const json_t *item;
	size_t i, used = 0;

	snprintf(buf, RG_SHOW_MAX, "-");
	json_array_foreach(list, i, item) {
		text(item, one);
		if (used + strlen(one) + strlen(separator) > 72 && i) {
			snprintf(buf + used, RG_SHOW_MAX - used, "%s+%zu more", separator,
				 json_array_size(list) - i);
			return;
		}
		used += (size_t)snprintf(buf + used, RG_SHOW_MAX - used, "%s%s", i ? separator : "", one);
		if (used >= RG_SHOW_MAX - 32)
			used = RG_SHOW_MAX - 32;
	}
}

/* Below what it belongs to. */
static void window_row(struct rg_table *table, const json_t *object)
{
	char from[RG_SHOW_MAX], until[RG_SHOW_MAX];
	_cleanup_(rg_freep) char *line = NULL;

	if (!json_object_get(object, "not_before") && !json_object_get(object, "expires"))
		return;
	line = rg_text_format("from %s until %s", rg_show_member(object, "not_before", from),
			      rg_show_member(object, "expires", until));
	RG_TABLE_ROW(table, json_object_get(object, "id") && !json_object_get(object, "action") ? "in force" : "", line);
}

static void order_row(struct rg_table *table, const json_t *order)
{
	char jurisdiction[RG_SHOW_MAX], authority[RG_SHOW_MAX], reference[RG_SHOW_MAX];
	_cleanup_(rg_freep) char *line = NULL;

	if (!order)
		return;
	line = rg_text_format("by order of %.100s (%.16s), %.100s%s", rg_show_member(order, "authority", authority),
			      rg_show_member(order, "jurisdiction", jurisdiction),
			      rg_show_member(order, "reference", reference),
			      json_object_get(order, "override") ? ", with an override" : "");
	RG_TABLE_ROW(table, "", line);
	window_row(table, order);
}

/* "admit 203.0.113.7/32 (host)" */
static const char *exception_text(const json_t *exception, char buf[RG_SHOW_MAX])
{
	char action[RG_SHOW_MAX], network[RG_SHOW_MAX], reason[RG_SHOW_MAX];

	snprintf(buf, RG_SHOW_MAX, "%.16s %.64s (%.300s)", rg_show_member(exception, "action", action),
		 rg_show_member(exception, "network", network), rg_show_member(exception, "reason", reason));
	return buf;
}

static void sites_row(struct rg_table *table, const json_t *sites)
{
	char text[RG_SHOW_MAX];

	if (!sites)
		return;
	if (json_object_get(sites, "allow"))
		RG_TABLE_ROW(table, "sites, only", rg_show_member(sites, "allow", text));
	else
		RG_TABLE_ROW(table, "sites, not", rg_show_member(sites, "refuse", text));
}

enum rg_cli_exit rg_meeting_show(const json_t *meeting, const char *etag)
{
	_cleanup_(rg_table_freep) struct rg_table *table =
		rg_table_new(fact_columns, ARRAY_SIZE(fact_columns));
	char text[RG_SHOW_MAX], id[RG_SHOW_MAX];
	const json_t *item;
	size_t i;

	rg_show_row(table, "meeting", json_object_get(meeting, "id"));
	rg_show_row(table, "mode", json_object_get(meeting, "mode"));
	json_array_foreach(json_object_get(meeting, "endpoints"), i, item)
		RG_TABLE_ROW(table, i ? "" : "endpoints", endpoint_text(item, text));
	json_array_foreach(json_object_get(meeting, "rules"), i, item) {
		_cleanup_(rg_freep) char *line =
			rg_text_format("%s: %s", rg_show_member(item, "id", id),
				       rule_text(item, text));

		RG_TABLE_ROW(table, i ? "" : "rules", line);
		window_row(table, item);
		order_row(table, json_object_get(item, "order"));
	}
	json_array_foreach(json_object_get(meeting, "exceptions"), i, item)
		RG_TABLE_ROW(table, i ? "" : "exceptions", exception_text(item, text));
	sites_row(table, json_object_get(meeting, "sites"));
	window_row(table, meeting);
	rg_show_row(table, "default", json_object_get(meeting, "default"));
	if (etag)
		RG_TABLE_ROW(table, "etag", etag);
	return rg_show_table(table);
}

enum rg_cli_exit rg_meeting_list_show(const json_t *meetings)
{
	_cleanup_(rg_table_freep) struct rg_table *table =
		rg_table_new(list_columns, ARRAY_SIZE(list_columns));
	char id[RG_SHOW_MAX], mode[RG_SHOW_MAX], fallback[RG_SHOW_MAX];
	char endpoints[RG_SHOW_MAX], rules[RG_SHOW_MAX];
	const json_t *meeting;
	size_t i;

	json_array_foreach(meetings, i, meeting) {
		list_text(json_object_get(meeting, "endpoints"), " ", endpoint_text, endpoints);
		list_text(json_object_get(meeting, "rules"), "; ", rule_text, rules);
		RG_TABLE_ROW(table, rg_show_member(meeting, "id", id),
			     rg_show_member(meeting, "mode", mode),
			     rg_show_member(meeting, "default", fallback), endpoints, rules);
	}
	return rg_show_table(table);
}
