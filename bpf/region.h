/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: region of an address. The table's layout is described in rg_abi.h ("rg_geo").
 *
 * The includer says how an entry is reached, each NULL beyond the table:
 *   const __u32 *RG_GEO_NODE(geo, i)            const __u64 *RG_GEO_RANGE(geo, i)
 *   const struct rg_geo_split *RG_GEO_SPLIT_AT(geo, i)
 *   const struct rg_geo_low *RG_GEO_LOW(geo, i)
 * The BPF program reaches into a map (geo_map.h); tests/unit compiles this file
 * natively over plain arrays and compares it with an oracle.
 */
#ifndef RG_BPF_REGION_H
#define RG_BPF_REGION_H

#include "embedded.h"
#include "rg_abi.h"

#define RG_GEO_KEY48(key) ((key) & ((1ull << 48) - 1))

/* Last of 2^steps sorted entries that starts at or before the key. Branch-free:
 * a mispredicted compare costs more than the whole step. Both sides have 48 bits,
 * so the sign of the difference tells which is larger. */
static __always_inline __u32 rg_geo_search(void *geo, __u32 base, __u32 steps, __u64 key)
{
	const __u64 *entry;

	for (int i = 0; i < RG_GEO_STEPS_MAX && steps; i++) {
		__u64 larger;

		steps = (steps - 1) & RG_GEO_ARG_MASK;
		entry = RG_GEO_RANGE(geo, base + (1u << steps));
		if (!entry)
			return 0;
		larger = (key - (*entry >> 16)) >> 63;
		/* without this clang turns the mask into a branch */
		asm volatile("" : "+r"(larger));
		base += (1u << steps) & ((__u32)larger - 1);
	}
	entry = RG_GEO_RANGE(geo, base);
	return entry ? (__u32)(*entry & 0xffff) : 0;
}

/* From a root node down to a region id or a split. @rest: bits of the key not yet used. */
static __always_inline __u32 rg_geo_descend(void *geo, __u32 root, __u32 rest, __u64 key)
{
	const __u32 *at = RG_GEO_NODE(geo, root);
	__u32 node, kind;

	if (!at)
		return 0;
	node = *at;
	for (int depth = 0; depth < RG_GEO_DEPTH_MAX; depth++) {
		__u32 bits = node >> RG_GEO_ARG_SHIFT & RG_GEO_ARG_MASK;

		if (node >> RG_GEO_KIND_SHIFT != RG_GEO_TABLE)
			break;
		rest = (rest - bits) & 63;
		at = RG_GEO_NODE(geo, (node & RG_GEO_BASE_MASK) +
					      (__u32)(key >> rest & ((1ull << bits) - 1)));
		if (!at)
			return 0;
		node = *at;
	}
	kind = node >> RG_GEO_KIND_SHIFT;
	if (kind == RG_GEO_LEAF)
		return node & 0xffff;
	if (kind != RG_GEO_RANGES)
		return 0;
	return rg_geo_search(geo, node & RG_GEO_BASE_MASK,
			     node >> RG_GEO_ARG_SHIFT & RG_GEO_ARG_MASK, RG_GEO_KEY48(key));
}

/* Prefixes longer than /64, which are rare: a plain search in the lower half. */
static __always_inline __u32 rg_geo_split_lookup(void *geo, __u32 number, __u64 lo)
{
	const struct rg_geo_split *split = RG_GEO_SPLIT_AT(geo, number);
	__u32 first, count;

	if (!split)
		return 0;
	first = split->base;
	count = split->count;
	for (int i = 0; i <= RG_GEO_STEPS_MAX && count > 1; i++) {
		__u32 half = count / 2;
		const struct rg_geo_low *low = RG_GEO_LOW(geo, first + half);

		if (!low)
			return 0;
		if (low->start <= lo) {
			first += half;
			count -= half;
		} else {
			count = half;
		}
	}
	const struct rg_geo_low *low = RG_GEO_LOW(geo, first);

	return low ? low->region : 0;
}

/** Region id of an address given as two host-order halves (IPv4: ::ffff:a.b.c.d). */
static __always_inline __u32 rg_geo_find(void *geo, __u64 hi, __u64 lo)
{
	__u32 v4, region;

	if (rg_embedded_v4(hi, lo, &v4))
		return rg_geo_descend(geo, RG_GEO_ROOT4 + (v4 >> (32 - RG_GEO_ROOT4_BITS)),
				      64 - RG_GEO_ROOT4_BITS, (__u64)v4 << 32);
	region = rg_geo_descend(geo, RG_GEO_ROOT6 + (__u32)(hi >> (64 - RG_GEO_ROOT6_BITS)),
				64 - RG_GEO_ROOT6_BITS, hi);
	if (region & RG_GEO_SPLIT)
		return rg_geo_split_lookup(geo, region & (RG_GEO_SPLIT - 1), lo);
	return region;
}
#endif
