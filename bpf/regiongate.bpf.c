// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The filter: the stages in their order, at ingress (XDP) and at egress (tc). Needs kernel 5.18 (xdp.frags). */
#include "bpf.h"
#include "maps.h"
#define RG_FRAME_LENGTH(frame) ((frame)->is_skb ? ((struct __sk_buff *)(frame)->ctx)->len : \
					      (__u32)bpf_xdp_get_buff_len((frame)->ctx))
/* Where bytes are read from; which of both is known while compiling. */
struct rg_source { void *ctx; int is_skb; };
#define RG_XDP(source) ((struct xdp_md *)((struct rg_source *)(source))->ctx)
#define RG_SKB(source) ((struct __sk_buff *)((struct rg_source *)(source))->ctx)
#define RG_IS_SKB(source) (((struct rg_source *)(source))->is_skb)
#define RG_LOAD(source, offset, to, n) (RG_IS_SKB(source) ? \
	bpf_skb_load_bytes(RG_SKB(source), offset, to, n) : bpf_xdp_load_bytes(RG_XDP(source), offset, to, n))
/* From the linear part, where it is there; a call costs several times as much. */
#define RG_LOAD_LINEAR(begin, end, offset, to)                                                  \
	((offset) <= 0x7fff && (begin) + sizeof(*(to)) <= (end) ? (__builtin_memcpy(to, begin, sizeof(*(to))), 1) : 0)
#define RG_LOAD_SMALL(source, offset, to) ({                                                    \
	__u32 offset_ = (offset);                                                               \
	void *at_, *end_;                                                                       \
	int lost_ = 0;                                                                          \
	asm volatile("" : "+r"(offset_));                                                       \
	if (RG_IS_SKB(source)) {                                                                \
		at_ = (void *)(long)RG_SKB(source)->data + (offset_ & 0x7fff);                  \
		end_ = (void *)(long)RG_SKB(source)->data_end;                                  \
	} else {                                                                                \
		at_ = (void *)(long)RG_XDP(source)->data + (offset_ & 0x7fff);                  \
		end_ = (void *)(long)RG_XDP(source)->data_end;                                  \
	}                                                                                       \
	if (!RG_LOAD_LINEAR(at_, end_, offset_, to))                                            \
		lost_ = RG_LOAD(source, offset_, to, sizeof(*(to)));                            \
	lost_;                                                                                  \
})
#include "judge.h"
#include "route.h"
#include "ufrag.h"
#include "connection.h"
#include "answer.h"
#include "joined.h"
#include "verdict.h"
#include "trace.h"
#include "dispatch.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* A global function: the verifier checks it on its own, and what follows it once instead of
 * once for each way through the headers. */
__attribute__((noinline)) int rg_parse_frame(struct xdp_md *ctx, struct rg_packet *pkt)
{
	struct rg_frame frame = { .pos = (void *)(long)ctx->data, .end = (void *)(long)ctx->data_end,
				  .ctx = ctx };

	return pkt ? (int)rg_parse(&frame, pkt) : RG_PARSE_NOT_IP;
}

__attribute__((noinline)) int rg_parse_skb(struct __sk_buff *skb, struct rg_packet *pkt)
{
	struct rg_frame frame = { .pos = (void *)(long)skb->data, .end = (void *)(long)skb->data_end,
				  .ctx = skb, .is_skb = 1 };

	return pkt ? (int)rg_parse(&frame, pkt) : RG_PARSE_NOT_IP;
}

/* May a source route bring this packet to an endpoint other than the one it was judged for?
 * A global function: few packets pay for it, and the verifier checks it once. */
__attribute__((noinline)) int rg_route_leads_on(struct xdp_md *ctx, const struct rg_packet *pkt)
{
	const struct rg_state *state = rg_state_get();
	const struct rg_local *local;
	struct rg_addr final = {};

	if (!state || !pkt)
		return 0;
	switch (rg_route_find((void *)(long)ctx->data, (void *)(long)ctx->data_end, pkt, &final)) {
	case RG_ROUTE_NONE:
		return 0;
	case RG_ROUTE_HIDDEN:
		return (state->protocols & pkt->protocols) != 0;
	case RG_ROUTE_FINAL:
		break;
	}
	if (final.halves[0] == pkt->local.halves[0] && final.halves[1] == pkt->local.halves[1])
		return 0;
	local = rg_local_find(state, &final);
	if (!local || !(local->protocols & pkt->protocols))
		return 0;
	return pkt->stage < RG_STAGE_ENDPOINT || rg_port_value(local->table, pkt);
}

/* Refuse what was judged, if at all, for another endpoint than it ends at. */
static __always_inline __u32 rg_judge_route(struct xdp_md *ctx, struct rg_packet *pkt,
						     __u32 reason)
{
	if (!rg_route_leads_on(ctx, pkt))
		return reason;
	rg_packet_of_nobody(pkt, RG_STAGE_PARSE);
	return RG_REASON_REFUSE_UNSUPPORTED;
}

/* What is left to do when it is known how a packet was judged. @raw: before observe mode. */
static __always_inline void rg_after(const struct rg_packet *pkt, __u32 raw, __u32 reason)
{
	if (pkt->after & RG_AFTER_FRAGMENT)
		rg_fragment_remember(pkt, raw);
	if (pkt->after & RG_AFTER_BIND_ANY ||
	    (pkt->after & RG_AFTER_BIND && !rg_reason_refuses(reason) && (!pkt->leaves || rg_flow_may_leave(pkt))))
		rg_flow_bind(pkt, rg_reason_refuses(reason));
	if (pkt->after & RG_AFTER_REFRESH && pkt->stage == RG_STAGE_POLICY)
		rg_flow_refresh(pkt);
}

/* A packet to a shared endpoint: RG_NEXT, with its meeting, else a reason. */
static __always_inline __u32 rg_judge_shared(struct xdp_md *ctx, const struct rg_state *state, struct rg_packet *pkt)
{
	__u32 raw = rg_shared_find(ctx, pkt);

	if (pkt->protocol == RG_PROTO_TCP) {
		raw = rg_connection_judge(ctx, pkt, raw);
		return pkt->after & (RG_AFTER_ASK | RG_AFTER_OPEN) && !rg_connection_only_asks(ctx, pkt) ? rg_connection_refuse(pkt) : raw;
	}
	if (rg_reads_kernel && state->flags & RG_STATE_GENERIC && !rg_reason_refuses(raw) && rg_joined_hides(ctx, pkt)) {
		rg_packet_of_nobody(pkt, RG_STAGE_MEETING);
		return RG_REASON_REFUSE_MALFORMED;
	}
	return raw;
}

static __always_inline int rg_ingress(struct xdp_md *ctx)
{
	struct rg_packet pkt = { .direction = RG_INGRESS, .bytes = ctx->data_end - ctx->data };
	const struct rg_state *state = rg_state_get();
	int trace = rg_trace_flags(ctx);
	__u32 raw, reason;
	enum rg_parse parsed;

	if (!state)
		return XDP_PASS;
	pkt.dry = trace > 0;
	parsed = rg_parse_plain((void *)(long)ctx->data, (void *)(long)ctx->data_end, &pkt) ? RG_PARSE_OK :
		 rg_parse_frame(ctx, &pkt);
	if (parsed != RG_PARSE_OK) {
		raw = rg_judge_unparsed(state, &pkt, parsed);
	} else {
		raw = rg_judge_endpoint(state, &pkt);
		if (raw == RG_NEXT && pkt.endpoint)
			raw = rg_judge_shared(ctx, state, &pkt);
	}
	if (raw == RG_NEXT)
		raw = rg_judge_meeting(&pkt);
	if (pkt.route_at || pkt.hides_route)
		raw = rg_judge_route(ctx, &pkt, raw);
	if (pkt.after & RG_AFTER_OPEN && !pkt.dry)
		raw = rg_connection_open(state, &pkt, raw);
	reason = rg_verdict(state, &pkt, raw);
	if (pkt.after && !pkt.dry)
		rg_after(&pkt, raw, reason);
	if (trace >= 0)
		rg_trace_write(ctx, state, &pkt, reason);
	return rg_reason_refuses(reason) ? XDP_DROP : XDP_PASS;
}

RG_RUN_CONFIG(regiongate);

SEC("xdp.frags")
int regiongate(struct xdp_md *ctx)
{
	return rg_ingress(ctx);
}

/* Headers that the parser may read, if they are not where it can: the stack builds them in one piece,
 * what other programs hand on may be otherwise. */
#define RG_HEADERS_MAX 256
static __always_inline void rg_headers_pull(struct __sk_buff *skb)
{
	__u32 linear = (__u32)((long)skb->data_end - (long)skb->data);

	if (linear < skb->len && linear < RG_HEADERS_MAX)
		bpf_skb_pull_data(skb, skb->len < RG_HEADERS_MAX ? skb->len : RG_HEADERS_MAX);
}

/* What this host sends: the remote is the destination. A source route is this host's own, so it is not
 * looked at. */
static __always_inline int rg_egress(struct __sk_buff *skb)
{
	struct rg_packet pkt = { .direction = RG_EGRESS, .bytes = skb->len };
	const struct rg_state *state = rg_state_get();
	int trace = rg_trace_cb_flags(skb);
	__u32 raw, reason;
	enum rg_parse parsed;

	if (!state)
		return TC_ACT_UNSPEC;
	pkt.dry = trace > 0;
	rg_headers_pull(skb);
	parsed = rg_parse_skb(skb, &pkt);
	if (parsed != RG_PARSE_OK) {
		raw = rg_judge_unparsed(state, &pkt, parsed);
	} else {
		raw = rg_judge_endpoint(state, &pkt);
		if (raw == RG_NEXT && pkt.endpoint)
			raw = rg_shared_find_egress(skb, &pkt);
		if (pkt.endpoint && pkt.protocol == RG_PROTO_TCP)
			raw = rg_connection_judge_egress(skb, &pkt, raw);
	}
	if (raw == RG_NEXT)
		raw = rg_judge_meeting(&pkt);
	reason = rg_verdict(state, &pkt, raw);
	if (pkt.after && !pkt.dry)
		rg_after(&pkt, raw, reason);
	if (trace >= 0)
		rg_trace_cb_write(skb, state, &pkt, reason);
	return rg_reason_refuses(reason) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("tc")
int regiongate_egress(struct __sk_buff *skb)
{
	return rg_egress(skb);
}
