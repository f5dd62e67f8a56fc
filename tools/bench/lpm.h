/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The world table as prefixes: for LPM_TRIE maps, and for the sets of other filters. */
#ifndef RG_BENCH_LPM_H
#define RG_BENCH_LPM_H

#include "geo/geo.h"

typedef void (*bench_prefix4_fn)(void *arg, uint32_t first, unsigned int length, unsigned int region);
/** The prefixes of the IPv4 ranges. Returns their number. */
size_t bench_prefixes4(const struct rg_geo *geo, bench_prefix4_fn fn, void *arg);

/** Fill the tries of lpm.bpf.c. Return the number of prefixes. */
size_t bench_lpm_fill4(int map_fd, const struct rg_geo *geo);
size_t bench_lpm_fill6(int map_fd, const struct rg_geo *geo);

#endif
