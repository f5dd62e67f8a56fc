/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The engine on the real program: what a call changes, and what it must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "harness/engine.h"

static void a_refused_body_changes_nothing(void **state)
{
	static const struct { const char *body, *pointer; enum rg_errc code; } cases[] = {
		{ "[]", "", RG_ERR_INVALID },
		{ "{\"id\": \"m-2\"}", "/id", RG_ERR_INVALID },
		{ "{\"endpoints\": [" AT("224.0.0.1", 5) "]}", "/endpoints/0/address", RG_ERR_INVALID },
		{ "{\"rules\": [{\"action\": \"refuse\", \"regions\": [\"XX\"]}]}", "/rules/0/regions/0", RG_ERR_INVALID },
		{ "{\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\", \"custom:no\"]}]}", "/rules/0/regions/1", RG_ERR_INVALID },
	};
	char *before;

	(void)state;
	given_engine();
	given_world();
	given_meeting("m-1", "{\"endpoints\": [" AT(SERVER, 5) "], " REFUSE_CN "}");
	before = snapshot();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_not_equal(put("m-1", cases[i].body), 0);
		then_error(cases[i].code, cases[i].pointer, "");
	}
	flush();
	then_packet(CN4, SERVER, 5, "refuse_region", "m-1");
	then_snapshot(before);
}

static void a_put_holds_from_the_flush_on(void **state)
{
	bool created = false;
	uint64_t first = 0, second = 0, third = 0;

	(void)state;
	given_engine();
	given_world();
	assert_int_equal(put_if("m-1", "{\"endpoints\": [" AT(SERVER, 5) ", " AT(SERVER6, 5) "]}", 0, &created, &first), 0);
	assert_true(created);
	then_packet(CN4, SERVER, 5, "pass_not_conference", ""); /* not before */
	flush();
	then_packet(CN4, SERVER, 5, "admit_default", "m-1");
	then_packet(CN6, SERVER6, 5, "admit_default", "m-1");
	then_packet(CN4, SERVER, 6, "pass_not_conference", "");
	assert_int_equal(put_if("m-1", "{\"endpoints\": [" AT(SERVER, 5) ", " AT(SERVER6, 5) "], " REFUSE_CN "}", 0,
				&created, &second), 0);
	assert_false(created);
	assert_true(second > first);
	flush();
	then_packet(CN4, SERVER, 5, "refuse_region", "m-1");
	then_packet(CN6, SERVER6, 5, "refuse_region", "m-1");
	then_packet(DE4, SERVER, 5, "admit_default", "m-1");
	then_packet(NOWHERE4, SERVER, 5, "admit_default", "m-1");
	/* the same body again is no change */
	assert_int_equal(put_if("m-1", "{\"mode\": \"enforce\", \"endpoints\": [" AT(SERVER, 5) ", " AT(SERVER6, 5) "], " REFUSE_CN "}",
				0, &created, &third), 0);
	assert_false(created);
	assert_int_equal(third, second);
}

static void observe_mode_refuses_nothing(void **state)
{
	json_t *answer;

	(void)state;
	given_engine();
	given_world();
	given_meeting("m-1", "{\"mode\": \"observe\", \"endpoints\": [" AT(SERVER, 5) "], " REFUSE_CN "}");
	answer = explain(CN4, SERVER, 5, "udp");
	assert_string_equal(field(answer, "reason"), "observe_refused");
	assert_string_equal(field(answer, "verdict"), "admit");
	assert_string_equal(field(answer, "rule"), "r-cn");
	json_decref(answer);
}

static void a_deleted_meeting_leaves_no_endpoint(void **state)
{
	json_t *body = NULL;

	(void)state;
	given_engine();
	given_meeting("m-1", "{\"endpoints\": [" AT(SERVER, 5) "], \"default\": \"refuse\"}");
	assert_int_equal(rg_engine_meeting_delete(engine, "m-1", 0, &err), 0);
	flush();
	then_packet(CN4, SERVER, 5, "pass_not_conference", "");
	assert_int_not_equal(rg_engine_meeting_get(engine, "m-1", &body, NULL, &err), 0);
	then_error(RG_ERR_NOT_FOUND, "", "m-1");
	assert_int_not_equal(rg_engine_meeting_delete(engine, "m-1", 0, &err), 0);
	then_error(RG_ERR_NOT_FOUND, "", "m-1");
}

static void if_match_is_kept(void **state)
{
	json_t *patch = json_object();
	uint64_t revision = 0;

	(void)state;
	given_engine();
	assert_int_not_equal(put_if("m-1", "{}", 1, NULL, NULL), 0);
	then_error(RG_ERR_PRECONDITION, "", "does not exist");
	assert_int_not_equal(put_if("m-1", "{}", RG_SOME_RESOURCE, NULL, NULL), 0);
	then_error(RG_ERR_PRECONDITION, "", "does not exist");
	assert_int_equal(put_if("m-1", "{}", RG_NO_RESOURCE, NULL, &revision), 0);
	flush();
	assert_int_not_equal(put_if("m-1", "{\"default\": \"refuse\"}", RG_NO_RESOURCE, NULL, NULL), 0);
	then_error(RG_ERR_PRECONDITION, "", "exists");
	assert_int_not_equal(put_if("m-1", "{\"default\": \"refuse\"}", revision + 1, NULL, NULL), 0);
	then_error(RG_ERR_PRECONDITION, "", "has revision");
	assert_int_not_equal(rg_engine_meeting_delete(engine, "m-1", revision + 1, &err), 0);
	then_error(RG_ERR_PRECONDITION, "", "has revision");
	assert_int_not_equal(rg_engine_meeting_patch(engine, "m-1", patch, revision + 1, NULL, &err), 0);
	then_error(RG_ERR_PRECONDITION, "", "has revision");
	assert_int_equal(put_if("m-1", "{\"default\": \"refuse\"}", revision, NULL, NULL), 0);
	assert_int_equal(put_if("m-1", "{}", RG_SOME_RESOURCE, NULL, NULL), 0);
	json_decref(patch);
}

static void patch_merges_by_rfc_7396(void **state)
{
	json_t *patch = json_loads("{\"default\": \"refuse\", \"rules\": null, \"mode\": \"observe\"}", 0, NULL);
	json_t *wrong = json_loads("{\"rules\": {\"0\": 1}}", 0, NULL), *body = NULL;
	char *text;

	(void)state;
	given_engine();
	assert_int_not_equal(rg_engine_meeting_patch(engine, "m-1", patch, 0, NULL, &err), 0);
	then_error(RG_ERR_NOT_FOUND, "", "m-1");
	given_meeting("m-1", "{\"endpoints\": [" AT(SERVER, 5) "], " REFUSE_CN "}");
	assert_int_equal(rg_engine_meeting_patch(engine, "m-1", patch, 0, NULL, &err), 0);
	assert_int_not_equal(rg_engine_meeting_patch(engine, "m-1", wrong, 0, NULL, &err), 0);
	then_error(RG_ERR_INVALID, "/rules", "not an array");
	flush();
	assert_int_equal(rg_engine_meeting_get(engine, "m-1", &body, NULL, &err), 0);
	text = json_dumps(body, JSON_COMPACT);
	assert_string_equal(text, "{\"id\":\"m-1\",\"endpoints\":[{\"address\":\"10.0.0.1\",\"port\":5,\"protocol\":\"udp\"}],\"ufrags\":[],"
				  "\"default\":\"refuse\",\"rules\":[],\"mode\":\"observe\"}");
	free(text);
	json_decref(body);
	json_decref(patch);
	json_decref(wrong);
}

static void an_endpoint_has_one_meeting(void **state)
{
	(void)state;
	given_engine();
	given_meeting("m-1", "{\"endpoints\": [" AT(SERVER, 5) ", " AT("any", 6) "]}");
	assert_int_not_equal(put("m-2", "{\"endpoints\": [" AT(SERVER, 7) ", " AT("::ffff:10.0.0.1", 5) "]}"), 0);
	then_error(RG_ERR_CONFLICT, "/endpoints/1", "10.0.0.1 port 5 udp is held by meeting 'm-1', so meeting 'm-2'");
	assert_int_not_equal(put("m-2", "{\"endpoints\": [" AT("any", 5) "]}"), 0);
	then_error(RG_ERR_CONFLICT, "/endpoints/0", "10.0.0.1 port 5 udp is held by meeting 'm-1'");
	assert_int_not_equal(put("m-2", "{\"endpoints\": [" AT(SERVER6, 6) "]}"), 0);
	then_error(RG_ERR_CONFLICT, "/endpoints/0", "any port 6 udp is held by meeting 'm-1'");
	/* another protocol, another port, another address are free */
	assert_int_equal(put("m-2", "{\"endpoints\": [{\"address\": \"" SERVER "\", \"port\": 5, \"protocol\": \"tcp\"},"
			     AT("10.0.0.2", 5) ", " AT(SERVER, 7) "]}"), 0);
	/* also against what is only staged */
	assert_int_not_equal(put("m-3", "{\"endpoints\": [" AT(SERVER, 7) "]}"), 0);
	then_error(RG_ERR_CONFLICT, "/endpoints/0", "meeting 'm-2'");
	flush();
	then_packet(DE4, SERVER, 5, "admit_default", "m-1");
	then_packet(DE4, SERVER, 7, "admit_default", "m-2");
	then_packet(DE4, "10.0.0.9", 6, "admit_default", "m-1"); /* "any" is every address */
}

static void an_endpoint_moves_within_one_flush(void **state)
{
	(void)state;
	given_engine();
	given_meeting("m-1", "{\"endpoints\": [" AT(SERVER, 5) ", " AT(SERVER, 6) "]}");
	assert_int_equal(put("m-1", "{\"endpoints\": [" AT(SERVER, 6) "]}"), 0);
	assert_int_equal(put("m-2", "{\"endpoints\": [" AT(SERVER, 5) "], \"default\": \"refuse\"}"), 0);
	flush();
	then_packet(DE4, SERVER, 5, "refuse_default", "m-2");
	then_packet(DE4, SERVER, 6, "admit_default", "m-1");
	/* a meeting goes, another one takes its endpoint, then it comes back with another one */
	assert_int_equal(rg_engine_meeting_delete(engine, "m-1", 0, &err), 0);
	assert_int_equal(put("m-3", "{\"endpoints\": [" AT(SERVER, 6) "]}"), 0);
	assert_int_equal(put("m-1", "{\"endpoints\": [" AT(SERVER, 7) "]}"), 0);
	flush();
	then_packet(DE4, SERVER, 6, "admit_default", "m-3");
	then_packet(DE4, SERVER, 7, "admit_default", "m-1");
}

static void a_failed_call_leaves_what_is_staged_beside_it(void **state)
{
	(void)state;
	given_engine();
	assert_int_equal(put("m-1", "{\"endpoints\": [" AT(SERVER, 5) "]}"), 0);
	assert_int_not_equal(put("m-2", "{\"endpoints\": [" AT(SERVER, 5) "]}"), 0);
	then_error(RG_ERR_CONFLICT, "/endpoints/0", "m-1");
	assert_int_equal(put("m-3", "{\"endpoints\": [" AT(SERVER, 6) "]}"), 0);
	flush();
	then_packet(DE4, SERVER, 5, "admit_default", "m-1");
	then_packet(DE4, SERVER, 6, "admit_default", "m-3");
}

static void a_custom_region_that_a_rule_names_stays(void **state)
{
	(void)state;
	given_engine();
	assert_int_equal(region_put("partners", "[\"203.0.113.0/24\"]"), 0);
	/* staged in the same turn is enough */
	assert_int_equal(put("m-1", "{\"endpoints\": [" AT(SERVER, 5) "], \"default\": \"refuse\","
			     "\"rules\": [{\"action\": \"admit\", \"regions\": [\"custom:partners\"]}]}"), 0);
	flush();
	then_packet(NOWHERE4, SERVER, 5, "admit_rule", "m-1");
	then_packet(DE4, SERVER, 5, "refuse_default", "m-1");
	assert_int_not_equal(rg_engine_region_delete(engine, "partners", 0, &err), 0);
	then_error(RG_ERR_CONFLICT, "", "'m-1'");
	assert_int_equal(region_put("partners", "[\"198.51.100.0/24\"]"), 0);
	flush();
	then_packet(NOWHERE4, SERVER, 5, "refuse_default", "m-1");
	then_packet(DE4, SERVER, 5, "admit_rule", "m-1");
	assert_int_equal(rg_engine_meeting_delete(engine, "m-1", 0, &err), 0);
	assert_int_equal(rg_engine_region_delete(engine, "partners", 0, &err), 0);
	flush();
	assert_int_not_equal(rg_engine_region_delete(engine, "partners", 0, &err), 0);
	then_error(RG_ERR_NOT_FOUND, "", "partners");
}

static void wrong_regions_change_nothing(void **state)
{
	char *before;

	(void)state;
	given_engine();
	given_world();
	before = snapshot();
	assert_int_not_equal(region_put("cn", "{\"networks\": [\"192.0.2.1/24\"]}"), 0);
	then_error(RG_ERR_INVALID, "/networks/0", "192.0.2.1/24");
	assert_int_not_equal(region_put("a b", "[]"), 0);
	then_error(RG_ERR_INVALID, "", "name");
	flush();
	then_snapshot(before);
}

static void a_class_that_is_new_gets_its_bit_in_old_policies(void **state)
{
	(void)state;
	given_engine();
	given_meeting("m-1", "{\"endpoints\": [" AT(SERVER, 5) "], " REFUSE_CN "}");
	then_packet(CN4, SERVER, 5, "admit_default", "m-1");
	given_world(); /* now there are classes in CN */
	then_packet(CN4, SERVER, 5, "refuse_region", "m-1");
}

static void pages_end_with_the_next_id_or_null(void **state)
{
	json_t *page = NULL;

	(void)state;
	given_engine();
	for (int i = 0; i < 5; i++) {
		char id[] = { 'm', '-', (char)('4' - i), '\0' };

		assert_int_equal(put(id, "{}"), 0);
	}
	flush();
	assert_int_equal(rg_engine_meeting_list(engine, "", 2, &page, &err), 0);
	assert_int_equal(json_array_size(json_object_get(page, "meetings")), 2);
	assert_string_equal(field(json_array_get(json_object_get(page, "meetings"), 0), "id"), "m-0");
	assert_string_equal(field(page, "next"), "m-1");
	json_decref(page);
	assert_int_equal(rg_engine_meeting_list(engine, "m-1", 3, &page, &err), 0);
	assert_int_equal(json_array_size(json_object_get(page, "meetings")), 3);
	assert_true(json_is_null(json_object_get(page, "next")));
	json_decref(page);
}

static void explain_refuses_what_is_no_packet(void **state)
{
	static const struct { const char *body, *pointer; } cases[] = {
		{ "{}", "/source" },
		{ "{\"source\": \"x\", \"destination\": \"10.0.0.1\", \"destination_port\": 5}", "/source" },
		{ "{\"source\": \"192.0.2.1\", \"destination\": \"2001:db8::1\", \"destination_port\": 5}", "/destination" },
		{ "{\"source\": \"192.0.2.1\", \"destination\": \"10.0.0.1\"}", "/destination_port" },
		{ "{\"source\": \"192.0.2.1\", \"destination\": \"10.0.0.1\", \"destination_port\": 0}", "/destination_port" },
		{ "{\"source\": \"192.0.2.1\", \"destination\": \"10.0.0.1\", \"destination_port\": 5, \"protocol\": \"icmp\"}", "/protocol" },
		{ "{\"frame\": \"abc\"}", "/frame" }, { "{\"frame\": \"zz\"}", "/frame" },
		{ "{\"frame\": \"00\"}", "/frame" }, { "{\"frame\": 1}", "/frame" },
		{ "{\"frame\": \"00\", \"source\": \"192.0.2.1\"}", "/source" },
		{ "[]", "" },
	};

	(void)state;
	given_engine();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *body = json_loads(cases[i].body, 0, NULL), *answer = NULL;

		if (!rg_engine_explain(engine, body, &answer, &err))
			fail_msg("accepted: %s", cases[i].body);
		then_error(RG_ERR_INVALID, cases[i].pointer, "");
		json_decref(body);
	}
}

static void explain_names_rule_and_region_and_counts_nothing(void **state)
{
	static const char frame[] = "020000000001020000000002" "0800" "4500001c00000000401100000c0002070a000001";
	json_t *answer, *status = NULL, *body;
	char *hex;

	(void)state;
	given_engine();
	given_world();
	given_meeting("m-1", "{\"endpoints\": [{\"address\": \"" SERVER6 "\", \"port\": 5, \"protocol\": \"tcp\"}, "
		      AT(SERVER, 5) "], " REFUSE_CN "}");
	answer = explain(CN6, SERVER6, 5, "tcp");
	assert_string_equal(field(answer, "verdict"), "refuse");
	assert_string_equal(field(answer, "region"), "CN");
	assert_string_equal(field(answer, "rule"), "r-cn");
	assert_string_equal(field(answer, "stage"), "policy");
	assert_true(json_integer_value(json_object_get(answer, "policy")) > 0);
	json_decref(answer);
	answer = explain(CN6, SERVER6, 5, "udp");
	assert_string_equal(field(answer, "verdict"), "pass");
	assert_true(json_is_null(json_object_get(answer, "region")));
	assert_true(json_is_null(json_object_get(answer, "rule")));
	json_decref(answer);
	/* the same from a frame as hex: source port 40000, port 5, length 8 */
	assert_true(asprintf(&hex, "%s%s", frame, "9c40000500080000") > 0);
	memcpy(hex + 52, "c0000207", 8);
	body = json_pack("{s:s}", "frame", hex);
	assert_int_equal(rg_engine_explain(engine, body, &answer, &err), 0);
	assert_string_equal(field(answer, "reason"), "refuse_region");
	json_decref(answer);
	json_decref(body);
	free(hex);
	assert_int_equal(rg_engine_status(engine, &status, &err), 0);
	assert_int_equal(json_object_size(json_object_get(status, "reasons")), 0);
	json_decref(status);
}

static void counters_come_from_the_kernel(void **state)
{
	static const unsigned char frame[] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
		0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 7, 10, 0, 0, 1,
		0x9c, 0x40, 0, 5, 0, 8, 0, 0,
	};
	json_t *stats = NULL, *status = NULL, *region;
	struct rg_trace trace;
	char *metrics = NULL;
	int action;

	(void)state;
	given_engine();
	given_world();
	given_meeting("m-1", "{\"endpoints\": [" AT(SERVER, 5) "], " REFUSE_CN "}");
	for (int i = 0; i < 3; i++)
		assert_int_equal(rg_dp_run(rg_engine_dp(engine), frame, sizeof(frame), 0, &action, &trace, &err), 0);
	assert_int_equal(rg_engine_meeting_stats(engine, "m-1", &stats, &err), 0);
	assert_int_equal(json_integer_value(json_object_get(stats, "packets")), 3);
	region = json_object_get(json_object_get(json_object_get(stats, "regions"), "CN"), "refuse");
	assert_int_equal(json_integer_value(json_object_get(region, "packets")), 3);
	assert_int_equal(json_integer_value(json_object_get(region, "bytes")), 3 * sizeof(frame));
	json_decref(stats);
	assert_int_equal(rg_engine_status(engine, &status, &err), 0);
	region = json_object_get(json_object_get(status, "verdicts"), "refuse");
	assert_int_equal(json_integer_value(json_object_get(region, "packets")), 3);
	assert_int_equal(json_integer_value(json_object_get(status, "meetings")), 1);
	json_decref(status);
	assert_int_equal(rg_engine_metrics(engine, &metrics, &err), 0);
	assert_non_null(strstr(metrics, "\nregiongate_packets_total{direction=\"ingress\",verdict=\"refuse\",reason=\"refuse_region\"} 3\n"));
	assert_non_null(strstr(metrics, "\nregiongate_region_packets_total{region=\"CN+cn\",verdict=\"refuse\"} 3\n"));
	assert_non_null(strstr(metrics, "\nregiongate_meetings 1\n"));
	assert_non_null(strstr(metrics, "\nregiongate_map_max_entries{map=\"rg_meetings\"} 16384\n"));
	free(metrics);
	/* a number that is used again starts from nothing */
	assert_int_equal(rg_engine_meeting_delete(engine, "m-1", 0, &err), 0);
	flush();
	given_meeting("m-2", "{}");
	assert_int_equal(rg_engine_meeting_stats(engine, "m-2", &stats, &err), 0);
	assert_int_equal(json_integer_value(json_object_get(stats, "packets")), 0);
	json_decref(stats);
}

static void lookup_says_what_is_known(void **state)
{
	json_t *answer = NULL;

	(void)state;
	given_engine();
	given_world();
	assert_int_not_equal(rg_engine_lookup(engine, "192.0.2.256", &answer, &err), 0);
	then_error(RG_ERR_INVALID, "", "192.0.2.256");
	assert_int_equal(rg_engine_lookup(engine, DE4, &answer, &err), 0);
	assert_string_equal(field(answer, "country"), "DE");
	assert_string_equal(field(answer, "continent"), "EU");
	assert_int_equal(json_array_size(json_object_get(answer, "groups")), 2);
	assert_string_equal(json_string_value(json_array_get(json_object_get(answer, "custom"), 0)), "de");
	assert_string_equal(field(answer, "network"), "198.51.100.0/24");
	assert_true(json_is_null(json_object_get(answer, "database")));
	json_decref(answer);
	assert_int_equal(rg_engine_lookup(engine, "64:ff9b::192.0.2.7", &answer, &err), 0);
	assert_string_equal(field(answer, "country"), "CN");
	assert_string_equal(field(answer, "embedded_ipv4"), "192.0.2.7");
	json_decref(answer);
	assert_int_equal(rg_engine_lookup(engine, NOWHERE4, &answer, &err), 0);
	assert_string_equal(field(answer, "region"), "unknown");
	assert_true(json_is_null(json_object_get(answer, "country")));
	json_decref(answer);
}

static void wrong_interfaces_are_refused(void **state)
{
	json_t *body = json_loads("{\"mode\": \"fast\"}", 0, NULL), *more = json_loads("{\"queue\": 1}", 0, NULL);
	json_t *empty = json_object(), *answer = NULL;

	(void)state;
	given_engine();
	assert_int_not_equal(rg_engine_interface_put(engine, "lo", body, &answer, &err), 0);
	then_error(RG_ERR_INVALID, "/mode", "fast");
	assert_int_not_equal(rg_engine_interface_put(engine, "lo", more, &answer, &err), 0);
	then_error(RG_ERR_INVALID, "/queue", "unknown field 'queue'");
	assert_int_not_equal(rg_engine_interface_put(engine, "no-such-nic", empty, &answer, &err), 0);
	then_error(RG_ERR_NOT_FOUND, "", "no-such-nic");
	assert_int_not_equal(rg_engine_interface_delete(engine, "../lo", &err), 0);
	then_error(RG_ERR_NOT_FOUND, "", "../lo");
	assert_int_not_equal(rg_engine_interface_get(engine, "lo", &answer, &err), 0);
	then_error(RG_ERR_NOT_FOUND, "", "lo");
	assert_int_not_equal(rg_engine_interface_delete(engine, "lo", &err), 0);
	then_error(RG_ERR_NOT_FOUND, "", "lo");
	json_decref(body);
	json_decref(more);
	json_decref(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_refused_body_changes_nothing),
		TEST(a_put_holds_from_the_flush_on),
		TEST(observe_mode_refuses_nothing),
		TEST(a_deleted_meeting_leaves_no_endpoint),
		TEST(if_match_is_kept),
		TEST(patch_merges_by_rfc_7396),
		TEST(an_endpoint_has_one_meeting),
		TEST(an_endpoint_moves_within_one_flush),
		TEST(a_failed_call_leaves_what_is_staged_beside_it),
		TEST(a_custom_region_that_a_rule_names_stays),
		TEST(wrong_regions_change_nothing),
		TEST(a_class_that_is_new_gets_its_bit_in_old_policies),
		TEST(pages_end_with_the_next_id_or_null),
		TEST(explain_refuses_what_is_no_packet),
		TEST(explain_names_rule_and_region_and_counts_nothing),
		TEST(counters_come_from_the_kernel),
		TEST(lookup_says_what_is_known),
		TEST(wrong_interfaces_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
