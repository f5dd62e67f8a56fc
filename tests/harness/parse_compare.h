/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bpf/parse.h, compiled natively, against the oracle: for unit tests and fuzzing. */
#ifndef RG_TEST_PARSE_COMPARE_H
#define RG_TEST_PARSE_COMPARE_H

#include <stdbool.h>
#include "harness/native_bpf.h"
#include "harness/oracle_parse.h"
#include "route.h"

static const enum oracle_result parse_result_is[] = {
	[RG_PARSE_OK] = ORACLE_OK,
	[RG_PARSE_NOT_IP] = ORACLE_NOT_IP,
	[RG_PARSE_OTHER] = ORACLE_OTHER,
	[RG_PARSE_FRAGMENT] = ORACLE_FRAGMENT,
	[RG_PARSE_MALFORMED] = ORACLE_MALFORMED,
	[RG_PARSE_UNSUPPORTED] = ORACLE_UNSUPPORTED,
};

/** Run the parser in one direction over the frame. */
static inline enum oracle_result parse_run(const struct native_frame *native, __u8 direction,
					   struct rg_packet *ret_pkt)
{
	struct rg_frame frame = { .pos = native->linear,
				  .end = native->linear + native->linear_length,
				  .ctx = (void *)native };

	*ret_pkt = (struct rg_packet){ .direction = direction, .bytes = native->linear_length };
	return parse_result_is[rg_parse(&frame, ret_pkt)];
}

/** What rg_parse_plain() takes, rg_parse() parses, and to the same packet. @pkt, @result: of parse_run(). */
static inline bool parse_same_plain(const struct native_frame *native, const struct rg_packet *pkt,
				    enum oracle_result result)
{
	struct rg_packet plain = { .direction = pkt->direction, .bytes = native->linear_length }, untouched = plain;

	if (!rg_parse_plain(native->linear, native->linear + native->linear_length, &plain))
		return !memcmp(&plain, &untouched, sizeof(plain));
	return result == ORACLE_OK && !memcmp(&plain, pkt, sizeof(plain));
}

static const enum oracle_route parse_route_is[] = {
	[RG_ROUTE_NONE] = ORACLE_AT_DESTINATION,
	[RG_ROUTE_FINAL] = ORACLE_AT_FINAL,
	[RG_ROUTE_HIDDEN] = ORACLE_ANYWHERE,
};

/* Do the two say the same about where the packet ends? */
static inline bool parse_same_route(const struct native_frame *native, const struct rg_packet *pkt,
				    const struct oracle_packet *oracle)
{
	struct rg_addr final = {};
	enum rg_route route = RG_ROUTE_NONE;

	if (!oracle->may_be_udp && !oracle->may_be_tcp)
		return true;
	if (pkt->route_at || pkt->hides_route)
		route = rg_route_find(native->linear, native->linear + native->linear_length, pkt, &final);
	return parse_route_is[route] == oracle->route &&
	       (route != RG_ROUTE_FINAL || !memcmp(final.bytes, oracle->final, 16));
}

/* What differs between the two; NULL if nothing does. */
static inline const char *parse_difference(const struct rg_packet *pkt, const struct oracle_packet *oracle)
{
	bool in = pkt->direction == RG_INGRESS;
	unsigned int possible = (oracle->may_be_udp ? RG_PROTO_BIT(RG_PROTO_UDP) : 0) |
				(oracle->may_be_tcp ? RG_PROTO_BIT(RG_PROTO_TCP) : 0);

	if (pkt->has_addresses != oracle->has_addresses)
		return "whether there are addresses";
	if (memcmp(pkt->remote.bytes, in ? oracle->source : oracle->destination, 16))
		return "the remote address";
	if (memcmp(pkt->local.bytes, in ? oracle->destination : oracle->source, 16))
		return "the local address";
	if (oracle->result != ORACLE_NOT_IP && pkt->protocols != possible)
		return "the possible protocols";
	if ((oracle->result == ORACLE_OK || oracle->result == ORACLE_FRAGMENT) && memcmp(&pkt->fragment_id, oracle->id, 4))
		return "the fragment's id";
	if (oracle->result != ORACLE_OK)
		return NULL;
	if (pkt->payload_at != oracle->payload_at || pkt->payload != oracle->payload_end - oracle->payload_at)
		return "the payload";
	if (pkt->more != oracle->is_first)
		return "whether it is the first fragment";
	if (pkt->protocol != (oracle->is_udp ? RG_PROTO_UDP : RG_PROTO_TCP))
		return "the protocol";
	if (pkt->remote_port != (in ? oracle->source_port : oracle->destination_port))
		return "the remote port";
	if (pkt->local_port != (in ? oracle->destination_port : oracle->source_port))
		return "the local port";
	return NULL;
}

/** Compare both, in both directions, on a frame of @length bytes of which the first @linear can
 *  be read. Returns NULL, or what differs. @ret_oracle: what the oracle says. */
static inline const char *parse_compare(const uint8_t *bytes, size_t linear, size_t length,
					struct oracle_packet *ret_oracle)
{
	struct native_frame native;
	const char *difference = NULL;

	oracle_parse(bytes, linear, length, ret_oracle);
	native_frame_init(&native, bytes, linear, length);
	for (__u8 direction = 0; direction < RG_DIRECTION_MAX && !difference; direction++) {
		struct rg_packet pkt;
		enum oracle_result result = parse_run(&native, direction, &pkt);

		difference = result != ret_oracle->result ? oracle_result_text(result) :
							    parse_difference(&pkt, ret_oracle);
		if (!difference && !parse_same_plain(&native, &pkt, result))
			difference = "what is read of a plain frame";
		if (!difference && !parse_same_route(&native, &pkt, ret_oracle))
			difference = "where a source route ends";
	}
	native_frame_clear(&native);
	return difference;
}

#endif
