/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What one decision costs, in units of an empty XDP program, by BPF_PROG_TEST_RUN.
 * All variants run in turn within one round; the median of the rounds counts. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/dataplane.h"
#include "server.h"

#define PACKETS (1u << 18) /* a run */
#define PACKETS_LPM (1u << 17)

static const char *const way_names[BENCH_WAYS] = { "once a run", "in a loop", "in a chain" };

struct decision {
	const struct bench_options *options;
	struct bench_server server;
	struct bench_object free;
	struct bench_world world;
	json_t *json, *rows;
};

/* What runs in turn; LEAST and FREE only where a goal is judged: what bounds it. */
enum variant { EMPTY, FLOOR, FILTER, LPM, LEAST, FREE, VARIANTS };
static const char *const variant_names[VARIANTS] = { "empty_ns", "floor_ns", "filter_ns", "lpm_ns", "least_ns", "free_ns" };
struct figures { double ns[VARIANTS]; };

static uint64_t refused(struct rg_dp *dp)
{
	struct rg_count counts[RG_REASON_MAX];
	struct rg_err err;

	if (rg_dp_reason_counts(dp, RG_INGRESS, counts, &err))
		bench_die("counters", &err);
	return counts[RG_REASON_REFUSE_REGION].packets;
}

static void variant_fds(const struct decision *d, enum bench_way way, int ret[VARIANTS])
{
	ret[EMPTY] = d->server.filter.empty[way];
	ret[FLOOR] = d->server.filter.floor[way];
	ret[FILTER] = d->server.filter.filter[way];
	ret[LPM] = d->server.lpm.filter[way];
	ret[LEAST] = bench_object_program(&d->server.filter, "bench_least");
	ret[FREE] = d->free.filter[way];
}

/* The same sources give the same verdicts: a figure for a wrong answer is none. @told: those programs
 * that are told the region are told the right one. */
static void compare_verdicts(struct decision *d, const struct bench_frame *frame, int told)
{
	uint64_t before = refused(d->server.dp), after, first = 0;
	int fds[VARIANTS];

	variant_fds(d, BENCH_ONE, fds);
	for (int v = FILTER; v < (told ? VARIANTS : LEAST); v++) {
		bench_run(fds[v], BENCH_ONE, frame, RG_BENCH_SOURCES);
		after = refused(d->server.dp);
		if (v == FILTER)
			first = after - before;
		if (!first || after - before != first) {
			fprintf(stderr, "bench: %s: ", variant_names[v]);
			bench_die("other verdicts than the filter, or nothing was refused", NULL);
		}
		before = after;
	}
}

/* ---- one row: a family, a mix, a number of meetings, a way of running */
struct row {
	int v4;
	enum bench_mix mix;
	unsigned int meetings;
	enum bench_way way;
};

static int is_judged(const struct row *row)
{
	return row->way == BENCH_ONE && row->meetings >= 100000 && row->mix <= BENCH_HOT;
}

static struct figures measure(struct decision *d, const struct row *row, const struct bench_frame *frame)
{
	size_t rounds = d->options->quick ? 3 : BENCH_ROUNDS, n = is_judged(row) ? VARIANTS : LEAST;
	double ns[VARIANTS][BENCH_ROUNDS];
	enum bench_way way = row->way;
	struct figures f = {};
	int fds[VARIANTS];
	json_t *json;

	variant_fds(d, way, fds);
	for (size_t i = 0; i < rounds; i++)
		for (size_t v = 0; v < n; v++)
			ns[v][i] = bench_run(fds[v], way, frame, v == LPM ? PACKETS_LPM : PACKETS);
	json = json_pack("{s:s, s:s, s:i, s:s}", "family", row->v4 ? "IPv4" : "IPv6", "mix", bench_mix_names[row->mix],
			 "meetings", (int)row->meetings, "way", way_names[way]);
	for (size_t v = 0; v < n; v++) {
		f.ns[v] = bench_median(ns[v], rounds);
		if (v > FLOOR) /* net of the code that makes new packets */
			f.ns[v] -= f.ns[FLOOR] - f.ns[EMPTY];
		json_object_set_new(json, variant_names[v], bench_spread(ns[v], rounds));
	}
	json_object_set_new(json, "net_ns", json_real(f.ns[FILTER]));
	json_object_set_new(json, "ratio", json_real(f.ns[FILTER] / f.ns[EMPTY]));
	json_object_set_new(json, "lpm_ratio", json_real(f.ns[LPM] / f.ns[FILTER]));
	json_array_append_new(d->rows, json);
	printf("  %s %-11s %8u %-10s %6.1f %7.1f %7.1f   %6.2f %6.2f\n", row->v4 ? "IPv4" : "IPv6",
	       bench_mix_names[row->mix], row->meetings, way_names[way], f.ns[EMPTY], f.ns[FILTER], f.ns[LPM],
	       f.ns[FILTER] / f.ns[EMPTY], f.ns[LPM] / f.ns[FILTER]);
	return f;
}

/* Bounds for 100k meetings, in units of the empty program; at 1M meetings at most 1.25 of that. */
static const double bounds[2][2] = { { 8, 6 }, { 6, 4.5 } }; /* IPv6, IPv4: announced, hot */
static const double lpm_bounds[2] = { 20, 5 };

static int judge_row(struct decision *d, const struct row *row, const struct figures *f, double announced)
{
	const char *family = row->v4 ? "IPv4" : "IPv6", *mix = bench_mix_names[row->mix];
	char name[96];
	int missed = 0;

	if (row->mix == BENCH_ADVERSARIAL) {
		snprintf(name, sizeof(name), "%s adversarial / announced, %u meetings", family, row->meetings);
		return row->way == BENCH_ONE && row->meetings == 100000 ? bench_bound(d->json, name, f->ns[FILTER] / announced, "x", 1.5, 0) : 0;
	}
	if (!is_judged(row))
		return 0;
	snprintf(name, sizeof(name), "%s %s, %u meetings, filter / empty", family, mix, row->meetings);
	missed += bench_bound(d->json, name, f->ns[FILTER] / f->ns[EMPTY], "x",
			      bounds[row->v4][row->mix] * (row->meetings > 100000 ? 1.25 : 1), 0);
	bench_bound_here(d->json, f->ns[LEAST] / f->ns[EMPTY],
			 "a plain UDP header and one line of memory of each table, told where");
	if (row->meetings == 100000 && row->v4) {
		snprintf(name, sizeof(name), "%s %s, %u meetings, LPM_TRIE / filter", family, mix, row->meetings);
		missed += bench_bound(d->json, name, f->ns[LPM] / f->ns[FILTER], "x", lpm_bounds[row->mix], 1);
		bench_bound_here(d->json, f->ns[LPM] / f->ns[FREE], "this filter with a look-up that costs nothing");
	}
	return missed;
}

static int family_rows(struct decision *d, int v4, unsigned int meetings)
{
	struct bench_frame frame = bench_frame_udp(v4, "regiongate's bench..", 20);
	struct figures f[BENCH_MIXES][BENCH_WAYS];
	int missed = 0;

	for (int mix = 0; mix < BENCH_MIXES; mix++) {
		bench_server_sources(&d->server, &d->world, v4, (enum bench_mix)mix, meetings);
		memcpy(d->free.sources, d->server.filter.sources, RG_BENCH_SOURCES * sizeof(*d->free.sources));
		compare_verdicts(d, &frame, mix <= BENCH_HOT);
		for (int way = 0; way < (mix > BENCH_HOT ? 1 : BENCH_WAYS); way++) {
			struct row row = { v4, (enum bench_mix)mix, meetings, (enum bench_way)way };

			f[mix][way] = measure(d, &row, &frame);
			missed += judge_row(d, &row, &f[mix][way], f[BENCH_ANNOUNCED][way].ns[FILTER]);
		}
	}
	return missed;
}

int bench_decision(const struct bench_options *options, json_t *json)
{
	static const struct bench_size sizes[] = { { 1000, 1u << 15 }, { 100000, 1u << 19 }, { 1000000, 1u << 21 } };
	struct decision d = { .options = options, .json = json, .rows = json_array() };
	int missed = 0;

	bench_world_load(&d.world, options->mmdb);
	printf("world table: %zu IPv4 and %zu IPv6 ranges; longest look-up: IPv4 %u, IPv6 %u loads of memory\n",
	       d.world.geo->n4, d.world.geo->n6, d.world.steps[1], d.world.steps[0]);
	json_object_set_new(json, "longest_lookup_loads",
			    json_pack("{s:i, s:i}", "ipv4", (int)d.world.steps[1], "ipv6", (int)d.world.steps[0]));
	json_object_set_new(json, "rows", d.rows);
	printf("  %-4s %-11s %8s %-10s %6s %7s %7s   %6s %6s\n", "", "sources", "meetings", "", "empty", "filter",
	       "LPM", "ratio", "LPM");
	printf("  %37s %6s %7s %7s   %6s %6s\n", "", "ns", "ns", "ns", "/empty", "/filter");
	for (size_t i = 0; i < (options->quick ? 2 : 3); i++) {
		bench_server_open(&d.server, options, &d.world, &sizes[i]);
		d.free = bench_object_open(d.server.dp, options->build, "free");
		for (int v4 = 1; v4 >= 0; v4--)
			missed += family_rows(&d, v4, sizes[i].meetings);
		bench_object_close(&d.free);
		bench_server_close(&d.server);
	}
	bench_world_free(&d.world);
	return missed;
}
