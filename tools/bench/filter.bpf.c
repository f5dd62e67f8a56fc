// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The filter as it is, behind bench_mutate; and the two floors. */
#include "../../bpf/regiongate.bpf.c"
#include "mutate.h"

SEC("xdp")
int bench_empty(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_PASS;
}

SEC("xdp")
int bench_floor(struct xdp_md *ctx)
{
	return bench_mutate(ctx) ? XDP_ABORTED : XDP_PASS;
}

SEC("xdp.frags")
int bench_filter(struct xdp_md *ctx)
{
	return bench_mutate(ctx) ? XDP_ABORTED : rg_ingress(ctx);
}
