/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Given, when, then for the packet path: meetings in a real engine, packets through
 * the loaded program by BPF_PROG_TEST_RUN. Include cmocka first. */
#ifndef RG_TEST_PATH_H
#define RG_TEST_PATH_H

#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include "base/reason.h"
#include "engine/engine.h"
#include "harness/packet.h"

#define SERVER4 "198.51.100.10"
#define SERVER6 "2001:db8::10"
#define DE4 "192.0.2.9"
#define DE6 "2001:db8:de::9"
#define CN4 "203.0.113.9"
#define CN6 "2001:db8:c::9"
#define NOWHERE4 "198.18.0.9"

static struct rg_engine *gate;
static struct rg_engine_config gate_config; /* of the next gate */
static struct rg_trace found;
static int action;
static struct pkt packet;

static inline json_t *parsed(const char *json)
{
	json_t *value = json_loads(json, 0, NULL);

	assert_non_null(value);
	return value;
}

static inline void given_region(const char *name, const char *json)
{
	struct rg_err err = {};
	json_t *body = parsed(json);

	if (rg_engine_region_put(gate, name, body, RG_ANY_REVISION, NULL, NULL, &err))
		fail_msg("region %s: %s", name, err.detail);
	json_decref(body);
}

static inline void given_meeting(const char *id, const char *json)
{
	struct rg_err err = {};
	json_t *body = parsed(json);

	if (rg_engine_meeting_put(gate, id, body, RG_ANY_REVISION, NULL, NULL, &err) ||
	    rg_engine_flush(gate, &err))
		fail_msg("meeting %s: %s", id, err.detail);
	json_decref(body);
}

/* An engine without databases: documentation networks in DE and CN, and m-7 on UDP and
 * TCP port 10001 of both server addresses, which refuses CN. */
static inline int given_gate(void **state)
{
	struct rg_err err = {};

	(void)state;
	if (rg_engine_open(&gate_config, &gate, &err)) {
		print_error("%s\n", err.detail);
		return -1;
	}
	given_region("de", "{\"networks\":[\"192.0.2.0/24\",\"2001:db8:de::/48\"],\"country\":\"DE\"}");
	given_region("cn", "{\"networks\":[\"203.0.113.0/24\",\"2001:db8:c::/48\"],\"country\":\"CN\"}");
	given_meeting("m-7", "{\"endpoints\":["
		"{\"address\":\"" SERVER4 "\",\"port\":10001,\"protocol\":\"udp\"},"
		"{\"address\":\"" SERVER4 "\",\"port\":10001,\"protocol\":\"tcp\"},"
		"{\"address\":\"" SERVER6 "\",\"port\":10001,\"protocol\":\"udp\"},"
		"{\"address\":\"" SERVER6 "\",\"port\":10001,\"protocol\":\"tcp\"}],"
		"\"rules\":[{\"action\":\"refuse\",\"regions\":[\"CN\"]}]}");
	return 0;
}

static inline int drop_gate(void **state)
{
	(void)state;
	rg_engine_close(gate);
	gate = NULL;
	return 0;
}

/* Start a packet of either family. */
static inline void packet_from(const char *source, const char *dest)
{
	pkt_begin(&packet);
	if (strchr(source, ':'))
		pkt_ip6(&packet, source, dest);
	else
		pkt_ip4(&packet, source, dest);
}

static inline const char *server_for(const char *source)
{
	return strchr(source, ':') ? SERVER6 : SERVER4;
}

static inline void when_frame(const void *data, size_t length, uint32_t flags)
{
	struct rg_err err = {};

	if (rg_dp_run(rg_engine_dp(gate), data, length, flags, &action, &found, &err))
		fail_msg("run: %s", err.detail);
}

static inline void when_packet(void)
{
	pkt_end(&packet);
	when_frame(packet.data, packet.length, 0);
}

static inline void when_udp(const char *source, uint16_t port)
{
	packet_from(source, server_for(source));
	pkt_udp(&packet, 4000, port);
	pkt_payload(&packet, 60);
	when_packet();
}

/* The reason, and the action that goes with its verdict. */
static inline void then_reason(enum rg_reason reason)
{
	if (found.reason != reason)
		fail_msg("reason %s, not %s", rg_reason_text(found.reason), rg_reason_text(reason));
	assert_int_equal(action, rg_reason_verdict(reason) == RG_VERDICT_REFUSE ? XDP_DROP : XDP_PASS);
}

static inline uint64_t count_of(enum rg_reason reason)
{
	struct rg_count counts[RG_REASON_MAX];

	assert_int_equal(rg_dp_reason_counts(rg_engine_dp(gate), RG_INGRESS, counts, NULL), 0);
	return counts[reason].packets;
}

#endif
