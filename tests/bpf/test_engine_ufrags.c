/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ufrags in turns: they move, tables are full, the disk is full, the daemon restarts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "harness/disk.h"
#include "harness/ufrags.h"

static void a_ufrag_moves_within_one_flush(void **state)
{
	(void)state;
	config.dp.max_ufrags = 1;
	given_engine();
	given_endpoint("sfu", SFU);
	given_meeting("m-1", "{\"ufrags\": [" ONE("abcd") "]}");
	given_meeting("m-2", "{}");
	assert_int_equal(unbind("m-1", "sfu", "abcd"), 0);
	assert_int_equal(bind("m-2", "sfu", "abcd"), 0);
	flush();
	then_ufrags("m-1", "[]");
	then_ufrags("m-2", "[" ONE("abcd") "]");
	then_request(DE4, 10000, "abcd", "admit_default", "m-2");
	assert_int_equal(rg_engine_meeting_delete(engine, "m-2", 0, &err), 0);
	assert_int_equal(bind("m-1", "sfu", "abcd"), 0);
	flush();
	then_request(DE4, 10000, "abcd", "admit_default", "m-1");
	when_restarted();
	then_request(DE4, 10000, "abcd", "admit_default", "m-1");
}

static void what_made_room_holds_if_the_call_that_wanted_it_is_refused(void **state)
{
	uint64_t before, revision = 0;

	(void)state;
	config.dp.max_ufrags = 1;
	given_engine();
	given_endpoint("sfu", SFU);
	given_meeting("m-1", "{\"ufrags\": [" ONE("abcd") "]}");
	given_meeting("m-2", "{}");
	before = revision_of("m-1");
	assert_int_equal(rg_engine_ufrag_unbind(engine, "m-1", "sfu", "abcd", RG_ANY_REVISION, &revision, &err), 0);
	assert_int_not_equal(rg_engine_ufrag_bind(engine, "m-2", "sfu", "wxyz", 999, NULL, NULL, &err), 0);
	then_error(RG_ERR_PRECONDITION, "", "has revision");
	flush();
	assert_true(revision > before);
	when_restarted();
	then_ufrags("m-1", "[]");
	assert_int_equal(revision_of("m-1"), revision);
}

static void full_tables_of_ufrags_are_told_before_anything_changes(void **state)
{
	char text[64], *before;

	(void)state;
	config.dp.max_ufrags = 3;
	config.dp.max_ufrags_long = 1;
	given_engine();
	given_endpoint("sfu", SFU);
	given_meeting("m-1", "{\"ufrags\": [" ONE("aaaa") ", " ONE("bbbb") "]}");
	memset(text, 'x', sizeof(text));
	text[40] = '\0';
	given_bound("m-1", "sfu", text);
	before = snapshot();
	assert_int_not_equal(bind("m-1", "sfu", "cccc"), 0);
	then_error(RG_ERR_FULL, "", "all 3 ufrags");
	assert_int_not_equal(put("m-2", "{\"ufrags\": [" ONE("cccc") "]}"), 0);
	then_error(RG_ERR_FULL, "/ufrags/0", "all 3 ufrags");
	flush();
	then_snapshot(before);
	assert_int_equal(unbind("m-1", "sfu", "aaaa"), 0); /* makes room, in the same turn */
	assert_int_equal(bind("m-1", "sfu", "cccc"), 0);
	flush();
	then_request(DE4, 10000, "cccc", "admit_default", "m-1");
	then_request(DE4, 10000, "aaaa", "refuse_unknown_ufrag", "");
	assert_int_equal(unbind("m-1", "sfu", "cccc"), 0);
	flush();
	text[39] = 'y';
	assert_int_not_equal(bind("m-1", "sfu", text), 0);
	then_error(RG_ERR_FULL, "", "more than 32 characters");
	flush();
}

static void a_turn_that_can_not_be_stored_is_undone(void **state)
{
	char *before, ufrag[16];

	(void)state;
	given_engine();
	given_endpoint("sfu", SFU);
	given_meeting("m-1", "{\"ufrags\": [" ONE("aaaa") ", " ONE("bbbb") "]}");
	given_meeting("m-2", "{\"ufrags\": [" ONE("cccc") "]}");
	before = snapshot();
	given_full_disk();
	assert_int_equal(unbind("m-1", "sfu", "aaaa"), 0);
	assert_int_equal(bind("m-2", "sfu", "aaaa"), 0);
	assert_int_equal(bind("m-2", "sfu", "dddd"), 0);
	assert_int_equal(unbind("m-2", "sfu", "dddd"), 0);
	assert_int_equal(put("m-1", "{\"ufrags\": [" ONE("eeee") "]}"), 0);
	assert_int_equal(endpoint_put("b", SFU6), 0);
	for (int i = 0; i < 100; i++) {
		snprintf(ufrag, sizeof(ufrag), "many%d", i);
		assert_int_equal(bind("m-1", "sfu", ufrag), 0);
	}
	assert_int_equal(rg_engine_meeting_delete(engine, "m-2", 0, &err), 0);
	assert_int_not_equal(rg_engine_flush(engine, &err), 0);
	given_room_on_disk();
	then_snapshot(before);
	then_request(DE4, 10000, "aaaa", "admit_default", "m-1");
	then_request(DE4, 10000, "bbbb", "admit_default", "m-1");
	then_request(DE4, 10000, "cccc", "admit_default", "m-2");
	then_request(DE4, 10000, "dddd", "refuse_unknown_ufrag", "");
	then_request(DE4, 10000, "eeee", "refuse_unknown_ufrag", "");
	then_packet(DE6, SERVER6, 10000, "pass_not_conference", "");
	given_bound("m-2", "sfu", "dddd"); /* and it goes on */
	before = snapshot();
	when_restarted();
	then_snapshot(before);
	then_request(DE4, 10000, "dddd", "admit_default", "m-2");
}

static void model_store_and_kernel_agree_after_room_was_made_and_the_disk_was_full(void **state)
{
	static const char *const ufrags[] = { "aaaa", "bbbb", "cccc", "dddd" };
	char *now;

	(void)state;
	config.dp.max_ufrags = 2;
	given_engine();
	given_endpoint("sfu", SFU);
	given_meeting("m-1", "{\"ufrags\": [" ONE("aaaa") ", " ONE("bbbb") "]}");
	assert_int_equal(unbind("m-1", "sfu", "aaaa"), 0);
	assert_int_equal(bind("m-1", "sfu", "cccc"), 0); /* takes what the first one leaves, now */
	assert_int_equal(unbind("m-1", "sfu", "bbbb"), 0);
	given_full_disk();
	assert_int_not_equal(bind("m-1", "sfu", "dddd"), 0);
	assert_int_not_equal(rg_engine_flush(engine, &err), 0);
	given_room_on_disk();
	now = ufrags_of("m-1");
	for (size_t i = 0; i < ARRAY_SIZE(ufrags); i++) {
		bool bound = strstr(now, ufrags[i]);

		then_request(DE4, 10000, ufrags[i], bound ? "admit_default" : "refuse_unknown_ufrag", bound ? "m-1" : "");
	}
	assert_non_null(strstr(now, "bbbb"));
	when_restarted();
	then_ufrags("m-1", now);
	then_request(DE4, 10000, "bbbb", "admit_default", "m-1");
	free(now);
}

static void many_are_bound_in_one_turn_and_are_there_after_a_restart(void **state)
{
	enum { MANY = 20000 };
	json_t *status = NULL;
	char ufrag[16];

	(void)state;
	given_engine();
	given_endpoint("sfu", SFU);
	given_meeting("m-1", "{}");
	given_meeting("m-2", "{}");
	for (int i = 0; i < MANY; i++) {
		snprintf(ufrag, sizeof(ufrag), "u%07d", i);
		assert_int_equal(bind(i % 2 ? "m-1" : "m-2", "sfu", ufrag), 0);
	}
	flush();
	when_restarted();
	assert_int_equal(rg_engine_status(engine, &status, &err), 0);
	assert_int_equal(json_integer_value(json_object_get(status, "ufrags")), MANY);
	json_decref(status);
	then_request(DE4, 10000, "u0000000", "admit_default", "m-2");
	then_request(DE4, 10000, "u0019999", "admit_default", "m-1");
	assert_int_equal(rg_engine_meeting_delete(engine, "m-1", 0, &err), 0);
	flush();
	then_request(DE4, 10000, "u0019999", "refuse_unknown_ufrag", "");
	then_request(DE4, 10000, "u0019998", "admit_default", "m-2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_ufrag_moves_within_one_flush),
		TEST(what_made_room_holds_if_the_call_that_wanted_it_is_refused),
		TEST(full_tables_of_ufrags_are_told_before_anything_changes),
		TEST(a_turn_that_can_not_be_stored_is_undone),
		TEST(model_store_and_kernel_agree_after_room_was_made_and_the_disk_was_full),
		TEST(many_are_bound_in_one_turn_and_are_there_after_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
