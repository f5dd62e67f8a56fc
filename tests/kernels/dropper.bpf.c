/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Another owner's program for the dispatcher: it drops UDP to port 10003, behind the filter. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <xdp/xdp_helpers.h>

#define DROPPED_PORT 10003

struct {
	__uint(priority, 60);
	__uint(XDP_PASS, 1);
} XDP_RUN_CONFIG(dropper);

SEC("xdp.frags")
int dropper(struct xdp_md *ctx)
{
	struct {
		struct ethhdr ethernet;
		struct iphdr ip;
		struct udphdr udp;
	} __attribute__((packed)) *frame = (void *)(long)ctx->data;

	if ((void *)(frame + 1) > (void *)(long)ctx->data_end || frame->ip.protocol != IPPROTO_UDP ||
	    frame->ip.ihl != 5 || frame->udp.dest != bpf_htons(DROPPED_PORT))
		return XDP_PASS;
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
