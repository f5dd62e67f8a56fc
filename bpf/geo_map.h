/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How region.h reaches the table in force: one array of 64-byte blocks. */
#ifndef RG_BPF_GEO_MAP_H
#define RG_BPF_GEO_MAP_H

#include "maps.h"

static __always_inline const union rg_geo_block *rg_geo_block(void *geo, __u32 block)
{
	return bpf_map_lookup_elem(geo, &block);
}
static __always_inline const __u32 *rg_geo_node(void *geo, __u32 i)
{
	const union rg_geo_block *block = rg_geo_block(geo, i / 16);

	return block ? &block->nodes[i % 16] : NULL;
}
static __always_inline const __u64 *rg_geo_line(void *geo, __u32 i)
{
	const union rg_geo_block *block = rg_geo_block(geo, rg_layout.ranges + i);

	return block ? block->ranges : NULL;
}
static __always_inline const struct rg_geo_split *rg_geo_split(void *geo, __u32 i)
{
	const union rg_geo_block *block = rg_geo_block(geo, rg_layout.splits + i / 8);

	return block ? &block->splits[i % 8] : NULL;
}
static __always_inline const struct rg_geo_low *rg_geo_low(void *geo, __u32 i)
{
	const union rg_geo_block *block = rg_geo_block(geo, rg_layout.lows + i / 4);

	return block ? &block->lows[i % 4] : NULL;
}

#define RG_GEO_NODE(geo, i) rg_geo_node(geo, i)
#define RG_GEO_LINE_AT(geo, i) rg_geo_line(geo, i)
#define RG_GEO_SPLIT_AT(geo, i) rg_geo_split(geo, i)
#define RG_GEO_LOW(geo, i) rg_geo_low(geo, i)
#include "region.h"

/** Region id by the table in force; 0 (unknown) while there is none. */
static __always_inline __u32 rg_region_lookup(__u64 hi, __u64 lo)
{
	__u32 zero = 0;
	void *geo = bpf_map_lookup_elem(&rg_geo, &zero);

	return geo ? rg_geo_find(geo, hi, lo) & rg_region_mask : 0;
}

#endif
