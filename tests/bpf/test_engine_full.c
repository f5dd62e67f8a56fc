/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The engine with full tables: told before anything changes, and room made by what goes in the same turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "harness/engine.h"

static void full_tables_are_told_before_anything_changes(void **state)
{
	char *before;

	(void)state;
	config.dp.max_meetings = 4;
	config.dp.max_locals = 2;
	given_engine();
	assert_int_equal(put("m-1", "{\"endpoints\": [" AT("10.0.0.1", 5) "]}"), 0);
	assert_int_equal(put("m-2", "{\"endpoints\": [" AT("10.0.0.2", 5) "]}"), 0);
	before = snapshot();
	assert_int_not_equal(put("m-3", "{\"endpoints\": [" AT("any", 6) ", " AT("10.0.0.3", 5) "]}"), 0);
	then_error(RG_ERR_FULL, "/endpoints/1/address", "local address");
	then_snapshot(before);
	assert_int_equal(put("m-3", "{\"endpoints\": [" AT("any", 6) ", " AT("10.0.0.2", 7) "]}"), 0);
	assert_int_not_equal(put("m-4", "{}"), 0);
	then_error(RG_ERR_FULL, "", "all 3 meetings");
	flush();
	then_packet(DE4, "10.0.0.2", 7, "admit_default", "m-3");
	assert_int_not_equal(put("m-4", "{}"), 0);
	then_error(RG_ERR_FULL, "", "all 3 meetings");
	assert_int_equal(rg_engine_meeting_delete(engine, "m-1", 0, &err), 0);
	flush();
	given_meeting("m-4", "{\"endpoints\": [" AT("10.0.0.3", 5) "]}");
	then_packet(DE4, "10.0.0.3", 5, "admit_default", "m-4");
}

static void what_goes_in_a_turn_makes_room_in_full_tables(void **state)
{
	(void)state;
	config.dp.max_meetings = 3;
	config.dp.max_locals = 1;
	given_engine();
	given_meeting("m-1", "{\"endpoints\": [" AT("10.0.0.1", 5) "]}");
	given_meeting("m-2", "{}");
	assert_int_equal(rg_engine_meeting_delete(engine, "m-1", 0, &err), 0);
	assert_int_equal(put("m-3", "{\"endpoints\": [" AT("10.0.0.2", 5) "]}"), 0);
	assert_int_not_equal(put("m-4", "{}"), 0);
	then_error(RG_ERR_FULL, "", "all 2 meetings");
	assert_int_equal(put("m-3", "{\"endpoints\": [" AT("any", 6) "]}"), 0);
	assert_int_equal(put("m-2", "{\"endpoints\": [" AT("10.0.0.3", 5) "]}"), 0);
	flush();
	then_packet(DE4, "10.0.0.1", 5, "pass_not_conference", "");
	then_packet(DE4, "10.0.0.2", 5, "pass_not_conference", "");
	then_packet(DE4, "10.0.0.3", 5, "admit_default", "m-2");
	then_packet(DE4, "10.0.0.3", 6, "admit_default", "m-3");
	when_restarted();
	then_packet(DE4, "10.0.0.3", 5, "admit_default", "m-2");
}

static void endpoints_beyond_the_map_are_refused_before_anything_changes(void **state)
{
	json_t *list = json_array(), *body = json_pack("{s:o}", "endpoints", list);
	char *before, *text;

	(void)state;
	config.dp.max_meetings = 2; /* the map of endpoints follows it */
	given_engine();
	before = snapshot();
	for (int port = 1; port <= RG_ENDPOINTS_PER_MEETING_MAX; port++)
		json_array_append_new(list, json_pack("{s:s, s:i}", "address", SERVER, "port", port));
	text = json_dumps(body, 0);
	assert_int_not_equal(put("m-1", text), 0);
	assert_int_equal(err.code, RG_ERR_FULL);
	assert_non_null(strstr(err.detail, "endpoints are in use"));
	flush();
	then_snapshot(before);
	free(text);
	json_decref(body);
}

#define POLICIES 64

/* A rule for each pair of 64 countries: more policies than there are slots. */
static void policies_beyond_the_slots_are_refused(void **state)
{
	char body[160], id[16], *before;
	const char *a, *b;
	int n = 0, r = 0;

	(void)state;
	config.dp.max_policies = POLICIES;
	given_engine();
	for (size_t i = 0; !r && (a = rg_country_at(i)); i++) {
		for (size_t j = i + 1; !r && j < i + 5 && (b = rg_country_at(j)); j++) {
			snprintf(body, sizeof(body), "{\"rules\": [{\"action\": \"refuse\", \"regions\": [\"%s\", \"%s\"]}]}", a, b);
			snprintf(id, sizeof(id), "m-%d", n);
			r = put(id, body);
			n += !r;
		}
	}
	assert_int_equal(n, POLICIES - 1);
	then_error(RG_ERR_FULL, "/rules", "policies are in use");
	flush();
	before = snapshot();
	/* an equal one needs no slot; one that goes leaves its slot */
	snprintf(body, sizeof(body), "{\"rules\": [{\"action\": \"refuse\", \"regions\": [\"%s\", \"%s\"]}]}",
		 rg_country_at(1), rg_country_at(0));
	given_meeting("m-equal", body);
	assert_int_equal(rg_engine_meeting_delete(engine, "m-equal", 0, &err), 0);
	assert_int_equal(rg_engine_meeting_delete(engine, "m-5", 0, &err), 0);
	flush();
	given_meeting("m-other", "{\"default\": \"refuse\"}");
	free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(full_tables_are_told_before_anything_changes),
		TEST(what_goes_in_a_turn_makes_room_in_full_tables),
		TEST(endpoints_beyond_the_map_are_refused_before_anything_changes),
		TEST(policies_beyond_the_slots_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
