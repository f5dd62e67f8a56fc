/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a load takes over from the pins of an earlier one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "dataplane/private.h"
#include "regiongate.skel.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

static struct rg_dp *dp;
static struct rg_err err;
static char pin_dir[64];
static const struct rg_flow_key client = { .remote_port = 4000, .local_port = 10000, .endpoint = 1, .protocol = 17 };

static void given_load(uint32_t max_flows)
{
	const struct rg_dp_config config = { .pin_dir = pin_dir, .max_flows = max_flows, .max_meetings = 64,
					     .max_mtg_stats = 64, .max_ufrags = 64 };
	struct rg_shared shared = { .protocol = 17, .first_port = 10000, .last_port = 10010, .name = "sfu" };

	if (rg_dp_open(&config, &dp, &err))
		fail_msg("%s", err.detail);
	assert_int_equal(rg_dp_shared_set(dp, 1, &shared, &err), 0);
}

static void given_ufrag(const char *text, uint32_t binding, uint32_t meeting)
{
	if (rg_dp_ufrag_set(dp, 1, text, strlen(text), binding, meeting, &err))
		fail_msg("%s", err.detail);
}

static void given_flow(uint32_t binding, uint32_t meeting)
{
	const struct rg_flow flow = { .meeting = meeting, .binding = binding, .serial = dp->bindings[binding].serial };

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(dp->skel->maps.rg_flows), &client, &flow, BPF_ANY), 0);
}

static void in_force(void)
{
	if (rg_dp_enforce(dp, &err))
		fail_msg("%s", err.detail);
}

static void stopped(void)
{
	rg_dp_close(dp);
	dp = NULL;
}

static bool count_flow(void *arg, const struct rg_flow_key *key, const struct rg_flow *flow)
{
	(void)flow;
	assert_memory_equal(key, &client, sizeof(client));
	++*(int *)arg;
	return true;
}

static void then_flows(int wanted)
{
	int n = 0;

	assert_int_equal(rg_dp_flows(dp, count_flow, &n, &err), 0);
	assert_int_equal(n, wanted);
}

/* One load with a flow of ufrag "aaaa", binding 3, meeting 7; then the next, not yet in force. */
static void given_restart(uint32_t max_flows)
{
	given_load(1000);
	given_ufrag("aaaa", 3, 7);
	given_flow(3, 7);
	in_force();
	then_flows(1);
	stopped();
	given_load(max_flows);
}

static int setup(void **state)
{
	(void)state;
	memset(&err, 0, sizeof(err));
	snprintf(pin_dir, sizeof(pin_dir), "/sys/fs/bpf/rg-test-%d", getpid());
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rg_dp_close(dp);
	dp = NULL;
	rg_dp_remove(pin_dir, &err);
	return access(pin_dir, F_OK) ? 0 : -1;
}

TEST(a_flow_stays_with_its_ufrag)
{
	given_restart(1000);
	then_flows(0);
	given_ufrag("aaaa", 3, 7);
	then_flows(1);
	in_force();
	then_flows(1);
}

TEST(a_flow_goes_when_its_ufrag_went)
{
	given_restart(1000);
	given_ufrag("bbbb", 3, 7);
	then_flows(0);
}

TEST(a_flow_goes_when_its_ufrag_has_another_meeting)
{
	given_restart(1000);
	given_ufrag("aaaa", 3, 8);
	then_flows(0);
}

TEST(a_flow_goes_when_its_ufrag_has_another_binding)
{
	given_restart(1000);
	given_ufrag("aaaa", 4, 7);
	given_ufrag("bbbb", 3, 7);
	then_flows(0);
}

TEST(a_ufrag_that_is_set_again_later_has_no_old_flows)
{
	given_restart(1000);
	in_force();
	given_ufrag("aaaa", 3, 7);
	then_flows(0);
}

TEST(serials_are_not_used_again)
{
	uint32_t last;

	given_load(1000);
	given_ufrag("aaaa", 3, 7);
	given_ufrag("bbbb", 4, 7);
	last = dp->bindings[4].serial;
	rg_dp_ufrag_clear(dp, 1, "bbbb", 4, 4);
	in_force();
	stopped();
	given_load(1000);
	given_ufrag("cccc", 4, 7);
	assert_true(dp->bindings[4].serial > last);
}

TEST(flows_of_another_table_size_are_copied)
{
	given_restart(2000);
	given_ufrag("aaaa", 3, 7);
	then_flows(0);
	in_force();
	then_flows(1);
}

static const struct rg_flow_key tcp_client = { .remote_port = 4000, .local_port = 10000, .endpoint = 1, .protocol = 6 };

static const struct rg_connection_key tcp_connection = { .local = { .bytes = { 1 } }, .remote_port = 4000,
							 .local_port = 10000, .endpoint = 1 };

static void given_connection(__u64 passed)
{
	const struct rg_flow flow = { .meeting = 7, .binding = 3, .serial = dp->bindings[3].serial };
	const union rg_connection connection = { .start = 1, .meeting = 7, .passed = passed };

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(dp->skel->maps.rg_flows), &tcp_client, &flow, BPF_ANY), 0);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(dp->skel->maps.rg_connections), &tcp_connection, &connection, BPF_ANY),
			 0);
}

/* @start 0: the entry of any local address and start. */
static int connection_find(uint32_t start, union rg_connection *ret)
{
	struct rg_connection_key key = tcp_connection;

	if (!start)
		memset(&key.local, 0, sizeof(key.local));
	return bpf_map_lookup_elem(bpf_map__fd(dp->skel->maps.rg_connections), &key, ret);
}

static void then_connection(uint32_t start, uint32_t number, __u64 passed)
{
	union rg_connection connection;

	assert_int_equal(connection_find(start, &connection), 0);
	assert_int_equal(connection.start, start);
	assert_int_equal(connection.meeting, number);
	assert_int_equal(connection.passed, passed);
}

static void given_next_load(uint32_t max_flows)
{
	stopped();
	given_load(max_flows);
	given_ufrag("aaaa", 3, 7);
}

/* Whether its server has answered or not. */
static void then_a_connection_goes_on(__u64 passed)
{
	static const uint32_t sizes[] = { 1000, 2000, 500 };
	union rg_connection any;

	given_load(1000);
	given_ufrag("aaaa", 3, 7);
	given_connection(passed);
	in_force();
	for (size_t i = 0; i < 3; i++) {
		given_next_load(sizes[i]);
		in_force();
		then_connection(1, 7, passed);
		assert_int_not_equal(connection_find(0, &any), 0);
	}
}

TEST(a_connection_that_is_not_answered_stays_so)
{
	then_a_connection_goes_on(40);
}

TEST(a_connection_that_is_answered_stays_so)
{
	then_a_connection_goes_on(RG_CONNECTION_ANSWERED);
}

/* Before the links are switched, and afterwards. */
TEST(what_the_earlier_program_does_while_connections_are_copied_counts)
{
	const union rg_connection answered = { .start = 1, .meeting = 7, .passed = RG_CONNECTION_ANSWERED };
	const union rg_connection later = { .start = 2, .meeting = 7, .passed = 40 };
	int ours;

	given_load(1000);
	given_ufrag("aaaa", 3, 7);
	given_connection(40);
	in_force();
	given_next_load(2000);
	ours = bpf_map__fd(dp->skel->maps.rg_connections);
	assert_int_equal(rg_dp_flows_carry(dp), 0);
	then_connection(1, 7, 40);
	assert_int_equal(bpf_map_update_elem(dp->earlier.connections, &tcp_connection, &answered, BPF_EXIST), 0);
	assert_int_equal(rg_dp_flows_carry(dp), 0);
	then_connection(1, 7, RG_CONNECTION_ANSWERED);
	assert_int_equal(bpf_map_update_elem(ours, &tcp_connection, &later, BPF_EXIST), 0);
	assert_int_equal(rg_dp_flows_carry(dp), 0);
	then_connection(2, 7, 40);
}

/* As a load of before there was rg_connections leaves it. */
TEST(tcp_flows_of_a_load_without_connections_stay_in_their_meeting)
{
	static const uint32_t sizes[] = { 1000, 2000 };
	char path[128];

	snprintf(path, sizeof(path), "%s/rg_connections", pin_dir);
	given_load(1000);
	given_ufrag("aaaa", 3, 7);
	given_connection(40);
	in_force();
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(unlink(path), 0);
		given_next_load(sizes[i]);
		in_force();
		then_connection(0, 7, RG_CONNECTION_ANSWERED);
	}
}

TEST(a_flow_that_is_copied_goes_if_its_ufrag_went)
{
	given_restart(500);
	given_ufrag("bbbb", 3, 7);
	in_force();
	then_flows(0);
}

TEST(generations_of_the_table_go_on_where_flows_do)
{
	given_load(1000);
	dp->state->geo_generation = 41;
	in_force();
	stopped();
	given_load(1000);
	assert_int_equal(dp->generation_base, 41);
	stopped();
	given_load(2000);
	assert_int_equal(dp->generation_base, 41);
}

TEST(counters_of_events_go_on)
{
	uint64_t sent, lost;

	given_load(1000);
	dp->budgets[0].sent = 7;
	dp->budgets[dp->n_cpus - 1].lost = 5;
	in_force();
	stopped();
	given_load(1000);
	rg_dp_events_counts(dp, &sent, &lost);
	assert_int_equal(sent, 7);
	assert_int_equal(lost, 5);
	assert_int_equal(dp->budgets[0].left, RG_EVENTS_PER_CPU);
}

TEST(nothing_is_taken_of_an_abi_that_is_not_known)
{
	static const uint32_t others[] = { RG_ABI_TAKEN - 1, RG_ABI_VERSION + 1 };

	for (size_t i = 0; i < 2; i++) {
		given_load(1000);
		dp->state->geo_generation = 41;
		dp->state->abi_version = others[i];
		in_force();
		stopped();
		given_load(1000);
		assert_int_equal(dp->generation_base, 0);
		stopped();
	}
}

TEST(a_cpu_mask_with_gaps_counts_to_its_highest_number)
{
	assert_int_equal(rg_dp_cpu_ids_parse("0\n"), 1);
	assert_int_equal(rg_dp_cpu_ids_parse("0-1\n"), 2);
	assert_int_equal(rg_dp_cpu_ids_parse("0-3,8-11\n"), 12);
	assert_int_equal(rg_dp_cpu_ids_parse("0,2,16\n"), 17);
	assert_int_equal(rg_dp_cpu_ids_parse("\n"), 1);
	assert_int_equal(rg_dp_cpu_ids_parse("0-99999999\n"), RG_CPUS_CAP);
}

TEST(a_cleared_ufrag_unbinds_its_flows)
{
	given_load(1000);
	given_ufrag("aaaa", 3, 7);
	given_flow(3, 7);
	rg_dp_ufrag_clear(dp, 1, "aaaa", 4, 5); /* not its binding */
	then_flows(1);
	given_ufrag("aaaa", 3, 7); /* told again */
	then_flows(1);
	given_ufrag("aaaa", 3, 8);
	given_ufrag("aaaa", 3, 7);
	then_flows(0);
	given_flow(3, 7);
	rg_dp_ufrag_clear(dp, 1, "aaaa", 4, 3);
	then_flows(0);
}

TEST(a_full_map_of_ufrags_is_an_error_and_keeps_what_was)
{
	char text[40];
	int n = 0;

	given_load(1000);
	while (snprintf(text, sizeof(text), "u-%03d", n), !rg_dp_ufrag_set(dp, 1, text, 5, 1 + (uint32_t)n % 60, 7, &err))
		n++;
	assert_int_equal(n, 64);
	assert_int_equal(err.code, RG_ERR_FULL);
	given_flow(1 + (uint32_t)n % 60, 7);
	assert_int_not_equal(rg_dp_ufrag_set(dp, 1, text, 5, 1 + (uint32_t)n % 60, 8, &err), 0);
	then_flows(1);
	memset(text, 'x', sizeof(text));
	assert_int_equal(rg_dp_ufrag_set(dp, 1, text, 33, 61, 7, &err), 0);
	assert_int_not_equal(rg_dp_ufrag_set(dp, 1, text, 3, 61, 7, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_flow_stays_with_its_ufrag),
		T(a_flow_goes_when_its_ufrag_went),
		T(a_flow_goes_when_its_ufrag_has_another_meeting),
		T(a_flow_goes_when_its_ufrag_has_another_binding),
		T(a_ufrag_that_is_set_again_later_has_no_old_flows),
		T(serials_are_not_used_again),
		T(flows_of_another_table_size_are_copied),
		T(a_connection_that_is_not_answered_stays_so),
		T(a_connection_that_is_answered_stays_so),
		T(what_the_earlier_program_does_while_connections_are_copied_counts),
		T(tcp_flows_of_a_load_without_connections_stay_in_their_meeting),
		T(a_flow_that_is_copied_goes_if_its_ufrag_went),
		T(generations_of_the_table_go_on_where_flows_do),
		T(counters_of_events_go_on),
		T(nothing_is_taken_of_an_abi_that_is_not_known),
		T(a_cpu_mask_with_gaps_counts_to_its_highest_number),
		T(a_cleared_ufrag_unbinds_its_flows),
		T(a_full_map_of_ufrags_is_an_error_and_keeps_what_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
