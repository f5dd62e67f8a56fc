/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: STUN. Which ufrag does a request name? (RFC 8489, RFC 8445 section 7.2.2)
 *
 * The whole message is walked, also behind its USERNAME: a message that names two, or whose lengths
 * contradict each other, could be read otherwise by the server behind this filter.
 *
 * Includable natively (tests/unit, fuzz): it needs only the types of bpf.h and
 * RG_LOAD(ctx, offset, to, n): copy @n bytes of the frame, 0 if they are there;
 * RG_LOAD_SMALL(ctx, offset, to): the same for what @to points to, without a call where it can be.
 */
#ifndef RG_BPF_STUN_H
#define RG_BPF_STUN_H

#include "packet.h"

enum rg_stun {
	RG_STUN_NONE,      /* no request, or one that names nobody */
	RG_STUN_NAMED,
	RG_STUN_MALFORMED, /* a request by type and cookie, but not by its lengths */
	RG_STUN_BEYOND,    /* more attributes than are looked at */
};

#define RG_STUN_COOKIE      0x2112A442
#define RG_STUN_BINDING     0x0001
#define RG_STUN_GOOG_PING   0x0200 /* libwebrtc: a shorter consent check, usually without a name */
#define RG_STUN_HEADER      20
#define RG_STUN_USERNAME    0x0006
#define RG_STUN_NAME_MAX    513    /* RFC 5389 section 15.3; RFC 8489 has 509 */
#define RG_STUN_FRAME       2      /* RFC 4571: the length in front of a message on TCP */

struct rg_stun_head { __be16 type, length; __be32 cookie; };
struct rg_stun_attribute { __be16 type, length; };

/* Where a message lies in the frame. It goes on in other segments if @whole is more than @there. */
struct rg_stun_message { __u32 at, whole, there; };
/* Its USERNAME. */
struct rg_stun_name { __u32 at, length; };

static __always_inline int rg_stun_is_request(const struct rg_stun_head *head)
{
	__u16 type = bpf_ntohs(head->type);

	return (type == RG_STUN_BINDING || type == RG_STUN_GOOG_PING) &&
	       head->cookie == bpf_htonl(RG_STUN_COOKIE);
}

/* The message that the payload starts with; its first 8 bytes go to @ret_head. 0 if there is none. */
static __always_inline int rg_stun_begins(void *ctx, const struct rg_packet *pkt, struct rg_stun_message *ret,
					  struct rg_stun_head *ret_head)
{
	__be16 framed;

	ret->at = pkt->payload_at;
	ret->whole = ret->there = pkt->payload;
	if (pkt->protocol == RG_PROTO_TCP) {
		if (pkt->payload < RG_STUN_FRAME + sizeof(*ret_head) || RG_LOAD_SMALL(ctx, ret->at, &framed))
			return 0;
		ret->at += RG_STUN_FRAME;
		ret->whole = bpf_ntohs(framed);
		ret->there -= RG_STUN_FRAME;
		if (ret->there > ret->whole)
			ret->there = ret->whole;
	}
	return ret->there >= sizeof(*ret_head) && !RG_LOAD_SMALL(ctx, ret->at, ret_head);
}

/* Walk the attributes of a request. A message that goes on in other segments is walked as far as it is
 * there: it may name somebody until then. @ret is filled for RG_STUN_NAMED. */
static __always_inline enum rg_stun rg_stun_walk(void *ctx, const struct rg_stun_message *message,
						 const struct rg_stun_head *head, struct rg_stun_name *ret)
{
	__u32 length = bpf_ntohs(head->length), at = RG_STUN_HEADER, names = 0;

	ret->at = ret->length = 0;
	if (length & 3 || RG_STUN_HEADER + length != message->whole)
		return RG_STUN_MALFORMED;
	for (int i = 0; i < RG_STUN_ATTRIBUTES_MAX; i++) {
		struct rg_stun_attribute attribute;
		__u32 size;

		if (at + sizeof(attribute) > message->there)
			break;
		if (RG_LOAD_SMALL(ctx, message->at + at, &attribute))
			return RG_STUN_MALFORMED;
		size = bpf_ntohs(attribute.length);
		if (attribute.type == bpf_htons(RG_STUN_USERNAME)) {
			if (names++ || size > RG_STUN_NAME_MAX)
				return RG_STUN_MALFORMED;
			ret->at = message->at + at + sizeof(attribute);
			ret->length = size;
		}
		at += sizeof(attribute) + ((size + 3) & ~3u);
		if (at > message->whole)
			return RG_STUN_MALFORMED;
	}
	if (at + sizeof(struct rg_stun_attribute) <= message->there)
		return RG_STUN_BEYOND;
	if (!names || ret->at + ret->length > message->at + message->there)
		return RG_STUN_NONE;
	return RG_STUN_NAMED;
}

/* Cut a text of zero-padded words at its first colon: it and all behind it become zero. Returns the
 * colon's place, or 8 * @n. Eight characters a step, without a branch: a byte that is a colon is zero
 * in x, and the lowest bit of t is that of the first zero byte (those above it may be wrong). */
static __always_inline __u32 rg_stun_cut(__u64 *words, int n)
{
	const __u64 ones = 0x0101010101010101ull, tops = ones << 7;
	__u64 keep = ~0ull;
	__u32 length = 0;

	for (int i = 0; i < n; i++) {
		__u64 x = words[i] ^ ones * ':', t = (x - ones) & ~x & tops;
		__u64 before = ((t & -t) >> 7) - 1; /* the bytes before the colon; all if t is 0 */

		words[i] &= before & keep;
		length += (__u32)(((before & ones) * ones >> 56) & keep);
		keep &= ((t | -t) >> 63) - 1;
	}
	return length;
}

/* A key of rg_ufrags or rg_ufrags_long, so placed that its text is aligned for words, with room to see
 * the colon behind it. */
#define RG_UFRAG_SHORT_WORDS (RG_UFRAG_SHORT_MAX / 8 + 1)
#define RG_UFRAG_LONG_WORDS (RG_UFRAG_MAX / 8 + 1)
struct rg_ufrag_text {
	__u32 pad;
	__u16 endpoint, length; /* the key starts here */
	__u64 words[RG_UFRAG_SHORT_WORDS];
};
struct rg_ufrag_long_text {
	__u32 pad;
	__u16 endpoint, length;
	__u64 words[RG_UFRAG_LONG_WORDS];
};

/* What the ufrag of a name is: its text up to the first colon, or all of it; of it the first @prefix
 * characters, if that is not 0. @words: zero, @n of them. Returns the key's length: 0 if the name is
 * no ufrag, more than 8 * (@n - 1) if it is too long for this key. */
static __always_inline __u32 rg_stun_ufrag(void *ctx, const struct rg_stun_name *name, __u32 prefix,
					   __u64 *words, int n)
{
	__u32 room = 8 * n, length = name->length < room ? name->length : room, cut;

	/* clang knows that length is at most room, and makes one comparison of two; the verifier of 6.1
	 * learns neither bound from that (test_shared on that kernel) */
	asm volatile("" : "+r"(length));
	if (length > room)
		return 0;
	asm volatile("" : "+r"(length));
	if (length < RG_UFRAG_MIN)
		return 0;
	/* kept in a register or on the stack as of here, when both bounds are known */
	asm volatile("" : "+r"(length));
	if (RG_LOAD(ctx, name->at, words, length))
		return 0;
	cut = rg_stun_cut(words, n);
	if (cut < length)
		length = cut;
	if (length < RG_UFRAG_MIN || length < prefix)
		return 0;
	if (!prefix || length == prefix)
		return length;
	for (int i = 0; i < n; i++) {
		__u32 left = prefix > 8u * i ? prefix - 8 * i : 0;

		if (left < 8)
			words[i] &= (1ull << 8 * (left & 7)) - 1;
	}
	return prefix;
}

#endif
