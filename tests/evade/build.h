/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Plans to frames. */
#ifndef RG_EVADE_BUILD_H
#define RG_EVADE_BUILD_H

#include "evade/plan.h"

/* The same on every path (see tests/evade/run). */
#define GUARDED4 "198.51.100.10"
#define GUARDED6 "2001:db8:ffff::10"
#define OPEN4 "198.51.100.20"
#define OPEN6 "2001:db8:ffff::20"
#define PLAIN4 "198.51.100.30"
#define PLAIN6 "2001:db8:ffff::30"
#define PORT_MARKER 10009

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_URG 0x20

/* What makes two sendings of one plan differ, so that a host's fragment queues do not mix them. */
struct identity {
	uint32_t id;
	uint16_t sport;
};

struct frame { uint8_t *data; size_t length; };
#define FRAMES_MAX (1 + PLAN_PIECES)
#define FRAME_MAX 65000

/** Frames of a plan into @arena (@room bytes). Returns their number; 0: no room. */
unsigned int build_frames(const struct plan *plan, const struct identity *identity, uint8_t *arena,
			  size_t room, struct frame ret[FRAMES_MAX]);
/** Addresses of a plan's source (the @host-th, 1 to 255) and target as text, and the target's port. */
void build_source(const struct plan *plan, unsigned int host, char *ret, size_t size);
const char *build_target(const struct plan *plan);
uint16_t build_port(unsigned int target);
/** Checksum of @length bytes of a transport whose sum is 0, behind the IP header @ip. */
uint16_t build_sum(bool v6, const uint8_t *ip, uint8_t protocol, const uint8_t *at, size_t length);
/** A datagram that every path delivers; its payload is @number. Returns its length. */
size_t build_marker(uint32_t number, uint8_t *data);
#define MARKER_LENGTH 46

#endif
