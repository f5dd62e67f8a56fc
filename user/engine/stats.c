/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counters at a glance, for views that refresh: one call, one pass over the kernel's counters. */
#include <errno.h>
#include <string.h>
#include "engine/engine_private.h"

struct busy {
	uint32_t meeting;
	uint64_t admit, refuse, observe;
};

static void add_meeting(void *arg, const struct rg_dp_mtg_stat *stat)
{
	struct busy *of = arg;
	struct busy *busy = &of[stat->meeting];

	busy->admit += stat->admit.packets;
	busy->refuse += stat->refuse.packets;
	busy->observe += stat->observe.packets;
}

static int busiest_first(const void *a, const void *b)
{
	const struct busy *x = a, *y = b;
	uint64_t p = x->admit + x->refuse + x->observe, q = y->admit + y->refuse + y->observe;

	if (p != q)
		return p < q ? 1 : -1;
	return (x->meeting > y->meeting) - (x->meeting < y->meeting);
}

static json_t *meetings_json(struct rg_engine *engine, size_t limit)
{
	const struct model *model = &engine->model;
	_cleanup_(rg_freep) struct busy *of = calloc(model->max_meetings, sizeof(*of));
	json_t *list = json_array();
	size_t n = 0;

	if (!of || !list)
		return list;
	rg_dp_mtg_stats(engine->dp, 0, add_meeting, of);
	for (uint32_t i = 1; i < model->max_meetings; i++) {
		struct busy busy = of[i];

		busy.meeting = i;
		if (model->by_number[i] && busy.admit + busy.refuse + busy.observe)
			of[n++] = busy;
	}
	qsort(of, n, sizeof(*of), busiest_first);
	for (size_t i = 0; i < n && i < limit; i++)
		json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I}", "id",
						      rg_engine_meeting_id(engine, of[i].meeting),
						      "admit", (json_int_t)of[i].admit, "refuse", (json_int_t)of[i].refuse,
						      "observe_refused", (json_int_t)of[i].observe));
	return list;
}

static int regions_json(struct rg_engine *engine, json_t **ret, struct rg_err *err)
{
	size_t n = rg_classes_count(engine->classes);
	_cleanup_(rg_freep) struct rg_region_stat *stats = calloc(n, sizeof(*stats));
	int r = stats ? rg_dp_region_stats(engine->dp, stats, n, err) : engine_no_memory(err);

	if (r)
		return r;
	*ret = json_object();
	for (unsigned int id = 0; id < n; id++) {
		if (!stats[id].admit.packets && !stats[id].refuse.packets && !stats[id].observe.packets)
			continue;
		json_object_set_new(*ret, rg_classes_get(engine->classes, id)->key, /* unique, unlike labels */
				    json_pack("{s:o, s:o, s:o}", "admit", count_to_json(&stats[id].admit), "refuse",
					      count_to_json(&stats[id].refuse), "observe_refused",
					      count_to_json(&stats[id].observe)));
	}
	return 0;
}

int rg_engine_stats(struct rg_engine *engine, size_t limit, json_t **ret, struct rg_err *err)
{
	json_t *verdicts = NULL, *reasons = NULL, *maps = NULL, *regions = NULL;
	uint64_t sent, lost, flows = 0;
	int r = counts_json(engine, &verdicts, &reasons, err);

	if (!r)
		r = maps_json(engine, &maps, err);
	if (!r)
		r = regions_json(engine, &regions, err);
	if (!r)
		r = flows_count(engine, &flows, err);
	if (r) {
		json_decref(regions);
		json_decref(verdicts);
		json_decref(reasons);
		json_decref(maps);
		return r;
	}
	rg_dp_events_counts(engine->dp, &sent, &lost);
	*ret = json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:{s:I, s:I}}", "time_ms",
			 (json_int_t)(rg_dp_now_ns() / 1000000), "total", (json_int_t)rg_map_count(engine->model.by_id),
			 "flows", (json_int_t)flows, "verdicts", verdicts, "reasons", reasons, "regions", regions, "meetings",
			 meetings_json(engine, limit), "maps", maps, "events", "sent", (json_int_t)sent, "lost",
			 (json_int_t)lost);
	return *ret ? 0 : engine_no_memory(err);
}
