/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A real engine with the world table and meetings, and the bench's programs over its maps:
 * the filter, and the filter with LPM_TRIE maps of the same data. */
#ifndef RG_BENCH_SERVER_H
#define RG_BENCH_SERVER_H

#include "objects.h"
#include "sources.h"

struct rg_engine;

/* Counters: slots for (meeting, region) a CPU, at least twice as many as pairs are in use. */
struct bench_size { unsigned int meetings, counters; };

struct bench_server {
	struct rg_engine *engine;
	struct rg_dp *dp;
	struct bench_object filter, lpm;
};

/** Set up as for that many meetings, each with an IPv4 and an IPv6 endpoint and a rule. */
void bench_server_open(struct bench_server *server, const struct bench_options *options,
		       const struct bench_world *world, const struct bench_size *size);
void bench_server_close(struct bench_server *server);

/** Let both programs see the same packets. */
void bench_server_sources(struct bench_server *server, const struct bench_world *world, int v4,
			  enum bench_mix mix, unsigned int meetings);

#endif
