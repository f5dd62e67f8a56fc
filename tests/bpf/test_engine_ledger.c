/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the engine records: each change once, in the order in which it happened, in a chain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>

#include "harness/engine.h"
#include "base/sha256.h"

static json_t *entries; /* of the page read last */

static void when_read(uint64_t after)
{
	json_t *page = NULL;

	json_decref(entries);
	assert_int_equal(rg_engine_ledger_list(engine, after, 1000, &page, &err), 0);
	entries = json_incref(json_object_get(page, "entries"));
	json_decref(page);
}

static const json_t *entry(size_t index)
{
	return json_array_get(entries, index);
}

static const char *of(size_t index, const char *name)
{
	return field(entry(index), name);
}

static json_int_t who(size_t index, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(entry(index), "who"), name));
}

static void then_kinds(const char *wanted)
{
	char kinds[512] = "";

	for (size_t i = 0; i < json_array_size(entries); i++) {
		strncat(kinds, i ? " " : "", sizeof(kinds) - strlen(kinds) - 1);
		strncat(kinds, of(i, "kind"), sizeof(kinds) - strlen(kinds) - 1);
	}
	assert_string_equal(kinds, wanted);
}

static void then_chained(void)
{
	char wanted[RG_SHA256_TEXT], hash[RG_SHA256_TEXT];
	unsigned char raw[RG_SHA256_SIZE] = { 0 };

	rg_sha256_format(raw, wanted);
	for (size_t i = 0; i < json_array_size(entries); i++) {
		char *text = json_dumps(entry(i), JSON_COMPACT | JSON_SORT_KEYS);

		assert_string_equal(of(i, "previous"), wanted);
		assert_int_equal(json_integer_value(json_object_get(entry(i), "seq")), i + 1);
		rg_sha256(text, strlen(text), raw);
		rg_sha256_format(raw, wanted);
		free(text);
	}
	rg_sha256_format(raw, hash);
	assert_string_equal(hash, wanted);
}

static int forget(void **state)
{
	json_decref(entries);
	entries = NULL;
	return drop_engine(state);
}

static void each_change_is_recorded_with_who_and_what(void **state)
{
	struct rg_peer alice = { .uid = 1000, .gid = 990, .pid = 4711 };
	const json_t *detail;

	(void)state;
	given_engine();
	rg_engine_actor_set(engine, &alice, "alice@example.org");
	given_world();
	given_meeting("m-1", "{\"endpoints\": [" AT(SERVER, 5) "], " REFUSE_CN "}");
	rg_engine_actor_set(engine, NULL, NULL);
	given_meeting("m-1", "{\"endpoints\": [" AT(SERVER, 5) "], \"mode\": \"observe\"}");
	assert_int_equal(rg_engine_meeting_delete(engine, "m-1", 0, &err), 0);
	flush();
	when_restarted();
	when_read(0);
	then_kinds("start region-put region-put meeting-put meeting-put meeting-delete stop start");
	then_chained();

	assert_string_equal(of(3, "subject"), "m-1");
	assert_int_equal(who(3, "uid"), 1000);
	assert_int_equal(who(3, "gid"), 990);
	assert_int_equal(who(3, "pid"), 4711);
	assert_string_equal(field(json_object_get(entry(3), "who"), "asserted"), "alice@example.org");
	assert_string_equal(field(json_object_get(entry(4), "who"), "daemon"), "regiongated");
	detail = json_object_get(entry(4), "detail");
	assert_string_equal(field(json_object_get(detail, "before"), "policy"), "refuse CN; default admit");
	assert_string_equal(field(json_object_get(detail, "before"), "mode"), "enforce");
	assert_string_equal(field(json_object_get(detail, "after"), "mode"), "observe");
	assert_true(json_is_null(json_object_get(json_object_get(entry(5), "detail"), "after")));
	detail = json_object_get(entry(0), "detail");
	assert_int_equal(strlen(field(json_object_get(detail, "program"), "tag")), 16);
}

static void what_is_refused_or_changes_nothing_leaves_no_entry(void **state)
{
	(void)state;
	given_engine();
	given_meeting("m-1", "{\"endpoints\": [" AT(SERVER, 5) "]}");
	assert_int_not_equal(put("m-2", "{\"endpoints\": [" AT(SERVER, 5) "]}"), 0); /* held by m-1 */
	assert_int_not_equal(put("m-2", "{\"rules\": 7}"), 0);
	assert_int_equal(put("m-1", "{\"endpoints\": [" AT(SERVER, 5) "]}"), 0);
	flush();
	when_read(0);
	then_kinds("start meeting-put");
	then_chained();
}

static void what_is_rolled_back_leaves_no_gap(void **state)
{
	(void)state;
	given_engine();
	given_meeting("m-1", "{}");
	assert_int_equal(put("m-2", "{}"), 0);
	rg_engine_close(engine); /* staged, never flushed */
	engine = NULL;
	given_engine();
	given_meeting("m-3", "{}");
	when_read(0);
	then_kinds("start meeting-put stop start meeting-put");
	assert_string_equal(of(4, "subject"), "m-3");
	then_chained();
}

static void a_geoip_reload_is_recorded_with_its_databases(void **state)
{
	json_t *answer = NULL;

	(void)state;
	given_engine();
	assert_int_equal(rg_engine_geoip_reload(engine, false, false, &answer, &err), 0);
	json_decref(answer);
	when_read(1);
	then_kinds("geoip-reload");
}

static void pages_end_where_the_ledger_ends(void **state)
{
	json_t *page = NULL;

	(void)state;
	given_engine();
	for (int i = 0; i < 5; i++)
		given_meeting("m-1", i % 2 ? "{}" : "{\"mode\": \"observe\"}");
	assert_int_equal(rg_engine_ledger_list(engine, 0, 4, &page, &err), 0);
	assert_int_equal(json_array_size(json_object_get(page, "entries")), 4);
	assert_int_equal(json_integer_value(json_object_get(page, "next")), 4);
	json_decref(page);
	assert_int_equal(rg_engine_ledger_list(engine, 4, 4, &page, &err), 0);
	assert_int_equal(json_array_size(json_object_get(page, "entries")), 2);
	assert_true(json_is_null(json_object_get(page, "next")));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(page, "head"), "seq")), 6);
	json_decref(page);
}

static void a_place_behind_the_end_is_no_damage(void **state)
{
	json_t *answer = NULL;

	(void)state;
	given_engine();
	given_meeting("m-1", "{}");
	assert_int_equal(rg_engine_ledger_verify(engine, 2, 10, &answer, &err), 0); /* the end itself */
	assert_true(json_is_true(json_object_get(answer, "ok")));
	assert_int_equal(json_integer_value(json_object_get(answer, "checked")), 0);
	json_decref(answer);
	answer = NULL;
	assert_int_equal(rg_engine_ledger_verify(engine, 3, 10, &answer, &err), -EINVAL);
	assert_int_equal(err.code, RG_ERR_INVALID);
	assert_string_equal(err.detail, "the ledger ends with entry 2: there is none after entry 3 to check");
	assert_null(answer);
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, given_state_dir, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_change_is_recorded_with_who_and_what),
		TEST(what_is_refused_or_changes_nothing_leaves_no_entry),
		TEST(what_is_rolled_back_leaves_no_gap),
		TEST(a_geoip_reload_is_recorded_with_its_databases),
		TEST(pages_end_where_the_ledger_ends),
		TEST(a_place_behind_the_end_is_no_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
