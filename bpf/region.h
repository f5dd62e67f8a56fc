/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: region of an address. The table's layout is described in rg_abi.h ("rg_geo").
 *
 * The includer says how an entry is reached, each NULL beyond the table:
 *   const __u32 *RG_GEO_NODE(geo, i)            const __u64 *RG_GEO_LINE_AT(geo, i): its entries
 *   const struct rg_geo_split *RG_GEO_SPLIT_AT(geo, i)
 *   const struct rg_geo_low *RG_GEO_LOW(geo, i)
 * The BPF program reaches into a map (geo_map.h); tests/unit compiles this file
 * natively over plain arrays and compares it with an oracle.
 */
#ifndef RG_BPF_REGION_H
#define RG_BPF_REGION_H

#include "embedded.h"
#include "rg_abi.h"

/* The last entry that may start at or before a key. */
#define RG_GEO_ENTRY_OF(key) (((key) & ((1ull << 48) - 1)) << RG_GEO_RANGE_SHIFT | RG_GEO_RANGE_REGION)

/* 1 if the entry starts behind the key. Both have 63 bits, so the sign of the difference tells. No
 * branch: a mispredicted one costs more than the whole search. */
static __always_inline __u32 rg_geo_behind(__u64 entry, __u64 last)
{
	__u64 behind = (last - entry) >> 63;

	/* without this clang turns it into a branch */
	asm volatile("" : "+r"(behind));
	return (__u32)behind;
}

/* The region of the last entry at or before @last: of 2^steps sorted lines, nearly always one. */
static __always_inline __u32 rg_geo_search(void *geo, __u32 line, __u32 steps, __u64 last)
{
	const __u64 *entries;
	__u32 at = RG_GEO_LINE - 1;

	for (int i = 0; i < RG_GEO_STEPS_MAX && steps; i++) {
		steps = (steps - 1) & RG_GEO_ARG_MASK;
		entries = RG_GEO_LINE_AT(geo, line + (1u << steps));
		if (!entries)
			return 0;
		line += (1u << steps) & (rg_geo_behind(*entries, last) - 1);
	}
	entries = RG_GEO_LINE_AT(geo, line);
	if (!entries)
		return 0;
	for (int i = 1; i < RG_GEO_LINE; i++)
		at -= rg_geo_behind(entries[i], last);
	return (__u32)entries[at & (RG_GEO_LINE - 1)] & RG_GEO_RANGE_REGION;
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
		return node & RG_GEO_RANGE_REGION;
	if (kind != RG_GEO_RANGES)
		return 0;
	return rg_geo_search(geo, node & RG_GEO_BASE_MASK,
			     node >> RG_GEO_ARG_SHIFT & RG_GEO_ARG_MASK, RG_GEO_ENTRY_OF(key));
}

/* Prefixes longer than /64, which are rare: a plain search in the lower half. */
#define RG_GEO_LOW_STEPS_MAX 17
_Static_assert(RG_GEO_LOWS_MAX <= 1 << (RG_GEO_LOW_STEPS_MAX - 1), "a search ends");
static __always_inline __u32 rg_geo_split_lookup(void *geo, __u32 number, __u64 lo)
{
	const struct rg_geo_split *split = RG_GEO_SPLIT_AT(geo, number);
	__u32 first, count;

	if (!split)
		return 0;
	first = split->base;
	count = split->count;
	for (int i = 0; i < RG_GEO_LOW_STEPS_MAX && count > 1; i++) {
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
