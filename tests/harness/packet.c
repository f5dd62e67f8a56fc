/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "harness/packet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTION_SKIPPED 0x1e /* an experiment's option (RFC 4727) that receivers skip */
#define OPTION_JUMBO   0xc2

_Noreturn static void mistake(const char *what)
{
	fprintf(stderr, "packet: %s\n", what);
	abort();
}

/* Room for @n zero bytes at the end. */
static uint8_t *add(struct pkt *p, size_t n)
{
	uint8_t *at = p->data + p->length;

	if (p->length + n > PKT_MAX)
		mistake("too large");
	memset(at, 0, n);
	p->length += n;
	return at;
}

/* @next_offset: of the next-header field inside the layer, -1 for none. */
static uint8_t *add_layer(struct pkt *p, enum pkt_kind kind, uint16_t number, size_t n,
			  int next_offset)
{
	if (p->n_layers == PKT_LAYERS_MAX)
		mistake("too many layers");
	p->layers[p->n_layers++] = (struct pkt_layer){
		.kind = kind, .number = number, .at = p->length,
		.next_at = next_offset < 0 ? 0 : p->length + (size_t)next_offset,
	};
	return add(p, n);
}

/* The last IP layer before layer @i. */
static const struct pkt_layer *ip_before(const struct pkt *p, size_t i)
{
	while (i-- > 0)
		if (p->layers[i].kind == PKT_IP4 || p->layers[i].kind == PKT_IP6)
			return &p->layers[i];
	mistake("no IP header yet");
}

void pkt_begin(struct pkt *p)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };

	p->length = p->n_layers = 0;
	p->fragmented = p->jumbo = false;
	memcpy(add_layer(p, PKT_ETHERNET, 0, 14, 12), macs, sizeof(macs));
}

void pkt_vlan(struct pkt *p, uint16_t tpid, uint16_t vid)
{
	pkt_put16(add_layer(p, PKT_VLAN, tpid, 4, 2), vid);
}

void pkt_ip4(struct pkt *p, const char *src, const char *dst)
{
	uint8_t *at = add_layer(p, PKT_IP4, 0x0800, 20, 9);

	at[0] = 0x45;
	at[8] = 64;
	if (inet_pton(AF_INET, src, at + 12) != 1 || inet_pton(AF_INET, dst, at + 16) != 1)
		mistake("not an IPv4 address");
}

void pkt_ip4_options(struct pkt *p, unsigned int words)
{
	uint8_t *options;

	if (words > 10 || p->layers[p->n_layers - 1].kind != PKT_IP4)
		mistake("options do not fit there");
	if (!words)
		return;
	p->data[p->layers[p->n_layers - 1].at] = (uint8_t)(0x45 + words);
	options = add(p, words * 4);
	memset(options, 1, words * 4 - 1);
}

void pkt_ip4_route(struct pkt *p, uint8_t kind, const char *final, uint8_t pointer)
{
	uint8_t *option;

	pkt_ip4_options(p, 2);
	option = p->data + p->length - 7; /* behind a NOP */
	option[0] = kind;
	option[1] = 7;
	option[2] = pointer;
	if (inet_pton(AF_INET, final, option + 3) != 1)
		mistake("not an IPv4 address");
}

void pkt_ip6(struct pkt *p, const char *src, const char *dst)
{
	uint8_t *at = add_layer(p, PKT_IP6, 0x86dd, 40, 6);

	at[0] = 0x60;
	at[7] = 64;
	if (inet_pton(AF_INET6, src, at + 8) != 1 || inet_pton(AF_INET6, dst, at + 24) != 1)
		mistake("not an IPv6 address");
}

/* Options that a receiver skips, @n bytes in all: no padding is longer than what Linux accepts. */
static void fill_options(uint8_t *at, size_t n)
{
	while (n >= 2) {
		size_t size = n < 257 ? n : 257;

		at[0] = OPTION_SKIPPED;
		at[1] = (uint8_t)(size - 2);
		at += size;
		n -= size;
	}
}

void pkt_ext(struct pkt *p, uint8_t type, unsigned int units_of_8)
{
	uint8_t *at;

	if (units_of_8 < 1 || units_of_8 > 256)
		mistake("no such extension header length");
	at = add_layer(p, PKT_EXT, type, units_of_8 * 8, 0);
	at[1] = (uint8_t)(units_of_8 - 1);
	if (type != 43)
		fill_options(at + 2, units_of_8 * 8 - 2);
}

void pkt_segment(struct pkt *p, const char *final, uint8_t left)
{
	uint8_t *at = add_layer(p, PKT_EXT, 43, 24, 0);

	at[1] = 2;
	at[2] = 4;
	at[3] = left;
	if (inet_pton(AF_INET6, final, at + 8) != 1)
		mistake("not an IPv6 address");
}

void pkt_jumbo(struct pkt *p)
{
	uint8_t *at = add_layer(p, PKT_EXT, 0, 8, 0);

	p->jumbo = true;
	at[2] = OPTION_JUMBO;
	at[3] = 4; /* the length itself: pkt_end() */
}

void pkt_ah(struct pkt *p, unsigned int payload_words)
{
	uint8_t *at = add_layer(p, PKT_AH, 51, (payload_words + 2) * 4, 0);

	if (payload_words > 255)
		mistake("no such authentication header length");
	at[1] = (uint8_t)payload_words;
}

void pkt_fragment(struct pkt *p, unsigned int offset_bytes, bool more, uint32_t id)
{
	const struct pkt_layer *ip = ip_before(p, p->n_layers);
	uint8_t *at;

	if (offset_bytes % 8)
		mistake("a fragment offset is a multiple of 8");
	p->fragmented = p->fragmented || offset_bytes || more;
	if (ip->kind == PKT_IP4) {
		pkt_put16(p->data + ip->at + 4, id);
		pkt_put16(p->data + ip->at + 6, offset_bytes / 8 | (more ? 0x2000 : 0));
		return;
	}
	at = add_layer(p, PKT_FRAGMENT6, 44, 8, 0);
	pkt_put16(at + 2, offset_bytes | (more ? 1 : 0));
	pkt_put32(at + 4, id);
}

void pkt_udp(struct pkt *p, uint16_t sport, uint16_t dport)
{
	uint8_t *at = add_layer(p, PKT_UDP, 17, 8, -1);

	pkt_put16(at, sport);
	pkt_put16(at + 2, dport);
}

void pkt_tcp(struct pkt *p, uint16_t sport, uint16_t dport)
{
	uint8_t *at = add_layer(p, PKT_TCP, 6, 20, -1);

	pkt_put16(at, sport);
	pkt_put16(at + 2, dport);
	at[12] = 5 << 4;
	at[13] = 0x18; /* PSH, ACK */
	pkt_put16(at + 14, 64240);
}

void pkt_icmp(struct pkt *p)
{
	bool v4 = ip_before(p, p->n_layers)->kind == PKT_IP4;
	uint8_t *at = add_layer(p, PKT_ICMP, v4 ? 1 : 58, 8, -1);

	at[0] = v4 ? 8 : 128;
}

void pkt_proto(struct pkt *p, uint16_t number)
{
	add_layer(p, PKT_OTHER, number, 0, -1);
}

void pkt_payload(struct pkt *p, size_t bytes)
{
	uint8_t *at = add(p, bytes);

	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)('a' + i % 26);
}

static uint32_t sum16(const uint8_t *at, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* The checksum over the pseudo header (@number of the protocol) and all from @at on. */
static void patch_transport_sum(struct pkt *p, size_t i, size_t sum_offset)
{
	const struct pkt_layer *layer = &p->layers[i], *ip = ip_before(p, i);
	size_t length = p->length - layer->at;
	uint8_t *sum_at = p->data + layer->at + sum_offset;
	uint32_t sum = 0;

	if (p->fragmented) /* covers more than this packet holds */
		return;
	if (layer->number != 1) {
		bool v4 = ip->kind == PKT_IP4;

		sum = sum16(p->data + ip->at + (v4 ? 12 : 8), v4 ? 8 : 32, 0);
		sum += layer->number + (uint32_t)(length >> 16) + (uint32_t)(length & 0xffff);
	}
	sum = sum16(p->data + layer->at, length, sum);
	pkt_put16(sum_at, sum == 0xffff ? 0xffff : ~sum);
}

static void patch_layer(struct pkt *p, size_t i)
{
	const struct pkt_layer *layer = &p->layers[i];
	uint8_t *at = p->data + layer->at;
	size_t length = p->length - layer->at;

	if (layer->kind == PKT_IP4) {
		pkt_put16(at + 2, length);
		pkt_put16(at + 10, ~sum16(at, (at[0] & 15) * 4, 0));
	} else if (layer->kind == PKT_IP6) {
		pkt_put16(at + 4, p->jumbo ? 0 : length - 40);
	} else if (layer->kind == PKT_EXT && at[2] == OPTION_JUMBO) {
		pkt_put32(at + 4, length);
	} else if (layer->kind == PKT_UDP) {
		pkt_put16(at + 4, p->fragmented && length > 0xffff ? 0xffff : p->jumbo ? 0 : length);
		patch_transport_sum(p, i, 6);
	} else if (layer->kind == PKT_TCP) {
		patch_transport_sum(p, i, 16);
	} else if (layer->kind == PKT_ICMP) {
		patch_transport_sum(p, i, 2);
	}
}

/* What layer @i is called in the layer before it. */
static uint16_t number_in(const struct pkt *p, size_t i)
{
	enum pkt_kind kind = p->layers[i].kind, before = p->layers[i - 1].kind;

	if (before == PKT_ETHERNET || before == PKT_VLAN)
		return p->layers[i].number;
	return kind == PKT_IP4 ? 4 : kind == PKT_IP6 ? 41 : p->layers[i].number; /* a tunnel */
}

void pkt_end(struct pkt *p)
{
	for (size_t i = 1; i < p->n_layers; i++) {
		const struct pkt_layer *before = &p->layers[i - 1];

		if (!before->next_at)
			continue;
		if (before->kind == PKT_ETHERNET || before->kind == PKT_VLAN)
			pkt_put16(p->data + before->next_at, number_in(p, i));
		else
			p->data[before->next_at] = (uint8_t)number_in(p, i);
	}
	if (p->n_layers && p->layers[p->n_layers - 1].next_at &&
	    p->layers[p->n_layers - 1].kind != PKT_ETHERNET &&
	    p->layers[p->n_layers - 1].kind != PKT_VLAN)
		p->data[p->layers[p->n_layers - 1].next_at] = 59; /* no next header */
	for (size_t i = p->n_layers; i-- > 0;)
		patch_layer(p, i);
}

uint8_t *pkt_at(struct pkt *p, enum pkt_kind kind, unsigned int nth)
{
	for (size_t i = 0; i < p->n_layers; i++)
		if (p->layers[i].kind == kind && !nth--)
			return p->data + p->layers[i].at;
	mistake("no such layer");
}
