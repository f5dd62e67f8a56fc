/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The least that a filter of this kind must do, were its parser and its search perfect: read the
 * addresses and ports of a plain UDP packet, and touch one line of each table, which are told in the
 * payload where a search would find them: the port's, the meeting's, a root node's, that of the ranges,
 * the policy's, the counters'. Its verdicts are right. */
#ifndef RG_BENCH_LEAST_H
#define RG_BENCH_LEAST_H

static __always_inline int least_parse(struct xdp_md *ctx, struct rg_packet *pkt)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct udphdr *udp;

	if (data + sizeof(*eth) + sizeof(struct ipv6hdr) + sizeof(*udp) > end)
		return -1;
	if (eth->h_proto == bpf_htons(RG_ETH_P_IP)) {
		struct iphdr *ip = data + sizeof(*eth);

		rg_addr_of_v4(ip->saddr, &pkt->remote);
		rg_addr_of_v4(ip->daddr, &pkt->local);
		udp = (void *)(ip + 1);
	} else {
		struct ipv6hdr *ip = data + sizeof(*eth);

		rg_addr_of_v6(&ip->saddr, &pkt->remote);
		rg_addr_of_v6(&ip->daddr, &pkt->local);
		udp = (void *)(ip + 1);
	}
	pkt->remote_port = bpf_ntohs(udp->source);
	pkt->local_port = bpf_ntohs(udp->dest);
	return 0;
}

static __always_inline __u32 least_region(const struct rg_packet *pkt, __u64 told)
{
	__u64 hi = bpf_be64_to_cpu(pkt->remote.halves[0]), lo = bpf_be64_to_cpu(pkt->remote.halves[1]);
	__u32 zero = 0, root = hi ? RG_GEO_ROOT6 + (__u32)(hi >> (64 - RG_GEO_ROOT6_BITS)) :
				    RG_GEO_ROOT4 + ((__u32)lo >> (32 - RG_GEO_ROOT4_BITS));
	void *geo = bpf_map_lookup_elem(&rg_geo, &zero);
	const __u32 *node = geo ? rg_geo_node(geo, root) : NULL;
	const __u64 *line;
	__u64 depends;

	if (!node)
		return 0;
	depends = *(const volatile __u32 *)node;
	asm volatile("%0 &= 0" : "+r"(depends)); /* where the line is, the node tells */
	line = rg_geo_line(geo, (__u32)(told >> 32) + (__u32)depends);
	if (!line)
		return 0;
	depends = *(const volatile __u64 *)line;
	asm volatile("%0 &= 0" : "+r"(depends));
	return ((__u32)told + (__u32)depends) & rg_region_mask;
}

static __always_inline int bench_least_of(struct xdp_md *ctx)
{
	struct rg_packet pkt = { .direction = RG_INGRESS, .bytes = ctx->data_end - ctx->data };
	const struct rg_state *state = rg_state_get();
	const union rg_meeting_word *word;
	const __u64 *told = bench_told_at(ctx);
	__u64 found;
	__u32 reason;

	if (!state || !told || least_parse(ctx, &pkt))
		return XDP_ABORTED;
	found = *told;
	pkt.meeting = rg_endpoint_value(state, rg_local_find(state, &pkt.local), &pkt);
	word = bpf_map_lookup_elem(&rg_mtg_words, &pkt.meeting);
	if (!word)
		return XDP_ABORTED;
	pkt.policy = word->policy;
	rg_stat_begin(&pkt);
	pkt.region = least_region(&pkt, found);
	reason = rg_policy_judge(&pkt);
	rg_count_reason(reason, pkt.bytes);
	rg_count_meeting(&pkt, reason);
	return rg_reason_refuses(reason) ? XDP_DROP : XDP_PASS;
}
SEC("xdp.frags")
int bench_least(struct xdp_md *ctx)
{
	return bench_mutate_told(ctx) ? XDP_ABORTED : bench_least_of(ctx);
}
SEC("xdp.frags")
int bench_least_bare(struct xdp_md *ctx)
{
	return bench_least_of(ctx);
}

#endif
