/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bodies of shared endpoints, and ufrags: what is refused, with which pointer, and what comes out. */
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
#include "policy/endpoint.h"
#include "policy/meeting.h"

static struct rg_shared_spec given_shared(const char *text)
{
	struct rg_shared_spec shared;
	struct rg_err err = { 0 };
	json_t *json = given_json(text);

	if (rg_shared_parse(json, "sfu", &shared, &err))
		fail_msg("%s: %s: %s", text, err.pointer, err.detail);
	json_decref(json);
	return shared;
}

static void then_refused_as(const char *name, const char *text, const char *pointer, const char *words)
{
	struct rg_shared_spec shared, before;
	struct rg_err err = { 0 };
	json_t *json = given_json(text);

	memset(&shared, 0x5a, sizeof(shared));
	before = shared;
	if (!rg_shared_parse(json, name, &shared, &err))
		fail_msg("accepted: %s", text);
	json_decref(json);
	assert_memory_equal(&shared, &before, sizeof(shared));
	assert_int_equal(err.code, RG_ERR_INVALID);
	assert_string_equal(err.pointer, pointer);
	if (!strstr(err.detail, words))
		fail_msg("'%s' does not say '%s'", err.detail, words);
}

static void then_refused(const char *text, const char *pointer, const char *words)
{
	then_refused_as("sfu", text, pointer, words);
}

static void then_shared_is(const char *text, const char *canonical)
{
	struct rg_shared_spec shared = given_shared(text);
	json_t *json = rg_shared_to_json(&shared);
	char *dump = json_dumps(json, JSON_COMPACT);

	assert_string_equal(dump, canonical);
	free(dump);
	json_decref(json);
}

#define AT(ports) "{\"address\": \"198.51.100.10\", " ports "}"

static void a_port_or_a_range_is_an_endpoint_with_defaults(void **state)
{
	(void)state;
	then_shared_is(AT("\"port\": 10000"),
		       "{\"name\":\"sfu\",\"address\":\"198.51.100.10\",\"port\":10000,\"protocol\":\"udp\","
		       "\"classify\":\"ufrag\",\"unbound\":\"refuse\",\"ufrag_prefix\":null}");
	then_shared_is("{\"name\": \"sfu\", \"address\": \"any\", \"ports\": \"10000-10010\", \"protocol\": \"tcp\","
		       "\"classify\": \"ufrag\", \"unbound\": \"admit\", \"ufrag_prefix\": 8}",
		       "{\"name\":\"sfu\",\"address\":\"any\",\"ports\":\"10000-10010\",\"protocol\":\"tcp\","
		       "\"classify\":\"ufrag\",\"unbound\":\"admit\",\"ufrag_prefix\":8}");
	then_shared_is(AT("\"ports\": \"7-7\""),
		       "{\"name\":\"sfu\",\"address\":\"198.51.100.10\",\"port\":7,\"protocol\":\"udp\","
		       "\"classify\":\"ufrag\",\"unbound\":\"refuse\",\"ufrag_prefix\":null}");
	then_shared_is(AT("\"ports\": \"7\", \"ufrag_prefix\": null"),
		       "{\"name\":\"sfu\",\"address\":\"198.51.100.10\",\"port\":7,\"protocol\":\"udp\","
		       "\"classify\":\"ufrag\",\"unbound\":\"refuse\",\"ufrag_prefix\":null}");
}

static void wrong_fields_are_refused_with_their_pointer(void **state)
{
	static const struct { const char *text, *pointer, *words; } cases[] = {
		{ "[]", "", "not an object" },
		{ "{\"port\": 1}", "/address", "is missing" },
		{ "{\"address\": \"any\"}", "/port", "is missing" },
		{ AT("\"port\": 0"), "/port", "1 to 65535" },
		{ AT("\"port\": 1, \"ports\": \"1-2\""), "/port", "both" },
		{ AT("\"ports\": 10000"), "/ports", "not a string" },
		{ AT("\"ports\": \"\""), "/ports", "FIRST-LAST" },
		{ AT("\"ports\": \"1-\""), "/ports", "FIRST-LAST" },
		{ AT("\"ports\": \"-1\""), "/ports", "FIRST-LAST" },
		{ AT("\"ports\": \"0-1\""), "/ports", "FIRST-LAST" },
		{ AT("\"ports\": \"1-65536\""), "/ports", "FIRST-LAST" },
		{ AT("\"ports\": \"01-2\""), "/ports", "FIRST-LAST" },
		{ AT("\"ports\": \"1 - 2\""), "/ports", "FIRST-LAST" },
		{ AT("\"ports\": \"1-2-3\""), "/ports", "FIRST-LAST" },
		{ AT("\"ports\": \"99999999999-1\""), "/ports", "FIRST-LAST" },
		{ AT("\"ports\": \"11-10\""), "/ports", "comes before" },
		{ AT("\"port\": 1, \"protocol\": \"sctp\""), "/protocol", "udp" },
		{ AT("\"port\": 1, \"classify\": \"sni\""), "/classify", "ufrag" },
		{ AT("\"port\": 1, \"unbound\": \"pass\""), "/unbound", "refuse" },
		{ AT("\"port\": 1, \"ufrag_prefix\": 3"), "/ufrag_prefix", "4 to 256" },
		{ AT("\"port\": 1, \"ufrag_prefix\": 257"), "/ufrag_prefix", "4 to 256" },
		{ AT("\"port\": 1, \"ufrag_prefix\": \"8\""), "/ufrag_prefix", "4 to 256" },
		{ AT("\"port\": 1, \"meeting\": \"m-1\""), "/meeting", "unknown field" },
		{ AT("\"port\": 1, \"name\": \"other\""), "/name", "is not that of" },
		{ "{\"address\": \"0.0.0.0\", \"port\": 1}", "/address", "any" },
		{ "{\"address\": \"224.0.0.1\", \"port\": 1}", "/address", "multicast" },
		{ "{\"address\": \"::\", \"port\": 1}", "/address", "any" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		then_refused(cases[i].text, cases[i].pointer, cases[i].words);
	then_refused_as("a/b", AT("\"port\": 1"), "", "1 to 64");
	then_refused_as("", AT("\"port\": 1"), "", "1 to 64");
}

static void the_maps_entry_says_the_same(void **state)
{
	struct rg_shared_spec spec = given_shared(AT("\"ports\": \"10000-10010\", \"unbound\": \"admit\", \"ufrag_prefix\": 8"));
	struct rg_shared entry = rg_shared_entry(&spec);

	(void)state;
	assert_int_equal(entry.flags, RG_SHARED_ADMIT_UNBOUND);
	assert_int_equal(entry.ufrag_prefix, 8);
	assert_int_equal(entry.first_port, 10000);
	assert_int_equal(entry.last_port, 10010);
	assert_int_equal(entry.protocol, IPPROTO_UDP);
	assert_string_equal(entry.name, "sfu");
}

static bool ufrag_ok(const char *text)
{
	struct rg_err err = { 0 };

	return !rg_ufrag_check(text, &err);
}

static void ufrags_of_4_to_256_visible_characters_without_a_colon_are_taken(void **state)
{
	char text[300];

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		memset(text, 'a', n);
		text[n] = '\0';
		assert_int_equal(ufrag_ok(text), n >= 4 && n <= 256);
	}
	for (int c = 1; c < 256; c++) {
		memcpy(text, "abcd", 5);
		text[2] = (char)c;
		assert_int_equal(ufrag_ok(text), c > ' ' && c < 0x7f && c != ':');
	}
}

static void a_prefix_endpoint_takes_ufrags_of_that_length_only(void **state)
{
	struct rg_shared_spec spec = given_shared(AT("\"port\": 1, \"ufrag_prefix\": 8"));
	struct rg_err err = { 0 };

	(void)state;
	assert_int_equal(rg_ufrag_check_prefix("12345678", &spec, &err), 0);
	assert_int_not_equal(rg_ufrag_check_prefix("123456789", &spec, &err), 0);
	assert_int_equal(err.code, RG_ERR_INVALID);
	assert_non_null(strstr(err.detail, "exactly 8 characters, not 9"));
	assert_int_not_equal(rg_ufrag_check_prefix("1234567", &spec, &err), 0);
	spec.ufrag_prefix = 0;
	assert_int_equal(rg_ufrag_check_prefix("123456789", &spec, &err), 0);
}

static void then_ufrags_refused(const char *text, const char *pointer, const char *words)
{
	struct rg_ufrag_spec *ufrags = (void *)1;
	struct rg_err err = { 0 };
	json_t *json = given_json(text);
	size_t n = 7;

	if (!rg_ufrags_parse(json, &ufrags, &n, &err))
		fail_msg("accepted: %s", text);
	json_decref(json);
	assert_ptr_equal(ufrags, (void *)1);
	assert_int_equal(n, 7);
	assert_string_equal(err.pointer, pointer);
	if (!strstr(err.detail, words))
		fail_msg("'%s' does not say '%s'", err.detail, words);
}

#define UFRAG(endpoint, text) "{\"endpoint\": \"" endpoint "\", \"ufrag\": \"" text "\"}"

static void wrong_lists_of_ufrags_are_refused_with_their_pointer(void **state)
{
	(void)state;
	then_ufrags_refused("{\"ufrags\": {}}", "/ufrags", "not an array");
	then_ufrags_refused("{\"ufrags\": [\"abcd\"]}", "/ufrags/0", "not an object");
	then_ufrags_refused("{\"ufrags\": [{\"endpoint\": \"sfu\"}]}", "/ufrags/0/ufrag", "is missing");
	then_ufrags_refused("{\"ufrags\": [{\"ufrag\": \"abcd\"}]}", "/ufrags/0/endpoint", "is missing");
	then_ufrags_refused("{\"ufrags\": [" UFRAG("a b", "abcd") "]}", "/ufrags/0/endpoint", "1 to 64");
	then_ufrags_refused("{\"ufrags\": [" UFRAG("sfu", "abcd") ", " UFRAG("sfu", "abc") "]}", "/ufrags/1/ufrag",
			    "4 to 256");
	then_ufrags_refused("{\"ufrags\": [" UFRAG("sfu", "ab:cd") "]}", "/ufrags/0/ufrag", "':'");
	then_ufrags_refused("{\"ufrags\": [" UFRAG("sfu", "ab\\u00fccd") "]}", "/ufrags/0/ufrag", "ASCII");
	then_ufrags_refused("{\"ufrags\": [" UFRAG("sfu", "abcd") ", " UFRAG("s", "abcd") ", " UFRAG("sfu", "abcd") "]}",
			    "/ufrags/2", "listed twice");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_or_a_range_is_an_endpoint_with_defaults),
		cmocka_unit_test(wrong_fields_are_refused_with_their_pointer),
		cmocka_unit_test(the_maps_entry_says_the_same),
		cmocka_unit_test(ufrags_of_4_to_256_visible_characters_without_a_colon_are_taken),
		cmocka_unit_test(a_prefix_endpoint_takes_ufrags_of_that_length_only),
		cmocka_unit_test(wrong_lists_of_ufrags_are_refused_with_their_pointer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
