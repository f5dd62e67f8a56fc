/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel counted for one meeting, by direction, verdict and region. */
#include "engine/engine_private.h"

struct counted { /* in one direction */
	struct rg_count all, verdicts[RG_STAT_MAX];
	json_t *regions;
};
struct stats {
	struct rg_engine *engine;
	struct counted directions[RG_DIRECTION_MAX];
};

static const char *const verdict_names[] = {
	[RG_STAT_ADMIT] = "admit",
	[RG_STAT_REFUSE] = "refuse",
	[RG_STAT_OBSERVE] = "observe_refused",
};
_Static_assert(ARRAY_SIZE(verdict_names) == RG_STAT_MAX, "every verdict has its name");

static void count_add(struct rg_count *sum, const struct rg_count *count)
{
	sum->packets += count->packets;
	sum->bytes += count->bytes;
}

json_t *count_to_json(const struct rg_count *count)
{
	return json_pack("{s:I, s:I}", "packets", (json_int_t)count->packets, "bytes",
			 (json_int_t)count->bytes);
}

/* The counters of one (region, verdict) come once per CPU: add up. */
static void add_count(struct counted *counted, json_t *verdicts, unsigned int verdict,
		      const struct rg_count *count)
{
	struct rg_count sum = *count;
	json_t *before = json_object_get(verdicts, verdict_names[verdict]);

	if (!count->packets)
		return;
	count_add(&counted->all, count);
	count_add(&counted->verdicts[verdict], count);
	if (before) {
		sum.packets += (uint64_t)json_integer_value(json_object_get(before, "packets"));
		sum.bytes += (uint64_t)json_integer_value(json_object_get(before, "bytes"));
	}
	json_object_set_new(verdicts, verdict_names[verdict], count_to_json(&sum));
}

static void add_stat(void *arg, const struct rg_dp_mtg_stat *stat)
{
	struct stats *stats = arg;
	struct counted *counted = &stats->directions[stat->direction == RG_EGRESS ? RG_EGRESS : RG_INGRESS];
	const char *region = rg_engine_region_code(stats->engine, stat->region);
	json_t *verdicts = json_object_get(counted->regions, region);

	if (!verdicts) {
		verdicts = json_object();
		json_object_set_new(counted->regions, region, verdicts);
	}
	add_count(counted, verdicts, RG_STAT_ADMIT, &stat->admit);
	add_count(counted, verdicts, RG_STAT_REFUSE, &stat->refuse);
	add_count(counted, verdicts, RG_STAT_OBSERVE, &stat->observe);
}

static json_t *counted_to_json(const struct counted *counted)
{
	return json_pack("{s:I, s:I, s:{s:o, s:o, s:o}, s:O}", "packets", (json_int_t)counted->all.packets,
			 "bytes", (json_int_t)counted->all.bytes, "verdicts",
			 "admit", count_to_json(&counted->verdicts[RG_STAT_ADMIT]),
			 "refuse", count_to_json(&counted->verdicts[RG_STAT_REFUSE]),
			 "observe_refused", count_to_json(&counted->verdicts[RG_STAT_OBSERVE]),
			 "regions", counted->regions);
}

int rg_engine_meeting_stats(struct rg_engine *engine, const char *id, json_t **ret, struct rg_err *err)
{
	const struct meeting *meeting = model_meeting(&engine->model, id);
	_cleanup_(json_decrefp) json_t *in = json_object(), *out = json_object();
	struct stats stats = { engine, { [RG_INGRESS] = { .regions = in }, [RG_EGRESS] = { .regions = out } } };
	json_t *answer = json_pack("{s:s}", "id", id), *ingress;

	if (!meeting) {
		json_decref(answer);
		return meeting_not_found(id, err);
	}
	rg_dp_mtg_stats(engine->dp, meeting->number, add_stat, &stats);
	ingress = counted_to_json(&stats.directions[RG_INGRESS]);
	if (json_object_update(answer, ingress) ||
	    json_object_set_new(answer, "egress", counted_to_json(&stats.directions[RG_EGRESS]))) {
		json_decref(ingress);
		json_decref(answer);
		return engine_no_memory(err);
	}
	json_decref(ingress);
	*ret = answer;
	return 0;
}
