/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Later fragments by BPF_PROG_TEST_RUN: which first one they follow, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/shared.h"

#define TEST(name) static void name(void **state __attribute__((unused)))
#define ID 77

static void when_first(const char *source, uint16_t port)
{
	packet_from(source, server_for(source));
	pkt_fragment(&packet, 0, true, ID);
	pkt_udp(&packet, 4000, port);
	pkt_payload(&packet, 64);
	when_sent();
}

static void given_later(const char *source, uint32_t id, uint16_t protocol)
{
	packet_from(source, server_for(source));
	pkt_fragment(&packet, 72, false, id);
	pkt_proto(&packet, protocol);
	pkt_payload(&packet, 64);
	pkt_end(&packet);
}

static void when_later(const char *source)
{
	given_later(source, ID, IPPROTO_UDP);
	when_frame(packet.data, packet.length, flags);
}

static void then_refused_by_itself(void)
{
	then_reason(RG_REASON_REFUSE_FRAGMENT);
	assert_int_equal(found.meeting, 0);
}

TEST(a_later_fragment_follows_its_first_one)
{
	static const char *const sources[] = { DE4, DE6, CN4, CN6 };

	for (size_t i = 0; i < 4; i++) {
		enum rg_reason reason = i < 2 ? RG_REASON_ADMIT_DEFAULT : RG_REASON_REFUSE_REGION;

		when_later(sources[i]);
		then_refused_by_itself();
		when_first(sources[i], 10001);
		then_reason(reason);
		when_later(sources[i]);
		then_reason(reason);
		assert_int_equal(found.tie, RG_TIE_FRAGMENT);
		assert_int_equal(found.meeting, meeting);
	}
	when_first(DE4, 22);
	then_reason(RG_REASON_PASS_NOT_CONFERENCE);
	when_later(DE4);
	then_reason(RG_REASON_PASS_NOT_CONFERENCE);
}

TEST(it_follows_that_of_no_other_datagram)
{
	when_first(DE4, 10001);
	given_later(DE4, ID + 1, IPPROTO_UDP);
	when_frame(packet.data, packet.length, 0);
	then_refused_by_itself();
	given_later(DE4, ID, IPPROTO_TCP);
	when_frame(packet.data, packet.length, 0);
	then_refused_by_itself();
	when_later("192.0.2.10");
	then_refused_by_itself();
	when_first(DE6, 10001); /* IPv6 datagrams are told apart without the protocol */
	given_later(DE6, ID, IPPROTO_TCP);
	when_frame(packet.data, packet.length, 0);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(what_comes_in_says_nothing_of_what_goes_out)
{
	when_first(DE4, 10001);
	packet_from(SERVER4, DE4);
	pkt_fragment(&packet, 72, false, ID);
	pkt_proto(&packet, IPPROTO_UDP);
	pkt_payload(&packet, 64);
	pkt_end(&packet);
	when_frame(packet.data, packet.length, RG_TRACE_EGRESS);
	then_egress(RG_REASON_REFUSE_FRAGMENT);
}

TEST(a_rule_reaches_the_rest_of_a_datagram)
{
	when_first(DE4, 10001);
	given_meeting("m-7", MEETING_THAT_REFUSES("DE"));
	when_later(DE4);
	then_reason(RG_REASON_REFUSE_REGION);
	given_meeting("m-7", "{\"endpoints\":[{\"address\":\"" SERVER4 "\",\"port\":10001}],\"mode\":\"observe\","
			     "\"default\":\"refuse\"}");
	when_later(DE4);
	then_reason(RG_REASON_OBSERVE_REFUSED);
}

/* As long as a host waits for the rest: the number is used again. */
TEST(a_first_fragment_is_forgotten_in_time)
{
	int fd = bpf_map__fd(rg_engine_dp(gate)->skel->maps.rg_frags);
	struct rg_frag_key key;
	struct rg_frag frag;

	when_first(DE4, 10001);
	assert_int_equal(bpf_map_get_next_key(fd, NULL, &key), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &key, &frag), 0);
	frag.at -= RG_FRAG_SECONDS + 2;
	assert_int_equal(bpf_map_update_elem(fd, &key, &frag, BPF_ANY), 0);
	when_later(DE4);
	then_refused_by_itself();
	frag.at += 5;
	assert_int_equal(bpf_map_update_elem(fd, &key, &frag, BPF_ANY), 0);
	when_later(DE4);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(a_dry_run_remembers_no_fragment)
{
	flags = RG_TRACE_DRY;
	when_first(DE4, 10001);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_later(DE4);
	then_refused_by_itself();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, given_sfu, drop_gate)
		T(a_later_fragment_follows_its_first_one),
		T(it_follows_that_of_no_other_datagram),
		T(what_comes_in_says_nothing_of_what_goes_out),
		T(a_rule_reaches_the_rest_of_a_datagram),
		T(a_first_fragment_is_forgotten_in_time),
		T(a_dry_run_remembers_no_fragment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
