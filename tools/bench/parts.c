/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a decision's time goes: the program cut off behind each of its stages, all in turn within
 * one round. A stage costs what it adds to the one before; the least of the rounds counts, so that
 * other work of the machine does not. */
#include "bench.h"

#include <stdio.h>

#include "server.h"

#define PACKETS (1u << 18)
#define MEETINGS 100000

static const struct { const char *program, *adds; } parts[] = {
	{ "bench_empty", "empty" },       { "bench_floor", "new packet" },
	{ "bench_parse", "parse" },       { "bench_endpoint", "endpoint" },
	{ "bench_region", "region" },     { "bench_judge", "meeting, policy" },
	{ "bench_filter", "counters, event" },
};
#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

static void measure(const struct bench_server *server, int v4, enum bench_mix mix, int rounds, json_t *rows)
{
	struct bench_frame frame = bench_frame_udp(v4, "regiongate's bench..", 20);
	json_t *row = json_pack("{s:s, s:s}", "family", v4 ? "IPv4" : "IPv6", "mix", bench_mix_names[mix]);
	double least[N_PARTS];

	for (size_t part = 0; part < N_PARTS; part++)
		least[part] = 1e9;
	for (int i = 0; i < rounds; i++)
		for (size_t part = 0; part < N_PARTS; part++) {
			int fd = bench_object_program(&server->filter, parts[part].program);
			double ns = bench_run(fd, BENCH_ONE, &frame, PACKETS);

			least[part] = ns < least[part] ? ns : least[part];
		}
	printf("  %s %-11s", v4 ? "IPv4" : "IPv6", bench_mix_names[mix]);
	for (size_t part = 0; part < N_PARTS; part++) {
		double adds = least[part] - (part ? least[part - 1] : 0);

		printf(" %s %.1f%s", parts[part].adds, adds, part + 1 < N_PARTS ? "," : " ns\n");
		json_object_set_new(row, parts[part].adds, json_real(adds));
	}
	json_array_append_new(rows, row);
}

int bench_parts(const struct bench_options *options, json_t *json)
{
	static const struct bench_size size = { MEETINGS, 1u << 19 };
	struct bench_server server;
	struct bench_world world;
	json_t *rows = json_array();

	bench_world_load(&world, options->mmdb);
	bench_server_open(&server, options, &world, &size);
	for (int v4 = 1; v4 >= 0; v4--)
		for (int mix = BENCH_ANNOUNCED; mix <= BENCH_HOT; mix++) {
			bench_server_sources(&server, &world, v4, (enum bench_mix)mix, MEETINGS);
			measure(&server, v4, (enum bench_mix)mix, options->quick ? 5 : 2 * BENCH_ROUNDS, rows);
		}
	json_object_set_new(json, "rows", rows);
	bench_server_close(&server);
	bench_world_free(&world);
	return 0;
}
