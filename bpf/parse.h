/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: parse. Ethernet, VLAN tags, IPv4 or IPv6 with extension headers, then
 * the ports of UDP or TCP. Fills struct rg_packet; never guesses: what it can not
 * read has a result of its own.
 *
 * Includable natively (tests/unit, fuzz): it needs only the types of bpf.h and
 * RG_FRAME_LENGTH(frame), the length of the frame with all its fragments.
 */
#ifndef RG_BPF_PARSE_H
#define RG_BPF_PARSE_H

#include "packet.h"

enum rg_parse {
	RG_PARSE_OK,          /* UDP or TCP with addresses and ports */
	RG_PARSE_NOT_IP,
	RG_PARSE_OTHER,       /* IP that can not be conference traffic: ICMP, GRE, ESP ... */
	RG_PARSE_FRAGMENT,    /* a later fragment: it has no ports */
	RG_PARSE_MALFORMED,   /* truncated or contradicting lengths; hosts drop it, too */
	RG_PARSE_UNSUPPORTED, /* beyond the bounds of rg_limits.h, or headers outside the linear part */
};

struct rg_frame {
	void *pos, *end;  /* the linear part that is left */
	void *ctx;        /* for RG_FRAME_LENGTH */
	int is_skb;       /* likewise: of the egress program */
	__u32 before;     /* bytes before pos */
};

#define RG_ETH_P_IP     0x0800
#define RG_ETH_P_IPV6   0x86dd
#define RG_ETH_P_8021Q  0x8100
#define RG_ETH_P_8021AD 0x88a8
#define RG_ETH_P_QINQ1  0x9100 /* older QinQ tag, still configured on switches */
/* IPv6 extension headers; macros in the kernel, so not in its BTF */
#define RG_IPPROTO_HOPOPTS  0
#define RG_IPPROTO_ROUTING  43
#define RG_IPPROTO_FRAGMENT 44
#define RG_IPPROTO_DSTOPTS  60
#define RG_IPPROTO_UDPLITE  136 /* RFC 3828 */
#define RG_ROUTING_RPL  3 /* RFC 6554 */
#define RG_ROUTING_SRH  4 /* RFC 8754 */
#define RG_IP_OFFSET    0x1fff
#define RG_IP_MF        0x2000
/* Where a length field is 0 because it has no room: so the stack marks what it hands on in one piece
 * (BIG TCP: at egress before it is cut, in generic mode after it was put together). No link carries
 * such frames. It is at least this long; how long exactly decides nothing. */
#define RG_LENGTH_BEYOND 0x10000

struct rg_vlan_header { __be16 tci, next; };
/* The first 8 bytes of every extension header; offset is that of a fragment header. */
struct rg_ext_header { __u8 next, length; __be16 offset; __be32 rest; };

/* ::ffff:v4. Each half of an address is one store, because it is soon loaded as one: a load of two
 * stores waits for both to leave the store buffer. */
static __always_inline void rg_addr_of_v4(__be32 v4, struct rg_addr *ret)
{
	ret->halves[0] = 0;
	ret->halves[1] = (__u64)v4 << 32 | bpf_htonl(0xffff);
}

static __always_inline void rg_addr_of_v6(const struct in6_addr *v6, struct rg_addr *ret)
{
	const __be32 *words = (const __be32 *)v6;

	ret->halves[0] = (__u64)words[1] << 32 | words[0];
	ret->halves[1] = (__u64)words[3] << 32 | words[2];
}

/* Take @n bytes of the linear part; NULL if they are not there. */
static __always_inline void *rg_frame_take(struct rg_frame *frame, __u32 n)
{
	void *at = frame->pos;

	if (at + n > frame->end)
		return NULL;
	frame->pos = at + n;
	frame->before += n;
	return at;
}

/* Bytes from pos to the frame's end. The helper call is only paid by packets
 * that claim more than the linear part holds. */
static __always_inline int rg_frame_holds(struct rg_frame *frame, __u32 n, __u32 *ret_bytes)
{
	if (frame->pos + n <= frame->end)
		return 1;
	*ret_bytes = RG_FRAME_LENGTH(frame);
	return frame->before + n <= *ret_bytes;
}

/* Where headers are not in the linear part: is the frame too short, or only split? */
static __always_inline int rg_frame_cut(struct rg_frame *frame, __u32 n)
{
	return frame->before + n > RG_FRAME_LENGTH(frame);
}

static __always_inline int rg_is_vlan(__u16 type)
{
	return type == RG_ETH_P_8021Q || type == RG_ETH_P_8021AD || type == RG_ETH_P_QINQ1;
}

/* Ethernet and its tags. @ret_type: host order, of what follows; untouched on failure. */
static __always_inline enum rg_parse rg_parse_ethernet(struct rg_frame *frame, __u16 *ret_type)
{
	struct ethhdr *eth = rg_frame_take(frame, sizeof(*eth));
	__u16 type;

	if (!eth)
		return rg_frame_cut(frame, sizeof(*eth)) ? RG_PARSE_NOT_IP : RG_PARSE_UNSUPPORTED;
	type = bpf_ntohs(eth->h_proto);
	for (int i = 0; i < RG_VLAN_TAGS_MAX && rg_is_vlan(type); i++) {
		struct rg_vlan_header *tag = rg_frame_take(frame, sizeof(*tag));

		if (!tag)
			return rg_frame_cut(frame, sizeof(*tag)) ? RG_PARSE_NOT_IP :
								   RG_PARSE_UNSUPPORTED;
		type = bpf_ntohs(tag->next);
	}
	*ret_type = type;
	return rg_is_vlan(type) ? RG_PARSE_UNSUPPORTED : RG_PARSE_OK;
}

/* UDP-Lite is judged as UDP: it shares UDP's ports, and a socket of its own on an endpoint's port
 * would otherwise receive what the endpoint refuses. Its header has a checksum's coverage in the
 * place of the length, for which hosts demand the same: none, or 8 bytes to the whole. But its socket
 * receives the whole. */
static __always_inline __u32 rg_protocols_of(__u8 protocol)
{
	return protocol == IPPROTO_UDP || protocol == RG_IPPROTO_UDPLITE ? RG_PROTO_BIT(RG_PROTO_UDP) :
	       protocol == IPPROTO_TCP ? RG_PROTO_BIT(RG_PROTO_TCP) : 0;
}

/* AH between IPv4 and the transport (RFC 4302); it may hide either protocol until it is read.
 * A second one is not looked into. @length: bytes after the IPv4 header, then after AH. */
static __always_inline enum rg_parse rg_parse_ipv4_ah(struct rg_frame *frame, struct rg_packet *pkt,
						      __u32 *length)
{
	struct rg_ext_header *ah = frame->pos;
	__u32 size;
	__u8 next;

	if ((void *)ah + 8 > frame->end)
		return *length < 8 ? RG_PARSE_MALFORMED : RG_PARSE_UNSUPPORTED;
	size = (ah->length + 2) * 4;
	next = ah->next;
	if (size > *length)
		return RG_PARSE_MALFORMED;
	if (next == IPPROTO_AH)
		return RG_PARSE_UNSUPPORTED;
	*length -= size;
	pkt->protocols = rg_protocols_of(next);
	pkt->protocol = next;
	if (!pkt->protocols)
		return RG_PARSE_OTHER;
	return rg_frame_take(frame, size) ? RG_PARSE_OK : RG_PARSE_UNSUPPORTED;
}

/* @ret_length: bytes of the transport header and payload; @ret_more: later fragments follow. */
static __always_inline enum rg_parse rg_parse_ipv4(struct rg_frame *frame, struct rg_packet *pkt,
						   __u32 *ret_length, int *ret_more)
{
	struct iphdr *ip = frame->pos;
	__u32 header, total;
	__u16 fragment;
	__u8 protocol;

	if ((void *)(ip + 1) > frame->end)
		return rg_frame_cut(frame, sizeof(*ip)) ? RG_PARSE_MALFORMED : RG_PARSE_UNSUPPORTED;
	rg_addr_of_v4(pkt->direction == RG_INGRESS ? ip->saddr : ip->daddr, &pkt->remote);
	rg_addr_of_v4(pkt->direction == RG_INGRESS ? ip->daddr : ip->saddr, &pkt->local);
	pkt->has_addresses = 1;
	header = ip->ihl * 4;
	total = bpf_ntohs(ip->tot_len);
	if (!total)
		total = RG_LENGTH_BEYOND;
	if (ip->version != 4 || header < sizeof(*ip) || total < header ||
	    !rg_frame_holds(frame, total, &pkt->bytes))
		return RG_PARSE_MALFORMED;
	protocol = ip->protocol;
	pkt->protocol = protocol;
	if (protocol != IPPROTO_AH)
		pkt->protocols = rg_protocols_of(protocol);
	if (!pkt->protocols)
		return RG_PARSE_OTHER;
	fragment = bpf_ntohs(ip->frag_off);
	if (fragment & (RG_IP_OFFSET | RG_IP_MF)) {
		pkt->fragment_id = ip->id;
		pkt->fragment_protocol = protocol;
	}
	if (fragment & RG_IP_OFFSET)
		return RG_PARSE_FRAGMENT;
	*ret_more = fragment & RG_IP_MF;
	*ret_length = total - header;
	if (header > sizeof(*ip))
		pkt->route_at = frame->before;
	if (!rg_frame_take(frame, header)) {
		pkt->hides_route = header > sizeof(*ip);
		return RG_PARSE_UNSUPPORTED;
	}
	return protocol == IPPROTO_AH ? rg_parse_ipv4_ah(frame, pkt, ret_length) : RG_PARSE_OK;
}

#define RG_IPV6_EXT_BITS (1ull << RG_IPPROTO_HOPOPTS | 1ull << RG_IPPROTO_ROUTING | \
			  1ull << RG_IPPROTO_FRAGMENT | 1ull << IPPROTO_AH | 1ull << RG_IPPROTO_DSTOPTS)

static __always_inline int rg_is_ipv6_ext(__u8 next)
{
	return next < 64 && RG_IPV6_EXT_BITS >> next & 1;
}

/* All ones if a equals b, else 0. Without a branch: the verifier follows every way through
 * the loop below, and each branch that comes back to it doubles them. */
static __always_inline __u64 rg_mask_equal(__u64 a, __u64 b)
{
	__u64 mask = (__u64)((__s64)(((a ^ b) & 0xff) - 1) >> 63);

	asm volatile("" : "+r"(mask));
	return mask;
}

/* All ones if this routing header is one that hosts follow and has segments left. */
static __always_inline __u64 rg_mask_route(const struct rg_ext_header *ext)
{
	__u16 type_and_left = bpf_ntohs(ext->offset);

	return (rg_mask_equal(type_and_left >> 8, RG_ROUTING_SRH) |
		rg_mask_equal(type_and_left >> 8, RG_ROUTING_RPL)) & ~rg_mask_equal(type_and_left, 0);
}

/* Walk the extension headers (RFC 8200, AH: RFC 4302). @next: of the IPv6 header, then the
 * transport's. @length: bytes after the IPv6 header, then after the extension headers.
 * @ret_route: offset of the last routing header to be followed, if there is one.
 * @ret_id: of the outermost fragment header, by which hosts put the datagram together. */
static __always_inline enum rg_parse rg_parse_ipv6_ext(struct rg_frame *frame, __u8 *next, __u32 *length,
						       int *ret_more, __u64 *ret_route, __u64 *ret_id)
{
	__u64 none_yet = ~0ull;

	for (int i = 0; i < RG_IPV6_EXT_MAX; i++) {
		struct rg_ext_header *ext = frame->pos;
		__u64 ah, fragment, route, offset;
		__u32 size;

		if (!rg_is_ipv6_ext(*next))
			return RG_PARSE_OK;
		if ((void *)(ext + 1) > frame->end)
			return *length < sizeof(*ext) ? RG_PARSE_MALFORMED : RG_PARSE_UNSUPPORTED;
		ah = rg_mask_equal(*next, IPPROTO_AH);
		fragment = rg_mask_equal(*next, RG_IPPROTO_FRAGMENT);
		/* in units of 8 bytes, AH in units of 4 and of 8 bytes more; a fragment header has 8 */
		size = (((ext->length & ~fragment) + 1 + (ah & 1)) << 3) >> (ah & 1);
		if (size > *length)
			return RG_PARSE_MALFORMED;
		route = rg_mask_equal(*next, RG_IPPROTO_ROUTING) & rg_mask_route(ext);
		*ret_route = (*ret_route & ~route) | (frame->before & route);
		offset = bpf_ntohs(ext->offset) & fragment;
		*ret_id |= ext->rest & fragment & none_yet;
		none_yet &= ~fragment;
		*next = ext->next;
		if (offset & 0xfff8)
			return RG_PARSE_FRAGMENT;
		*ret_more |= offset & 1;
		*length -= size;
		/* clang knows that the mask changes nothing and drops it; the verifier of 6.1 does not
		 * know, and wants it (test_path on that kernel) */
		asm volatile("" : "+r"(size));
		if (!rg_frame_take(frame, size & 0xfff))
			return RG_PARSE_UNSUPPORTED;
	}
	return rg_is_ipv6_ext(*next) ? RG_PARSE_UNSUPPORTED : RG_PARSE_OK;
}

static __always_inline enum rg_parse rg_parse_ipv6(struct rg_frame *frame, struct rg_packet *pkt,
						   __u32 *ret_length, int *ret_more)
{
	struct ipv6hdr *ip = rg_frame_take(frame, sizeof(*ip));
	enum rg_parse result = RG_PARSE_OK;
	__u64 route = 0, id = 0;
	__u8 next;

	if (!ip)
		return rg_frame_cut(frame, sizeof(*ip)) ? RG_PARSE_MALFORMED : RG_PARSE_UNSUPPORTED;
	rg_addr_of_v6(pkt->direction == RG_INGRESS ? &ip->saddr : &ip->daddr, &pkt->remote);
	rg_addr_of_v6(pkt->direction == RG_INGRESS ? &ip->daddr : &ip->saddr, &pkt->local);
	pkt->has_addresses = 1;
	next = ip->nexthdr;
	*ret_length = bpf_ntohs(ip->payload_len);
	if (ip->version != 6)
		return RG_PARSE_MALFORMED;
	if (!*ret_length && next == RG_IPPROTO_HOPOPTS) { /* jumbogram, RFC 2675: the frame tells */
		pkt->bytes = RG_FRAME_LENGTH(frame);
		*ret_length = pkt->bytes - frame->before;
	} else if (!*ret_length) {
		*ret_length = rg_frame_holds(frame, RG_LENGTH_BEYOND, &pkt->bytes) ? RG_LENGTH_BEYOND : 0;
	} else if (!rg_frame_holds(frame, *ret_length, &pkt->bytes)) {
		return RG_PARSE_MALFORMED;
	}
	if (rg_is_ipv6_ext(next))
		result = rg_parse_ipv6_ext(frame, &next, ret_length, ret_more, &route, &id);
	pkt->route_at = route;
	pkt->fragment_id = id;
	/* a chain that goes on where this cannot look: in the next fragment, for example */
	pkt->hides_route = result == RG_PARSE_UNSUPPORTED || (result == RG_PARSE_MALFORMED && *ret_more);
	if (rg_is_ipv6_ext(next)) /* ends inside the chain: it may hide either protocol */
		return result;
	pkt->protocols = rg_protocols_of(next);
	pkt->protocol = next;
	return pkt->protocols ? result : RG_PARSE_OTHER;
}

/* The ports. Lengths are compared only where the whole datagram is in this packet. */
static __always_inline enum rg_parse rg_parse_transport(struct rg_frame *frame, struct rg_packet *pkt,
							__u32 length, int more)
{
	int udp = pkt->protocols == RG_PROTO_BIT(RG_PROTO_UDP);
	__u32 need = udp ? sizeof(struct udphdr) : sizeof(struct tcphdr), claimed, payload_end = length;
	__be16 source, dest;
	void *at = frame->pos;

	if (length < need)
		return RG_PARSE_MALFORMED;
	if (udp) {
		struct udphdr *header = at;

		if ((void *)(header + 1) > frame->end)
			return RG_PARSE_UNSUPPORTED;
		source = header->source;
		dest = header->dest;
		claimed = bpf_ntohs(header->len);
		if (!claimed) /* UDP in a jumbogram; elsewhere hosts drop it */
			claimed = length;
		if (claimed < length && pkt->protocol != RG_IPPROTO_UDPLITE)
			payload_end = claimed;
	} else {
		struct tcphdr *header = at;

		if ((void *)(header + 1) > frame->end)
			return RG_PARSE_UNSUPPORTED;
		source = header->source;
		dest = header->dest;
		claimed = need = header->doff * 4;
		if (need < sizeof(*header))
			return RG_PARSE_MALFORMED;
	}
	if (claimed < need || (claimed > length && !more))
		return RG_PARSE_MALFORMED;
	pkt->protocol = udp ? RG_PROTO_UDP : RG_PROTO_TCP;
	pkt->remote_port = bpf_ntohs(pkt->direction == RG_INGRESS ? source : dest);
	pkt->local_port = bpf_ntohs(pkt->direction == RG_INGRESS ? dest : source);
	pkt->transport_at = frame->before;
	pkt->payload_at = frame->before + need;
	pkt->payload = payload_end > need ? payload_end - need : 0;
	pkt->more = more != 0;
	return RG_PARSE_OK;
}

/** The common frame, which costs a call less: Ethernet without tags, IPv4 without options or IPv6 without
 *  extension headers, and one whole datagram of UDP, all in the linear part. 1: it is one, and @pkt is filled as
 *  rg_parse() fills it; 0: @pkt is untouched. @pkt: as for rg_parse(). */
static __always_inline int rg_parse_plain(void *data, void *end, struct rg_packet *pkt)
{
	const struct ethhdr *eth = data;
	const struct udphdr *udp;
	struct rg_addr source, dest;
	__u32 before, length, claimed;

	if (data + sizeof(*eth) + sizeof(struct iphdr) + sizeof(*udp) > end)
		return 0;
	if (eth->h_proto == bpf_htons(RG_ETH_P_IP)) {
		const struct iphdr *ip = data + sizeof(*eth);

		length = bpf_ntohs(ip->tot_len);
		if (*(const __u8 *)ip != 0x45 || length < sizeof(*ip) || ip->protocol != IPPROTO_UDP ||
		    ip->frag_off & bpf_htons(RG_IP_OFFSET | RG_IP_MF))
			return 0;
		before = sizeof(*eth) + sizeof(*ip);
		length -= sizeof(*ip);
		udp = (const void *)(ip + 1);
		rg_addr_of_v4(ip->saddr, &source);
		rg_addr_of_v4(ip->daddr, &dest);
	} else {
		const struct ipv6hdr *ip = data + sizeof(*eth);

		udp = (const void *)(ip + 1);
		if (eth->h_proto != bpf_htons(RG_ETH_P_IPV6) || (void *)(udp + 1) > end ||
		    *(const __u8 *)ip >> 4 != 6 || ip->nexthdr != IPPROTO_UDP)
			return 0;
		before = sizeof(*eth) + sizeof(*ip);
		length = bpf_ntohs(ip->payload_len);
		rg_addr_of_v6(&ip->saddr, &source);
		rg_addr_of_v6(&ip->daddr, &dest);
	}
	claimed = bpf_ntohs(udp->len);
	if (claimed < sizeof(*udp) || claimed > length || (void *)udp + length > end)
		return 0;
	pkt->protocols = RG_PROTO_BIT(RG_PROTO_UDP);
	pkt->protocol = RG_PROTO_UDP;
	pkt->has_addresses = 1;
	pkt->network_offset = sizeof(*eth);
	pkt->remote = pkt->direction == RG_INGRESS ? source : dest;
	pkt->local = pkt->direction == RG_INGRESS ? dest : source;
	pkt->remote_port = bpf_ntohs(pkt->direction == RG_INGRESS ? udp->source : udp->dest);
	pkt->local_port = bpf_ntohs(pkt->direction == RG_INGRESS ? udp->dest : udp->source);
	pkt->transport_at = before;
	pkt->payload_at = before + sizeof(*udp);
	pkt->payload = claimed - sizeof(*udp);
	return 1;
}

/* Go on from the network header by its offset as read back from memory. Nothing changes for the
 * packet, but the verifier (all kernels, any clang) knows the number of tags no more, and so checks
 * what follows once instead of once for each number: 235k instructions become 50k. */
static __always_inline void rg_forget_tags(struct rg_frame *frame, struct rg_packet *pkt)
{
	__u32 offset;

	_Static_assert(sizeof(struct ethhdr) + RG_VLAN_TAGS_MAX * sizeof(struct rg_vlan_header) < 64, "mask");
	pkt->network_offset = frame->before;
	offset = *(volatile __u8 *)&pkt->network_offset & 63;
	frame->pos = frame->pos - frame->before + offset;
	frame->before = offset;
}

/** Parse a frame. @pkt: zeroed but for direction and bytes. pkt->protocols holds the
 *  protocols that the packet may have, also when the result is not RG_PARSE_OK. */
static __always_inline enum rg_parse rg_parse(struct rg_frame *frame, struct rg_packet *pkt)
{
	enum rg_parse result;
	__u32 length = 0;
	int more = 0;
	__u16 type;

	pkt->protocols = RG_PROTO_BIT(RG_PROTO_UDP) | RG_PROTO_BIT(RG_PROTO_TCP);
	result = rg_parse_ethernet(frame, &type);
	if (result != RG_PARSE_OK)
		return result;
	rg_forget_tags(frame, pkt);
	if (type == RG_ETH_P_IP)
		result = rg_parse_ipv4(frame, pkt, &length, &more);
	else if (type == RG_ETH_P_IPV6)
		result = rg_parse_ipv6(frame, pkt, &length, &more);
	else
		return RG_PARSE_NOT_IP;
	if (result != RG_PARSE_OK)
		return result;
	return rg_parse_transport(frame, pkt, length, more);
}

#endif
