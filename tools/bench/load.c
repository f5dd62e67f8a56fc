/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* World table: from the MMDB file to the kernel, step by step. */
#include "bench.h"

#include <stdio.h>

#include "dataplane/dataplane.h"
#include "geo/geo.h"

int bench_load(const struct bench_options *options, json_t *json)
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
	printf("\nworld table, both families, median of %d\n", BENCH_ROUNDS);
	printf("  read %.0f ms, build %.0f ms, publish and switch %.0f ms; table %.1f MB\n",
	       bench_median(read_ms, BENCH_ROUNDS), bench_median(build_ms, BENCH_ROUNDS),
	       bench_median(publish_ms, BENCH_ROUNDS), (double)bytes / 1e6);
	return bench_bound(json, "world table, MMDB file to kernel", bench_median(total, BENCH_ROUNDS), "ms", 1000, 0);
}
