/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bodies of meetings and custom regions: what is refused, with which pointer, and
 * what comes out of what is accepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>
#include "base/cleanup.h"
#include "harness/body.h"
#include "policy/json_util.h"
#include "policy/meeting.h"

static struct rg_meeting_spec *given_meeting(const char *text)
{
	struct rg_meeting_spec *meeting = NULL;
	struct rg_err err = { 0 };
	json_t *json = given_json(text);

	if (rg_meeting_parse(json, "m-1", &meeting, &err))
		fail_msg("%s: %s: %s", text, err.pointer, err.detail);
	json_decref(json);
	return meeting;
}

static void then_meeting_refused(const char *text, const char *pointer, const char *words)
{
	struct rg_meeting_spec *meeting = (void *)1;
	struct rg_err err = { 0 };
	json_t *json = given_json(text);

	if (!rg_meeting_parse(json, "m-1", &meeting, &err))
		fail_msg("accepted: %s", text);
	json_decref(json);
	assert_ptr_equal(meeting, (void *)1);
	assert_int_equal(err.code, RG_ERR_INVALID);
	assert_string_equal(err.pointer, pointer);
	if (!strstr(err.detail, words))
		fail_msg("'%s' does not say '%s'", err.detail, words);
}

static void then_meeting_is(const char *text, const char *canonical)
{
	struct rg_meeting_spec *meeting = given_meeting(text);
	json_t *json = rg_meeting_to_json(meeting);
	char *dump = json_dumps(json, JSON_COMPACT), *stored = rg_meeting_to_text(meeting);

	assert_string_equal(dump, canonical);
	assert_string_equal(stored, canonical); /* whichever way it is written */
	free(stored);
	free(dump);
	json_decref(json);
	rg_meeting_free(meeting);
}

static void unknown_fields_are_refused_in_each_object(void **state)
{
	(void)state;
	then_meeting_refused("{\"ufrags\": [{\"endpoint\": \"sfu\", \"ufrag\": \"abcd\", \"password\": \"x\"}]}",
			     "/ufrags/0/password", "unknown field");
	then_meeting_refused("{\"a/b~c\": 1}", "/a~1b~0c", "unknown field 'a/b~c'");
	then_meeting_refused("{\"endpoints\": [{\"address\": \"any\", \"port\": 1, \"ip\": 1}]}",
			     "/endpoints/0/ip", "unknown field");
}

static void wrong_types_are_refused_with_their_pointer(void **state)
{
	static const struct { const char *text, *pointer; } cases[] = {
		{ "[]", "" }, { "\"m-1\"", "" }, { "null", "" },
		{ "{\"id\": 1}", "/id" },
		{ "{\"default\": true}", "/default" },
		{ "{\"mode\": null}", "/mode" },
		{ "{\"endpoints\": {}}", "/endpoints" },
		{ "{\"endpoints\": [1]}", "/endpoints/0" },
		{ "{\"endpoints\": [{\"address\": 1, \"port\": 1}]}", "/endpoints/0/address" },
		{ "{\"endpoints\": [{\"address\": \"any\", \"port\": \"1\"}]}", "/endpoints/0/port" },
		{ "{\"endpoints\": [{\"address\": \"any\", \"port\": 1.0}]}", "/endpoints/0/port" },
		{ "{\"endpoints\": [{\"address\": \"any\", \"port\": 1, \"protocol\": 17}]}", "/endpoints/0/protocol" },
		{ "{\"rules\": \"CN\"}", "/rules" },
		{ "{\"rules\": [[]]}", "/rules/0" },
		{ "{\"rules\": [{\"action\": 1, \"regions\": []}]}", "/rules/0/action" },
		{ "{\"rules\": [{\"action\": \"admit\", \"regions\": \"CN\"}]}", "/rules/0/regions" },
		{ "{\"rules\": [{\"action\": \"admit\", \"regions\": [\"CN\", 1]}]}", "/rules/0/regions/1" },
		{ "{\"rules\": [{\"id\": 1, \"action\": \"admit\", \"regions\": []}]}", "/rules/0/id" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		then_meeting_refused(cases[i].text, cases[i].pointer, "");
}

static void missing_fields_are_refused(void **state)
{
	(void)state;
	then_meeting_refused("{\"endpoints\": [{\"port\": 1}]}", "/endpoints/0/address", "is missing");
	then_meeting_refused("{\"endpoints\": [{\"address\": \"any\"}]}", "/endpoints/0/port", "is missing");
	then_meeting_refused("{\"rules\": [{\"regions\": []}]}", "/rules/0/action", "is missing");
	then_meeting_refused("{\"rules\": [{\"action\": \"admit\"}]}", "/rules/0/regions", "is missing");
}

static void values_out_of_range_are_refused(void **state)
{
	static const struct { const char *text, *pointer; } cases[] = {
		{ "{\"default\": \"deny\"}", "/default" },
		{ "{\"mode\": \"Observe\"}", "/mode" },
		{ "{\"endpoints\": [{\"address\": \"any\", \"port\": 0}]}", "/endpoints/0/port" },
		{ "{\"endpoints\": [{\"address\": \"any\", \"port\": 65536}]}", "/endpoints/0/port" },
		{ "{\"endpoints\": [{\"address\": \"any\", \"port\": -1}]}", "/endpoints/0/port" },
		{ "{\"endpoints\": [{\"address\": \"any\", \"port\": 4294967297}]}", "/endpoints/0/port" },
		{ "{\"endpoints\": [{\"address\": \"any\", \"port\": 1, \"protocol\": \"sctp\"}]}", "/endpoints/0/protocol" },
		{ "{\"rules\": [{\"action\": \"drop\", \"regions\": []}]}", "/rules/0/action" },
		{ "{\"rules\": [{\"action\": \"admit\", \"regions\": [\"CN\", \"XX\"]}]}", "/rules/0/regions/1" },
		{ "{\"rules\": [{\"action\": \"admit\", \"regions\": [\"\"]}]}", "/rules/0/regions/0" },
		{ "{\"rules\": [{\"id\": \"\", \"action\": \"admit\", \"regions\": []}]}", "/rules/0/id" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		then_meeting_refused(cases[i].text, cases[i].pointer, "");
}

static void addresses_that_carry_no_endpoint_are_refused(void **state)
{
	static const char *const addresses[] = {
		"", "::", "0.0.0.0", "::ffff:0.0.0.0", "224.0.0.1", "239.1.2.3", "::ffff:224.0.0.1", "ff02::1",
		"192.0.2.256", "192.0.2", "192.0.2.1/32", "192.0.2.01", "fe80::1%eth0", "localhost", "ANY",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		json_t *json = json_pack("{s:[{s:s, s:i}, {s:s, s:i}]}", "endpoints",
					 "address", "192.0.2.1", "port", 1,
					 "address", addresses[i], "port", 2);
		char *text = json_dumps(json, 0);

		then_meeting_refused(text, "/endpoints/1/address", "");
		free(text);
		json_decref(json);
	}
}

static void ids_have_their_alphabet_and_length(void **state)
{
	char id[RG_MEETING_ID_MAX + 2];

	(void)state;
	memset(id, 'a', sizeof(id));
	id[RG_MEETING_ID_MAX + 1] = '\0';
	assert_false(rg_meeting_id_ok(id));
	id[RG_MEETING_ID_MAX] = '\0';
	assert_true(rg_meeting_id_ok(id));
	assert_true(rg_meeting_id_ok("Az09._:-"));
	assert_false(rg_meeting_id_ok(""));
	assert_false(rg_meeting_id_ok("a b"));
	assert_false(rg_meeting_id_ok("a/b"));
	assert_false(rg_meeting_id_ok("\xc3\xa9"));
}

static void the_body_may_not_name_another_meeting(void **state)
{
	struct rg_meeting_spec *meeting = NULL;
	struct rg_err err = { 0 };
	json_t *json = given_json("{\"default\": \"admit\"}");

	(void)state;
	then_meeting_refused("{\"id\": \"m-2\"}", "/id", "id is not that");
	assert_int_not_equal(rg_meeting_parse(json, NULL, &meeting, &err), 0);
	assert_string_equal(err.pointer, "/id");
	json_decref(json);
	json = given_json("{\"id\": \"a b\"}");
	assert_int_not_equal(rg_meeting_parse(json, NULL, &meeting, &err), 0);
	assert_string_equal(err.pointer, "/id");
	json_decref(json);
	json = given_json("{\"id\": \"m-2\"}");
	assert_int_equal(rg_meeting_parse(json, NULL, &meeting, &err), 0);
	assert_string_equal(meeting->id, "m-2");
	rg_meeting_free(meeting);
	json_decref(json);
}

static void an_endpoint_listed_twice_is_refused_however_it_is_written(void **state)
{
	(void)state;
	then_meeting_refused("{\"endpoints\": [{\"address\": \"192.0.2.1\", \"port\": 5},"
			     " {\"address\": \"192.0.2.2\", \"port\": 5},"
			     " {\"address\": \"::ffff:192.0.2.1\", \"port\": 5, \"protocol\": \"udp\"}]}",
			     "/endpoints/2", "twice");
	then_meeting_refused("{\"endpoints\": [{\"address\": \"2001:db8::1\", \"port\": 5},"
			     " {\"address\": \"2001:DB8:0::1\", \"port\": 5}]}", "/endpoints/1", "twice");
	rg_meeting_free(given_meeting("{\"endpoints\": [{\"address\": \"192.0.2.1\", \"port\": 5},"
				      " {\"address\": \"192.0.2.1\", \"port\": 5, \"protocol\": \"tcp\"},"
				      " {\"address\": \"192.0.2.1\", \"port\": 6}]}"));
}

static void rule_ids_are_unique_and_given_where_they_are_missing(void **state)
{
	struct rg_meeting_spec *meeting;

	(void)state;
	then_meeting_refused("{\"rules\": [{\"id\": \"a\", \"action\": \"admit\", \"regions\": []},"
			     " {\"id\": \"a\", \"action\": \"admit\", \"regions\": []}]}",
			     "/rules/1/id", "two rules");
	meeting = given_meeting("{\"rules\": [{\"action\": \"admit\", \"regions\": []},"
				" {\"action\": \"admit\", \"regions\": []},"
				" {\"id\": \"r2\", \"action\": \"admit\", \"regions\": []}]}");
	assert_string_equal(meeting->rules[0].id, "r1");
	assert_string_equal(meeting->rules[1].id, "r3");
	assert_string_equal(meeting->rules[2].id, "r2");
	rg_meeting_free(meeting);
}

static void more_than_the_limits_is_refused(void **state)
{
	json_t *endpoints = json_array(), *rules = json_array(), *regions = json_array(), *body;
	char *text;

	(void)state;
	for (int i = 0; i <= RG_ENDPOINTS_PER_MEETING_MAX; i++)
		json_array_append_new(endpoints, json_pack("{s:s, s:i}", "address", "any", "port", i + 1));
	for (int i = 0; i <= RG_RULES_PER_MEETING_MAX; i++)
		json_array_append_new(rules, json_pack("{s:s, s:[]}", "action", "admit", "regions"));
	for (int i = 0; i <= RG_REGIONS_PER_RULE_MAX; i++)
		json_array_append_new(regions, json_string("CN"));
	body = json_pack("{s:o}", "endpoints", endpoints);
	text = json_dumps(body, 0);
	then_meeting_refused(text, "/endpoints", "more than 1024");
	free(text);
	json_array_remove(endpoints, 0);
	text = json_dumps(body, 0);
	rg_meeting_free(given_meeting(text));
	free(text);
	json_decref(body);
	body = json_pack("{s:o}", "rules", rules);
	text = json_dumps(body, 0);
	then_meeting_refused(text, "/rules", "more than 256");
	free(text);
	json_decref(body);
	body = json_pack("{s:[{s:s, s:o}]}", "rules", "action", "admit", "regions", regions);
	text = json_dumps(body, 0);
	then_meeting_refused(text, "/rules/0/regions", "more than 1024");
	free(text);
	json_decref(body);
}

static void the_empty_body_is_a_meeting_with_defaults(void **state)
{
	(void)state;
	then_meeting_is("{}", "{\"id\":\"m-1\",\"endpoints\":[],\"ufrags\":[],\"default\":\"admit\",\"rules\":[],\"mode\":\"enforce\"}");
}

static void the_canonical_body_has_every_field_and_is_stable(void **state)
{
	static const char canonical[] =
		"{\"id\":\"m-1\",\"endpoints\":[{\"address\":\"192.0.2.1\",\"port\":10001,\"protocol\":\"udp\"},"
		"{\"address\":\"2001:db8::1\",\"port\":443,\"protocol\":\"tcp\"},"
		"{\"address\":\"any\",\"port\":65535,\"protocol\":\"udp\"}],"
		"\"ufrags\":[{\"endpoint\":\"sfu\",\"ufrag\":\"aB+/\"}],\"default\":\"refuse\","
		"\"rules\":[{\"id\":\"r1\",\"action\":\"admit\",\"regions\":[\"GB\",\"US-CA\",\"continent:EU\","
		"\"EEA\",\"custom:partners\",\"unknown\"]},{\"id\":\"x\",\"action\":\"refuse\",\"regions\":[]}],"
		"\"mode\":\"observe\"}";

	(void)state;
	then_meeting_is("{\"mode\": \"observe\", \"default\": \"refuse\", \"endpoints\": ["
			"{\"address\": \"::ffff:192.0.2.1\", \"port\": 10001},"
			"{\"address\": \"2001:0DB8::0001\", \"port\": 443, \"protocol\": \"tcp\"},"
			"{\"address\": \"any\", \"port\": 65535}],"
			"\"ufrags\": [{\"ufrag\": \"aB+/\", \"endpoint\": \"sfu\"}], \"rules\": [{\"action\": \"admit\","
			"\"regions\": [\"UK\", \"US-CA\", \"continent:EU\", \"EEA\", \"custom:partners\", \"unknown\"]},"
			"{\"id\": \"x\", \"action\": \"refuse\", \"regions\": []}]}", canonical);
	then_meeting_is(canonical, canonical);
}

static void text_that_is_not_json_says_where(void **state)
{
	static const char *const texts[] = { "", "{", "{\"a\": 1,}", "{\"a\": 1} x", "{\"a\": 1, \"a\": 2}", "nul",
					     "\"\xff\"", "{\"a\": \"\\u0000\"}" };
	static const char nul[] = "{\"a\": \"b\0c\"}";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct rg_err err = { 0 };
		json_t *json = NULL;

		assert_int_not_equal(rg_json_parse(texts[i], strlen(texts[i]), &json, &err), 0);
		assert_int_equal(err.code, RG_ERR_SYNTAX);
		assert_non_null(strstr(err.detail, "line 1"));
		assert_null(json);
		for (const char *p = err.detail; *p; p++)
			assert_true(*p >= ' ' && *p <= '~');
	}
	assert_int_not_equal(rg_json_parse(nul, sizeof(nul) - 1, &(json_t *){ NULL }, &(struct rg_err){ 0 }), 0);
}

static void a_number_beyond_64_bits_is_refused_with_its_pointer(void **state)
{
	static const char text[] = "{\"endpoints\": [{\"address\": \"any\", \"port\": 5},"
				   " {\"address\": \"any\", \"port\": 99999999999999999999999}]}";
	static const char real[] = "{\"endpoints\": [{\"address\": \"any\", \"port\": 1e400}]}";
	struct rg_meeting_spec *meeting;
	struct rg_err err = { 0 };
	json_t *json = NULL;

	(void)state;
	assert_int_equal(rg_json_parse(text, sizeof(text) - 1, &json, &err), 0);
	assert_int_not_equal(rg_meeting_parse(json, "m-1", &meeting, &err), 0);
	json_decref(json);
	assert_int_equal(err.code, RG_ERR_INVALID);
	assert_string_equal(err.pointer, "/endpoints/1/port");
	assert_int_not_equal(rg_json_parse(real, sizeof(real) - 1, &json, &err), 0);
	assert_int_equal(err.code, RG_ERR_INVALID);
	assert_non_null(strstr(err.detail, "too large"));
}

static void nesting_without_end_is_refused(void **state)
{
	size_t n = 100000;
	char *text = malloc(n);
	struct rg_err err = { 0 };
	json_t *json = NULL;

	(void)state;
	memset(text, '[', n);
	assert_int_not_equal(rg_json_parse(text, n, &json, &err), 0);
	assert_int_equal(err.code, RG_ERR_SYNTAX);
	free(text);
}

static void every_truncation_of_a_body_is_refused(void **state)
{
	static const char text[] = "{\"id\": \"m-1\", \"endpoints\": [{\"address\": \"192.0.2.1\", \"port\": 5}],"
				   " \"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"]}]}";

	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		char *cut = malloc(n + 1); /* so that the sanitizer sees a read behind it */
		struct rg_err err = { 0 };
		json_t *json = NULL;

		memcpy(cut, text, n);
		assert_int_not_equal(rg_json_parse(cut, n, &json, &err), 0);
		free(cut);
	}
}

static void long_and_odd_text_in_an_error_stays_utf8(void **state)
{
	struct rg_err err = { 0 };
	struct rg_meeting_spec *meeting = NULL;
	char field[1000];
	json_t *json, *said;

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(field); i += 2)
		memcpy(field + i, "\xc3\xa9", 3);
	json = json_pack("{s:i}", field, 1);
	assert_int_not_equal(rg_meeting_parse(json, "m-1", &meeting, &err), 0);
	said = json_pack("{s:s, s:s}", "detail", err.detail, "pointer", err.pointer);
	assert_non_null(said); /* NULL if one of them is not UTF-8 */
	json_decref(said);
	json_decref(json);
}

static void quoted_text_is_short_and_utf8(void **state)
{
	static const char *const texts[] = { "", "m-1", "\xff\xfe", "\xc3\xa9",
		"0123456789012345678901234567890123456789012345\xe4\xb8\xad\xe4\xb8\xad",
		"0123456789012345678901234567890123456789012345678901234567890123456789\xff" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char buf[RG_QUOTE_MAX];
		json_t *json = json_string(rg_json_quote(texts[i], buf));

		assert_non_null(json);
		assert_true(strlen(buf) <= 51);
		json_decref(json);
	}
}

static int parse_region(const char *text, struct rg_custom_region *ret, struct rg_err *err)
{
	json_t *json = given_json(text);
	int r = rg_custom_region_parse(json, "partners", ret, err);

	json_decref(json);
	return r;
}

static void custom_regions_that_are_wrong_are_refused_with_their_pointer(void **state)
{
	static const struct { const char *text, *pointer; } cases[] = {
		{ "1", "" }, { "{}", "/networks" }, { "{\"networks\": {}}", "/networks" },
		{ "[\"192.0.2.0/24\", \"x\"]", "/1" }, { "[1]", "/0" },
		{ "{\"networks\": [\"192.0.2.0/33\"]}", "/networks/0" },
		{ "{\"networks\": [\"192.0.2.1/24\"]}", "/networks/0" },
		{ "{\"networks\": [\"2001:db8::1/32\"]}", "/networks/0" },
		{ "{\"networks\": [], \"country\": \"XX\"}", "/country" },
		{ "{\"networks\": [], \"country\": 1}", "/country" },
		{ "{\"networks\": [], \"name\": \"other\"}", "/name" },
		{ "{\"networks\": [], \"countries\": \"CN\"}", "/countries" },
	};
	struct rg_custom_region region = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rg_err err = { 0 };

		if (!parse_region(cases[i].text, &region, &err))
			fail_msg("accepted: %s", cases[i].text);
		assert_null(region.networks);
		assert_int_equal(err.code, RG_ERR_INVALID);
		assert_string_equal(err.pointer, cases[i].pointer);
	}
}

static void a_custom_region_is_a_list_or_an_object(void **state)
{
	struct rg_custom_region region = { 0 };
	struct rg_err err = { 0 };
	json_t *json;
	char *text;

	(void)state;
	assert_int_equal(parse_region("[\"192.0.2.0/24\", \"2001:db8::/32\", \"198.51.100.7\"]", &region, &err), 0);
	assert_int_equal(region.n_networks, 3);
	assert_int_equal(region.networks[0].length, 96 + 24);
	assert_int_equal(region.networks[2].length, 128);
	assert_string_equal(region.country, "");
	rg_custom_region_clear(&region);
	assert_int_equal(parse_region("{\"name\": \"partners\", \"country\": \"uk\", \"networks\": [\"::ffff:192.0.2.0/120\"]}",
				      &region, &err), 0);
	json = rg_custom_region_to_json(&region);
	text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(text, "{\"name\":\"partners\",\"country\":\"GB\",\"networks\":[\"192.0.2.0/24\"]}");
	free(text);
	rg_custom_region_clear(&region);
	/* what a GET gave may be PUT */
	assert_int_equal(rg_custom_region_parse(json, "partners", &region, &err), 0);
	json_decref(json);
	rg_custom_region_clear(&region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_fields_are_refused_in_each_object),
		cmocka_unit_test(wrong_types_are_refused_with_their_pointer),
		cmocka_unit_test(missing_fields_are_refused),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(addresses_that_carry_no_endpoint_are_refused),
		cmocka_unit_test(ids_have_their_alphabet_and_length),
		cmocka_unit_test(the_body_may_not_name_another_meeting),
		cmocka_unit_test(an_endpoint_listed_twice_is_refused_however_it_is_written),
		cmocka_unit_test(rule_ids_are_unique_and_given_where_they_are_missing),
		cmocka_unit_test(more_than_the_limits_is_refused),
		cmocka_unit_test(the_empty_body_is_a_meeting_with_defaults),
		cmocka_unit_test(the_canonical_body_has_every_field_and_is_stable),
		cmocka_unit_test(text_that_is_not_json_says_where),
		cmocka_unit_test(a_number_beyond_64_bits_is_refused_with_its_pointer),
		cmocka_unit_test(nesting_without_end_is_refused),
		cmocka_unit_test(every_truncation_of_a_body_is_refused),
		cmocka_unit_test(long_and_odd_text_in_an_error_stays_utf8),
		cmocka_unit_test(quoted_text_is_short_and_utf8),
		cmocka_unit_test(custom_regions_that_are_wrong_are_refused_with_their_pointer),
		cmocka_unit_test(a_custom_region_is_a_list_or_an_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
