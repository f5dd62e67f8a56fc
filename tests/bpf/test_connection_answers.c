/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP at a shared endpoint until the server answers: see harness/connection.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/connection.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

/* A request for @name, and how many bytes it is on the wire. */
static size_t when_asked(int from, const char *name)
{
	when_named(from, name);
	return message.length + 2;
}

/* Some servers go on to the next frame if they do not understand one. */
TEST(until_the_server_answers_only_requests_pass)
{
	static char bytes[2048];
	size_t n;

	given_connection(DE4, 40000);
	n = when_asked(0, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_framed_media((int)n); /* the server's TCP has not even that */
	then_reason(RG_REASON_REFUSE_UNBOUND);
	given_sent(bytes, n);
	when_framed_media((int)n);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_framed_media((int)n - 1);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named(0, "ijkl:wxyz"); /* has it already */
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_framed_media(0); /* too, unless it is another connection by then */
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named((int)n, "efgh:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named((int)n + 1, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named((int)n, "ijkl:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_sent(bytes, n);
	when_framed_media((int)(2 * n));
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_answered(STUN_SUCCESS, 0);
	then_egress(RG_REASON_ADMIT_DEFAULT);
	when_framed_media((int)(2 * n));
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_framed_media((int)(2 * n) + 1000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

static void given_request_taken(void)
{
	given_connection(DE4, 40000);
	when_named(0, "abcd:wxyz");
	given_sent("0123456789", 10);
	when_framed_media(10);
	then_reason(RG_REASON_REFUSE_UNBOUND);
}

TEST(an_answer_comes_after_what_it_answers)
{
	given_connection(DE4, 40000);
	when_named(0, "abcd:wxyz");
	when_answered(STUN_SUCCESS, 0); /* it has not even taken the request */
	given_sent("0123456789", 10);
	when_framed_media(10);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	flags = RG_TRACE_DRY;
	when_answered(STUN_SUCCESS, 0);
	flags = 0;
	when_framed_media(10);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_answered(STUN_SUCCESS, 0);
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

/* A conflict of roles, say. */
TEST(an_answer_may_come_after_errors)
{
	given_request_taken();
	when_answered(STUN_ERROR, 0);
	when_framed_media(10);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_answered(STUN_ERROR, 22);
	when_answered(STUN_ERROR, 22); /* repeated */
	when_answered(STUN_SUCCESS, 44);
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

/* An error repeats what the remote has made up. */
TEST(what_stands_within_a_frame_is_no_answer)
{
	given_request_taken();
	when_answered(STUN_ERROR, 0);
	when_answered(STUN_SUCCESS, 1);
	when_answered(STUN_SUCCESS, 10);
	when_answered(STUN_SUCCESS, 21);
	when_answered(STUN_SUCCESS, 23);
	when_framed_media(10);
	then_reason(RG_REASON_REFUSE_UNBOUND);
}

/* It has sent something, but the egress program is not where that went. */
TEST(where_the_egress_program_sees_nothing_the_first_frame_tells)
{
	given_connection(DE4, 40000);
	rg_dp_answers_note(rg_engine_dp(gate), false);
	when_named(0, "abcd:wxyz");
	given_sent("0123456789", 10);
	when_framed_media(10);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	assert_int_equal(send(tcp.server, "?", 1, 0), 1);
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_named(10, "efgh:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_answered(STUN_ERROR, -1);
	when_framed_media(10);
	then_reason(RG_REASON_REFUSE_UNBOUND);
}

/* What it has sent may wait for the address of the next hop, say. */
TEST(where_the_egress_program_is_only_an_answer_counts)
{
	given_connection(DE4, 40000);
	when_named(0, "abcd:wxyz");
	given_sent("0123456789", 10);
	assert_int_equal(send(tcp.server, "?", 1, 0), 1);
	when_framed_media(10);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_answered(STUN_SUCCESS, -1);
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(a_request_waits_for_the_one_before_it)
{
	size_t n;

	given_connection(DE4, 40000);
	n = when_asked(0, "abcd:wxyz");
	when_asked((int)n, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
}

/* A server that knows nothing of a participant yet, say, and a client that asks until it does. */
TEST(a_client_may_ask_for_long)
{
	static char bytes[2048];
	size_t n, all = 0;

	given_connection(DE4, 40000);
	for (int i = 0; i < 100; i++, all += n) {
		n = when_asked((int)all, "abcd:wxyz");
		then_reason(RG_REASON_ADMIT_DEFAULT);
		given_sent(bytes, n);
		when_framed_media((int)(all + n));
		then_reason(RG_REASON_REFUSE_UNBOUND);
	}
	when_answered(STUN_SUCCESS, 0);
	when_framed_media((int)all);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

/* After a trial, say, which has no egress program until it is kept. */
TEST(what_was_open_before_an_egress_program_goes_on)
{
	given_connection(DE4, 40000);
	when_named(0, "abcd:wxyz");
	given_sent("0123456789", 10);
	assert_int_equal(send(tcp.server, "?", 1, 0), 1);
	when_answered(STUN_ERROR, 0);
	then_egress(RG_REASON_ADMIT_DEFAULT);
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_named(10, "efgh:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
}

static void given_no_flows(void)
{
	int fd = bpf_map__fd(rg_engine_dp(gate)->skel->maps.rg_flows);
	struct rg_flow_key key;

	while (!bpf_map_get_next_key(fd, NULL, &key))
		assert_int_equal(bpf_map_delete_elem(fd, &key), 0);
}

TEST(what_is_refused_on_its_way_out_is_seen)
{
	static char bytes[2048];
	size_t n;

	given_connection(DE4, 40000);
	rg_dp_answers_note(rg_engine_dp(gate), false);
	n = when_asked(0, "abcd:wxyz");
	given_sent(bytes, n);
	assert_int_equal(send(tcp.server, "?", 1, 0), 1);
	when_framed_media((int)n);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_no_flows();
	when_answered(STUN_ERROR, -1);
	then_egress(RG_REASON_REFUSE_UNBOUND);
	when_named((int)n, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_framed_media((int)n);
	then_reason(RG_REASON_REFUSE_UNBOUND);
}

/* As a client's TCP repeats what it has not put into one segment before. */
static void when_asked_at_once(int from, int count, const char *name, size_t more)
{
	static uint8_t bytes[8 * 256];
	size_t n = 0;

	stun_chromium(&message, name);
	stun_frame(&message);
	for (int i = 0; i < count; i++, n += message.length)
		memcpy(bytes + n, message.data, message.length);
	when_segment(from, bytes, n + more);
}

TEST(several_requests_may_be_one_segment)
{
	given_connection(DE4, 40000);
	when_asked_at_once(0, 2, "abcd:wxyz", 1);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_asked_at_once(0, 12, "abcd:wxyz", 0);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	then_flows(1);
}

/* The server's TCP may have the shorter one already, and would take what is behind it: that is within a frame. */
TEST(while_one_request_is_on_its_way_none_of_another_length_passes)
{
	static char bytes[2048];
	size_t n;

	given_connection(DE4, 40000);
	n = when_asked(0, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_named(0, "abcd:wxyz-and-more");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named(0, "abcd:abcd");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_sent(bytes, n);
	when_named((int)n, "abcd:wxyz-and-more");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_named((int)n, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
}

/* Behind the filter; a client's TCP may repeat more than that. */
TEST(what_was_lost_on_its_way_may_come_with_more)
{
	static char bytes[2048];
	size_t n;

	given_connection(DE4, 40000);
	n = when_asked(0, "abcd:wxyz");
	when_asked_at_once(0, 2, "abcd:wxyz", 0);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	given_earlier(LATE);
	when_named(0, "efgh:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	given_earlier(LATE);
	when_asked_at_once(0, 2, "abcd:wxyz", 0);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_sent(bytes, n);
	when_asked_at_once((int)n, 2, "abcd:wxyz", 0);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	given_earlier(LATE);
	when_asked_at_once((int)n, 2, "abcd:wxyz", 0);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

/* It is like the last one in all its numbers; that one's server has answered. */
TEST(an_answer_holds_for_one_connection)
{
	int client;

	given_opened(DE4, "abcd:wxyz");
	gone(&tcp.client);
	gone(&tcp.server);
	tcp.to = SERVER4;
	client = given_client_too(tcp.start);
	tcp.to = NULL;
	tcp.client = client;
	tcp.server = accept(tcp.listener, NULL, NULL);
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_sent("0123456789", 10);
	when_framed_media(10);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_answered(STUN_SUCCESS, 0);
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

static uint16_t frame_of_the_connection(void)
{
	union rg_connection connection;
	struct rg_connection_key key;

	the_connection(&key, &connection);
	return connection.frame;
}

/* The next one may be like it in all its numbers, if it begins by the same SYN cookie. */
TEST(an_answer_holds_until_the_server_closes)
{
	for (size_t i = 0; i < 2; i++) {
		given_opened(DE4, "abcd:wxyz");
		when_server_sends(TCP_FLAG_RST, 4711, NULL, 0); /* a firewall's */
		assert_int_not_equal(frame_of_the_connection(), RG_CONNECTION_ENDED);
		if (i)
			assert_int_equal(shutdown(tcp.server, SHUT_WR), 0);
		else
			gone(&tcp.client);
		flags = RG_TRACE_DRY;
		when_server_sends(i ? TCP_FLAG_FIN : TCP_FLAG_RST, 0, NULL, 0);
		flags = 0;
		assert_int_not_equal(frame_of_the_connection(), RG_CONNECTION_ENDED);
		when_server_sends(i ? TCP_FLAG_FIN : TCP_FLAG_RST, 0, NULL, 0);
		assert_int_equal(frame_of_the_connection(), RG_CONNECTION_ENDED);
		gone(&tcp.client);
		gone(&tcp.server);
		gone(&tcp.listener);
	}
}

/* The acknowledgement of the first one was lost: a client's TCP repeats it together with the next one, again and again. */
TEST(what_the_server_has_may_come_again_with_more)
{
	static char bytes[2048];
	size_t n;

	given_connection(DE4, 40000);
	n = when_asked(0, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_sent(bytes, n);
	given_earlier(LATE);
	when_asked_at_once(0, 2, "abcd:wxyz", 0);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

/* Each repetition comes sooner than the last one is forgotten. */
TEST(what_was_lost_is_not_refused_longer_by_each_repetition)
{
	given_connection(DE4, 40000);
	when_asked(0, "abcd:wxyz");
	given_earlier(LATE / 2);
	when_asked_at_once(0, 2, "abcd:wxyz", 0);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	given_earlier(LATE / 2 + 10);
	when_asked_at_once(0, 2, "abcd:wxyz", 0);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, given_tcp_sfu, drop_tcp_sfu)
		T(until_the_server_answers_only_requests_pass),
		T(an_answer_comes_after_what_it_answers),
		T(an_answer_may_come_after_errors),
		T(what_stands_within_a_frame_is_no_answer),
		T(where_the_egress_program_sees_nothing_the_first_frame_tells),
		T(where_the_egress_program_is_only_an_answer_counts),
		T(a_client_may_ask_for_long),
		T(a_request_waits_for_the_one_before_it),
		T(what_was_open_before_an_egress_program_goes_on),
		T(what_is_refused_on_its_way_out_is_seen),
		T(several_requests_may_be_one_segment),
		T(while_one_request_is_on_its_way_none_of_another_length_passes),
		T(what_was_lost_on_its_way_may_come_with_more),
		T(an_answer_holds_for_one_connection),
		T(what_the_server_has_may_come_again_with_more),
		T(what_was_lost_is_not_refused_longer_by_each_repetition),
		T(an_answer_holds_until_the_server_closes),
	};

	return cmocka_run_group_tests(tests, given_namespace, NULL);
}
