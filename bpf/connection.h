/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: connection. Which meeting is a TCP connection of?
 *
 * A server that listens for ICE-TCP (RFC 6544) gives a connection to a transport by its first frame, or by the first
 * request that it accepts, and leaves it there once it has answered. So nobody may have the server read other first
 * frames than this filter did: what a segment seems to say counts only if the server's TCP takes it, and in the place
 * that it takes it for. The kernel's own socket tells what it has taken, and where it began:
 *
 * - Until the server has answered with success, only a segment passes that begins where the server's TCP waits for one, and
 *   is whole requests for one meeting. So the server's next frame begins where a segment does, all that it can have
 *   understood is that meeting's, and the connection is.
 * - From then on what comes is judged by the flow, and requests for another meeting are refused.
 *
 * A socket tells what is so now, and the server's TCP gets the segment a moment later. So what was judged by its flow must
 * not meet another connection: none of these ends or begins in a moment in which such a segment may be on its way.
 *
 * The answer is read by the egress program, which follows the server's frames from their beginning: answer.h.
 *
 * Where no socket of this network namespace has the connection (the server is in a container behind address
 * translation, for example), there is nobody to ask: such segments are judged by their flow alone.
 */
#ifndef RG_BPF_CONNECTION_H
#define RG_BPF_CONNECTION_H

#include "flow.h"
#include "judge.h"
#include "tcp_socket.h"

/* With the local address, which the key of a flow has not: a remote may have connections from one port to several. */
static __always_inline void rg_connection_key_of(const struct rg_packet *pkt, struct rg_connection_key *ret)
{
	ret->remote = pkt->remote;
	ret->local = pkt->local;
	ret->remote_port = pkt->remote_port;
	ret->local_port = pkt->local_port;
	ret->endpoint = pkt->endpoint;
	ret->pad = 0;
}

/* The time, in the unit of connections. */
static __always_inline __u16 rg_connection_now(void)
{
	return bpf_ktime_get_coarse_ns() >> RG_CONNECTION_SHIFT;
}

/* So long (50 ms) no CPU holds a packet back between this program and the server's TCP. */
#define RG_CONNECTION_MOMENT 4

static __always_inline int rg_connection_just(const union rg_connection *entry)
{
	return (__u16)(rg_connection_now() - entry->at) < RG_CONNECTION_MOMENT;
}

static __always_inline void rg_connection_touch(const struct rg_packet *pkt, union rg_connection *entry)
{
	__u16 now = rg_connection_now();

	if (entry->at != now && !pkt->dry)
		entry->at = now;
}

/* What is known of one that is under way, and where. The word is 0 if nothing is. */
static __always_inline union rg_connection rg_connection_known(const struct rg_packet *pkt, __u32 start,
							       union rg_connection **ret_entry)
{
	union rg_connection known = {}, *entry;
	struct rg_connection_key key;

	rg_connection_key_of(pkt, &key);
	entry = bpf_map_lookup_elem(&rg_connections, &key);
	if (entry) {
		known.word = *(volatile __u64 *)&entry->word;
		known.bound = *(volatile __u64 *)&entry->bound;
		known.first = entry->first;
		if (known.start != start)
			known.word = 0;
		*ret_entry = entry;
		return known;
	}
	key.local = (struct rg_addr){};
	*ret_entry = entry = bpf_map_lookup_elem(&rg_connections, &key);
	if (entry) {
		known.word = *(volatile __u64 *)&entry->word;
		known.bound = *(volatile __u64 *)&entry->bound;
	}
	return known;
}

/* Has its meeting the ufrag still which it came by? Else its number may be another meeting's. */
static __always_inline int rg_connection_is_bound(const union rg_connection *known)
{
	__u64 word = rg_binding_word(known->bound);

	return word && word == ((known->bound >> 32 << 32) | known->meeting);
}

static __always_inline __u64 rg_connection_bound_by(const struct rg_packet *pkt)
{
	return (__u64)pkt->serial << 32 | pkt->binding;
}

/* Is what goes its way of its meeting? Its own, not the flow's: that has no local address, so anybody can bind it to
 * another meeting by a segment of the same remote to where no connection is. */
static __always_inline int rg_connection_has(const union rg_connection *known, struct rg_packet *pkt)
{
	if (!rg_connection_is_bound(known))
		return 0;
	if (pkt->tie == RG_TIE_FLOW)
		pkt->meeting = known->meeting;
	return known->meeting == pkt->meeting;
}

/* The connection that begins at @start is nobody's. */
static __always_inline void rg_connection_drop(const struct rg_packet *pkt, __u32 start)
{
	const union rg_connection nobody = { .start = start, .at = rg_connection_now() - RG_CONNECTION_MOMENT };
	struct rg_connection_key key;

	rg_connection_key_of(pkt, &key);
	bpf_map_update_elem(&rg_connections, &key, &nobody, BPF_ANY);
	key.local = (struct rg_addr){};
	bpf_map_delete_elem(&rg_connections, &key);
}

/* Whoever passes only because nobody is refused at all may be in another meeting than the filter knows, unless the
 * server has answered: then nobody knows any more. */
static __always_inline void rg_connection_spoil(const struct rg_packet *pkt, enum rg_tcp state, __u32 start)
{
	union rg_connection *entry;

	if (pkt->dry || state < RG_TCP_BEGINS || !rg_is_observed_all())
		return;
	if (state == RG_TCP_TAKEN && rg_connection_known(pkt, start, &entry).passed == RG_CONNECTION_ANSWERED)
		return;
	rg_connection_drop(pkt, start);
}

/* May something be on its way that was judged to be of the connection which is there? */
static __always_inline int rg_connection_is_busy(const struct rg_packet *pkt)
{
	const union rg_connection *entry;
	struct rg_connection_key key;

	rg_connection_key_of(pkt, &key);
	entry = bpf_map_lookup_elem(&rg_connections, &key);
	return entry && rg_connection_just(entry);
}

static __always_inline void rg_connection_forget(const struct rg_packet *pkt)
{
	struct rg_connection_key key;

	rg_connection_key_of(pkt, &key);
	bpf_map_delete_elem(&rg_connections, &key);
	key.local = (struct rg_addr){};
	bpf_map_delete_elem(&rg_connections, &key);
}

/* A SYN: no connection begins while there is another one, and it finds none known. */
static __always_inline int rg_connection_begins(const struct rg_packet *pkt, enum rg_tcp state, const struct rg_tcp_at *at,
						__u32 seq)
{
	if (state == RG_TCP_BEGINS)
		return seq + 1 == at->start; /* comes again */
	if (state == RG_TCP_FRESH || state == RG_TCP_TAKEN || rg_connection_is_busy(pkt))
		return 0;
	if (!pkt->dry)
		rg_connection_forget(pkt);
	return 1;
}

/* An RST: it ends an open connection if it is where the server's TCP waits, and nothing passes that was the connection's. */
static __always_inline int rg_connection_ends(const struct rg_packet *pkt, enum rg_tcp state, const struct rg_tcp_at *at,
					      __u32 seq)
{
	if (state != RG_TCP_FRESH && state != RG_TCP_TAKEN)
		return state != RG_TCP_BEGINS;
	if (seq != at->next || rg_connection_is_busy(pkt))
		return 0;
	if (!pkt->dry)
		rg_connection_drop(pkt, at->start);
	return 1;
}

static __always_inline int rg_connection_turns(const struct rg_packet *pkt, const struct tcphdr *tcp, enum rg_tcp state,
					       const struct rg_tcp_at *at)
{
	__u32 seq = bpf_ntohl(tcp->seq);

	if (state == RG_TCP_NOWHERE)
		return 1;
	return tcp->syn ? rg_connection_begins(pkt, state, at, seq) : rg_connection_ends(pkt, state, at, seq);
}

/* Another host has the connection, if a socket has listened here for a while and no connection has begun. */
static __always_inline int rg_connection_elsewhere(const struct rg_packet *pkt)
{
	union rg_connection fresh = { .passed = RG_CONNECTION_ELSEWHERE, .at = rg_connection_now() }, known, *entry;
	struct rg_connection_key key;

	rg_connection_key_of(pkt, &key);
	entry = bpf_map_lookup_elem(&rg_connections, &key);
	known.word = entry ? *(volatile __u64 *)&entry->word : 0;
	if (!entry || known.passed != RG_CONNECTION_ELSEWHERE) {
		if (!pkt->dry)
			bpf_map_update_elem(&rg_connections, &key, &fresh, BPF_ANY);
		return 0;
	}
	if (!known.seen && rg_connection_just(entry))
		return 0;
	rg_connection_touch(pkt, entry);
	fresh.seen = 1;
	if (!known.seen && !pkt->dry)
		__sync_val_compare_and_swap(&entry->word, known.word, fresh.word);
	return 1;
}

/* A global function: its key has no room on the stack of the program. */
__attribute__((noinline)) int rg_connection_refuse(struct rg_packet *pkt)
{
	if (!pkt)
		return RG_REASON_REFUSE_UNBOUND;
	rg_connection_spoil(pkt, RG_TCP_FRESH, pkt->start);
	rg_packet_of_nobody(pkt, RG_STAGE_MEETING);
	return RG_REASON_REFUSE_UNBOUND;
}

#define RG_REQUESTS_MAX 24 /* in a segment: what was lost is repeated together with all that was sent since then */

/** Is the whole of the payload of what is to open a connection requests for the meeting that the first one is for? Not
 *  a part of rg_connection_judge(): the stack has no room for it. */
__attribute__((noinline)) int rg_connection_only_asks(struct xdp_md *ctx, struct rg_packet *pkt)
{
	struct rg_source source = { .ctx = ctx };
	__u32 meeting, all, size, asks = 0, begun;
	__u16 payload_at;
	__be16 framed;

	if (!pkt)
		return 0;
	meeting = pkt->meeting;
	all = pkt->payload;
	begun = !pkt->behind;
	payload_at = pkt->payload_at;
	for (int i = 0; i < RG_REQUESTS_MAX; i++) {
		if (i && rg_shared_find(ctx, pkt) != RG_NEXT)
			break;
		if (pkt->tie != RG_TIE_UFRAG || pkt->cut || pkt->meeting != meeting ||
		    RG_LOAD_SMALL(&source, pkt->payload_at, &framed))
			break;
		begun |= all - pkt->payload == pkt->behind;
		size = RG_STUN_FRAME + bpf_ntohs(framed);
		if (size >= pkt->payload) {
			asks = size == pkt->payload;
			break;
		}
		pkt->payload_at += size;
		pkt->payload -= size;
	}
	pkt->payload_at = payload_at;
	pkt->payload = all;
	return asks && begun;
}

/* Until the server has answered, only what asks for that comes through, and only where the server's TCP waits for
 * it: then it stands where a frame begins, whichever of them the server understands. A client's TCP may repeat what the
 * server's has together with more. */
static __always_inline int rg_connection_asks(struct rg_packet *pkt, const struct rg_tcp_at *at, __u32 seq)
{
	__u32 behind = at->next - seq, taken = at->next - at->start;

	if (behind > taken || behind >= pkt->payload || pkt->payload >= RG_CONNECTION_PASSED)
		return 0;
	pkt->offset = taken;
	pkt->behind = behind;
	pkt->after |= RG_AFTER_OPEN;
	return 1;
}

/* Has its server answered? Not that of an earlier connection which is like it in all that the remote chooses. */
static __always_inline int rg_connection_is_answered(const union rg_connection *known, const struct rg_tcp_at *at)
{
	return known->passed == RG_CONNECTION_ANSWERED &&
	       (known->first == at->first || (!known->first && !known->start)); /* written by an upgrade */
}

/* Of one that is under way. */
static __always_inline int rg_connection_goes_on(struct rg_packet *pkt, const struct rg_tcp_at *at, __u32 seq)
{
	union rg_connection *entry, known = rg_connection_known(pkt, at->start, &entry);

	if (!entry || !known.word || !rg_connection_has(&known, pkt))
		return 0;
	/* What the server sends goes by where the egress program is not: then nobody can tell whether it has understood */
	if ((rg_connection_is_answered(&known, at) && entry->frame != RG_CONNECTION_ENDED) || (at->sent && !known.seen && !rg_is_answer_seen())) {
		rg_connection_touch(pkt, entry);
		if (pkt->tie == RG_TIE_UFRAG && !pkt->dry)
			*(volatile __u64 *)&entry->bound = rg_connection_bound_by(pkt);
		return 1;
	}
	if ((__s32)(seq + pkt->payload - at->next) > 0)
		return rg_connection_asks(pkt, at, seq);
	pkt->after |= RG_AFTER_ASK; /* the server has it already, unless it is another connection by then */
	return 1;
}

static __always_inline int rg_connection_holds(struct rg_packet *pkt, enum rg_tcp state, const struct rg_tcp_at *at,
					       __u32 seq)
{
	switch (state) {
	case RG_TCP_NOWHERE:
		return 1;
	case RG_TCP_LISTENS:
		return rg_connection_elsewhere(pkt);
	case RG_TCP_BEGINS:
	case RG_TCP_FRESH:
		return rg_connection_asks(pkt, at, seq);
	case RG_TCP_TAKEN:
		return rg_connection_goes_on(pkt, at, seq);
	default:
		return 0;
	}
}

/* @found, or a reason to refuse it. */
static __always_inline __u32 rg_connection_reason(struct rg_packet *pkt, const struct tcphdr *tcp, enum rg_tcp state,
						  const struct rg_tcp_at *at, __u32 found)
{
	/* urgent data are no part of the stream that a server reads, also if they come later. In a SYN: RFC 7413. The
	 * rest of a fragment may come when the connection is another one */
	if (tcp->urg || pkt->more || (pkt->payload && (tcp->syn || tcp->rst)))
		return RG_REASON_REFUSE_UNSUPPORTED;
	if (tcp->syn || tcp->rst)
		return rg_connection_turns(pkt, tcp, state, at) ? found : RG_REASON_REFUSE_UNBOUND;
	if (!pkt->payload || rg_reason_refuses(found) || rg_connection_holds(pkt, state, at, bpf_ntohl(tcp->seq)))
		return found;
	return RG_REASON_REFUSE_UNBOUND;
}

/** Of a segment from a remote at an endpoint that is shared: @found, what it was found to be by its flow and by
 *  the request that it begins with, or a reason to refuse it. */
__attribute__((noinline)) int rg_connection_judge(struct xdp_md *ctx, struct rg_packet *pkt, __u32 found)
{
	struct rg_source source = { .ctx = ctx };
	enum rg_tcp state = RG_TCP_TAKEN;
	struct rg_tcp_at at = {};
	struct tcphdr tcp = {};
	__u32 reason;

	if (!pkt || (rg_reason_refuses(found) && !rg_is_observed_all()) || rg_unbound(pkt, RG_NEXT) != RG_NEXT)
		return found;
	if (RG_LOAD_SMALL(&source, pkt->transport_at, &tcp))
		return RG_REASON_REFUSE_UNSUPPORTED;
	at.start = at.next = bpf_ntohl(tcp.seq) + tcp.syn;
	if (pkt->payload || pkt->more || tcp.syn || tcp.rst)
		state = rg_tcp_find(ctx, pkt, &at);
	pkt->start = at.start;
	reason = rg_connection_reason(pkt, &tcp, state, &at, found);
	if (!rg_reason_refuses(reason))
		return reason;
	if (pkt->payload || pkt->more)
		rg_connection_spoil(pkt, state, at.start);
	rg_packet_of_nobody(pkt, RG_STAGE_MEETING);
	return reason;
}

/* Until then (3 s) what was judged may be on its way to the server's TCP: what it has not taken by then was lost. */
#define RG_CONNECTION_LATE 180

/* Its first frames give a connection to their meeting: not to a second one, also if packets of it come to several
 * CPUs at once, or if it is like an earlier connection in all its numbers. And while what has passed is on its way,
 * nothing passes in its place that ends elsewhere: what the server's TCP took of it would begin within a frame. */
static __always_inline int rg_connection_claim(const struct rg_packet *pkt)
{
	__u32 before = pkt->offset ? pkt->offset % RG_CONNECTION_PASSED : RG_CONNECTION_ANSWERED;
	union rg_connection mine = {}, known, *entry;
	__u16 now = rg_connection_now(), age;
	struct rg_connection_key key;

	mine.start = pkt->start;
	mine.meeting = pkt->meeting;
	mine.passed = (pkt->offset + pkt->payload - pkt->behind) % RG_CONNECTION_PASSED;
	mine.at = now;
	mine.bound = rg_connection_bound_by(pkt);
	rg_connection_key_of(pkt, &key);
	entry = bpf_map_lookup_elem(&rg_connections, &key);
	if (!entry) {
		if (pkt->offset || bpf_map_update_elem(&rg_connections, &key, &mine, BPF_NOEXIST))
			return 0;
		key.local = (struct rg_addr){};
		bpf_map_delete_elem(&rg_connections, &key);
		return 1;
	}
	known.word = *(volatile __u64 *)&entry->word;
	if (known.start == mine.start && known.passed != RG_CONNECTION_ANSWERED)
		mine.seen = known.seen;
	age = now - entry->at;
	if (known.word != mine.word &&
	    (known.start == mine.start ?
	     known.meeting != mine.meeting || (age < RG_CONNECTION_LATE && known.passed != before) : pkt->offset != 0))
		return 0;
	entry->at = now;
	*(volatile __u64 *)&entry->bound = mine.bound;
	return __sync_val_compare_and_swap(&entry->word, known.word, mine.word) == known.word;
}

/* The limits come first: they hold for connections as they do for flows. */
__attribute__((noinline)) int rg_connection_take(const struct rg_packet *pkt)
{
	int bind;

	if (!pkt)
		return 0;
	bind = pkt->after & RG_AFTER_BIND;
	if (bind && !rg_flow_allowed(pkt, rg_now()))
		return 0;
	return rg_connection_claim(pkt) && (!bind || rg_flow_write(pkt, 0));
}

/** A judged request, @raw, is to open its connection. What passes is the connection's, and its flow is bound; what
 *  can not be is refused, and comes again: the remote's TCP repeats it. */
static __always_inline __u32 rg_connection_open(const struct rg_state *state, struct rg_packet *pkt, __u32 raw)
{
	if (rg_reason_refuses(raw) && !rg_is_observed(state, pkt))
		return raw;
	if (rg_connection_take(pkt)) {
		pkt->after &= ~RG_AFTER_BIND;
		return raw;
	}
	return rg_connection_refuse(pkt);
}

#endif
