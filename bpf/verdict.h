/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: verdict. The one place that turns a reason into an action and counts it. */
#ifndef RG_BPF_VERDICT_H
#define RG_BPF_VERDICT_H

#include "event.h"
#include "maps.h"
#include "packet.h"
#include "stat.h"

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
	if (!count)
		return;
	count->packets++;
	count->bytes += bytes;
}

/* Returns how many packets had it on this CPU. */
static __always_inline __u64 rg_count_reason(__u32 index, __u32 bytes)
{
	struct rg_count *count = bpf_map_lookup_elem(&rg_reason_stat, &index);

	rg_count_add(count, bytes);
	return count ? count->packets : 0;
}

static __always_inline __u32 rg_stat_verdict(__u32 reason)
{
	return rg_reason_refuses(reason) ? RG_STAT_REFUSE :
	       reason == RG_REASON_OBSERVE_REFUSED ? RG_STAT_OBSERVE : RG_STAT_ADMIT;
}

static __always_inline void rg_count_region(const struct rg_packet *pkt, __u32 verdict)
{
	__u32 region = pkt->region;
	struct rg_region_stat *stat = bpf_map_lookup_elem(&rg_region_stat, &region);

	if (!stat)
		return;
	rg_count_add(verdict == RG_STAT_REFUSE ? &stat->refuse :
		     verdict == RG_STAT_OBSERVE ? &stat->observe : &stat->admit, pkt->bytes);
}

static __always_inline void rg_count_meeting(const struct rg_packet *pkt, __u32 reason)
{
	__u32 verdict = rg_stat_verdict(reason);
	__u64 tag = rg_mtg_tag(pkt->region, pkt->direction, verdict);

	if (pkt->direction == RG_INGRESS)
		rg_count_region(pkt, verdict);
	if (!rg_stat_count(rg_stat_line(pkt->stat_line), pkt->meeting, tag, pkt->bytes) &&
	    !rg_stat_further(pkt, tag))
		rg_count_reason(RG_REASON_STAT_LOST, pkt->bytes);
}

/* Count, and tell of it: each first refusal, and now and then who was admitted. */
static __always_inline void rg_count(const struct rg_packet *pkt, __u32 reason)
{
	__u64 nth = rg_count_reason(pkt->direction * RG_REASON_MAX + reason, pkt->bytes);

	if (pkt->stage == RG_STAGE_POLICY)
		rg_count_meeting(pkt, reason);
	if (rg_reason_refuses(reason) || reason == RG_REASON_OBSERVE_REFUSED)
		rg_event_refused(pkt, reason);
	else if (!(nth & (RG_SEEN_SAMPLE - 1)) && pkt->tie == RG_TIE_DEDICATED)
		rg_seen_sample(pkt, reason);
}

/* Does what is refused pass all the same? */
static __always_inline int rg_is_observed(const struct rg_state *state, const struct rg_packet *pkt)
{
	return pkt->meeting_flags & RG_MEETING_OBSERVE || state->flags & RG_STATE_OBSERVE;
}

/** Apply observe mode, count, and return the reason that holds. */
static __always_inline __u32 rg_verdict(const struct rg_state *state, const struct rg_packet *pkt, __u32 reason)
{
	if (rg_reason_refuses(reason) && rg_is_observed(state, pkt))
		reason = RG_REASON_OBSERVE_REFUSED;
	if (!pkt->dry)
		rg_count(pkt, reason);
	return reason;
}

#endif
