/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* make bench-check: has the packet path become longer or slower? Compares with a baseline
 * what noise does not move much: the programs' sizes, and the cost of packets that hit the
 * caches in units of the empty program, as the least of many short rounds. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "dataplane/private.h"
#include "objects.h"
#include "regiongate.skel.h"
#include "server.h"

#define ROUNDS 25
#define PACKETS (1u << 16)
#define MEETINGS 100

/* How much larger a figure may be than its baseline. Sizes differ a little between compilers
 * and kernels; ratios between machines. */
#define SIZE_MARGIN 1.10
#define RATIO_MARGIN 1.35

static double at_least(int prog_fd, const struct bench_frame *frame, double before)
{
	double ns = bench_run(prog_fd, BENCH_ONE, frame, PACKETS);

	return ns < before ? ns : before;
}

static void ratios(const struct bench_options *options, json_t *figures)
{
	struct bench_size size = { MEETINGS, 1u << 15 };
	struct bench_world world;
	struct bench_server server;

	bench_world_load(&world, options->mmdb);
	bench_server_open(&server, options, &world, &size);
	for (int v4 = 1; v4 >= 0; v4--) {
		struct bench_frame frame = bench_frame_udp(v4, "regiongate's bench..", 20);
		double empty = 1e9, floor_ns = 1e9, filter = 1e9, lpm = 1e9;
		char name[40];

		bench_server_sources(&server, &world, v4, BENCH_HOT, MEETINGS);
		for (int i = 0; i < ROUNDS; i++) {
			empty = at_least(server.filter.empty[BENCH_ONE], &frame, empty);
			floor_ns = at_least(server.filter.floor[BENCH_ONE], &frame, floor_ns);
			filter = at_least(server.filter.filter[BENCH_ONE], &frame, filter);
			lpm = at_least(server.lpm.filter[BENCH_ONE], &frame, lpm);
		}
		filter -= floor_ns - empty;
		lpm -= floor_ns - empty;
		snprintf(name, sizeof(name), "%s hot, filter / empty", v4 ? "IPv4" : "IPv6");
		json_object_set_new(figures, name, json_pack("{s:f, s:f}", "value", filter / empty, "margin", RATIO_MARGIN));
		snprintf(name, sizeof(name), "%s hot, filter / LPM_TRIE", v4 ? "IPv4" : "IPv6");
		json_object_set_new(figures, name, json_pack("{s:f, s:f}", "value", filter / lpm, "margin", RATIO_MARGIN));
	}
	bench_server_close(&server);
	bench_world_free(&world);
}

static void add_size(json_t *figures, const char *program, const char *what, uint32_t value)
{
	char name[64];

	snprintf(name, sizeof(name), "%s, %s", program, what);
	json_object_set_new(figures, name, json_pack("{s:i, s:f}", "value", (int)value, "margin", SIZE_MARGIN));
}

static void sizes(json_t *figures)
{
	struct rg_dp_config config = {};
	struct bpf_program *prog;
	struct rg_dp *dp;
	struct rg_err err;

	if (rg_dp_open(&config, &dp, &err))
		bench_die("dataplane", &err);
	bpf_object__for_each_program(prog, dp->skel->obj) {
		struct bpf_prog_info info = {};
		__u32 length = sizeof(info);

		if (bpf_program__fd(prog) < 0)
			continue;
		if (bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &length))
			bench_die(bpf_program__name(prog), NULL);
		add_size(figures, bpf_program__name(prog), "instructions", info.xlated_prog_len / 8);
		add_size(figures, bpf_program__name(prog), "JITed bytes", info.jited_prog_len);
		add_size(figures, bpf_program__name(prog), "instructions that the verifier walked", info.verified_insns);
	}
	rg_dp_close(dp);
}

/* Prints a line for each figure. Returns how many are beyond their margin or not in the baseline. */
static int compare(const json_t *baseline, const json_t *figures)
{
	const char *name;
	json_t *figure;
	int bad = 0;

	json_object_foreach((json_t *)figures, name, figure) {
		double value = json_number_value(json_object_get(figure, "value"));
		const json_t *base = json_object_get(baseline, name);
		double was = json_number_value(json_object_get(base, "value"));
		double most = was * json_number_value(json_object_get(base, "margin"));
		int ok = base && value <= most;

		printf("%s - %s: %.4g, baseline %.4g, at most %.4g\n", ok ? "ok" : "not ok", name, value, was, most);
		bad += !ok;
	}
	return bad;
}

int bench_check(const struct bench_options *options, const char *path, int update)
{
	json_t *baseline = json_load_file(path, 0, NULL), *figures = json_object();
	int bad = 0;

	sizes(figures);
	ratios(options, figures);
	if (update) {
		if (json_dump_file(figures, path, JSON_INDENT(1) | JSON_REAL_PRECISION(4)))
			bench_die(path, NULL);
		printf("new baseline: %s\n", path);
	} else {
		if (!baseline)
			bench_die("no baseline", NULL);
		bad = compare(baseline, figures);
		if (bad)
			printf("the packet path has become longer or slower: mend it, or, if it is worth its price,\n"
			       "set a new baseline with make bench-check UPDATE=1\n");
	}
	json_decref(baseline);
	json_decref(figures);
	return bad;
}
