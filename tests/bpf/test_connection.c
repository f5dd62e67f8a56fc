/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP at a shared endpoint: see harness/connection.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/connection.h"
#include "engine/engine_private.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

TEST(a_first_frame_opens_its_connection)
{
	static const char *const sources[] = { DE4, DE6 };

	for (size_t i = 0; i < 2; i++) {
		given_connection(sources[i], 40000);
		when_framed_media(0);
		then_reason(RG_REASON_REFUSE_UNBOUND);
		when_named(0, "abcd:wxyz");
		then_reason(RG_REASON_ADMIT_DEFAULT);
		assert_int_equal(found.meeting, meeting);
		when_framed_media(0); /* not yet: the server has nothing of it */
		then_reason(RG_REASON_REFUSE_UNBOUND);
		given_taken("0123456789", 10);
		when_framed_media(10);
		then_reason(RG_REASON_ADMIT_DEFAULT);
		assert_int_equal(found.tie, RG_TIE_FLOW);
		gone(&tcp.client);
		gone(&tcp.server);
		gone(&tcp.listener);
	}
}

TEST(a_request_opens_only_what_begins_with_it)
{
	given_connection(DE4, 40000);
	when_named(1, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named(-1, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named(1000000, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	then_flows(0);
	when_named(0, "nobo:wxyz");
	then_reason(RG_REASON_REFUSE_UNKNOWN_UFRAG);
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	then_flows(1);
}

TEST(a_cut_request_opens_nothing)
{
	given_connection(DE4, 40000);
	for (size_t n = 1; n < message.length + 2; n++) {
		when_named_part(0, "abcd:wxyz", n);
		then_reason(RG_REASON_REFUSE_UNBOUND);
	}
	when_named_part(0, "abcd:wxyz", message.length + 2);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(a_refused_request_opens_nothing)
{
	given_connection(CN4, 40000);
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_REGION);
	when_named(0, "efgh:wxyz"); /* of a meeting that admits it */
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_taken("0123456789", 10);
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	assert_int_equal(found.meeting, other);
}

/* The first one, with a wrong checksum say, was for the filter; the second one for the server. */
TEST(a_connection_has_one_first_frame)
{
	given_connection(DE4, 40000);
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_named(0, "efgh:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named(0, "abcd:wxyz"); /* repeated */
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_named(0, "ijkl:wxyz"); /* another one of that meeting */
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(a_connection_stays_in_its_meeting)
{
	given_opened(DE4, "abcd:wxyz");
	when_named(10, "efgh:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	assert_int_equal(found.meeting, meeting);
	when_named(10, "ijkl:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_ufrag("abcd", 9, other);
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_named(10, "abcd:wxyz"); /* it is the other meeting's now */
	then_reason(RG_REASON_REFUSE_UNBOUND);
}

TEST(a_rule_holds_on_an_open_connection)
{
	given_opened(DE4, "abcd:wxyz");
	given_meeting("m-7", MEETING_THAT_REFUSES("DE"));
	when_framed_media(10);
	then_reason(RG_REASON_REFUSE_REGION);
	when_named(10, "efgh:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	given_meeting("m-7", MEETING_THAT_REFUSES("CN"));
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(what_began_unseen_stays_unbound)
{
	given_connection(DE4, 40000);
	given_taken("0123456789", 10);
	when_named(10, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_framed_media(10);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_segment(10, NULL, 0);
	then_reason(RG_REASON_ADMIT_FLOW_UNBOUND);
	then_flows(0);
}

TEST(the_same_port_again_is_another_connection)
{
	given_opened(DE4, "abcd:wxyz");
	gone(&tcp.client);
	gone(&tcp.server);
	given_client(40000);
	when_framed_media(0);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	given_taken("0123456789", 10); /* though nothing was admitted */
	when_framed_media(10);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	gone(&tcp.client);
	gone(&tcp.server);
	given_client(40000);
	when_named(0, "efgh:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_taken("0123456789", 10);
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	assert_int_equal(found.meeting, other);
}

/* A remote may have connections from one port to several addresses of the server's. */
TEST(a_connection_is_not_another_one_to_another_address)
{
	int listener = bound_socket(SERVER4_TOO, local_port), client;

	assert_int_equal(listen(listener, 8), 0);
	given_opened(DE4, "abcd:wxyz");
	for (uint32_t more = 1000; more <= 1000; more -= 1000) { /* also if it begins with the same number */
		client = given_client_too(tcp.start + more);
		when_named_too(tcp.start + more, "efgh:wxyz");
		then_reason(RG_REASON_ADMIT_DEFAULT);
		assert_int_equal(found.meeting, other);
		when_framed_media(10); /* its flow is the other one's */
		then_reason(RG_REASON_ADMIT_DEFAULT);
		assert_int_equal(found.meeting, meeting);
		when_tcp_egress();
		then_egress(RG_REASON_ADMIT_DEFAULT);
		when_named(10, "abcd:wxyz");
		then_reason(RG_REASON_ADMIT_DEFAULT);
		when_framed_media(10);
		then_reason(RG_REASON_ADMIT_DEFAULT);
		assert_int_equal(found.meeting, meeting);
		gone(&client);
	}
	gone(&listener);
}

/* Its flow is bound by another connection; nobody knows what this one is. */
TEST(what_began_unseen_is_not_sent_to)
{
	int listener = bound_socket(SERVER4_TOO, local_port), client;

	assert_int_equal(listen(listener, 8), 0);
	given_connection(DE4, 40000);
	given_sent("0123456789", 10);
	client = given_client_too(tcp.start + 1000);
	when_named_too(tcp.start + 1000, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_tcp_egress();
	then_egress(RG_REASON_REFUSE_UNBOUND);
	gone(&client);
	gone(&listener);
}

/* The participant is refused where its last connection was, and its flow still is. */
TEST(a_new_connection_leaves_a_meeting_that_refuses)
{
	given_opened(DE4, "abcd:wxyz");
	gone(&tcp.client);
	gone(&tcp.server);
	given_meeting("m-7", MEETING_THAT_REFUSES("DE"));
	given_client(40000);
	when_named(0, "efgh:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_taken("0123456789", 10);
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	assert_int_equal(found.meeting, other);
}

/* The only connection's entry, by the map, is as an upgrade from a load without rg_connections makes it. */
static void given_upgrade(void)
{
	int fd = bpf_map__fd(rg_engine_dp(gate)->skel->maps.rg_connections);
	const union rg_connection any = { .meeting = meeting, .passed = RG_CONNECTION_ANSWERED,
					  .bound = (uint64_t)rg_engine_dp(gate)->bindings[1].serial << 32 | 1 };
	struct rg_connection_key key;

	assert_int_equal(bpf_map_get_next_key(fd, NULL, &key), 0);
	assert_int_equal(bpf_map_delete_elem(fd, &key), 0);
	memset(&key.local, 0, sizeof(key.local));
	assert_int_equal(bpf_map_update_elem(fd, &key, &any, BPF_ANY), 0);
}

TEST(what_was_open_before_an_upgrade_goes_on_in_its_meeting)
{
	given_opened(DE4, "abcd:wxyz");
	given_upgrade();
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_named(10, "efgh:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named(10, "ijkl:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	gone(&tcp.client);
	gone(&tcp.server);
	given_client(40000);
	when_named(0, "efgh:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
}

TEST(a_first_frame_may_come_before_the_handshake_is_over)
{
	given_half_open();
	when_framed_media(0);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named(-1, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_named(0, "efgh:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
}

TEST(without_a_socket_the_flow_alone_tells)
{
	tcp.source = DE4;
	tcp.port = 40003;
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_framed_media(5000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(urgent_data_and_a_payload_in_a_syn_are_refused)
{
	given_connection(DE4, 40000);
	when_flagged(TCP_FLAG_URG, 0, NULL, 0); /* of what comes later */
	then_reason(RG_REASON_REFUSE_UNSUPPORTED);
	when_flagged(TCP_FLAG_SYN, 0, "x", 1);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named_flagged(TCP_FLAG_SYN, -1, "abcd:wxyz", 0);
	then_reason(RG_REASON_REFUSE_UNSUPPORTED);
	when_named(0, "abcd:wxyz");
	given_taken("0123456789", 10);
	when_flagged(TCP_FLAG_URG, 10, "x", 1);
	then_reason(RG_REASON_REFUSE_UNSUPPORTED);
	when_flagged(TCP_FLAG_ACK, 10, "x", 1);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

/* Its rest may come when the server has another connection of the same address and port, of which nothing is known. */
TEST(a_fragment_of_a_segment_is_refused)
{
	given_opened(DE4, "abcd:wxyz");
	packet_from(DE4, SERVER4);
	pkt_fragment(&packet, 0, true, 77);
	pkt_tcp(&packet, tcp.port, local_port);
	pkt_put32(pkt_at(&packet, PKT_TCP, 0) + 4, tcp.start + 10);
	put_payload("0123456789abcdef", 12);
	when_sent();
	then_reason(RG_REASON_REFUSE_UNSUPPORTED);
}

TEST(an_endpoint_that_admits_unbound_ones_asks_nobody)
{
	given_tcp_shared(RG_SHARED_ADMIT_UNBOUND);
	given_connection(DE4, 40000);
	when_framed_media(100);
	then_reason(RG_REASON_ADMIT_FLOW_UNBOUND);
	when_named(100, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(a_dry_run_opens_nothing)
{
	given_connection(DE4, 40000);
	flags = RG_TRACE_DRY;
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	flags = 0;
	then_flows(0);
	when_named(0, "efgh:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(what_is_observed_opens_its_connection)
{
	given_meeting("m-7", "{\"mode\":\"observe\",\"endpoints\":[],\"rules\":[{\"action\":\"refuse\",\"regions\":[\"DE\"]}]}");
	given_connection(DE4, 40000);
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_OBSERVE_REFUSED);
	given_taken("0123456789", 10);
	when_framed_media(10);
	then_reason(RG_REASON_OBSERVE_REFUSED);
	given_meeting("m-7", MEETING_THAT_REFUSES("CN"));
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

/* What the server has read then is not what the filter has. */
TEST(who_was_in_another_meeting_while_all_was_observed_is_in_none)
{
	static const char *const names[] = { "abcd:wxyz", "nobo:wxyz" };

	for (size_t i = 0; i < 3; i++) {
		given_connection(DE4, (uint16_t)(40000 + i));
		when_named(0, "efgh:wxyz");
		then_reason(RG_REASON_ADMIT_DEFAULT);
		given_mode("{\"mode\":\"observe\"}");
		if (i < 2)
			when_named(0, names[i]);
		else
			when_framed_media(0);
		then_reason(RG_REASON_OBSERVE_REFUSED);
		given_mode("{\"mode\":\"enforce\"}");
		when_named(0, "efgh:wxyz");
		then_reason(RG_REASON_REFUSE_UNBOUND);
		given_taken("0123456789", 10);
		when_framed_media(10);
		then_reason(RG_REASON_REFUSE_UNBOUND);
		gone(&tcp.client);
		gone(&tcp.server);
		gone(&tcp.listener);
	}
}

TEST(who_opens_a_connection_while_all_is_observed_stays)
{
	given_mode("{\"mode\":\"observe\"}");
	given_connection(DE4, 40000);
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_taken("0123456789", 10);
	when_named(10, "efgh:wxyz");
	then_reason(RG_REASON_OBSERVE_REFUSED);
	given_mode("{\"mode\":\"enforce\"}");
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

/* A segment that anybody may write, and no connection: the flow has no local address. */
TEST(a_spoofed_request_to_another_address_cuts_no_connection)
{
	int listener = bound_socket(SERVER4_TOO, local_port);

	assert_int_equal(listen(listener, 8), 0);
	given_opened(DE4, "abcd:wxyz");
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_named_too(12345, "efgh:wxyz");
	usleep(80000);
	when_named_too(12345, "efgh:wxyz");
	when_framed_media(10);
	gone(&listener);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(a_spoofed_request_to_where_nobody_listens_cuts_no_connection)
{
	given_opened(DE4, "abcd:wxyz");
	when_named_too(12345, "efgh:wxyz");
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

/* Just when the server answers: then it never has. */
TEST(a_spoofed_request_hides_no_answer)
{
	given_connection(DE4, 40000);
	when_named(0, "abcd:wxyz");
	given_sent("0123456789", 10);
	when_named_too(12345, "efgh:wxyz");
	when_answered(STUN_SUCCESS, 0);
	when_named(10, "abcd:wxyz"); /* binds the flow again */
	given_sent("0123456789", 10);
	when_answered(STUN_SUCCESS, 0); /* repeated */
	when_answered(STUN_SUCCESS, 22); /* and of the second request */
	when_framed_media(20);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

static void given_meeting_gone(const char *id)
{
	struct rg_err err = {};

	assert_int_equal(rg_engine_meeting_delete(gate, id, RG_ANY_REVISION, &err), 0);
	assert_int_equal(rg_engine_flush(gate, &err), 0);
}

/* The connection is the former meeting's at its server. */
TEST(a_connection_is_not_of_a_meeting_that_has_the_same_number)
{
	given_opened(DE4, "abcd:wxyz");
	rg_dp_ufrag_clear(rg_engine_dp(gate), 1, "abcd", 4, 1);
	rg_dp_ufrag_clear(rg_engine_dp(gate), 1, "ijkl", 4, 3);
	given_meeting_gone("m-7");
	engine_grace(gate); /* as a step of the clock, or a full table, has it */
	for (int i = 0; i < 40; i++) {
		char id[8];

		snprintf(id, sizeof(id), "x-%d", i);
		given_meeting(id, "{\"endpoints\":[],\"rules\":[]}");
		if (meeting_number(id) == meeting)
			break;
		assert_int_not_equal(i, 39); /* it comes again */
	}
	given_ufrag("mnop", 9, meeting);
	when_named(10, "mnop:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
}

/* A firewall of the host that rejects what it takes for invalid, say, which anybody may write. */
TEST(an_rst_that_is_not_of_the_socket_ends_nothing)
{
	given_opened(DE4, "abcd:wxyz");
	packet_from(SERVER4, DE4);
	pkt_tcp(&packet, local_port, tcp.port);
	pkt_put32(pkt_at(&packet, PKT_TCP, 0) + 4, 4711);
	pkt_at(&packet, PKT_TCP, 0)[13] = TCP_FLAG_RST;
	pkt_end(&packet);
	when_frame(packet.data, packet.length, RG_TRACE_EGRESS);
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

static uint32_t second(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint32_t)now.tv_sec;
}

/* What passed without a flow could never be bound: the server has its first frame. */
TEST(beyond_the_limit_of_flows_nothing_opens)
{
	struct rg_dp *dp = rg_engine_dp(gate);

	given_connection(DE4, 40000);
	do { /* as long as a second ends meanwhile: then there are new ones */
		dp->bindings[1].tokens = 0;
		dp->bindings[1].filled = second();
		when_named(0, "abcd:wxyz");
	} while (dp->bindings[1].filled != second());
	then_reason(RG_REASON_REFUSE_UNBOUND);
	assert_int_equal(count_connections(), 0);
	dp->bindings[1].tokens = 1;
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	then_flows(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, given_tcp_sfu, drop_tcp_sfu)
		T(a_first_frame_opens_its_connection),
		T(a_request_opens_only_what_begins_with_it),
		T(a_cut_request_opens_nothing),
		T(a_refused_request_opens_nothing),
		T(a_connection_has_one_first_frame),
		T(a_connection_stays_in_its_meeting),
		T(a_rule_holds_on_an_open_connection),
		T(what_began_unseen_stays_unbound),
		T(the_same_port_again_is_another_connection),
		T(a_connection_is_not_another_one_to_another_address),
		T(what_began_unseen_is_not_sent_to),
		T(a_new_connection_leaves_a_meeting_that_refuses),
		T(what_was_open_before_an_upgrade_goes_on_in_its_meeting),
		T(a_first_frame_may_come_before_the_handshake_is_over),
		T(without_a_socket_the_flow_alone_tells),
		T(urgent_data_and_a_payload_in_a_syn_are_refused),
		T(a_fragment_of_a_segment_is_refused),
		T(an_endpoint_that_admits_unbound_ones_asks_nobody),
		T(a_dry_run_opens_nothing),
		T(what_is_observed_opens_its_connection),
		T(who_was_in_another_meeting_while_all_was_observed_is_in_none),
		T(who_opens_a_connection_while_all_is_observed_stays),
		T(beyond_the_limit_of_flows_nothing_opens),
		T(a_spoofed_request_to_another_address_cuts_no_connection),
		T(a_spoofed_request_to_where_nobody_listens_cuts_no_connection),
		T(a_spoofed_request_hides_no_answer),
		T(an_rst_that_is_not_of_the_socket_ends_nothing),
		T(a_connection_is_not_of_a_meeting_that_has_the_same_number),
	};

	return cmocka_run_group_tests(tests, given_namespace, NULL);
}
