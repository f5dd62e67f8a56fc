/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a request's name to its binding. */
#ifndef RG_BPF_UFRAG_H
#define RG_BPF_UFRAG_H

#include "flow.h"
#include "stun.h"

/* Ufrags of more than RG_UFRAG_SHORT_MAX characters are rare, and their key is too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rg_ufrag_long_text);
} long_text SEC(".maps");

/* Number of the binding, 0 if there is none. */
static __always_inline int rg_ufrag_look_up_long(struct rg_source *source, const struct rg_stun_name *name, __u32 endpoint,
						 __u32 prefix)
{
	struct rg_ufrag_long_text *text;
	const struct rg_ufrag *ufrag;
	__u32 zero = 0;

	text = bpf_map_lookup_elem(&long_text, &zero);
	if (!text)
		return 0;
	for (int i = 0; i < RG_UFRAG_LONG_WORDS; i++)
		text->words[i] = 0;
	text->endpoint = endpoint;
	text->length = rg_stun_ufrag(source, name, prefix, text->words, RG_UFRAG_LONG_WORDS);
	if (!text->length || text->length > RG_UFRAG_MAX)
		return 0;
	ufrag = bpf_map_lookup_elem(&rg_ufrags_long, &text->endpoint);
	return ufrag ? ufrag->binding : 0;
}

__attribute__((noinline)) int rg_ufrag_find_long(struct xdp_md *ctx, __u32 at, __u32 length, __u32 endpoint, __u32 prefix)
{
	struct rg_source source = { .ctx = ctx };
	const struct rg_stun_name name = { at, length };

	return rg_ufrag_look_up_long(&source, &name, endpoint, prefix);
}

__attribute__((noinline)) int rg_ufrag_find_long_skb(struct __sk_buff *skb, __u32 at, __u32 length, __u32 endpoint,
						     __u32 prefix)
{
	struct rg_source source = { .ctx = skb, .is_skb = 1 };
	const struct rg_stun_name name = { at, length };

	return rg_ufrag_look_up_long(&source, &name, endpoint, prefix);
}

static __always_inline __u32 rg_ufrag_find(struct rg_source *source, const struct rg_packet *pkt,
					   const struct rg_stun_name *name)
{
	struct rg_ufrag_text text = {};
	const struct rg_shared *shared;
	const struct rg_ufrag *ufrag;
	__u32 prefix, number = pkt->endpoint;

	shared = bpf_map_lookup_elem(&rg_shared, &number);
	if (!shared)
		return 0;
	prefix = shared->ufrag_prefix;
	if (prefix <= RG_UFRAG_SHORT_MAX) {
		text.endpoint = number;
		text.length = rg_stun_ufrag(source, name, prefix, text.words, RG_UFRAG_SHORT_WORDS);
		if (!text.length)
			return 0;
	}
	if (prefix > RG_UFRAG_SHORT_MAX || text.length > RG_UFRAG_SHORT_MAX)
		return source->is_skb ? rg_ufrag_find_long_skb(source->ctx, name->at, name->length, number, prefix) :
					rg_ufrag_find_long(source->ctx, name->at, name->length, number, prefix);
	ufrag = bpf_map_lookup_elem(&rg_ufrags, &text.endpoint);
	return ufrag ? ufrag->binding : 0;
}

/* May the datagram or segment be a request though this, its first fragment, does not show it? The rest
 * follows this fragment's verdict: by a cut right behind the header anything would come through that may
 * come without a payload, or is named for a meeting other than its flow's. */
static __always_inline int rg_shared_hides(const struct rg_packet *pkt)
{
	return pkt->more && pkt->payload < RG_STUN_FRAME + sizeof(struct rg_stun_head);
}

/** The meeting of a packet that came in at a shared endpoint: RG_NEXT, else a reason. */
__attribute__((noinline)) int rg_shared_find(struct xdp_md *ctx, struct rg_packet *pkt)
{
	const struct rg_state *state = rg_state_get();
	struct rg_source source = { .ctx = ctx };
	struct rg_stun_message message;
	struct rg_stun_head head;
	struct rg_stun_name name;

	if (!state || !pkt)
		return RG_REASON_REFUSE_UNBOUND;
	if (rg_shared_hides(pkt))
		return RG_REASON_REFUSE_UNSUPPORTED;
	if (!rg_stun_begins(&source, pkt, &message, &head) || !rg_stun_is_request(&head))
		return rg_flow_find(state, pkt);
	if (pkt->more && message.there < message.whole) /* TCP: whom it names may be in the rest */
		return RG_REASON_REFUSE_MALFORMED;
	switch (rg_stun_walk(&source, &message, &head, &name)) {
	case RG_STUN_NAMED:
		pkt->cut = message.there < message.whole;
		return rg_flow_named(state, pkt, rg_ufrag_find(&source, pkt, &name));
	case RG_STUN_MALFORMED:
		return RG_REASON_REFUSE_MALFORMED;
	case RG_STUN_BEYOND:
		return RG_REASON_REFUSE_UNSUPPORTED;
	default:
		return rg_flow_find(state, pkt);
	}
}

/* Cut a name behind its first colon; its length becomes 0 if it has none. */
static __always_inline void rg_ufrag_skip_remote(struct rg_source *source, struct rg_stun_name *name)
{
	__u32 zero = 0, room = 8 * RG_UFRAG_LONG_WORDS, whole = name->length, length = whole < room ? whole : room, colon;
	struct rg_ufrag_long_text *text = bpf_map_lookup_elem(&long_text, &zero);

	name->length = 0;
	/* as in rg_stun_ufrag(); that it is not 0 tells the verifier of 6.1 no least length */
	asm volatile("" : "+r"(length));
	if (!text || length > room)
		return;
	asm volatile("" : "+r"(length));
	if (length < RG_UFRAG_MIN)
		return;
	asm volatile("" : "+r"(length));
	if (RG_LOAD(source, name->at, text->words, length))
		return;
	colon = rg_stun_cut(text->words, RG_UFRAG_LONG_WORDS);
	name->length = colon < length ? whole - colon - 1 : 0;
	name->at += colon + 1;
}

/* The binding of the ufrag that a request of the server's own names as its own: behind the colon. 0: none. */
__attribute__((noinline)) int rg_ufrag_find_own(struct __sk_buff *skb, const struct rg_packet *pkt)
{
	struct rg_source source = { .ctx = skb, .is_skb = 1 };
	struct rg_stun_message message;
	struct rg_stun_head head;
	struct rg_stun_name name;

	if (!pkt || !rg_stun_begins(&source, pkt, &message, &head) || !rg_stun_is_request(&head) ||
	    rg_stun_walk(&source, &message, &head, &name) != RG_STUN_NAMED)
		return 0;
	rg_ufrag_skip_remote(&source, &name);
	return name.length ? rg_ufrag_find(&source, pkt, &name) : 0;
}

/** The same for one that goes out. Requests of the server's own are of the meeting whose ufrag they name, whatever
 *  their flow is bound to: else whoever binds it by another meeting's ufrag would be invited to this one. They bind
 *  nothing. */
__attribute__((noinline)) int rg_shared_find_egress(struct __sk_buff *skb, struct rg_packet *pkt)
{
	const struct rg_state *state = rg_state_get();
	struct rg_source source = { .ctx = skb, .is_skb = 1 };
	struct rg_stun_message message;
	struct rg_stun_head head;
	__u64 word = 0;
	__u32 number;

	if (!state || !pkt)
		return RG_REASON_REFUSE_UNBOUND;
	if (rg_stun_begins(&source, pkt, &message, &head) && rg_stun_is_request(&head)) {
		number = rg_ufrag_find_own(skb, pkt);
		word = number ? rg_binding_word(number) : 0;
	}
	if (!word)
		return rg_flow_find(state, pkt);
	pkt->meeting = word;
	pkt->tie = RG_TIE_UFRAG;
	return RG_NEXT;
}

#endif
