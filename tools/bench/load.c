/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* World table: from the MMDB file to the kernel, step by step; and what a daemon takes, in
 * time and memory, from the replacement of its file to the switch. */
#include "bench.h"

#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "dataplane/dataplane.h"
#include "geo/geo.h"
#include "meetings.h"

#define RELOADS 6
#define MEETINGS 10000

static int steps(const struct bench_options *options, json_t *json)
{
	struct rg_geo_inputs inputs = { .databases = &options->mmdb, .n_databases = 1 };
	double read_ms[BENCH_ROUNDS], build_ms[BENCH_ROUNDS], publish_ms[BENCH_ROUNDS], total[BENCH_ROUNDS];
	struct rg_dp_config config = {};
	struct rg_err err;
	struct rg_dp *dp;
	size_t bytes = 0;

	if (rg_dp_open(&config, &dp, &err))
		bench_die("dataplane", &err);
	for (int i = 0; i < BENCH_ROUNDS; i++) {
		struct rg_classes *classes = rg_classes_new();
		struct rg_geo_table *table;
		struct rg_geo *geo;
		uint64_t t0 = bench_now_ns(), t1, t2, t3;

		if (rg_geo_load(&inputs, classes, &geo, &err))
			bench_die("read", &err);
		t1 = bench_now_ns();
		if (rg_geo_table_build(geo, &table, &err))
			bench_die("build", &err);
		t2 = bench_now_ns();
		if (rg_dp_geo_publish(dp, table, (uint32_t)i + 1, &err))
			bench_die("publish", &err);
		t3 = bench_now_ns();
		read_ms[i] = (double)(t1 - t0) / 1e6;
		build_ms[i] = (double)(t2 - t1) / 1e6;
		publish_ms[i] = (double)(t3 - t2) / 1e6;
		total[i] = (double)(t3 - t0) / 1e6;
		bytes = table->n_nodes * 4 + table->n_ranges * 8 + table->n_splits * 8 + table->n_lows * 16;
		rg_geo_table_free(table);
		rg_geo_free(geo);
		rg_classes_free(classes);
	}
	rg_dp_close(dp);
	printf("world table, both families, median of %d\n", BENCH_ROUNDS);
	printf("  read %.0f ms, build %.0f ms, publish and switch %.0f ms; table %.1f MB\n",
	       bench_median(read_ms, BENCH_ROUNDS), bench_median(build_ms, BENCH_ROUNDS),
	       bench_median(publish_ms, BENCH_ROUNDS), (double)bytes / 1e6);
	json_object_set_new(json, "read_ms", bench_spread(read_ms, BENCH_ROUNDS));
	json_object_set_new(json, "build_ms", bench_spread(build_ms, BENCH_ROUNDS));
	json_object_set_new(json, "publish_ms", bench_spread(publish_ms, BENCH_ROUNDS));
	json_object_set_new(json, "total_ms", bench_spread(total, BENCH_ROUNDS));
	json_object_set_new(json, "table_bytes", json_integer((json_int_t)bytes));
	return bench_bound(json, "world table, build", bench_median(build_ms, BENCH_ROUNDS), "ms", 40, 0);
}

/* A copy of the database in which Liechtenstein belongs to Switzerland: it differs, but not in size.
 * A two-letter code is a string of the data section: type and length in one byte, then the text. */
static void write_variant(const char *from, const char *to, int changed)
{
	FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	long length = in && !fseek(in, 0, SEEK_END) ? ftell(in) : -1;
	char *bytes = length > 0 ? malloc((size_t)length) : NULL;
	MMDB_s db;
	size_t at;

	if (!bytes || !out || fseek(in, 0, SEEK_SET) || fread(bytes, (size_t)length, 1, in) != 1 ||
	    MMDB_open(from, MMDB_MODE_MMAP, &db))
		bench_die(from, NULL);
	at = (size_t)(db.data_section - db.file_content);
	MMDB_close(&db);
	for (; changed && at + 3 <= (size_t)length; at++)
		if (!memcmp(bytes + at, "\x42LI", 3))
			memcpy(bytes + at, "\x42" "CH", 3);
	if (fwrite(bytes, (size_t)length, 1, out) != 1 || fclose(out))
		bench_die(to, NULL);
	fclose(in);
	free(bytes);
}

static json_int_t generation(const struct bench_daemon *daemon)
{
	json_t *answer = bench_daemon_call(daemon, "GET", "/v1/geoip", NULL);
	json_int_t n = json_integer_value(json_object_get(answer, "generation"));

	json_decref(answer);
	return n;
}

/* Replace the file as updaters do; the daemon sees it, reads it and switches. */
static double replace_file(const struct bench_daemon *daemon, const char *mmdb, const char *temporary, int changed)
{
	json_int_t before = generation(daemon);
	uint64_t start;

	write_variant(mmdb, temporary, changed);
	start = bench_now_ns();
	if (rename(temporary, daemon->geoip))
		bench_die("rename", NULL);
	while (generation(daemon) == before) {
		if (bench_now_ns() - start > 30ull * 1000000000)
			bench_die("the daemon does not see the new file", NULL);
		usleep(500);
	}
	return (double)(bench_now_ns() - start) / 1e6;
}

static int reloads(const struct bench_options *options, json_t *json)
{
	char geoip[128], temporary[160];
	double ms[RELOADS], asked[RELOADS], peak;
	struct bench_daemon daemon;
	int missed;

	bench_daemon_init(&daemon, options, NULL, MEETINGS);
	snprintf(geoip, sizeof(geoip), "%s/world.mmdb", daemon.dir);
	snprintf(temporary, sizeof(temporary), "%s/new.mmdb", daemon.dir);
	write_variant(options->mmdb, geoip, 0);
	snprintf(daemon.geoip, sizeof(daemon.geoip), "%s", geoip);
	bench_daemon_start(&daemon);
	bench_meetings_batch(&daemon, 0, MEETINGS, MEETINGS);
	bench_daemon_memory_reset(&daemon);
	for (int i = 0; i < RELOADS; i++) {
		uint64_t start;

		ms[i] = replace_file(&daemon, options->mmdb, temporary, i % 2 == 0);
		start = bench_now_ns();
		json_decref(bench_daemon_call(&daemon, "POST", "/v1/geoip:reload", NULL));
		asked[i] = (double)(bench_now_ns() - start) / 1e6;
	}
	peak = bench_daemon_memory(&daemon, "VmHWM");
	printf("  daemon with %d meetings: file replaced to switched %.0f ms (%.0f to %.0f), reload of the same file %.0f ms; "
	       "peak memory %.0f MB\n", MEETINGS, bench_median(ms, RELOADS), bench_percentile(ms, RELOADS, 0),
	       bench_percentile(ms, RELOADS, 100), bench_median(asked, RELOADS), peak);
	json_object_set_new(json, "reload_ms", bench_spread(ms, RELOADS));
	json_object_set_new(json, "same_ms", bench_spread(asked, RELOADS));
	json_object_set_new(json, "peak_mb", json_real(peak));
	missed = bench_bound(json, "reload of the world table, file replaced to switched", bench_median(ms, RELOADS),
			     "ms", 400, 0);
	missed += bench_bound(json, "daemon's peak memory during it", peak, "MB", 200, 0);
	bench_daemon_remove(&daemon);
	return missed;
}

int bench_load(const struct bench_options *options, json_t *json)
{
	int missed = steps(options, json);

	return missed + reloads(options, json);
}
