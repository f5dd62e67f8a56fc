/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What one decision costs, in units of an empty XDP program, by BPF_PROG_TEST_RUN.
 * All variants run in turn within one round; the median of the rounds counts. */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "dataplane/private.h"
#include "engine/engine.h"
#include "mutate.h"
#include "regiongate.skel.h"

#define MEETINGS 1000
#define FIRST_PORT 10000
#define REPEAT RG_BENCH_SOURCES /* each source once a run */
#define LOCAL4 "198.51.100.10"
#define LOCAL6 "2001:db8::10"

struct object {
	struct bpf_object *obj;
	int empty, floor, filter;    /* program fds */
	struct bench_source *sources;
};

struct frame { unsigned char bytes[128]; unsigned int length; };

static uint64_t seed = 88172645463325252ull;
static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* ---- the filter under test: a real engine with a real table and 1,000 meetings */
static struct rg_engine *engine_with_meetings(const char *mmdb)
{
	struct rg_engine_config config = { .databases = &mmdb, .n_databases = 1,
					   .dp = { .max_mtg_stats = 1u << 19 } };
	struct rg_engine *engine;
	struct rg_err err;

	if (rg_engine_open(&config, &engine, &err))
		bench_die("engine", &err);
	for (int i = 0; i < MEETINGS; i++) {
		char id[16];
		json_t *body;

		snprintf(id, sizeof(id), "m-%d", i);
		body = json_pack("{s:[{s:s,s:i,s:s},{s:s,s:i,s:s}], s:[{s:s,s:[s]}]}",
				 "endpoints", "address", LOCAL4, "port", FIRST_PORT + i, "protocol", "udp",
				 "address", LOCAL6, "port", FIRST_PORT + i, "protocol", "udp",
				 "rules", "action", "refuse", "regions", "CN");
		if (!body || rg_engine_meeting_put(engine, id, body, RG_ANY_REVISION, NULL, NULL, &err))
			bench_die("meeting", &err);
		json_decref(body);
	}
	if (rg_engine_flush(engine, &err))
		bench_die("flush", &err);
	return engine;
}

static int share_maps(const struct rg_dp *dp, struct bpf_object *obj)
{
	struct bpf_map *ours, *map;
	int r;

	bpf_object__for_each_map(map, obj) {
		ours = bpf_object__find_map_by_name(dp->skel->obj, bpf_map__name(map));
		if (!ours || strncmp(bpf_map__name(map), "rg_", 3))
			continue;
		r = bpf_map__reuse_fd(map, bpf_map__fd(ours));
		if (r)
			return r;
	}
	return 0;
}

/* A bench object over the same maps as the engine's program. Its constants come first in
 * .rodata in the order of maps.h: found by name would need a second skeleton. */
static struct object object_open(const struct rg_dp *dp, const char *build, const char *name)
{
	struct object o = {};
	char path[512];
	struct bpf_map *rodata;
	size_t size;
	void *ours, *theirs;

	snprintf(path, sizeof(path), "%s/bench/%s.bpf.o", build, name);
	o.obj = bpf_object__open_file(path, NULL);
	if (!o.obj || share_maps(dp, o.obj))
		bench_die(path, NULL);
	rodata = bpf_object__find_map_by_name(o.obj, ".rodata");
	theirs = (void *)bpf_map__initial_value(rodata, &size);
	ours = (void *)bpf_map__initial_value(dp->skel->maps.rodata, &size);
	memcpy(theirs, ours, size);
	if (bpf_object__load(o.obj))
		bench_die(path, NULL);
	o.empty = bpf_program__fd(bpf_object__find_program_by_name(o.obj, "bench_empty"));
	o.floor = bpf_program__fd(bpf_object__find_program_by_name(o.obj, "bench_floor"));
	o.filter = bpf_program__fd(bpf_object__find_program_by_name(o.obj, "bench_filter"));
	o.sources = mmap(NULL, RG_BENCH_SOURCES * sizeof(*o.sources) + 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
			 bpf_map__fd(bpf_object__find_map_by_name(o.obj, "bench_sources")), 0);
	if (o.sources == MAP_FAILED)
		bench_die("mmap of bench_sources", NULL);
	return o;
}

/* ---- sources */
static struct bench_source announced(const struct rg_geo *geo, bool v4)
{
	struct bench_source s = { .port = htons((uint16_t)(FIRST_PORT + rnd() % MEETINGS)) };

	if (v4) {
		const struct rg_range4 *r = &geo->v4[rnd() % geo->n4];

		s.address[0] = htonl(r->start + (uint32_t)(rnd() % ((uint64_t)r->end - r->start + 1)));
	} else {
		const struct rg_range6 *r = &geo->v6[rnd() % geo->n6];
		uint64_t span = r->end_hi - r->start_hi, hi = r->start_hi + (span ? rnd() % (span + 1) : 0);
		uint64_t lo = span ? rnd() : r->start_lo + rnd() % (r->end_lo - r->start_lo + 1 ?: 1);
		struct rg_addr a;

		rg_addr_from_halves(hi, lo, &a);
		memcpy(s.address, a.bytes, 16);
	}
	return s;
}

static struct bench_source uniform(const struct rg_geo *geo, bool v4)
{
	struct bench_source s = announced(geo, v4);

	s.address[0] = v4 ? (__be32)rnd() : htonl(0x20000000u | (uint32_t)(rnd() & 0x1fffffff));
	return s;
}

/* Zipf (s = 1) over 1000 addresses. */
static void fill_hot(struct bench_source *to, const struct rg_geo *geo, bool v4)
{
	struct bench_source hot[1000];
	double cumulated[1000], total = 0;

	for (int i = 0; i < 1000; i++) {
		hot[i] = announced(geo, v4);
		cumulated[i] = total += 1.0 / (i + 1);
	}
	for (uint32_t i = 0; i < RG_BENCH_SOURCES; i++) {
		double x = (double)(rnd() >> 11) / 9007199254740992.0 * total;
		int low = 0, high = 999;

		while (low < high) {
			int middle = (low + high) / 2;

			if (cumulated[middle] < x)
				low = middle + 1;
			else
				high = middle;
		}
		to[i] = hot[low];
	}
}

enum mix { ANNOUNCED, HOT, UNIFORM, MIXES };
static const char *const mixes[] = { "announced", "hot", "uniform" };

static void fill(struct bench_source *to, const struct rg_geo *geo, bool v4, enum mix mix)
{
	if (mix == HOT) {
		fill_hot(to, geo, v4);
		return;
	}
	for (uint32_t i = 0; i < RG_BENCH_SOURCES; i++)
		to[i] = mix == ANNOUNCED ? announced(geo, v4) : uniform(geo, v4);
}

static struct frame frame_of(bool v4)
{
	struct frame f = { .length = v4 ? 14 + 20 + 8 + 20 : 14 + 40 + 8 + 20 };
	unsigned char *p = f.bytes;
	struct rg_addr local;

	rg_addr_parse(v4 ? LOCAL4 : LOCAL6, &local);
	p[12] = v4 ? 0x08 : 0x86;
	p[13] = v4 ? 0x00 : 0xdd;
	p += 14;
	if (v4) {
		p[0] = 0x45;
		p[3] = 20 + 28;
		p[8] = 64;
		p[9] = 17;
		memcpy(p + 16, local.bytes + 12, 4);
		p += 20;
	} else {
		p[0] = 0x60;
		p[5] = 28;
		p[6] = 17;
		p[7] = 64;
		memcpy(p + 24, local.bytes, 16);
		p += 40;
	}
	p[5] = 28;
	return f;
}

/* ---- LPM tries of the same data */
static void lpm_add(int fd, const void *key, uint32_t region)
{
	if (bpf_map_update_elem(fd, key, &region, BPF_ANY))
		bench_die("LPM_TRIE update", NULL);
}

static size_t lpm_fill4(int fd, const struct rg_geo *geo)
{
	size_t prefixes = 0;

	for (size_t i = 0; i < geo->n4; i++) {
		uint64_t at = geo->v4[i].start, end = geo->v4[i].end;

		while (at <= end) {
			unsigned int bits = at ? (unsigned int)__builtin_ctzll(at) : 32;

			if (bits > 32)
				bits = 32;
			while (at + (1ull << bits) - 1 > end)
				bits--;
			struct { uint32_t length; __be32 address; } key = { 32 - bits, htonl((uint32_t)at) };

			lpm_add(fd, &key, geo->v4[i].region);
			at += 1ull << bits;
			prefixes++;
		}
	}
	return prefixes;
}

static size_t lpm_fill6(int fd, const struct rg_geo *geo)
{
	typedef unsigned __int128 u128;
	size_t prefixes = 0;

	for (size_t i = 0; i < geo->n6; i++) {
		const struct rg_range6 *r = &geo->v6[i];
		u128 at = (u128)r->start_hi << 64 | r->start_lo, end = (u128)r->end_hi << 64 | r->end_lo;

		for (;;) { /* the largest aligned block at a time; no range spans all addresses */
			unsigned int bits = (uint64_t)at ? (unsigned int)__builtin_ctzll((uint64_t)at) :
					    64 + (unsigned int)__builtin_ctzll((uint64_t)(at >> 64) | 1ull << 63);

			while (at + (((u128)1 << bits) - 1) > end || at + (((u128)1 << bits) - 1) < at)
				bits--;
			struct { uint32_t length; __be32 address[4]; } key = {
				128 - bits, { htonl((uint32_t)(at >> 96)), htonl((uint32_t)(at >> 64)),
					      htonl((uint32_t)(at >> 32)), htonl((uint32_t)at) }
			};

			lpm_add(fd, &key, r->region);
			prefixes++;
			if (at + (((u128)1 << bits) - 1) == end)
				break;
			at += (u128)1 << bits;
		}
	}
	return prefixes;
}

/* ---- runs */
static double run_ns(int fd, const struct frame *frame)
{
	struct frame copy = *frame;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = copy.bytes, .data_size_in = copy.length, .repeat = REPEAT);

	if (bpf_prog_test_run_opts(fd, &opts))
		bench_die("BPF_PROG_TEST_RUN", NULL);
	return (double)opts.duration;
}

static uint64_t refused(struct rg_dp *dp)
{
	struct rg_count counts[RG_REASON_MAX];
	struct rg_err err;

	if (rg_dp_reason_counts(dp, RG_INGRESS, counts, &err))
		bench_die("counters", &err);
	return counts[RG_REASON_REFUSE_REGION].packets;
}

struct figures { double empty, floor, filter, lpm; };

static struct figures measure(struct rg_dp *dp, struct object *filter, struct object *lpm, const struct frame *frame)
{
	double empty[BENCH_ROUNDS], floor_ns[BENCH_ROUNDS], ours[BENCH_ROUNDS], theirs[BENCH_ROUNDS];
	uint64_t before, between, after;

	for (int i = 0; i < BENCH_ROUNDS; i++) {
		empty[i] = run_ns(filter->empty, frame);
		floor_ns[i] = run_ns(filter->floor, frame);
		ours[i] = run_ns(filter->filter, frame);
		theirs[i] = run_ns(lpm->filter, frame);
	}
	/* the same sources give the same verdicts: a figure for a wrong answer is none */
	before = refused(dp);
	run_ns(filter->filter, frame);
	between = refused(dp);
	run_ns(lpm->filter, frame);
	after = refused(dp);
	if (between - before != after - between)
		bench_die("the LPM variant gives other verdicts", NULL);
	return (struct figures){ bench_median(empty, BENCH_ROUNDS), bench_median(floor_ns, BENCH_ROUNDS),
				 bench_median(ours, BENCH_ROUNDS), bench_median(theirs, BENCH_ROUNDS) };
}

static const struct { double filter[2]; } bounds[] = { { { 9, 6.5 } }, { { 12, 9 } } }; /* announced, hot */

static int report(json_t *json, bool v4, enum mix mix, const struct figures *f)
{
	double ours = f->filter - f->floor + f->empty, theirs = f->lpm - f->floor + f->empty;
	char name[80];
	int missed = 0;

	printf("  %s %-10s empty %.0f ns, filter %.0f ns, with LPM_TRIE %.0f ns (net of %.0f ns for new packets)\n",
	       v4 ? "IPv4" : "IPv6", mixes[mix], f->empty, ours, theirs, f->floor - f->empty);
	snprintf(name, sizeof(name), "%s %s, filter / empty", v4 ? "IPv4" : "IPv6", mixes[mix]);
	if (mix != UNIFORM)
		missed += bench_bound(json, name, ours / f->empty, "x", bounds[!v4].filter[mix], 0);
	snprintf(name, sizeof(name), "%s %s, LPM_TRIE / filter", v4 ? "IPv4" : "IPv6", mixes[mix]);
	if (v4 && mix == ANNOUNCED)
		missed += bench_bound(json, name, theirs / ours, "x", 12, 1);
	else
		printf("  %-52s %8.2f x\n", name, theirs / ours);
	return missed;
}

int bench_decision(const struct bench_options *options, json_t *json)
{
	struct rg_engine *engine = engine_with_meetings(options->mmdb);
	struct rg_dp *dp = rg_engine_dp(engine);
	struct object filter = object_open(dp, options->build, "filter");
	struct object lpm = object_open(dp, options->build, "lpm");
	struct rg_geo_inputs inputs = { .databases = &options->mmdb, .n_databases = 1 };
	struct rg_classes *classes = rg_classes_new();
	struct rg_geo *geo;
	struct rg_err err;
	int missed = 0;

	printf("decision, %d meetings, one lookup a run (BPF_PROG_TEST_RUN, %u packets, median of %d rounds)\n",
	       MEETINGS, REPEAT, BENCH_ROUNDS);
	if (rg_geo_load(&inputs, classes, &geo, &err))
		bench_die("world table", &err);
	printf("  world table: %zu IPv4 and %zu IPv6 ranges", geo->n4, geo->n6);
	printf("; LPM_TRIE: %zu", lpm_fill4(bpf_map__fd(bpf_object__find_map_by_name(lpm.obj, "bench_lpm4")), geo));
	printf(" and %zu prefixes\n", lpm_fill6(bpf_map__fd(bpf_object__find_map_by_name(lpm.obj, "bench_lpm6")), geo));
	for (int v4 = 1; v4 >= 0; v4--) {
		struct frame frame = frame_of(v4);

		for (enum mix mix = 0; mix < MIXES; mix++) {
			struct figures f;

			fill(filter.sources, geo, v4, mix);
			memcpy(lpm.sources, filter.sources, RG_BENCH_SOURCES * sizeof(*lpm.sources));
			f = measure(dp, &filter, &lpm, &frame);
			missed += report(json, v4, mix, &f);
		}
	}
	rg_geo_free(geo);
	rg_classes_free(classes);
	bpf_object__close(filter.obj);
	bpf_object__close(lpm.obj);
	rg_engine_close(engine);
	return missed;
}
