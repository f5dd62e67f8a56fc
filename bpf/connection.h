/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: connection. Which meeting did a TCP connection begin with?
 *
 * A server that listens for ICE-TCP (RFC 6544) gives a connection to the transport that its first frame names, and
 * leaves it there. So nobody may have the server read another first frame than this filter did: what a
 * segment seems to say counts only if the server's TCP takes it, and in the place that it takes it for. The
 * kernel's own socket tells: until it has taken a byte, only a segment passes that begins where the stream
 * does and holds the whole of an admitted request; and the connection stays with the meeting of that one.
 *
 * Where no socket of this network namespace has the connection or listens for it (the server is in a container
 * behind address translation, for example), there is nobody to ask: such segments are judged by their flow alone.
 */
#ifndef RG_BPF_CONNECTION_H
#define RG_BPF_CONNECTION_H

#include <bpf/bpf_core_read.h>
#include "flow.h"
#include "judge.h"

#define RG_TCP_SYN 0x02
#define RG_TCP_URG 0x20

/* What the server's TCP knows of a connection. */
enum rg_tcp {
	RG_TCP_NOWHERE, /* no socket here */
	RG_TCP_UNKNOWN, /* there is one, but it does not tell: it listens only, is over, or is of MPTCP */
	RG_TCP_FRESH,   /* it has taken nothing yet */
	RG_TCP_TAKEN,   /* something */
};

/* From its sequence number on, as on the wire. */
struct rg_tcp_head {
	__be32 seq, ack;
	__u8 offset, flags;
} __attribute__((packed));

static __always_inline int rg_addr_is_v4(const struct rg_addr *address)
{
	return !address->halves[0] && (__u32)address->halves[1] == bpf_htonl(0xffff);
}

/* Returns its size. */
static __always_inline __u32 rg_tcp_tuple(const struct rg_packet *pkt, struct bpf_sock_tuple *ret)
{
	__u64 *remote = (__u64 *)ret->ipv6.saddr, *local = (__u64 *)ret->ipv6.daddr;

	if (rg_addr_is_v4(&pkt->remote)) {
		ret->ipv4.saddr = pkt->remote.halves[1] >> 32;
		ret->ipv4.daddr = pkt->local.halves[1] >> 32;
		ret->ipv4.sport = bpf_htons(pkt->remote_port);
		ret->ipv4.dport = bpf_htons(pkt->local_port);
		return sizeof(ret->ipv4);
	}
	remote[0] = pkt->remote.halves[0];
	remote[1] = pkt->remote.halves[1];
	local[0] = pkt->local.halves[0];
	local[1] = pkt->local.halves[1];
	ret->ipv6.sport = bpf_htons(pkt->remote_port);
	ret->ipv6.dport = bpf_htons(pkt->local_port);
	return sizeof(ret->ipv6);
}

/* While its handshake is under way. */
static __always_inline enum rg_tcp rg_tcp_of_request(struct bpf_sock *sk, __u32 *ret_start)
{
	struct tcp_request_sock *request = bpf_skc_to_tcp_request_sock(sk);

	if (!request || (bpf_core_field_exists(request->is_mptcp) && request->is_mptcp))
		return RG_TCP_UNKNOWN;
	*ret_start = request->rcv_isn + 1;
	return RG_TCP_FRESH;
}

#define RG_TCP_READS 4

/* The stack may write both numbers meanwhile: they are read until they are of one moment. */
static __always_inline enum rg_tcp rg_tcp_of_socket(struct bpf_sock *sk, __u32 *ret_start)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);

	if (!tcp || (bpf_core_field_exists(tcp->is_mptcp) && tcp->is_mptcp))
		return RG_TCP_UNKNOWN;
	for (int i = 0; i < RG_TCP_READS; i++) {
		__u32 next = *(volatile __u32 *)&tcp->rcv_nxt;
		__u64 taken = *(volatile __u64 *)&tcp->bytes_received;

		if (next != *(volatile __u32 *)&tcp->rcv_nxt || taken != *(volatile __u64 *)&tcp->bytes_received)
			continue;
		*ret_start = next - (__u32)taken; /* a FIN counts in both */
		return taken ? RG_TCP_TAKEN : RG_TCP_FRESH;
	}
	return RG_TCP_UNKNOWN;
}

static __always_inline enum rg_tcp rg_tcp_find(struct xdp_md *ctx, const struct rg_packet *pkt, __u32 *ret_start)
{
	struct bpf_sock_tuple tuple = {};
	__u32 size = rg_tcp_tuple(pkt, &tuple);
	struct bpf_sock *sk = bpf_skc_lookup_tcp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	enum rg_tcp result = RG_TCP_UNKNOWN;

	if (!sk)
		return RG_TCP_NOWHERE;
	if (sk->state == BPF_TCP_NEW_SYN_RECV)
		result = rg_tcp_of_request(sk, ret_start);
	else if (sk->state != BPF_TCP_LISTEN && sk->state != BPF_TCP_TIME_WAIT)
		result = rg_tcp_of_socket(sk, ret_start);
	bpf_sk_release(sk);
	return result;
}

/* Does a connection that is under way belong to the meeting that its packet was judged to be of? */
static __always_inline int rg_connection_is_of(const struct rg_packet *pkt, __u32 start)
{
	const union rg_connection *entry;
	union rg_connection known;
	struct rg_flow_key key;

	rg_flow_key_of(pkt, &key);
	entry = bpf_map_lookup_elem(&rg_connections, &key);
	if (!entry)
		return 0;
	known.word = *(const volatile __u64 *)&entry->word;
	return known.meeting == (pkt->meeting | RG_CONNECTION_ANY) ||
	       (known.meeting == pkt->meeting && known.start == start);
}

static __always_inline __u32 rg_connection_refuse(struct rg_packet *pkt, __u32 reason)
{
	rg_packet_of_nobody(pkt, RG_STAGE_MEETING);
	return reason;
}

/** Of a segment from a remote at an endpoint that is shared: @found, what it was found to be by its flow and by
 *  the request that it begins with, or a reason to refuse it. */
__attribute__((noinline)) int rg_connection_judge(struct xdp_md *ctx, struct rg_packet *pkt, __u32 found)
{
	struct rg_source source = { .ctx = ctx };
	struct rg_tcp_head head;
	__u32 start = 0;

	if (!pkt || rg_reason_refuses(found) || rg_unbound(pkt, RG_NEXT) != RG_NEXT)
		return found;
	/* what is urgent is no part of the stream that a server reads, also if it comes later */
	if (RG_LOAD_SMALL(&source, pkt->transport_at + offsetof(struct tcphdr, seq), &head) || head.flags & RG_TCP_URG)
		return rg_connection_refuse(pkt, RG_REASON_REFUSE_UNSUPPORTED);
	if (!pkt->payload && !pkt->more)
		return found;
	if (head.flags & RG_TCP_SYN) /* RFC 7413 */
		return rg_connection_refuse(pkt, RG_REASON_REFUSE_UNSUPPORTED);
	switch (rg_tcp_find(ctx, pkt, &start)) {
	case RG_TCP_NOWHERE:
		return found;
	case RG_TCP_FRESH:
		if (pkt->tie != RG_TIE_UFRAG || pkt->cut || pkt->more || bpf_ntohl(head.seq) != start)
			break;
		pkt->start = start;
		pkt->after |= RG_AFTER_OPEN;
		return found;
	case RG_TCP_TAKEN:
		if (rg_connection_is_of(pkt, start))
			return found;
		break;
	default:
		break;
	}
	return rg_connection_refuse(pkt, RG_REASON_REFUSE_UNBOUND);
}

/* The first frame of a connection gives it to its meeting: not to a second one, also if packets of it come to
 * several CPUs at once, or if it is like an earlier connection in all its numbers. */
__attribute__((noinline)) int rg_connection_claim(const struct rg_packet *pkt)
{
	union rg_connection mine, known, *entry;
	struct rg_flow_key key;

	if (!pkt)
		return 0;
	mine.start = pkt->start;
	mine.meeting = pkt->meeting;
	rg_flow_key_of(pkt, &key);
	entry = bpf_map_lookup_elem(&rg_connections, &key);
	if (!entry)
		return !bpf_map_update_elem(&rg_connections, &key, &mine, BPF_NOEXIST);
	known.word = *(volatile __u64 *)&entry->word;
	if (known.word == mine.word)
		return 1;
	if (known.start == mine.start && !(known.meeting & RG_CONNECTION_ANY))
		return 0;
	return __sync_val_compare_and_swap(&entry->word, known.word, mine.word) == known.word;
}

/** A judged request, @raw, is to open its connection. What passes is the connection's, and its flow is bound; what
 *  can not be is refused, and comes again: the remote's TCP repeats it. */
static __always_inline __u32 rg_connection_open(const struct rg_state *state, struct rg_packet *pkt, __u32 raw)
{
	if (rg_reason_refuses(raw) && !rg_is_observed(state, pkt))
		return raw;
	if (!rg_connection_claim(pkt))
		return rg_connection_refuse(pkt, RG_REASON_REFUSE_UNBOUND);
	if (pkt->after & RG_AFTER_BIND && !rg_flow_bind(pkt, 0))
		return rg_connection_refuse(pkt, RG_REASON_REFUSE_UNBOUND);
	pkt->after &= ~RG_AFTER_BIND;
	return raw;
}

#endif
