/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>
#include "base/reason.h"
#include "engine/engine_private.h"
#include "policy/json_util.h"

#define SOURCE_PORT_DEFAULT 40000
#define TTL 64

struct question {
	struct rg_addr source, destination;
	unsigned int source_port, destination_port;
	bool tcp;
};

/* Room for the largest frame that a question makes. */
struct frame {
	size_t length;
	unsigned char bytes[sizeof(struct ethhdr) + sizeof(struct ip6_hdr) + sizeof(struct tcphdr)];
};

static const char *const stages[] = {
	[RG_STAGE_PARSE] = "parse",
	[RG_STAGE_ENDPOINT] = "endpoint",
	[RG_STAGE_REGION] = "region",
	[RG_STAGE_POLICY] = "policy",
};

static int parse_address(const json_t *body, const char *field, struct rg_addr *ret, struct rg_err *err)
{
	char quoted[RG_QUOTE_MAX];
	const char *text;
	int r = rg_json_string(body, field, true, &text, err);

	if (r)
		return r;
	if (rg_addr_parse(text, ret)) {
		r = rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "'%s' is not an IP address",
			       rg_json_quote(text, quoted));
		rg_err_prefix(err, "/%s", field);
	}
	return r;
}

static int parse_question(const json_t *body, struct question *ret, struct rg_err *err)
{
	static const char *const known[] = { "source", "source_port", "destination", "destination_port",
					     "protocol", NULL };
	const char *protocol = NULL;
	int r = rg_json_fields(body, known, err);

	ret->source_port = SOURCE_PORT_DEFAULT;
	if (!r)
		r = parse_address(body, "source", &ret->source, err);
	if (!r)
		r = rg_json_port(body, "source_port", false, &ret->source_port, err);
	if (!r)
		r = parse_address(body, "destination", &ret->destination, err);
	if (!r)
		r = rg_json_port(body, "destination_port", true, &ret->destination_port, err);
	if (!r)
		r = rg_json_string(body, "protocol", false, &protocol, err);
	if (r)
		return r;
	if (protocol && strcmp(protocol, "udp") && strcmp(protocol, "tcp"))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/protocol",
				  "protocol is neither \"udp\" nor \"tcp\"");
	if (rg_addr_is_v4(&ret->source) != rg_addr_is_v4(&ret->destination))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/destination",
				  "source and destination are not of the same family");
	ret->tcp = protocol && !strcmp(protocol, "tcp");
	return 0;
}

/* RFC 1071: one's complement sum of 16-bit words. */
static uint32_t sum_words(uint32_t sum, const void *data, size_t length)
{
	const unsigned char *p = data;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void put(struct frame *frame, const void *header, size_t length)
{
	memcpy(frame->bytes + frame->length, header, length);
	frame->length += length;
}

static void put_l3(struct frame *frame, const struct question *q, uint8_t protocol, size_t l4_length)
{
	struct ethhdr eth = { .h_dest = { 2, 0, 0, 0, 0, 1 }, .h_source = { 2, 0, 0, 0, 0, 2 } };
	struct ip6_hdr ip6 = { .ip6_flow = htonl(6u << 28), .ip6_hops = TTL };
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = TTL, .protocol = protocol };

	if (rg_addr_is_v4(&q->source)) {
		eth.h_proto = htons(ETH_P_IP);
		ip.tot_len = htons((uint16_t)(sizeof(ip) + l4_length));
		ip.saddr = htonl(rg_addr_v4(&q->source));
		ip.daddr = htonl(rg_addr_v4(&q->destination));
		ip.check = fold(sum_words(0, &ip, sizeof(ip)));
		put(frame, &eth, sizeof(eth));
		put(frame, &ip, sizeof(ip));
	} else {
		eth.h_proto = htons(ETH_P_IPV6);
		ip6.ip6_plen = htons((uint16_t)l4_length);
		ip6.ip6_nxt = protocol;
		memcpy(&ip6.ip6_src, q->source.bytes, 16);
		memcpy(&ip6.ip6_dst, q->destination.bytes, 16);
		put(frame, &eth, sizeof(eth));
		put(frame, &ip6, sizeof(ip6));
	}
}

/* Both pseudo headers: addresses, protocol, length (the IPv4 prefix ffff of both adds 0). */
static uint16_t l4_checksum(const struct question *q, uint8_t protocol, const void *header, size_t length)
{
	bool v4 = rg_addr_is_v4(&q->source);
	uint32_t sum = protocol + (uint32_t)length;

	sum = sum_words(sum, q->source.bytes + (v4 ? 12 : 0), v4 ? 4 : 16);
	sum = sum_words(sum, q->destination.bytes + (v4 ? 12 : 0), v4 ? 4 : 16);
	return fold(sum_words(sum, header, length));
}

static void build_frame(const struct question *q, struct frame *frame)
{
	struct tcphdr tcp = { .th_sport = htons((uint16_t)q->source_port),
			      .th_dport = htons((uint16_t)q->destination_port),
			      .th_off = 5, .th_flags = TH_SYN, .th_win = htons(65535) };
	struct udphdr udp = { .uh_sport = tcp.th_sport, .uh_dport = tcp.th_dport,
			      .uh_ulen = htons(sizeof(udp)) };

	frame->length = 0;
	if (q->tcp) {
		tcp.th_sum = l4_checksum(q, IPPROTO_TCP, &tcp, sizeof(tcp));
		put_l3(frame, q, IPPROTO_TCP, sizeof(tcp));
		put(frame, &tcp, sizeof(tcp));
	} else {
		udp.uh_sum = l4_checksum(q, IPPROTO_UDP, &udp, sizeof(udp));
		if (!udp.uh_sum)
			udp.uh_sum = 0xffff; /* 0 would mean "no checksum" (RFC 768) */
		put_l3(frame, q, IPPROTO_UDP, sizeof(udp));
		put(frame, &udp, sizeof(udp));
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* {"frame": "hex"}: @ret owned by the caller. */
static int parse_frame(const json_t *body, unsigned char **ret, size_t *ret_length, struct rg_err *err)
{
	static const char *const known[] = { "frame", NULL };
	_cleanup_(rg_freep) unsigned char *bytes = NULL;
	const char *hex = NULL;
	size_t length;
	int r = rg_json_fields(body, known, err);

	if (!r)
		r = rg_json_string(body, "frame", true, &hex, err);
	if (r)
		return r;
	length = strlen(hex);
	if (length % 2)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/frame",
				  "frame has an odd number of hexadecimal digits");
	bytes = malloc(length / 2 + 1);
	if (!bytes)
		return engine_no_memory(err);
	for (size_t i = 0; i < length; i += 2) {
		int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);

		if (high < 0 || low < 0)
			return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/frame",
					  "frame is not hexadecimal at digit %zu", i);
		bytes[i / 2] = (unsigned char)(high << 4 | low);
	}
	*ret = TAKE_PTR(bytes);
	*ret_length = length / 2;
	return 0;
}

/* The rule that the reason speaks of, if it speaks of one. */
static const char *rule_of(const struct rg_engine *engine, const struct rg_trace *trace)
{
	const struct model *model = &engine->model;
	const struct rg_rule *rule;

	if (trace->reason != RG_REASON_ADMIT_RULE && trace->reason != RG_REASON_REFUSE_REGION &&
	    trace->reason != RG_REASON_OBSERVE_REFUSED)
		return NULL;
	if (trace->meeting >= model->max_meetings || !model->by_number[trace->meeting] ||
	    trace->region >= rg_classes_count(engine->classes))
		return NULL;
	rule = rg_meeting_rule_for(model->by_number[trace->meeting]->spec,
				   rg_classes_get(engine->classes, trace->region));
	return rule ? rule->id : NULL;
}

static json_t *trace_json(struct rg_engine *engine, const struct rg_trace *trace)
{
	const char *meeting = rg_engine_meeting_id(engine, trace->meeting);
	bool looked_up = trace->stage > RG_STAGE_REGION;

	return json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:o, s:s, s:I}",
			 "verdict", rg_verdict_text(rg_reason_verdict(trace->reason)),
			 "reason", rg_reason_text(trace->reason),
			 "meeting", meeting[0] ? meeting : NULL,
			 "region", looked_up ? rg_engine_region_code(engine, trace->region) : NULL,
			 "rule", rule_of(engine, trace),
			 "policy", trace->policy ? json_integer(trace->policy) : json_null(),
			 "stage", trace->stage < ARRAY_SIZE(stages) ? stages[trace->stage] : "?",
			 "generation", (json_int_t)trace->generation);
}

int rg_engine_explain(struct rg_engine *engine, const json_t *body, json_t **ret, struct rg_err *err)
{
	_cleanup_(rg_freep) unsigned char *bytes = NULL;
	struct question question = { 0 };
	struct rg_trace trace = { 0 };
	struct frame frame = { 0 };
	size_t length = 0;
	int action, r;

	if (json_object_get(body, "frame")) {
		r = parse_frame(body, &bytes, &length, err);
	} else {
		r = parse_question(body, &question, err);
		if (!r)
			build_frame(&question, &frame);
	}
	if (r)
		return r;
	r = rg_dp_run(engine->dp, bytes ? bytes : frame.bytes, bytes ? length : frame.length,
		      RG_TRACE_DRY, &action, &trace, err);
	if (r) {
		if (err && err->code == RG_ERR_INVALID && !err->pointer[0])
			rg_err_prefix(err, "/frame");
		return r;
	}
	if (trace.reason >= RG_REASON_MAX)
		return rg_err_set(err, -EPROTO, RG_ERR_KERNEL, NULL,
				  "the loaded program gives a reason (%u) that this daemon does not know",
				  trace.reason);
	*ret = trace_json(engine, &trace);
	return *ret ? 0 : engine_no_memory(err);
}
