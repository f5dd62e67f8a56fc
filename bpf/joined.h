/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: joined. Does a packet hide a request behind other datagrams?
 *
 * In generic mode a program gets packets as the stack has them, and those may be several datagrams with one header
 * (UDP_SEGMENT of a sender on this machine, GRO of a device below), which are cut again behind the program. Nothing of
 * what XDP offers tells; the stack's own notes do (struct skb_shared_info), behind the packet's buffer.
 */
#ifndef RG_BPF_JOINED_H
#define RG_BPF_JOINED_H

#include <bpf/bpf_core_read.h>
#include "maps.h"
#include "packet.h"
#include "stun.h"

#define RG_JOINED_MAX 128 /* datagrams of a packet; UDP_SEGMENT makes no more */
#define RG_SMP_CACHE_BYTES 64

/* Bytes of payload of each datagram but the last; 0: it is one datagram. Generic mode is told by the queue that the
 * packet came from: it is the interface's, in native mode the driver's. */
static __always_inline __u32 rg_joined_size(struct xdp_md *ctx)
{
	const struct xdp_buff *frame = (const void *)ctx;
	const struct xdp_rxq_info *queue = BPF_CORE_READ(frame, rxq);
	const struct net_device *device = BPF_CORE_READ(queue, dev);
	const void *queues = BPF_CORE_READ(device, _rx), *end;
	__u64 from_first = (const void *)queue - queues;

	if (from_first >= BPF_CORE_READ(device, num_rx_queues) * (__u64)bpf_core_type_size(struct netdev_rx_queue))
		return 0;
	end = BPF_CORE_READ(frame, data_hard_start) + BPF_CORE_READ(frame, frame_sz) -
	      ((bpf_core_type_size(struct skb_shared_info) + RG_SMP_CACHE_BYTES - 1) & ~(RG_SMP_CACHE_BYTES - 1));
	return BPF_CORE_READ((const struct skb_shared_info *)end, gso_size);
}

/** Is any datagram of the packet but the first one a request? Whom it names is not read: nobody sends requests so. */
__attribute__((noinline)) int rg_joined_hides(struct xdp_md *ctx, const struct rg_packet *pkt)
{
	__u32 size = rg_joined_size(ctx), end = bpf_xdp_get_buff_len(ctx), at;

	if (!pkt || !size)
		return 0;
	at = pkt->payload_at;
	for (int i = 1; i <= RG_JOINED_MAX; i++) {
		struct rg_stun_head head;

		at += size;
		if (at + sizeof(head) > end)
			return 0;
		if (bpf_xdp_load_bytes(ctx, at, &head, sizeof(head)) || rg_stun_is_request(&head))
			return 1;
	}
	return 1;
}

#endif
