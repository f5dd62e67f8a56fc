/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The transparency report, of entries as the engine writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "ledger/report.h"

#define ORDER(jurisdiction, reference) \
	"{\"jurisdiction\":\"" jurisdiction "\",\"authority\":\"Court\",\"basis\":\"Act 7\",\"reference\":\"" reference \
	"\",\"received\":\"2020-06-01\"}"
#define GAGGED(until) \
	"{\"jurisdiction\":\"CN\",\"authority\":\"Bureau\",\"basis\":\"Act 7\",\"reference\":\"secret\"," \
	"\"received\":\"2020-06-01\",\"gag_until\":\"" until "\"}"
#define HIDDEN_BASIS \
	"{\"jurisdiction\":\"CN\",\"authority\":\"Bureau\",\"basis\":\"Secret Act\",\"reference\":\"other\"," \
	"\"received\":\"2020-06-01\",\"gag_until\":\"2020-10-01T00:00:00Z\"}"

static struct rg_report *report;
static json_t *result;
static struct rg_err err;
static unsigned int seq;

static int drop(void **state)
{
	(void)state;
	rg_report_free(report);
	json_decref(result);
	report = NULL;
	result = NULL;
	seq = 0;
	return 0;
}

static void given_report(const char *from, const char *until)
{
	assert_int_equal(rg_report_new(from, until, "2020-09-01T00:00:00Z", &report, &err), 0);
}

static void entry(const char *at, const char *kind, const char *subject, const char *detail)
{
	_cleanup_(rg_freep) char *text = NULL;
	json_t *json;

	assert_true(asprintf(&text, "{\"at\":\"%s\",\"detail\":%s,\"kind\":\"%s\",\"seq\":%u,\"subject\":\"%s\"}", at,
			     detail, kind, ++seq, subject) > 0);
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	assert_int_equal(rg_report_add(report, json), 0);
	json_decref(json);
}

static void applied(const char *at, const char *meeting, const char *order)
{
	_cleanup_(rg_freep) char *detail = NULL;

	assert_true(asprintf(&detail, "{\"after\":{\"orders\":[{\"rule\":\"r1\",\"order\":%s}]},\"before\":null}", order) > 0);
	entry(at, "meeting-put", meeting, detail);
}

static void guarded(const char *at, const char *kind, const char *order)
{
	_cleanup_(rg_freep) char *detail = NULL;

	assert_true(asprintf(&detail, "{\"order\":%s}", order) > 0);
	entry(at, kind, "m-1", detail);
}

static void refused_people(const char *at, const char *meeting, const char *order, int networks)
{
	_cleanup_(rg_freep) char *detail = NULL;

	assert_true(asprintf(&detail, "{%s%s%s\"networks\":%d,\"packets\":99,\"region\":\"CN\"}", order ? "\"order\":" : "",
			     order ? order : "", order ? "," : "", networks) > 0);
	entry(at, "refusals", meeting, detail);
}

static void when_made(void)
{
	result = rg_report_to_json(report);
	assert_non_null(result);
}

static json_int_t total(const char *name)
{
	return json_integer_value(json_object_get(json_object_get(result, "totals"), name));
}

static const json_t *row(size_t i)
{
	return json_array_get(json_object_get(result, "months"), i);
}

static json_int_t cell(size_t i, const char *name)
{
	const json_t *value = json_object_get(row(i), name);

	return json_is_null(value) ? -1 : json_integer_value(value);
}

static void requests_are_counted_once_by_what_became_of_them(void **state)
{
	(void)state;
	given_report("2020-01-01", "2020-12-31");
	applied("2020-06-04T10:00:00.000Z", "m-1", ORDER("CN", "1"));
	applied("2020-07-04T10:00:00.000Z", "m-2", ORDER("CN", "1")); /* the same one again */
	guarded("2020-06-05T10:00:00.000Z", "order-refused", ORDER("CN", "2"));
	guarded("2020-06-05T10:00:01.000Z", "order-refused", ORDER("CN", "2"));
	guarded("2020-06-06T10:00:00.000Z", "order-refused", ORDER("HK", "3"));
	applied("2020-06-07T10:00:00.000Z", "m-3", ORDER("HK", "3"));
	guarded("2020-06-08T10:00:00.000Z", "override", ORDER("HK", "4"));
	applied("2020-06-08T10:00:00.000Z", "m-3", ORDER("HK", "4"));
	when_made();
	assert_int_equal(total("requests"), 4);
	assert_int_equal(total("applied"), 1);
	assert_int_equal(total("refused"), 1);
	assert_int_equal(total("narrowed"), 1);
	assert_int_equal(total("overridden"), 1);
	assert_int_equal(json_array_size(json_object_get(result, "orders")), 4);
	/* June CN, June HK, July CN */
	assert_int_equal(json_array_size(json_object_get(result, "months")), 3);
	assert_int_equal(cell(0, "requests"), 2);
	assert_int_equal(cell(1, "requests"), 2);
	assert_int_equal(cell(2, "requests"), 0);
}

static void the_period_holds_its_first_and_last_day(void **state)
{
	(void)state;
	given_report("2020-06-04", "2020-06-05");
	applied("2020-06-03T23:59:59.999Z", "m-1", ORDER("CN", "before"));
	applied("2020-06-04T00:00:00.000Z", "m-1", ORDER("CN", "first"));
	applied("2020-06-05T23:59:59.999Z", "m-1", ORDER("CN", "last"));
	applied("2020-06-06T00:00:00.000Z", "m-1", ORDER("CN", "after"));
	when_made();
	assert_int_equal(total("requests"), 2);
}

static void a_request_known_from_before_is_not_new(void **state)
{
	(void)state;
	given_report("2020-07-01", "2020-07-31");
	applied("2020-06-03T00:00:00.000Z", "m-1", ORDER("CN", "1"));
	applied("2020-07-03T00:00:00.000Z", "m-2", ORDER("CN", "1"));
	when_made();
	assert_int_equal(total("requests"), 0);
	assert_int_equal(cell(0, "meetings"), -1); /* but it touched one meeting: too few to show */
}

static void small_cells_are_not_shown_and_sums_do_not_tell_them(void **state)
{
	char meeting[16];

	(void)state;
	given_report("2020-01-01", "2020-12-31");
	for (int i = 0; i < 7; i++) {
		snprintf(meeting, sizeof(meeting), "m-%d", i);
		refused_people("2020-06-04T10:00:00.000Z", meeting, ORDER("CN", "1"), 10);
		refused_people("2020-06-05T10:00:00.000Z", meeting, ORDER("CN", "1"), 1); /* no meeting more */
	}
	refused_people("2020-06-04T10:00:00.000Z", "m-1", ORDER("HK", "2"), 4);
	refused_people("2020-07-04T10:00:00.000Z", "m-1", ORDER("HK", "2"), 0);
	when_made();
	assert_int_equal(cell(0, "meetings"), 7);
	assert_int_equal(cell(0, "participants"), 77);
	assert_int_equal(cell(1, "meetings"), -1);
	assert_int_equal(cell(1, "participants"), -1);
	assert_int_equal(cell(2, "participants"), 0);
	assert_int_equal(total("meetings"), 7);
	assert_int_equal(total("participants"), 77);
	assert_true(json_is_true(json_object_get(json_object_get(result, "totals"), "incomplete")));
}

static void owners_own_rules_are_a_row_of_their_own(void **state)
{
	(void)state;
	given_report("2020-01-01", "2020-12-31");
	refused_people("2020-06-04T10:00:00.000Z", "m-1", NULL, 40);
	when_made();
	assert_true(json_is_null(json_object_get(row(0), "jurisdiction")));
	assert_string_equal(json_string_value(json_object_get(row(0), "basis")), "owner");
	assert_int_equal(cell(0, "participants"), 40);
	assert_int_equal(total("requests"), 0);
}

static void a_gag_hides_authority_and_reference_until_it_ends(void **state)
{
	_cleanup_(rg_freep) char *text = NULL;

	(void)state;
	given_report("2020-01-01", "2020-12-31");
	applied("2020-06-04T10:00:00.000Z", "m-1", GAGGED("2020-09-01T00:00:01Z"));
	when_made();
	assert_int_equal(total("requests"), 1);
	assert_int_equal(total("withheld"), 1);
	assert_int_equal(cell(0, "requests"), 1);
	assert_int_equal(json_array_size(json_object_get(result, "orders")), 0);
	text = json_dumps(result, 0);
	assert_null(strstr(text, "secret"));
	assert_null(strstr(text, "Bureau"));
	drop(NULL);

	given_report("2020-01-01", "2020-12-31");
	applied("2020-06-04T10:00:00.000Z", "m-1", GAGGED("2020-09-01T00:00:00Z"));
	when_made();
	assert_int_equal(total("withheld"), 0);
	assert_int_equal(json_array_size(json_object_get(result, "orders")), 1);
}

/* The requests that may be spoken of are listed: in their row, one more than these would be the gagged one,
 * and its basis. */
static void a_gagged_request_is_in_no_sum_with_others(void **state)
{
	_cleanup_(rg_freep) char *text = NULL;

	(void)state;
	given_report("2020-01-01", "2020-12-31");
	for (int i = 0; i < 9; i++) {
		char meeting[16];

		snprintf(meeting, sizeof(meeting), "m-%d", i);
		applied("2020-06-04T10:00:00.000Z", meeting, ORDER("CN", "1"));
		refused_people("2020-06-05T10:00:00.000Z", meeting, GAGGED("2020-10-01T00:00:00Z"), 10);
	}
	applied("2020-06-04T10:00:00.000Z", "m-1", GAGGED("2020-10-01T00:00:00Z"));
	applied("2020-06-04T10:00:00.000Z", "m-2", HIDDEN_BASIS);
	when_made();
	assert_int_equal(json_array_size(json_object_get(result, "months")), 2);
	assert_string_equal(json_string_value(json_object_get(row(0), "basis")), "Act 7");
	assert_int_equal(cell(0, "requests"), 1); /* as many as are listed */
	assert_int_equal(cell(0, "meetings"), 9);
	assert_int_equal(cell(0, "participants"), 0);
	assert_true(json_is_null(json_object_get(row(1), "basis")));
	assert_string_equal(json_string_value(json_object_get(row(1), "jurisdiction")), "CN");
	assert_int_equal(cell(1, "requests"), 2);
	assert_int_equal(cell(1, "meetings"), 9); /* each once */
	assert_int_equal(cell(1, "participants"), 90);
	assert_int_equal(total("requests"), 3);
	assert_int_equal(total("withheld"), 2);
	text = json_dumps(result, 0);
	assert_null(strstr(text, "Secret Act"));
}

static void the_last_word_on_a_gag_holds_for_the_whole_report(void **state)
{
	(void)state;
	given_report("2020-01-01", "2020-12-31");
	applied("2020-06-04T10:00:00.000Z", "m-1", GAGGED("2020-10-01T00:00:00Z"));
	refused_people("2020-06-05T10:00:00.000Z", "m-1", GAGGED("2020-10-01T00:00:00Z"), 10);
	applied("2020-07-04T10:00:00.000Z", "m-1", GAGGED("2020-07-05T00:00:00Z")); /* lifted */
	refused_people("2020-07-05T10:00:00.000Z", "m-1", GAGGED("2020-07-05T00:00:00Z"), 10);
	when_made();
	assert_int_equal(total("withheld"), 0);
	assert_int_equal(total("requests"), 1);
	assert_int_equal(json_array_size(json_object_get(result, "months")), 2);
	assert_string_equal(json_string_value(json_object_get(row(0), "basis")), "Act 7");
	assert_int_equal(cell(0, "participants"), 10);
}

static void a_refusal_alone_names_no_request(void **state)
{
	(void)state;
	given_report("2020-07-01", "2020-12-31");
	refused_people("2020-07-05T10:00:00.000Z", "m-1", ORDER("CN", "1"), 10);
	when_made();
	assert_int_equal(total("requests"), 0);
	assert_int_equal(total("participants"), 10);
	assert_int_equal(json_array_size(json_object_get(result, "orders")), 0);
}

static void a_report_can_be_made_twice(void **state)
{
	json_t *first;

	(void)state;
	given_report("2020-01-01", "2020-12-31");
	applied("2020-06-04T10:00:00.000Z", "m-1", ORDER("CN", "1"));
	refused_people("2020-06-05T10:00:00.000Z", "m-1", ORDER("CN", "1"), 10);
	first = rg_report_to_json(report);
	when_made();
	assert_true(json_equal(first, result));
	json_decref(first);
}

static void what_was_undone_does_not_count(void **state)
{
	json_t *undone = json_loads("{\"kind\":\"undone\",\"detail\":{\"from\":2,\"to\":3}}", 0, NULL);

	(void)state;
	assert_true(rg_report_is_undone("{\"detail\":{\"from\":2,\"to\":3},\"kind\":\"undone\"}"));
	assert_false(rg_report_is_undone("{\"kind\":\"start\"}"));
	given_report("2020-01-01", "2020-12-31");
	assert_int_equal(rg_report_undone(report, undone), 0);
	json_decref(undone);
	for (int i = 1; i <= 4; i++)
		applied("2020-06-04T10:00:00.000Z", "m-1", i == 1 ? ORDER("CN", "1") : i == 4 ? ORDER("CN", "4") : ORDER("CN", "x"));
	when_made();
	assert_int_equal(total("requests"), 2);
}

static void bad_periods_are_refused(void **state)
{
	static const char *const bad[] = { "", "2020-13-01", "2020-02-30", "2021-02-29", "2020-6-4", "2020-06-04T00",
					   "yesterday", "2020-00-10", "2020-01-00", "1900-02-29" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_not_equal(rg_report_new(bad[i], "2020-12-31", "", &report, &err), 0);
		assert_non_null(strstr(err.detail, "is not a day"));
		assert_int_not_equal(rg_report_new("1800-01-01", bad[i], "", &report, &err), 0);
	}
	assert_int_not_equal(rg_report_new("2020-06-05", "2020-06-04", "", &report, &err), 0);
	assert_non_null(strstr(err.detail, "is behind its last one"));
	given_report("2020-02-29", "2020-02-29");
}

static void entries_of_odd_shapes_are_passed_over(void **state)
{
	(void)state;
	given_report("2020-01-01", "2020-12-31");
	entry("2020-06-04T10:00:00.000Z", "order-refused", "m-1", "{}");
	entry("2020-06-04T10:00:00.000Z", "override", "m-1", "{\"order\":7}");
	entry("2020-06-04T10:00:00.000Z", "meeting-put", "m-1", "{\"after\":{\"orders\":[{},7]}}");
	entry("2020-06-04T10:00:00.000Z", "else", "m-1", "{}");
	when_made();
	assert_int_equal(total("requests"), 0);
}

#define TEST(f) cmocka_unit_test_teardown(f, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(requests_are_counted_once_by_what_became_of_them),
		TEST(the_period_holds_its_first_and_last_day),
		TEST(a_request_known_from_before_is_not_new),
		TEST(small_cells_are_not_shown_and_sums_do_not_tell_them),
		TEST(owners_own_rules_are_a_row_of_their_own),
		TEST(a_gag_hides_authority_and_reference_until_it_ends),
		TEST(a_gagged_request_is_in_no_sum_with_others),
		TEST(the_last_word_on_a_gag_holds_for_the_whole_report),
		TEST(a_refusal_alone_names_no_request),
		TEST(a_report_can_be_made_twice),
		TEST(what_was_undone_does_not_count),
		TEST(bad_periods_are_refused),
		TEST(entries_of_odd_shapes_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
