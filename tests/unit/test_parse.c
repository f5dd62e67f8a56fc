/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bpf/parse.h, compiled natively: against what each packet is meant to be, and against
 * the oracle at every length to which the packet can be cut or split. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "base/ip.h"
#include "harness/packet_recipe.h"
#include "harness/parse_compare.h"

#define OK ORACLE_OK
#define NOT_IP ORACLE_NOT_IP
#define OTHER ORACLE_OTHER
#define FRAGMENT ORACLE_FRAGMENT
#define MALFORMED ORACLE_MALFORMED
#define UNSUPPORTED ORACLE_UNSUPPORTED

/* Long packets are cut only near their ends. */
#define EDGE 320

struct packet_case {
	enum oracle_result expected;
	const char *recipe;
};

static struct pkt packet; /* too large for a stack */

static void then_same(const char *recipe, size_t linear, size_t length)
{
	struct oracle_packet oracle;
	const char *difference = parse_compare(packet.data, linear, length, &oracle);

	if (difference)
		fail_msg("%s, %zu of %zu bytes linear: oracle %s, parser differs: %s", recipe, linear,
			 length, oracle_result_text(oracle.result), difference);
}

/* Every frame that ends early, and every frame whose linear part ends early. */
static void then_same_at_every_length(const char *recipe)
{
	for (size_t n = 0; n <= packet.length; n++) {
		if (n == EDGE && packet.length > 2 * EDGE)
			n = packet.length - EDGE;
		then_same(recipe, n, n);
		then_same(recipe, n, packet.length);
	}
}

static void then_addresses_and_ports(const char *recipe, const struct rg_packet *pkt)
{
	struct rg_addr source, destination;

	assert_int_equal(rg_addr_parse(strstr(recipe, "ip4") ? RECIPE_SRC4 : RECIPE_SRC6, &source), 0);
	assert_int_equal(rg_addr_parse(strstr(recipe, "ip4") ? RECIPE_DST4 : RECIPE_DST6, &destination), 0);
	assert_memory_equal(&pkt->remote, &source, 16);
	assert_memory_equal(&pkt->local, &destination, 16);
	assert_int_equal(pkt->protocol, strstr(recipe, "udp") ? RG_PROTO_UDP : RG_PROTO_TCP);
	assert_int_equal(pkt->protocols, RG_PROTO_BIT(pkt->protocol));
	assert_int_equal(pkt->remote_port, RECIPE_SPORT);
	assert_int_equal(pkt->local_port, RECIPE_DPORT);
}

static void then_result(const char *recipe, enum oracle_result expected)
{
	struct native_frame native;
	struct rg_packet pkt;
	enum oracle_result result;

	native_frame_init(&native, packet.data, packet.length, packet.length);
	result = parse_run(&native, RG_INGRESS, &pkt);
	native_frame_clear(&native);
	if (result != expected)
		fail_msg("%s: %s, expected %s", recipe, oracle_result_text(result),
			 oracle_result_text(expected));
	if (result == ORACLE_OK)
		then_addresses_and_ports(recipe, &pkt);
}

static void check(const char *recipe, enum oracle_result expected)
{
	pkt_recipe(&packet, recipe);
	then_result(recipe, expected);
	then_same_at_every_length(recipe);
}

static void check_all(const struct packet_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(cases[i].recipe, cases[i].expected);
}
#define CHECK_ALL(cases) check_all(cases, sizeof(cases) / sizeof(*(cases)))

/* A recipe made with snprintf(). */
#define check_made(expected, ...)                                                    \
	do {                                                                         \
		char made[512];                                                      \
		assert_in_range(snprintf(made, sizeof(made), __VA_ARGS__), 1, 511);  \
		check(made, expected);                                               \
	} while (0)

/* Each check of a packet holds rg_parse_plain() against rg_parse(), see parse_compare.h: here, that it takes what
 * it is there for, and nothing else. */
static void then_plain(const char *recipe, int expected)
{
	struct rg_packet pkt = { .direction = RG_INGRESS };
	struct native_frame native;

	pkt_recipe(&packet, recipe);
	native_frame_init(&native, packet.data, packet.length, packet.length);
	if (rg_parse_plain(native.linear, native.linear + native.linear_length, &pkt) != expected)
		fail_msg("%s: %s", recipe, expected ? "no plain frame" : "a plain frame");
	native_frame_clear(&native);
	check(recipe, OK);
}

static void plain_frames_need_no_walk_through_the_headers(void **state)
{
	(void)state;
	then_plain("ip4 udp data:30", 1);
	then_plain("ip6 udp data:30", 1);
	then_plain("ip4 udp", 1);
	then_plain("ip6 udp", 1);
	then_plain("ip4 tcp data:30", 0);
	then_plain("ip6 tcp data:30", 0);
	then_plain("vlan:0x8100 ip4 udp data:30", 0);
	then_plain("ip4 options:5 udp data:30", 0);
	then_plain("ip4 frag:0,1 udp data:32", 0);
	then_plain("ip6 ext:60,1 udp data:30", 0);
}

static void ethernet_frames_that_carry_no_ip_are_not_ip(void **state)
{
	static const struct packet_case cases[] = {
		{ NOT_IP, "" },
		{ NOT_IP, "data:46" },
		{ NOT_IP, "proto:0x0806 data:28" },
		{ NOT_IP, "proto:0x88cc data:60" },
		{ NOT_IP, "vlan:0x8100 proto:0x0806 data:28" },
		{ NOT_IP, "proto:38 data:38" },     /* 802.3: a length, then LLC */
		{ NOT_IP, "proto:0x8847 data:60" }, /* MPLS */
		{ NOT_IP, "proto:0x8864 data:60" }, /* PPPoE */
	};

	(void)state;
	CHECK_ALL(cases);
}

static void vlan_tags_are_skipped_up_to_the_bound(void **state)
{
	static const char *const types[] = { "0x8100", "0x88a8", "0x9100" };
	static const char *const inner[] = { "ip4 udp data:9", "ip6 tcp data:9" };

	(void)state;
	for (unsigned int tags = 0; tags <= RG_VLAN_TAGS_MAX + 1; tags++) {
		for (unsigned int i = 0; i < 2 * 3; i++) {
			char tagged[256] = "";

			for (unsigned int t = 0; t < tags; t++) { /* the types mixed, too */
				strcat(tagged, "vlan:");
				strcat(tagged, types[(i / 2 + t) % 3]);
				strcat(tagged, " ");
			}
			check_made(tags > RG_VLAN_TAGS_MAX ? UNSUPPORTED : OK, "%s%s", tagged,
				   inner[i % 2]);
		}
	}
}

static void ipv4_headers_of_every_length_are_read(void **state)
{
	(void)state;
	for (unsigned int words = 0; words <= 10; words++) {
		check_made(OK, "ip4 options:%u udp data:12", words);
		check_made(OK, "ip4 options:%u tcp", words);
		check_made(OTHER, "ip4 options:%u icmp data:12", words);
	}
	for (unsigned int ihl = 0; ihl < 5; ihl++)
		check_made(MALFORMED, "ip4 udp data:12 ip4@0=%u", 0x40 + ihl);
}

static void ipv4_lengths_that_contradict_are_malformed(void **state)
{
	static const struct packet_case cases[] = {
		{ OK, "ip4 udp data:4 pad:30" },                      /* a short frame's padding */
		{ MALFORMED, "ip4 udp data:4 ip4@2:=33" },            /* longer than the frame */
		{ MALFORMED, "ip4 udp data:4 ip4@2:=0xffff" },
		{ MALFORMED, "ip4 udp data:4 ip4@2:=19" },            /* shorter than its header */
		{ MALFORMED, "ip4 udp data:4 ip4@2:=0" },
		{ MALFORMED, "ip4 options:10 udp data:4 ip4@2:=59" },
		{ MALFORMED, "ip4 udp data:4 ip4@0=0x65" },           /* version 6, 0 */
		{ MALFORMED, "ip4 udp data:4 ip4@0=0x05" },
		{ MALFORMED, "ip4 udp data:4 ip4@2:=27 pad:9" },      /* cuts the UDP header */
		{ MALFORMED, "ip4 udp data:4 ip4@2:=28 pad:9" },      /* cuts the UDP payload */
		{ MALFORMED, "ip4 tcp ip4@2:=39 pad:9" },
		{ MALFORMED, "ip4 udp" " udp@4:=7" },
		{ MALFORMED, "ip4 udp data:4 udp@4:=13" },
		{ MALFORMED, "ip4 udp data:4 udp@4:=13 pad:9" },      /* padding is no payload */
		{ MALFORMED, "ip4 udp data:4 udp@4:=1" },
		{ OK, "ip4 udp data:4 udp@4:=8" },                    /* shorter: hosts trim it */
		{ OK, "ip4 udp data:4 udp@4:=0" },
		{ MALFORMED, "ip4 tcp data:4 tcp@12=0x40" },          /* data offset 4 */
		{ MALFORMED, "ip4 tcp data:4 tcp@12=0x70" },          /* beyond the segment */
		{ MALFORMED, "ip4 tcp data:4 tcp@12=0x70 pad:30" },
		{ OK, "ip4 tcp data:4 tcp@12=0x60" },
		{ OK, "ip4 tcp data:40 tcp@12=0xf0" },
		{ MALFORMED, "ip4 icmp data:4 ip4@2:=0" },            /* before the protocol counts */
	};

	(void)state;
	CHECK_ALL(cases);
}

static void ipv4_fragments_have_ports_only_in_the_first(void **state)
{
	static const struct packet_case cases[] = {
		{ OK, "ip4 frag:0,0 udp data:40" },
		{ OK, "ip4 frag:0,0 udp data:40 ip4@6:=0x4000" },     /* do not fragment */
		{ OK, "ip4 frag:0,0 udp data:40 ip4@6:=0x8000" },     /* the reserved bit */
		{ OK, "ip4 frag:0,1 udp data:40" },
		{ OK, "ip4 frag:0,1 udp data:40 udp@4:=4000" },       /* the rest follows */
		{ OK, "ip4 frag:0,1 tcp data:4 tcp@12=0xf0" },
		{ MALFORMED, "ip4 frag:0,1 udp udp@4:=7" },
		{ MALFORMED, "ip4 frag:0,1 proto:17" },               /* RFC 7112: no whole header */
		{ MALFORMED, "ip4 frag:0,1 proto:6 data:16" },
		{ FRAGMENT, "ip4 frag:8,0 proto:17 data:40" },
		{ FRAGMENT, "ip4 frag:8,1 proto:17 data:40" },
		{ FRAGMENT, "ip4 frag:65528,0 proto:6 data:8" },
		{ FRAGMENT, "ip4 frag:32768,0 proto:6 data:8" },      /* each bit counts */
		{ FRAGMENT, "ip4 frag:4096,0 proto:6 data:8" },
		{ FRAGMENT, "ip4 frag:16,1 proto:6" },
		{ FRAGMENT, "ip4 options:10 frag:1480,1 proto:17 data:8" },
		{ FRAGMENT, "vlan:0x8100 ip4 frag:1480,1 proto:17 data:8" },
		{ OTHER, "ip4 frag:8,1 proto:1 data:40" },
		{ OTHER, "ip4 frag:0,1 icmp data:40" },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void other_protocols_are_not_conference_traffic(void **state)
{
	static const struct packet_case cases[] = {
		{ OTHER, "ip4 icmp data:20" },        { OTHER, "ip6 icmp data:20" },
		{ OTHER, "ip4 proto:47 data:20" },    { OTHER, "ip6 proto:47 data:20" },    /* GRE */
		{ OTHER, "ip4 proto:50 data:20" },    { OTHER, "ip6 proto:50 data:20" },    /* ESP */
		{ OTHER, "ip4 proto:132 data:20" },   { OTHER, "ip6 proto:132 data:20" },   /* SCTP */
		{ OTHER, "ip4 proto:33 data:20" },    { OTHER, "ip6 proto:135 data:20" },   /* DCCP, MH */
		{ OTHER, "ip4 proto:2" },             { OTHER, "ip6 proto:59 data:20" },    /* IGMP, none */
		{ OTHER, "ip4 ip4 udp data:4" },      { OTHER, "ip6 ip6 udp data:4" },      /* tunnels */
		{ OTHER, "ip4 ip6 udp data:4" },      { OTHER, "ip6 ip4 udp data:4" },
		{ OTHER, "ip4 proto:0 data:20" },     { OTHER, "ip4 proto:44 data:20" },    /* only IPv6 has them */
		{ OTHER, "ip4 proto:60 data:20" },    { OTHER, "ip6 ext:60,1" },
		{ OTHER, "ip6 ext:0,1 proto:59" },    { OTHER, "ip6 ext:43,2 icmp data:4" },
		{ OTHER, "ip6 ah:4 proto:50 data:9" },
	};

	(void)state;
	CHECK_ALL(cases);
}

/* UDP-Lite shares UDP's ports; where UDP has its length, it has its checksum's coverage. */
static void udp_lite_is_read_as_udp(void **state)
{
	static const struct packet_case cases[] = {
		{ OK, "ip4 udp data:20 ip4@9=136" },
		{ OK, "ip4 udp data:20 ip4@9=136 udp@4:=0" },
		{ OK, "ip4 udp data:20 ip4@9=136 udp@4:=8" },
		{ OK, "ip6 udp data:20 ip6@6=136" },
		{ OK, "ip6 ext:60,1 udp data:20 ext@0=136" },
		{ MALFORMED, "ip4 udp data:20 ip4@9=136 udp@4:=7" },
		{ MALFORMED, "ip4 udp data:20 ip4@9=136 udp@4:=29" },
		{ FRAGMENT, "ip4 frag:8,1 proto:136 data:40" },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void authentication_headers_of_ipv4_are_looked_behind(void **state)
{
	static const struct packet_case cases[] = {
		{ OK, "ip4 ah:4 udp data:9" },
		{ OK, "ip4 options:3 ah:4 tcp data:9" },
		{ OK, "ip4 ah:0 udp" },
		{ OK, "ip4 ah:255 udp" },
		{ OK, "ip4 frag:0,1 ah:4 udp data:9 udp@4:=900" },
		{ FRAGMENT, "ip4 frag:64,1 proto:51 data:30" }, /* either protocol may be inside */
		{ OTHER, "ip4 ah:4 icmp data:9" },
		{ OTHER, "ip4 ah:4 proto:50 data:9" },
		{ UNSUPPORTED, "ip4 ah:4 ah:4 udp" },
		{ MALFORMED, "ip4 ah:4 udp ah@1=200" },
		{ MALFORMED, "ip4 ah:4 udp ip4@2:=43" },
		{ MALFORMED, "ip4 proto:51 data:7" },
		{ MALFORMED, "ip4 ah:4 udp data:4 udp@4:=13" },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void ipv6_lengths_that_contradict_are_malformed(void **state)
{
	static const struct packet_case cases[] = {
		{ OK, "ip6 udp" },
		{ OK, "ip6 udp data:4 pad:30" },
		{ MALFORMED, "ip6 udp data:4 ip6@4:=13" },
		{ MALFORMED, "ip6 udp data:4 ip6@4:=0xffff" },
		{ MALFORMED, "ip6 udp data:4 ip6@4:=0" },        /* only a jumbogram may say 0 */
		{ MALFORMED, "ip6 udp data:4 ip6@4:=7" },
		{ MALFORMED, "ip6 udp data:4 ip6@4:=11" },
		{ MALFORMED, "ip6 udp data:4 ip6@0=0x40" },
		{ MALFORMED, "ip6 udp data:4 udp@4:=7" },
		{ MALFORMED, "ip6 udp data:4 udp@4:=13" },
		{ OK, "ip6 udp data:4 udp@4:=0" },
		{ OK, "ip6 udp data:4 udp@4:=8" },
		{ MALFORMED, "ip6 tcp data:4 tcp@12=0x40" },
		{ MALFORMED, "ip6 tcp data:4 tcp@12=0x70" },
		{ MALFORMED, "ip6 ext:60,1 udp ext@1=2" },       /* a header beyond the payload */
		{ MALFORMED, "ip6 ext:60,1 udp ext@1=2 pad:40" },
		{ MALFORMED, "ip6 ah:4 udp ah@1=255" },
		{ MALFORMED, "ip6 ext:60,2 udp ip6@4:=15" },
		{ MALFORMED, "ip6 proto:60 data:7" },
		{ MALFORMED, "ip6 proto:44 data:7" },
		{ MALFORMED, "ip6 ext:60,1 udp ext@0=51" },      /* what follows is no such header */
	};

	(void)state;
	CHECK_ALL(cases);
}

static void jumbograms_are_as_long_as_their_frame(void **state)
{
	static const struct packet_case cases[] = {
		{ OK, "ip6 jumbo udp data:66000" },
		{ OK, "ip6 jumbo tcp data:66000" },
		{ OK, "ip6 jumbo udp data:9" },
		{ OK, "ip6 jumbo ext:60,2 udp data:9" },
		{ OK, "ip6 ext:0,1 udp data:9 ip6@4:=0" }, /* no such option: hosts deliver it */
		{ OTHER, "ip6 jumbo icmp data:66000" },
		{ MALFORMED, "ip6 jumbo udp data:9 udp@4:=18" },
		{ FRAGMENT, "ip6 jumbo frag:8,0 proto:17 data:9" },
	};

	(void)state;
	CHECK_ALL(cases);
}

/* BIG TCP: what the stack hands on in one piece may be longer than a length field can say, which is 0 then. */
static void what_no_length_field_can_say_is_as_long_as_its_frame(void **state)
{
	static const struct packet_case cases[] = {
		{ OK, "ip4 tcp data:66000 ip4@2:=0" },
		{ OK, "vlan:0x8100 ip4 options:3 tcp data:66000 ip4@2:=0" },
		{ OK, "ip4 tcp data:65496 ip4@2:=0" },        /* 65536 bytes */
		{ MALFORMED, "ip4 tcp data:65495 ip4@2:=0" }, /* the field could say that */
		{ MALFORMED, "ip4 tcp data:9 ip4@2:=0" },
		{ MALFORMED, "ip4 tcp data:66000 ip4@2:=19" },
		{ OTHER, "ip4 icmp data:66000 ip4@2:=0" },
		{ OK, "ip6 tcp data:66000 ip6@4:=0" },
		{ OK, "ip6 ext:60,1 tcp data:66000 ip6@4:=0" },
		{ OK, "ip6 tcp data:65516 ip6@4:=0" },
		{ MALFORMED, "ip6 tcp data:65515 ip6@4:=0" },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void ipv6_fragments_have_ports_only_in_the_first(void **state)
{
	static const struct packet_case cases[] = {
		{ OK, "ip6 frag:0,0 udp data:40" },
		{ OK, "ip6 frag:0,0 udp data:40 frag@2:=6" },    /* reserved bits */
		{ OK, "ip6 frag:0,0 udp data:40 frag@1=200" },  /* and the reserved byte: no length */
		{ OK, "ip6 frag:0,1 udp data:40 udp@4:=4000" },
		{ OK, "ip6 frag:0,1 tcp data:4 tcp@12=0xf0" },
		{ OK, "ip6 ext:0,1 frag:0,1 ext:60,2 udp data:8 udp@4:=4000" },
		{ MALFORMED, "ip6 frag:0,0 udp data:40 udp@4:=4000" },
		{ MALFORMED, "ip6 frag:0,1 proto:17" },
		{ MALFORMED, "ip6 frag:0,1 proto:6 data:16" },
		{ MALFORMED, "ip6 frag:0,1 ext:60,1 ext@1=3" },
		{ FRAGMENT, "ip6 frag:8,0 proto:17 data:40" },
		{ FRAGMENT, "ip6 frag:8,1 proto:6 data:40" },
		{ FRAGMENT, "ip6 frag:65528,0 proto:17 data:8" },
		{ FRAGMENT, "ip6 frag:32768,0 proto:17 data:8" },
		{ FRAGMENT, "ip6 frag:16,0 proto:17" },
		{ FRAGMENT, "ip6 ext:0,1 ext:43,3 frag:16,0 proto:17 data:8" },
		{ FRAGMENT, "ip6 frag:16,0 proto:60 data:8" },   /* either protocol may be inside */
		{ FRAGMENT, "ip6 frag:16,0 proto:51 data:8" },
		{ OTHER, "ip6 frag:16,0 proto:58 data:8" },
		{ OTHER, "ip6 frag:0,1 icmp data:8" },
	};

	(void)state;
	CHECK_ALL(cases);
}

/* Extension headers by a digit each. */
static const char *const extensions[] = { "ext:0,1", "ext:43,3", "frag:0,0", "ext:60,2", "ah:4" };
#define N_EXTENSIONS 5

static void append_chain(char *text, unsigned int n, unsigned int digits)
{
	for (; n; n--, digits /= N_EXTENSIONS) {
		strcat(text, extensions[digits % N_EXTENSIONS]);
		strcat(text, " ");
	}
}

static void every_short_chain_of_extension_headers_is_read(void **state)
{
	(void)state;
	for (unsigned int n = 0, all = 1; n <= 3; n++, all *= N_EXTENSIONS) {
		for (unsigned int digits = 0; digits < all; digits++) {
			char chain[128] = "";

			append_chain(chain, n, digits);
			check_made(OK, "ip6 %sudp data:5", chain);
			check_made(OK, "ip6 %stcp", chain);
			check_made(OTHER, "ip6 %sicmp", chain);
			check_made(FRAGMENT, "ip6 %sfrag:24,0 proto:17 data:5", chain);
		}
	}
}

static void chains_are_read_up_to_the_bound(void **state)
{
	(void)state;
	for (unsigned int digits = 1; digits < 4000000; digits += 97003) {
		char chain[192] = "";

		append_chain(chain, RG_IPV6_EXT_MAX, digits);
		check_made(OK, "ip6 %sudp data:5", chain);
		check_made(OTHER, "ip6 %sproto:59", chain);
		check_made(UNSUPPORTED, "ip6 %sext:60,1 udp data:5", chain);
		check_made(UNSUPPORTED, "ip6 %sfrag:8,0 proto:17 data:5", chain);
	}
	check("ip6 ext:60,256 ext:60,256 udp data:5", OK);
}

/* A header outside the linear part is never passed over as if it were not there. */
static void source_routes_are_found_while_they_go_on(void **state)
{
	static const struct { enum rg_route expected; const char *recipe; } cases[] = {
		{ RG_ROUTE_NONE, "ip4 options:10 udp data:9" },
		{ RG_ROUTE_FINAL, "ip4 route:131,4 udp data:9" },
		{ RG_ROUTE_FINAL, "ip4 route:137,7 tcp data:9" },
		{ RG_ROUTE_NONE, "ip4 route:131,8 udp data:9" },         /* used up */
		{ RG_ROUTE_NONE, "ip4 route:7,4 udp data:9" },           /* records the route */
		{ RG_ROUTE_NONE, "ip4 route:131,4 udp data:9 ip4@20=0" }, /* behind the end of the options */
		{ RG_ROUTE_FINAL, "ip6 segment:1 udp data:9" },
		{ RG_ROUTE_FINAL, "ip6 ext:60,2 segment:1 segment:0 ext:60,1 tcp data:9" },
		{ RG_ROUTE_FINAL, "ip6 segment:1 frag:0,1 udp data:9" },
		{ RG_ROUTE_NONE, "ip6 segment:0 udp data:9" },
		{ RG_ROUTE_NONE, "ip6 segment:1 udp data:9 ext@2=0" },   /* hosts do not follow type 0 */
		{ RG_ROUTE_HIDDEN, "ip6 segment:1 udp data:9 ext@2=3" },
		{ RG_ROUTE_HIDDEN, "ip6 frag:0,1 proto:60" },
		{ RG_ROUTE_NONE, "ip6 proto:60" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct rg_addr final = {}, expected;
		struct native_frame native;
		enum rg_route route = RG_ROUTE_NONE;
		struct rg_packet pkt;

		pkt_recipe(&packet, cases[i].recipe);
		native_frame_init(&native, packet.data, packet.length, packet.length);
		parse_run(&native, RG_INGRESS, &pkt);
		if (pkt.route_at || pkt.hides_route)
			route = rg_route_find(native.linear, native.linear + packet.length, &pkt, &final);
		native_frame_clear(&native);
		if (route != cases[i].expected)
			fail_msg("%s: route %d, expected %d", cases[i].recipe, route, cases[i].expected);
		rg_addr_parse(strstr(cases[i].recipe, "ip4") ? RECIPE_FINAL4 : RECIPE_FINAL6, &expected);
		if (route == RG_ROUTE_FINAL)
			assert_memory_equal(&final, &expected, 16);
		then_same_at_every_length(cases[i].recipe);
	}
}

static void headers_outside_the_linear_part_are_unsupported(void **state)
{
	static const char *const recipes[] = {
		"vlan:0x8100 ip4 options:4 udp data:60", "ip6 ext:0,2 ah:4 tcp data:60",
		"ip4 ah:4 tcp data:60",
	};
	struct oracle_packet oracle;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		size_t headers;

		pkt_recipe(&packet, recipes[i]);
		headers = packet.length - 60;
		for (size_t n = 0; n <= packet.length; n++) {
			assert_null(parse_compare(packet.data, n, packet.length, &oracle));
			assert_int_equal(oracle.result, n < headers ? UNSUPPORTED : OK);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_frames_need_no_walk_through_the_headers),
		cmocka_unit_test(ethernet_frames_that_carry_no_ip_are_not_ip),
		cmocka_unit_test(vlan_tags_are_skipped_up_to_the_bound),
		cmocka_unit_test(ipv4_headers_of_every_length_are_read),
		cmocka_unit_test(ipv4_lengths_that_contradict_are_malformed),
		cmocka_unit_test(ipv4_fragments_have_ports_only_in_the_first),
		cmocka_unit_test(other_protocols_are_not_conference_traffic),
		cmocka_unit_test(udp_lite_is_read_as_udp),
		cmocka_unit_test(authentication_headers_of_ipv4_are_looked_behind),
		cmocka_unit_test(ipv6_lengths_that_contradict_are_malformed),
		cmocka_unit_test(jumbograms_are_as_long_as_their_frame),
		cmocka_unit_test(what_no_length_field_can_say_is_as_long_as_its_frame),
		cmocka_unit_test(ipv6_fragments_have_ports_only_in_the_first),
		cmocka_unit_test(every_short_chain_of_extension_headers_is_read),
		cmocka_unit_test(chains_are_read_up_to_the_bound),
		cmocka_unit_test(source_routes_are_found_while_they_go_on),
		cmocka_unit_test(headers_outside_the_linear_part_are_unsupported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
