/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "sources.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/ip.h"
#include "bench.h"
#include "meetings.h"

#define HOT 1000
#define WORST 50000 /* at least */

const char *const bench_mix_names[BENCH_MIXES] = { "announced", "hot", "uniform", "adversarial" };

/* Loads of memory of one look-up: the nodes on the way, then lines of ranges. @ret_node: the last one. */
static unsigned int way_length(const struct rg_geo_table *table, int v4, uint64_t key, uint32_t *ret_node)
{
	unsigned int root = v4 ? RG_GEO_ROOT4_BITS : RG_GEO_ROOT6_BITS, rest = 64 - root, loads = 1;
	uint32_t node = table->nodes[(v4 ? RG_GEO_ROOT4 : RG_GEO_ROOT6) + (uint32_t)(key >> rest)];

	while (node >> RG_GEO_KIND_SHIFT == RG_GEO_TABLE) {
		unsigned int bits = node >> RG_GEO_ARG_SHIFT & RG_GEO_ARG_MASK;

		rest -= bits;
		node = table->nodes[(node & RG_GEO_BASE_MASK) + (uint32_t)(key >> rest & ((1ull << bits) - 1))];
		loads++;
	}
	*ret_node = node;
	if (node >> RG_GEO_KIND_SHIFT == RG_GEO_RANGES)
		loads += 1 + (node >> RG_GEO_ARG_SHIFT & RG_GEO_ARG_MASK);
	return loads;
}

/* The ranges with the longest ways, and as many of them as no cache holds. */
static void find_worst(struct bench_world *world, int v4)
{
	size_t n = v4 ? world->geo->n4 : world->geo->n6, found = 0;
	uint32_t *list = malloc((n + 1) * sizeof(*list));
	unsigned char *lengths = malloc(n + 1);

	if (!list || !lengths)
		bench_die("out of memory", NULL);
	for (size_t i = 0; i < n; i++) {
		uint64_t key = v4 ? (uint64_t)world->geo->v4[i].start << 32 : world->geo->v6[i].start_hi;
		uint32_t node;

		lengths[i] = (unsigned char)way_length(world->table, v4, key, &node);
		if (lengths[i] > world->steps[v4])
			world->steps[v4] = lengths[i];
	}
	for (unsigned int length = world->steps[v4]; length && found < WORST && found < n; length--)
		for (size_t i = 0; i < n; i++)
			if (lengths[i] == length)
				list[found++] = (uint32_t)i;
	free(lengths);
	world->worst[v4] = list;
	world->n_worst[v4] = found;
}

void bench_world_load(struct bench_world *world, const char *mmdb)
{
	struct rg_geo_inputs inputs = { .databases = &mmdb, .n_databases = 1 };
	struct rg_err err;

	*world = (struct bench_world){ .classes = rg_classes_new() };
	if (rg_geo_load(&inputs, world->classes, &world->geo, &err))
		bench_die("world table", &err);
	if (rg_geo_table_build(world->geo, &world->table, &err))
		bench_die("world table", &err);
	find_worst(world, 0);
	find_worst(world, 1);
}

void bench_world_free(struct bench_world *world)
{
	free(world->worst[0]);
	free(world->worst[1]);
	rg_geo_table_free(world->table);
	rg_geo_free(world->geo);
	rg_classes_free(world->classes);
}

static void in_range4(struct bench_source *s, const struct rg_range4 *r)
{
	s->address[0] = htonl(r->start + (uint32_t)(bench_random() % ((uint64_t)r->end - r->start + 1)));
}

static void in_range6(struct bench_source *s, const struct rg_range6 *r)
{
	uint64_t span = r->end_hi - r->start_hi, hi = r->start_hi + (span ? bench_random() % (span + 1) : 0);
	uint64_t low = r->end_lo - r->start_lo;
	struct rg_addr address;

	rg_addr_from_halves(hi, span || low == UINT64_MAX ? bench_random() : r->start_lo + bench_random() % (low + 1),
			    &address);
	memcpy(s->address, address.bytes, 16);
}

/* Returns the region, as far as it is known. */
static unsigned int pick(struct bench_source *s, const struct bench_world *world, int v4, enum bench_mix mix)
{
	const struct rg_geo *geo = world->geo;
	size_t i = bench_random() % (v4 ? geo->n4 : geo->n6);

	if (mix == BENCH_ADVERSARIAL)
		i = world->worst[v4][bench_random() % world->n_worst[v4]];
	if (v4)
		in_range4(s, &geo->v4[i]);
	else
		in_range6(s, &geo->v6[i]);
	if (mix == BENCH_UNIFORM)
		s->address[0] = v4 ? (__be32)bench_random() :
				     htonl(0x20000000u | (uint32_t)(bench_random() & 0x1fffffff));
	return v4 ? geo->v4[i].region : geo->v6[i].region;
}

/* What its look-up finds; the line of a leaf is that of its node, somewhere. */
static void tell(struct bench_source *s, const struct bench_world *world, int v4, unsigned int region)
{
	uint64_t hi = (uint64_t)ntohl(s->address[0]) << 32;
	struct rg_geo_answer answer;
	struct rg_addr address;
	uint32_t node;

	memcpy(address.bytes, s->address, sizeof(address.bytes));
	if (!v4) { /* it may hold an IPv4 address, or be beside a range that begins or ends inside a /64 */
		rg_geo_lookup(world->geo, &address, &answer);
		region = answer.region;
	}

	way_length(world->table, v4, v4 ? hi : hi | ntohl(s->address[1]), &node);
	s->told.region = region;
	s->told.line = (node & RG_GEO_BASE_MASK) % (uint32_t)(world->table->n_ranges / RG_GEO_LINE);
}

/* A meeting has participants of a few regions, not of all: region r takes part in those meetings
 * whose number is r modulo 128, or the next ones. */
static void to_meeting(struct bench_source *s, int v4, unsigned int region, unsigned int meetings)
{
	unsigned int groups = (meetings + 127) / 128, port;
	unsigned int n = (unsigned int)(bench_random() % groups) * 128 + (region + bench_random() % 3) % 128;
	char local[16];

	bench_meeting_endpoint(n % meetings, local, &port);
	s->local_port = htons((uint16_t)port);
	s->local = v4 ? inet_addr(local) : htonl((uint32_t)atoi(strrchr(local, '.') + 1));
	s->remote_port = htons((uint16_t)(1024 + bench_random() % 60000));
}

/* Zipf (s = 1). */
static void fill_hot(struct bench_source *to, size_t n, const struct bench_source *hot)
{
	double cumulated[HOT], total = 0;

	for (int i = 0; i < HOT; i++)
		cumulated[i] = total += 1.0 / (i + 1);
	for (size_t i = 0; i < n; i++) {
		double x = (double)(bench_random() >> 11) / 9007199254740992.0 * total;
		int low = 0, high = HOT - 1;

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

void bench_sources_fill(struct bench_source *to, size_t n, const struct bench_world *world, int v4,
			enum bench_mix mix, unsigned int meetings)
{
	struct bench_source hot[HOT] = {};

	for (size_t i = 0; i < (mix == BENCH_HOT ? HOT : n); i++) {
		struct bench_source s = {};
		unsigned int region;

		region = pick(&s, world, v4, mix);
		to_meeting(&s, v4, region, meetings);
		tell(&s, world, v4, region);
		if (mix == BENCH_HOT)
			hot[i] = s;
		else
			to[i] = s;
	}
	if (mix == BENCH_HOT)
		fill_hot(to, n, hot);
}

void bench_sources_country(struct bench_source *to, size_t n, const struct bench_world *world,
			   enum bench_mix mix, const char *country, int inside)
{
	struct bench_source hot[HOT] = {};

	for (size_t i = 0; i < (mix == BENCH_HOT ? HOT : n);) {
		struct bench_source s = {};
		unsigned int region = pick(&s, world, 1, BENCH_ANNOUNCED);

		if ((strcmp(rg_classes_get(world->classes, region)->country, country) == 0) != inside)
			continue;
		to_meeting(&s, 1, region, 1);
		tell(&s, world, 1, region);
		if (mix == BENCH_HOT)
			hot[i++] = s;
		else
			to[i++] = s;
	}
	if (mix == BENCH_HOT)
		fill_hot(to, n, hot);
}
