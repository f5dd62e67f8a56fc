/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: flow. Which meeting does a packet to a shared endpoint belong to?
 *
 * A Binding Request tells it by the ufrag that it names, and if it is admitted (or the endpoint admits
 * what is unbound) its flow remembers the binding of that ufrag. All other packets have the meeting of
 * their flow. What is unbound (no flow, an unknown ufrag) is judged as the endpoint says. */
#ifndef RG_BPF_FLOW_H
#define RG_BPF_FLOW_H

#include "maps.h"
#include "packet.h"

#define RG_SECOND 1000000000ull

static __always_inline __u32 rg_now(void)
{
	return bpf_ktime_get_coarse_ns() / RG_SECOND;
}

static __always_inline void rg_flow_key_of(const struct rg_packet *pkt, struct rg_flow_key *ret)
{
	ret->remote = pkt->remote;
	ret->remote_port = pkt->remote_port;
	ret->local_port = pkt->local_port;
	ret->endpoint = pkt->endpoint;
	ret->protocol = pkt->protocol == RG_PROTO_TCP ? IPPROTO_TCP : IPPROTO_UDP;
	ret->pad = 0;
}

/* Meeting and serial of a binding, of one moment; 0 if it is free. */
static __always_inline __u64 rg_binding_word(__u32 number)
{
	const struct rg_binding *binding = bpf_map_lookup_elem(&rg_bindings, &number);
	__u64 word = binding ? *(const volatile __u64 *)binding : 0;

	return (__u32)word ? word : 0;
}

/* The region that the flow remembers, if the table that it comes from is in force. */
static __always_inline void rg_flow_region(const struct rg_state *state, const struct rg_flow *flow,
					   struct rg_packet *pkt)
{
	__u64 cached = *(const volatile __u64 *)&flow->region;

	pkt->generation = state->geo_generation;
	if (cached >> 32 == pkt->generation) {
		pkt->region = cached & rg_region_mask;
		pkt->region_known = 1;
	} else {
		pkt->after |= RG_AFTER_REFRESH;
	}
}

/* What holds where no meeting is found. */
static __always_inline __u32 rg_unbound(const struct rg_packet *pkt, __u32 otherwise)
{
	__u32 number = pkt->endpoint;
	const struct rg_shared *shared = bpf_map_lookup_elem(&rg_shared, &number);

	return shared && shared->flags & RG_SHARED_ADMIT_UNBOUND ? RG_REASON_ADMIT_FLOW_UNBOUND : otherwise;
}

/** The meeting of a packet by its flow: RG_NEXT if there is one, else a reason. */
static __always_inline __u32 rg_flow_find(const struct rg_state *state, struct rg_packet *pkt)
{
	struct rg_flow_key key;
	const struct rg_flow *flow;
	__u64 word;

	rg_flow_key_of(pkt, &key);
	flow = bpf_map_lookup_elem(&rg_flows, &key);
	if (flow) {
		word = rg_binding_word(flow->binding);
		if (word && word >> 32 == flow->serial) {
			pkt->meeting = word;
			pkt->tie = RG_TIE_FLOW;
			rg_flow_region(state, flow, pkt);
			return RG_NEXT;
		}
	}
	/* without a payload it tells the server nothing; without it no connection could begin */
	if (pkt->protocol == RG_PROTO_TCP && !pkt->payload && !pkt->more)
		return RG_REASON_ADMIT_FLOW_UNBOUND;
	return rg_unbound(pkt, RG_REASON_REFUSE_UNBOUND);
}

/* The meeting that holds a flow; 0 if there is none. */
static __always_inline __u32 rg_flow_holder(const struct rg_flow *flow)
{
	__u64 word = flow ? rg_binding_word(flow->binding) : 0;

	return word && word >> 32 == flow->serial ? word : 0;
}

/* A request is to bind its flow: if it is admitted, or in any case where unbound packets pass, or what its
 * sender sends besides would pass. But a refused one takes no flow from the meeting that holds it: that one's
 * policy judges it already. */
static __always_inline void rg_flow_to_bind(struct rg_packet *pkt, const struct rg_flow *flow)
{
	__u32 holder = rg_flow_holder(flow);

	pkt->after |= !holder && rg_unbound(pkt, RG_NEXT) != RG_NEXT ? RG_AFTER_BIND_ANY : RG_AFTER_BIND;
	if (holder && holder != pkt->meeting && !(flow->region & RG_FLOW_NEVER_ADMITTED))
		pkt->leaves = holder;
}

/** The meeting of a request by the binding that it names: RG_NEXT, else a reason. */
static __always_inline __u32 rg_flow_named(const struct rg_state *state, struct rg_packet *pkt, __u32 number)
{
	__u64 word = number ? rg_binding_word(number) : 0;
	struct rg_flow_key key;
	struct rg_flow *flow;

	if (!word)
		return rg_unbound(pkt, RG_REASON_REFUSE_UNKNOWN_UFRAG);
	pkt->meeting = word;
	pkt->tie = RG_TIE_UFRAG;
	pkt->binding = number;
	pkt->serial = word >> 32;
	rg_flow_key_of(pkt, &key);
	flow = bpf_map_lookup_elem(&rg_flows, &key);
	if (flow && flow->binding == number && flow->serial == word >> 32) {
		if (!pkt->dry)
			flow->seen = rg_now();
		if (!(flow->region & RG_FLOW_NEVER_ADMITTED)) {
			rg_flow_region(state, flow, pkt);
			return RG_NEXT;
		}
	}
	pkt->generation = state->geo_generation;
	rg_flow_to_bind(pkt, flow);
	return RG_NEXT;
}

/* May this binding, and this source by it, make one more flow? Races between CPUs make the bounds a
 * little wider or tighter, and nothing else. */
static __always_inline int rg_flow_allowed(const struct rg_packet *pkt, __u32 now)
{
	__u32 number = pkt->binding; /* of the stack: the verifier of 6.1 takes no other key (test_shared there) */
	struct rg_binding *binding = bpf_map_lookup_elem(&rg_bindings, &number);
	/* IPv6: by /64, of which anybody has a whole one; but many IPv4 addresses are in one of NAT64 */
	__u64 hi = pkt->remote.halves[0], source = hi && hi != bpf_cpu_to_be64(0x0064ff9b00000000ull) ? hi :
						    pkt->remote.halves[1];
	/* the cookie: nobody outside knows who shares a bucket with whom */
	__u32 bucket = (source ^ rg_cookie ^ (__u64)number << 32 ^ number) * 0x9e3779b97f4a7c15ull >> 48;
	struct rg_bind_rate *rate;
	__u32 elapsed, tokens, taken;

	_Static_assert(RG_BIND_RATES == 1 << 16, "16 bits of the hash");
	rate = bpf_map_lookup_elem(&rg_bind_rates, &bucket);
	if (!binding || !rate)
		return 0;
	tokens = binding->tokens;
	elapsed = now - binding->filled;
	if (elapsed) {
		tokens += elapsed < RG_BIND_BURST / RG_BIND_PER_SECOND ? elapsed * RG_BIND_PER_SECOND : RG_BIND_BURST;
		if (tokens > RG_BIND_BURST)
			tokens = RG_BIND_BURST;
		binding->filled = now;
	}
	taken = rate->taken;
	elapsed = (__u16)(now - rate->at) * RG_BIND_SOURCE_PER_SECOND;
	taken = taken > elapsed ? taken - elapsed : 0;
	rate->at = now;
	if (tokens && taken < RG_BIND_SOURCE_BURST) {
		tokens--;
		rate->taken = taken + 1;
		binding->tokens = tokens;
		return 1;
	}
	rate->taken = taken;
	binding->tokens = tokens;
	return 0;
}

/* Returns whether it is remembered. */
static __always_inline int rg_flow_write(const struct rg_packet *pkt, __u32 refused)
{
	struct rg_flow flow = { .seen = rg_now() };
	struct rg_flow_key key;

	rg_flow_key_of(pkt, &key);
	flow.meeting = pkt->meeting;
	flow.binding = pkt->binding;
	flow.serial = pkt->serial;
	flow.region = (__u64)pkt->generation << 32 | pkt->region | (refused ? RG_FLOW_NEVER_ADMITTED : 0);
	return !bpf_map_update_elem(&rg_flows, &key, &flow, BPF_ANY);
}

/** When a request is judged: remember its flow, or the flow's new binding. */
__attribute__((noinline)) int rg_flow_bind(const struct rg_packet *pkt, __u32 refused)
{
	return pkt && rg_flow_allowed(pkt, rg_now()) && rg_flow_write(pkt, refused);
}

/** After it, for a flow that remembers the region of a table of before. */
__attribute__((noinline)) int rg_flow_refresh(const struct rg_packet *pkt)
{
	struct rg_flow_key key;
	struct rg_flow *flow;

	if (!pkt)
		return 0;
	rg_flow_key_of(pkt, &key);
	flow = bpf_map_lookup_elem(&rg_flows, &key);
	if (flow)
		*(volatile __u64 *)&flow->region = (__u64)pkt->generation << 32 | pkt->region |
						   (flow->region & RG_FLOW_NEVER_ADMITTED);
	return 0;
}

#endif
