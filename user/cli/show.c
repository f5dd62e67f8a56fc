/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/show.h"

#include <string.h>
#include "cli/cli.h"

static void value_append(const json_t *value, char *buf, size_t room)
{
	const json_t *item;
	size_t i, used;

	if (json_is_string(value)) {
		snprintf(buf, room, "%s", json_string_value(value));
	} else if (json_is_integer(value)) {
		snprintf(buf, room, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	} else if (json_is_real(value)) {
		snprintf(buf, room, "%.2f", json_real_value(value));
	} else if (json_is_boolean(value)) {
		snprintf(buf, room, "%s", json_is_true(value) ? "yes" : "no");
	} else if (json_is_array(value) && json_array_size(value)) {
		*buf = '\0';
		json_array_foreach(value, i, item) {
			used = strlen(buf);
			if (i && used + 3 < room)
				used += (size_t)snprintf(buf + used, room - used, ", ");
			if (used + 1 < room)
				value_append(item, buf + used, room - used);
		}
	} else {
		snprintf(buf, room, "-");
	}
}

const char *rg_show(const json_t *value, char buf[RG_SHOW_MAX])
{
	value_append(value, buf, RG_SHOW_MAX);
	return buf;
}

const char *rg_show_member(const json_t *object, const char *key, char buf[RG_SHOW_MAX])
{
	return rg_show(json_object_get(object, key), buf);
}

void rg_show_row(struct rg_table *table, const char *label, const json_t *value)
{
	char buf[RG_SHOW_MAX];

	RG_TABLE_ROW(table, label, rg_show(value, buf));
}

/* @prefix: the keys above, with a blank behind each. */
static void counters_add(struct rg_table *table, const json_t *value, const char *prefix)
{
	char packets[RG_SHOW_MAX], bytes[RG_SHOW_MAX];
	const char *key;
	json_t *member;

	if (json_is_integer(value)) {
		RG_TABLE_ROW(table, prefix, rg_show(value, packets), "-");
		return;
	}
	if (json_is_integer(json_object_get(value, "packets"))) {
		RG_TABLE_ROW(table, prefix, rg_show_member(value, "packets", packets),
			     rg_show_member(value, "bytes", bytes));
		return;
	}
	json_object_foreach((json_t *)value, key, member) {
		_cleanup_(rg_freep) char *name =
			rg_text_format("%s%s%s", prefix, *prefix ? " " : "", key);

		if (name)
			counters_add(table, member, name);
	}
}

void rg_show_counters(struct rg_table *table, const json_t *counters)
{
	counters_add(table, counters, "");
}

static json_int_t packets_of(const json_t *verdicts, const char *verdict)
{
	return json_integer_value(json_object_get(json_object_get(verdicts, verdict), "packets"));
}

struct region { const char *name; json_t *verdicts; };

/* Whoever is refused most stands first. */
static int region_cmp(const void *a, const void *b)
{
	const struct region *x = a, *y = b;
	json_int_t before = packets_of(x->verdicts, "refuse"), after = packets_of(y->verdicts, "refuse");

	return before == after ? strcmp(x->name, y->name) : before < after ? 1 : -1;
}

json_t *rg_show_regions(const json_t *regions)
{
	static const char *const verdicts[] = { "refuse", "observe_refused", "admit" };
	_cleanup_(rg_freep) struct region *list = calloc(json_object_size(regions) + 1, sizeof(*list));
	json_t *sorted = json_object(), *value;
	const char *name;
	size_t n = 0;

	if (!list)
		return sorted;
	json_object_foreach((json_t *)regions, name, value)
		list[n++] = (struct region){ name, value };
	qsort(list, n, sizeof(*list), region_cmp);
	for (size_t i = 0; i < n; i++) {
		json_t *region = json_object();

		for (size_t j = 0; j < ARRAY_SIZE(verdicts); j++)
			if ((value = json_object_get(list[i].verdicts, verdicts[j])))
				json_object_set(region, verdicts[j], value);
		json_object_set_new(sorted, list[i].name, region);
	}
	return sorted;
}

int rg_show_table(const struct rg_table *table)
{
	if (!rg_table_print(table, stdout))
		return RG_EXIT_DONE;
	fputs("regiongate: out of memory\n", stderr);
	return RG_EXIT_REFUSED;
}
