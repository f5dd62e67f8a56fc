/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Given, when, then for shared endpoints and both directions, on top of path.h: an SFU on UDP port
 * 10000, whose ufrag "abcd" is m-7's. Include cmocka first. */
#ifndef RG_TEST_SHARED_H
#define RG_TEST_SHARED_H

#include <netinet/in.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "dataplane/private.h"
#include "harness/path.h"
#include "harness/stun_message.h"
#include "regiongate.skel.h"

static struct stun message;
static uint32_t meeting, flags;
static uint16_t local_port;

#define MEETING_THAT_REFUSES(region) "{\"endpoints\":[" \
	"{\"address\":\"" SERVER4 "\",\"port\":10001}," \
	"{\"address\":\"" SERVER6 "\",\"port\":10001}]," \
	"\"rules\":[{\"action\":\"refuse\",\"regions\":[\"" region "\"]}]}"

static inline uint32_t meeting_number(const char *id)
{
	for (uint32_t number = 1; number < 64; number++)
		if (!strcmp(rg_engine_meeting_id(gate, number), id))
			return number;
	fail_msg("no meeting %s", id);
	return 0;
}

static inline void given_shared(uint32_t number, uint8_t protocol, uint32_t shared_flags, uint16_t prefix)
{
	struct rg_shared shared = { .flags = shared_flags, .ufrag_prefix = prefix, .protocol = protocol,
				    .first_port = 10000, .last_port = 10000, .name = "sfu" };

	assert_int_equal(rg_addr_parse(SERVER4, &shared.address), 0);
	assert_int_equal(rg_dp_shared_set(rg_engine_dp(gate), number, &shared, NULL), 0);
}

/* On endpoint 1. */
static inline void given_ufrag(const char *text, uint32_t binding, uint32_t number)
{
	struct rg_err err = {};

	if (rg_dp_ufrag_set(rg_engine_dp(gate), 1, text, strlen(text), binding, number, &err))
		fail_msg("ufrag %s: %s", text, err.detail);
}

static inline int given_sfu(void **state)
{
	if (given_gate(state))
		return -1;
	flags = 0;
	local_port = 10000;
	meeting = meeting_number("m-7");
	given_shared(1, IPPROTO_UDP, 0, 0);
	given_ufrag("abcd", 1, meeting);
	return 0;
}

static inline void put_payload(const void *data, size_t n)
{
	size_t at = packet.length;

	pkt_payload(&packet, n);
	if (n)
		memcpy(packet.data + at, data, n);
}

static inline void when_sent(void)
{
	pkt_end(&packet);
	when_frame(packet.data, packet.length, flags);
}

/* The message as it was built. */
static inline void when_message(const char *source, uint16_t port)
{
	packet_from(source, server_for(source));
	pkt_udp(&packet, port, local_port);
	put_payload(message.data, message.length);
	when_sent();
}

static inline void when_request(const char *source, uint16_t port, const char *name)
{
	stun_chromium(&message, name);
	when_message(source, port);
}

/* RTP */
static inline void when_media(const char *source, uint16_t port)
{
	packet_from(source, server_for(source));
	pkt_udp(&packet, port, local_port);
	put_payload("\x80\x6f\x12\x34\x00\x00\x00\x01\x00\x00\x00\x02media", 17);
	when_sent();
}

static inline void when_tcp(const char *source, uint16_t port, const void *data, size_t n)
{
	packet_from(source, server_for(source));
	pkt_tcp(&packet, port, local_port);
	put_payload(data, n);
	when_sent();
}

/* Media from the server to a remote. */
static inline void when_egress(const char *remote, uint16_t port)
{
	packet_from(server_for(remote), remote);
	pkt_udp(&packet, local_port, port);
	put_payload("\x80\x6f\x12\x34\x00\x00\x00\x01\x00\x00\x00\x02media", 17);
	pkt_end(&packet);
	when_frame(packet.data, packet.length, flags | RG_TRACE_EGRESS);
}

static inline void then_egress(enum rg_reason reason)
{
	if (found.reason != reason)
		fail_msg("reason %s, not %s", rg_reason_text(found.reason), rg_reason_text(reason));
	assert_int_equal(action, rg_reason_verdict(reason) == RG_VERDICT_REFUSE ? 2 /* TC_ACT_SHOT */ : -1);
}

static inline bool count_flow(void *arg, const struct rg_flow_key *key, const struct rg_flow *flow)
{
	(void)key;
	(void)flow;
	++*(int *)arg;
	return true;
}

static inline int count_flows(void)
{
	int n = 0;

	assert_int_equal(rg_dp_flows(rg_engine_dp(gate), count_flow, &n, NULL), 0);
	return n;
}

static inline void then_flows(int wanted)
{
	assert_int_equal(count_flows(), wanted);
}

/* The only flow, by the map. */
static inline struct rg_flow the_flow(struct rg_flow_key *ret_key)
{
	int fd = bpf_map__fd(rg_engine_dp(gate)->skel->maps.rg_flows);
	struct rg_flow flow;

	assert_int_equal(bpf_map_get_next_key(fd, NULL, ret_key), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, ret_key, &flow), 0);
	return flow;
}

static inline uint64_t flow_region(void)
{
	struct rg_flow_key key;

	return the_flow(&key).region;
}

static inline void flow_region_set(uint64_t region)
{
	struct rg_flow_key key;
	struct rg_flow flow = the_flow(&key);

	flow.region = region;
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(rg_engine_dp(gate)->skel->maps.rg_flows), &key, &flow, BPF_ANY), 0);
}

#endif
