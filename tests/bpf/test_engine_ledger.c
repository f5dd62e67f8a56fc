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
	assert_int_equal(ledger_list(after, 1000, &page), 0);
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
	assert_int_equal(ledger_list(0, 4, &page), 0);
	assert_int_equal(json_array_size(json_object_get(page, "entries")), 4);
	assert_int_equal(json_integer_value(json_object_get(page, "next")), 4);
	json_decref(page);
	assert_int_equal(ledger_list(4, 4, &page), 0);
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
	assert_int_equal(ledger_verify(2, 10, &answer), 0); /* the end itself */
	assert_true(json_is_true(json_object_get(answer, "ok")));
	assert_int_equal(json_integer_value(json_object_get(answer, "checked")), 0);
	json_decref(answer);
	answer = NULL;
	assert_int_equal(ledger_verify(3, 10, &answer), -EINVAL);
	assert_int_equal(err.code, RG_ERR_INVALID);
	assert_string_equal(err.detail, "the ledger ends with entry 2: there is none after entry 3 to check");
	assert_null(answer);
}

/* --- long ledgers ------------------------------------------------------------ */

#define LONG 300 /* entries; a slice has fewer */

static void given_long_ledger(void)
{
	given_engine();
	for (int i = 0; i < LONG; i++)
		given_meeting("m-1", i % 2 ? "{}" : "{\"mode\": \"observe\"}");
}

/* Another push is answered between any two steps. Returns how many were. */
static int read_among_pushes(struct rg_reading *reading)
{
	int n = 0, r;

	while ((r = rg_reading_step(reading, &err)) > 0)
		given_meeting("m-2", n++ % 2 ? "{}" : "{\"mode\": \"observe\"}");
	assert_int_equal(r, 0);
	return n;
}

static json_int_t head_seq(const json_t *answer, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(answer, name), "seq"));
}

static void pushes_are_answered_while_a_long_ledger_is_verified(void **state)
{
	struct rg_reading *reading;
	const json_t *answer;

	(void)state;
	given_long_ledger();
	assert_int_equal(rg_engine_ledger_verify(engine, 0, 100000, &reading, &err), 0);
	assert_true(read_among_pushes(reading) >= 4);
	answer = rg_reading_json(reading);
	assert_true(json_is_true(json_object_get(answer, "ok")));
	assert_int_equal(json_integer_value(json_object_get(answer, "checked")), LONG + 1); /* not what came meanwhile */
	assert_int_equal(head_seq(answer, "head"), LONG + 1);
	rg_reading_free(reading);
}

static void an_export_is_of_one_moment(void **state)
{
	struct rg_reading *reading;
	size_t length, lines = 0;
	char *text;

	(void)state;
	given_long_ledger();
	assert_int_equal(rg_engine_ledger_export(engine, 0, 10000, &reading, &err), 0);
	assert_true(read_among_pushes(reading) >= 4);
	text = rg_reading_take_text(reading, &length);
	rg_reading_free(reading);
	assert_non_null(text);
	for (const char *p = text; (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, LONG + 2);
	assert_null(strstr(text, "m-2"));
	free(text);
}

static void a_page_that_is_full_goes_on(void **state)
{
	json_t *page = NULL;

	(void)state;
	given_long_ledger();
	assert_int_equal(ledger_list(0, LONG, &page), 0);
	assert_int_equal(json_array_size(json_object_get(page, "entries")), LONG);
	assert_int_equal(json_integer_value(json_object_get(page, "next")), LONG);
	json_decref(page);
	assert_int_equal(ledger_list(0, LONG + 1, &page), 0);
	assert_true(json_is_null(json_object_get(page, "next")));
	json_decref(page);
}

#define CN_ORDER(reference) "\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"], \"order\": {\"jurisdiction\": \"CN\"," \
	" \"authority\": \"A\", \"basis\": \"B\", \"reference\": \"" reference "\", \"received\": \"2020-06-03\"}}]"

static void a_report_is_of_one_moment(void **state)
{
	struct rg_reading *reading;
	const json_t *answer;
	char id[16];
	int n = 0, r;

	(void)state;
	given_engine();
	for (int i = 0; i < LONG; i++) {
		snprintf(id, sizeof(id), "m-%d", i);
		given_meeting(id, "{" CN_ORDER("R-1") "}");
	}
	assert_int_equal(rg_engine_report(engine, "2020-01-01", "9999-12-31", &reading, &err), 0);
	while ((r = rg_reading_step(reading, &err)) > 0)
		if (!n++)
			given_meeting("m-late", "{" CN_ORDER("R-2") "}");
	assert_int_equal(r, 0);
	assert_true(n > 8); /* two passes */
	answer = rg_reading_json(reading);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(answer, "totals"), "requests")), 1);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(answer, "totals"), "meetings")), LONG);
	assert_int_equal(head_seq(answer, "ledger"), LONG + 1);
	rg_reading_free(reading);
}

static void so_many_reports_are_made_at_a_time(void **state)
{
	struct rg_reading *readings[4], *one_more;
	json_t *answer = NULL;

	(void)state;
	given_engine();
	for (int i = 0; i < 4; i++)
		assert_int_equal(rg_engine_report(engine, "2020-01-01", "2020-12-31", &readings[i], &err), 0);
	assert_int_equal(rg_engine_report(engine, "2020-01-01", "2020-12-31", &one_more, &err), -ENOSPC);
	then_error(RG_ERR_FULL, "", "4 reports are being made");
	assert_int_equal(rg_engine_report(engine, "never", "2020-12-31", &one_more, &err), -EINVAL);
	for (int i = 0; i < 4; i++)
		rg_reading_free(readings[i]);
	assert_int_equal(report("2020-01-01", "2020-12-31", &answer), 0);
	json_decref(answer);
}

/* What somebody does to the file beside the daemon. */
static void when_edited(const char *sql)
{
	char command[512];

	snprintf(command, sizeof(command), "sqlite3 %s/regiongate.db 'DROP TRIGGER IF EXISTS ledger_stays; "
		 "DROP TRIGGER IF EXISTS ledger_keeps; %s'", state_dir, sql);
	assert_int_equal(system(command), 0);
}

static void then_broken(uint64_t after, const char *wanted)
{
	json_t *answer = NULL;

	assert_int_equal(ledger_verify(after, 100000, &answer), 0);
	assert_string_equal(field(answer, "broken"), wanted);
	assert_true(json_is_false(json_object_get(answer, "ok")));
	assert_true(json_is_null(json_object_get(answer, "next")));
	json_decref(answer);
}

static void a_check_behind_a_missing_row_names_that_row(void **state)
{
	(void)state;
	given_engine();
	for (int i = 0; i < 9; i++)
		given_meeting("m-1", i % 2 ? "{}" : "{\"mode\": \"observe\"}");
	when_edited("DELETE FROM ledger WHERE seq = 5");
	then_broken(4, "entry 5 is missing");
	then_broken(5, "entry 5 is missing, or its hash is none");
	when_edited("DELETE FROM ledger WHERE seq = 6");
	then_broken(5, "entry 5 is missing, or its hash is none");
	then_broken(0, "the entries 5 to 6 are missing");
	when_edited("UPDATE ledger SET hash = 1 WHERE seq = 8");
	then_broken(8, "entry 8 is missing, or its hash is none");
}

static void an_end_that_is_cut_off_under_the_daemon_is_found(void **state)
{
	(void)state;
	given_engine();
	for (int i = 0; i < 9; i++)
		given_meeting("m-1", i % 2 ? "{}" : "{\"mode\": \"observe\"}");
	when_edited("DELETE FROM ledger WHERE seq > 8");
	then_broken(0, "the ledger ends with entry 8, but there were 10: its end is missing");
	then_broken(9, "entry 9 is missing, or its hash is none");
}

/* The daemon goes on behind what it wrote, not behind what it finds: the hole stays. */
static void an_end_that_is_cut_off_under_the_daemon_leaves_a_hole(void **state)
{
	(void)state;
	given_engine();
	for (int i = 0; i < 9; i++)
		given_meeting("m-1", i % 2 ? "{}" : "{\"mode\": \"observe\"}");
	when_edited("DELETE FROM ledger WHERE seq > 8");
	flush();
	given_meeting("m-2", "{}");
	then_broken(0, "the entries 9 to 10 are missing");
	when_restarted();
	given_meeting("m-3", "{}");
	then_broken(0, "the entries 9 to 10 are missing");
}

static void an_entry_that_is_put_in_under_the_daemon_is_not_built_upon(void **state)
{
	(void)state;
	given_engine();
	given_meeting("m-1", "{}");
	when_edited("INSERT INTO ledger SELECT 3, 0, hash, entry FROM ledger WHERE seq = 2");
	then_broken(0, "entry 3 was written by somebody else than the daemon");
	assert_int_not_equal(put("m-2", "{}") || rg_engine_flush(engine, &err), 0);
	then_error(RG_ERR_STORE, "", "entry 3 of the ledger was written by somebody else than this daemon");
	(void)rg_engine_flush(engine, &err);
	memset(&err, 0, sizeof(err));
	when_edited("DELETE FROM ledger WHERE seq = 3"); /* put right */
	given_meeting("m-2", "{}");
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
		TEST(pushes_are_answered_while_a_long_ledger_is_verified),
		TEST(an_export_is_of_one_moment),
		TEST(a_page_that_is_full_goes_on),
		TEST(a_report_is_of_one_moment),
		TEST(so_many_reports_are_made_at_a_time),
		TEST(a_check_behind_a_missing_row_names_that_row),
		TEST(an_end_that_is_cut_off_under_the_daemon_is_found),
		TEST(an_end_that_is_cut_off_under_the_daemon_leaves_a_hole),
		TEST(an_entry_that_is_put_in_under_the_daemon_is_not_built_upon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
