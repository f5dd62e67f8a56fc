/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "evade/model.h"

#include <netinet/in.h>
#include <string.h>
#include "evade/die.h"
#include "evade/judge.h"
#include "harness/oracle_parse.h"
#include "harness/oracle_stun.h"

#define FLOWS_MAX 1024
#define FIRSTS_MAX 1024
#define LINEAR_SURE 1024 /* headers within this many bytes are in the linear part of every frame */

enum meeting { NOBODY, GUARDED, OPEN, ANYBODY }; /* ANYBODY: no endpoint at all */

struct flow { struct rg_addr source; uint16_t sport, dport; bool udp; enum meeting meeting; };
struct first {
	uint8_t source[16], dest[16], id[4], protocol;
	enum model_verdict verdict;
};

static struct flow flows[FLOWS_MAX];
static struct first firsts[FIRSTS_MAX];
static unsigned int n_flows, n_firsts;

const char *model_text(enum model_verdict verdict)
{
	static const char *const texts[MODEL_MAX] = {
		[MODEL_ADMIT] = "admitted",
		[MODEL_POLICY] = "the source is refused",
		[MODEL_UNBOUND] = "at a shared endpoint, bound to no meeting",
		[MODEL_MALFORMED] = "lengths that contradict each other",
		[MODEL_REQUEST] = "at a shared endpoint, a request that can not be read",
		[MODEL_BEYOND] = "more tags or extension headers than are followed, or a first fragment without all headers",
		[MODEL_HIDDEN] = "at a shared endpoint, a first fragment that may hide a request",
		[MODEL_FLAGS] = "at a shared endpoint, urgent data, a payload in a SYN or an RST, or a fragment of TCP",
		[MODEL_FRAGMENT] = "a later fragment without its first one, or of a first one that is refused",
		[MODEL_ROUTE] = "a source route to another endpoint",
		[MODEL_UNSURE] = "headers that may be beyond the linear part",
	};

	return texts[verdict];
}

void model_reset(void)
{
	n_flows = n_firsts = 0;
}

static struct rg_addr address_of(const uint8_t bytes[16])
{
	struct rg_addr address;

	memcpy(address.bytes, bytes, 16);
	return address;
}

/* --- fragments */

/* IPv4 tells datagrams of one id apart by their protocol, IPv6 does not. */
static uint8_t protocol_of(const struct frame *frame)
{
	for (size_t at = 12; at + 12 <= frame->length; at += 4) {
		unsigned int type = (unsigned int)frame->data[at] << 8 | frame->data[at + 1];

		if (type == 0x0800)
			return frame->data[at + 2 + 9];
		if (type == 0x86dd)
			return 0;
	}
	return 0;
}

static struct first first_of(const struct frame *frame, const struct oracle_packet *packet)
{
	struct first first = { .protocol = protocol_of(frame) };

	memcpy(first.source, packet->source, 16);
	memcpy(first.dest, packet->destination, 16);
	memcpy(first.id, packet->id, 4);
	return first;
}

static void remember_first(const struct frame *frame, const struct oracle_packet *packet, enum model_verdict verdict)
{
	if (n_firsts == FIRSTS_MAX)
		die("too many fragments");
	firsts[n_firsts] = first_of(frame, packet);
	firsts[n_firsts++].verdict = verdict;
}

static enum model_verdict judge_later(const struct frame *frame, const struct oracle_packet *packet)
{
	const struct first wanted = first_of(frame, packet);

	for (unsigned int i = n_firsts; i--;) /* the last one of that id counts */
		if (!memcmp(&firsts[i], &wanted, offsetof(struct first, verdict)))
			return firsts[i].verdict == MODEL_ADMIT ? MODEL_ADMIT : MODEL_FRAGMENT;
	return MODEL_FRAGMENT;
}

/* --- meetings */

static bool is_shared(uint16_t port)
{
	return port >= PORT_SHARED_ONE && port <= PORT_SHARED_LAX;
}

/* Whose dedicated endpoint this is. */
static enum meeting dedicated_at(const struct rg_addr *address, uint16_t port)
{
	if (port == PORT_ANY)
		return GUARDED; /* m-any has the same rules */
	if (judge_is_address(address, GUARDED4, GUARDED6))
		return port == PORT_GUARDED ? GUARDED : port == PORT_OPEN ? OPEN : ANYBODY;
	return port == PORT_GUARDED && judge_is_address(address, OPEN4, OPEN6) ? OPEN : ANYBODY;
}

static enum model_verdict by_policy(enum meeting meeting, const struct rg_addr *source)
{
	return meeting != GUARDED || judge_is_in_de(source) ? MODEL_ADMIT : MODEL_POLICY;
}

static struct flow *flow_of(const struct oracle_packet *packet)
{
	const struct rg_addr source = address_of(packet->source);

	for (unsigned int i = 0; i < n_flows; i++)
		if (!rg_addr_cmp(&flows[i].source, &source) && flows[i].sport == packet->source_port &&
		    flows[i].dport == packet->destination_port && flows[i].udp == packet->is_udp)
			return &flows[i];
	return NULL;
}

static void bind_flow(const struct oracle_packet *packet, enum meeting meeting)
{
	struct flow *flow = flow_of(packet);

	if (!flow && n_flows == FLOWS_MAX)
		die("too many flows");
	if (!flow)
		flow = &flows[n_flows++];
	*flow = (struct flow){ address_of(packet->source), packet->source_port, packet->destination_port,
			       packet->is_udp, meeting };
}

static enum meeting holder_of(const struct oracle_name *name, uint16_t port)
{
	if (name->length != 4)
		return NOBODY;
	if (!memcmp(name->text, UFRAG_GUARDED, 4))
		return GUARDED;
	return port != PORT_SHARED_ONE && !memcmp(name->text, UFRAG_OPEN, 4) ? OPEN : NOBODY;
}

/* A request by its type and cookie. @n is at least 10. */
static bool looks_like_request(const uint8_t *message)
{
	return !memcmp(message + 4, "\x21\x12\xa4\x42", 4) &&
	       (!memcmp(message, "\0\1", 2) || !memcmp(message, "\2\0", 2));
}

/* What names nobody: by its flow. */
static enum model_verdict judge_flow(const struct oracle_packet *packet, size_t payload)
{
	const struct rg_addr source = address_of(packet->source);
	const struct flow *flow = flow_of(packet);

	if (flow)
		return by_policy(flow->meeting, &source);
	if (packet->destination_port == PORT_SHARED_LAX || (!packet->is_udp && !payload && !packet->is_first))
		return MODEL_ADMIT;
	return MODEL_UNBOUND;
}

/* @dry: it is refused anyhow, and binds nothing. */
static enum model_verdict judge_named(const struct oracle_packet *packet, enum meeting meeting, bool dry)
{
	const struct rg_addr source = address_of(packet->source);
	bool lax = packet->destination_port == PORT_SHARED_LAX;
	enum model_verdict verdict;

	if (meeting == NOBODY)
		return lax ? MODEL_ADMIT : MODEL_UNBOUND;
	verdict = by_policy(meeting, &source);
	if (!dry && (verdict == MODEL_ADMIT || (lax && !flow_of(packet))))
		bind_flow(packet, meeting);
	return verdict;
}

/* Has a segment what no connection of a shared endpoint may have? */
static bool is_odd_segment(const struct frame *frame, const struct oracle_packet *packet)
{
	uint8_t flags = frame->data[packet->transport_at + 13];
	bool empty = packet->payload_at == packet->payload_end;

	return flags & TCP_URG || packet->is_first || (flags & (TCP_SYN | TCP_RST) && !empty);
}

/* Of plans: no server listens there, so there are no connections. */
static enum model_verdict judge_shared(const struct frame *frame, const struct oracle_packet *packet, bool dry)
{
	const uint8_t *payload = frame->data + packet->payload_at;
	size_t n = packet->payload_end - packet->payload_at, framed = packet->is_udp ? 0 : 2;
	struct oracle_name name;

	if (!packet->is_udp && packet->destination_port != PORT_SHARED_LAX && is_odd_segment(frame, packet))
		return MODEL_FLAGS;
	if (packet->is_first && n < 10)
		return MODEL_HIDDEN;
	if (packet->is_first && framed && looks_like_request(payload + framed) &&
	    n - framed < (size_t)(payload[0] << 8 | payload[1]))
		return MODEL_HIDDEN;
	switch (oracle_stun(payload, n, framed, &name)) {
	case ORACLE_STUN_NAMED:
		return judge_named(packet, holder_of(&name, packet->destination_port), dry);
	case ORACLE_STUN_NONE:
		return judge_flow(packet, n);
	default:
		return MODEL_REQUEST;
	}
}

/* Does a source route take the packet to an endpoint other than the one that it was judged for? */
static bool is_led_on(const struct oracle_packet *packet)
{
	struct rg_addr final;

	if (!packet->may_be_udp && !packet->may_be_tcp)
		return false;
	if (packet->route != ORACLE_AT_FINAL)
		return packet->route == ORACLE_ANYWHERE;
	if (!memcmp(packet->final, packet->destination, 16))
		return false;
	final = address_of(packet->final);
	if (packet->result == ORACLE_OK)
		return packet->destination_port != PORT_ANY &&
		       dedicated_at(&final, packet->destination_port) != ANYBODY;
	return judge_is_address(&final, GUARDED4, GUARDED6) || judge_is_address(&final, OPEN4, OPEN6);
}

static enum model_verdict judge_parsed(const struct frame *frame, const struct oracle_packet *packet, bool dry)
{
	const struct rg_addr source = address_of(packet->source), dest = address_of(packet->destination);

	if (is_shared(packet->destination_port))
		return judge_shared(frame, packet, dry);
	return by_policy(dedicated_at(&dest, packet->destination_port), &source);
}

static enum model_verdict judge_read(const struct frame *frame, const struct oracle_packet *packet)
{
	bool led_on = packet->result != ORACLE_NOT_IP && is_led_on(packet);
	enum model_verdict verdict = MODEL_ADMIT;

	switch (packet->result) {
	case ORACLE_OK:
		verdict = judge_parsed(frame, packet, led_on);
		break;
	case ORACLE_FRAGMENT:
		verdict = judge_later(frame, packet);
		break;
	case ORACLE_MALFORMED:
		verdict = MODEL_MALFORMED;
		break;
	case ORACLE_UNSUPPORTED:
		verdict = MODEL_BEYOND;
		break;
	default:
		break;
	}
	if (led_on)
		verdict = MODEL_ROUTE;
	if (packet->result == ORACLE_OK && packet->is_first)
		remember_first(frame, packet, verdict);
	return verdict;
}

enum model_verdict model_judge(const struct frame *frame)
{
	struct oracle_packet packet, short_sighted;

	oracle_parse(frame->data, frame->length, frame->length, &packet);
	if (frame->length > LINEAR_SURE) {
		oracle_parse(frame->data, LINEAR_SURE, frame->length, &short_sighted);
		if (short_sighted.result != packet.result || short_sighted.route != packet.route)
			return MODEL_UNSURE;
	}
	return judge_read(frame, &packet);
}
