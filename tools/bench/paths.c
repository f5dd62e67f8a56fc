/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The other ways of a packet: bound flows and Binding Requests at a shared endpoint, meetings
 * with exceptions, meetings whose rules have times. In units of an empty XDP program. */
#include "bench.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/dataplane.h"
#include "engine/engine.h"
#include "objects.h"
#include "sources.h"

#define MEETINGS 10000     /* at the shared endpoint */
#define DEDICATED 100      /* of each kind */
#define SHARED_ADDRESS "198.51.100.200"
#define SHARED_PORT 10000
#define DEDICATED_ADDRESS "198.51.100.10"
#define PACKETS (1u << 18)
#define HOT_FLOWS 1000

enum kind { PLAIN, EXCEPTIONS, TIMED, KINDS };
static const char *const kind_names[KINDS] = { "dedicated", "dedicated, 16 exceptions", "dedicated, rule with times" };

struct paths {
	const struct bench_options *options;
	struct rg_engine *engine;
	struct rg_dp *dp;
	struct bench_object object;
	struct bench_world world;
	json_t *json, *rows;
};

struct figures { double empty, net; };

static void put(struct paths *p, const char *id, json_t *body)
{
	struct rg_err err;

	if (!body || rg_engine_meeting_put(p->engine, id, body, RG_ANY_REVISION, NULL, NULL, &err))
		bench_die("meeting", &err);
	json_decref(body);
}

static void ufrag_text(char to[9], unsigned int meeting)
{
	snprintf(to, 9, "uf%06u", meeting);
}

static void put_shared(struct paths *p)
{
	json_t *endpoint = json_pack("{s:s, s:s, s:s, s:s, s:s}", "address", SHARED_ADDRESS, "ports", "10000",
				     "protocol", "udp", "classify", "ufrag", "unbound", "refuse");
	struct rg_err err;

	if (rg_engine_endpoint_put(p->engine, "sfu", endpoint, RG_ANY_REVISION, NULL, NULL, &err))
		bench_die("shared endpoint", &err);
	json_decref(endpoint);
	for (unsigned int n = 0; n < MEETINGS; n++) {
		char id[16], ufrag[9];

		snprintf(id, sizeof(id), "s-%u", n);
		ufrag_text(ufrag, n);
		put(p, id, json_pack("{s:[{s:s, s:s}], s:[{s:s, s:[s]}]}", "ufrags", "endpoint", "sfu", "ufrag", ufrag,
				     "rules", "action", "refuse", "regions", "KP"));
	}
}

static json_t *exceptions(void)
{
	json_t *list = json_array();

	for (int i = 0; i < 16; i++) {
		char network[32];

		snprintf(network, sizeof(network), "203.0.113.%d/32", i * 16);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "network", network, "action", "admit",
						      "reason", "bench"));
	}
	return list;
}

static void put_dedicated(struct paths *p, enum kind kind)
{
	for (int n = 0; n < DEDICATED; n++) {
		json_t *rule = json_pack("{s:s, s:[s]}", "action", "refuse", "regions", "KP"), *body;
		char id[16];

		if (kind == TIMED)
			json_object_set_new(rule, "expires", json_string("2099-01-01T00:00:00Z"));
		snprintf(id, sizeof(id), "d-%d-%d", kind, n);
		body = json_pack("{s:[{s:s, s:i}], s:[o]}", "endpoints", "address", DEDICATED_ADDRESS, "port",
				 1 + kind * DEDICATED + n, "rules", rule);
		if (kind == EXCEPTIONS)
			json_object_set_new(body, "exceptions", exceptions());
		put(p, id, body);
	}
}

static void setup(struct paths *p, unsigned int flows)
{
	struct rg_engine_config config = {
		.databases = &p->options->mmdb, .n_databases = 1,
		.dp = { .max_flows = flows * 2, .max_mtg_stats = 1u << 19, .max_meetings = MEETINGS + 1000 },
	};
	struct rg_err err;

	if (rg_engine_open(&config, &p->engine, &err))
		bench_die("engine", &err);
	p->dp = rg_engine_dp(p->engine);
	put_shared(p);
	for (int kind = 0; kind < KINDS; kind++)
		put_dedicated(p, (enum kind)kind);
	if (rg_engine_flush(p->engine, &err))
		bench_die("flush", &err);
	p->object = bench_object_open(p->dp, p->options->build, "filter");
}

static void teardown(struct paths *p)
{
	bench_object_close(&p->object);
	rg_engine_close(p->engine);
}

static uint64_t admitted(struct paths *p)
{
	struct rg_count counts[RG_REASON_MAX];
	struct rg_err err;

	if (rg_dp_reason_counts(p->dp, RG_INGRESS, counts, &err))
		bench_die("counters", &err);
	return counts[RG_REASON_ADMIT_DEFAULT].packets;
}

/* Chromium's Binding Request, its ufrag to be mutated. */
static struct bench_frame stun_frame(int v4)
{
	static const unsigned char request[] = {
		0x00, 0x01, 0x00, 0x50, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
		0x00, 0x06, 0x00, 0x0d, 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', ':', 'C', 'l', 'i', 't', 0, 0, 0,
		0xc0, 0x57, 0x00, 0x04, 0x00, 0x01, 0x00, 0x0a,
		0x80, 0x2a, 0x00, 0x08, 1, 2, 3, 4, 5, 6, 7, 8,
		0x00, 0x24, 0x00, 0x04, 0x6e, 0x7f, 0x1e, 0xff,
		0x00, 0x08, 0x00, 0x14, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
		0x80, 0x28, 0x00, 0x04, 1, 2, 3, 4,
	};
	_Static_assert(sizeof(request) == 20 + 0x50, "STUN's length");

	return bench_frame_udp(v4, request, sizeof(request));
}

static struct bench_frame media_frame(int v4)
{
	static const unsigned char rtp[20] = { 0x80, 96 };

	return bench_frame_udp(v4, rtp, sizeof(rtp));
}

/* @floor_fd: the same without the filter. Every packet must be admitted by a meeting's policy. */
static struct figures measure(struct paths *p, const char *name, int floor_fd, int filter_fd,
			      const struct bench_frame *frame, int expected)
{
	double empty[BENCH_ROUNDS], floor_ns[BENCH_ROUNDS], ours[BENCH_ROUNDS], net;
	size_t rounds = p->options->quick ? 3 : BENCH_ROUNDS;
	uint64_t before = admitted(p), got;
	struct figures f;

	for (size_t i = 0; i < rounds; i++) {
		empty[i] = bench_run(p->object.empty[BENCH_ONE], BENCH_ONE, frame, PACKETS);
		floor_ns[i] = bench_run(floor_fd, BENCH_ONE, frame, PACKETS);
		ours[i] = bench_run(filter_fd, BENCH_ONE, frame, PACKETS);
	}
	got = admitted(p) - before;
	if (expected && got < rounds * PACKETS / 100 * 98) {
		fprintf(stderr, "bench: %s: of %zu packets %llu were admitted\n", name, rounds * PACKETS,
			(unsigned long long)got);
		exit(1);
	}
	f.empty = bench_median(empty, rounds);
	net = bench_median(ours, rounds) - bench_median(floor_ns, rounds) + f.empty;
	f.net = net;
	printf("  %-52s %7.1f ns  %6.2f x empty\n", name, net, net / f.empty);
	json_array_append_new(p->rows, json_pack("{s:s, s:f, s:f, s:o, s:f}", "path", name, "net_ns", net, "ratio",
						 net / f.empty, "filter_ns", bench_spread(ours, rounds), "empty_ns",
						 f.empty));
	return f;
}

/* @n different flows to the shared endpoint, in the first @n sources, then over and over. */
static void fill_flows(struct paths *p, size_t n)
{
	struct bench_source *to = p->object.sources;

	bench_sources_fill(to, n, &p->world, 1, BENCH_ANNOUNCED, 1);
	for (size_t i = 0; i < n; i++) {
		char ufrag[9];

		ufrag_text(ufrag, (unsigned int)(i % MEETINGS));
		memcpy(to[i].ufrag, ufrag, 8);
		to[i].local = inet_addr(SHARED_ADDRESS);
		to[i].local_port = htons(SHARED_PORT);
	}
	for (size_t i = n; i < RG_BENCH_SOURCES; i++)
		to[i] = to[i % n];
}

/* From flows one after the other to flows as traffic has them: any of the @n by chance. */
static void shuffle(struct bench_source *to, size_t n)
{
	struct bench_source *flows = malloc(n * sizeof(*flows));

	if (!flows)
		bench_die("out of memory", NULL);
	memcpy(flows, to, n * sizeof(*flows));
	for (size_t i = 0; i < RG_BENCH_SOURCES; i++)
		to[i] = flows[bench_random() % n];
	free(flows);
}

static double flow_bytes(struct paths *p)
{
	struct rg_dp_map_info *maps;
	struct rg_err err;
	double bytes = 0;
	size_t n;

	if (rg_dp_maps(p->dp, &maps, &n, &err))
		bench_die("maps", &err);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(maps[i].name, "rg_flows"))
			bytes = (double)maps[i].bytes / maps[i].max_entries;
	free(maps);
	return bytes;
}

static int flows_of(struct paths *p, unsigned int flows)
{
	struct bench_frame stun = stun_frame(1), media = media_frame(1);
	int floor_stun = bench_object_program(&p->object, "bench_floor_stun");
	int filter_stun = bench_object_program(&p->object, "bench_filter_stun");
	struct figures f;
	char name[80];
	int missed = 0;

	fill_flows(p, flows);
	bench_run(filter_stun, BENCH_ONE, &stun, RG_BENCH_SOURCES); /* binds them */
	snprintf(name, sizeof(name), "Binding Request of a bound flow, any of %u flows", flows);
	f = measure(p, name, floor_stun, filter_stun, &stun, 1);
	if (flows == HOT_FLOWS)
		missed += bench_bound(p->json, "Binding Request, hot, filter / empty", f.net / f.empty, "x", 20, 0);
	shuffle(p->object.sources, flows);
	snprintf(name, sizeof(name), "bound flow, any of %u flows", flows);
	measure(p, name, p->object.floor[BENCH_ONE], p->object.filter[BENCH_ONE], &media, 1);
	shuffle(p->object.sources, HOT_FLOWS);
	snprintf(name, sizeof(name), "bound flow, hot ones of %u flows, %d meetings", flows, MEETINGS);
	f = measure(p, name, p->object.floor[BENCH_ONE], p->object.filter[BENCH_ONE], &media, 1);
	if (flows == 100000)
		missed += bench_bound(p->json, "bound flow, hot, 100k flows, filter / empty", f.net / f.empty, "x", 9, 0);
	return missed;
}

/* Requests that each make a flow, in a table that is full. */
static void binds(struct paths *p)
{
	struct bench_frame stun = stun_frame(1);

	fill_flows(p, RG_BENCH_SOURCES);
	measure(p, "Binding Request that makes a flow, table full",
		bench_object_program(&p->object, "bench_floor_stun"),
		bench_object_program(&p->object, "bench_filter_stun"), &stun, 1);
	for (size_t i = 0; i < RG_BENCH_SOURCES; i++)
		memcpy(p->object.sources[i].ufrag, "unknown!", 8);
	measure(p, "Binding Request with an unknown ufrag",
		bench_object_program(&p->object, "bench_floor_stun"),
		bench_object_program(&p->object, "bench_filter_stun"), &stun, 0);
}

static int conditions(struct paths *p)
{
	struct bench_frame media = media_frame(1);
	struct figures f[KINDS];
	int missed = 0;

	for (int kind = 0; kind < KINDS; kind++) {
		bench_sources_country(p->object.sources, RG_BENCH_SOURCES, &p->world, BENCH_HOT, "KP", 0);
		for (size_t i = 0; i < RG_BENCH_SOURCES; i++)
			p->object.sources[i].local_port = htons((uint16_t)(1 + kind * DEDICATED + (int)(i % DEDICATED)));
		f[kind] = measure(p, kind_names[kind], p->object.floor[BENCH_ONE], p->object.filter[BENCH_ONE], &media, 1);
	}
	missed += bench_bound(p->json, "meeting with exceptions / without", f[EXCEPTIONS].net / f[PLAIN].net, "x", 1.3, 0);
	missed += bench_bound(p->json, "meeting with times / without", f[TIMED].net / f[PLAIN].net, "x", 1.3, 0);
	return missed;
}

int bench_paths(const struct bench_options *options, json_t *json)
{
	static const unsigned int sizes[] = { 1000, 100000, 1000000 };
	struct paths p = { .options = options, .json = json, .rows = json_array() };
	int missed = 0;

	json_object_set_new(json, "rows", p.rows);
	bench_world_load(&p.world, options->mmdb);
	for (size_t i = 0; i < (options->quick ? 2 : 3); i++) {
		setup(&p, sizes[i]);
		missed += flows_of(&p, sizes[i]);
		if (sizes[i] == 100000) {
			binds(&p);
			missed += conditions(&p);
			json_object_set_new(json, "bytes_per_flow", json_real(flow_bytes(&p)));
			printf("  rg_flows: %.0f bytes a flow\n", flow_bytes(&p));
		}
		teardown(&p);
	}
	bench_world_free(&p.world);
	return missed;
}
