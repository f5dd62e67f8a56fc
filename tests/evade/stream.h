/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A stream is what a client that writes its TCP segments itself sends to a listening socket: framed messages (RFC
 * 4571), cut as it likes, in any order, overlapping, more than once and with other contents the second time.
 * As plans it is drawn from a seed and a number, and can be taken back step by step. */
#ifndef RG_EVADE_STREAM_H
#define RG_EVADE_STREAM_H

#include "evade/build.h"

#define STREAM_MESSAGES 4
#define STREAM_SEGMENTS 12
#define STREAM_FRAMES (1 + 2 * STREAM_SEGMENTS)
#define STREAM_HOST 251 /* of each source; receivers have a route to it, see tests/evade/run */

struct stream_message { uint8_t name, odd, length; }; /* enum plan_name, plan_odd; length: if it is no request */
/* Bytes [from, from + length) of one of the two contents. */
struct stream_segment {
	uint16_t from, length, urgent;
	uint8_t second;      /* of the second contents */
	uint8_t flags, bad_sum;
	uint8_t split;       /* two IP fragments, the first with so many 8s of bytes; 0: whole */
	uint8_t reversed;    /* the later fragment first */
};
struct stream {
	uint64_t seed;
	uint32_t number;
	bool v6;
	uint8_t source, target;     /* as in plans */
	uint8_t tags, exts;         /* VLAN tags of number 0, headers with options (IPv6) */
	uint8_t syn_payload, quiet; /* quiet: no ACK of its own completes the handshake */
	uint8_t n_messages[2], n_segments;
	struct stream_message messages[2][STREAM_MESSAGES];
	struct stream_segment segments[STREAM_SEGMENTS];
};

void stream_draw(uint64_t seed, uint32_t number, struct stream *ret);
/** As plan_simplify() and plan_text(). */
bool stream_simplify(struct stream *stream, unsigned int step);
const char *stream_text(const struct stream *stream, char *buf, size_t size);
/** Where its server listens. */
const char *stream_address(const struct stream *stream);
/** Is it at a shared endpoint that refuses what is unbound? There the filter asks the server's socket what it has
 *  taken, which the model (model.h) does not know. */
bool stream_is_asked(const struct stream *stream);
/** Would any client send it so, and any server understand? It begins with a whole request, which names @ret_name, and
 *  names nobody else. */
bool stream_is_orderly(const struct stream *stream, enum plan_name *ret_name);
/** Its first frame, into @arena. */
struct frame stream_begin(const struct stream *stream, uint16_t sport, uint8_t *arena);
/** All others, as a client sends them that has learnt @ack of the server. Returns their number. */
unsigned int stream_go_on(const struct stream *stream, uint16_t sport, uint32_t ack, uint8_t *arena,
			  struct frame ret[STREAM_FRAMES]);
/** What makes the server forget it. */
struct frame stream_end(const struct stream *stream, uint16_t sport, uint8_t *arena);
#define STREAM_ARENA (STREAM_FRAMES * 2048)

#endif
