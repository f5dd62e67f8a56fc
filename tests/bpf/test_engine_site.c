/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Alarms of media that arrives at a site which its meeting excludes: each once when it begins and once an
 * hour while it goes on, whatever becomes of the daemon. The clocks are the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sched.h>
#include <unistd.h>

#include "harness/orders.h"
#include "harness/packet.h"
#include "store/settings.h"
#include "store/store.h"

#define HOUR_S 3600
#define EXCLUDED "\"sites\": {\"refuse\": [\"DE\"]}"

static int64_t passed_ns; /* of all clocks */
static char pins[64];

static int64_t read_passed(void *arg, int id)
{
	return read_clock(arg, id) + passed_ns;
}

/* A filter that is attached, so that its counters outlive the engine. */
static int given_filter(void **state)
{
	json_t *body = json_pack("{s:s}", "mode", "generic"), *answer = NULL;
	int r = given_state_dir(state);

	if (r)
		return r;
	passed_ns = moved_ns = slept_ns = 0;
	assert_int_equal(rg_region_spec_parse("DE", &site_de, NULL), 0);
	config.site = &site_de;
	config.clock = read_passed;
	config.boot_id = "boot-1";
	snprintf(pins, sizeof(pins), "/sys/fs/bpf/rg-test-%d", (int)getpid());
	config.dp.pin_dir = pins;
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(system("ip link add gate0 type veth peer name gate1 && ip link set gate0 up"), 0);
	given_engine();
	if (rg_engine_interface_put(engine, "gate0", body, &answer, &err))
		fail_msg("%s: %s", err.pointer, err.detail);
	json_decref(answer);
	json_decref(body);
	return 0;
}

static int drop_filter(void **state)
{
	int r = drop_engine(state);

	rg_dp_remove(pins, &err);
	return r;
}

/* Meeting m-N has port 1000N. */
static void given_meeting_at(int n, const char *fields)
{
	char id[8], text[256];

	snprintf(id, sizeof(id), "m-%d", n);
	snprintf(text, sizeof(text), "{\"endpoints\": [{\"address\": \"" SERVER "\", \"port\": %d}]%s%s}", 10000 + n,
		 *fields ? ", " : "", fields);
	given_meeting(id, text);
}

static void when_refused(int n, enum rg_reason reason)
{
	struct rg_trace trace;
	struct pkt packet;
	int action;

	pkt_begin(&packet);
	pkt_ip4(&packet, "192.0.2.9", SERVER);
	pkt_udp(&packet, 4000, (uint16_t)(10000 + n));
	pkt_payload(&packet, 60);
	pkt_end(&packet);
	assert_int_equal(rg_dp_run(rg_engine_dp(engine), packet.data, packet.length, 0, &action, &trace, &err), 0);
	assert_int_equal(trace.reason, reason);
}

static void when_media_arrives_of(int n)
{
	when_refused(n, RG_REASON_REFUSE_SITE);
}

static void after(int64_t seconds)
{
	passed_ns += seconds * NS;
	rg_engine_tick(engine);
}

/* Of whom there were alarms since the store was made, in their order. */
static void then_alarms(const char *wanted)
{
	json_t *page = NULL, *entry;
	char got[256] = "";
	size_t i;

	assert_int_equal(ledger_list(0, 1000, &page), 0);
	json_array_foreach(json_object_get(page, "entries"), i, entry)
		if (!strcmp(field(entry, "kind"), "site-alarm"))
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", *got ? " " : "", field(entry, "subject"));
	json_decref(page);
	assert_string_equal(got, wanted);
}

/* Those that the status shows. */
static void then_standing(const char *wanted)
{
	json_t *status = NULL;
	char *text;

	assert_int_equal(rg_engine_status(engine, &status, &err), 0);
	text = json_dumps(json_object_get(json_object_get(status, "site_alarms"), "meetings"), JSON_COMPACT);
	assert_string_equal(text, wanted);
	free(text);
	json_decref(status);
}

static void given_alarm_of_1(void)
{
	given_meeting_at(1, EXCLUDED);
	when_media_arrives_of(1);
	after(1);
	then_alarms("m-1");
}

static void an_alarm_comes_once_and_each_hour_while_it_goes_on(void **state)
{
	(void)state;
	given_alarm_of_1();
	when_media_arrives_of(1);
	after(1);
	then_alarms("m-1");
	after(HOUR_S); /* nothing came since */
	then_alarms("m-1");
	when_media_arrives_of(1);
	after(1);
	then_alarms("m-1 m-1");
}

static void a_restart_is_no_alarm(void **state)
{
	(void)state;
	given_alarm_of_1();
	when_restarted();
	after(1);
	then_alarms("m-1");
	then_standing("[\"m-1\"]");
	when_media_arrives_of(1); /* it goes on, and was told */
	after(1);
	then_alarms("m-1");
	after(HOUR_S);
	then_alarms("m-1");
	when_restarted();
	after(1);
	then_alarms("m-1");
	when_media_arrives_of(1);
	after(1);
	then_alarms("m-1 m-1");
}

/* What came between the last look and the end of the daemon, or before its successor looks, was told to nobody. */
static void what_newly_holds_is_told_after_a_restart(void **state)
{
	(void)state;
	given_meeting_at(2, EXCLUDED);
	given_alarm_of_1();
	when_media_arrives_of(2);
	when_restarted();
	after(1);
	then_alarms("m-1 m-2");
	then_standing("[\"m-1\",\"m-2\"]");
	given_meeting_at(3, EXCLUDED);
	when_media_arrives_of(3);
	after(1);
	then_alarms("m-1 m-2 m-3");
}

static void counters_that_begin_anew_change_nothing(void **state)
{
	(void)state;
	given_meeting_at(1, EXCLUDED);
	for (int i = 0; i < 5; i++)
		when_media_arrives_of(1);
	after(1);
	assert_int_equal(rg_engine_interface_delete(engine, "gate0", &err), 0);
	when_restarted();
	when_media_arrives_of(1);
	after(1);
	then_alarms("m-1");
	after(HOUR_S);
	when_media_arrives_of(1);
	after(1);
	then_alarms("m-1 m-1");
}

/* The exclusion ended: if it comes again, so does the alarm, within the hour. */
static void an_exclusion_that_ended_ends_its_alarm(void **state)
{
	(void)state;
	given_alarm_of_1();
	given_meeting_at(1, "");
	after(1);
	then_standing("[]");
	when_restarted();
	given_meeting_at(1, EXCLUDED);
	given_meeting_at(2, EXCLUDED);
	when_media_arrives_of(2);
	after(1);
	then_alarms("m-1 m-2");
	when_media_arrives_of(1);
	after(1);
	then_alarms("m-1 m-2 m-1");
	then_standing("[\"m-1\",\"m-2\"]");
}

/* What was refused of a meeting before it excluded this site is no alarm, and no part of one. */
static void what_rules_refused_before_is_no_alarm(void **state)
{
	json_t *page = NULL, *entry;

	(void)state;
	given_meeting_at(1, "\"default\": \"refuse\"");
	for (int i = 0; i < 5; i++)
		when_refused(1, RG_REASON_REFUSE_DEFAULT);
	given_meeting_at(1, "\"default\": \"refuse\", " EXCLUDED);
	given_meeting_at(2, EXCLUDED);
	when_media_arrives_of(2);
	after(1);
	then_alarms("m-2");
	when_restarted();
	after(1);
	then_alarms("m-2");
	when_media_arrives_of(1);
	after(1);
	then_alarms("m-2 m-1");
	assert_int_equal(ledger_list(0, 1000, &page), 0);
	entry = json_array_get(json_object_get(page, "entries"), json_array_size(json_object_get(page, "entries")) - 1);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(entry, "detail"), "packets")), 1);
	json_decref(page);
}

static void a_meeting_does_not_inherit_the_alarm_of_its_number(void **state)
{
	(void)state;
	given_alarm_of_1();
	assert_int_equal(rg_engine_meeting_delete(engine, "m-1", RG_ANY_REVISION, &err), 0);
	flush();
	given_meeting_at(2, EXCLUDED);
	when_media_arrives_of(2);
	after(1);
	then_alarms("m-1 m-2");
	then_standing("[\"m-2\"]");
}

/* A setting that no daemon wrote: at worst an alarm comes again. */
static void a_setting_that_can_not_be_read_is_none(void **state)
{
	static const char *const bad[] = {
		"", "[", "7", "{\"m-1\": 7}", "[7]", "[{}]", "[{\"meeting\": \"m-1\"}]",
		"[{\"meeting\": 7, \"at\": 1, \"packets\": 1}]", "[{\"meeting\": \"m-1\", \"at\": \"x\", \"packets\": 1}]",
		"[{\"meeting\": \"m-1\", \"at\": 1, \"packets\": -1}]", "[{\"meeting\": \"m-2\", \"at\": 1, \"packets\": 1}]",
		"[{\"meeting\": \"m-1\", \"at\": 9223372036854775807, \"packets\": 0}]",
		"[{\"meeting\": \"m-1\", \"at\": -9223372036854775807, \"packets\": 0}]",
	};
	struct rg_store *store = NULL;

	(void)state;
	given_meeting_at(1, EXCLUDED);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		rg_engine_close(engine);
		engine = NULL;
		assert_int_equal(rg_store_open(state_dir, &store, &err), 0);
		assert_int_equal(rg_store_begin(store, &err), 0);
		assert_int_equal(rg_store_setting_put(store, "site-alarms", bad[i], &err), 0);
		assert_int_equal(rg_store_commit(store, &err), 0);
		rg_store_close(store);
		given_engine();
		after(1);
		then_standing("[]");
	}
	when_media_arrives_of(1);
	after(1);
	then_alarms("m-1");
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, given_filter, drop_filter)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_alarm_comes_once_and_each_hour_while_it_goes_on),
		TEST(a_restart_is_no_alarm),
		TEST(what_newly_holds_is_told_after_a_restart),
		TEST(counters_that_begin_anew_change_nothing),
		TEST(an_exclusion_that_ended_ends_its_alarm),
		TEST(what_rules_refused_before_is_no_alarm),
		TEST(a_meeting_does_not_inherit_the_alarm_of_its_number),
		TEST(a_setting_that_can_not_be_read_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
