/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: connection, of what goes out. Has the server answered with success? From then on its connection stays in its
 * meeting, see connection.h. */
#ifndef RG_BPF_ANSWER_H
#define RG_BPF_ANSWER_H

#include "connection.h"

#define RG_STUN_SUCCESS 0x0101

#define RG_ANSWERS_MAX 8 /* frames of a segment */

/* Does one of its frames, which follow each other from @seq on, say that the server has understood a request? Else
 * the next frame is remembered, and if it is not known where that begins, none is read any more: how what a server
 * sends is cut into segments is the remote's choice, and an error repeats what the remote has made up. */
static __always_inline int rg_connection_answers(struct __sk_buff *skb, const struct rg_packet *pkt, __u32 seq,
						 union rg_connection *entry)
{
	struct rg_source source = { .ctx = skb, .is_skb = 1 };
	struct rg_stun_head head;
	__u32 frame = entry->frame, done = 0, left;
	__be16 framed;

	if (seq - entry->first != frame || frame == RG_CONNECTION_LOST)
		return 0;
	if (pkt->tie == RG_TIE_UFRAG) /* a request of the server's own */
		return 1;
	entry->frame = RG_CONNECTION_LOST;
	for (int i = 0; i < RG_ANSWERS_MAX; i++) {
		left = pkt->payload - done;
		if (left < RG_STUN_FRAME + sizeof(head) || RG_LOAD_SMALL(&source, pkt->payload_at + done, &framed) ||
		    RG_LOAD_SMALL(&source, pkt->payload_at + done + RG_STUN_FRAME, &head))
			return 0;
		if (head.type == bpf_htons(RG_STUN_SUCCESS) && head.cookie == bpf_htonl(RG_STUN_COOKIE))
			return 1;
		done += RG_STUN_FRAME + bpf_ntohs(framed);
		if (done >= pkt->payload)
			break;
	}
	if (done == pkt->payload && frame + done < RG_CONNECTION_ENDED)
		entry->frame = frame + done;
	return 0;
}

#define RG_CONNECTION_TRIES 4 /* against what the other direction writes meanwhile */

/* Also what is refused is seen: what is not seen went by another way. If the beginning did, all has passed until now,
 * and goes on: nobody can tell any more what was answered. */
static __always_inline void rg_connection_sends(struct __sk_buff *skb, const struct rg_packet *pkt,
						union rg_connection *entry, const struct rg_tcp_at *at, __u32 seq, int refused)
{
	union rg_connection known, mine;
	int answers;

	if (entry->first != at->first) {
		entry->first = at->first;
		entry->frame = 0;
	}
	answers = !refused && rg_connection_answers(skb, pkt, seq, entry);
	for (int i = 0; i < RG_CONNECTION_TRIES; i++) {
		int late;

		known.word = mine.word = *(volatile __u64 *)&entry->word;
		late = !known.seen && seq != at->first;
		if (known.start != at->start || known.passed == RG_CONNECTION_ANSWERED || (late && refused))
			return;
		mine.seen = 1;
		if ((answers || late) && known.meeting == pkt->meeting)
			mine.passed = RG_CONNECTION_ANSWERED;
		if (__sync_val_compare_and_swap(&entry->word, known.word, mine.word) == known.word)
			return;
	}
}

/** Of a segment to a remote: what has come on its connection tells the meeting, not what its flow was bound to since
 *  then. If it is a connection of this host's, and nothing is known to have come on it, it is of none. */
__attribute__((noinline)) int rg_connection_judge_egress(struct __sk_buff *skb, struct rg_packet *pkt, __u32 found)
{
	struct rg_source source = { .ctx = skb, .is_skb = 1 };
	union rg_connection known, *entry;
	struct rg_connection_key key;
	struct rg_tcp_at at = {};
	struct tcphdr tcp;
	enum rg_tcp state;
	int holds = 0, exact;

	if (!pkt || RG_LOAD_SMALL(&source, pkt->transport_at, &tcp) || (!pkt->payload && !tcp.fin && !tcp.rst) ||
	    rg_unbound(pkt, RG_NEXT) != RG_NEXT)
		return found;
	state = rg_tcp_find(skb, pkt, &at);
	rg_connection_key_of(pkt, &key);
	entry = bpf_map_lookup_elem(&rg_connections, &key);
	if (entry && (tcp.fin || tcp.rst) && state <= RG_TCP_CLOSES && !pkt->dry) /* the next one may be like it in all its numbers */
		entry->frame = RG_CONNECTION_ENDED;
	if (!pkt->payload || state < RG_TCP_CLOSES)
		return found;
	exact = entry != NULL;
	if (!entry) {
		key.local = (struct rg_addr){};
		entry = bpf_map_lookup_elem(&rg_connections, &key);
	}
	if (entry) {
		known.word = *(volatile __u64 *)&entry->word;
		known.bound = *(volatile __u64 *)&entry->bound;
		known.first = entry->first;
		holds = rg_connection_has(&known, pkt);
		if (exact && state == RG_TCP_TAKEN && known.passed != RG_CONNECTION_ANSWERED && !pkt->dry)
			rg_connection_sends(skb, pkt, entry, &at, bpf_ntohl(tcp.seq), !holds || rg_reason_refuses(found));
		holds &= !exact || (known.start == at.start && (known.passed != RG_CONNECTION_ANSWERED ||
								 rg_connection_is_answered(&known, &at)));
	}
	if (rg_reason_refuses(found) || holds)
		return found;
	rg_packet_of_nobody(pkt, RG_STAGE_MEETING);
	return RG_REASON_REFUSE_UNBOUND;
}

#endif
