/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What both directions have in common: the stages from the parsed packet to a reason. */
#ifndef RG_BPF_JUDGE_H
#define RG_BPF_JUDGE_H

#include "condition.h"
#include "endpoint.h"
#include "fragment.h"
#include "geo_map.h"
#include "parse.h"
#include "policy.h"
#include "stat.h"
#include "verdict.h"

/* A packet that could not be classified: refused where it may be meant for an endpoint, unless it is
 * a later fragment of a datagram that was judged. */
static __always_inline __u32 rg_judge_unparsed(const struct rg_state *state, struct rg_packet *pkt,
					       enum rg_parse parsed)
{
	if (parsed == RG_PARSE_NOT_IP)
		return RG_REASON_PASS_NOT_IP;
	if (parsed == RG_PARSE_OTHER)
		return RG_REASON_PASS_NOT_CONFERENCE;
	/* too many tags hide the address, but a host could deliver the packet */
	if (parsed == RG_PARSE_UNSUPPORTED && !pkt->has_addresses && state->protocols)
		return RG_REASON_REFUSE_UNSUPPORTED;
	if (!rg_endpoint_possible(state, pkt))
		return RG_REASON_PASS_NOT_CONFERENCE;
	return parsed == RG_PARSE_FRAGMENT ? (__u32)rg_fragment_follow(pkt) :
	       parsed == RG_PARSE_MALFORMED ? RG_REASON_REFUSE_MALFORMED :
	       RG_REASON_REFUSE_UNSUPPORTED;
}

/* The local endpoint of a parsed packet: RG_NEXT if it is one, with its meeting if it is dedicated, else
 * with its number. */
static __always_inline __u32 rg_judge_endpoint(const struct rg_state *state, struct rg_packet *pkt)
{
	__u32 value;

	pkt->stage = RG_STAGE_ENDPOINT;
	value = rg_endpoint_value(state, rg_local_find(state, &pkt->local), pkt);
	if (pkt->more && (value || rg_endpoint_possible(state, pkt)))
		pkt->after |= RG_AFTER_FRAGMENT;
	if (!value)
		return RG_REASON_PASS_NOT_CONFERENCE;
	if (value & RG_PORT_SHARED) {
		pkt->endpoint = value;
		pkt->stage = RG_STAGE_MEETING;
	} else {
		pkt->meeting = value;
		pkt->tie = RG_TIE_DEDICATED;
	}
	return RG_NEXT;
}

/* By a meeting's conditions and policy, when the region is known. */
static __always_inline __u32 rg_judge_policy(struct rg_packet *pkt, union rg_meeting_word meeting)
{
	if (meeting.flags & RG_MEETING_CONDITIONS) {
		__u32 reason = rg_condition_judge(pkt, meeting.word);

		if (reason != RG_NEXT)
			return reason;
	}
	return rg_policy_judge(pkt);
}

/* A packet whose meeting is known. */
static __always_inline __u32 rg_judge_meeting(struct rg_packet *pkt)
{
	const union rg_meeting_word *entry = bpf_map_lookup_elem(&rg_mtg_words, &pkt->meeting);
	union rg_meeting_word meeting = {};

	if (entry)
		meeting.word = *(const volatile __u64 *)&entry->word;
	if (!meeting.policy) { /* it goes at this moment */
		pkt->meeting = 0;
		pkt->after &= RG_AFTER_FRAGMENT;
		return pkt->tie == RG_TIE_DEDICATED ? RG_REASON_PASS_NOT_CONFERENCE :
		       pkt->tie == RG_TIE_FRAGMENT ? RG_REASON_REFUSE_FRAGMENT : RG_REASON_REFUSE_UNBOUND;
	}
	pkt->policy = meeting.policy;
	pkt->meeting_flags = meeting.flags;

	pkt->stage = RG_STAGE_REGION;
	rg_stat_begin(pkt);
	if (!pkt->region_known)
		pkt->region = rg_region_lookup(bpf_be64_to_cpu(pkt->remote.halves[0]),
					       bpf_be64_to_cpu(pkt->remote.halves[1]));

	pkt->stage = RG_STAGE_POLICY;
	return rg_judge_policy(pkt, meeting);
}

/** May a flow leave the meeting that holds it for the one that its request names? Not while the one that it leaves
 *  refuses the remote: the server may go on taking its packets for that one's, and whoever is refused there would be
 *  back by naming a meeting where he is not. @pkt: judged, so that the region is known. */
__attribute__((noinline)) int rg_flow_may_leave(const struct rg_packet *pkt)
{
	const struct rg_state *state = rg_state_get();
	const union rg_meeting_word *entry;
	struct rg_packet old = {};
	union rg_meeting_word meeting;
	__u32 number;

	if (!pkt || !state)
		return 0;
	number = pkt->leaves;
	entry = bpf_map_lookup_elem(&rg_mtg_words, &number);
	if (!entry)
		return 1;
	meeting.word = *(const volatile __u64 *)&entry->word;
	if (!meeting.policy || meeting.flags & RG_MEETING_OBSERVE || state->flags & RG_STATE_OBSERVE)
		return 1;
	old.remote = pkt->remote;
	old.region = pkt->region;
	old.policy = meeting.policy;
	return !rg_reason_refuses(rg_judge_policy(&old, meeting));
}

#endif
