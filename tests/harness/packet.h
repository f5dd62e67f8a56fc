/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Build packets for tests, layer after layer:
 *
 *	struct pkt p;
 *	pkt_begin(&p);
 *	pkt_vlan(&p, 0x8100, 7);
 *	pkt_ip6(&p, "2001:db8::1", "2001:db8::2");
 *	pkt_fragment(&p, 0, true, 99);
 *	pkt_udp(&p, 4000, 10001);
 *	pkt_payload(&p, 100);
 *	pkt_end(&p);
 *
 * pkt_end() fills in ethertypes, next headers, lengths and checksums; a test that
 * wants a wrong one changes p.data afterwards, at pkt_at(). A mistake in the
 * calls (bad address, too large) aborts: it is a mistake of the test.
 */
#ifndef RG_TEST_PACKET_H
#define RG_TEST_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PKT_MAX 70000 /* holds a jumbogram */
#define PKT_LAYERS_MAX 40

enum pkt_kind {
	PKT_ETHERNET, PKT_VLAN, PKT_IP4, PKT_IP6, PKT_EXT, PKT_FRAGMENT6, PKT_AH,
	PKT_UDP, PKT_TCP, PKT_ICMP, PKT_OTHER
};

struct pkt_layer {
	enum pkt_kind kind;
	uint16_t number;  /* what the layer before says about it: ethertype or protocol */
	size_t at;        /* offset in the frame */
	size_t next_at;   /* offset of its own next-header field; 0: it has none */
};

struct pkt {
	size_t length;
	bool fragmented, jumbo;
	size_t n_layers;
	struct pkt_layer layers[PKT_LAYERS_MAX];
	uint8_t data[PKT_MAX];
};

/* In network order. */
static inline void pkt_put16(uint8_t *at, size_t value)
{
	at[0] = value >> 8 & 0xff;
	at[1] = value & 0xff;
}

static inline void pkt_put32(uint8_t *at, size_t value)
{
	pkt_put16(at, value >> 16);
	pkt_put16(at + 2, value);
}

/** Start a frame: the Ethernet header. */
void pkt_begin(struct pkt *p);
void pkt_vlan(struct pkt *p, uint16_t tpid, uint16_t vid);
void pkt_ip4(struct pkt *p, const char *src, const char *dst);
/** @words x 4 bytes of IPv4 options (NOP, then end of list), right after pkt_ip4(); 0 to 10. */
void pkt_ip4_options(struct pkt *p, unsigned int words);
/** A source route in the IPv4 options, right after pkt_ip4(): of @kind (131 loose, 137 strict), with
 *  one address, @final; @pointer: 4 if the route is still to be followed, 8 if it is done. */
void pkt_ip4_route(struct pkt *p, uint8_t kind, const char *final, uint8_t pointer);
void pkt_ip6(struct pkt *p, const char *src, const char *dst);
/** An IPv6 extension header of @units_of_8 x 8 bytes in all (1 to 256), with options that
 *  receivers skip (@type 0, 60) or no segments left (43). */
void pkt_ext(struct pkt *p, uint8_t type, unsigned int units_of_8);
/** A segment routing header (RFC 8754) of one segment, @final; @left: 1 if it is still to be reached. */
void pkt_segment(struct pkt *p, const char *final, uint8_t left);
/** A hop-by-hop header with the jumbo payload option (RFC 2675); the payload length stays 0. */
void pkt_jumbo(struct pkt *p);
/** An authentication header of (@payload_words + 2) x 4 bytes in all (RFC 4302). */
void pkt_ah(struct pkt *p, unsigned int payload_words);
/** IPv4: the fragment field of the last header. IPv6: a fragment header. A later fragment
 *  goes on with pkt_proto() and pkt_payload(). */
void pkt_fragment(struct pkt *p, unsigned int offset_bytes, bool more, uint32_t id);
void pkt_udp(struct pkt *p, uint16_t sport, uint16_t dport);
void pkt_tcp(struct pkt *p, uint16_t sport, uint16_t dport);
/** An echo request of the family of the last IP header. */
void pkt_icmp(struct pkt *p);
/** What follows is of this protocol (after IP) or ethertype (after Ethernet); adds no bytes. */
void pkt_proto(struct pkt *p, uint16_t number);
void pkt_payload(struct pkt *p, size_t bytes);
void pkt_end(struct pkt *p);

/** The bytes of the @nth (0..) layer of a kind. */
uint8_t *pkt_at(struct pkt *p, enum pkt_kind kind, unsigned int nth);

#endif
