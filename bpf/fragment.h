/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: fragment. Later fragments of a datagram have no ports: they are judged as the first one was. */
#ifndef RG_BPF_FRAGMENT_H
#define RG_BPF_FRAGMENT_H

#include "flow.h"
#include "maps.h"
#include "packet.h"

static __always_inline void rg_frag_key_of(const struct rg_packet *pkt, struct rg_frag_key *ret)
{
	ret->remote = pkt->remote;
	ret->local = pkt->local;
	ret->id = pkt->fragment_id;
	ret->protocol = pkt->fragment_protocol;
	ret->direction = pkt->direction;
	ret->pad[0] = ret->pad[1] = 0;
}

/** After the verdict of a first fragment. @reason: before observe mode. */
__attribute__((noinline)) int rg_fragment_remember(const struct rg_packet *pkt, __u32 reason)
{
	struct rg_frag frag = { .reason = reason };
	struct rg_frag_key key;

	if (!pkt)
		return 0;
	frag.meeting = pkt->meeting;
	frag.at = rg_now();
	rg_frag_key_of(pkt, &key);
	bpf_map_update_elem(&rg_frags, &key, &frag, BPF_ANY);
	return 0;
}

/** What holds for a later one: RG_NEXT if its datagram has a meeting, else a reason. */
__attribute__((noinline)) int rg_fragment_follow(struct rg_packet *pkt)
{
	const struct rg_frag *frag;
	struct rg_frag_key key;

	if (!pkt)
		return RG_REASON_REFUSE_FRAGMENT;
	rg_frag_key_of(pkt, &key);
	frag = bpf_map_lookup_elem(&rg_frags, &key);
	if (!frag || rg_now() - frag->at > RG_FRAG_SECONDS)
		return RG_REASON_REFUSE_FRAGMENT;
	if (!frag->meeting)
		return frag->reason;
	pkt->meeting = frag->meeting;
	pkt->tie = RG_TIE_FRAGMENT;
	return RG_NEXT;
}

#endif
