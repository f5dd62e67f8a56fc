/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: verdict. The one place that turns a reason into an action and counts it. */
#ifndef RG_BPF_VERDICT_H
#define RG_BPF_VERDICT_H

#include "maps.h"
#include "packet.h"

/* Reasons by verdict, as bit masks made from the one list. */
#define RG_BIT_IF_PASS(v) (RG_VERDICT_##v == RG_VERDICT_PASS)
#define RG_BIT_IF_REFUSE(v) (RG_VERDICT_##v == RG_VERDICT_REFUSE)
enum {
#define X(name, text, v) RG_PASS_BIT_##name = RG_BIT_IF_PASS(v) << RG_REASON_##name, \
			 RG_REFUSE_BIT_##name = RG_BIT_IF_REFUSE(v) << RG_REASON_##name,
	RG_REASONS(X)
#undef X
#define X(name, text, v) | RG_PASS_BIT_##name
	RG_PASS_REASONS = 0 RG_REASONS(X),
#undef X
#define X(name, text, v) | RG_REFUSE_BIT_##name
	RG_REFUSE_REASONS = 0 RG_REASONS(X),
#undef X
};
_Static_assert(RG_REASON_MAX <= 31, "reasons fit the masks");

static __always_inline int rg_reason_refuses(__u32 reason)
{
	return RG_REFUSE_REASONS >> reason & 1;
}

static __always_inline void rg_count_add(struct rg_count *count, __u32 bytes)
{
	count->packets++;
	count->bytes += bytes;
}

static __always_inline void rg_count_reason(__u32 index, __u32 bytes)
{
	struct rg_count *count = bpf_map_lookup_elem(&rg_reason_stat, &index);

	if (count)
		rg_count_add(count, bytes);
}

_Static_assert(offsetof(struct rg_mtg_stat_key, region) == 4 && offsetof(struct rg_mtg_stat_key, direction) == 6 &&
	       offsetof(struct rg_mtg_stat_key, verdict) == 7, "packed below");

/* Per meeting and region. The entry is made by its first packet. */
static __always_inline void rg_count_meeting(const struct rg_packet *pkt, __u8 verdict)
{
	/* one store of { meeting, region, direction, verdict }: the map's hash loads words */
	__u64 key = pkt->meeting | (__u64)pkt->region << 32 | (__u64)pkt->direction << 48 |
		    (__u64)verdict << 56;
	struct rg_count *count = bpf_map_lookup_elem(&rg_mtg_stat, &key);
	struct rg_count first = { .packets = 1, .bytes = pkt->bytes };

	if (count)
		rg_count_add(count, pkt->bytes);
	else if (bpf_map_update_elem(&rg_mtg_stat, &key, &first, BPF_NOEXIST))
		rg_count_reason(RG_REASON_STAT_LOST, pkt->bytes);
}

static __always_inline void rg_count(const struct rg_packet *pkt, __u32 reason)
{
	struct rg_region_stat *stat;
	__u32 region = pkt->region;

	rg_count_reason(pkt->direction * RG_REASON_MAX + reason, pkt->bytes);
	if (pkt->stage < RG_STAGE_POLICY)
		return;
	stat = bpf_map_lookup_elem(&rg_region_stat, &region);
	if (!stat)
		return;
	if (rg_reason_refuses(reason)) {
		rg_count_add(&stat->refuse, pkt->bytes);
		rg_count_meeting(pkt, RG_STAT_REFUSE);
	} else if (reason == RG_REASON_OBSERVE_REFUSED) {
		rg_count_add(&stat->observe, pkt->bytes);
		rg_count_meeting(pkt, RG_STAT_OBSERVE);
	} else {
		rg_count_add(&stat->admit, pkt->bytes);
		rg_count_meeting(pkt, RG_STAT_ADMIT);
	}
}

/** Apply observe mode, count unless @dry, and return the reason that holds. */
static __always_inline __u32 rg_verdict(const struct rg_state *state, const struct rg_packet *pkt,
					__u32 reason, int dry)
{
	if (rg_reason_refuses(reason) &&
	    (pkt->meeting_flags & RG_MEETING_OBSERVE || state->flags & RG_STATE_OBSERVE))
		reason = RG_REASON_OBSERVE_REFUSED;
	if (!dry)
		rg_count(pkt, reason);
	return reason;
}

#endif
