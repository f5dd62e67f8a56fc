/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "harness/oracle_parse.h"

#include <string.h>
#include "rg_limits.h"

/* A reader with a position. A read beyond the linear part, or beyond what an outer
 * header allows, gives 0 and is remembered as the first fault met. */
struct reader {
	const uint8_t *bytes;
	size_t linear, length; /* of the frame */
	size_t at;
	size_t stop;           /* where the outer header says that the packet ends */
	bool missing;          /* bytes are asked for that the packet does not have */
	bool unreachable;      /* bytes are asked for that it has, outside the linear part */
};

static bool ok(const struct reader *r)
{
	return !r->missing && !r->unreachable;
}

/* May @n bytes from the position on be read? */
static bool demand(struct reader *r, size_t n)
{
	if (!ok(r))
		return false;
	if (r->at + n > r->stop)
		r->missing = true;
	else if (r->at + n > r->linear)
		r->unreachable = true;
	return ok(r);
}

static unsigned int octet(const struct reader *r, size_t offset)
{
	return r->bytes[r->at + offset];
}

static unsigned int pair(const struct reader *r, size_t offset)
{
	return octet(r, offset) * 256 + octet(r, offset + 1);
}

/* What a failed demand() means inside an IP packet. */
static enum oracle_result fault(const struct reader *r)
{
	return r->missing ? ORACLE_MALFORMED : ORACLE_UNSUPPORTED;
}

/* UDP-Lite (136) counts as UDP; what it has in the place of the length has the same bounds,
 * but says how far the checksum goes. */
static bool is_conference(unsigned int protocol)
{
	return protocol == 17 || protocol == 136 || protocol == 6;
}

static void may_be(struct oracle_packet *packet, unsigned int protocol)
{
	packet->may_be_udp = protocol == 17 || protocol == 136;
	packet->may_be_tcp = protocol == 6;
}

static enum oracle_result read_udp(struct reader *r, struct oracle_packet *packet, bool lite, bool whole)
{
	unsigned int length;

	if (!demand(r, 8))
		return fault(r);
	length = pair(r, 4);
	/* 0 stands for "all that there is" (RFC 2675, section 4) */
	if (length != 0 && length < 8)
		return ORACLE_MALFORMED;
	if (whole && r->at + length > r->stop)
		return ORACLE_MALFORMED;
	packet->is_udp = true;
	packet->transport_at = r->at;
	packet->payload_at = r->at + 8;
	packet->payload_end = !lite && length != 0 && r->at + length < r->stop ? r->at + length : r->stop;
	packet->source_port = (uint16_t)pair(r, 0);
	packet->destination_port = (uint16_t)pair(r, 2);
	return ORACLE_OK;
}

static enum oracle_result read_tcp(struct reader *r, struct oracle_packet *packet, bool whole)
{
	unsigned int words;

	if (!demand(r, 20))
		return fault(r);
	words = octet(r, 12) / 16;
	if (words < 5 || (whole && r->at + words * 4 > r->stop))
		return ORACLE_MALFORMED;
	packet->is_udp = false;
	packet->transport_at = r->at;
	packet->payload_at = r->at + words * 4;
	packet->payload_end = packet->payload_at < r->stop ? r->stop : packet->payload_at;
	packet->source_port = (uint16_t)pair(r, 0);
	packet->destination_port = (uint16_t)pair(r, 2);
	return ORACLE_OK;
}

/* @whole: the datagram is not cut into fragments, so its lengths must fit in. */
static enum oracle_result read_transport(struct reader *r, struct oracle_packet *packet,
					 unsigned int protocol, bool whole)
{
	may_be(packet, protocol);
	packet->is_first = !whole;
	switch (protocol) {
	case 17:
	case 136:
		return read_udp(r, packet, protocol == 136, whole);
	case 6:
		return read_tcp(r, packet, whole);
	default:
		return ORACLE_OTHER;
	}
}

/* Once a protocol that carries no conference traffic is known, no fault behind it counts. */
static enum oracle_result conclude(struct oracle_packet *packet, unsigned int protocol,
				   enum oracle_result result)
{
	may_be(packet, protocol);
	return is_conference(protocol) ? result : ORACLE_OTHER;
}

/* One authentication header may stand between IPv4 and the transport. */
static enum oracle_result read_ip4_ah(struct reader *r, struct oracle_packet *packet, bool whole)
{
	unsigned int next;
	size_t size;

	if (!demand(r, 8))
		return fault(r);
	next = octet(r, 0);
	size = ((size_t)octet(r, 1) + 2) * 4;
	if (r->at + size > r->stop)
		return ORACLE_MALFORMED;
	if (next == 51)
		return ORACLE_UNSUPPORTED;
	if (!demand(r, size))
		return conclude(packet, next, fault(r));
	r->at += size;
	return read_transport(r, packet, next, whole);
}

static void ends_at(struct oracle_packet *packet, const uint8_t *v4_or_v6, bool v4)
{
	packet->route = ORACLE_AT_FINAL;
	memset(packet->final, 0, 10);
	packet->final[10] = packet->final[11] = 255;
	memcpy(packet->final + (v4 ? 12 : 0), v4_or_v6, v4 ? 4 : 16);
}

/* The first source route among the options, if it has addresses left. @n: bytes of options. */
static void read_options(struct oracle_packet *packet, const uint8_t *options, size_t n)
{
	for (size_t at = 0; at + 3 <= n && options[at] != 0;) {
		size_t length = options[at] == 1 ? 1 : options[at + 1];
		const uint8_t *option = options + at;

		at += length;
		if (length == 0 || at > n)
			return;
		if (option[0] != 131 && option[0] != 137)
			continue;
		if (length >= 7 && option[2] <= length)
			ends_at(packet, options + at - 4, true);
		return;
	}
}

static enum oracle_result read_ip4(struct reader *r, struct oracle_packet *packet)
{
	unsigned int header, total, protocol, fragment;

	if (!demand(r, 20))
		return fault(r);
	packet->has_addresses = true;
	packet->source[10] = packet->source[11] = 255;
	packet->destination[10] = packet->destination[11] = 255;
	for (size_t i = 0; i < 4; i++) {
		packet->source[12 + i] = (uint8_t)octet(r, 12 + i);
		packet->destination[12 + i] = (uint8_t)octet(r, 16 + i);
	}
	header = octet(r, 0) % 16 * 4;
	total = pair(r, 2);
	if (total == 0) /* longer than the field can say; how long decides nothing */
		total = 65536;
	protocol = octet(r, 9);
	fragment = pair(r, 6);
	if (octet(r, 0) / 16 != 4 || header < 20 || header > total || r->at + total > r->length)
		return ORACLE_MALFORMED;
	r->stop = r->at + total; /* what follows is padding of the link */
	if (protocol != 51 && conclude(packet, protocol, ORACLE_OK) == ORACLE_OTHER)
		return ORACLE_OTHER;
	if (fragment % 16384 != 0) {
		packet->id[0] = (uint8_t)octet(r, 4);
		packet->id[1] = (uint8_t)octet(r, 5);
	}
	if (fragment % 8192 != 0)
		return ORACLE_FRAGMENT;
	if (!demand(r, header)) {
		packet->route = header > 20 ? ORACLE_ANYWHERE : ORACLE_AT_DESTINATION;
		return fault(r);
	}
	read_options(packet, r->bytes + r->at + 20, header - 20);
	r->at += header;
	if (protocol == 51)
		return read_ip4_ah(r, packet, !(fragment / 8192 % 2));
	return read_transport(r, packet, protocol, !(fragment / 8192 % 2));
}

static bool is_extension(unsigned int number)
{
	static const uint8_t extensions[] = { 0, 43, 44, 51, 60 };

	return memchr(extensions, (int)number, sizeof(extensions)) != NULL;
}

/* The extension header at the position: its whole size by its own account. */
static size_t extension_size(const struct reader *r, unsigned int number)
{
	if (number == 44)
		return 8;
	if (number == 51)
		return ((size_t)octet(r, 1) + 2) * 4;
	return ((size_t)octet(r, 1) + 1) * 8;
}

/* A routing header of 8 bytes or more: does the way go on? */
static void read_routing(const struct reader *r, struct oracle_packet *packet)
{
	unsigned int type = octet(r, 2), left = octet(r, 3);

	if ((type != 3 && type != 4) || left == 0)
		return;
	if (type == 4 && r->at + 24 <= r->linear)
		ends_at(packet, r->bytes + r->at + 8, false);
	else
		packet->route = ORACLE_ANYWHERE;
}

/* The chain of extension headers can not be followed to its end here. */
static enum oracle_result chain_lost(struct oracle_packet *packet, enum oracle_result result, bool whole)
{
	if (result == ORACLE_UNSUPPORTED || !whole)
		packet->route = ORACLE_ANYWHERE;
	return result;
}

/* @left: how many more extension headers are read. */
static enum oracle_result read_chain(struct reader *r, struct oracle_packet *packet,
				     unsigned int number, unsigned int left, bool whole)
{
	unsigned int next;
	size_t size;

	if (!is_extension(number))
		return read_transport(r, packet, number, whole);
	if (!left)
		return chain_lost(packet, ORACLE_UNSUPPORTED, whole);
	if (!demand(r, 8))
		return chain_lost(packet, fault(r), whole);
	next = octet(r, 0);
	size = extension_size(r, number);
	if (r->at + size > r->stop)
		return chain_lost(packet, ORACLE_MALFORMED, whole);
	if (number == 43)
		read_routing(r, packet);
	if (number == 44 && !packet->has_id) {
		packet->has_id = true;
		for (size_t i = 0; i < 4; i++)
			packet->id[i] = (uint8_t)octet(r, 4 + i);
	}
	if (number == 44 && pair(r, 2) / 8 != 0)
		return is_extension(next) ? ORACLE_FRAGMENT : conclude(packet, next, ORACLE_FRAGMENT);
	if (number == 44 && pair(r, 2) % 2 == 1)
		whole = false;
	if (!demand(r, size)) {
		enum oracle_result lost = chain_lost(packet, fault(r), whole);

		return is_extension(next) ? lost : conclude(packet, next, lost);
	}
	r->at += size;
	return read_chain(r, packet, next, left - 1, whole);
}

static enum oracle_result read_ip6(struct reader *r, struct oracle_packet *packet)
{
	unsigned int payload, next;

	if (!demand(r, 40))
		return fault(r);
	packet->has_addresses = true;
	for (size_t i = 0; i < 16; i++) {
		packet->source[i] = (uint8_t)octet(r, 8 + i);
		packet->destination[i] = (uint8_t)octet(r, 24 + i);
	}
	if (octet(r, 0) / 16 != 6)
		return ORACLE_MALFORMED;
	payload = pair(r, 4);
	next = octet(r, 6);
	r->at += 40;
	if (payload == 0 && next == 0) { /* a jumbogram: as long as the frame */
		r->stop = r->length;
	} else if (payload == 0 && r->length - r->at > 65535) { /* longer than the field can say */
		r->stop = r->at + 65536;
	} else {
		if (r->at + payload > r->length)
			return ORACLE_MALFORMED;
		r->stop = r->at + payload;
	}
	return read_chain(r, packet, next, RG_IPV6_EXT_MAX, true);
}

static bool is_tag(unsigned int type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

static enum oracle_result read_frame(struct reader *r, struct oracle_packet *packet)
{
	unsigned int type = 0, tags = 0;

	for (r->at = 12;; r->at += 4) {
		if (!demand(r, 2)) /* not even a type, or a tag without one: no IP stack reads it */
			return r->missing ? ORACLE_NOT_IP : ORACLE_UNSUPPORTED;
		type = pair(r, 0);
		if (!is_tag(type))
			break;
		if (tags++ == RG_VLAN_TAGS_MAX)
			return ORACLE_UNSUPPORTED;
	}
	r->at += 2;
	if (type == 0x0800)
		return read_ip4(r, packet);
	if (type == 0x86dd)
		return read_ip6(r, packet);
	return ORACLE_NOT_IP;
}

void oracle_parse(const uint8_t *bytes, size_t linear, size_t length, struct oracle_packet *ret)
{
	struct reader reader = { .bytes = bytes, .linear = linear, .length = length, .stop = length };

	*ret = (struct oracle_packet){ .may_be_udp = true, .may_be_tcp = true };
	ret->result = read_frame(&reader, ret);
}

const char *oracle_result_text(enum oracle_result result)
{
	static const char *const texts[] = {
		[ORACLE_OK] = "ok", [ORACLE_NOT_IP] = "not IP", [ORACLE_OTHER] = "other",
		[ORACLE_FRAGMENT] = "fragment", [ORACLE_MALFORMED] = "malformed",
		[ORACLE_UNSUPPORTED] = "unsupported",
	};

	return texts[result];
}
