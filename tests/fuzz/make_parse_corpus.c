/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writes tests/fuzz/corpus/parse (make fuzz-corpus): a packet of each kind as fuzz_parse
 * reads them, and frames full of the addresses that hold an IPv4 address. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/ip.h"
#include "harness/packet_recipe.h"

static const struct { const char *name, *recipe; unsigned int linear; } packets[] = {
	{ "arp", "proto:0x0806 data:28", 0xffff },
	{ "ip4-udp", "ip4 udp data:12", 0xffff },
	{ "ip4-tcp", "ip4 tcp data:4", 0xffff },
	{ "ip4-icmp", "ip4 icmp data:4", 0xffff },
	{ "ip4-gre", "ip4 proto:47 data:8", 0xffff },
	{ "ip4-options", "ip4 options:10 udp data:4", 0xffff },
	{ "ip4-route", "ip4 route:131,4 udp data:4", 0xffff },
	{ "ip4-ah", "ip4 ah:4 udp data:4", 0xffff },
	{ "ip4-first-fragment", "ip4 frag:0,1 udp data:16", 0xffff },
	{ "ip4-later-fragment", "ip4 frag:1480,0 proto:17 data:16", 0xffff },
	{ "ip4-padded", "ip4 udp data:2 pad:16", 0xffff },
	{ "ip4-split", "ip4 udp data:40", 30 },
	{ "ip4-long", "ip4 udp data:40 ip4@2:=200", 0xffff },
	{ "vlan-ip4-udp", "vlan:0x8100 ip4 udp data:4", 0xffff },
	{ "qinq-ip6-udp", "vlan:0x88a8 vlan:0x8100 ip6 udp data:4", 0xffff },
	{ "vlan-nine", "vlan:0x8100 vlan:0x8100 vlan:0x8100 vlan:0x9100 vlan:0x8100 vlan:0x8100 "
		       "vlan:0x8100 vlan:0x8100 vlan:0x8100 ip4 udp", 0xffff },
	{ "ip6-udp", "ip6 udp data:12", 0xffff },
	{ "ip6-tcp", "ip6 tcp data:4", 0xffff },
	{ "ip6-icmp", "ip6 icmp data:4", 0xffff },
	{ "ip6-none", "ip6 proto:59", 0xffff },
	{ "ip6-chain", "ip6 ext:0,1 ext:43,3 frag:0,0 ah:4 ext:60,2 udp data:4", 0xffff },
	{ "ip6-nine", "ip6 ext:0,1 ext:60,1 ext:60,1 ext:60,1 ext:60,1 ext:60,1 ext:60,1 ext:60,1 "
		      "ext:60,1 udp", 0xffff },
	{ "ip6-first-fragment", "ip6 frag:0,1 udp data:16", 0xffff },
	{ "ip6-later-fragment", "ip6 frag:64,0 proto:17 data:16", 0xffff },
	{ "ip6-later-fragment-of-options", "ip6 frag:64,0 proto:60 data:16", 0xffff },
	{ "ip6-jumbo", "ip6 jumbo udp data:40", 0xffff },
	{ "ip6-segment", "ip6 ext:0,1 segment:1 segment:0 udp data:4", 0xffff },
	{ "ip6-lost-chain", "ip6 frag:0,1 ext:60,1 proto:43", 0xffff },
	{ "ip6-split", "ip6 ext:60,4 udp data:4", 70 },
};

static const char *const embedding[] = {
	"::ffff:192.0.2.1", "2002:c000:201::1", "64:ff9b::192.0.2.1", "64:ff9b:1::192.0.2.1",
	"2001:0:1:2:3:4:3fff:fdfe", "::192.0.2.1", "2001:1::1",
};

static void write_file(const char *directory, const char *name, unsigned int linear,
		       const uint8_t *data, size_t n)
{
	const uint8_t head[2] = { (uint8_t)(linear >> 8), (uint8_t)linear };
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	f = fopen(path, "wb");
	if (!f || fwrite(head, 1, 2, f) != 2 || fwrite(data, 1, n, f) != n || fclose(f)) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	static struct pkt packet;

	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < sizeof(packets) / sizeof(*packets); i++) {
		pkt_recipe(&packet, packets[i].recipe);
		write_file(argv[1], packets[i].name, packets[i].linear, packet.data, packet.length);
	}
	for (size_t i = 0; i < sizeof(embedding) / sizeof(*embedding); i++) {
		struct rg_addr address;
		char name[32];

		if (rg_addr_parse(embedding[i], &address))
			return 1;
		snprintf(name, sizeof(name), "address-%zu", i);
		write_file(argv[1], name, 0xffff, address.bytes, 16);
	}
	return 0;
}
