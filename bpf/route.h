/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: route. Where does a source-routed packet end?
 *
 * A host that is set up to follow source routes (the sysctls accept_source_route of IPv4,
 * seg6_enabled and rpl_seg_enabled of IPv6; all off by default) delivers such a packet to the
 * last address of the route, not to the destination in the header: another address of its
 * own, and so another endpoint, can be that last one.
 *
 * Includable natively, as parse.h is.
 */
#ifndef RG_BPF_ROUTE_H
#define RG_BPF_ROUTE_H

#include "parse.h"

enum rg_route {
	RG_ROUTE_NONE,   /* it ends at its destination */
	RG_ROUTE_FINAL,  /* it ends at the address found */
	RG_ROUTE_HIDDEN, /* it may end anywhere */
};

#define RG_IPOPT_END  0
#define RG_IPOPT_NOP  1
#define RG_IPOPT_LSRR 131
#define RG_IPOPT_SSRR 137
#define RG_IPOPTS_MAX 40 /* bytes, and so options */

/* The option of RFC 791: type, length, pointer, addresses; done when the pointer is beyond it. */
static __always_inline enum rg_route rg_route_ipv4(const __u8 *ip, const void *end, struct rg_addr *ret)
{
	__u32 header = (*ip & 15) * 4, at = sizeof(struct iphdr);

	for (int i = 0; i < RG_IPOPTS_MAX; i++) {
		const __u8 *option = ip + (at & 63), *last;
		__u32 kind, length;

		if (at + 3 > header || (void *)(option + 3) > end || option[0] == RG_IPOPT_END)
			return RG_ROUTE_NONE;
		kind = option[0];
		length = kind == RG_IPOPT_NOP ? 1 : option[1];
		at += length;
		if (!length || at > header) /* hosts drop it */
			return RG_ROUTE_NONE;
		if (kind != RG_IPOPT_LSRR && kind != RG_IPOPT_SSRR)
			continue;
		last = ip + ((at - 4) & 63);
		if (length < 7 || option[2] > length || (void *)(last + 4) > end)
			return RG_ROUTE_NONE;
		ret->halves[0] = 0;
		ret->words[2] = bpf_htonl(0xffff);
		__builtin_memcpy(&ret->words[3], last, 4);
		return RG_ROUTE_FINAL;
	}
	return RG_ROUTE_NONE;
}

/* Of a segment routing header: its first segment is the last one of the way. */
static __always_inline enum rg_route rg_route_ipv6(const __u8 *header, const void *end, struct rg_addr *ret)
{
	if ((void *)(header + 24) > end || header[2] != RG_ROUTING_SRH) /* RPL packs its addresses */
		return RG_ROUTE_HIDDEN;
	__builtin_memcpy(ret, header + 8, sizeof(*ret));
	return RG_ROUTE_FINAL;
}

/** Where a parsed packet ends, which has route_at or hides_route. @start, @end: the frame's linear
 *  part. @ret is filled for RG_ROUTE_FINAL. */
static __always_inline enum rg_route rg_route_find(const void *start, const void *end,
						   const struct rg_packet *pkt, struct rg_addr *ret)
{
	const __u8 *at = start + (pkt->route_at & 0x7fff);

	if (pkt->hides_route)
		return RG_ROUTE_HIDDEN;
	if ((void *)(at + sizeof(struct iphdr)) > end)
		return RG_ROUTE_HIDDEN;
	/* a routing header stands behind the IPv6 header, options in the IPv4 header */
	return pkt->route_at == pkt->network_offset ? rg_route_ipv4(at, end, ret) :
						      rg_route_ipv6(at, end, ret);
}

#endif
