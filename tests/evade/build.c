/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "evade/build.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include "evade/request.h"
#include "harness/packet.h"

#define HOSTS 250 /* of each source */

static struct pkt packet;

static uint32_t sum16(const uint8_t *at, size_t n, uint32_t sum)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	if (n % 2)
		sum += (uint32_t)at[n - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

void build_source(const struct plan *plan, unsigned int host, char *ret, size_t size)
{
	static const char *const v4_nets[] = { [FROM_DE] = "192.0.2", [FROM_CN] = "203.0.113",
					       [FROM_NOWHERE] = "198.18.7" };
	static const char *const v6_formats[FROM_MAX] = {
		[FROM_DE] = "2001:db8:de:%x::1", [FROM_CN] = "2001:db8:c:%x::1",
		[FROM_NOWHERE] = "2001:db8:bad:%x::1",
		[FROM_6TO4_DE] = "2002:c000:2%02x:1::1", [FROM_6TO4_CN] = "2002:cb00:71%02x:1::1",
		[FROM_NAT64_DE] = "64:ff9b::c000:2%02x", [FROM_NAT64_CN] = "64:ff9b::cb00:71%02x",
		[FROM_MAPPED_DE] = "::ffff:c000:2%02x", [FROM_MAPPED_CN] = "::ffff:cb00:71%02x",
		/* the client's address with its bits inverted; the server's is in the other country */
		[FROM_TEREDO_DE] = "2001:0:cb00:7101:0:1:3fff:fd%02x",
		[FROM_TEREDO_CN] = "2001:0:c000:201:0:1:34ff:8e%02x",
	};

	if (plan->v6)
		snprintf(ret, size, v6_formats[plan->source], host);
	else
		snprintf(ret, size, "%s.%u", v4_nets[plan->source > FROM_NOWHERE ? FROM_CN : plan->source], host);
}

const char *build_target(const struct plan *plan)
{
	switch (plan->target) {
	case TO_OPEN:
		return plan->v6 ? OPEN6 : OPEN4;
	case TO_PLAIN:
	case TO_ANY_PLAIN:
		return plan->v6 ? PLAIN6 : PLAIN4;
	default:
		return plan->v6 ? GUARDED6 : GUARDED4;
	}
}

uint16_t build_port(unsigned int target)
{
	static const uint16_t ports[TO_MAX] = {
		[TO_GUARDED] = PORT_GUARDED, [TO_OPEN] = PORT_GUARDED, [TO_PLAIN] = PORT_GUARDED,
		[TO_GUARDED_OPEN] = PORT_OPEN, [TO_GUARDED_OTHER] = PORT_OTHER,
		[TO_ANY_GUARDED] = PORT_ANY, [TO_ANY_PLAIN] = PORT_ANY,
		[TO_SHARED_ONE] = PORT_SHARED_ONE, [TO_SHARED_TWO] = PORT_SHARED_TWO,
		[TO_SHARED_LAX] = PORT_SHARED_LAX,
	};

	return ports[target];
}

static void add_extensions(const struct plan *plan, const struct identity *identity)
{
	for (unsigned int i = 0; i < plan->n_exts; i++) {
		const struct plan_ext *ext = &plan->exts[i];

		switch (ext->type) {
		case EXT_ATOMIC:
			pkt_fragment(&packet, 0, false, identity->id);
			break;
		case EXT_AH:
			pkt_ah(&packet, ext->units % 100 * 2u);
			break;
		case EXT_SEGMENT:
			pkt_segment(&packet, GUARDED6, 1);
			break;
		case EXT_JUMBO:
			pkt_jumbo(&packet);
			break;
		default:
			pkt_ext(&packet, ext->type, ext->units);
		}
	}
}

/* Does a pending source route make the guarded address the last one? It counts for the checksum. */
static bool is_routed(const struct plan *plan)
{
	for (unsigned int i = 0; i < plan->n_exts; i++)
		if (plan->exts[i].type == EXT_SEGMENT)
			return true;
	return plan->route && plan->pointer == 4;
}

uint16_t build_sum(bool v6, const uint8_t *ip, uint8_t protocol, const uint8_t *at, size_t length)
{
	uint8_t pseudo[40] = { 0 };
	size_t address = v6 ? 16 : 4;

	memcpy(pseudo, ip + (v6 ? 8 : 12), 2 * address);
	pkt_put32(pseudo + 2 * address, length);
	pseudo[2 * address + 7] = protocol;
	return (uint16_t)~sum16(at, length, sum16(pseudo, 2 * address + 8, 0));
}

static uint16_t transport_sum(const struct plan *plan, const uint8_t *ip, const uint8_t *at, size_t length)
{
	uint8_t final[40], pseudo_length[8] = { 0 };
	size_t address = plan->v6 ? 16 : 4, covered = length;
	uint32_t sum;

	memcpy(final, ip + (plan->v6 ? 8 : 12), 2 * address);
	if (is_routed(plan))
		inet_pton(plan->v6 ? AF_INET6 : AF_INET, plan->v6 ? GUARDED6 : GUARDED4, final + address);
	pkt_put32(pseudo_length, length);
	pseudo_length[7] = plan->protocol;
	sum = sum16(pseudo_length, sizeof(pseudo_length), sum16(final, 2 * address, 0));
	if (plan->protocol == IPPROTO_UDPLITE && plan->udp_lie < 0 && (long)length + plan->udp_lie >= 8)
		covered = (size_t)((long)length + plan->udp_lie);
	return (uint16_t)~sum16(at, covered, sum);
}

static void fill_transport(const struct plan *plan, const struct identity *identity, const uint8_t *ip,
			   uint8_t *at, size_t length)
{
	bool tcp = plan->protocol == IPPROTO_TCP;
	size_t header = tcp ? 20 : 8, sum_at = tcp ? 16 : 6;
	uint16_t sum;

	pkt_put16(at, identity->sport);
	pkt_put16(at + 2, build_port(plan->target));
	memset(at + 4, 0, header - 4);
	for (size_t i = header; i < length; i++)
		at[i] = (uint8_t)(identity->id >> (i % 4 * 8));
	if (plan->name)
		build_request(plan, plan->name, plan->odd, identity->id, at + header);
	if (tcp) {
		pkt_put32(at + 4, identity->id);
		at[12] = 5 << 4;
		at[13] = plan->tcp_flags;
	} else {
		pkt_put16(at + 4, (size_t)((long)length + plan->udp_lie));
	}
	if (plan->sum == SUM_NONE)
		return;
	sum = transport_sum(plan, ip, at, length);
	if (!sum)
		sum = 0xffff;
	pkt_put16(at + sum_at, plan->sum == SUM_BAD ? sum ^ 0x55u : sum);
}

/* The datagram as one frame; its parts are in packet.layers. */
static void build_whole(const struct plan *plan, const struct identity *identity)
{
	size_t length = plan_transport_length(plan);
	char source[64];
	uint8_t *ip;

	/* no fragment id of 16 bits is used twice by one host, and none makes more flows than it may */
	build_source(plan, 1 + ((identity->id & 0xffff) + (identity->id >> 16)) % HOSTS, source, sizeof(source));
	pkt_begin(&packet);
	for (unsigned int i = 0; i < plan->n_tags; i++)
		pkt_vlan(&packet, plan->tags[i].type, plan->tags[i].tci);
	if (plan->v6) {
		pkt_ip6(&packet, source, build_target(plan));
		add_extensions(plan, identity);
	} else {
		pkt_ip4(&packet, source, build_target(plan));
		if (plan->route)
			pkt_ip4_route(&packet, plan->route, GUARDED4, plan->pointer);
		else if (plan->options)
			pkt_ip4_options(&packet, plan->options);
	}
	pkt_proto(&packet, plan->protocol);
	pkt_payload(&packet, length);
	ip = packet.data + packet.layers[1 + plan->n_tags].at;
	fill_transport(plan, identity, ip, packet.data + packet.length - length, length);
	pkt_end(&packet);
}

static void patch_ip4(uint8_t *ip, size_t header, size_t total, const struct plan_piece *piece, uint32_t id)
{
	pkt_put16(ip + 2, total);
	pkt_put16(ip + 4, id);
	pkt_put16(ip + 6, piece->from / 8 | (piece->more ? 0x2000u : 0));
	if (piece->next && piece->from)
		ip[9] = piece->next;
	pkt_put16(ip + 10, 0);
	pkt_put16(ip + 10, ~sum16(ip, header, 0));
}

/* A port of its own for a piece that holds the place of the target's. @bytes: it has the fragmentable ones from
 * @from on, @length of @all. */
static void put_port(const struct plan *plan, const struct plan_piece *piece, uint8_t *bytes, size_t from, size_t length,
		     size_t all)
{
	size_t at = all - plan_transport_length(plan) + 2;

	if (piece->port && from <= at && at + 2 <= from + length)
		pkt_put16(bytes + at - from, piece->port);
}

/* One piece: the headers that every fragment repeats, a fragment header (IPv6), and the bytes. */
static size_t cut_piece(const struct plan *plan, const struct identity *identity,
			const struct plan_piece *piece, uint8_t *frame)
{
	size_t first = 2 + plan->n_tags + (plan->v6 ? plan->fragment_at : 0u); /* layer behind the cut */
	size_t ip = packet.layers[1 + plan->n_tags].at, at = packet.layers[first].at;
	size_t from = piece->from, length = piece->length, fragmentable = packet.length - at;

	if (from > fragmentable)
		from = fragmentable;
	if (from + length > fragmentable)
		length = fragmentable - from;
	memcpy(frame, packet.data, at);
	if (!plan->v6) {
		memcpy(frame + at, packet.data + at + from, length);
		put_port(plan, piece, frame + at, from, length, fragmentable);
		patch_ip4(frame + ip, at - ip, at - ip + length, piece, identity->id);
		return at + length;
	}
	frame[packet.layers[first - 1].next_at] = 44;
	memset(frame + at, 0, 8);
	frame[at] = piece->next && piece->from ? piece->next : packet.data[packet.layers[first - 1].next_at];
	pkt_put16(frame + at + 2, (piece->from & 0xfff8u) | piece->more);
	pkt_put32(frame + at + 4, identity->id);
	memcpy(frame + at + 8, packet.data + at + from, length);
	put_port(plan, piece, frame + at + 8, from, length, fragmentable);
	pkt_put16(frame + ip + 4, at + 8 + length - ip - 40);
	return at + 8 + length;
}

static void spoil(const struct plan *plan, struct frame *frames, unsigned int n)
{
	struct frame *last = &frames[n - 1];

	for (unsigned int i = 0; i < n; i++) {
		memset(frames[i].data + frames[i].length, 0xa5, plan->pad);
		frames[i].length += plan->pad;
	}
	if (plan->cut && last->length > 14u + plan->cut)
		last->length -= plan->cut;
	for (unsigned int i = 0; i < plan->n_pokes; i++) {
		const struct plan_poke *poke = &plan->pokes[i];

		if (poke->frame < n && poke->at < frames[poke->frame].length)
			frames[poke->frame].data[poke->at] = poke->value;
	}
}

static unsigned int build_one(const struct plan *plan, const struct identity *identity, uint8_t *arena,
			      size_t room, struct frame *ret)
{
	unsigned int n = plan->n_pieces ? plan->n_pieces : 1;

	build_whole(plan, identity);
	if ((packet.length + 8 + plan->pad) * n > room || packet.length + 8 + plan->pad > FRAME_MAX)
		return 0;
	for (unsigned int i = 0; i < n; i++) {
		ret[i].data = arena;
		if (plan->n_pieces) {
			ret[i].length = cut_piece(plan, identity, &plan->pieces[i], arena);
		} else {
			memcpy(arena, packet.data, packet.length);
			ret[i].length = packet.length;
		}
		arena += ret[i].length + plan->pad;
	}
	spoil(plan, ret, n);
	return n;
}

/* The plain request that goes ahead of it. */
static struct plan request_of(const struct plan *plan)
{
	return (struct plan){ .v6 = plan->v6, .source = plan->source, .target = plan->target,
			      .protocol = plan->protocol, .tcp_flags = 0x18, .name = plan->before };
}

unsigned int build_frames(const struct plan *plan, const struct identity *identity, uint8_t *arena,
			  size_t room, struct frame ret[FRAMES_MAX])
{
	struct plan request = request_of(plan);
	unsigned int first = 0, n;

	if (plan->before) {
		if (!build_one(&request, identity, arena, room, ret))
			return 0;
		first = 1;
		arena += ret->length;
		room -= ret->length;
	}
	n = build_one(plan, identity, arena, room, ret + first);
	return n ? n + first : 0;
}

size_t build_marker(uint32_t number, uint8_t *data)
{
	pkt_begin(&packet);
	pkt_ip4(&packet, "192.0.2.1", PLAIN4);
	pkt_udp(&packet, 1, PORT_MARKER);
	pkt_payload(&packet, 4);
	pkt_put32(packet.data + packet.length - 4, number);
	pkt_end(&packet);
	memcpy(data, packet.data, packet.length);
	return packet.length;
}
