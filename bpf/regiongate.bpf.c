// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The filter: the stages in their order. Needs kernel 5.18 (xdp.frags). */
#include "bpf.h"
#include "maps.h"
#define RG_FRAME_LENGTH(frame) ((__u32)bpf_xdp_get_buff_len((frame)->ctx))
#include "parse.h"
#include "route.h"
#include "endpoint.h"
#include "geo_map.h"
#include "policy.h"
#include "verdict.h"
#include "trace.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* A global function: the verifier checks it on its own, and what follows it once instead of
 * once for each way through the headers. */
__attribute__((noinline)) int rg_parse_frame(struct xdp_md *ctx, struct rg_packet *pkt)
{
	struct rg_frame frame = { .pos = (void *)(long)ctx->data, .end = (void *)(long)ctx->data_end,
				  .ctx = ctx };

	return pkt ? (int)rg_parse(&frame, pkt) : RG_PARSE_NOT_IP;
}

/* A packet that could not be classified: refused where it may be meant for an endpoint. */
static __always_inline enum rg_reason rg_judge_unparsed(const struct rg_state *state,
							const struct rg_packet *pkt,
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
	return parsed == RG_PARSE_FRAGMENT ? RG_REASON_REFUSE_FRAGMENT :
	       parsed == RG_PARSE_MALFORMED ? RG_REASON_REFUSE_MALFORMED :
	       RG_REASON_REFUSE_UNSUPPORTED;
}

static __always_inline enum rg_reason rg_judge(const struct rg_state *state, struct xdp_md *ctx,
					       struct rg_packet *pkt)
{
	enum rg_parse parsed = rg_parse_frame(ctx, pkt);
	const struct rg_meeting *entry;
	struct rg_meeting meeting;

	if (parsed != RG_PARSE_OK)
		return rg_judge_unparsed(state, pkt, parsed);

	pkt->stage = RG_STAGE_ENDPOINT;
	pkt->meeting = rg_endpoint_meeting(state, rg_local_find(state, &pkt->local), pkt);
	if (!pkt->meeting)
		return RG_REASON_PASS_NOT_CONFERENCE;
	entry = bpf_map_lookup_elem(&rg_meetings, &pkt->meeting);
	if (!entry)
		return RG_REASON_PASS_NOT_CONFERENCE;
	meeting.word = *(volatile const __u64 *)&entry->word;
	if (!meeting.policy)
		return RG_REASON_PASS_NOT_CONFERENCE;
	pkt->policy = meeting.policy;
	pkt->meeting_flags = meeting.flags;

	pkt->stage = RG_STAGE_REGION;
	pkt->region = rg_region_lookup(bpf_be64_to_cpu(pkt->remote.halves[0]),
				       bpf_be64_to_cpu(pkt->remote.halves[1]));

	pkt->stage = RG_STAGE_POLICY;
	return rg_policy_judge(pkt);
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
	return pkt->stage < RG_STAGE_ENDPOINT || rg_port_meeting(local->table, pkt);
}

/* Refuse what was judged, if at all, for another endpoint than it ends at. */
static __always_inline enum rg_reason rg_judge_route(struct xdp_md *ctx, struct rg_packet *pkt,
						     enum rg_reason reason)
{
	if (!rg_route_leads_on(ctx, pkt))
		return reason;
	pkt->stage = RG_STAGE_PARSE;
	pkt->meeting = pkt->policy = pkt->meeting_flags = pkt->region = 0;
	return RG_REASON_REFUSE_UNSUPPORTED;
}

static __always_inline int rg_ingress(struct xdp_md *ctx)
{
	struct rg_packet pkt = { .direction = RG_INGRESS, .bytes = ctx->data_end - ctx->data };
	const struct rg_state *state = rg_state_get();
	int trace = rg_trace_flags(ctx);
	__u32 reason;

	if (!state)
		return XDP_PASS;
	reason = rg_judge(state, ctx, &pkt);
	if (pkt.route_at || pkt.hides_route)
		reason = rg_judge_route(ctx, &pkt, reason);
	reason = rg_verdict(state, &pkt, reason, trace >= 0 && trace & RG_TRACE_DRY);
	if (trace >= 0)
		rg_trace_write(ctx, state, &pkt, reason);
	return rg_reason_refuses(reason) ? XDP_DROP : XDP_PASS;
}

SEC("xdp.frags")
int regiongate(struct xdp_md *ctx)
{
	return rg_ingress(ctx);
}
