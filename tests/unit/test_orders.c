/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Orders in a meeting's body, times, sites: what is refused, with which pointer; and the territory
 * that an order has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/meeting.h"

#define ORDER "\"jurisdiction\": \"CN\", \"authority\": \"a\", \"basis\": \"b\", \"reference\": \"r\"," \
	      " \"received\": \"2020-06-03\""
#define RULE(more) "{\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"]" more "}]}"

static int parse(const char *text, struct rg_meeting_spec **ret, struct rg_err *err)
{
	json_t *json = json_loads(text, 0, NULL);
	int r;

	if (!json)
		fail_msg("not JSON: %s", text);
	r = rg_meeting_parse(json, "m-1", ret, err);
	json_decref(json);
	return r;
}

static struct rg_meeting_spec *given(const char *text)
{
	struct rg_meeting_spec *meeting = NULL;
	struct rg_err err = { 0 };

	if (parse(text, &meeting, &err))
		fail_msg("%s: %s: %s", text, err.pointer, err.detail);
	return meeting;
}

static void then_refused(const char *text, const char *pointer, const char *words)
{
	struct rg_meeting_spec *meeting = NULL;
	struct rg_err err = { 0 };

	if (!parse(text, &meeting, &err))
		fail_msg("accepted: %s", text);
	assert_null(meeting);
	assert_int_equal(err.code, RG_ERR_INVALID);
	if (strcmp(err.pointer, pointer) || !strstr(err.detail, words))
		fail_msg("%s: '%s' '%s'", text, err.pointer, err.detail);
}

static void then_canonical(const char *text, const char *canonical)
{
	struct rg_meeting_spec *meeting = given(text), *again;
	json_t *json = rg_meeting_to_json(meeting);
	char *dump = json_dumps(json, JSON_COMPACT), *second;

	assert_non_null(strstr(dump, canonical));
	again = given(dump);
	json_decref(json);
	json = rg_meeting_to_json(again);
	second = json_dumps(json, JSON_COMPACT);
	assert_string_equal(dump, second);
	json_decref(json);
	free(dump);
	free(second);
	rg_meeting_free(meeting);
	rg_meeting_free(again);
}

static void an_order_says_who_why_where_and_since_when(void **state)
{
	static const char *const fields[] = { "jurisdiction", "authority", "basis", "reference", "received" };
	char pointer[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		json_t *body = json_loads(RULE(", \"order\": {" ORDER "}"), 0, NULL);
		json_t *order = json_object_get(json_array_get(json_object_get(body, "rules"), 0), "order");
		char *text;

		json_object_del(order, fields[i]);
		text = json_dumps(body, 0);
		snprintf(pointer, sizeof(pointer), "/rules/0/order/%s", fields[i]);
		then_refused(text, pointer, "is missing");
		free(text);
		json_decref(body);
	}
	then_refused(RULE(", \"order\": {" ORDER ", \"who\": 1}"), "/rules/0/order/who", "unknown field");
	then_refused(RULE(", \"order\": []"), "/rules/0/order", "not an object");
	then_refused(RULE(", \"order\": {\"jurisdiction\": \"CN\", \"authority\": \"  \"}"),
		     "/rules/0/order/authority", "empty");
	then_refused(RULE(", \"order\": {\"jurisdiction\": \"CN\", \"authority\": \"a\\nb\"}"),
		     "/rules/0/order/authority", "control character");
	then_canonical(RULE(", \"order\": {" ORDER ", \"document_sha256\":"
			    " \"ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef0123456789\"}"),
		       "\"received\":\"2020-06-03\",\"document_sha256\":\"abcdef01");
	then_refused(RULE(", \"order\": {" ORDER ", \"document_sha256\": \"12\"}"),
		     "/rules/0/order/document_sha256", "64 hexadecimal digits");
}

static void a_jurisdiction_is_a_place_with_a_government(void **state)
{
	static const char *const bad[] = { "XX", "continent:AS", "custom:here", "unknown", "", "CN-", "cnn" };
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text), RULE(", \"order\": {\"jurisdiction\": \"%s\"}"), bad[i]);
		then_refused(text, "/rules/0/order/jurisdiction", "unknown jurisdiction");
	}
}

static void a_gag_has_an_end(void **state)
{
	static const char *const endless[] = { "null", "\"\"", "\"indefinite\"", "true", "\"2020-13-01\"" };
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(endless); i++) {
		snprintf(text, sizeof(text), RULE(", \"order\": {" ORDER ", \"gag_until\": %s}"), endless[i]);
		then_refused(text, "/rules/0/order/gag_until", "without an end");
	}
	then_refused(RULE(", \"order\": {" ORDER ", \"gag_until\": \"9999-12-31\"}"),
		     "/rules/0/order/gag_until", "without an end");
	then_refused(RULE(", \"order\": {" ORDER ", \"gag_until\": \"2020-06-02\"}"),
		     "/rules/0/order/gag_until", "before the order was received");
	/* through that day */
	then_canonical(RULE(", \"order\": {" ORDER ", \"gag_until\": \"2020-06-30\"}"),
		       "\"gag_until\":\"2020-07-01T00:00:00Z\"");
}

static void a_gag_ends_at_its_second(void **state)
{
	struct rg_meeting_spec *meeting = given(RULE(", \"order\": {" ORDER ", \"gag_until\": \"2020-06-30T00:00:01Z\"}"));
	int64_t end;

	(void)state;
	assert_true(rg_time_parse("2020-06-30T00:00:01Z", &end));
	assert_true(rg_order_gagged(meeting->rules[0].order, end - 1));
	assert_false(rg_order_gagged(meeting->rules[0].order, end));
	rg_meeting_free(meeting);
}

static void times_do_not_contradict_each_other(void **state)
{
	(void)state;
	then_refused("{\"not_before\": \"2020-06-04T00:00:00Z\", \"expires\": \"2020-06-04T00:00:00Z\"}",
		     "/expires", "not later than not_before");
	then_refused(RULE(", \"not_before\": \"2020-06-04T00:00:00Z\", \"expires\": \"2020-06-03T00:00:00Z\""),
		     "/rules/0/expires", "not later than not_before");
	then_refused(RULE(", \"order\": {" ORDER ", \"not_before\": \"2020-06-05T00:00:00Z\","
			  " \"expires\": \"2020-06-04T00:00:00Z\"}"), "/rules/0/order/expires", "not later");
	then_refused(RULE(", \"order\": {" ORDER ", \"expires\": \"2020-06-01T00:00:00Z\"}"),
		     "/rules/0/order/expires", "before it was received");
	then_refused(RULE(", \"expires\": \"2020-06-05T00:00:00Z\", \"order\": {" ORDER
			  ", \"not_before\": \"2020-06-05T00:00:00Z\"}"), "/rules/0/order", "not in force at any time");
	then_refused(RULE(", \"expires\": \"tomorrow\""), "/rules/0/expires", "RFC 3339");
	then_refused(RULE(", \"expires\": 1591228800"), "/rules/0/expires", "not a string");
	then_refused("{\"expires\": \"2020-02-30T00:00:00Z\"}", "/expires", "RFC 3339");
}

static void times_are_whole_seconds_of_any_zone(void **state)
{
	static const char *const bad[] = {
		"", "2020-06-04", "2020-06-04T00:00:00", "2020-06-04 00:00:00Z", "2020-06-04T24:00:00Z",
		"2020-06-04T00:00:60Z", "2020-06-04T00:00:00.5Z", "2020-06-04T00:00:00.Z", "2020-06-04T00:00:00+8",
		"2020-06-04T00:00:00+08:60", "1969-12-31T23:59:59Z", "2020-00-04T00:00:00Z", "2020-6-04T00:00:00Z",
		"2020-06-04T00:00:00ZZ", "2021-02-29T00:00:00Z", "20-06-04T00:00:00ZZZ", "2020-06-04T00:0a:00Z", "9999-12-31T23:59:00-00:01",
	};
	int64_t a, b;
	char text[RG_TIME_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (rg_time_parse(bad[i], &a))
			fail_msg("accepted: %s", bad[i]);
	assert_true(rg_time_parse("2020-06-04T08:00:00+08:00", &a));
	assert_true(rg_time_parse("2020-06-03t19:00:00.000-05:00", &b));
	assert_int_equal(a, b);
	assert_string_equal(rg_time_format(a, text), "2020-06-04T00:00:00Z");
	assert_true(rg_time_parse("2020-02-29T23:59:59Z", &a));
	assert_int_equal(a, 1583020799);
	assert_true(rg_time_parse("1970-01-01T00:00:00Z", &a) && a == 0);
	assert_true(rg_time_parse("9999-12-31T23:59:59Z", &a));
	assert_string_equal(rg_time_format(a, text), "9999-12-31T23:59:59Z");
	/* every truncation of a good one is bad */
	for (size_t n = 0; n < 20; n++) {
		snprintf(text, sizeof(text), "%.*s", (int)n, "2020-06-04T00:00:00Z");
		assert_false(rg_time_parse(text, &a));
	}
}

static bool holds(const char *jurisdiction, const char *region)
{
	struct rg_region_spec j, r;

	assert_int_equal(rg_region_spec_parse(jurisdiction, &j, NULL), 0);
	assert_int_equal(rg_region_spec_parse(region, &r, NULL), 0);
	return rg_territory_holds(&j, &r);
}

static void a_territory_is_that_of_the_jurisdiction(void **state)
{
	(void)state;
	assert_true(holds("CN", "CN"));
	assert_true(holds("CN", "CN-BJ"));
	assert_false(holds("CN", "HK"));
	assert_false(holds("CN", "continent:AS"));
	assert_false(holds("CN", "unknown"));
	assert_false(holds("CN", "custom:here"));
	assert_true(holds("US-CA", "US-CA"));
	assert_false(holds("US-CA", "US"));
	assert_false(holds("US-CA", "US-NY"));
	assert_true(holds("EU", "DE"));
	assert_true(holds("EU", "DE-BY"));
	assert_true(holds("EU", "EU"));
	assert_false(holds("EU", "EEA"));
	assert_false(holds("EU", "NO"));
	assert_true(holds("EEA", "EU"));
	assert_true(holds("EEA", "NO"));
	assert_false(holds("EEA", "CH"));
	assert_false(holds("EU", "continent:EU"));
	assert_false(holds("DE", "EU"));
}

static void sites_are_allowed_or_refused_and_not_both(void **state)
{
	(void)state;
	then_refused("{\"sites\": {}}", "/sites", "either");
	then_refused("{\"sites\": {\"allow\": [], \"refuse\": []}}", "/sites", "either");
	then_refused("{\"sites\": {\"allow\": [\"custom:x\"]}}", "/sites/allow/0", "no such region");
	then_refused("{\"sites\": {\"refuse\": [\"CN\", \"unknown\"]}}", "/sites/refuse/1", "no such region");
	then_refused("{\"sites\": {\"refuse\": [\"XX\"]}}", "/sites/refuse/0", "unknown region");
	then_refused("{\"sites\": [\"CN\"]}", "/sites", "not an object");
	then_refused("{\"sites\": {\"deny\": [\"CN\"]}}", "/sites/deny", "unknown field");
	then_canonical("{\"sites\": {\"refuse\": [\"cn\"]}}", "\"sites\":{\"refuse\":[\"CN\"]}");
}

static bool excludes(const char *sites, const char *site)
{
	char text[128];
	struct rg_region_spec place;
	struct rg_meeting_spec *meeting;
	bool answer;

	snprintf(text, sizeof(text), "{%s}", sites);
	meeting = given(text);
	if (site)
		assert_int_equal(rg_region_spec_parse(site, &place, NULL), 0);
	answer = rg_sites_exclude(&meeting->sites, site ? &place : NULL);
	rg_meeting_free(meeting);
	return answer;
}

static void a_site_is_judged_by_where_it_is(void **state)
{
	(void)state;
	assert_false(excludes("", NULL));
	assert_false(excludes("", "DE"));
	assert_true(excludes("\"sites\": {\"refuse\": [\"CN\"]}", "CN"));
	assert_false(excludes("\"sites\": {\"refuse\": [\"CN\"]}", "DE"));
	assert_true(excludes("\"sites\": {\"refuse\": [\"CN\"]}", NULL));
	assert_true(excludes("\"sites\": {\"refuse\": [\"US\"]}", "US-CA"));
	assert_true(excludes("\"sites\": {\"refuse\": [\"US-CA\"]}", "US"));
	assert_false(excludes("\"sites\": {\"refuse\": [\"US-CA\"]}", "US-NY"));
	assert_true(excludes("\"sites\": {\"refuse\": [\"continent:EU\"]}", "DE"));
	assert_false(excludes("\"sites\": {\"allow\": [\"EU\"]}", "DE"));
	assert_true(excludes("\"sites\": {\"allow\": [\"EU\"]}", "US"));
	assert_true(excludes("\"sites\": {\"allow\": [\"US-CA\"]}", "US"));
	assert_true(excludes("\"sites\": {\"allow\": []}", "US"));
}

static void an_override_names_reason_and_approver(void **state)
{
	(void)state;
	then_refused(RULE(", \"order\": {" ORDER ", \"override\": {\"reason\": \"x\"}}"),
		     "/rules/0/order/override/approved_by", "missing");
	then_refused(RULE(", \"order\": {" ORDER ", \"override\": {\"approved_by\": \"x\"}}"),
		     "/rules/0/order/override/reason", "missing");
	then_refused(RULE(", \"order\": {" ORDER ", \"override\": true}"), "/rules/0/order/override", "not an object");
	then_canonical(RULE(", \"order\": {" ORDER ", \"override\": {\"reason\": \"x\", \"approved_by\": \"y\"}}"),
		       "\"override\":{\"reason\":\"x\",\"approved_by\":\"y\"}");
}

static void no_more_times_than_a_schedule_has_steps(void **state)
{
	json_t *rules = json_array(), *body;
	char *text, until[32];

	(void)state;
	for (int i = 0; i < RG_SCHEDULE_STEPS_MAX; i++) {
		json_t *rule = json_loads("{\"action\": \"refuse\", \"regions\": [\"CN\"]}", 0, NULL);

		snprintf(until, sizeof(until), "2030-01-01T00:00:%02dZ", i);
		json_object_set_new(rule, "expires", json_string(until));
		json_array_append_new(rules, rule);
	}
	body = json_pack("{s:o}", "rules", rules);
	text = json_dumps(body, 0);
	then_refused(text, "/rules", "different times");
	free(text);
	json_array_remove(rules, 0);
	text = json_dumps(body, 0);
	rg_meeting_free(given(text));
	free(text);
	json_decref(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_says_who_why_where_and_since_when),
		cmocka_unit_test(a_jurisdiction_is_a_place_with_a_government),
		cmocka_unit_test(a_gag_has_an_end),
		cmocka_unit_test(a_gag_ends_at_its_second),
		cmocka_unit_test(times_do_not_contradict_each_other),
		cmocka_unit_test(times_are_whole_seconds_of_any_zone),
		cmocka_unit_test(a_territory_is_that_of_the_jurisdiction),
		cmocka_unit_test(sites_are_allowed_or_refused_and_not_both),
		cmocka_unit_test(a_site_is_judged_by_where_it_is),
		cmocka_unit_test(an_override_names_reason_and_approver),
		cmocka_unit_test(no_more_times_than_a_schedule_has_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
