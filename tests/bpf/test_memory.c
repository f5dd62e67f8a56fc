/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the program remembers beside flows: fragments, remotes seen, events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>

#include "harness/shared.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

static void fragment(const char *source, bool egress, bool first, uint32_t id, uint16_t port)
{
	if (egress)
		packet_from(server_for(source), source);
	else
		packet_from(source, server_for(source));
	pkt_fragment(&packet, first ? 0 : 1480, first, id);
	if (!first)
		pkt_proto(&packet, IPPROTO_UDP);
	else if (egress)
		pkt_udp(&packet, port, 4000);
	else
		pkt_udp(&packet, 4000, port);
	pkt_payload(&packet, 64);
	pkt_end(&packet);
	when_frame(packet.data, packet.length, flags | (egress ? RG_TRACE_EGRESS : 0));
}

TEST(later_fragments_are_judged_as_the_first_one)
{
	static const char *const sources[] = { DE4, CN4, DE6, CN6 };

	for (uint32_t i = 0; i < 4; i++) {
		enum rg_reason reason = i & 1 ? RG_REASON_REFUSE_REGION : RG_REASON_ADMIT_DEFAULT;

		fragment(sources[i], false, false, 7 + i, 0);
		then_reason(RG_REASON_REFUSE_FRAGMENT);
		fragment(sources[i], false, true, 7 + i, 10001);
		then_reason(reason);
		for (int later = 0; later < 2; later++) {
			fragment(sources[i], false, false, 7 + i, 0);
			then_reason(reason);
			assert_int_equal(found.tie, RG_TIE_FRAGMENT);
			assert_int_equal(found.meeting, meeting);
		}
		fragment(sources[i], false, false, 99, 0);
		then_reason(RG_REASON_REFUSE_FRAGMENT);
	}
}

TEST(fragments_to_other_ports_pass_and_unbound_ones_do_not)
{
	fragment(CN4, false, true, 7, 22);
	then_reason(RG_REASON_PASS_NOT_CONFERENCE);
	fragment(CN4, false, false, 7, 0);
	then_reason(RG_REASON_PASS_NOT_CONFERENCE);
	fragment(DE4, false, true, 8, 10000);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	fragment(DE4, false, false, 8, 0);
	then_reason(RG_REASON_REFUSE_UNBOUND);
}

TEST(a_rule_reaches_later_fragments)
{
	fragment(DE4, false, true, 7, 10001);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_meeting("m-7", MEETING_THAT_REFUSES("DE"));
	fragment(DE4, false, false, 7, 0);
	then_reason(RG_REASON_REFUSE_REGION);
}

TEST(directions_and_dry_runs_are_apart)
{
	fragment(DE4, false, true, 7, 10001);
	fragment(DE4, true, false, 7, 0);
	then_egress(RG_REASON_REFUSE_FRAGMENT);
	fragment(CN4, true, true, 7, 10001);
	then_egress(RG_REASON_REFUSE_REGION);
	fragment(CN4, true, false, 7, 0);
	then_egress(RG_REASON_REFUSE_REGION);
	flags = RG_TRACE_DRY;
	fragment(DE4, false, true, 8, 10001);
	flags = 0;
	fragment(DE4, false, false, 8, 0);
	then_reason(RG_REASON_REFUSE_FRAGMENT);
}

TEST(a_later_fragment_follows_that_of_no_other_datagram)
{
	fragment(DE4, false, true, 7, 10001);
	fragment(DE4, false, false, 8, 0);
	then_reason(RG_REASON_REFUSE_FRAGMENT);
	fragment("192.0.2.10", false, false, 7, 0);
	then_reason(RG_REASON_REFUSE_FRAGMENT);
	for (int i = 0; i < 2; i++) { /* IPv6 datagrams are told apart without the protocol */
		const char *source = i ? DE6 : DE4;

		fragment(source, false, true, 7, 10001);
		packet_from(source, server_for(source));
		pkt_fragment(&packet, 1480, false, 7);
		pkt_proto(&packet, IPPROTO_TCP);
		pkt_payload(&packet, 64);
		when_packet();
		then_reason(i ? RG_REASON_ADMIT_DEFAULT : RG_REASON_REFUSE_FRAGMENT);
	}
}

/* As long as a host waits for the rest: the number is used again. */
TEST(a_first_fragment_is_forgotten_in_time)
{
	int fd = bpf_map__fd(rg_engine_dp(gate)->skel->maps.rg_frags);
	struct rg_frag_key key;
	struct rg_frag frag;

	fragment(DE4, false, true, 7, 10001);
	assert_int_equal(bpf_map_get_next_key(fd, NULL, &key), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &key, &frag), 0);
	frag.at -= RG_FRAG_SECONDS + 2;
	assert_int_equal(bpf_map_update_elem(fd, &key, &frag, BPF_ANY), 0);
	fragment(DE4, false, false, 7, 0);
	then_reason(RG_REASON_REFUSE_FRAGMENT);
}

static struct rg_event events[64];
static int n_events;

static void keep_event(void *arg, const struct rg_event *event)
{
	(void)arg;
	if (n_events < 64)
		events[n_events++] = *event;
}

static void read_events(void)
{
	n_events = 0;
	rg_dp_events_read(rg_engine_dp(gate), keep_event, NULL, 64);
}

TEST(the_first_refusal_of_a_flow_is_an_event)
{
	local_port = 10001;
	read_events();
	for (int i = 0; i < 5; i++)
		when_media(CN4, 4000);
	when_media(DE4, 4000);
	when_media(CN4, 4001);
	flags = RG_TRACE_DRY;
	when_media(CN4, 4002);
	flags = 0;
	read_events();
	assert_int_equal(n_events, 2);
	assert_int_equal(events[0].reason, RG_REASON_REFUSE_REGION);
	assert_int_equal(events[0].meeting, meeting);
	assert_int_equal(events[0].remote_port, 4000);
	assert_int_equal(events[0].local_port, 10001);
	assert_int_equal(events[0].protocol, IPPROTO_UDP);
	assert_int_equal(events[0].direction, RG_INGRESS);
	assert_int_equal(events[1].remote_port, 4001);
	when_egress(CN4, 4000);
	local_port = 10000;
	when_media(CN4, 4000);
	read_events();
	assert_int_equal(n_events, 2);
	assert_int_equal(events[0].direction, RG_EGRESS);
	assert_int_equal(events[1].reason, RG_REASON_REFUSE_UNBOUND);
	assert_int_equal(events[1].meeting, 0);
	assert_int_equal(events[1].endpoint, 1);
}

TEST(events_beyond_a_meetings_quota_are_lost_and_counted)
{
	uint64_t sent, lost, sent_before, lost_before;

	local_port = 10001;
	rg_dp_events_refill(rg_engine_dp(gate));
	rg_dp_events_counts(rg_engine_dp(gate), &sent_before, &lost_before);
	for (int i = 0; i < RG_EVENTS_PER_MEETING + 10; i++)
		when_media(CN4, (uint16_t)(5000 + i));
	rg_dp_events_counts(rg_engine_dp(gate), &sent, &lost);
	assert_int_equal(sent - sent_before, RG_EVENTS_PER_MEETING);
	assert_int_equal(lost - lost_before, 10);
	read_events();
	assert_int_equal(n_events, RG_EVENTS_PER_MEETING);
}

/* Each CPU notes for itself. */
static void on_one_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

TEST(who_was_beyond_a_quota_is_told_of_later)
{
	on_one_cpu();
	local_port = 10001;
	for (int second = 0; second < 3; second++) {
		rg_dp_events_refill(rg_engine_dp(gate));
		for (int i = 0; i < 2 * RG_EVENTS_PER_MEETING; i++)
			when_media(CN4, (uint16_t)(5000 + i));
		read_events();
		assert_int_equal(n_events, second < 2 ? RG_EVENTS_PER_MEETING : 0);
	}
}

TEST(events_beyond_a_cpus_budget_are_lost_and_counted)
{
	struct rg_dp *dp = rg_engine_dp(gate);
	uint64_t sent, lost, sent_before, lost_before;

	local_port = 10001;
	rg_dp_events_refill(dp);
	rg_dp_events_counts(dp, &sent_before, &lost_before);
	for (uint32_t cpu = 0; cpu < dp->n_cpus; cpu++)
		dp->budgets[cpu].left = 1;
	for (uint32_t i = 0; i < dp->n_cpus + 3; i++)
		when_media(CN4, (uint16_t)(5000 + i));
	rg_dp_events_counts(dp, &sent, &lost);
	assert_in_range(sent - sent_before, 1, dp->n_cpus);
	assert_int_equal(sent - sent_before + lost - lost_before, dp->n_cpus + 3);
}

TEST(another_reason_is_another_event)
{
	local_port = 10001;
	read_events();
	when_media(CN4, 4000);
	given_meeting("m-7", "{\"endpoints\":[{\"address\":\"" SERVER4 "\",\"port\":10001}],\"default\":\"refuse\"}");
	when_media(CN4, 4000);
	read_events();
	assert_int_equal(n_events, 2);
	assert_int_equal(events[0].reason, RG_REASON_REFUSE_REGION);
	assert_int_equal(events[1].reason, RG_REASON_REFUSE_DEFAULT);
}

static void count_seen(void *arg, const struct rg_seen *seen)
{
	if (seen->reason == RG_REASON_ADMIT_DEFAULT)
		++*(int *)arg;
}

TEST(a_sample_of_who_is_admitted_at_dedicated_endpoints_is_seen)
{
	int n = 0;

	local_port = 10001;
	for (int i = 0; i < 4 * RG_SEEN_SAMPLE; i++)
		when_media(DE4, 4000);
	rg_dp_seen(rg_engine_dp(gate), meeting, count_seen, &n);
	assert_in_range(n, 1, 4); /* once a CPU, at most */
}

/* The bucket that a request has taken from; RG_BIND_RATES if there is none. */
static uint32_t the_bucket(void)
{
	int fd = bpf_map__fd(rg_engine_dp(gate)->skel->maps.rg_bind_rates);
	struct rg_bind_rate rate;
	uint32_t at = 0;

	while (at < RG_BIND_RATES && (bpf_map_lookup_elem(fd, &at, &rate) || !rate.taken))
		at++;
	return at;
}

/* Else whoever has many addresses finds one that takes the flows of somebody else. */
TEST(nobody_knows_which_sources_share_a_bucket)
{
	uint32_t before;

	when_request(DE4, 4000, "abcd:wxyz");
	before = the_bucket();
	assert_in_range(before, 0, RG_BIND_RATES - 1);
	for (int i = 0; i < 2; i++) { /* twice: one in 65536 gates has the same */
		drop_gate(NULL);
		given_sfu(NULL);
		when_request(DE4, 4000, "abcd:wxyz");
		if (the_bucket() != before)
			return;
	}
	fail();
}

TEST(sources_behind_nat64_have_a_bucket_each)
{
	struct rg_shared shared = { .protocol = IPPROTO_UDP, .first_port = 10000, .last_port = 10000, .name = "six" };
	char source[64];

	assert_int_equal(rg_addr_parse(SERVER6, &shared.address), 0);
	assert_int_equal(rg_dp_shared_set(rg_engine_dp(gate), 3, &shared, NULL), 0);
	assert_int_equal(rg_dp_ufrag_set(rg_engine_dp(gate), 3, "abcd", 4, 3, meeting, NULL), 0);
	for (int i = 0; i < 2 * RG_BIND_SOURCE_BURST; i++) {
		snprintf(source, sizeof(source), "64:ff9b::192.0.2.%d", i + 1);
		when_request(source, 4000, "abcd:wxyz");
		then_reason(RG_REASON_ADMIT_DEFAULT);
	}
	assert_in_range(count_flows(), 2 * RG_BIND_SOURCE_BURST - 2, 2 * RG_BIND_SOURCE_BURST);
}

struct sums { uint64_t counters, packets[RG_DIRECTION_MAX][RG_STAT_MAX], bytes; };

static void sum_stat(void *arg, const struct rg_dp_mtg_stat *stat)
{
	struct sums *sums = arg;

	if (stat->meeting != meeting)
		return;
	sums->counters++;
	sums->packets[stat->direction][RG_STAT_ADMIT] += stat->admit.packets;
	sums->packets[stat->direction][RG_STAT_REFUSE] += stat->refuse.packets;
	sums->bytes += stat->admit.bytes + stat->refuse.bytes;
}

/* @of: 0: found among those of all meetings. */
static void then_counted(uint32_t of, uint64_t packets)
{
	struct sums sums = {};

	rg_dp_mtg_stats(rg_engine_dp(gate), of, sum_stat, &sums);
	for (int direction = 0; direction < RG_DIRECTION_MAX; direction++)
		for (int verdict = RG_STAT_ADMIT; verdict <= RG_STAT_REFUSE; verdict++)
			assert_int_equal(sums.packets[direction][verdict], packets);
	assert_in_range(sums.counters, packets ? RG_MTG_STAT_COUNTS + 1 : 0, packets ? 1000 : 0);
	assert_int_equal(sums.bytes > 0, packets > 0);
}

static void when_both_ways(void)
{
	for (int i = 0; i < 3; i++)
		for (int egress = 0; egress < 2; egress++) {
			fragment(DE4, egress, true, 7, 10001);
			fragment(CN4, egress, true, 8, 10001);
		}
}

TEST(a_meeting_with_more_counters_than_a_line_holds_is_counted_exactly)
{
	when_both_ways();
	then_counted(meeting, 3);
	given_meeting("m-7", MEETING_THAT_REFUSES("DE"));
	when_both_ways();
	then_counted(meeting, 6);
	then_counted(0, 6);
	assert_int_equal(rg_engine_meeting_delete(gate, "m-7", 0, NULL), 0);
	assert_int_equal(rg_engine_flush(gate, NULL), 0);
	then_counted(meeting, 0);
	then_counted(0, 0);
}

/* @arg: a region; of it "admit refuse observe" is remembered. */
static uint64_t of_region[RG_STAT_MAX];
static void take_region(void *arg, const struct rg_dp_mtg_stat *stat)
{
	if (stat->meeting != meeting || stat->region != *(uint16_t *)arg || stat->direction != RG_INGRESS)
		return;
	of_region[RG_STAT_ADMIT] += stat->admit.packets;
	of_region[RG_STAT_REFUSE] += stat->refuse.packets;
	of_region[RG_STAT_OBSERVE] += stat->observe.packets;
}

TEST(verdicts_of_one_region_are_counted_apart)
{
	static const char *const rules[] = {
		"\"default\":\"admit\"", "\"default\":\"refuse\"", "\"default\":\"refuse\",\"mode\":\"observe\""
	};
	char body[256];

	for (int i = 0; i < 3; i++) {
		snprintf(body, sizeof(body), "{\"endpoints\":[{\"address\":\"" SERVER4 "\",\"port\":10001}],%s}", rules[i]);
		given_meeting("m-7", body);
		for (int n = 0; n <= i; n++)
			when_udp(DE4, 10001);
	}
	memset(of_region, 0, sizeof(of_region));
	rg_dp_mtg_stats(rg_engine_dp(gate), meeting, take_region, &found.region);
	assert_int_equal(of_region[RG_STAT_ADMIT], 1);
	assert_int_equal(of_region[RG_STAT_REFUSE], 2);
	assert_int_equal(of_region[RG_STAT_OBSERVE], 3);
}

static int given_one_line(void **state)
{
	gate_config.dp.max_mtg_stats = 1;
	return given_sfu(state);
}
static int drop_one_line(void **state)
{
	gate_config.dp.max_mtg_stats = 0;
	return drop_gate(state);
}

/* All CPUs together: where the test runs is the kernel's choice. */
TEST(what_finds_no_line_is_lost_and_takes_none)
{
	struct sums sums = {};
	uint64_t lost = 0;

	given_meeting("m-8", "{\"endpoints\":[{\"address\":\"" SERVER4 "\",\"port\":10008}]}");
	for (int i = 0; i < 10; i++) {
		when_udp(DE4, 10001);
		when_udp(DE4, 10008);
	}
	rg_dp_mtg_stats(rg_engine_dp(gate), meeting, sum_stat, &sums);
	meeting = meeting_number("m-8");
	rg_dp_mtg_stats(rg_engine_dp(gate), meeting, sum_stat, &sums);
	assert_int_equal(rg_dp_stat_lost(rg_engine_dp(gate), &lost, NULL), 0);
	assert_int_equal(sums.packets[RG_INGRESS][RG_STAT_ADMIT] + lost, 20);
	assert_in_range(lost, 1, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, given_sfu, drop_gate)
		T(later_fragments_are_judged_as_the_first_one),
		T(fragments_to_other_ports_pass_and_unbound_ones_do_not),
		T(a_rule_reaches_later_fragments),
		T(directions_and_dry_runs_are_apart),
		T(a_later_fragment_follows_that_of_no_other_datagram),
		T(a_first_fragment_is_forgotten_in_time),
		T(the_first_refusal_of_a_flow_is_an_event),
		T(events_beyond_a_meetings_quota_are_lost_and_counted),
		T(who_was_beyond_a_quota_is_told_of_later),
		T(events_beyond_a_cpus_budget_are_lost_and_counted),
		T(another_reason_is_another_event),
		T(nobody_knows_which_sources_share_a_bucket),
		T(sources_behind_nat64_have_a_bucket_each),
		T(a_sample_of_who_is_admitted_at_dedicated_endpoints_is_seen),
		T(a_meeting_with_more_counters_than_a_line_holds_is_counted_exactly),
		T(verdicts_of_one_region_are_counted_apart),
		cmocka_unit_test_setup_teardown(what_finds_no_line_is_lost_and_takes_none, given_one_line, drop_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
