/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rules and meetings that begin and end, and clocks that are set: judged by the loaded program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "harness/disk.h"
#include "harness/orders.h"

/* Wait for a verdict, at most 4 s. */
static bool comes(const char *source, enum rg_reason wanted)
{
	for (int i = 0; i < 400; i++) {
		if (judged(source) == wanted)
			return true;
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	return false;
}

static void deadlines_are_kept_without_the_daemon(void **state)
{
	char fields[512], from[RG_TIME_TEXT_MAX], until[RG_TIME_TEXT_MAX];

	(void)state;
	snprintf(fields, sizeof(fields), "\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"], \"not_before\": \"%s\","
		 " \"expires\": \"%s\"}]", in_s(2, from), in_s(3, until));
	given_body(fields);
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
	/* no tick: only the program's own clock */
	assert_true(comes(FROM_CN, RG_REASON_REFUSE_REGION));
	then_judged(FROM_DE, RG_REASON_ADMIT_DEFAULT);
	assert_true(comes(FROM_CN, RG_REASON_ADMIT_DEFAULT));
	rg_engine_tick(engine); /* trims */
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
}

static void a_meeting_is_refused_before_and_after_its_time(void **state)
{
	char fields[256], from[RG_TIME_TEXT_MAX], until[RG_TIME_TEXT_MAX];

	(void)state;
	snprintf(fields, sizeof(fields), "\"not_before\": \"%s\", \"expires\": \"%s\"", in_s(2, from), in_s(3, until));
	given_body(fields);
	then_judged(FROM_DE, RG_REASON_REFUSE_EXPIRED);
	assert_true(comes(FROM_DE, RG_REASON_ADMIT_DEFAULT));
	assert_true(comes(FROM_DE, RG_REASON_REFUSE_EXPIRED));
	rg_engine_tick(engine);
	then_judged(FROM_DE, RG_REASON_REFUSE_EXPIRED);
	when_restarted();
	then_judged(FROM_DE, RG_REASON_REFUSE_EXPIRED);
}

static void an_orders_end_ends_its_rule(void **state)
{
	char fields[512], until[RG_TIME_TEXT_MAX];

	(void)state;
	snprintf(fields, sizeof(fields), "\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"], " ORDER
		 ", \"expires\": \"%s\"}}]", in_s(2, until));
	given_body(fields);
	then_judged(FROM_CN, RG_REASON_REFUSE_REGION);
	assert_true(comes(FROM_CN, RG_REASON_ADMIT_DEFAULT));
}

static bool clock_stepped(void)
{
	json_t *clock = NULL;
	bool stepped;

	assert_int_equal(rg_engine_clock_get(engine, &clock, &err), 0);
	stepped = json_is_true(json_object_get(clock, "stepped"));
	json_decref(clock);
	return stepped;
}

static void given_rule_until(int seconds)
{
	char fields[512], until[RG_TIME_TEXT_MAX];

	snprintf(fields, sizeof(fields), "\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"], \"expires\": \"%s\"}]",
		 in_s(seconds, until));
	given_body(fields);
}

static void a_step_of_an_hour_moves_no_deadline_until_it_is_accepted(void **state)
{
	json_t *answer = NULL;

	(void)state;
	given_rule_until(1800);
	moved_ns = 3600 * NS;
	rg_engine_tick(engine);
	assert_true(clock_stepped());
	then_judged(FROM_CN, RG_REASON_REFUSE_REGION);
	when_restarted(); /* of this boot: the anchor is kept */
	assert_true(clock_stepped());
	then_judged(FROM_CN, RG_REASON_REFUSE_REGION);
	assert_int_equal(rg_engine_clock_accept(engine, &answer, &err), 0);
	json_decref(answer);
	assert_false(clock_stepped());
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
}

static size_t steps_in_ledger(void)
{
	json_t *page = NULL, *entry;
	size_t i, n = 0;

	assert_int_equal(ledger_list(0, 1000, &page), 0);
	json_array_foreach(json_object_get(page, "entries"), i, entry)
		n += !strcmp(field(entry, "kind"), "clock-step");
	json_decref(page);
	return n;
}

static void a_step_is_told_once_whatever_becomes_of_the_daemon(void **state)
{
	(void)state;
	moved_ns = 3600 * NS;
	rg_engine_tick(engine);
	assert_int_equal(steps_in_ledger(), 1);
	when_restarted();
	rg_engine_tick(engine);
	assert_true(clock_stepped());
	assert_int_equal(steps_in_ledger(), 1);
	rg_engine_close(engine);
	engine = NULL;
	moved_ns += 600 * NS; /* another one, while there is no daemon */
	given_engine();
	assert_true(clock_stepped());
	assert_int_equal(steps_in_ledger(), 2);
	when_restarted();
	assert_int_equal(steps_in_ledger(), 2);
	moved_ns = 0; /* it is back */
	rg_engine_tick(engine);
	assert_false(clock_stepped());
	when_restarted();
	assert_false(clock_stepped());
	moved_ns = 4200 * NS; /* the same as before, yet a new one */
	rg_engine_tick(engine);
	assert_int_equal(steps_in_ledger(), 3);
}

static void a_step_back_brings_steps_back_once_accepted(void **state)
{
	json_t *answer = NULL;

	(void)state;
	given_rule_until(-10);
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
	moved_ns = -3600 * NS;
	rg_engine_tick(engine);
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
	assert_int_equal(rg_engine_clock_accept(engine, &answer, &err), 0);
	json_decref(answer);
	then_judged(FROM_CN, RG_REASON_REFUSE_REGION);
}

static void a_clock_that_comes_back_is_believed(void **state)
{
	(void)state;
	given_rule_until(1800);
	moved_ns = 3600 * NS;
	rg_engine_tick(engine);
	moved_ns = 0;
	rg_engine_tick(engine);
	assert_false(clock_stepped());
	then_judged(FROM_CN, RG_REASON_REFUSE_REGION);
}

/* Of a change of a meeting, as of all others: the time that is believed. */
static void an_event_has_the_time_that_is_believed(void **state)
{
	const struct rg_event_filter filter = { .kinds = "rules", .last = 1 };
	struct rg_event_reader *reader = NULL;
	char line[1024] = "", second[RG_TIME_TEXT_MAX];
	json_t *answer = NULL, *event;
	int64_t at = 0;

	(void)state;
	given_rule_until(7200);
	moved_ns = 3600 * NS;
	rg_engine_tick(engine);
	assert_int_equal(rg_engine_clock_accept(engine, &answer, &err), 0);
	json_decref(answer);
	given_rule_until(9000);
	assert_int_equal(rg_event_reader_open(engine, &filter, &reader, &err), 0);
	assert_true(rg_event_reader_read(reader, line, sizeof(line) - 1) > 0);
	rg_event_reader_close(reader);
	event = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
	snprintf(second, sizeof(second), "%.19sZ", field(event, "time"));
	json_decref(event);
	assert_true(rg_time_parse(second, &at));
	assert_in_range(rg_engine_now(engine) - at, 0, 600); /* and not an hour */
}

static void drift_is_followed_in_silence(void **state)
{
	(void)state;
	given_rule_until(5);
	for (int i = 0; i < 4; i++) {
		moved_ns += 1500 * (NS / 1000);
		rg_engine_tick(engine);
	}
	assert_false(clock_stepped());
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT); /* 6 s on */
}

static void another_boot_believes_the_wall_clock(void **state)
{
	(void)state;
	given_rule_until(1800);
	moved_ns = 3600 * NS;
	config.boot_id = "boot-2";
	when_restarted();
	assert_false(clock_stepped());
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
}

/* An RTC without a battery. Time does not go back across a boot: what is over stays over. */
static void another_boot_behind_the_last_known_time_is_a_step(void **state)
{
	json_t *answer = NULL;

	(void)state;
	given_rule_until(-10);
	moved_ns = -3600 * NS;
	config.boot_id = "boot-2";
	when_restarted();
	assert_true(clock_stepped());
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
	config.boot_id = "boot-3"; /* and so on */
	when_restarted();
	assert_true(clock_stepped());
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
	moved_ns += (rg_engine_now(engine) - now_s()) * NS; /* NTP has come; the starts took their time */
	rg_engine_tick(engine);
	assert_false(clock_stepped());
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
	moved_ns = -3600 * NS;
	rg_engine_tick(engine);
	assert_int_equal(rg_engine_clock_accept(engine, &answer, &err), 0); /* it is so after all */
	json_decref(answer);
	then_judged(FROM_CN, RG_REASON_REFUSE_REGION);
	config.boot_id = "boot-4";
	when_restarted();
	assert_false(clock_stepped());
	then_judged(FROM_CN, RG_REASON_REFUSE_REGION);
}

static uint64_t away_s(void)
{
	const char *name = "\nregiongate_clock_away_seconds ", *at;
	char *text = NULL;
	uint64_t value;

	assert_int_equal(rg_engine_metrics(engine, &text, &err), 0);
	at = strstr(text, name);
	assert_non_null(at);
	value = strtoull(at + strlen(name), NULL, 10);
	free(text);
	return value;
}

/* It may have been off for as long: believed, said, and put right once somebody knows better. */
static void an_rtc_that_is_ahead_is_told_and_can_be_put_right(void **state)
{
	json_t *answer = NULL;

	(void)state;
	given_rule_until(3600);
	assert_int_equal(away_s(), 0);
	then_judged(FROM_CN, RG_REASON_REFUSE_REGION);
	moved_ns = 365 * 86400 * NS;
	config.boot_id = "boot-2";
	when_restarted();
	assert_false(clock_stepped());
	assert_in_range(away_s(), 1, 365 * 86400); /* less what this machine has been on */
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
	moved_ns = 0;
	rg_engine_tick(engine);
	assert_true(clock_stepped());
	assert_int_equal(rg_engine_clock_accept(engine, &answer, &err), 0);
	json_decref(answer);
	then_judged(FROM_CN, RG_REASON_REFUSE_REGION);
	when_restarted();
	assert_int_equal(away_s(), 0);
}

static void sleep_counts_as_time(void **state)
{
	(void)state;
	given_rule_until(1800);
	slept_ns = 3600 * NS; /* the monotonic clock stood still meanwhile */
	rg_engine_tick(engine);
	assert_false(clock_stepped());
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
}

/* What was pushed is undone, and steps are over that were not at the last tick: the meetings' schedules are others
 * now than those that they were published with. */
static void a_push_that_fails_leaves_meetings_with_their_schedules(void **state)
{
	json_t *answer = NULL;
	char fields[256], until[RG_TIME_TEXT_MAX];

	(void)state;
	snprintf(fields, sizeof(fields), "\"expires\": \"%s\"", in_s(1800, until));
	given_body(fields);
	slept_ns = 3600 * NS;
	assert_int_equal(put("m-2", "{}"), 0);
	given_full_disk();
	assert_int_not_equal(rg_engine_flush(engine, &err), 0);
	given_room_on_disk();
	assert_int_equal(rg_engine_verify(engine, &answer, &err), 0);
	assert_int_equal(json_integer_value(json_object_get(answer, "differences")), 0);
	json_decref(answer);
	rg_engine_tick(engine);
	then_judged(FROM_DE, RG_REASON_REFUSE_EXPIRED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACES(deadlines_are_kept_without_the_daemon),
		WITH_PLACES(a_meeting_is_refused_before_and_after_its_time),
		WITH_PLACES(an_orders_end_ends_its_rule),
		WITH_PLACES(a_step_of_an_hour_moves_no_deadline_until_it_is_accepted),
		WITH_PLACES(a_step_is_told_once_whatever_becomes_of_the_daemon),
		WITH_PLACES(a_step_back_brings_steps_back_once_accepted),
		WITH_PLACES(a_clock_that_comes_back_is_believed),
		WITH_PLACES(an_event_has_the_time_that_is_believed),
		WITH_PLACES(drift_is_followed_in_silence),
		WITH_PLACES(another_boot_believes_the_wall_clock),
		WITH_PLACES(another_boot_behind_the_last_known_time_is_a_step),
		WITH_PLACES(an_rtc_that_is_ahead_is_told_and_can_be_put_right),
		WITH_PLACES(sleep_counts_as_time),
		WITH_PLACES(a_push_that_fails_leaves_meetings_with_their_schedules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
