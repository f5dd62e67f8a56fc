/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames that the engine makes up, to ask the loaded program about. Pure. */
#ifndef RG_ENGINE_FRAME_H
#define RG_ENGINE_FRAME_H

#include <linux/if_ether.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/ip.h"

#define FRAME_USERNAME_MAX 513 /* bytes of a USERNAME (RFC 8489, section 14.3) */
#define FRAME_STUN_MAX     (20 + 4 + FRAME_USERNAME_MAX + 3)

struct frame_spec {
	struct rg_addr source, destination; /* of one family */
	unsigned int source_port, destination_port;
	bool tcp;
	const char *username; /* a STUN Binding Request with this USERNAME; NULL: no payload (TCP: a SYN) */
};

struct frame {
	size_t length;
	/* 2: the length in front of a STUN message over TCP (RFC 4571) */
	unsigned char bytes[sizeof(struct ethhdr) + sizeof(struct ip6_hdr) + sizeof(struct tcphdr) + 2 +
			    FRAME_STUN_MAX];
};

/** Build the frame, with right lengths and checksums. */
void frame_build(const struct frame_spec *spec, struct frame *ret);

#endif
