/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What stands between HTTP and the engine: routes, conditions, problems. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "api/conditions.h"
#include "api/problem.h"
#include "api/resources.h"
#include "base/cleanup.h"
#include "engine/engine.h"

static struct rg_route_match match;
static char allow[64];
static struct rg_err err;

static int find(const char *method, const char *path)
{
	free(match.path);
	memset(&match, 0, sizeof(match));
	return rg_route_find(rg_routes, rg_n_routes, method, path, &match, allow, &err);
}

static int teardown(void **state)
{
	(void)state;
	free(match.path);
	match.path = NULL;
	return 0;
}

static void then_handler(const char *method, const char *path, rg_route_fn fn)
{
	if (find(method, path))
		fail_msg("%s %s: %s", method, path, err.detail);
	assert_ptr_equal(match.route->fn, fn);
}

static void then_not_found(const char *path)
{
	if (!find("GET", path))
		fail_msg("%s is found", path);
	assert_int_equal(err.code, RG_ERR_NOT_FOUND);
}

static void every_route_finds_itself(void **state)
{
	(void)state;
	for (size_t i = 0; i < rg_n_routes; i++) {
		assert_int_equal(find(rg_routes[i].method, rg_routes[i].pattern), 0);
		assert_ptr_equal(match.route, &rg_routes[i]);
	}
}

static void an_action_on_a_resource_is_told_by_what_follows_its_name(void **state)
{
	(void)state;
	then_handler("POST", "/v1/meetings/m-1:preview", rg_res_meeting_preview);
	assert_string_equal(match.params[0], "m-1");
	then_handler("POST", "/v1/meetings/m:preview:preview", rg_res_meeting_preview);
	assert_string_equal(match.params[0], "m:preview");
	/* an id may end like that */
	then_handler("GET", "/v1/meetings/m-1:preview", rg_res_meeting_get);
	assert_string_equal(match.params[0], "m-1:preview");
	assert_int_equal(find("POST", "/v1/meetings/:preview"), -EPERM);
	assert_int_equal(find("POST", "/v1/meetings/m-1"), -EPERM);
	assert_null(strstr(allow, "POST"));
}

static void every_route_names_a_role(void **state)
{
	(void)state;
	for (size_t i = 0; i < rg_n_routes; i++) {
		if (!rg_routes[i].role)
			fail_msg("%s %s has no role", rg_routes[i].method, rg_routes[i].pattern);
		if (rg_routes[i].kind != RG_ROUTE_READ && rg_routes[i].role == RG_ROLE_READ)
			fail_msg("readers may %s %s", rg_routes[i].method, rg_routes[i].pattern);
	}
}

static void a_path_names_its_handler_and_parameter(void **state)
{
	(void)state;
	then_handler("PUT", "/v1/meetings/m-1", rg_res_meeting_put);
	assert_string_equal(match.params[0], "m-1");
	then_handler("GET", "/v1/meetings/m-1/stats", rg_res_meeting_stats);
	assert_string_equal(match.params[0], "m-1");
	then_handler("GET", "/v1/meetings", rg_res_meeting_list);
	then_handler("POST", "/v1/meetings:batch", rg_res_meeting_batch);
	then_handler("GET", "/v1/meetings/a:b.c_d-e", rg_res_meeting_get);
	assert_string_equal(match.params[0], "a:b.c_d-e");
}

static void a_verb_behind_a_parameter_is_cut_off(void **state)
{
	(void)state;
	then_handler("POST", "/v1/interfaces/eth0:confirm", rg_res_interface_confirm);
	assert_string_equal(match.params[0], "eth0");
	then_handler("POST", "/v1/interfaces/a:b%3aconfirm", rg_res_interface_confirm);
	assert_string_equal(match.params[0], "a:b");
	then_handler("GET", "/v1/interfaces/eth0:confirm", rg_res_interface_get);
	assert_string_equal(match.params[0], "eth0:confirm");
	assert_int_not_equal(find("POST", "/v1/interfaces/:confirm"), 0);
	assert_int_not_equal(find("POST", "/v1/interfaces/eth0:confir"), 0);
}

static void head_is_served_by_get(void **state)
{
	(void)state;
	then_handler("HEAD", "/v1/status", rg_res_status);
	assert_int_not_equal(find("HEAD", "/v1/explain"), 0);
	assert_int_equal(err.code, RG_ERR_METHOD);
}

static void parameters_are_decoded_after_the_path_is_cut(void **state)
{
	(void)state;
	then_handler("GET", "/v1/meetings/a%2Fstats", rg_res_meeting_get);
	assert_string_equal(match.params[0], "a/stats");
	then_handler("POST", "/v1/meetings%3Abatch", rg_res_meeting_batch);
	then_handler("GET", "/v1/meetings/%252F", rg_res_meeting_get);
	assert_string_equal(match.params[0], "%2F");
}

static void other_paths_are_not_found(void **state)
{
	static const char *const paths[] = {
		"", "/", "/v1", "/v1/", "v1/status", "//v1/status", "/v1//status", "/v1/status/",
		"/v1/statu", "/v1/statuses", "/V1/status", "/v1/meetings/", "/v1/meetings/a/",
		"/v1/meetings/a/b", "/v1/meetings/a/stats/b", "/metrics/", "*",
		"/a/b/c/d/e/f/g/h/i/j/k/l",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		then_not_found(paths[i]);
}

static void a_wrong_method_gets_the_right_ones(void **state)
{
	(void)state;
	assert_int_not_equal(find("POST", "/v1/meetings/m-1"), 0);
	assert_int_equal(err.code, RG_ERR_METHOD);
	assert_string_equal(allow, "PUT, GET, HEAD, PATCH, DELETE");
	assert_int_not_equal(find("get", "/v1/status"), 0);
	assert_string_equal(allow, "GET, HEAD");
	assert_int_equal(find("GET", "/v1/status"), 0);
	assert_string_equal(allow, "");
}

static void every_cut_of_a_path_is_handled(void **state)
{
	static const char path[] = "/v1/meetings/m%2D1/stats";
	char cut[sizeof(path)];

	(void)state;
	for (size_t n = 0; n < sizeof(path); n++) {
		snprintf(cut, n + 1, "%s", path);
		if (find("GET", cut))
			assert_int_equal(err.code, RG_ERR_NOT_FOUND);
	}
	assert_string_equal(match.params[0], "m-1");
}

static void query_arguments_are_those_of_the_route(void **state)
{
	(void)state;
	then_handler("GET", "/v1/meetings", rg_res_meeting_list);
	assert_true(rg_route_takes_query(match.route, "after"));
	assert_true(rg_route_takes_query(match.route, "limit"));
	assert_false(rg_route_takes_query(match.route, "lim"));
	assert_false(rg_route_takes_query(match.route, "after limit"));
	assert_false(rg_route_takes_query(match.route, ""));
	then_handler("GET", "/v1/status", rg_res_status);
	assert_false(rg_route_takes_query(match.route, "after"));
}

static void broken_percent_encoding_is_noticed(void **state)
{
	(void)state;
	assert_true(rg_http_encoding_ok("/v1/a%2f%7E?x=%41"));
	assert_false(rg_http_encoding_ok("/v1/a%"));
	assert_false(rg_http_encoding_ok("/v1/a%2"));
	assert_false(rg_http_encoding_ok("/v1/a%zz"));
	assert_false(rg_http_encoding_ok("/v1/m-1%00x"));
}

static void numbers_are_digits_in_their_range(void **state)
{
	uint64_t number = 5;

	(void)state;
	assert_true(rg_number_parse("1000", 1, 1000, &number));
	assert_int_equal(number, 1000);
	assert_false(rg_number_parse("1001", 1, 1000, &number));
	assert_false(rg_number_parse("0", 1, 1000, &number));
	assert_false(rg_number_parse("", 0, 1000, &number));
	assert_false(rg_number_parse("-1", 0, UINT64_MAX, &number));
	assert_false(rg_number_parse(" 1", 0, 1000, &number));
	assert_false(rg_number_parse("1x", 0, 1000, &number));
	assert_false(rg_number_parse("18446744073709551616", 0, UINT64_MAX, &number));
	assert_int_equal(number, 1000);
}

static void then_condition(const char *if_match, const char *if_none_match, uint64_t expected)
{
	uint64_t revision;

	assert_int_equal(rg_conditions_parse(if_match, if_none_match, &revision, &err), 0);
	assert_true(revision == expected);
}

static void then_no_condition(const char *if_match, const char *if_none_match)
{
	uint64_t revision = 77;

	if (!rg_conditions_parse(if_match, if_none_match, &revision, &err))
		fail_msg("%s / %s is accepted", if_match, if_none_match);
	assert_int_equal(err.code, RG_ERR_PRECONDITION);
	assert_true(revision == 77);
}

static void conditions_become_revisions(void **state)
{
	(void)state;
	then_condition(NULL, NULL, RG_ANY_REVISION);
	then_condition("*", NULL, RG_SOME_RESOURCE);
	then_condition(NULL, "*", RG_NO_RESOURCE);
	then_condition("\"17\"", NULL, 17);
}

static void conditions_that_can_not_hold_are_never_dropped(void **state)
{
	(void)state;
	then_no_condition("17", NULL);
	then_no_condition("", NULL);
	then_no_condition("\"17", NULL);
	then_no_condition("\"017\"", NULL);
	then_no_condition("W/\"17\"", NULL);
	then_no_condition("\"17\", \"18\"", NULL);
	then_no_condition("\"0\"", NULL);                    /* would mean: no condition */
	then_no_condition("\"18446744073709551615\"", NULL); /* would mean: must not exist */
	then_no_condition("\"18446744073709551614\"", NULL); /* would mean: must exist */
	then_no_condition("\"99999999999999999999\"", NULL);
	then_no_condition(NULL, "\"17\"");
	then_no_condition("\"17\"", "*");
}

static void a_known_tag_is_found_in_a_list(void **state)
{
	(void)state;
	assert_true(rg_conditions_unchanged("\"17\"", 17));
	assert_true(rg_conditions_unchanged("W/\"17\"", 17));
	assert_true(rg_conditions_unchanged("\"1\", W/\"17\" ,\"3\"", 17));
	assert_true(rg_conditions_unchanged("*", 17));
	assert_false(rg_conditions_unchanged("\"117\"", 17));
	assert_false(rg_conditions_unchanged("\"1\",\"7\"", 17));
	assert_false(rg_conditions_unchanged("17", 17));
	assert_false(rg_conditions_unchanged(NULL, 17));
}

static const char *member(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void a_problem_has_the_members_of_rfc9457(void **state)
{
	_cleanup_(json_decrefp) json_t *problem = NULL;

	(void)state;
	rg_err_set(&err, 0, RG_ERR_CONFLICT, "/endpoints/0", "m-1 holds it");
	problem = rg_problem_to_json(&err);
	assert_string_equal(member(problem, "type"), "urn:regiongate:problem:conflict");
	assert_string_equal(member(problem, "title"), "Another resource holds it");
	assert_int_equal(json_integer_value(json_object_get(problem, "status")), 409);
	assert_string_equal(member(problem, "detail"), "m-1 holds it");
	assert_string_equal(member(problem, "pointer"), "/endpoints/0");
}

static void a_problem_without_a_pointer_has_none(void **state)
{
	_cleanup_(json_decrefp) json_t *problem = NULL;

	(void)state;
	rg_err_set(&err, 0, RG_ERR_FULL, "", "no room");
	problem = rg_problem_to_json(&err);
	assert_int_equal(json_object_size(problem), 4);
	assert_null(json_object_get(problem, "pointer"));
}

static void a_problem_survives_bytes_that_are_not_text(void **state)
{
	_cleanup_(json_decrefp) json_t *problem = NULL;

	(void)state;
	rg_err_set(&err, 0, RG_ERR_INVALID, "/\xff", "bad '\xc3\x28' here");
	problem = rg_problem_to_json(&err);
	assert_string_equal(member(problem, "detail"), "bad '?(' here");
	assert_string_equal(member(problem, "pointer"), "/?");
}

static void a_problem_is_cut_between_characters(void **state)
{
	char region[200];

	(void)state;
	for (size_t before = 0; before < 4; before++) {
		_cleanup_(json_decrefp) json_t *problem = NULL;

		memset(region, 'x', before);
		for (size_t i = before; i + 3 < sizeof(region); i += 3)
			memcpy(region + i, "\xe4\xbc\x9a", 4);
		rg_err_set(&err, 0, RG_ERR_INVALID, region, "unknown region '%.64s' of %s%s%s", region, region, region, region);
		rg_err_prefix(&err, "/rules/%zu", before);
		problem = rg_problem_to_json(&err);
		assert_non_null(strstr(member(problem, "detail"), "\xe4\xbc\x9a"));
		assert_null(strstr(member(problem, "detail"), "??"));
		assert_null(strchr(member(problem, "pointer"), '?'));
	}
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_route_finds_itself),
		TEST(every_route_names_a_role),
		TEST(an_action_on_a_resource_is_told_by_what_follows_its_name),
		TEST(a_path_names_its_handler_and_parameter),
		TEST(a_verb_behind_a_parameter_is_cut_off),
		TEST(head_is_served_by_get),
		TEST(parameters_are_decoded_after_the_path_is_cut),
		TEST(other_paths_are_not_found),
		TEST(a_wrong_method_gets_the_right_ones),
		TEST(every_cut_of_a_path_is_handled),
		TEST(query_arguments_are_those_of_the_route),
		TEST(broken_percent_encoding_is_noticed),
		TEST(numbers_are_digits_in_their_range),
		TEST(conditions_become_revisions),
		TEST(conditions_that_can_not_hold_are_never_dropped),
		TEST(a_known_tag_is_found_in_a_list),
		TEST(a_problem_has_the_members_of_rfc9457),
		TEST(a_problem_without_a_pointer_has_none),
		TEST(a_problem_survives_bytes_that_are_not_text),
		TEST(a_problem_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
