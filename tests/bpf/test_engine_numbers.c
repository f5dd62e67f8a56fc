/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Numbers that packets may still read by are not given out again before a grace period, which is waited for
 * only when there are no others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "dataplane/dataplane.h"
#include "harness/engine.h"

static uint64_t waits_before;

static void then_waited(uint64_t times)
{
	assert_int_equal(rg_dp_graces(rg_engine_dp(engine)) - waits_before, times);
}

static uint32_t number_of(const char *id)
{
	for (uint32_t number = 1; number < 64; number++)
		if (!strcmp(rg_engine_meeting_id(engine, number), id))
			return number;
	fail_msg("no meeting %s", id);
	return 0;
}

static void given_engine_that_waited_for_nothing(void)
{
	given_engine();
	waits_before = rg_dp_graces(rg_engine_dp(engine));
}

static void when_deleted(const char *id)
{
	assert_int_equal(rg_engine_meeting_delete(engine, id, 0, &err), 0);
	flush();
}

static void a_meeting_s_number_waits_until_no_other_is_left(void **state)
{
	(void)state;
	config.dp.max_meetings = 4;
	given_engine_that_waited_for_nothing();
	given_meeting("m-1", "{}");
	when_deleted("m-1");
	given_meeting("m-2", "{}");
	given_meeting("m-3", "{}");
	assert_int_equal(number_of("m-2"), 2);
	assert_int_equal(number_of("m-3"), 3);
	then_waited(0);
	given_meeting("m-4", "{}");
	assert_int_equal(number_of("m-4"), 1);
	then_waited(1);
	assert_int_not_equal(put("m-5", "{}"), 0);
	then_error(RG_ERR_FULL, "", "all 3 meetings");
	then_waited(1); /* there is nothing to wait for */
	flush();
}

/* Of one turn: what is staged is put in force, then waited for. */
static void a_number_that_goes_in_a_turn_is_waited_for(void **state)
{
	(void)state;
	config.dp.max_meetings = 2;
	given_engine_that_waited_for_nothing();
	given_meeting("m-1", "{}");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rg_engine_meeting_delete(engine, "m-1", 0, &err), 0);
		assert_int_equal(put("m-1", "{}"), 0);
	}
	flush();
	assert_int_equal(number_of("m-1"), 1);
	then_waited(3);
}

static int policy_of(const char *destination)
{
	json_t *answer = explain(CN4, destination, 5, "udp");
	int policy = (int)json_integer_value(json_object_get(answer, "policy"));

	json_decref(answer);
	return policy;
}

#define REFUSING(region) "{\"endpoints\": [" AT(SERVER, 5) "], \"rules\": [{\"action\": \"refuse\", \"regions\": [\"" region "\"]}]}"

static void a_policy_s_number_waits_too(void **state)
{
	(void)state;
	config.dp.max_policies = 4;
	given_engine_that_waited_for_nothing();
	given_meeting("m-1", REFUSING("CN"));
	assert_int_equal(policy_of(SERVER), 1);
	given_meeting("m-1", REFUSING("DE"));
	given_meeting("m-1", REFUSING("CN"));
	assert_int_equal(policy_of(SERVER), 3);
	then_waited(0);
	given_meeting("m-1", REFUSING("US"));
	assert_int_equal(policy_of(SERVER), 1);
	then_waited(1);
}

#define SFU "{\"address\": \"" SERVER "\", \"port\": 10000}"

static void so_do_those_of_ufrags_and_shared_endpoints(void **state)
{
	char name[16];

	(void)state;
	config.dp.max_ufrags = 2;
	given_engine();
	assert_int_equal(endpoint_put("sfu", SFU), 0);
	given_meeting("m-1", "{}");
	waits_before = rg_dp_graces(rg_engine_dp(engine));
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		assert_int_equal(rg_engine_ufrag_bind(engine, "m-1", "sfu", name, RG_ANY_REVISION, NULL, NULL, &err), 0);
		flush();
		assert_int_equal(rg_engine_ufrag_unbind(engine, "m-1", "sfu", name, RG_ANY_REVISION, NULL, &err), 0);
		flush();
	}
	then_waited(1);
	for (int i = 0; i < 2 * RG_SHARED_MAX; i++) {
		snprintf(name, sizeof(name), "e-%d", i);
		assert_int_equal(endpoint_put(name, "{\"address\": \"" SERVER "\", \"port\": 10001}"), 0);
		flush();
		assert_int_equal(rg_engine_endpoint_delete(engine, name, RG_ANY_REVISION, &err), 0);
		flush();
	}
	then_waited(3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_meeting_s_number_waits_until_no_other_is_left),
		TEST(a_number_that_goes_in_a_turn_is_waited_for),
		TEST(a_policy_s_number_waits_too),
		TEST(so_do_those_of_ufrags_and_shared_endpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
