/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include "base/reason.h"
#include "engine/engine_private.h"

/* Both directions, from the kernel. */
static int read_counts(struct rg_engine *engine, struct rg_count ret[RG_REASON_MAX], struct rg_err *err)
{
	memset(ret, 0, RG_REASON_MAX * sizeof(*ret));
	for (int direction = 0; direction < RG_DIRECTION_MAX; direction++) {
		struct rg_count counts[RG_REASON_MAX];
		int r = rg_dp_reason_counts(engine->dp, (enum rg_direction)direction, counts, err);

		if (r)
			return r;
		for (int i = 0; i < RG_REASON_MAX; i++) {
			ret[i].packets += counts[i].packets;
			ret[i].bytes += counts[i].bytes;
		}
	}
	return 0;
}

static json_t *verdicts_json(const struct rg_count counts[RG_REASON_MAX])
{
	struct rg_count sums[RG_VERDICT_MAX] = { 0 };
	json_t *json = json_object();

	for (int i = 0; i < RG_REASON_MAX; i++) {
		struct rg_count *sum = &sums[rg_reason_verdict((enum rg_reason)i)];

		sum->packets += counts[i].packets;
		sum->bytes += counts[i].bytes;
	}
	for (int v = 0; v < RG_VERDICT_MAX; v++)
		json_object_set_new(json, rg_verdict_text((enum rg_verdict)v), count_to_json(&sums[v]));
	return json;
}

static json_t *reasons_json(const struct rg_count counts[RG_REASON_MAX])
{
	json_t *json = json_object();

	for (int i = 0; i < RG_REASON_MAX; i++)
		if (counts[i].packets)
			json_object_set_new(json, rg_reason_text((enum rg_reason)i), count_to_json(&counts[i]));
	return json;
}

int maps_json(struct rg_engine *engine, json_t **ret, struct rg_err *err)
{
	_cleanup_(rg_freep) struct rg_dp_map_info *maps = NULL;
	size_t n = 0;
	int r = rg_dp_maps(engine->dp, &maps, &n, err);

	if (r)
		return r;
	*ret = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(*ret, json_pack("{s:s, s:I, s:o, s:I, s:I}", "name", maps[i].name,
						      "id", (json_int_t)maps[i].id, "entries",
						      maps[i].entries == UINT32_MAX ? json_null()
										    : json_integer(maps[i].entries),
						      "max_entries", (json_int_t)maps[i].max_entries,
						      "bytes", (json_int_t)maps[i].bytes));
	return 0;
}

int counts_json(struct rg_engine *engine, json_t **ret_verdicts, json_t **ret_reasons, struct rg_err *err)
{
	struct rg_count counts[RG_REASON_MAX];
	int r = read_counts(engine, counts, err);

	if (r)
		return r;
	*ret_verdicts = verdicts_json(counts);
	*ret_reasons = reasons_json(counts);
	return 0;
}

static json_t *site_text_json(const struct rg_engine *engine)
{
	char text[64];

	return engine->site.known ? json_string(rg_region_spec_format(&engine->site.place, text)) : json_null();
}

static json_t *narrowed_json(const struct rg_engine *engine)
{
	return json_pack("{s:I, s:O}", "orders", (json_int_t)engine->narrowed.n, "first", engine->narrowed.list);
}

int rg_engine_status(struct rg_engine *engine, json_t **ret, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *interfaces = NULL, *geoip = NULL, *maps = NULL;
	struct rg_count counts[RG_REASON_MAX];
	uint64_t flows;
	struct timespec now;
	int r = rg_engine_interface_list(engine, &interfaces, err);

	if (!r)
		r = rg_engine_geoip_get(engine, &geoip, err);
	if (!r)
		r = maps_json(engine, &maps, err);
	if (!r)
		r = read_counts(engine, counts, err);
	if (r)
		return r;
	clock_gettime(CLOCK_MONOTONIC, &now);
	*ret = json_pack("{s:s, s:i, s:I, s:s, s:o, s:{s:I}, s:O, s:I, s:I, s:I, s:O, s:O, s:o, s:o}",
			 "version", RG_VERSION, "pid", (int)getpid(),
			 "uptime_s", (json_int_t)(now.tv_sec - engine->started.tv_sec),
			 "mode", engine->observe ? "observe" : "enforce", "site", site_text_json(engine),
			 "program", "id", (json_int_t)rg_dp_prog_id(engine->dp),
			 "interfaces", json_object_get(interfaces, "interfaces"),
			 "meetings", (json_int_t)rg_map_count(engine->model.by_id),
			 "policies", (json_int_t)rg_map_count(engine->model.rulings.policies.by_key),
			 "regions", (json_int_t)rg_classes_count(engine->classes),
			 "geoip", geoip, "maps", maps, "verdicts", verdicts_json(counts),
			 "reasons", reasons_json(counts));
	if (!*ret)
		return engine_no_memory(err);
	json_object_set_new(*ret, "endpoints", json_integer((json_int_t)rg_map_count(engine->model.shared)));
	json_object_set_new(*ret, "ufrags", json_integer(engine->model.ufrags.n));
	if (!flows_count(engine, &flows, NULL))
		json_object_set_new(*ret, "flows", json_integer((json_int_t)flows));
	json_object_set_new(*ret, "clock", clock_json(engine));
	json_object_set_new(*ret, "site_alarms", site_json(engine));
	json_object_set_new(*ret, "orders_narrowed", narrowed_json(engine));
	return 0;
}

const char *rg_engine_version(char ret[RG_VERSION_TEXT_MAX])
{
	char hash[17];

	snprintf(ret, RG_VERSION_TEXT_MAX, "%s (program %s, ABI %d)", RG_VERSION, rg_dp_object_hash(hash), RG_ABI_VERSION);
	return ret;
}
