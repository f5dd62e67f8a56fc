/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared endpoints by BPF_PROG_TEST_RUN: packets find their meeting by flow and ufrag. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>

#include "harness/shared.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

/* An endpoint on the move between two addresses, and who looks on. */
static struct {
	struct pkt to[2];
	_Atomic unsigned int begun; /* moves */
	_Atomic bool over;
	unsigned int looks, gaps;
} move;

static bool moved_away(int from)
{
	struct rg_trace trace = {};
	int verdict;
	struct rg_err err;

	return !rg_dp_run(rg_engine_dp(gate), move.to[from].data, move.to[from].length, RG_TRACE_DRY, &verdict,
			  &trace, &err) &&
	       trace.reason == RG_REASON_PASS_NOT_CONFERENCE;
}

/* While one move goes on, the endpoint is at its old address or at its new one. */
static void *look_on(void *unused)
{
	while (!move.over) {
		unsigned int begun = move.begun;
		bool gap = moved_away(0) && moved_away(1) && moved_away(0);

		move.looks++;
		move.gaps += gap && begun == move.begun;
	}
	return unused;
}

TEST(an_endpoint_that_moves_is_guarded_at_every_moment)
{
	static const char *const addresses[] = { "198.51.100.77", "198.51.100.78" };
	struct rg_shared shared = { .protocol = IPPROTO_UDP, .first_port = 12000, .last_port = 12000, .name = "way" };
	pthread_t thread;

	for (int i = 0; i < 2; i++) {
		packet_from(DE4, addresses[i]);
		pkt_udp(&packet, 4000, 12000);
		pkt_payload(&packet, 60);
		pkt_end(&packet);
		move.to[i] = packet;
	}
	assert_int_equal(rg_addr_parse(addresses[0], &shared.address), 0);
	assert_int_equal(rg_dp_shared_set(rg_engine_dp(gate), 5, &shared, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, look_on, NULL), 0);
	for (int i = 1; i <= 20; i++) {
		move.begun++;
		assert_int_equal(rg_addr_parse(addresses[i & 1], &shared.address), 0);
		assert_int_equal(rg_dp_shared_set(rg_engine_dp(gate), 5, &shared, NULL), 0);
	}
	move.over = true;
	pthread_join(thread, NULL);
	assert_true(move.looks > 0);
	assert_int_equal(move.gaps, 0);
}

TEST(a_request_binds_its_flow)
{
	when_media(DE4, 4000);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_request(DE4, 4000, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	assert_int_equal(found.tie, RG_TIE_UFRAG);
	assert_int_equal(found.meeting, meeting);
	assert_int_equal(found.endpoint, 1);
	when_media(DE4, 4000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	assert_int_equal(found.tie, RG_TIE_FLOW);
	assert_int_equal(found.meeting, meeting);
	when_media(DE4, 4001);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	then_flows(1);
}

TEST(a_refused_request_binds_nothing)
{
	when_request(CN4, 4000, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_REGION);
	assert_int_equal(found.tie, RG_TIE_UFRAG);
	when_media(CN4, 4000);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	then_flows(0);
}

TEST(a_rule_holds_for_the_next_packet_of_a_flow)
{
	when_request(DE4, 4000, "abcd:wxyz");
	given_meeting("m-7", MEETING_THAT_REFUSES("DE"));
	when_media(DE4, 4000);
	then_reason(RG_REASON_REFUSE_REGION);
	when_egress(DE4, 4000);
	then_egress(RG_REASON_REFUSE_REGION);
	given_meeting("m-7", MEETING_THAT_REFUSES("CN"));
	when_media(DE4, 4000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_egress(DE4, 4000);
	then_egress(RG_REASON_ADMIT_DEFAULT);
}

TEST(an_unknown_ufrag_is_refused_also_on_a_bound_flow)
{
	when_request(DE4, 4000, "nobo:wxyz");
	then_reason(RG_REASON_REFUSE_UNKNOWN_UFRAG);
	when_request(DE4, 4000, "abcd:wxyz");
	when_request(DE4, 4000, "nobo:wxyz");
	then_reason(RG_REASON_REFUSE_UNKNOWN_UFRAG);
	when_request(DE4, 4000, "abc:wxyz");
	then_reason(RG_REASON_REFUSE_UNKNOWN_UFRAG);
	when_request(DE4, 4000, ":wxyz");
	then_reason(RG_REASON_REFUSE_UNKNOWN_UFRAG);
	when_media(DE4, 4000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(an_endpoint_may_admit_what_is_unbound)
{
	given_shared(1, IPPROTO_UDP, RG_SHARED_ADMIT_UNBOUND, 0);
	when_media(CN4, 4000);
	then_reason(RG_REASON_ADMIT_FLOW_UNBOUND);
	when_request(CN4, 4000, "nobo:wxyz");
	then_reason(RG_REASON_ADMIT_FLOW_UNBOUND);
	when_request(CN4, 4000, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_REGION);
	when_egress(CN4, 4001);
	then_egress(RG_REASON_ADMIT_FLOW_UNBOUND);
}

TEST(a_refused_request_binds_where_the_unbound_are_admitted)
{
	given_shared(1, IPPROTO_UDP, RG_SHARED_ADMIT_UNBOUND, 0);
	when_request(CN4, 4000, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_REGION);
	then_flows(1);
	when_media(CN4, 4000);
	then_reason(RG_REASON_REFUSE_REGION);
	when_egress(CN4, 4000);
	then_egress(RG_REASON_REFUSE_REGION);
	when_media(CN4, 4001);
	then_reason(RG_REASON_ADMIT_FLOW_UNBOUND);
	given_meeting("m-7", MEETING_THAT_REFUSES("DE"));
	when_media(CN4, 4000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	flags = RG_TRACE_DRY;
	when_request(DE4, 4000, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_REGION);
	then_flows(1);
}

TEST(a_refused_request_takes_no_flow_from_its_meeting)
{
	given_shared(1, IPPROTO_UDP, RG_SHARED_ADMIT_UNBOUND, 0);
	given_meeting("m-8", "{}");
	given_ufrag("efgh", 2, meeting_number("m-8"));
	when_request(CN4, 4000, "efgh:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_request(CN4, 4000, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_REGION);
	when_media(CN4, 4000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	assert_string_equal(rg_engine_meeting_id(gate, found.meeting), "m-8");
	when_request(CN4, 4001, "abcd:wxyz"); /* the other way round an admitted one frees it */
	when_request(CN4, 4001, "efgh:wxyz");
	when_media(CN4, 4001);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	rg_dp_ufrag_clear(rg_engine_dp(gate), 1, "efgh", 4, 2);
	when_request(CN4, 4000, "abcd:wxyz"); /* nobody's flow any more */
	when_media(CN4, 4000);
	then_reason(RG_REASON_REFUSE_REGION);
}

/* As many as others of their kind, so that they can not push the flows of others out. */
TEST(refused_requests_make_so_many_flows_and_no_more)
{
	given_shared(1, IPPROTO_UDP, RG_SHARED_ADMIT_UNBOUND, 0);
	for (int i = 0; i < 2 * RG_BIND_SOURCE_BURST; i++)
		when_request(CN4, (uint16_t)(20000 + i), "abcd:wxyz");
	assert_in_range(count_flows(), RG_BIND_SOURCE_BURST, RG_BIND_SOURCE_BURST + 4 * RG_BIND_SOURCE_PER_SECOND);
}

/* The first fragment of a datagram or segment, with @n bytes of the message behind the header; of a TCP header the
 * first @options words of them are options. */
static void when_first_piece(const char *source, uint16_t port, bool tcp, size_t n, unsigned int options)
{
	pkt_begin(&packet);
	pkt_ip4(&packet, source, SERVER4);
	pkt_fragment(&packet, 0, true, 77);
	(tcp ? pkt_tcp : pkt_udp)(&packet, port, local_port);
	put_payload(message.data, n);
	pkt_end(&packet);
	if (tcp)
		pkt_at(&packet, PKT_TCP, 0)[12] = (uint8_t)(5 + options) << 4;
	when_frame(packet.data, packet.length, flags);
}

static void when_later_piece(const char *source, bool tcp, size_t from)
{
	pkt_begin(&packet);
	pkt_ip4(&packet, source, SERVER4);
	pkt_fragment(&packet, (unsigned int)((tcp ? 20 : 8) + from), false, 77);
	pkt_proto(&packet, tcp ? IPPROTO_TCP : IPPROTO_UDP);
	put_payload(message.data + from, message.length - from);
	when_sent();
}

TEST(a_first_fragment_hides_no_request)
{
	given_meeting("m-8", "{}");
	given_ufrag("efgh", 2, meeting_number("m-8"));
	when_request(CN4, 4000, "efgh:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	stun_chromium(&message, "abcd:wxyz");
	for (size_t n = 0; n < 64; n += 8) {
		when_first_piece(CN4, 4000, false, n, 0);
		then_reason(n < 10 ? RG_REASON_REFUSE_UNSUPPORTED : RG_REASON_REFUSE_MALFORMED);
		when_later_piece(CN4, false, n);
		assert_int_equal(rg_reason_verdict(found.reason), RG_VERDICT_REFUSE);
	}
}

static void then_tcp_pieces_are_refused(void)
{
	stun_chromium(&message, "abcd:wxyz");
	stun_frame(&message);
	for (size_t n = 4; n < 68; n += 8) {
		when_first_piece(CN4, 4000, true, n, n > 40 ? 0 : (unsigned int)n / 4);
		assert_int_equal(rg_reason_verdict(found.reason), RG_VERDICT_REFUSE);
		when_later_piece(CN4, true, n);
		assert_int_equal(rg_reason_verdict(found.reason), RG_VERDICT_REFUSE);
	}
}

TEST(a_first_fragment_without_a_payload_opens_no_connection)
{
	given_shared(2, IPPROTO_TCP, 0, 0);
	given_meeting("m-8", "{}");
	assert_int_equal(rg_dp_ufrag_set(rg_engine_dp(gate), 2, "efgh", 4, 2, meeting_number("m-8"), NULL), 0);
	for (int bound = 0; bound < 2; bound++) {
		then_tcp_pieces_are_refused();
		stun_chromium(&message, "efgh:wxyz");
		stun_frame(&message);
		when_tcp(CN4, 4000, message.data, message.length);
		then_reason(RG_REASON_ADMIT_DEFAULT);
	}
}

TEST(a_flow_goes_with_its_ufrag)
{
	when_request(DE4, 4000, "abcd:wxyz");
	rg_dp_ufrag_clear(rg_engine_dp(gate), 1, "abcd", 4, 1);
	when_media(DE4, 4000);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_request(DE4, 4000, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_UNKNOWN_UFRAG);
	given_ufrag("efgh", 1, meeting); /* its number again */
	when_media(DE4, 4000);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	then_flows(0);
}

TEST(a_flow_may_be_bound_anew)
{
	given_meeting("m-8", "{\"default\":\"refuse\",\"rules\":[{\"action\":\"admit\",\"regions\":[\"DE\"]}]}");
	given_ufrag("efgh", 2, meeting_number("m-8"));
	when_request(DE4, 4000, "abcd:wxyz");
	when_request(DE4, 4001, "abcd:wxyz"); /* the same ufrag from a new tuple */
	then_reason(RG_REASON_ADMIT_DEFAULT);
	then_flows(2);
	when_request(DE4, 4000, "efgh:wxyz"); /* a new ufrag from a known tuple */
	then_reason(RG_REASON_ADMIT_RULE);
	then_flows(2);
	when_media(DE4, 4000);
	then_reason(RG_REASON_ADMIT_RULE);
	assert_string_equal(rg_engine_meeting_id(gate, found.meeting), "m-8");
	when_media(DE4, 4001);
	assert_string_equal(rg_engine_meeting_id(gate, found.meeting), "m-7");
}

/* The server still takes it for m-7's: who is refused there does not come back by naming another meeting. */
TEST(a_flow_does_not_leave_a_meeting_that_refuses_it)
{
	given_meeting("m-8", "{}");
	given_ufrag("efgh", 2, meeting_number("m-8"));
	when_request(DE4, 4000, "abcd:wxyz");
	given_meeting("m-7", MEETING_THAT_REFUSES("DE"));
	when_request(DE4, 4000, "efgh:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_media(DE4, 4000);
	then_reason(RG_REASON_REFUSE_REGION);
	when_egress(DE4, 4000);
	then_egress(RG_REASON_REFUSE_REGION);
	given_meeting("m-7", "{\"mode\":\"observe\",\"default\":\"refuse\"}"); /* which refuses nothing */
	when_request(DE4, 4000, "efgh:wxyz");
	when_media(DE4, 4000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	assert_string_equal(rg_engine_meeting_id(gate, found.meeting), "m-8");
}

TEST(a_flow_leaves_no_meeting_whose_time_is_over)
{
	given_meeting("m-8", "{}");
	given_ufrag("efgh", 2, meeting_number("m-8"));
	when_request(DE4, 4000, "abcd:wxyz");
	given_meeting("m-7", "{\"expires\":\"2020-06-05T00:00:00Z\"}");
	when_request(DE4, 4000, "efgh:wxyz");
	when_media(DE4, 4000);
	then_reason(RG_REASON_REFUSE_EXPIRED);
	rg_dp_ufrag_clear(rg_engine_dp(gate), 1, "abcd", 4, 1); /* its ufrag goes: now it is nobody's */
	when_request(DE4, 4000, "efgh:wxyz");
	when_media(DE4, 4000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

/* It was bound by a refused request alone, so the server has never seen one: whoever forged it holds nobody up. */
TEST(a_flow_leaves_a_meeting_that_never_admitted_it)
{
	given_shared(1, IPPROTO_UDP, RG_SHARED_ADMIT_UNBOUND, 0);
	given_meeting("m-8", "{}");
	given_ufrag("efgh", 2, meeting_number("m-8"));
	for (uint16_t port = 4000; port < 4002; port++) {
		when_request(CN4, port, "abcd:wxyz");
		then_reason(RG_REASON_REFUSE_REGION);
	}
	given_meeting("m-7", MEETING_THAT_REFUSES("DE"));
	when_request(CN4, 4001, "abcd:wxyz"); /* now it has */
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_meeting("m-7", MEETING_THAT_REFUSES("CN"));
	when_request(CN4, 4000, "efgh:wxyz");
	when_media(CN4, 4000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_request(CN4, 4001, "efgh:wxyz");
	when_media(CN4, 4001);
	then_reason(RG_REASON_REFUSE_REGION);
}

TEST(a_dry_run_leaves_no_flow)
{
	flags = RG_TRACE_DRY;
	when_request(DE4, 4000, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	then_flows(0);
	flags = 0;
	when_media(DE4, 4000);
	then_reason(RG_REASON_REFUSE_UNBOUND);
}

TEST(requests_on_tcp_are_framed)
{
	given_shared(2, IPPROTO_TCP, 0, 0);
	if (rg_dp_ufrag_set(rg_engine_dp(gate), 2, "abcd", 4, 2, meeting, NULL))
		fail();
	when_tcp(DE4, 4000, NULL, 0); /* of the handshake */
	then_reason(RG_REASON_ADMIT_FLOW_UNBOUND);
	when_tcp(DE4, 4000, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	stun_chromium(&message, "abcd:wxyz");
	stun_frame(&message);
	when_tcp(CN4, 4000, message.data, message.length);
	then_reason(RG_REASON_REFUSE_REGION);
	when_tcp(DE4, 4000, message.data, message.length - 30); /* goes on in the next segment */
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_tcp(DE4, 4000, message.data + message.length - 30, 30);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	assert_int_equal(found.tie, RG_TIE_FLOW);
	when_tcp(DE4, 4000, NULL, 0);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	assert_int_equal(found.endpoint, 2);
}

TEST(both_families_and_every_port_of_the_range)
{
	struct rg_shared shared = { .protocol = IPPROTO_UDP, .first_port = 10000, .last_port = 10010, .name = "six" };

	assert_int_equal(rg_addr_parse(SERVER6, &shared.address), 0);
	assert_int_equal(rg_dp_shared_set(rg_engine_dp(gate), 3, &shared, NULL), 0);
	assert_int_equal(rg_dp_ufrag_set(rg_engine_dp(gate), 3, "abcd", 4, 3, meeting, NULL), 0);
	for (local_port = 9999; local_port <= 10011; local_port++) {
		bool inside = local_port >= 10000 && local_port <= 10010;

		if (local_port == 10001) /* m-7's own */
			continue;
		when_request(DE6, 4000, "abcd:wxyz");
		then_reason(inside ? RG_REASON_ADMIT_DEFAULT : RG_REASON_PASS_NOT_CONFERENCE);
		when_media(CN6, 4000);
		then_reason(inside ? RG_REASON_REFUSE_UNBOUND : RG_REASON_PASS_NOT_CONFERENCE);
	}
	rg_dp_shared_clear(rg_engine_dp(gate), 3);
	local_port = 10002;
	when_request(DE6, 4000, "abcd:wxyz");
	then_reason(RG_REASON_PASS_NOT_CONFERENCE);
}

TEST(one_source_makes_so_many_flows_and_no_more)
{
	for (int i = 0; i < 2 * RG_BIND_SOURCE_BURST; i++) {
		when_request(DE4, (uint16_t)(20000 + i), "abcd:wxyz");
		then_reason(RG_REASON_ADMIT_DEFAULT); /* judged all the same */
	}
	assert_in_range(count_flows(), RG_BIND_SOURCE_BURST, RG_BIND_SOURCE_BURST + 4 * RG_BIND_SOURCE_PER_SECOND);
	when_request("192.0.2.10", 4000, "abcd:wxyz"); /* others may still */
	when_media("192.0.2.10", 4000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_request(DE4, 20000, "abcd:wxyz"); /* and known ones go on */
	when_media(DE4, 20000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(one_binding_makes_so_many_flows_and_no_more)
{
	char source[32];
	int n = 2 * RG_BIND_BURST;

	given_region("de", "{\"networks\":[\"10.0.0.0/8\"],\"country\":\"DE\"}");
	for (int i = 0; i < n; i++) {
		snprintf(source, sizeof(source), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
		when_request(source, 4000, "abcd:wxyz");
	}
	assert_in_range(count_flows(), RG_BIND_BURST / 2, RG_BIND_BURST + 20 * RG_BIND_PER_SECOND);
}

TEST(unknown_ufrags_make_no_flow_at_all)
{
	uint64_t before = count_of(RG_REASON_REFUSE_UNKNOWN_UFRAG);
	char source[32];

	when_request(DE4, 4000, "abcd:wxyz");
	for (int i = 0; i < 1000; i++) {
		snprintf(source, sizeof(source), "10.0.%d.%d", i >> 8, i & 255);
		when_request(source, (uint16_t)(1024 + i), "evil:wxyz");
	}
	assert_int_equal(count_of(RG_REASON_REFUSE_UNKNOWN_UFRAG) - before, 1000);
	then_flows(1);
	when_media(DE4, 4000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(a_reload_of_regions_reaches_bound_flows)
{
	struct rg_err err = {};

	when_request("192.0.2.77", 4000, "abcd:wxyz");
	when_media("192.0.2.77", 4000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_region("cn", "{\"networks\":[\"203.0.113.0/24\",\"192.0.2.77/32\",\"2001:db8:c::/48\"],\"country\":\"CN\"}");
	assert_int_equal(rg_engine_flush(gate, &err), 0);
	for (int i = 0; i < 2; i++) {
		when_media("192.0.2.77", 4000);
		then_reason(RG_REASON_REFUSE_REGION);
	}
}

TEST(a_flow_remembers_the_region_of_its_generation)
{
	when_request(DE4, 4000, "abcd:wxyz");
	assert_int_not_equal(flow_region(), 0);
	flow_region_set(flow_region() ^ 1ull << 32); /* of another generation */
	when_media(DE4, 4000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	assert_int_equal(flow_region() & 0xffffffff, found.region);
}

TEST(egress_of_dedicated_endpoints_is_judged_by_its_destination)
{
	local_port = 10001;
	when_egress(CN4, 4000);
	then_egress(RG_REASON_REFUSE_REGION);
	assert_int_equal(found.tie, RG_TIE_DEDICATED);
	when_egress(DE4, 4000);
	then_egress(RG_REASON_ADMIT_DEFAULT);
	when_egress(CN6, 4000);
	then_egress(RG_REASON_REFUSE_REGION);
	local_port = 22;
	when_egress(CN4, 4000);
	then_egress(RG_REASON_PASS_NOT_CONFERENCE);
}

TEST(directions_are_counted_apart)
{
	struct rg_count in[RG_REASON_MAX], out[RG_REASON_MAX], out_after[RG_REASON_MAX];

	local_port = 10001;
	rg_dp_reason_counts(rg_engine_dp(gate), RG_EGRESS, out, NULL);
	when_egress(CN4, 4000);
	rg_dp_reason_counts(rg_engine_dp(gate), RG_EGRESS, out_after, NULL);
	rg_dp_reason_counts(rg_engine_dp(gate), RG_INGRESS, in, NULL);
	assert_int_equal(out_after[RG_REASON_REFUSE_REGION].packets, out[RG_REASON_REFUSE_REGION].packets + 1);
	flags = RG_TRACE_DRY;
	when_egress(CN4, 4000);
	then_egress(RG_REASON_REFUSE_REGION);
	rg_dp_reason_counts(rg_engine_dp(gate), RG_EGRESS, out, NULL);
	assert_memory_equal(out, out_after, sizeof(out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, given_sfu, drop_gate)
		T(an_endpoint_that_moves_is_guarded_at_every_moment),
		T(a_request_binds_its_flow),
		T(a_refused_request_binds_nothing),
		T(a_rule_holds_for_the_next_packet_of_a_flow),
		T(an_unknown_ufrag_is_refused_also_on_a_bound_flow),
		T(an_endpoint_may_admit_what_is_unbound),
		T(a_refused_request_binds_where_the_unbound_are_admitted),
		T(a_refused_request_takes_no_flow_from_its_meeting),
		T(refused_requests_make_so_many_flows_and_no_more),
		T(a_first_fragment_hides_no_request),
		T(a_first_fragment_without_a_payload_opens_no_connection),
		T(a_flow_goes_with_its_ufrag),
		T(a_flow_may_be_bound_anew),
		T(a_flow_does_not_leave_a_meeting_that_refuses_it),
		T(a_flow_leaves_no_meeting_whose_time_is_over),
		T(a_flow_leaves_a_meeting_that_never_admitted_it),
		T(a_dry_run_leaves_no_flow),
		T(requests_on_tcp_are_framed),
		T(both_families_and_every_port_of_the_range),
		T(one_source_makes_so_many_flows_and_no_more),
		T(one_binding_makes_so_many_flows_and_no_more),
		T(unknown_ufrags_make_no_flow_at_all),
		T(a_reload_of_regions_reaches_bound_flows),
		T(a_flow_remembers_the_region_of_its_generation),
		T(egress_of_dedicated_endpoints_is_judged_by_its_destination),
		T(directions_are_counted_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
