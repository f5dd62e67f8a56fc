/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: conditions of a meeting that has some, in this order: the site, the time, exceptions. A global
 * function: meetings without any pay for none. */
#ifndef RG_BPF_CONDITION_H
#define RG_BPF_CONDITION_H

#include "embedded.h"
#include "maps.h"
#include "packet.h"

#define RG_MEETING_CONDITIONS (RG_MEETING_SITE_REFUSED | RG_MEETING_TIMED | RG_MEETING_EXCEPTIONS)
#define RG_EXCEPTION_STEPS_MAX 7
_Static_assert(1 << RG_EXCEPTION_STEPS_MAX == RG_EXCEPTION_RANGES_MAX, "a search ends");

/* Take the policy of now. The clock is that of the last tick: a few milliseconds late, never early. */
static __always_inline __u32 rg_schedule_judge(struct rg_packet *pkt, __u32 number)
{
	const struct rg_schedule *schedule = bpf_map_lookup_elem(&rg_schedules, &number);
	__u64 now = bpf_ktime_get_coarse_ns();

	if (!schedule)
		return RG_REASON_REFUSE_EXPIRED;
	for (int i = 0; i < RG_SCHEDULE_STEPS_MAX; i++) {
		const struct rg_step *step = &schedule->steps[i];

		if (step->until_ns <= now)
			continue;
		pkt->policy = step->policy;
		return step->flags & RG_STEP_EXPIRED ? RG_REASON_REFUSE_EXPIRED : RG_NEXT;
	}
	return RG_REASON_REFUSE_EXPIRED;
}

/* What a set says about an address in host order. */
static __always_inline __u32 rg_exception_find(const struct rg_exception_set *set, __u64 hi, __u64 lo)
{
	__u32 at = 0;

	for (int step = RG_EXCEPTION_STEPS_MAX - 1; step >= 0; step--) {
		__u32 next = (at + (1u << step)) & (RG_EXCEPTION_RANGES_MAX - 1);
		const struct rg_exception_range *range = &set->ranges[next];

		if ((__u32)step < set->steps && (range->hi < hi || (range->hi == hi && range->lo <= lo)))
			at = next;
	}
	return set->ranges[at & (RG_EXCEPTION_RANGES_MAX - 1)].action;
}

/* The address as it is comes before the IPv4 address in it. */
static __always_inline __u32 rg_exception_judge(const struct rg_packet *pkt, __u32 number)
{
	const struct rg_exception_set *set = bpf_map_lookup_elem(&rg_exceptions, &number);
	__u64 hi = bpf_be64_to_cpu(pkt->remote.halves[0]), lo = bpf_be64_to_cpu(pkt->remote.halves[1]);
	__u32 action, v4;

	if (!set)
		return RG_NEXT;
	action = rg_exception_find(set, hi, lo);
	if (action == RG_EXCEPTION_NONE && hi && rg_embedded_v4(hi, lo, &v4))
		action = rg_exception_find(set, 0, 0xffffull << 32 | v4);
	return action == RG_EXCEPTION_ADMIT ? RG_REASON_ADMIT_EXCEPTION :
	       action == RG_EXCEPTION_REFUSE ? RG_REASON_REFUSE_EXCEPTION : RG_NEXT;
}

/** RG_NEXT if the policy decides. @word: of the meeting. */
__attribute__((noinline)) int rg_condition_judge(struct rg_packet *pkt, __u64 word)
{
	union rg_meeting_word meeting = { .word = word };
	__u32 reason = RG_NEXT;

	if (!pkt)
		return RG_NEXT;
	if (meeting.flags & RG_MEETING_SITE_REFUSED)
		return RG_REASON_REFUSE_SITE;
	if (meeting.flags & RG_MEETING_TIMED)
		reason = rg_schedule_judge(pkt, meeting.schedule);
	if (reason == RG_NEXT && meeting.flags & RG_MEETING_EXCEPTIONS)
		reason = rg_exception_judge(pkt, meeting.exceptions);
	return reason;
}

#endif
