/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "engine/frame.h"

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <string.h>

#define TTL 64
#define STUN_BINDING_REQUEST 0x0001
#define STUN_COOKIE          0x2112a442
#define STUN_USERNAME        0x0006

/* RFC 1071: one's complement sum of 16-bit words. */
static uint32_t sum_words(uint32_t sum, const void *data, size_t length)
{
	const unsigned char *p = data;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	return length % 2 ? sum + (uint32_t)(p[length - 1] << 8) : sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void put(struct frame *frame, const void *data, size_t length)
{
	memcpy(frame->bytes + frame->length, data, length);
	frame->length += length;
}

static void put_l3(struct frame *frame, const struct frame_spec *spec, uint8_t protocol, size_t l4_length)
{
	struct ethhdr eth = { .h_dest = { 2, 0, 0, 0, 0, 1 }, .h_source = { 2, 0, 0, 0, 0, 2 } };
	struct ip6_hdr ip6 = { .ip6_flow = htonl(6u << 28), .ip6_hops = TTL };
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = TTL, .protocol = protocol };

	if (rg_addr_is_v4(&spec->source)) {
		eth.h_proto = htons(ETH_P_IP);
		ip.tot_len = htons((uint16_t)(sizeof(ip) + l4_length));
		ip.saddr = htonl(rg_addr_v4(&spec->source));
		ip.daddr = htonl(rg_addr_v4(&spec->destination));
		ip.check = fold(sum_words(0, &ip, sizeof(ip)));
		put(frame, &eth, sizeof(eth));
		put(frame, &ip, sizeof(ip));
	} else {
		eth.h_proto = htons(ETH_P_IPV6);
		ip6.ip6_plen = htons((uint16_t)l4_length);
		ip6.ip6_nxt = protocol;
		memcpy(&ip6.ip6_src, spec->source.bytes, 16);
		memcpy(&ip6.ip6_dst, spec->destination.bytes, 16);
		put(frame, &eth, sizeof(eth));
		put(frame, &ip6, sizeof(ip6));
	}
}

/* Both pseudo headers: addresses, protocol, length (the IPv4 prefix ffff of both adds 0). */
static uint16_t l4_checksum(const struct frame_spec *spec, uint8_t protocol, const void *segment, size_t length)
{
	bool v4 = rg_addr_is_v4(&spec->source);
	uint32_t sum = protocol + (uint32_t)length;

	sum = sum_words(sum, spec->source.bytes + (v4 ? 12 : 0), v4 ? 4 : 16);
	sum = sum_words(sum, spec->destination.bytes + (v4 ? 12 : 0), v4 ? 4 : 16);
	return fold(sum_words(sum, segment, length));
}

/* A Binding Request (RFC 8489) with one attribute; over TCP with its length in front (RFC 4571). */
static size_t stun_build(const struct frame_spec *spec, unsigned char *buf)
{
	uint16_t length = (uint16_t)strlen(spec->username), padded = (uint16_t)((length + 3) & ~3);
	struct { uint16_t type, length; uint32_t cookie; char transaction[12]; uint16_t attribute, size; } stun = {
		.type = htons(STUN_BINDING_REQUEST),
		.length = htons((uint16_t)(padded + 4)),
		.cookie = htonl(STUN_COOKIE),
		.transaction = "regiongate",
		.attribute = htons(STUN_USERNAME),
		.size = htons(length),
	};
	uint16_t framed = htons((uint16_t)(sizeof(stun) + padded));
	size_t n = 0;

	if (spec->tcp) {
		memcpy(buf, &framed, sizeof(framed));
		n = sizeof(framed);
	}
	memcpy(buf + n, &stun, sizeof(stun));
	n += sizeof(stun);
	memset(buf + n, 0, padded);
	memcpy(buf + n, spec->username, length);
	return n + padded;
}

void frame_build(const struct frame_spec *spec, struct frame *frame)
{
	unsigned char segment[sizeof(struct tcphdr) + 2 + FRAME_STUN_MAX] = { 0 };
	size_t header = spec->tcp ? sizeof(struct tcphdr) : sizeof(struct udphdr), length = header;
	uint8_t protocol = spec->tcp ? IPPROTO_TCP : IPPROTO_UDP;
	struct tcphdr tcp = { .th_sport = htons((uint16_t)spec->source_port),
			      .th_dport = htons((uint16_t)spec->destination_port), .th_off = 5,
			      .th_flags = spec->username ? TH_ACK | TH_PUSH : TH_SYN, .th_win = htons(65535) };
	struct udphdr udp = { .uh_sport = tcp.th_sport, .uh_dport = tcp.th_dport };

	if (spec->username)
		length += stun_build(spec, segment + header);
	udp.uh_ulen = htons((uint16_t)length);
	if (spec->tcp) {
		memcpy(segment, &tcp, sizeof(tcp));
		tcp.th_sum = l4_checksum(spec, protocol, segment, length);
		memcpy(segment, &tcp, sizeof(tcp));
	} else {
		memcpy(segment, &udp, sizeof(udp));
		udp.uh_sum = l4_checksum(spec, protocol, segment, length);
		if (!udp.uh_sum)
			udp.uh_sum = 0xffff; /* 0 would mean "no checksum" (RFC 768) */
		memcpy(segment, &udp, sizeof(udp));
	}
	frame->length = 0;
	put_l3(frame, spec, protocol, length);
	put(frame, segment, length);
}
