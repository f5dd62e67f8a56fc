/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an operator could pick instead, set up for the same job: packets to one UDP port from
 * one country are dropped. All of it in the network namespace that the caller is in. */
#ifndef RG_BENCH_RIVALS_H
#define RG_BENCH_RIVALS_H

#include "sources.h"

#define RIVAL_PORT 1

struct bench_rivals {
	char dir[64];          /* of the rule files */
	const struct bench_world *world;
	const char *country;
	double nft_map_s, nft_set_s, ipset_s; /* to load the tables */
};

/** Write the rule files; no table is loaded yet. */
void bench_rivals_open(struct bench_rivals *rivals, const struct bench_world *world, const char *country);
/** Load the sets: nft's one-country set and its full map in the families netdev and inet, ipset's. */
void bench_rivals_load(struct bench_rivals *rivals);
void bench_rivals_close(struct bench_rivals *rivals);

/** Run a shell command; the program ends if it fails. Returns the seconds taken. */
double bench_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
