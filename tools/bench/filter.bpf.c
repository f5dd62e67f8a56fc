// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The filter as it is, behind bench_mutate; and the two floors. Each once a run, and in a
 * loop within one run, where the kernel's test harness does not come between. */
#include "../../bpf/regiongate.bpf.c"
#include "mutate.h"

SEC("xdp")
int bench_empty(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_PASS;
}

SEC("xdp.frags")
int bench_floor(struct xdp_md *ctx)
{
	return bench_mutate(ctx) ? XDP_ABORTED : XDP_PASS;
}

SEC("xdp.frags")
int bench_filter(struct xdp_md *ctx)
{
	return bench_mutate(ctx) ? XDP_ABORTED : rg_ingress(ctx);
}

SEC("xdp.frags")
int bench_floor_stun(struct xdp_md *ctx)
{
	return bench_mutate_stun(ctx) ? XDP_ABORTED : XDP_PASS;
}
SEC("xdp.frags")
int bench_filter_stun(struct xdp_md *ctx)
{
	return bench_mutate_stun(ctx) ? XDP_ABORTED : rg_ingress(ctx);
}

/* The filter cut off behind a stage, see parts.c. What the stage found is used, or clang leaves it out. */
enum { PART_PARSE, PART_ENDPOINT, PART_REGION, PART_JUDGE };
static __always_inline int bench_part(struct xdp_md *ctx, int last)
{
	struct rg_packet pkt = { .direction = RG_INGRESS, .bytes = ctx->data_end - ctx->data };
	const struct rg_state *state = rg_state_get();
	__u32 found;

	if (!state || bench_mutate(ctx))
		return XDP_ABORTED;
	if (!rg_parse_plain((void *)(long)ctx->data, (void *)(long)ctx->data_end, &pkt) &&
	    rg_parse_frame(ctx, &pkt) != RG_PARSE_OK)
		return XDP_ABORTED;
	found = pkt.local_port;
	if (last >= PART_ENDPOINT)
		found = rg_judge_endpoint(state, &pkt) ^ pkt.meeting;
	if (last == PART_REGION)
		found ^= rg_region_lookup(bpf_be64_to_cpu(pkt.remote.halves[0]), bpf_be64_to_cpu(pkt.remote.halves[1]));
	if (last == PART_JUDGE)
		found = rg_judge_meeting(&pkt);
	asm volatile("" : "+r"(found));
	return XDP_PASS;
}
#define BENCH_PART(name, last)           \
	SEC("xdp.frags")                 \
	int name(struct xdp_md *ctx)     \
	{                                \
		return bench_part(ctx, last); \
	}
BENCH_PART(bench_parse, PART_PARSE)
BENCH_PART(bench_endpoint, PART_ENDPOINT)
BENCH_PART(bench_region, PART_REGION)
BENCH_PART(bench_judge, PART_JUDGE)

#ifdef RG_GEO_LINE_AT /* of the variants, the one that has the table */
#include "least.h"
#endif

/* For interfaces: packets are as they come. */
SEC("xdp.frags")
int bench_bare(struct xdp_md *ctx)
{
	return rg_ingress(ctx);
}

/* Each packet begins when the verdict on the one before is there: which packet is next depends
 * on it, as far as the CPU can tell. Without this the CPU works on several packets at once. */
SEC("xdp.frags")
int bench_filter_chained(struct xdp_md *ctx)
{
	__u32 ret = bench_mutate(ctx) ? XDP_ABORTED : rg_ingress(ctx);
	__u32 depends = ret;

	asm volatile("" : "+r"(depends));
	bench_next += depends >> 8;
	return ret;
}

/* Global functions: the verifier checks each once, not once a turn of the loop. */
__attribute__((noinline)) int bench_nothing(struct xdp_md *ctx)
{
	int ret = XDP_PASS;

	asm volatile("" : "+r"(ret)); /* or clang leaves the call out */
	return ctx ? ret : XDP_ABORTED;
}
__attribute__((noinline)) int bench_floor_once(struct xdp_md *ctx)
{
	return bench_mutate(ctx) ? XDP_ABORTED : XDP_PASS;
}
__attribute__((noinline)) int bench_filter_once(struct xdp_md *ctx)
{
	return bench_mutate(ctx) ? XDP_ABORTED : rg_ingress(ctx);
}

#define BENCH_LOOP(name, once)                          \
	SEC("xdp.frags")                                \
	int name(struct xdp_md *ctx)                    \
	{                                               \
		int ret = XDP_PASS;                     \
		for (int i = 0; i < RG_BENCH_LOOP; i++) \
			ret |= once(ctx);               \
		return ret;                             \
	}
BENCH_LOOP(bench_empty_loop, bench_nothing)
BENCH_LOOP(bench_floor_loop, bench_floor_once)
BENCH_LOOP(bench_filter_loop, bench_filter_once)
