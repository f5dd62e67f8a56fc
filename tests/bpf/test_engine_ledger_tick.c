/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the ledger learns by looking: old databases, events that were lost, networks whose time is over,
 * intervals without a filter. The clocks are the test's. */
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

#define DAY_S 86400
#define DATABASE "tests/fuzz/corpus/mmdb/nested.mmdb"

/* All clocks of the test, beyond the kernel's: time goes by, nobody sets a clock. */
static int64_t passed_ns;

static int64_t read_passed(void *arg, int id)
{
	return read_clock(arg, id) + passed_ns;
}

static char pins[64];

static int forget(void **state)
{
	int r = drop_engine(state);

	if (*pins)
		rg_dp_remove(pins, &err);
	*pins = '\0';
	return r;
}

static int given_time(void **state)
{
	int r = given_state_dir(state);

	passed_ns = moved_ns = slept_ns = 0;
	config.clock = read_passed;
	config.boot_id = "boot-1";
	return r;
}

/* The daemon looks every minute, and once an hour at the rest. */
static void after(int64_t seconds)
{
	passed_ns += seconds * NS;
	rg_engine_events_take(engine);
	assert_true(rg_engine_ledger_tick(engine) > 0);
}

/* The entries of a kind, as a list of their details. */
static json_t *details(const char *kind)
{
	json_t *page = NULL, *list = json_array(), *entry;
	size_t i;

	assert_int_equal(ledger_list(0, 1000, &page), 0);
	json_array_foreach(json_object_get(page, "entries"), i, entry)
		if (!strcmp(field(entry, "kind"), kind))
			json_array_append(list, json_object_get(entry, "detail"));
	json_decref(page);
	return list;
}

static void then_details(const char *kind, const char *member, const char *wanted)
{
	json_t *list = details(kind), *values = json_array(), *detail;
	size_t i;
	char *text;

	json_array_foreach(list, i, detail)
		json_array_append(values, json_object_get(detail, member));
	text = json_dumps(values, JSON_COMPACT);
	assert_string_equal(text, wanted);
	free(text);
	json_decref(values);
	json_decref(list);
}

/* --- databases ------------------------------------------------------------- */

static char database[96];

/* A database that was built so many seconds before the test's now. */
static void given_database(int64_t age)
{
	unsigned char data[65536], *key;
	FILE *file = fopen(DATABASE, "rb");
	uint64_t epoch = (uint64_t)(now_s() + passed_ns / NS - age);
	size_t length;

	assert_non_null(file);
	length = fread(data, 1, sizeof(data), file);
	fclose(file);
	key = memmem(data, length, "build_epoch", 11);
	assert_non_null(key);
	assert_int_equal(key[12], 2); /* a uint64 of so many bytes */
	for (int i = 0, size = key[11] & 31; i < size; i++)
		key[13 + i] = (unsigned char)(epoch >> 8 * (size - 1 - i));
	snprintf(database, sizeof(database), "%s/a.mmdb", state_dir);
	file = fopen(database, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, length, file), length);
	fclose(file);
}

/* A day old, and good for ten. */
static void given_database_of_ten_days(void)
{
	static const char *const databases[] = { database };

	given_database(DAY_S);
	config.databases = databases;
	config.n_databases = 1;
	config.ledger.stale_days = 10;
	given_engine();
}

static void a_database_becomes_stale_and_is_replaced(void **state)
{
	json_t *answer = NULL;

	(void)state;
	given_database_of_ten_days();
	after(0);
	after(9 * DAY_S - 3600);
	then_details("stale-database", "stale", "[]");
	after(7200);
	then_details("stale-database", "stale", "[true]");
	after(DAY_S); /* said once */
	then_details("stale-database", "stale", "[true]");
	given_database(DAY_S);
	assert_int_equal(rg_engine_geoip_reload(engine, false, true, &answer, &err), 0);
	json_decref(answer);
	after(100);
	then_details("stale-database", "stale", "[true,false]");
	then_details("stale-database", "days", "[10,10]");
}

static void a_step_of_the_clock_makes_no_database_stale(void **state)
{
	(void)state;
	given_database_of_ten_days();
	moved_ns = 400 * DAY_S * NS;
	rg_engine_tick(engine);
	after(100);
	then_details("stale-database", "stale", "[]");
}

/* --- refusals --------------------------------------------------------------- */

static void given_refused_meeting(void)
{
	given_engine();
	set_region("cn", "{\"networks\": [\"203.0.113.0/24\", \"2001:db8:c::/48\"], \"country\": \"CN\"}");
	flush();
	given_body(REFUSE_CN);
}

/* Each from a port of its own: of a flow that was refused a moment ago the kernel does not tell again. */
static void when_refused(const char *source)
{
	static uint16_t port = 4000;
	struct rg_trace trace;
	struct pkt packet;
	int action;

	pkt_begin(&packet);
	if (strchr(source, ':'))
		pkt_ip6(&packet, source, SERVER6);
	else
		pkt_ip4(&packet, source, "198.51.100.10");
	pkt_udp(&packet, port++, 10001);
	pkt_payload(&packet, 60);
	pkt_end(&packet);
	assert_int_equal(rg_dp_run(rg_engine_dp(engine), packet.data, packet.length, 0, &action, &trace, &err), 0);
	assert_int_equal(trace.reason, RG_REASON_REFUSE_REGION);
}

static void when_many_are_refused(int n)
{
	char source[32];

	for (int i = 1; i <= n; i++) {
		snprintf(source, sizeof(source), "203.0.113.%d", i);
		when_refused(source);
	}
}

static void events_that_were_lost_are_told_each_once(void **state)
{
	json_t *list;
	json_int_t sum = 0;
	const json_t *detail;
	size_t i;

	(void)state;
	given_refused_meeting();
	after(0); /* what is hourly was looked at */
	when_many_are_refused(RG_EVENTS_PER_MEETING + 10);
	after(100);
	then_details("events-lost", "count", "[]");
	after(3600);
	then_details("events-lost", "count", "[10]");
	after(3600);
	then_details("events-lost", "count", "[10]");
	rg_engine_events_tick(engine); /* budgets are filled */
	for (i = 1; i <= RG_EVENTS_PER_MEETING + 3; i++) {
		char source[32];

		snprintf(source, sizeof(source), "203.0.113.%zu", 100 + i);
		when_refused(source);
	}
	when_restarted(); /* told at the end */
	list = details("events-lost");
	json_array_foreach(list, i, detail)
		sum += json_integer_value(json_object_get(detail, "count"));
	assert_int_equal(sum, 13);
	json_decref(list);
	list = details("refusals");
	sum = 0;
	json_array_foreach(list, i, detail)
		sum += json_integer_value(json_object_get(detail, "packets"));
	assert_int_equal(sum, 2 * RG_EVENTS_PER_MEETING + 13); /* counted all the same */
	json_decref(list);
}

/* --- addresses ---------------------------------------------------------------- */

static void then_kept(const char *wanted)
{
	char command[256], got[256] = "";
	FILE *out;

	snprintf(command, sizeof(command), "sqlite3 -readonly %s/regiongate.db "
		 "'SELECT group_concat(network, \" \") FROM (SELECT network FROM remotes ORDER BY network)'", state_dir);
	out = popen(command, "r");
	assert_non_null(out);
	if (fgets(got, sizeof(got), out))
		got[strcspn(got, "\n")] = '\0';
	assert_int_equal(pclose(out), 0);
	assert_string_equal(got, wanted);
}

static void then_no_address_is_in_the_ledger(void)
{
	char *text = NULL;
	size_t length;

	assert_int_equal(ledger_export(0, 1000, &text, &length), 0);
	assert_true(length);
	assert_null(strstr(text, "203.0.113.9"));
	assert_null(strstr(text, "2001:db8:c::9"));
	free(text);
}

static void when_refused_and_told(void)
{
	given_refused_meeting();
	after(0);
	when_refused(FROM_CN);
	when_refused("2001:db8:c::9");
	after(100);
}

static void whole_addresses_are_kept_until_their_time_is_over(void **state)
{
	(void)state;
	config.ledger.addresses = RG_LEDGER_ADDRESSES_FULL;
	config.ledger.retention_days = 7;
	when_refused_and_told();
	then_kept("2001:db8:c::9/128 203.0.113.9/32");
	then_details("refusals", "networks", "[2]");
	then_no_address_is_in_the_ledger();
	after(6 * DAY_S);
	when_refused(FROM_CN); /* seen again: its time begins anew */
	after(3600);
	then_details("retention", "erased", "[]");
	after(DAY_S);
	then_details("retention", "erased", "[1]");
	then_kept("203.0.113.9/32");
	after(7 * DAY_S);
	then_details("retention", "erased", "[1,1]");
	then_kept("");
	then_no_address_is_in_the_ledger();
}

static void truncated_ones_are_networks_and_last_thirty_days(void **state)
{
	(void)state;
	when_refused_and_told();
	then_kept("2001:db8:c::/48 203.0.113.0/24");
	after(29 * DAY_S);
	then_kept("2001:db8:c::/48 203.0.113.0/24");
	after(2 * DAY_S);
	then_kept("");
	then_details("retention", "erased", "[2]");
}

static void a_step_of_the_clock_erases_nothing(void **state)
{
	(void)state;
	when_refused_and_told();
	moved_ns = 400 * DAY_S * NS;
	rg_engine_tick(engine);
	after(3600);
	then_kept("2001:db8:c::/48 203.0.113.0/24");
	then_details("retention", "erased", "[]");
}

/* --- without a filter ----------------------------------------------------------- */

static void an_interface_that_goes_and_comes_is_an_interval(void **state)
{
	json_t *body = json_pack("{s:s}", "mode", "generic"), *answer = NULL, *list;
	char today[RG_TIME_TEXT_MAX];

	in_s(0, today);
	(void)state;
	assert_int_equal(unshare(CLONE_NEWNET), 0); /* for the rest of this program */
	assert_int_equal(system("ip link add gate0 type veth peer name gate1 && ip link set gate0 up"), 0);
	snprintf(pins, sizeof(pins), "/sys/fs/bpf/rg-test-%d", (int)getpid());
	config.dp.pin_dir = pins;
	given_engine();
	if (rg_engine_interface_put(engine, "gate0", body, &answer, &err))
		fail_msg("%s: %s", err.pointer, err.detail);
	json_decref(answer);
	json_decref(body);
	moved_ns = 400 * DAY_S * NS; /* the interval is of the clock that is believed */
	rg_engine_tick(engine);
	rg_engine_interfaces_check(engine);
	then_details("no-filter", "until", "[]");
	assert_int_equal(system("ip link del gate0"), 0);
	rg_engine_interfaces_check(engine);
	rg_engine_interfaces_check(engine); /* said once */
	then_details("no-filter", "until", "[null]");
	list = details("no-filter");
	assert_true(*field(json_array_get(list, 0), "since"));
	assert_true(*field(json_array_get(list, 0), "cause"));
	json_decref(list);
	assert_int_equal(system("ip link add gate0 type veth peer name gate1 && ip link set gate0 up"), 0);
	rg_engine_interfaces_check(engine);
	list = details("no-filter");
	assert_int_equal(json_array_size(list), 2);
	assert_memory_equal(field(json_array_get(list, 1), "until"), today, 4); /* the year */
	assert_memory_equal(field(json_array_get(list, 1), "since"), today, 4);
	assert_true(json_is_null(json_object_get(json_array_get(list, 1), "cause")));
	assert_string_equal(field(json_array_get(list, 1), "since"), field(json_array_get(list, 0), "since"));
	json_decref(list);
	assert_int_equal(rg_engine_interface_delete(engine, "gate0", &err), 0);
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, given_time, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_database_becomes_stale_and_is_replaced),
		TEST(a_step_of_the_clock_makes_no_database_stale),
		TEST(events_that_were_lost_are_told_each_once),
		TEST(whole_addresses_are_kept_until_their_time_is_over),
		TEST(truncated_ones_are_networks_and_last_thirty_days),
		TEST(a_step_of_the_clock_erases_nothing),
		TEST(an_interface_that_goes_and_comes_is_an_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
