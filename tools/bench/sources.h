/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who sends to whom: source addresses by the world table, endpoints of meetings. */
#ifndef RG_BENCH_SOURCES_H
#define RG_BENCH_SOURCES_H

#include <linux/types.h>
#include <stddef.h>

#include "geo/geo.h"
#include "mutate.h"

enum bench_mix {
	BENCH_ANNOUNCED,   /* a random range of the table, a random address in it: no cache helps */
	BENCH_HOT,         /* 1000 such addresses, Zipf: as the traffic of conferences is */
	BENCH_UNIFORM,     /* any address at all */
	BENCH_ADVERSARIAL, /* those whose look-up takes the most steps in this table */
	BENCH_MIXES
};
extern const char *const bench_mix_names[BENCH_MIXES];

struct bench_world {
	struct rg_classes *classes;
	struct rg_geo *geo;
	struct rg_geo_table *table;
	uint32_t *worst[2];  /* indexes of the ranges with the longest way, by family (0: IPv6, 1: IPv4) */
	size_t n_worst[2];
	unsigned int steps[2]; /* the longest way of all: loads of memory */
};

void bench_world_load(struct bench_world *world, const char *mmdb);
void bench_world_free(struct bench_world *world);

/** Fill @n sources to the endpoints of meetings 0 .. @meetings - 1 (bench_meeting_endpoint()). */
void bench_sources_fill(struct bench_source *to, size_t n, const struct bench_world *world, int v4,
			enum bench_mix mix, unsigned int meetings);

/** IPv4 sources inside of a country, or outside of it, all to the endpoint of meeting 0. */
void bench_sources_country(struct bench_source *to, size_t n, const struct bench_world *world,
			   enum bench_mix mix, const char *country, int inside);

#endif
