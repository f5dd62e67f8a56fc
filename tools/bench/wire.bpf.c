// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Traffic for an interface: live frames with new addresses, redirected into it; and the
 * cheapest program that can meet them there. */
#include "../../bpf/bpf.h"
#include "mutate.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile int wire_out; /* ifindex */

/* IPv4's, or the stack drops the packet before anybody else sees it. */
static __always_inline int set_checksum(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	const __u16 *words = (void *)ip;
	__u32 sum = 0;

	if ((void *)(ip + 1) > end)
		return -1;
	ip->check = 0;
	for (int i = 0; i < 10; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~sum;
	return 0;
}

SEC("xdp")
int wire_send(struct xdp_md *ctx)
{
	return bench_mutate_told(ctx) || set_checksum(ctx) ? XDP_ABORTED : bpf_redirect(wire_out, 0);
}

SEC("xdp")
int wire_drop(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_DROP;
}
