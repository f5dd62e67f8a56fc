/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bpf/stun.h, compiled natively, against the oracle: for unit tests and fuzzing. */
#ifndef RG_TEST_STUN_COMPARE_H
#define RG_TEST_STUN_COMPARE_H

#include <stdbool.h>
#include "harness/native_bpf.h"
#include "harness/oracle_stun.h"

/* Copy of the frame's bytes, as the kernel's helper copies them. */
static inline int native_load(void *ctx, uint32_t offset, void *to, uint32_t n)
{
	const struct native_frame *frame = ctx;

	if (offset > frame->linear_length || n > frame->linear_length - offset)
		return -1;
	memcpy(to, frame->linear + offset, n);
	return 0;
}
#define RG_LOAD(ctx, offset, to, n) native_load(ctx, offset, to, n)
#define RG_LOAD_SMALL(ctx, offset, to) native_load(ctx, offset, to, sizeof(*(to)))
#include "stun.h"

static const enum oracle_stun stun_result_is[] = {
	[RG_STUN_NONE] = ORACLE_STUN_NONE,
	[RG_STUN_NAMED] = ORACLE_STUN_NAMED,
	[RG_STUN_MALFORMED] = ORACLE_STUN_MALFORMED,
	[RG_STUN_BEYOND] = ORACLE_STUN_BEYOND,
};

/* The key of a prefix of a name, by either size of key, against the oracle's. */
static inline const char *stun_key_difference(struct native_frame *native, const struct rg_stun_name *name,
					      const struct oracle_name *oracle, uint32_t prefix)
{
	struct rg_ufrag_text small = {};
	struct rg_ufrag_long_text large = {};
	size_t wanted = oracle->length < 4 || oracle->length < prefix ? 0 : prefix ? prefix : oracle->length;
	uint32_t length = 33;
	const char *text = (const char *)small.words;

	if (prefix <= 32)
		length = rg_stun_ufrag(native, name, prefix, small.words, RG_UFRAG_SHORT_WORDS);
	if (length > 32) {
		length = rg_stun_ufrag(native, name, prefix, large.words, RG_UFRAG_LONG_WORDS);
		text = (const char *)large.words;
	}
	if (wanted > 256)
		return length > 256 ? NULL : "the length of a key that is too long";
	if (length != wanted)
		return "the key's length";
	if (!length)
		return NULL;
	if (memcmp(text, oracle->text, length))
		return "the key's text";
	for (size_t i = length; i < (length > 32 ? 256u : 32u); i++)
		if (text[i])
			return "what pads the key";
	return NULL;
}

/** Compare both on a payload. NULL, or what differs. @ret: what the oracle says. */
static inline const char *stun_compare(const uint8_t *payload, size_t n, bool tcp, uint32_t prefix,
				       enum oracle_stun *ret, struct oracle_name *ret_name)
{
	struct rg_packet pkt = { .payload = (uint32_t)n, .protocol = tcp ? RG_PROTO_TCP : RG_PROTO_UDP };
	struct rg_stun_message message;
	struct native_frame native;
	struct rg_stun_head head;
	struct rg_stun_name name = {};
	enum rg_stun result = RG_STUN_NONE;
	const char *difference = NULL;

	*ret = oracle_stun(payload, n, tcp, ret_name);
	native_frame_init(&native, payload, n, n);
	if (rg_stun_begins(&native, &pkt, &message, &head) && rg_stun_is_request(&head))
		result = rg_stun_walk(&native, &message, &head, &name);
	if (stun_result_is[result] != *ret)
		difference = "the result";
	else if (result == RG_STUN_NAMED)
		difference = stun_key_difference(&native, &name, ret_name, prefix);
	native_frame_clear(&native);
	return difference;
}

#endif
