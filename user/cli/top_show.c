/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/top_show.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "cli/show.h"
#include "cli/table.h"

/* A row of counters: what it is about, and how much of it by verdict. */
struct row {
	const char *name; /* of the JSON */
	double admit, refuse, observe;
};

struct rows {
	struct row *at;
	size_t n;
};

/* How counters become figures. */
struct scale {
	const json_t *before, *now;
	double seconds; /* 0: sums */
};

static double packets(const json_t *count)
{
	const json_t *number = json_is_object(count) ? json_object_get(count, "packets") : count;

	return (double)json_integer_value(number);
}

/* A counter now; if there is a before, its growth a second. One that has become smaller has begun anew. */
static double figure(const struct scale *scale, const json_t *before, const json_t *now)
{
	double value = packets(now), old = packets(before);

	if (!scale->seconds)
		return value;
	return (value < old ? value : value - old) / scale->seconds;
}

static double sum(const struct row *row)
{
	return row->admit + row->refuse + row->observe;
}

static int busiest_first(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (sum(x) != sum(y))
		return sum(x) < sum(y) ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void row_fill(const struct scale *scale, const char *name, const json_t *before, const json_t *now,
		     struct row *ret)
{
	*ret = (struct row){
		.name = name,
		.admit = figure(scale, json_object_get(before, "admit"), json_object_get(now, "admit")),
		.refuse = figure(scale, json_object_get(before, "refuse"), json_object_get(now, "refuse")),
		.observe = figure(scale, json_object_get(before, "observe_refused"),
				  json_object_get(now, "observe_refused")),
	};
}

static int rows_of_regions(const struct scale *scale, struct rows *ret)
{
	const json_t *before = json_object_get(scale->before, "regions"), *now = json_object_get(scale->now, "regions");
	const char *name;
	json_t *value;

	ret->at = calloc(json_object_size(now) + 1, sizeof(*ret->at));
	if (!ret->at)
		return -ENOMEM;
	json_object_foreach((json_t *)now, name, value)
		row_fill(scale, name, json_object_get(before, name), value, &ret->at[ret->n++]);
	qsort(ret->at, ret->n, sizeof(*ret->at), busiest_first);
	return 0;
}

/* The meetings of an answer by id. NULL if memory is out. */
static json_t *meetings_by_id(const json_t *answer)
{
	json_t *by_id = json_object();
	const json_t *meeting;
	size_t i;

	json_array_foreach(json_object_get(answer, "meetings"), i, meeting)
		json_object_set(by_id, json_string_value(json_object_get(meeting, "id")) ?: "", (json_t *)meeting);
	return by_id;
}

static int rows_of_meetings(const struct scale *scale, struct rows *ret)
{
	const json_t *list = json_object_get(scale->now, "meetings"), *meeting;
	_cleanup_(json_decrefp) json_t *before = meetings_by_id(scale->before);
	size_t i;

	ret->at = calloc(json_array_size(list) + 1, sizeof(*ret->at));
	if (!ret->at || !before)
		return -ENOMEM;
	json_array_foreach(list, i, meeting) {
		const char *id = json_string_value(json_object_get(meeting, "id"));

		if (id)
			row_fill(scale, id, json_object_get(before, id), meeting, &ret->at[ret->n++]);
	}
	qsort(ret->at, ret->n, sizeof(*ret->at), busiest_first);
	return 0;
}

static int rows_print(const char *title, const struct rows *rows, size_t most, FILE *out)
{
	const struct rg_table_column columns[] = {
		{ title, false }, { "ADMIT", true }, { "REFUSE", true }, { "OBSERVED", true },
	};
	_cleanup_(rg_table_freep) struct rg_table *table = rg_table_new(columns, ARRAY_SIZE(columns));
	char admit[32], refuse[32], observe[32];

	for (size_t i = 0; i < rows->n && i < most; i++) {
		snprintf(admit, sizeof(admit), "%.0f", rows->at[i].admit);
		snprintf(refuse, sizeof(refuse), "%.0f", rows->at[i].refuse);
		snprintf(observe, sizeof(observe), "%.0f", rows->at[i].observe);
		RG_TABLE_ROW(table, rows->at[i].name, admit, refuse, observe);
	}
	fputc('\n', out);
	return rg_table_print(table, out);
}

/* Reasons, those of traffic that no meeting was found for first: it is what somebody has to look at. */
static int reasons_print(const struct scale *scale, FILE *out)
{
	static const struct rg_table_column columns[] = { { "REASON", false }, { "PACKETS", true } };
	static const char *const first[] = {
		"refuse_unbound", "refuse_unknown_ufrag", "admit_flow_unbound", "refuse_malformed",
		"refuse_fragment", "refuse_unsupported",
	};
	_cleanup_(rg_table_freep) struct rg_table *table = rg_table_new(columns, ARRAY_SIZE(columns));
	const json_t *before = json_object_get(scale->before, "reasons"), *now = json_object_get(scale->now, "reasons");
	const char *name;
	char text[32];
	json_t *value;

	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		snprintf(text, sizeof(text), "%.0f",
			 figure(scale, json_object_get(before, first[i]), json_object_get(now, first[i])));
		RG_TABLE_ROW(table, first[i], text);
	}
	json_object_foreach((json_t *)now, name, value) {
		size_t i = 0;

		while (i < ARRAY_SIZE(first) && strcmp(first[i], name))
			i++;
		if (i < ARRAY_SIZE(first))
			continue;
		snprintf(text, sizeof(text), "%.0f", figure(scale, json_object_get(before, name), value));
		RG_TABLE_ROW(table, name, text);
	}
	fputc('\n', out);
	return rg_table_print(table, out);
}

static int maps_print(const struct scale *scale, FILE *out)
{
	static const struct rg_table_column columns[] = {
		{ "TABLE", false }, { "ENTRIES", true }, { "ROOM", true }, { "FILL", true },
	};
	_cleanup_(rg_table_freep) struct rg_table *table = rg_table_new(columns, ARRAY_SIZE(columns));
	char name[RG_SHOW_MAX], entries[RG_SHOW_MAX], room[RG_SHOW_MAX], fill[32];
	const json_t *map;
	size_t i;

	json_array_foreach(json_object_get(scale->now, "maps"), i, map) {
		double most = packets(json_object_get(map, "max_entries"));

		if (!json_is_integer(json_object_get(map, "entries")) || most < 1)
			continue;
		snprintf(fill, sizeof(fill), "%.1f%%", 100 * packets(json_object_get(map, "entries")) / most);
		RG_TABLE_ROW(table, rg_show_member(map, "name", name), rg_show_member(map, "entries", entries),
			     rg_show_member(map, "max_entries", room), fill);
	}
	fputc('\n', out);
	return rg_table_print(table, out);
}

static void head_print(const struct scale *scale, FILE *out)
{
	static const char *const verdicts[] = { "admit", "refuse", "pass" };
	const json_t *events = json_object_get(scale->now, "events"), *old = json_object_get(scale->before, "events");
	char meetings[RG_SHOW_MAX], flows[RG_SHOW_MAX];

	fprintf(out, "%s meetings, %s bound flows; packets%s:", rg_show_member(scale->now, "total", meetings),
		rg_show_member(scale->now, "flows", flows), scale->seconds ? " a second" : "");
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++)
		fprintf(out, " %s %.0f", verdicts[i],
			figure(scale, json_object_get(json_object_get(scale->before, "verdicts"), verdicts[i]),
			       json_object_get(json_object_get(scale->now, "verdicts"), verdicts[i])));
	fprintf(out, "; events: sent %.0f, lost %.0f\n",
		figure(scale, json_object_get(old, "sent"), json_object_get(events, "sent")),
		figure(scale, json_object_get(old, "lost"), json_object_get(events, "lost")));
}

static int page_print(const struct scale *scale, size_t most, FILE *out)
{
	struct rows regions = { 0 }, meetings = { 0 };
	int r = rows_of_regions(scale, &regions);

	if (!r)
		r = rows_of_meetings(scale, &meetings);
	head_print(scale, out);
	if (!r)
		r = rows_print("REGION", &regions, most, out);
	if (!r)
		r = rows_print("MEETING", &meetings, most, out);
	if (!r)
		r = reasons_print(scale, out);
	if (!r)
		r = maps_print(scale, out);
	free(regions.at);
	free(meetings.at);
	return r;
}

/* The first lines of a text. */
static void lines_print(const char *text, unsigned int rows, FILE *out)
{
	for (unsigned int i = 0; *text && (!rows || i < rows); i++) {
		size_t length = strcspn(text, "\n") + 1;

		fwrite(text, 1, length, out);
		text += length;
	}
}

int rg_top_show(const json_t *before, const json_t *now, unsigned int rows, FILE *out)
{
	struct scale scale = { .before = before, .now = now };
	_cleanup_(rg_freep) char *text = NULL;
	size_t length, most = rows ? (rows > 24 ? (rows - 12) / 3 : 4) : SIZE_MAX;
	FILE *page = open_memstream(&text, &length);
	int r;

	if (!page)
		return -ENOMEM;
	if (before)
		scale.seconds = (packets(json_object_get(now, "time_ms")) -
				 packets(json_object_get(before, "time_ms"))) / 1000;
	if (before && scale.seconds <= 0)
		scale.seconds = 1;
	r = page_print(&scale, most, page);
	if (fclose(page) || r)
		return -ENOMEM;
	lines_print(text, rows, out);
	return 0;
}
