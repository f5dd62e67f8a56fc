/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared endpoints: whom requests name, a client's and the server's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/shared.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

/* A meeting that admits everybody, with the ufrag "open" on the endpoint of m-7, which refuses CN. */
static int given_two_meetings(void **state)
{
	if (given_sfu(state))
		return -1;
	given_meeting("m-8", "{}");
	given_ufrag("open", 2, meeting_number("m-8"));
	return 0;
}

TEST(malformed_requests_are_refused_and_bind_nothing)
{
	stun_chromium(&message, "abcd:wxyz");
	stun_number(message.data + 2, message.length - 16);
	when_message(DE4, 4000);
	then_reason(RG_REASON_REFUSE_MALFORMED);
	stun_chromium(&message, "abcd:wxyz");
	stun_username(&message, "efgh:wxyz");
	when_message(DE4, 4000);
	then_reason(RG_REASON_REFUSE_MALFORMED);
	stun_begin(&message, 0x0001);
	for (int i = 0; i < 70; i++)
		stun_attribute(&message, 0x8022, "", 0);
	when_message(DE4, 4000);
	then_reason(RG_REASON_REFUSE_UNSUPPORTED);
	then_flows(0);
}

TEST(messages_that_name_nobody_go_by_their_flow)
{
	stun_chromium(&message, "abcd:wxyz");
	message.data[1] = 0x11; /* an indication */
	when_message(DE4, 4000);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_request(DE4, 4000, "abcd:wxyz");
	when_message(DE4, 4000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	stun_begin(&message, 0x0200);
	when_message(DE4, 4000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	assert_int_equal(found.tie, RG_TIE_FLOW);
}

TEST(every_length_of_ufrag_is_found)
{
	char text[300];

	for (size_t n = 4; n <= 256; n++) {
		memset(text, 'u', n);
		text[n] = '\0';
		given_ufrag(text, 2, meeting);
		strcat(text, ":wxyz");
		stun_libnice(&message, text);
		when_message(DE4, 4000);
		then_reason(RG_REASON_ADMIT_DEFAULT);
		text[n - 1] = 'v';
		stun_libnice(&message, text);
		when_message(DE4, 4000);
		then_reason(RG_REASON_REFUSE_UNKNOWN_UFRAG);
		memset(text, 'u', n);
		rg_dp_ufrag_clear(rg_engine_dp(gate), 1, text, n, 2);
	}
}

TEST(a_prefix_stands_for_all_ufrags_that_begin_with_it)
{
	static const uint16_t lengths[] = { 4, 8, 11, 31, 32, 33, 40, 200 };
	char text[300];

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memset(text, 'p', lengths[i]);
		text[lengths[i]] = '\0';
		given_shared(1, IPPROTO_UDP, 0, lengths[i]);
		given_ufrag(text, 2, meeting);
		strcat(text, "rest+of+it:wxyz");
		when_request(DE4, 4000, text);
		then_reason(RG_REASON_ADMIT_DEFAULT);
		text[lengths[i]] = ':';
		when_request(DE4, 4000, text);
		then_reason(RG_REASON_ADMIT_DEFAULT);
		text[lengths[i] - 1] = ':';
		when_request(DE4, 4000, text);
		then_reason(RG_REASON_REFUSE_UNKNOWN_UFRAG);
		memset(text, 'p', lengths[i]);
		rg_dp_ufrag_clear(rg_engine_dp(gate), 1, text, lengths[i], 2);
	}
}

/* Its checksum covers the header only; its socket receives the whole. */
TEST(udp_lites_coverage_hides_no_request)
{
	when_request(CN4, 4000, "open:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	stun_chromium(&message, "abcd:wxyz");
	packet_from(CN4, SERVER4);
	pkt_udp(&packet, 4000, local_port);
	put_payload(message.data, message.length);
	pkt_end(&packet);
	pkt_at(&packet, PKT_IP4, 0)[9] = 136;
	memcpy(pkt_at(&packet, PKT_UDP, 0) + 4, "\0\10", 2);
	when_frame(packet.data, packet.length, flags);
	then_reason(RG_REASON_REFUSE_REGION);
}

/* A check of the server's own, which names the client first. */
static void when_check(const char *remote, uint16_t port, const char *name)
{
	stun_chromium(&message, name);
	packet_from(SERVER4, remote);
	pkt_udp(&packet, local_port, port);
	put_payload(message.data, message.length);
	pkt_end(&packet);
	when_frame(packet.data, packet.length, flags | RG_TRACE_EGRESS);
}

/* Or it could have the server of m-7 check it, and answer, though m-7 refuses it. */
TEST(a_flow_that_is_bound_by_another_meeting_gets_no_check)
{
	when_request(CN4, 4000, "open:wxyz");
	when_egress(CN4, 4000);
	then_egress(RG_REASON_ADMIT_DEFAULT);
	when_check(CN4, 4000, "wxyz:abcd");
	then_egress(RG_REASON_REFUSE_REGION);
	assert_int_equal(found.tie, RG_TIE_UFRAG);
	when_check(CN4, 4000, "wxyz:open");
	then_egress(RG_REASON_ADMIT_DEFAULT);
	when_egress(CN4, 4000); /* and the flow is what it was */
	then_egress(RG_REASON_ADMIT_DEFAULT);
}

TEST(a_check_is_found_out_behind_every_length_of_the_clients_ufrag)
{
	char name[300];

	when_request(CN4, 4000, "open:wxyz");
	for (size_t length = 1; length <= 256; length++) {
		memset(name, 'x', length);
		memcpy(name + length, ":abcd", 6);
		when_check(CN4, 4000, name);
		then_egress(RG_REASON_REFUSE_REGION);
	}
}

TEST(a_check_is_admitted_before_the_clients_first_and_binds_nothing)
{
	when_check(DE4, 4000, "wxyz:abcd");
	then_egress(RG_REASON_ADMIT_DEFAULT);
	when_egress(DE4, 4000);
	then_egress(RG_REASON_REFUSE_UNBOUND);
	then_flows(0);
	when_check(DE4, 4000, "wxyz:nobo");
	then_egress(RG_REASON_REFUSE_UNBOUND);
	when_check(DE4, 4000, "wxyzabcd");
	then_egress(RG_REASON_REFUSE_UNBOUND);
}

TEST(a_refused_client_gets_no_check_where_the_unbound_are_admitted)
{
	given_shared(1, IPPROTO_UDP, RG_SHARED_ADMIT_UNBOUND, 0);
	when_check(CN4, 4000, "wxyz:abcd");
	then_egress(RG_REASON_REFUSE_REGION);
	when_check(CN4, 4000, "wxyz:nobo");
	then_egress(RG_REASON_ADMIT_FLOW_UNBOUND);
}

TEST(a_long_ufrag_of_the_servers_is_found)
{
	static const char text[] = "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char name[64];

	given_ufrag(text, 3, meeting);
	snprintf(name, sizeof(name), "wxyz:%s", text);
	when_check(CN4, 4000, name);
	then_egress(RG_REASON_REFUSE_REGION);
	when_check(DE4, 4000, name);
	then_egress(RG_REASON_ADMIT_DEFAULT);
}

TEST(a_check_on_tcp_is_framed)
{
	given_shared(1, IPPROTO_TCP, 0, 0);
	stun_chromium(&message, "wxyz:abcd");
	stun_frame(&message);
	packet_from(SERVER4, CN4);
	pkt_tcp(&packet, local_port, 4000);
	put_payload(message.data, message.length);
	pkt_end(&packet);
	when_frame(packet.data, packet.length, flags | RG_TRACE_EGRESS);
	then_egress(RG_REASON_REFUSE_REGION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, given_sfu, drop_gate)
		T(malformed_requests_are_refused_and_bind_nothing),
		T(messages_that_name_nobody_go_by_their_flow),
		T(every_length_of_ufrag_is_found),
		T(a_prefix_stands_for_all_ufrags_that_begin_with_it),
#undef T
#define T(name) cmocka_unit_test_setup_teardown(name, given_two_meetings, drop_gate)
		T(udp_lites_coverage_hides_no_request),
		T(a_flow_that_is_bound_by_another_meeting_gets_no_check),
		T(a_check_is_found_out_behind_every_length_of_the_clients_ufrag),
		T(a_check_is_admitted_before_the_clients_first_and_binds_nothing),
		T(a_refused_client_gets_no_check_where_the_unbound_are_admitted),
		T(a_long_ufrag_of_the_servers_is_found),
		T(a_check_on_tcp_is_framed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
