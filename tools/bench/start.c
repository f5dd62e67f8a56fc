/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A daemon with a million meetings: how it gets them, starts with them, and what they weigh. */
#include "bench.h"

#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "meetings.h"
#include "orders.h"

#define STARTS 3

static double map_mb(const json_t *maps, const char *name, json_int_t *ret_max)
{
	size_t i;
	json_t *map;

	json_array_foreach((json_t *)maps, i, map) {
		if (strcmp(json_string_value(json_object_get(map, "name")), name))
			continue;
		*ret_max = json_integer_value(json_object_get(map, "max_entries"));
		return (double)json_integer_value(json_object_get(map, "bytes")) / 1e6;
	}
	return 0;
}

/* What the kernel charges for each map, and what the daemon has resident. */
static json_t *memory(const struct bench_daemon *daemon, unsigned int meetings)
{
	json_t *status = bench_daemon_call(daemon, "GET", "/v1/status", NULL), *map, *maps = json_object();
	const json_t *list = json_object_get(status, "maps");
	double total = 0, resident = bench_daemon_memory(daemon, "VmRSS");
	size_t i;

	printf("  %u meetings: daemon %.0f MB resident, of it %.0f MB its own (the rest are maps)\n", meetings,
	       resident, bench_daemon_memory(daemon, "RssAnon"));
	json_array_foreach((json_t *)list, i, map) {
		const char *name = json_string_value(json_object_get(map, "name"));
		json_int_t max = 0;
		double mb = map_mb(list, name, &max);

		printf("    %-18s %9.2f MB %10lld entries\n", name, mb, (long long)max);
		json_object_set_new(maps, name, json_pack("{s:f, s:I}", "mb", mb, "max_entries", max));
		total += mb;
	}
	json_decref(status);
	printf("    %-18s %9.2f MB\n", "all maps", total);
	return json_pack("{s:i, s:f, s:f, s:f, s:o}", "meetings", (int)meetings, "resident_mb", resident, "own_mb",
			 bench_daemon_memory(daemon, "RssAnon"), "maps_mb", total, "maps", maps);
}

/* A million ufrags of one shared endpoint, and what one weighs. */
static int ufrags(const struct bench_options *options, json_t *json)
{
	unsigned int n = options->quick ? 100000 : 1000000;
	struct bench_daemon daemon;
	double before, seconds, bytes, own, cpu;
	int missed;
	json_int_t max;
	json_t *status;

	bench_daemon_init(&daemon, options, NULL, 20000);
	daemon.max_ufrags = 1100000;
	bench_daemon_start(&daemon);
	json_decref(bench_daemon_call(&daemon, "PUT", "/v1/endpoints/sfu",
				      "{\"address\":\"198.51.100.10\",\"ports\":\"10000\",\"protocol\":\"udp\","
				      "\"classify\":\"ufrag\",\"unbound\":\"refuse\"}"));
	own = bench_daemon_memory(&daemon, "RssAnon");
	status = bench_daemon_call(&daemon, "GET", "/v1/status", NULL);
	before = map_mb(json_object_get(status, "maps"), "rg_ufrags", &max);
	json_decref(status);
	cpu = bench_daemon_cpu(&daemon);
	seconds = bench_ufrags_batch(&daemon, n);
	cpu = bench_daemon_cpu(&daemon) - cpu;
	status = bench_daemon_call(&daemon, "GET", "/v1/status", NULL);
	bytes = (map_mb(json_object_get(status, "maps"), "rg_ufrags", &max) - before) * 1e6 / n;
	json_decref(status);
	own = (bench_daemon_memory(&daemon, "RssAnon") - own) * 1048576 / n;
	printf("  %u ufrags bound by batch in %.1f s, %.0f/s; a ufrag takes %.0f bytes in the kernel, %.0f in the daemon\n",
	       n, seconds, n / seconds, bytes, own);
	json_object_set_new(json, "ufrags", json_pack("{s:i, s:f, s:f, s:f, s:f}", "n", (int)n, "seconds", seconds,
						      "per_s", n / seconds, "kernel_bytes", bytes, "daemon_bytes", own));
	bench_daemon_remove(&daemon);
	missed = bench_bound(json, "a million ufrags bound by batch", seconds * 1e6 / n, "s", 10, 0);
	bench_bound_here(json, cpu * 1e6 / n, "the daemon's CPU time: one thread, with a CPU of its own");
	return missed;
}

int bench_start(const struct bench_options *options, json_t *json)
{
	unsigned int meetings = options->quick ? 100000 : 1000000;
	json_t *list = json_array();
	struct bench_daemon daemon;
	double seconds[STARTS], put, empty_mb;
	int missed;

	bench_daemon_init(&daemon, options, NULL, 1048575);
	bench_daemon_start(&daemon);
	empty_mb = bench_daemon_memory(&daemon, "RssAnon");
	json_array_append_new(list, memory(&daemon, 0));
	put = bench_meetings_batch(&daemon, 0, meetings, 20000);
	printf("  %u meetings pushed in %.1f s, %.0f/s\n", meetings, put, meetings / put);
	json_array_append_new(list, memory(&daemon, meetings));
	for (int i = 0; i < STARTS; i++) {
		bench_daemon_stop(&daemon);
		seconds[i] = bench_daemon_start(&daemon);
	}
	json_object_set_new(json, "meetings", json_integer(meetings));
	json_object_set_new(json, "pushed_s", json_real(put));
	json_object_set_new(json, "start_s", bench_spread(seconds, STARTS));
	json_object_set_new(json, "memory", list);
	json_object_set_new(json, "bytes_per_meeting",
			    json_real((bench_daemon_memory(&daemon, "RssAnon") - empty_mb) * 1048576 / meetings));
	printf("  daemon's own memory: %.0f bytes a meeting\n",
	       json_number_value(json_object_get(json, "bytes_per_meeting")));
	printf("  start with them: %.2f s (%.2f to %.2f), of it %.2f s of CPU time\n", bench_median(seconds, STARTS),
	       bench_percentile(seconds, STARTS, 0), bench_percentile(seconds, STARTS, 100),
	       bench_daemon_cpu(&daemon));
	json_object_set_new(json, "start_cpu_s", json_real(bench_daemon_cpu(&daemon)));
	missed = options->quick ? 0 : bench_bound(json, "start with a million meetings", bench_median(seconds, STARTS),
						  "s", 8, 0);
	if (!options->quick)
		bench_bound_here(json, bench_daemon_cpu(&daemon), "the daemon's CPU time: one thread, with a CPU of its own");
	bench_daemon_remove(&daemon);
	return missed + ufrags(options, json) + bench_orders(options, json);
}
