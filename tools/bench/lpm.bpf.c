// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The same filter with its regions in two LPM_TRIE maps, for comparison only. */
#define RG_BPF_GEO_MAP_H
#include "../../bpf/bpf.h"
#include "../../bpf/embedded.h"

struct lpm4_key { __u32 length; __be32 address; };
struct lpm6_key { __u32 length; __be32 address[4]; };
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1 << 20);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct lpm4_key);
	__type(value, __u32);
} bench_lpm4 SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1 << 20);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct lpm6_key);
	__type(value, __u32);
} bench_lpm6 SEC(".maps");

static __always_inline __u32 rg_region_lookup(__u64 hi, __u64 lo)
{
	const __u32 *region;
	__u32 v4;

	if (rg_embedded_v4(hi, lo, &v4)) {
		struct lpm4_key key = { 32, bpf_htonl(v4) };

		region = bpf_map_lookup_elem(&bench_lpm4, &key);
	} else {
		struct lpm6_key key = { 128, { bpf_htonl(hi >> 32), bpf_htonl((__u32)hi),
					       bpf_htonl(lo >> 32), bpf_htonl((__u32)lo) } };

		region = bpf_map_lookup_elem(&bench_lpm6, &key);
	}
	return region ? *region & (RG_REGIONS_MAX - 1) : 0;
}

#include "filter.bpf.c"
