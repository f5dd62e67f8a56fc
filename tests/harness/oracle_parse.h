/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A second parser, written from the RFCs and independent of bpf/parse.h: what the
 * parser must say about a frame. Slow and plain; reads one byte at a time.
 *
 * RFC 791 (IPv4), 8200 (IPv6), 2675 (jumbograms), 4302 (AH), 768 (UDP), 3828 (UDP-Lite),
 * 9293 (TCP), 8754 and
 * 6554 (routing headers),
 * IEEE 802.1Q (tags). Where several faults meet, the outermost header's is told.
 */
#ifndef RG_TEST_ORACLE_PARSE_H
#define RG_TEST_ORACLE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum oracle_result {
	ORACLE_OK, ORACLE_NOT_IP, ORACLE_OTHER, ORACLE_FRAGMENT, ORACLE_MALFORMED, ORACLE_UNSUPPORTED
};

/* Where the packet ends, if the host follows source routes. */
enum oracle_route { ORACLE_AT_DESTINATION, ORACLE_AT_FINAL, ORACLE_ANYWHERE };

struct oracle_packet {
	enum oracle_result result;
	bool has_addresses;
	uint8_t source[16], destination[16]; /* IPv4 as ::ffff:a.b.c.d */
	bool may_be_udp, may_be_tcp;         /* meaningless for ORACLE_NOT_IP */
	enum oracle_route route;             /* of packets that may be UDP or TCP */
	uint8_t final[16];                   /* if ORACLE_AT_FINAL */
	bool is_udp;                         /* the ports' protocol, if ORACLE_OK */
	uint16_t source_port, destination_port;
	size_t transport_at;                 /* in the frame */
	size_t payload_at, payload_end;      /* likewise; equal if there is none */
	bool is_first;                       /* the first fragment of several, if ORACLE_OK */
	bool has_id;                         /* IPv6: there is a fragment header */
	uint8_t id[4];                       /* of the datagram, if it is in fragments; IPv4: the first two */
};

/** @bytes: the linear part, @linear bytes; the frame has @length >= @linear in all, of which
 *  the rest exists but can not be read. */
void oracle_parse(const uint8_t *bytes, size_t linear, size_t length, struct oracle_packet *ret);

const char *oracle_result_text(enum oracle_result result);

#endif
