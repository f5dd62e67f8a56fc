/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the server's own socket knows of a TCP connection. */
#ifndef RG_BPF_TCP_SOCKET_H
#define RG_BPF_TCP_SOCKET_H

#include <bpf/bpf_core_read.h>
#include "packet.h"

enum rg_tcp {
	RG_TCP_NOWHERE, /* no socket here */
	RG_TCP_LISTENS, /* only one that listens, and can not take a payload of it */
	RG_TCP_UNKNOWN, /* there is one, but it does not tell: it is over, or of MPTCP, or may begin by a SYN cookie */
	RG_TCP_BEGINS,  /* its handshake is under way */
	RG_TCP_CLOSES,  /* one side has closed it */
	RG_TCP_FRESH,   /* it has taken nothing yet */
	RG_TCP_TAKEN,   /* something */
};

struct rg_tcp_at {
	__u32 start; /* of its stream: the first byte's sequence number */
	__u32 next;  /* that of the byte which it waits for */
	__u32 first; /* that of the first byte which it sends itself */
	__u32 sent;  /* how many it has sent */
};

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

/* While its handshake is under way. A server that listens with Multipath TCP has no such request to show, whoever asks:
 * what comes before the handshake's end comes again. */
static __always_inline enum rg_tcp rg_tcp_of_request(struct bpf_sock *sk, struct rg_tcp_at *ret)
{
	struct tcp_request_sock *request = bpf_skc_to_tcp_request_sock(sk);

	if (!request || (bpf_core_field_exists(request->is_mptcp) && request->is_mptcp))
		return RG_TCP_UNKNOWN;
	ret->start = ret->next = request->rcv_isn + 1;
	return RG_TCP_BEGINS;
}

#define RG_TCP_READS 4

/* The stack may write these numbers meanwhile: they are read until they are of one moment. */
static __always_inline enum rg_tcp rg_tcp_of_socket(struct bpf_sock *sk, struct rg_tcp_at *ret)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);

	if (!tcp || (bpf_core_field_exists(tcp->is_mptcp) && tcp->is_mptcp))
		return RG_TCP_UNKNOWN;
	for (int i = 0; i < RG_TCP_READS; i++) {
		__u32 next = *(volatile __u32 *)&tcp->rcv_nxt, acked = *(volatile __u32 *)&tcp->snd_una;
		__u64 taken = *(volatile __u64 *)&tcp->bytes_received, bytes = *(volatile __u64 *)&tcp->bytes_acked;

		if (next != *(volatile __u32 *)&tcp->rcv_nxt || taken != *(volatile __u64 *)&tcp->bytes_received ||
		    acked != *(volatile __u32 *)&tcp->snd_una || bytes != *(volatile __u64 *)&tcp->bytes_acked)
			continue;
		ret->next = next;
		ret->start = next - (__u32)taken; /* a FIN counts in both */
		ret->first = acked - (__u32)bytes;
		ret->sent = tcp->snd_nxt - ret->first;
		if (sk->state != BPF_TCP_ESTABLISHED && sk->state != BPF_TCP_SYN_RECV)
			return RG_TCP_CLOSES;
		return taken ? RG_TCP_TAKEN : RG_TCP_FRESH;
	}
	return RG_TCP_UNKNOWN;
}

/* Has it ever sent a SYN cookie? Where several sockets listen together, they keep that elsewhere. */
static __always_inline int rg_tcp_has_cookies(struct bpf_sock *sk)
{
	const struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);

	return !tcp || tcp->rx_opt.ts_recent_stamp || tcp->inet_conn.icsk_inet.sk.sk_reuseport_cb;
}

/* @ctx: of either program. */
static __always_inline enum rg_tcp rg_tcp_find(void *ctx, const struct rg_packet *pkt, struct rg_tcp_at *ret)
{
	struct bpf_sock_tuple tuple = {};
	__u32 size = rg_tcp_tuple(pkt, &tuple);
	struct bpf_sock *sk = bpf_skc_lookup_tcp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	enum rg_tcp result = RG_TCP_UNKNOWN;

	if (!sk)
		return RG_TCP_NOWHERE;
	if (sk->state == BPF_TCP_NEW_SYN_RECV)
		result = rg_tcp_of_request(sk, ret);
	else if (sk->state == BPF_TCP_LISTEN)
		result = rg_tcp_has_cookies(sk) ? RG_TCP_UNKNOWN : RG_TCP_LISTENS;
	else if (sk->state != BPF_TCP_TIME_WAIT)
		result = rg_tcp_of_socket(sk, ret);
	bpf_sk_release(sk);
	return result;
}

#endif
