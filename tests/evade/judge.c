/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "evade/judge.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "base/reason.h"
#include "dataplane/private.h"
#include "engine/engine.h"
#include "evade/die.h"
#include "regiongate.skel.h"

#define FLOWS 16384 /* few, so that they can be forgotten in no time */
#define UFRAGS 64
#define RATES_TURNS 16 /* no source makes more flows in so many batches than it may */

static struct rg_engine *engine;

static json_t *parsed(const char *text)
{
	json_t *body = json_loads(text, 0, NULL);

	if (!body)
		die("not JSON: %s", text);
	return body;
}

static void given_region(const char *name, const char *text)
{
	struct rg_err err = {};
	json_t *body = parsed(text);

	if (rg_engine_region_put(engine, name, body, RG_ANY_REVISION, NULL, NULL, &err))
		die("region %s: %s", name, err.detail);
	json_decref(body);
}

static void given_meeting(const char *id, const char *text)
{
	struct rg_err err = {};
	json_t *body = parsed(text);

	if (rg_engine_meeting_put(engine, id, body, RG_ANY_REVISION, NULL, NULL, &err) ||
	    rg_engine_flush(engine, &err))
		die("meeting %s: %s", id, err.detail);
	json_decref(body);
}

/* Of both protocols, with the ufrags of m-guarded, and of m-open if @both. */
static void given_shared(const char *name, unsigned int port, const char *unbound, bool both)
{
	static const char *const protocols[] = { "udp", "tcp" };
	struct rg_err err = {};
	char full[32];

	for (unsigned int i = 0; i < 2; i++) {
		json_t *body = json_pack("{s:s, s:i, s:s, s:s, s:s}", "address", "any", "port", (int)port, "protocol",
					 protocols[i], "classify", "ufrag", "unbound", unbound);

		snprintf(full, sizeof(full), "%s-%s", name, protocols[i]);
		if (rg_engine_endpoint_put(engine, full, body, RG_ANY_REVISION, NULL, NULL, &err) ||
		    rg_engine_flush(engine, &err) ||
		    rg_engine_ufrag_bind(engine, "m-guarded", full, UFRAG_GUARDED, RG_ANY_REVISION, NULL, NULL, &err) ||
		    (both && rg_engine_ufrag_bind(engine, "m-open", full, UFRAG_OPEN, RG_ANY_REVISION, NULL, NULL, &err)) ||
		    rg_engine_flush(engine, &err))
			die("shared endpoint %s: %s", full, err.detail);
		json_decref(body);
	}
}

static void attach(const char *prefix, const char *name, enum rg_xdp_mode mode)
{
	struct rg_err err = {};

	wire_enter(prefix, name);
	if (rg_dp_attach(rg_engine_dp(engine), name, mode, &err) ||
	    rg_dp_egress_attach(rg_engine_dp(engine), name, RG_EGRESS_AUTO, &err))
		die("%s: %s", name, err.detail);
	wire_home();
}

#define AT(address, port, protocol) \
	"{\"address\":\"" address "\",\"port\":" #port ",\"protocol\":\"" protocol "\"}"
#define BOTH(address, port) AT(address, port, "udp") "," AT(address, port, "tcp")
#define ONLY_DE "\"default\":\"refuse\",\"rules\":[{\"action\":\"admit\",\"regions\":[\"DE\"]}]"

void judge_open(const char *prefix, const char *pins)
{
	struct rg_engine_config config = { .dp = { .pin_dir = pins, .max_flows = FLOWS, .max_ufrags = UFRAGS } };
	struct rg_err err = {};

	if (rg_engine_open(&config, &engine, &err))
		die("%s", err.detail);
	given_region("de", "{\"networks\":[\"192.0.2.0/24\",\"2001:db8:de::/48\"],\"country\":\"DE\"}");
	given_region("cn", "{\"networks\":[\"203.0.113.0/24\",\"2001:db8:c::/48\"],\"country\":\"CN\"}");
	given_meeting("m-guarded", "{\"endpoints\":[" BOTH(GUARDED4, 10001) "," BOTH(GUARDED6, 10001) "]," ONLY_DE "}");
	given_meeting("m-open", "{\"endpoints\":[" BOTH(GUARDED4, 10002) "," BOTH(GUARDED6, 10002) ","
				BOTH(OPEN4, 10001) "," BOTH(OPEN6, 10001) "]}");
	given_shared("one", PORT_SHARED_ONE, "refuse", false);
	given_shared("two", PORT_SHARED_TWO, "refuse", true);
	given_shared("lax", PORT_SHARED_LAX, "admit", true);
	given_meeting("m-any", "{\"endpoints\":[" BOTH("any", 10005) "]," ONLY_DE "}");
	attach(prefix, "native", RG_XDP_NATIVE);
	attach(prefix, "generic", RG_XDP_GENERIC);
	rg_dp_answers_note(rg_engine_dp(engine), true);
}

void judge_refill(void)
{
	struct rg_dp *dp = rg_engine_dp(engine);
	static struct rg_bind_rate rates[RG_BIND_RATES];
	static uint32_t keys[RG_BIND_RATES];
	uint32_t n = RG_BIND_RATES;

	for (uint32_t i = 0; i < n; i++)
		keys[i] = i;
	if (bpf_map_update_batch(bpf_map__fd(dp->skel->maps.rg_bind_rates), keys, rates, &n, NULL))
		die("rg_bind_rates: %s", strerror(errno));
}

static void clear(const struct bpf_map *map)
{
	static union { struct rg_flow_key flow; struct rg_connection_key connection; struct rg_frag_key frag; } keys[FLOWS];
	int fd = bpf_map__fd(map);
	unsigned int n = 0;

	if (bpf_map__key_size(map) > sizeof(*keys))
		die("%s: a key of %u bytes", bpf_map__name(map), bpf_map__key_size(map));
	while (n < FLOWS && !bpf_map_get_next_key(fd, n ? &keys[n - 1] : NULL, &keys[n]))
		n++;
	while (n--)
		bpf_map_delete_elem(fd, &keys[n]);
}

void judge_forget(void)
{
	struct rg_dp *dp = rg_engine_dp(engine);
	static unsigned int turn;

	if (turn++ % RATES_TURNS == 0)
		judge_refill();
	for (uint32_t i = 1; i <= UFRAGS; i++)
		dp->bindings[i].tokens = RG_BIND_BURST;
	clear(dp->skel->maps.rg_flows);
	clear(dp->skel->maps.rg_connections);
	clear(dp->skel->maps.rg_frags);
}

void judge_close(const char *pins)
{
	struct rg_err err = {};

	rg_engine_close(engine);
	if (rg_dp_remove(pins, &err))
		fprintf(stderr, "evade: %s\n", err.detail);
}

bool judge_is_address(const struct rg_addr *addr, const char *v4, const char *v6)
{
	struct rg_addr a4, a6;

	if (rg_addr_parse(v4, &a4) || rg_addr_parse(v6, &a6))
		die("not an address");
	return !rg_addr_cmp(addr, &a4) || !rg_addr_cmp(addr, &a6);
}

static bool starts_with(const struct rg_addr *addr, const char *prefix, unsigned int bytes)
{
	return !memcmp(addr->bytes, prefix, bytes);
}

/* 192.0.2.0/24, 2001:db8:de::/48 and what holds such an IPv4 address: read off the bytes. */
bool judge_is_in_de(const struct rg_addr *addr)
{
	static const char net[3] = { (char)192, 0, 2 };
	const unsigned char *b = addr->bytes;

	if (starts_with(addr, "\x20\x01\x0d\xb8\x00\xde", 6))
		return true;
	if (starts_with(addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) || /* IPv4, mapped or not */
	    starts_with(addr, "\0\x64\xff\x9b\0\0\0\0\0\0\0\0", 12))
		return !memcmp(b + 12, net, 3);
	if (starts_with(addr, "\x20\x02", 2))
		return !memcmp(b + 2, net, 3);
	if (starts_with(addr, "\x20\x01\0\0", 4))
		return b[12] == (192 ^ 255) && b[13] == 255 && b[14] == (2 ^ 255);
	return false;
}

/* At a shared endpoint. Raw sockets see TCP segments without a payload, which tell a server nothing. */
static bool refuses_shared(const struct got *got)
{
	if (judge_is_in_de(&got->source))
		return false;
	if (got->dport == PORT_SHARED_ONE && (got->payload || got->protocol != IPPROTO_TCP))
		return true;
	return got->names_guarded;
}

bool judge_refuses(const struct got *got)
{
	bool guarded = got->dport == PORT_ANY ||
		       (got->dport == PORT_GUARDED && judge_is_address(&got->dest, GUARDED4, GUARDED6));

	if (got->dport >= PORT_SHARED_ONE && got->dport <= PORT_SHARED_LAX)
		return refuses_shared(got);
	return guarded && !judge_is_in_de(&got->source);
}

const char *judge_reasons(const struct frame *frames, unsigned int n, char *buf, size_t size)
{
	size_t used = 0;

	*buf = 0;
	for (unsigned int i = 0; i < n && used + 32 < size; i++) {
		struct rg_trace trace = {};
		int action;

		if (!rg_dp_run(rg_engine_dp(engine), frames[i].data, frames[i].length, RG_TRACE_DRY, &action, &trace, NULL))
			used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? ", " : "",
						 rg_reason_text((enum rg_reason)trace.reason));
	}
	return buf;
}
