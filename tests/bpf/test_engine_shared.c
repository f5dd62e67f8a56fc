/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared endpoints and ufrags in the engine: whose a request is, what may be bound, conflicts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "harness/ufrags.h"

static void a_binding_request_is_judged_by_the_meeting_of_its_ufrag(void **state)
{
	json_t *answer;

	(void)state;
	given_engine();
	given_world();
	given_endpoint("sfu", SFU);
	given_meeting("m-1", "{\"ufrags\": [" ONE("abcd") ", " ONE("abcdefgh") "], " REFUSE_CN "}");
	given_meeting("m-2", "{}");
	given_bound("m-2", "sfu", "wxyz+/");
	then_request(CN4, 10000, "abcd", "refuse_region", "m-1");
	then_request(CN4, 10010, "abcdefgh", "refuse_region", "m-1");
	then_request(DE4, 10005, "abcd", "admit_default", "m-1");
	then_request(CN4, 10000, "wxyz+/", "admit_default", "m-2");
	then_request(CN4, 10000, "abcdefg", "refuse_unknown_ufrag", "");
	then_request(CN4, 10011, "abcd", "pass_not_conference", "");
	then_packet(CN4, SERVER, 10000, "refuse_unbound", "");
	answer = explain_ufrag(CN4, SERVER, 10000, "abcd");
	assert_string_equal(field(answer, "endpoint"), "sfu");
	assert_string_equal(field(answer, "tie"), "ufrag");
	assert_string_equal(field(answer, "rule"), "r-cn");
	json_decref(answer);
}

static void what_no_meeting_is_found_for_is_as_the_endpoint_says(void **state)
{
	json_t *answer;

	(void)state;
	given_engine();
	given_endpoint("sfu6", SFU6);
	then_packet(CN6, SERVER6, 10000, "admit_flow_unbound", "");
	given_endpoint("sfu6", "{\"address\": \"" SERVER6 "\", \"port\": 10000}");
	then_packet(CN6, SERVER6, 10000, "refuse_unbound", "");
	answer = explain_ufrag(CN6, SERVER6, 10000, "abcd");
	assert_string_equal(field(answer, "reason"), "refuse_unknown_ufrag");
	json_decref(answer);
}

static void old_and_new_ufrags_hold_together_and_a_put_drops_those_it_does_not_list(void **state)
{
	uint64_t before, after;
	char *text;

	(void)state;
	given_engine();
	given_endpoint("sfu", SFU);
	given_meeting("m-1", "{\"ufrags\": [" ONE("old1") "]}");
	before = revision_of("m-1");
	given_bound("m-1", "sfu", "new1");
	after = revision_of("m-1");
	assert_true(after > before);
	then_ufrags("m-1", "[" ONE("old1") "," ONE("new1") "]");
	then_request(DE4, 10000, "old1", "admit_default", "m-1");
	then_request(DE4, 10000, "new1", "admit_default", "m-1");
	given_bound("m-1", "sfu", "new1"); /* again: nothing happens */
	assert_int_equal(revision_of("m-1"), after);
	given_meeting("m-1", "{\"ufrags\": [" ONE("new1") ", " ONE("new2") "]}");
	then_ufrags("m-1", "[" ONE("new1") "," ONE("new2") "]");
	then_request(DE4, 10000, "old1", "refuse_unknown_ufrag", "");
	then_request(DE4, 10000, "new1", "admit_default", "m-1");
	after = revision_of("m-1");
	given_meeting("m-1", "{\"ufrags\": [" ONE("new2") ", " ONE("new1") "]}"); /* the same set */
	assert_int_equal(revision_of("m-1"), after);
	assert_int_equal(unbind("m-1", "sfu", "new1"), 0);
	flush();
	then_request(DE4, 10000, "new1", "refuse_unknown_ufrag", "");
	text = snapshot();
	when_restarted();
	then_snapshot(text);
	then_request(DE4, 10000, "new2", "admit_default", "m-1");
	then_request(DE4, 10000, "new1", "refuse_unknown_ufrag", "");
	given_meeting("m-1", "{}");
	then_ufrags("m-1", "[]");
	then_request(DE4, 10000, "new2", "refuse_unknown_ufrag", "");
}

static void a_patch_keeps_ufrags(void **state)
{
	json_t *patch = json_loads("{\"mode\": \"observe\"}", 0, NULL);

	(void)state;
	given_engine();
	given_endpoint("sfu", SFU);
	given_meeting("m-1", "{\"ufrags\": [" ONE("abcd") "]}");
	assert_int_equal(rg_engine_meeting_patch(engine, "m-1", patch, 0, NULL, &err), 0);
	json_decref(patch);
	flush();
	then_ufrags("m-1", "[" ONE("abcd") "]");
	then_request(DE4, 10000, "abcd", "admit_default", "m-1");
}

static void a_ufrag_has_one_meeting_on_each_endpoint(void **state)
{
	char *text;

	(void)state;
	given_engine();
	given_endpoint("sfu", SFU);
	given_endpoint("sfu6", SFU6);
	given_meeting("m-1", "{\"ufrags\": [" ONE("abcd") "]}");
	given_meeting("m-2", "{\"ufrags\": [{\"endpoint\": \"sfu6\", \"ufrag\": \"abcd\"}]}");
	text = snapshot();
	assert_int_not_equal(bind("m-2", "sfu", "abcd"), 0);
	then_error(RG_ERR_CONFLICT, "/ufrag", "held by meeting 'm-1'");
	assert_int_not_equal(put("m-2", "{\"ufrags\": [" ONE("efgh") ", " ONE("abcd") "]}"), 0);
	then_error(RG_ERR_CONFLICT, "/ufrags/1/ufrag", "held by meeting 'm-1'");
	assert_int_not_equal(put("m-3", "{\"ufrags\": [" ONE("abcd") "]}"), 0);
	then_error(RG_ERR_CONFLICT, "/ufrags/0/ufrag", "held by meeting 'm-1'");
	flush();
	then_snapshot(text);
	then_request(DE4, 10000, "abcd", "admit_default", "m-1");
	then_request(DE4, 10000, "efgh", "refuse_unknown_ufrag", "");
}

static void wrong_binds_change_nothing(void **state)
{
	char *text, longest[RG_UFRAG_MAX + 2];

	(void)state;
	given_engine();
	given_endpoint("sfu", SFU);
	given_endpoint("jvb", "{\"address\": \"any\", \"port\": 20000, \"ufrag_prefix\": 8}");
	given_meeting("m-1", "{}");
	text = snapshot();
	assert_int_not_equal(bind("m-none", "sfu", "abcd"), 0);
	then_error(RG_ERR_NOT_FOUND, "", "no meeting 'm-none'");
	assert_int_not_equal(bind("m-1", "none", "abcd"), 0);
	then_error(RG_ERR_INVALID, "/endpoint", "no shared endpoint 'none'");
	assert_int_not_equal(bind("m-1", "sfu", "abc"), 0);
	then_error(RG_ERR_INVALID, "/ufrag", "4 to 256");
	memset(longest, 'x', sizeof(longest));
	longest[RG_UFRAG_MAX + 1] = '\0';
	assert_int_not_equal(bind("m-1", "sfu", longest), 0);
	then_error(RG_ERR_INVALID, "/ufrag", "4 to 256");
	assert_int_not_equal(bind("m-1", "jvb", "123456789"), 0);
	then_error(RG_ERR_INVALID, "/ufrag", "exactly 8 characters");
	assert_int_not_equal(unbind("m-1", "sfu", "abcd"), 0);
	then_error(RG_ERR_NOT_FOUND, "", "does not hold");
	assert_int_not_equal(unbind("m-1", "sfu", longest), 0);
	then_error(RG_ERR_NOT_FOUND, "", "does not hold");
	assert_int_not_equal(rg_engine_ufrag_bind(engine, "m-1", "sfu", "abcd", 999, NULL, NULL, &err), 0);
	then_error(RG_ERR_PRECONDITION, "", "has revision");
	flush();
	then_snapshot(text);
}

static void ufrags_of_all_lengths_are_compared_whole(void **state)
{
	char text[RG_UFRAG_MAX + 1];

	(void)state;
	given_engine();
	given_endpoint("sfu", SFU);
	given_meeting("m-1", "{}");
	given_meeting("m-2", "{}");
	for (size_t n = 31; n <= RG_UFRAG_MAX; n = n < 34 ? n + 1 : n < 255 ? 255 : n + 1) {
		memset(text, 'a', n);
		text[n] = '\0';
		given_bound(n % 2 ? "m-1" : "m-2", "sfu", text);
		then_request(DE4, 10000, text, "admit_default", n % 2 ? "m-1" : "m-2");
		text[n - 1] = 'b';
		then_request(DE4, 10000, text, "refuse_unknown_ufrag", "");
	}
}

static void a_prefix_stands_for_every_ufrag_that_begins_with_it(void **state)
{
	(void)state;
	given_engine();
	given_endpoint("jvb", "{\"address\": \"any\", \"port\": 20000, \"ufrag_prefix\": 8}");
	given_meeting("m-1", "{\"ufrags\": [{\"endpoint\": \"jvb\", \"ufrag\": \"prefix01\"}]}");
	then_request(DE4, 20000, "prefix01", "admit_default", "m-1");
	then_request(DE4, 20000, "prefix01abcdef", "admit_default", "m-1");
	then_request(DE4, 20000, "prefix0", "refuse_unknown_ufrag", "");
	then_request(DE4, 20000, "prefix02abcdef", "refuse_unknown_ufrag", "");
	assert_int_not_equal(endpoint_put("jvb", "{\"address\": \"any\", \"port\": 20000, \"ufrag_prefix\": 9}"), 0);
	then_error(RG_ERR_CONFLICT, "/ufrag_prefix", "'m-1'");
	flush();
	given_endpoint("jvb", "{\"address\": \"any\", \"port\": 20001, \"ufrag_prefix\": 8}");
	then_request(DE4, 20001, "prefix01abcdef", "admit_default", "m-1");
	then_packet(DE4, SERVER, 20000, "pass_not_conference", "");
}

static void shared_and_dedicated_endpoints_do_not_overlap(void **state)
{
	char *text;

	(void)state;
	given_engine();
	given_endpoint("sfu", SFU);
	given_meeting("m-1", "{\"endpoints\": [" AT(SERVER, 9999) "]}");
	text = snapshot();
	assert_int_not_equal(put("m-2", "{\"endpoints\": [" AT(SERVER, 9998) ", " AT(SERVER, 10010) "]}"), 0);
	then_error(RG_ERR_CONFLICT, "/endpoints/1", "shared endpoint 'sfu'");
	assert_int_not_equal(put("m-2", "{\"endpoints\": [" AT("any", 10000) "]}"), 0);
	then_error(RG_ERR_CONFLICT, "/endpoints/0", "shared endpoint 'sfu'");
	assert_int_not_equal(endpoint_put("b", "{\"address\": \"" SERVER "\", \"ports\": \"9000-9999\"}"), 0);
	then_error(RG_ERR_CONFLICT, "", "meeting 'm-1'");
	assert_int_not_equal(endpoint_put("b", "{\"address\": \"any\", \"port\": 9999}"), 0);
	then_error(RG_ERR_CONFLICT, "", "meeting 'm-1'");
	assert_int_not_equal(endpoint_put("b", "{\"address\": \"any\", \"port\": 10003}"), 0);
	then_error(RG_ERR_CONFLICT, "", "'b' overlaps with the endpoint 'sfu'");
	flush();
	then_snapshot(text);
	given_endpoint("b", "{\"address\": \"" SERVER "\", \"ports\": \"9000-9999\", \"protocol\": \"tcp\"}");
	given_endpoint("c", "{\"address\": \"" SERVER6 "\", \"ports\": \"10000-10010\"}");
}

static void ports_change_hands_within_one_flush(void **state)
{
	(void)state;
	given_engine();
	given_endpoint("sfu", SFU);
	given_meeting("m-1", "{\"endpoints\": [" AT(SERVER, 9) "]}");
	assert_int_equal(rg_engine_endpoint_delete(engine, "sfu", 0, &err), 0);
	assert_int_equal(put("m-1", "{\"endpoints\": [" AT(SERVER, 10000) "]}"), 0);
	assert_int_equal(endpoint_put("b", "{\"address\": \"" SERVER "\", \"ports\": \"9-10\"}"), 0);
	flush();
	then_packet(DE4, SERVER, 10000, "admit_default", "m-1");
	then_packet(DE4, SERVER, 10001, "pass_not_conference", "");
	then_packet(DE4, SERVER, 9, "refuse_unbound", "");
	then_packet(DE4, SERVER, 10, "refuse_unbound", "");
	assert_int_equal(endpoint_put("b", "{\"address\": \"" SERVER "\", \"port\": 10}"), 0);
	assert_int_equal(endpoint_put("c", "{\"address\": \"" SERVER "\", \"port\": 9, \"unbound\": \"admit\"}"), 0);
	flush();
	then_packet(DE4, SERVER, 9, "admit_flow_unbound", "");
	then_packet(DE4, SERVER, 10, "refuse_unbound", "");
}

static void an_endpoint_with_ufrags_stays(void **state)
{
	uint64_t revision = 0;
	json_t *body = NULL;

	(void)state;
	given_engine();
	given_endpoint("sfu", SFU);
	given_meeting("m-1", "{\"ufrags\": [" ONE("abcd") "]}");
	assert_int_not_equal(rg_engine_endpoint_delete(engine, "sfu", 0, &err), 0);
	then_error(RG_ERR_CONFLICT, "", "meeting 'm-1'");
	assert_int_equal(rg_engine_meeting_delete(engine, "m-1", 0, &err), 0);
	assert_int_equal(rg_engine_endpoint_get(engine, "sfu", &body, &revision, &err), 0);
	json_decref(body);
	assert_int_not_equal(rg_engine_endpoint_delete(engine, "sfu", revision + 1, &err), 0);
	then_error(RG_ERR_PRECONDITION, "", "has revision");
	assert_int_equal(rg_engine_endpoint_delete(engine, "sfu", revision, &err), 0);
	assert_int_not_equal(rg_engine_endpoint_get(engine, "sfu", &body, NULL, &err), 0);
	then_error(RG_ERR_NOT_FOUND, "", "'sfu'");
	flush();
	then_packet(DE4, SERVER, 10000, "pass_not_conference", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_binding_request_is_judged_by_the_meeting_of_its_ufrag),
		TEST(what_no_meeting_is_found_for_is_as_the_endpoint_says),
		TEST(old_and_new_ufrags_hold_together_and_a_put_drops_those_it_does_not_list),
		TEST(a_patch_keeps_ufrags),
		TEST(a_ufrag_has_one_meeting_on_each_endpoint),
		TEST(wrong_binds_change_nothing),
		TEST(ufrags_of_all_lengths_are_compared_whole),
		TEST(a_prefix_stands_for_every_ufrag_that_begins_with_it),
		TEST(shared_and_dedicated_endpoints_do_not_overlap),
		TEST(ports_change_hands_within_one_flush),
		TEST(an_endpoint_with_ufrags_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
