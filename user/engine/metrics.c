/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Prometheus text format 0.0.4. A metric of a map or an interface is what the kernel
 * says at the time of the call. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/reason.h"
#include "engine/engine_private.h"
#include "store/ledger.h"

static const char *const directions[] = {
	[RG_INGRESS] = "ingress",
	[RG_EGRESS] = "egress",
};
_Static_assert(ARRAY_SIZE(directions) == RG_DIRECTION_MAX, "every direction has its name");

static void head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value in quotes. */
static void label(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			fputc('\\', out);
		if (*text == '\n')
			fputs("\\n", out);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static void reason_lines(FILE *out, const char *name, struct rg_count counts[][RG_REASON_MAX], bool bytes)
{
	for (int d = 0; d < RG_DIRECTION_MAX; d++)
		for (int i = 0; i < RG_REASON_MAX; i++)
			fprintf(out, "%s{direction=\"%s\",verdict=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
				name, directions[d],
				rg_verdict_text(rg_reason_verdict((enum rg_reason)i)),
				rg_reason_text((enum rg_reason)i),
				(uint64_t)(bytes ? counts[d][i].bytes : counts[d][i].packets));
}

static int write_reasons(struct rg_engine *engine, FILE *out, struct rg_err *err)
{
	struct rg_count counts[RG_DIRECTION_MAX][RG_REASON_MAX];

	for (int d = 0; d < RG_DIRECTION_MAX; d++) {
		int r = rg_dp_reason_counts(engine->dp, (enum rg_direction)d, counts[d], err);

		if (r)
			return r;
	}
	head(out, "regiongate_packets_total", "counter", "Packets judged, by reason.");
	reason_lines(out, "regiongate_packets_total", counts, false);
	head(out, "regiongate_bytes_total", "counter", "Bytes of the frames judged, by reason.");
	reason_lines(out, "regiongate_bytes_total", counts, true);
	return 0;
}

static void region_line(FILE *out, const char *region, const char *verdict, const struct rg_count *count)
{
	if (!count->packets)
		return;
	fputs("regiongate_region_packets_total{region=", out);
	label(out, region);
	fprintf(out, ",verdict=\"%s\"} %" PRIu64 "\n", verdict, (uint64_t)count->packets);
}

static int write_regions(struct rg_engine *engine, FILE *out, struct rg_err *err)
{
	size_t n = rg_classes_count(engine->classes);
	_cleanup_(rg_freep) struct rg_region_stat *stats = calloc(n, sizeof(*stats));
	int r = stats ? rg_dp_region_stats(engine->dp, stats, n, err) : engine_no_memory(err);

	if (r)
		return r;
	head(out, "regiongate_region_packets_total", "counter",
	     "Conference packets, by region of the remote address.");
	for (unsigned int id = 0; id < n; id++) {
		const char *region = rg_classes_get(engine->classes, id)->key; /* unique, unlike labels */

		region_line(out, region, "admit", &stats[id].admit);
		region_line(out, region, "refuse", &stats[id].refuse);
		region_line(out, region, "observe_refused", &stats[id].observe);
	}
	return 0;
}

static void gauge(FILE *out, const char *name, const char *help, uint64_t value)
{
	head(out, name, "gauge", help);
	fprintf(out, "%s %" PRIu64 "\n", name, value);
}

static void write_events(const struct rg_engine *engine, FILE *out)
{
	uint64_t sent, lost;

	rg_dp_events_counts(engine->dp, &sent, &lost);
	head(out, "regiongate_events_total", "counter", "Refusals that the program told of as events.");
	fprintf(out, "regiongate_events_total %" PRIu64 "\n", sent);
	head(out, "regiongate_events_lost_total", "counter",
	     "First refusals of flows that it could not tell of: beyond the budgets, or the ring was full.");
	fprintf(out, "regiongate_events_lost_total %" PRIu64 "\n", lost);
}

static void write_geoip(const struct rg_engine *engine, FILE *out)
{
	const struct rg_geo *geo = engine->geo.geo;

	head(out, "regiongate_geoip_build_timestamp_seconds", "gauge",
	     "When the vendor built the database.");
	for (size_t i = 0; i < geo->n_databases; i++) {
		fputs("regiongate_geoip_build_timestamp_seconds{database=", out);
		label(out, geo->databases[i].path);
		fprintf(out, "} %" PRIu64 "\n", geo->databases[i].build_epoch);
	}
	head(out, "regiongate_geoip_ranges", "gauge", "Ranges of the table in force.");
	fprintf(out, "regiongate_geoip_ranges{family=\"ipv4\"} %zu\n", geo->n4);
	fprintf(out, "regiongate_geoip_ranges{family=\"ipv6\"} %zu\n", geo->n6);
	gauge(out, "regiongate_geoip_generation", "Tables put in force since the start.",
	      engine->geo.generation);
	gauge(out, "regiongate_geoip_load_timestamp_seconds", "When the databases were read.",
	      (uint64_t)engine->geo.loaded_at);
	head(out, "regiongate_geoip_reload_failures_total", "counter",
	     "Reloads that were refused; the old table stayed in force.");
	fprintf(out, "regiongate_geoip_reload_failures_total %" PRIu64 "\n", engine->geo.failures);
}

static int write_interfaces(struct rg_engine *engine, FILE *out, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *json = NULL;
	const json_t *interface;
	size_t i;
	int r = rg_engine_interface_list(engine, &json, err);

	if (r)
		return r;
	head(out, "regiongate_interface_attached", "gauge", "1 if the filter is on the interface.");
	json_array_foreach(json_object_get(json, "interfaces"), i, interface) {
		const char *mode = json_string_value(json_object_get(interface, "attached_mode"));

		if (!mode)
			mode = json_string_value(json_object_get(interface, "mode"));
		fputs("regiongate_interface_attached{interface=", out);
		label(out, json_string_value(json_object_get(interface, "name")));
		fprintf(out, ",mode=\"%s\"} %d\n", mode ? mode : "",
			json_is_true(json_object_get(interface, "attached")));
	}
	return 0;
}

static void map_line(FILE *out, const char *name, const char *map, uint64_t value)
{
	fprintf(out, "%s{map=", name);
	label(out, map);
	fprintf(out, "} %" PRIu64 "\n", value);
}

static int write_maps(struct rg_engine *engine, FILE *out, struct rg_err *err)
{
	_cleanup_(rg_freep) struct rg_dp_map_info *maps = NULL;
	size_t n = 0;
	int r = rg_dp_maps(engine->dp, &maps, &n, err);

	if (r)
		return r;
	head(out, "regiongate_map_entries", "gauge", "Entries in use, of maps that have a fill.");
	for (size_t i = 0; i < n; i++)
		if (maps[i].entries != UINT32_MAX)
			map_line(out, "regiongate_map_entries", maps[i].name, maps[i].entries);
	head(out, "regiongate_map_max_entries", "gauge", "Room of the map, in entries.");
	for (size_t i = 0; i < n; i++)
		map_line(out, "regiongate_map_max_entries", maps[i].name, maps[i].max_entries);
	head(out, "regiongate_map_bytes", "gauge", "Kernel memory of the map.");
	for (size_t i = 0; i < n; i++)
		map_line(out, "regiongate_map_bytes", maps[i].name, maps[i].bytes);
	return 0;
}

/* Whoever keeps it sees when the ledger has become shorter. */
static void write_ledger(struct rg_engine *engine, FILE *out)
{
	struct rg_store_head last;

	if (rg_store_ledger_head(engine->store, &last, NULL))
		return;
	head(out, "regiongate_ledger_entries_total", "counter", "Entries of the ledger.");
	fprintf(out, "regiongate_ledger_entries_total %" PRIu64 "\n", last.seq);
}

static int write_all(struct rg_engine *engine, FILE *out, struct rg_err *err)
{
	uint64_t lost = 0, flows;
	int r = write_reasons(engine, out, err);

	if (!r)
		r = write_regions(engine, out, err);
	if (!r)
		r = rg_dp_stat_lost(engine->dp, &lost, err);
	if (r)
		return r;
	head(out, "regiongate_meeting_stats_lost_total", "counter",
	     "Packets that were judged but not counted per meeting, because rg_mtg_stat was full.");
	fprintf(out, "regiongate_meeting_stats_lost_total %" PRIu64 "\n", lost);
	write_ledger(engine, out);
	gauge(out, "regiongate_meetings", "Meetings.", rg_map_count(engine->model.by_id));
	gauge(out, "regiongate_policies", "Distinct policies.", rg_map_count(engine->model.rulings.policies.by_key));
	gauge(out, "regiongate_regions", "Region classes.", rg_classes_count(engine->classes));
	gauge(out, "regiongate_shared_endpoints", "Shared endpoints.", rg_map_count(engine->model.shared));
	gauge(out, "regiongate_ufrags", "ICE ufrags that stand for meetings.", engine->model.ufrags.n);
	if (!flows_count(engine, &flows, NULL))
		gauge(out, "regiongate_flows", "Flows of shared endpoints that are bound to a ufrag.", flows);
	write_events(engine, out);
	gauge(out, "regiongate_schedules", "Distinct schedules.",
	      rg_map_count(engine->model.rulings.schedules.by_key));
	gauge(out, "regiongate_exception_sets", "Distinct sets of exceptions.",
	      rg_map_count(engine->model.rulings.exceptions.by_key));
	gauge(out, "regiongate_orders_narrowed", "Standing orders that reach less than they name, since it lies outside of their territory.",
	      engine->narrowed.n);
	gauge(out, "regiongate_clock_stepped", "1 while the wall clock was set and nobody has accepted it.",
	      engine->clock.stepped);
	gauge(out, "regiongate_clock_away_seconds",
	      "At this boot's first start: how long this machine had been off, by its clock. 0: not known, or a later start.",
	      (uint64_t)engine->clock.away_s);
	head(out, "regiongate_drift_total", "counter", "Map entries, pins and links that somebody else changed.");
	fprintf(out, "regiongate_drift_total %" PRIu64 "\n", engine->drifted);
	head(out, "regiongate_site_alarms_total", "counter", "Alarms: media of a meeting that excludes this site arrived.");
	fprintf(out, "regiongate_site_alarms_total %" PRIu64 "\n", engine->site.raised);
	head(out, "regiongate_grace_periods_total", "counter",
	     "Waits, of some 10 ms each, until no packet reads map entries that are to be used again.");
	fprintf(out, "regiongate_grace_periods_total %" PRIu64 "\n", rg_dp_graces(engine->dp));
	write_geoip(engine, out);
	r = write_interfaces(engine, out, err);
	return r ? r : write_maps(engine, out, err);
}

int rg_engine_metrics(struct rg_engine *engine, char **ret, struct rg_err *err)
{
	_cleanup_(rg_freep) char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	int r, failed;

	if (!out)
		return engine_no_memory(err);
	r = write_all(engine, out, err);
	failed = ferror(out);
	if (fclose(out) || failed)
		return r ? r : engine_no_memory(err);
	if (!r)
		*ret = TAKE_PTR(text);
	return r;
}
