/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP at a shared endpoint, where connections begin and end: see harness/connection.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/connection.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

static void when_first_named(int from)
{
	when_named(from, "abcd:wxyz");
}

/* The other host's connection: what comes is refused at first, in case that one here is about to begin. */
static void given_elsewhere(void)
{
	given_listener(DE4);
	tcp.port = 40002;
	when_first_named(0);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_just(when_first_named, 0);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	given_earlier(MOMENT);
	when_first_named(0);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_noted(when_framed_media, 5000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_just(when_framed_media, 5000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

/* Whatever would end it, another one could begin in the middle of what passes. */
TEST(a_handshake_is_not_ended)
{
	given_half_open();
	when_syn(-1);
	then_reason(RG_REASON_ADMIT_FLOW_UNBOUND);
	when_syn(0);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_rst(0);
	then_reason(RG_REASON_REFUSE_UNBOUND);
}

TEST(a_connection_that_has_taken_nothing_ends)
{
	given_connection(DE4, 40000);
	when_rst(1);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_rst(0);
	then_reason(RG_REASON_ADMIT_FLOW_UNBOUND);
	when_named(0, "abcd:wxyz"); /* the server's TCP has not seen the end of it yet */
	then_reason(RG_REASON_REFUSE_UNBOUND);
	gone(&tcp.client);
	gone(&tcp.server);
	when_syn(0);
	then_reason(RG_REASON_ADMIT_FLOW_UNBOUND);
	given_client(40000);
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

/* The connection that begins by it may be another one's, with a cookie of its own. */
TEST(no_payload_passes_where_a_connection_may_begin_by_a_cookie)
{
	given_cookie();
	when_framed_media(0);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	assert_int_equal(count_connections(), 0);
}

/* As Docker's proxy does, beside the address translation that leads to the server. */
TEST(where_a_socket_only_listens_the_flow_alone_tells)
{
	given_listener(DE4);
	tcp.port = 40002;
	when_segment(0, NULL, 0);
	then_reason(RG_REASON_ADMIT_FLOW_UNBOUND);
	when_syn(0);
	then_reason(RG_REASON_ADMIT_FLOW_UNBOUND);
	when_framed_media(5000);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	gone(&tcp.listener);
	given_elsewhere();
}

/* What comes in its wake is judged before a connection is there. */
TEST(where_a_socket_only_listens_a_connection_may_begin)
{
	given_elsewhere();
	when_just(when_syn, 0); /* the payload before it may be on its way */
	then_reason(RG_REASON_REFUSE_UNBOUND);
	given_earlier(MOMENT);
	when_syn(0);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_framed_media(6000);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_just(when_first_named, 6000); /* it may begin within this */
	then_reason(RG_REASON_REFUSE_UNBOUND);
	given_earlier(MOMENT);
	when_rst(0); /* of nothing: it ends nothing */
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_framed_media(6000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(what_was_of_a_connection_does_not_pass_where_a_socket_only_listens)
{
	given_opened(DE4, "abcd:wxyz");
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	gone(&tcp.client);
	gone(&tcp.server);
	when_framed_media(10);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_just(when_syn, 0);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	given_earlier(MOMENT);
	when_syn(0);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	assert_int_equal(count_connections(), 0);
}

/* What may be on its way when it ends would be another one's. */
TEST(a_connection_that_is_open_does_not_begin)
{
	given_connection(DE4, 40000);
	when_syn(0);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named(0, "abcd:wxyz");
	given_taken("0123456789", 10);
	given_earlier(MOMENT);
	when_syn(0);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(a_connection_is_ended_where_its_server_waits)
{
	given_opened(DE4, "abcd:wxyz");
	given_earlier(MOMENT);
	when_rst(9);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_rst(11);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_noted(when_framed_media, 10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_just(when_rst, 10);
	then_reason(RG_REASON_REFUSE_UNBOUND); /* that may be on its way */
	given_earlier(MOMENT);
	flags = RG_TRACE_DRY;
	when_rst(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	flags = 0;
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_earlier(MOMENT);
	when_rst(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_framed_media(10); /* the server's TCP has not seen the end of it yet */
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_flagged(TCP_FLAG_RST, 10, "media", 5);
	then_reason(RG_REASON_REFUSE_UNSUPPORTED);
}

TEST(a_connection_that_closes_takes_nothing)
{
	given_opened(DE4, "abcd:wxyz");
	assert_int_equal(shutdown(tcp.server, SHUT_WR), 0);
	when_framed_media(10);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_rst(0);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, given_tcp_sfu, drop_tcp_sfu)
		T(a_handshake_is_not_ended),
		T(a_connection_that_has_taken_nothing_ends),
		T(no_payload_passes_where_a_connection_may_begin_by_a_cookie),
		T(where_a_socket_only_listens_the_flow_alone_tells),
		T(where_a_socket_only_listens_a_connection_may_begin),
		T(what_was_of_a_connection_does_not_pass_where_a_socket_only_listens),
		T(a_connection_that_is_open_does_not_begin),
		T(a_connection_is_ended_where_its_server_waits),
		T(a_connection_that_closes_takes_nothing),
	};

	return cmocka_run_group_tests(tests, given_namespace, NULL);
}
