/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets as one line of text, for tables: "vlan:0x8100 ip6 ext:60,2 frag:0,1 udp data:20".
 *
 *   vlan:TPID  ip4  options:WORDS  ip6  ext:TYPE,UNITS  jumbo  ah:WORDS  frag:OFFSET,MORE
 *   route:KIND,POINTER (of IPv4)  segment:LEFT (of IPv6)
 *   udp  tcp  icmp  proto:NUMBER  data:BYTES
 * and, wherever they stand, done to the finished packet:
 *   KIND@OFFSET=VALUE  one byte of the first layer of a kind (eth vlan ip4 ip6 ext frag ah udp tcp)
 *   KIND@OFFSET:=VALUE two bytes
 *   pad:BYTES          padding of the link
 */
#ifndef RG_TEST_PACKET_RECIPE_H
#define RG_TEST_PACKET_RECIPE_H

#include "harness/packet.h"

/* The same in every recipe. */
#define RECIPE_SRC4 "192.0.2.1"
#define RECIPE_DST4 "198.51.100.10"
#define RECIPE_SRC6 "2001:db8::1"
#define RECIPE_DST6 "2001:db8:1::10"
#define RECIPE_FINAL4 "198.51.100.20" /* of a source route */
#define RECIPE_FINAL6 "2001:db8:1::20"
#define RECIPE_SPORT 40000
#define RECIPE_DPORT 10001

/** Build the packet; aborts on a word that it does not know. */
void pkt_recipe(struct pkt *p, const char *recipe);

#endif
