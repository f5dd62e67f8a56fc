/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The packet path by BPF_PROG_TEST_RUN: packet, verdict, reason, counter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>

#include <bpf/bpf.h>
#include "dataplane/private.h"
#include "harness/path.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

TEST(region_decides_by_family_and_protocol)
{
	static const struct { const char *source; enum rg_reason reason; } cases[] = {
		{ DE4, RG_REASON_ADMIT_DEFAULT }, { CN4, RG_REASON_REFUSE_REGION },
		{ DE6, RG_REASON_ADMIT_DEFAULT }, { CN6, RG_REASON_REFUSE_REGION },
		{ NOWHERE4, RG_REASON_ADMIT_DEFAULT },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		when_udp(cases[i].source, 10001);
		then_reason(cases[i].reason);
		packet_from(cases[i].source, server_for(cases[i].source));
		pkt_tcp(&packet, 4000, 10001);
		when_packet();
		then_reason(cases[i].reason);
		assert_string_equal(rg_engine_meeting_id(gate, found.meeting), "m-7");
	}
}

TEST(other_ports_and_addresses_are_not_touched)
{
	when_udp(CN4, 10000);
	then_reason(RG_REASON_PASS_NOT_CONFERENCE);
	when_udp(CN4, 10002);
	then_reason(RG_REASON_PASS_NOT_CONFERENCE);
	packet_from(CN4, "198.51.100.11");
	pkt_udp(&packet, 4000, 10001);
	when_packet();
	then_reason(RG_REASON_PASS_NOT_CONFERENCE);
	packet_from(CN4, SERVER4);
	pkt_tcp(&packet, 50000, 22);
	when_packet();
	then_reason(RG_REASON_PASS_NOT_CONFERENCE);
}

TEST(other_protocols_pass)
{
	static const uint16_t others[] = { 132, 47, 50, 4, 41, 33 }; /* SCTP GRE ESP IPIP 6in4 DCCP */

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		packet_from(CN4, SERVER4);
		pkt_proto(&packet, others[i]);
		pkt_payload(&packet, 40); /* whatever bytes stand where the ports would be */
		packet.data[packet.length - 40 + 2] = 10001 >> 8;
		packet.data[packet.length - 40 + 3] = 10001 & 255;
		when_packet();
		then_reason(RG_REASON_PASS_NOT_CONFERENCE);
	}
	for (int six = 0; six < 2; six++) {
		packet_from(six ? CN6 : CN4, six ? SERVER6 : SERVER4);
		pkt_icmp(&packet);
		when_packet();
		then_reason(RG_REASON_PASS_NOT_CONFERENCE);
	}
}

TEST(udp_lite_is_judged_as_udp)
{
	static const struct { const char *source; enum rg_reason reason; } cases[] = {
		{ CN4, RG_REASON_REFUSE_REGION }, { DE4, RG_REASON_ADMIT_DEFAULT },
		{ CN6, RG_REASON_REFUSE_REGION }, { DE6, RG_REASON_ADMIT_DEFAULT },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool six = strchr(cases[i].source, ':');

		packet_from(cases[i].source, server_for(cases[i].source));
		pkt_udp(&packet, 4000, 10001);
		pkt_payload(&packet, 20);
		pkt_end(&packet);
		pkt_at(&packet, six ? PKT_IP6 : PKT_IP4, 0)[six ? 6 : 9] = 136;
		when_frame(packet.data, packet.length, 0);
		then_reason(cases[i].reason);
	}
}

TEST(arp_and_other_ethertypes_pass)
{
	static const uint16_t types[] = { 0x0806, 0x88cc, 0x8863, 0x8864, 0x8847, 0x0004 };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		pkt_begin(&packet);
		pkt_proto(&packet, types[i]);
		pkt_payload(&packet, 46);
		when_packet();
		then_reason(RG_REASON_PASS_NOT_IP);
	}
}

TEST(tagged_frames_are_judged_like_untagged_ones)
{
	static const uint16_t tags[] = { 0x8100, 0x88a8, 0x9100 };

	for (unsigned int n = 1; n <= RG_VLAN_TAGS_MAX; n++) {
		pkt_begin(&packet);
		for (unsigned int i = 0; i < n; i++)
			pkt_vlan(&packet, tags[(i + n) % 3], (uint16_t)(10 + i));
		pkt_ip4(&packet, CN4, SERVER4);
		pkt_udp(&packet, 4000, 10001);
		when_packet();
		then_reason(RG_REASON_REFUSE_REGION);
	}
	pkt_begin(&packet);
	for (unsigned int i = 0; i <= RG_VLAN_TAGS_MAX; i++)
		pkt_vlan(&packet, 0x8100, 1);
	pkt_ip4(&packet, DE4, SERVER4);
	pkt_udp(&packet, 4000, 10001);
	when_packet();
	then_reason(RG_REASON_REFUSE_UNSUPPORTED);
}

TEST(ipv4_options_do_not_shift_the_ports)
{
	for (unsigned int words = 0; words <= 10; words++) {
		pkt_begin(&packet);
		pkt_ip4(&packet, CN4, SERVER4);
		pkt_ip4_options(&packet, words);
		pkt_udp(&packet, 4000, 10001);
		when_packet();
		then_reason(RG_REASON_REFUSE_REGION);
	}
}

TEST(ipv6_extension_headers_are_walked)
{
	static const uint8_t types[] = { 0, 43, 60 };

	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < 3; j++) {
			packet_from(CN6, SERVER6);
			pkt_ext(&packet, types[i], 1 + (unsigned int)i);
			pkt_ext(&packet, types[j], 2);
			pkt_ah(&packet, 4);
			pkt_fragment(&packet, 0, false, 7);
			pkt_udp(&packet, 4000, 10001);
			when_packet();
			then_reason(RG_REASON_REFUSE_REGION);
		}
	packet_from(DE6, SERVER6);
	for (int i = 0; i <= RG_IPV6_EXT_MAX; i++)
		pkt_ext(&packet, 60, 1);
	pkt_udp(&packet, 4000, 10001);
	when_packet();
	then_reason(RG_REASON_REFUSE_UNSUPPORTED);
}

TEST(first_fragments_are_judged_and_later_ones_refused)
{
	static const char *const sources[] = { CN4, CN6 };

	for (size_t i = 0; i < 2; i++) {
		packet_from(sources[i], server_for(sources[i]));
		pkt_fragment(&packet, 0, true, 9);
		pkt_udp(&packet, 4000, 10001);
		pkt_payload(&packet, 64);
		when_packet();
		then_reason(RG_REASON_REFUSE_REGION);

		packet_from(i ? DE6 : DE4, i ? SERVER6 : SERVER4);
		pkt_fragment(&packet, 64, true, 9);
		pkt_proto(&packet, IPPROTO_UDP);
		pkt_payload(&packet, 64);
		when_packet();
		then_reason(RG_REASON_REFUSE_FRAGMENT);

		packet_from(i ? DE6 : DE4, i ? "2001:db8::99" : "198.51.100.99"); /* no endpoints there */
		pkt_fragment(&packet, 64, true, 9);
		pkt_proto(&packet, IPPROTO_UDP);
		pkt_payload(&packet, 64);
		when_packet();
		then_reason(RG_REASON_PASS_NOT_CONFERENCE);
	}
}

/* A host that follows source routes delivers to the last address of the route. */
TEST(source_routes_lead_to_no_endpoint)
{
	static const uint8_t kinds[] = { 131, 137 };

	for (size_t i = 0; i < 2; i++) {
		pkt_begin(&packet);
		pkt_ip4(&packet, CN4, "198.51.100.77");
		pkt_ip4_route(&packet, kinds[i], SERVER4, 4);
		pkt_udp(&packet, 4000, 10001);
		when_packet();
		then_reason(RG_REASON_REFUSE_UNSUPPORTED);
		pkt_at(&packet, PKT_UDP, 0)[3]++; /* to a port without endpoint */
		when_frame(packet.data, packet.length, 0);
		then_reason(RG_REASON_PASS_NOT_CONFERENCE);
		packet_from(CN4, "198.51.100.77"); /* whose route is done */
		pkt_ip4_route(&packet, kinds[i], SERVER4, 8);
		pkt_udp(&packet, 4000, 10001);
		when_packet();
		then_reason(RG_REASON_PASS_NOT_CONFERENCE);
	}
	for (int tags = 0; tags < 2; tags++) {
		pkt_begin(&packet);
		if (tags)
			pkt_vlan(&packet, 0x8100, 0);
		pkt_ip6(&packet, CN6, "2001:db8::77");
		pkt_ext(&packet, 60, 1);
		pkt_segment(&packet, SERVER6, 1);
		pkt_tcp(&packet, 4000, 10001);
		when_packet();
		then_reason(RG_REASON_REFUSE_UNSUPPORTED);
	}
	/* on to somewhere else, or at its end: judged by the destination */
	packet_from(CN6, "2001:db8::77");
	pkt_segment(&packet, "2001:db8::78", 1);
	pkt_udp(&packet, 4000, 10001);
	when_packet();
	then_reason(RG_REASON_PASS_NOT_CONFERENCE);
	packet_from(CN6, SERVER6);
	pkt_segment(&packet, SERVER6, 1);
	pkt_udp(&packet, 4000, 10001);
	when_packet();
	then_reason(RG_REASON_REFUSE_REGION);
}

TEST(chains_that_can_not_be_followed_pass_to_no_address)
{
	packet_from(CN6, "2001:db8::77"); /* the next fragment may hold a route to the endpoint */
	pkt_fragment(&packet, 0, true, 9);
	pkt_proto(&packet, 60);
	when_packet();
	then_reason(RG_REASON_REFUSE_UNSUPPORTED);
	packet_from(CN6, "2001:db8::77");
	for (int i = 0; i <= RG_IPV6_EXT_MAX; i++)
		pkt_ext(&packet, 60, 1);
	pkt_udp(&packet, 4000, 10001);
	when_packet();
	then_reason(RG_REASON_REFUSE_UNSUPPORTED);
}

/* Every length of a frame that is cut off: never let through to the endpoint. */
TEST(truncated_frames_never_reach_the_endpoint)
{
	for (int six = 0; six < 2; six++) {
		size_t addresses = six ? 14 + 40 : 14 + 20;

		packet_from(six ? CN6 : CN4, six ? SERVER6 : SERVER4);
		pkt_udp(&packet, 4000, 10001);
		pkt_payload(&packet, 30);
		pkt_end(&packet);
		for (size_t n = 14; n < packet.length; n++) {
			when_frame(packet.data, n, 0);
			then_reason(n < addresses ? RG_REASON_PASS_NOT_CONFERENCE : RG_REASON_REFUSE_MALFORMED);
		}
		when_frame(packet.data, packet.length, 0);
		then_reason(RG_REASON_REFUSE_REGION);
	}
}

TEST(contradicting_lengths_are_malformed)
{
	uint8_t *ip, *udp;

	packet_from(DE4, SERVER4);
	pkt_udp(&packet, 4000, 10001);
	pkt_payload(&packet, 30);
	pkt_end(&packet);
	ip = pkt_at(&packet, PKT_IP4, 0);
	udp = pkt_at(&packet, PKT_UDP, 0);
	for (int i = 0; i < 5; i++) {
		struct pkt kept = packet;

		switch (i) {
		case 0: ip[0] = 0x44; break;            /* header of 16 bytes */
		case 1: ip[0] = 0x55; break;            /* version 5 */
		case 2: ip[2] = 0x7f; break;            /* longer than the frame */
		case 3: ip[2] = 0, ip[3] = 19; break;   /* shorter than its header */
		case 4: udp[4] = 1; break;              /* UDP length beyond the packet */
		}
		when_frame(packet.data, packet.length, 0);
		then_reason(RG_REASON_REFUSE_MALFORMED);
		packet = kept;
	}
}

TEST(jumbo_frames_are_judged_whole)
{
	packet_from(CN4, SERVER4);
	pkt_udp(&packet, 4000, 10001);
	pkt_payload(&packet, 8900);
	when_packet();
	then_reason(RG_REASON_REFUSE_REGION);
	packet_from(DE6, SERVER6);
	pkt_udp(&packet, 4000, 10001);
	pkt_payload(&packet, 60000);
	when_packet();
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(embedded_ipv4_sources_are_looked_up_by_it)
{
	static const char *const sources[] = {
		"2002:cb00:7109::1",                      /* 6to4 of 203.0.113.9 */
		"64:ff9b::203.0.113.9",                   /* NAT64 */
		"2001:0:1234:5678:0:ffff:34ff:8ef6",      /* Teredo: client bits inverted */
		"::ffff:203.0.113.9",                     /* IPv4-mapped */
	};

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		pkt_begin(&packet);
		pkt_ip6(&packet, sources[i], SERVER6);
		pkt_udp(&packet, 4000, 10001);
		when_packet();
		then_reason(RG_REASON_REFUSE_REGION);
	}
}

TEST(any_address_endpoint_covers_every_local_address)
{
	given_meeting("m-any", "{\"endpoints\":[{\"address\":\"any\",\"port\":20000}],\"default\":\"refuse\","
			       "\"rules\":[{\"action\":\"admit\",\"regions\":[\"DE\"]}]}");
	packet_from(DE4, "198.51.100.77");
	pkt_udp(&packet, 4000, 20000);
	when_packet();
	then_reason(RG_REASON_ADMIT_RULE);
	packet_from(CN6, "2001:db8::77");
	pkt_udp(&packet, 4000, 20000);
	when_packet();
	then_reason(RG_REASON_REFUSE_DEFAULT);
	packet_from(CN4, "198.51.100.77");
	pkt_tcp(&packet, 4000, 20000);
	when_packet();
	then_reason(RG_REASON_PASS_NOT_CONFERENCE);
	when_udp(CN4, 10001); /* its own table comes first */
	then_reason(RG_REASON_REFUSE_REGION);
}

TEST(first_matching_rule_wins_then_the_default)
{
	given_meeting("m-8", "{\"endpoints\":[{\"address\":\"" SERVER4 "\",\"port\":10008}],\"default\":\"refuse\","
		"\"rules\":[{\"action\":\"admit\",\"regions\":[\"custom:cn\"]},"
			   "{\"action\":\"refuse\",\"regions\":[\"CN\",\"EU\"]},"
			   "{\"action\":\"admit\",\"regions\":[\"continent:EU\",\"unknown\"]}]}");
	when_udp(CN4, 10008);
	then_reason(RG_REASON_ADMIT_RULE);
	when_udp(DE4, 10008);
	then_reason(RG_REASON_REFUSE_REGION);
	when_udp(NOWHERE4, 10008);
	then_reason(RG_REASON_ADMIT_RULE);
}

TEST(observe_mode_counts_and_refuses_nothing)
{
	uint64_t before = count_of(RG_REASON_OBSERVE_REFUSED);

	given_meeting("m-9", "{\"endpoints\":[{\"address\":\"" SERVER4 "\",\"port\":10009}],\"mode\":\"observe\","
			     "\"rules\":[{\"action\":\"refuse\",\"regions\":[\"CN\"]}]}");
	when_udp(CN4, 10009);
	then_reason(RG_REASON_OBSERVE_REFUSED);
	assert_int_equal(count_of(RG_REASON_OBSERVE_REFUSED), before + 1);
	when_udp(DE4, 10009);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(every_packet_is_counted_once_and_a_dry_run_never)
{
	uint64_t before = count_of(RG_REASON_REFUSE_REGION);

	for (int i = 0; i < 5; i++)
		when_udp(CN4, 10001);
	assert_int_equal(count_of(RG_REASON_REFUSE_REGION), before + 5);
	when_frame(packet.data, packet.length, RG_TRACE_DRY);
	then_reason(RG_REASON_REFUSE_REGION);
	assert_int_equal(count_of(RG_REASON_REFUSE_REGION), before + 5);
}

TEST(a_pushed_rule_holds_from_the_next_packet)
{
	static const char admit[] = "{\"endpoints\":[{\"address\":\"" SERVER4 "\",\"port\":10010}]}";
	static const char refuse[] = "{\"endpoints\":[{\"address\":\"" SERVER4 "\",\"port\":10010}],"
				     "\"rules\":[{\"action\":\"refuse\",\"regions\":[\"CN\"]}]}";

	for (int i = 0; i < 20; i++) {
		given_meeting("m-10", i % 2 ? refuse : admit);
		when_udp(CN4, 10010);
		then_reason(i % 2 ? RG_REASON_REFUSE_REGION : RG_REASON_ADMIT_DEFAULT);
	}
}

TEST(mac_addresses_do_not_matter)
{
	when_udp(CN4, 10001);
	for (size_t i = 0; i < 12; i++)
		packet.data[i] ^= 0x5a;
	when_frame(packet.data, packet.length, 0);
	then_reason(RG_REASON_REFUSE_REGION);
}

/* Addresses whose search begins at one slot: each is found, and one that is none of them is not. */
TEST(addresses_that_share_a_slot_are_told_apart)
{
	char body[1024] = "{\"default\":\"refuse\",\"endpoints\":[", addresses[7][32];
	struct rg_addr address;
	__u32 slot = 0;
	int n = 0;

	for (unsigned int i = 1; n < 7; i++) {
		snprintf(addresses[n], sizeof(addresses[n]), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		assert_int_equal(rg_addr_parse(addresses[n], &address), 0);
		if (!n)
			slot = rg_local_hash(&address);
		if (rg_local_hash(&address) != slot)
			continue;
		if (++n < 7) /* the last one has no endpoint */
			sprintf(body + strlen(body), "%s{\"address\":\"%s\",\"port\":10020}", n > 1 ? "," : "",
				addresses[n - 1]);
	}
	given_meeting("m-20", strcat(body, "]}"));
	for (n = 0; n < 7; n++) {
		packet_from(DE4, addresses[n]);
		pkt_udp(&packet, 4000, 10020);
		pkt_payload(&packet, 60);
		when_packet();
		then_reason(n < 6 ? RG_REASON_REFUSE_DEFAULT : RG_REASON_PASS_NOT_CONFERENCE);
	}
	given_meeting("m-20", "{}");
}

/* Metadata that another program, or a NIC, has put in front of a packet, or in skb->cb. */
TEST(what_does_not_know_the_cookie_is_no_trace)
{
	const struct rg_dp *dp = rg_engine_dp(gate);
	struct { struct rg_trace trace; uint8_t frame[512]; } in = {}, out;
	struct xdp_md xdp = { .data = sizeof(in.trace) };
	struct __sk_buff skb = { .cb = { (__u32)dp->cookie + 1, (__u32)(dp->cookie >> 32), RG_TRACE_DRY } };
	LIBBPF_OPTS(bpf_test_run_opts, ingress, .data_in = &in, .data_out = &out, .data_size_out = sizeof(out),
		    .ctx_in = &xdp, .ctx_size_in = sizeof(xdp));
	LIBBPF_OPTS(bpf_test_run_opts, egress, .ctx_in = &skb, .ctx_size_in = sizeof(skb), .ctx_out = &skb,
		    .ctx_size_out = sizeof(skb));
	uint64_t before = count_of(RG_REASON_REFUSE_REGION);

	packet_from(CN4, SERVER4);
	pkt_udp(&packet, 4000, 10001);
	pkt_payload(&packet, 60);
	pkt_end(&packet);
	memcpy(in.frame, packet.data, packet.length);
	in.trace = (struct rg_trace){ .cookie = dp->cookie ^ 1, .flags = RG_TRACE_DRY };
	xdp.data_end = ingress.data_size_in = (__u32)(sizeof(in.trace) + packet.length);
	assert_int_equal(bpf_prog_test_run_opts(dp->prog_fd, &ingress), 0);
	assert_int_equal(ingress.retval, XDP_DROP);
	assert_memory_equal(&out.trace, &in.trace, sizeof(in.trace));
	assert_int_equal(count_of(RG_REASON_REFUSE_REGION), before + 1);
	egress.data_in = packet.data;
	egress.data_size_in = (__u32)packet.length;
	assert_int_equal(bpf_prog_test_run_opts(dp->egress_fd, &egress), 0);
	assert_int_equal(skb.cb[2], RG_TRACE_DRY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(region_decides_by_family_and_protocol),
		cmocka_unit_test(other_ports_and_addresses_are_not_touched),
		cmocka_unit_test(other_protocols_pass),
		cmocka_unit_test(udp_lite_is_judged_as_udp),
		cmocka_unit_test(arp_and_other_ethertypes_pass),
		cmocka_unit_test(tagged_frames_are_judged_like_untagged_ones),
		cmocka_unit_test(ipv4_options_do_not_shift_the_ports),
		cmocka_unit_test(ipv6_extension_headers_are_walked),
		cmocka_unit_test(first_fragments_are_judged_and_later_ones_refused),
		cmocka_unit_test(source_routes_lead_to_no_endpoint),
		cmocka_unit_test(chains_that_can_not_be_followed_pass_to_no_address),
		cmocka_unit_test(truncated_frames_never_reach_the_endpoint),
		cmocka_unit_test(contradicting_lengths_are_malformed),
		cmocka_unit_test(jumbo_frames_are_judged_whole),
		cmocka_unit_test(embedded_ipv4_sources_are_looked_up_by_it),
		cmocka_unit_test(first_matching_rule_wins_then_the_default),
		cmocka_unit_test(observe_mode_counts_and_refuses_nothing),
		cmocka_unit_test(every_packet_is_counted_once_and_a_dry_run_never),
		cmocka_unit_test(a_pushed_rule_holds_from_the_next_packet),
		cmocka_unit_test(mac_addresses_do_not_matter),
		cmocka_unit_test(addresses_that_share_a_slot_are_told_apart),
		cmocka_unit_test(what_does_not_know_the_cookie_is_no_trace),
		cmocka_unit_test(any_address_endpoint_covers_every_local_address),
	};

	return cmocka_run_group_tests(tests, given_gate, drop_gate);
}
