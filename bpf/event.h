/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Events: the first refusal of each flow, within budgets; and who talks to dedicated endpoints. */
#ifndef RG_BPF_EVENT_H
#define RG_BPF_EVENT_H

#include "flow.h"
#include "maps.h"
#include "packet.h"

static __always_inline __u8 rg_ip_protocol(const struct rg_packet *pkt)
{
	if (pkt->stage < RG_STAGE_ENDPOINT) /* not parsed as far */
		return 0;
	return pkt->protocol == RG_PROTO_TCP ? IPPROTO_TCP : IPPROTO_UDP;
}

/* The time for rg_seen. The clock is a call, so it is only read when the kernel's ticks, which this JIT reads in
 * place, have gone on. */
static __always_inline __u32 rg_seen_clock(struct rg_budget *budget)
{
	__u64 ticks = bpf_jiffies64() >> RG_SEEN_TICKS_SHIFT;

	if (budget->seen_ticks != ticks) {
		budget->seen_ticks = ticks;
		budget->seen_at = bpf_ktime_get_coarse_ns() >> RG_SEEN_SHIFT;
	}
	return budget->seen_at;
}

/* Note a remote in this CPU's part of rg_seen. Returns the note if it was not there with this reason. Nobody else
 * writes there: a CPU runs one packet at a time. */
static __always_inline struct rg_seen *rg_seen_note(const struct rg_packet *pkt, __u32 reason, __u32 cpu, __u32 at)
{
	__u64 ports = pkt->remote_port | (__u32)pkt->local_port << 16 | (__u64)pkt->meeting << 32;
	__u64 hash = (pkt->remote.halves[0] ^ (pkt->remote.halves[1] << 1 | pkt->remote.halves[1] >> 63) ^
		      ports ^ (__u64)pkt->direction << 31) * 0x9e3779b97f4a7c15ull;
	__u32 index = cpu * rg_seen_slots + ((hash >> 32) & (rg_seen_slots - 1));
	struct rg_seen *slot = bpf_map_lookup_elem(&rg_seen, &index);
	int same;

	if (!slot)
		return NULL;
	same = slot->remote.halves[0] == pkt->remote.halves[0] && slot->remote.halves[1] == pkt->remote.halves[1] &&
	       slot->remote_port == pkt->remote_port && slot->local_port == pkt->local_port &&
	       slot->meeting == pkt->meeting && slot->reason == reason;
	slot->at = at;
	if (same)
		return NULL;
	slot->remote = pkt->remote;
	slot->remote_port = pkt->remote_port;
	slot->local_port = pkt->local_port;
	slot->meeting = pkt->meeting;
	slot->region = pkt->region;
	slot->protocol = rg_ip_protocol(pkt);
	slot->reason = reason;
	return slot;
}

/* One more event of this meeting, on this CPU? */
static __always_inline int rg_event_allowed(__u32 meeting, struct rg_budget *budget)
{
	__u32 index = meeting / 16, left;
	struct rg_quota_block *quotas;

	quotas = bpf_map_lookup_elem(&rg_quotas, &index);
	if (!quotas)
		return 0;
	/* read once: other CPUs take from it, too, and one below 0 is four billions */
	left = *(volatile __u32 *)&quotas->left[meeting & 15];
	if (!left) {
		budget->over = meeting + 1;
		return 0;
	}
	*(volatile __u32 *)&quotas->left[meeting & 15] = left - 1;
	budget->left--;
	return 1;
}

static __always_inline void rg_event_fill(const struct rg_packet *pkt, __u32 reason, struct rg_event *ret)
{
	ret->at_ns = bpf_ktime_get_ns();
	ret->remote = pkt->remote;
	ret->local = pkt->local;
	ret->remote_port = pkt->remote_port;
	ret->local_port = pkt->local_port;
	ret->meeting = pkt->meeting;
	ret->endpoint = pkt->endpoint;
	ret->region = pkt->region;
	ret->reason = reason;
	ret->direction = pkt->direction;
	ret->protocol = rg_ip_protocol(pkt);
	ret->pad = 0;
}

/** Tell of a first refusal. 0: the ring is full. */
__attribute__((noinline)) int rg_event_send(const struct rg_packet *pkt, __u32 reason)
{
	struct rg_event *event = pkt ? bpf_ringbuf_reserve(&rg_events, sizeof(*event), 0) : NULL;

	if (!event)
		return 0;
	rg_event_fill(pkt, reason, event);
	bpf_ringbuf_submit(event, 0);
	return 1;
}

/* A packet was refused, or would have been. @reason: as counted; observe_refused hides what it was. In a flood each
 * packet may be the first of a flow: while the CPU's budget is used up, or the quota of the meeting that it found so last,
 * nothing is noted, and no memory but the budget's touched. Who was not told of is noted, and told of, by a later packet. */
static __always_inline void rg_event_refused(const struct rg_packet *pkt, __u32 reason)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct rg_budget *budget = bpf_map_lookup_elem(&rg_budgets, &cpu);
	struct rg_seen *seen;

	if (!budget)
		return;
	if (!budget->left || budget->over == pkt->meeting + 1) {
		budget->lost++;
		return;
	}
	seen = rg_seen_note(pkt, reason, cpu, rg_seen_clock(budget));
	if (!seen)
		return;
	if (rg_event_allowed(pkt->meeting, budget) && rg_event_send(pkt, reason)) {
		budget->sent++;
		return;
	}
	budget->lost++;
	seen->reason = 0;
}

/** A packet of a dedicated endpoint was admitted: one of RG_SEEN_SAMPLE. */
__attribute__((noinline)) int rg_seen_sample(const struct rg_packet *pkt, __u32 reason)
{
	return pkt && rg_seen_note(pkt, reason, bpf_get_smp_processor_id(),
				   bpf_ktime_get_coarse_ns() >> RG_SEEN_SHIFT);
}

#endif
