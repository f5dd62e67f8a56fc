/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What bpf/bpf.h supplies, for a native compiler: include this, then bpf/parse.h,
 * and the packet path runs under sanitizers and fuzzers.
 *
 * The frame's bytes belong at an address that is 2 modulo 4, as NICs place them:
 * the headers are then aligned (see struct native_frame).
 */
#ifndef RG_BPF_H
#define RG_BPF_H

#include <netinet/in.h> /* before linux/in6.h, which gives way to it */
#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include "rg_abi.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define bpf_ntohs(x) be16toh(x)
#define bpf_htons(x) htobe16(x)
#define bpf_ntohl(x) be32toh(x)
#define bpf_htonl(x) htobe32(x)
#define bpf_be64_to_cpu(x) be64toh(x)
#define bpf_cpu_to_be64(x) htobe64(x)

/* A frame as the program meets it: the linear part can be read, the rest only has a length. */
struct native_frame {
	void *buffer; /* of exactly the linear part: a sanitizer sees a read beyond it */
	uint8_t *linear;
	uint32_t linear_length, length;
};
#define RG_FRAME_LENGTH(frame) (((const struct native_frame *)(frame)->ctx)->length)

/** Copy @linear_length bytes into a buffer of their own. */
static inline void native_frame_init(struct native_frame *frame, const uint8_t *bytes,
				     size_t linear_length, size_t length)
{
	frame->buffer = malloc(linear_length + 2);
	if (!frame->buffer)
		abort();
	frame->linear = (uint8_t *)frame->buffer + 2;
	if (linear_length)
		memcpy(frame->linear, bytes, linear_length);
	frame->linear_length = (uint32_t)linear_length;
	frame->length = (uint32_t)length;
}

static inline void native_frame_clear(struct native_frame *frame)
{
	free(frame->buffer);
}

#endif
