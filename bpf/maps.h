/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every map, declared once. Keys and values: rg_abi.h. Sizes of 1 are set by the
 * loader from the configuration before the program is loaded. */
#ifndef RG_BPF_MAPS_H
#define RG_BPF_MAPS_H

#include "bpf.h"

/* Constants of a load, filled by the loader. */
const volatile __u64 rg_cookie;               /* of struct rg_trace */
const volatile struct rg_geo_layout rg_layout;
const volatile __u32 rg_mtg_stat_slots;       /* lines of each CPU in rg_mtg_stat; a power of two */
const volatile __u32 rg_seen_slots;           /* of each CPU in rg_seen; a power of two */
const volatile __u32 rg_region_mask;          /* room for region ids - 1 */
const volatile __u8 rg_reads_kernel;          /* may programs read the kernel's memory here? */
const volatile __u32 rg_policy_shift;         /* a policy has 2^shift blocks in rg_policy_bits */

#define RG_ARRAY(map_name, value_type, size, flags)     \
	struct {                                        \
		__uint(type, BPF_MAP_TYPE_ARRAY);       \
		__uint(max_entries, size);              \
		__uint(map_flags, flags);               \
		__type(key, __u32);                     \
		__type(value, value_type);              \
	} map_name SEC(".maps")

RG_ARRAY(rg_state, struct rg_state, 1, BPF_F_MMAPABLE);
RG_ARRAY(rg_locals, struct rg_local, 2 * RG_LOCALS_SLOTS, BPF_F_MMAPABLE);
RG_ARRAY(rg_ports, struct rg_port_block, 1, BPF_F_MMAPABLE);
RG_ARRAY(rg_mtg_words, union rg_meeting_word, 1, BPF_F_MMAPABLE);
RG_ARRAY(rg_meetings, struct rg_meeting, 1, BPF_F_MMAPABLE); /* for readers */
RG_ARRAY(rg_policies, struct rg_policy_entry, 1, BPF_F_MMAPABLE);
RG_ARRAY(rg_policy_bits, struct rg_policy_block, 1, BPF_F_MMAPABLE);
RG_ARRAY(rg_schedules, struct rg_schedule, 1, BPF_F_MMAPABLE);
RG_ARRAY(rg_exceptions, struct rg_exception_set, 1, BPF_F_MMAPABLE);
RG_ARRAY(rg_shared, struct rg_shared, RG_SHARED_MAX, BPF_F_MMAPABLE);
RG_ARRAY(rg_bindings, struct rg_binding, 1, BPF_F_MMAPABLE);
RG_ARRAY(rg_bind_rates, struct rg_bind_rate, RG_BIND_RATES, 0);
RG_ARRAY(rg_seen, struct rg_seen, 1, BPF_F_MMAPABLE);
RG_ARRAY(rg_quotas, struct rg_quota_block, 1, BPF_F_MMAPABLE);
RG_ARRAY(rg_budgets, struct rg_budget, 1, BPF_F_MMAPABLE);
RG_ARRAY(rg_mtg_stat, struct rg_mtg_stat, 1, BPF_F_MMAPABLE);
RG_ARRAY(rg_regions, struct rg_region_entry, RG_REGIONS_MAX, BPF_F_MMAPABLE);

#define RG_HASH(map_name, map_type, key_type, value_type, size, flags) \
	struct {                                        \
		__uint(type, map_type);                 \
		__uint(max_entries, size);              \
		__uint(map_flags, flags);               \
		__type(key, key_type);                  \
		__type(value, value_type);              \
	} map_name SEC(".maps")

/* For readers and for bookkeeping, not for packets: see struct rg_endpoint_key. */
RG_HASH(rg_endpoints, BPF_MAP_TYPE_HASH, struct rg_endpoint_key, struct rg_endpoint, 1, BPF_F_NO_PREALLOC);
RG_HASH(rg_ufrags, BPF_MAP_TYPE_HASH, struct rg_ufrag_key, struct rg_ufrag, 1, BPF_F_NO_PREALLOC);
RG_HASH(rg_ufrags_long, BPF_MAP_TYPE_HASH, struct rg_ufrag_long_key, struct rg_ufrag, 1, BPF_F_NO_PREALLOC);
RG_HASH(rg_flows, BPF_MAP_TYPE_LRU_HASH, struct rg_flow_key, struct rg_flow, 1, 0);
RG_HASH(rg_connections, BPF_MAP_TYPE_LRU_HASH, struct rg_connection_key, union rg_connection, 1, 0);
RG_HASH(rg_frags, BPF_MAP_TYPE_LRU_HASH, struct rg_frag_key, struct rg_frag, RG_FRAGS_DEFAULT, 0);

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RG_EVENTS_BYTES);
} rg_events SEC(".maps");

/* clang emits only a forward declaration of a type that is only named behind two pointers */
const volatile union rg_geo_block rg_geo_block_btf;

struct rg_geo_table {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, union rg_geo_block);
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct rg_geo_table);
} rg_geo SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RG_REASON_STATS);
	__type(key, __u32);
	__type(value, struct rg_count);
} rg_reason_stat SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RG_REGIONS_MAX);
	__type(key, __u32);
	__type(value, struct rg_region_stat);
} rg_region_stat SEC(".maps");

static __always_inline const struct rg_state *rg_state_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&rg_state, &zero);
}

/* Does all that is refused pass all the same? */
static __always_inline int rg_is_observed_all(void)
{
	const struct rg_state *state = rg_state_get();

	return state && state->flags & RG_STATE_OBSERVE;
}

/* Does the egress program see all that servers answer? */
static __always_inline int rg_is_answer_seen(void)
{
	const struct rg_state *state = rg_state_get();

	return state && state->flags & RG_STATE_ANSWERS;
}

#endif
