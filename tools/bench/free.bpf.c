// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The same filter with a look-up of the region that costs nothing: the source is told its own. What is
 * left bounds every quotient of two look-ups. */
#define RG_BPF_GEO_MAP_H
#include "../../bpf/bpf.h"
#include "mutate.h"

static __always_inline __u32 rg_region_lookup(__u64 hi __attribute__((unused)), __u64 lo __attribute__((unused)))
{
	__u32 index = (bench_next - 1) & (RG_BENCH_SOURCES - 1);
	const struct bench_source *source = bpf_map_lookup_elem(&bench_sources, &index);

	return source ? source->told.region & (RG_REGIONS_MAX - 1) : 0;
}

#include "filter.bpf.c"
