/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What explain, replay and the tests learn from a run: see struct rg_trace. */
#ifndef RG_BPF_TRACE_H
#define RG_BPF_TRACE_H

#include "maps.h"
#include "packet.h"

static __always_inline void rg_trace_fill(struct rg_trace *trace, const struct rg_state *state,
					  const struct rg_packet *pkt, __u32 reason)
{
	trace->meeting = pkt->meeting;
	trace->policy = pkt->policy;
	trace->region = pkt->region;
	trace->reason = reason;
	trace->stage = pkt->stage;
	trace->generation = state->geo_generation;
	trace->endpoint = pkt->endpoint;
	trace->tie = pkt->tie;
}

/* Ingress: in the metadata in front of the packet. */
static __always_inline struct rg_trace *rg_trace_at(struct xdp_md *ctx)
{
	struct rg_trace *trace = (void *)(long)ctx->data_meta;

	return (void *)(trace + 1) > (void *)(long)ctx->data ? NULL : trace;
}

/** Flags of the trace in front of the packet, -1 if there is none (every real packet). */
static __always_inline int rg_trace_flags(struct xdp_md *ctx)
{
	struct rg_trace *trace = rg_trace_at(ctx);

	if (!trace || trace->cookie != rg_cookie)
		return -1;
	return trace->flags & RG_TRACE_DRY;
}

static __always_inline void rg_trace_write(struct xdp_md *ctx, const struct rg_state *state,
					   const struct rg_packet *pkt, __u32 reason)
{
	struct rg_trace *trace = rg_trace_at(ctx);

	if (trace)
		rg_trace_fill(trace, state, pkt, reason);
}

/* Egress: in skb->cb, which has no room for all of it at once: see rg_abi.h. */
static __always_inline int rg_trace_cb_flags(const struct __sk_buff *skb)
{
	if ((skb->cb[0] | (__u64)skb->cb[1] << 32) != rg_cookie)
		return -1;
	return skb->cb[2] & RG_TRACE_DRY;
}

static __always_inline void rg_trace_cb_write(struct __sk_buff *skb, const struct rg_state *state,
					      const struct rg_packet *pkt, __u32 reason)
{
	skb->cb[0] = pkt->meeting;
	skb->cb[1] = pkt->policy;
	skb->cb[2] = pkt->region | reason << 16 | (__u32)pkt->stage << 24;
	skb->cb[3] = state->geo_generation;
	skb->cb[4] = pkt->endpoint | (__u32)pkt->tie << 16;
}

#endif
