/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The engine across failures and restarts: store, model and kernel agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <netinet/in.h>
#include "harness/disk.h"
#include "harness/engine.h"

static uint32_t number_of(const char *destination, int port)
{
	struct rg_trace trace = { 0 };
	unsigned char frame[42] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
		0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 203, 0, 113, 7, 0, 0, 0, 0,
		0x9c, 0x40, (unsigned char)(port >> 8), (unsigned char)port, 0, 8, 0, 0,
	};
	struct rg_addr addr;
	int action;

	assert_int_equal(rg_addr_parse(destination, &addr), 0);
	memcpy(frame + 30, addr.bytes + 12, 4);
	assert_int_equal(rg_dp_run(rg_engine_dp(engine), frame, sizeof(frame), RG_TRACE_DRY, &action, &trace, &err), 0);
	return trace.meeting;
}

static void a_restart_keeps_numbers_regions_and_revisions(void **state)
{
	uint32_t first, third;
	uint64_t before = 0, after = 0;
	json_t *body = NULL;
	char *text;
	unsigned int n = 0;

	(void)state;
	given_engine();
	given_world();
	given_meeting("m-1", "{\"endpoints\": [" AT(SERVER, 1) "], " REFUSE_CN "}");
	given_meeting("m-2", "{\"endpoints\": [" AT(SERVER, 2) "]}");
	given_meeting("m-3", "{\"endpoints\": [" AT(SERVER, 3) "], \"mode\": \"observe\", \"default\": \"refuse\"}");
	assert_int_equal(rg_engine_meeting_delete(engine, "m-2", 0, &err), 0);
	flush();
	assert_int_equal(put_if("m-4", "{}", 0, NULL, &before), 0); /* takes a revision, and goes */
	flush();
	assert_int_equal(rg_engine_meeting_delete(engine, "m-4", 0, &err), 0);
	flush();
	first = number_of(SERVER, 1);
	third = number_of(SERVER, 3);
	assert_true(first && third && first != third);
	while (strcmp(rg_engine_region_code(engine, n), "DE"))
		n++;
	text = snapshot();
	when_restarted();
	then_snapshot(text);
	assert_int_equal(number_of(SERVER, 1), first);
	assert_int_equal(number_of(SERVER, 3), third);
	assert_string_equal(rg_engine_meeting_id(engine, third), "m-3");
	assert_string_equal(rg_engine_region_code(engine, n), "DE");
	then_packet(CN4, SERVER, 1, "refuse_region", "m-1");
	then_packet(DE6, SERVER6, 1, "pass_not_conference", "");
	then_packet(DE4, SERVER, 3, "observe_refused", "m-3");
	then_packet(DE4, SERVER, 2, "pass_not_conference", "");
	assert_int_equal(put_if("m-4", "{}", 0, NULL, &after), 0);
	assert_true(after > before);
	assert_int_equal(rg_engine_meeting_get(engine, "m-4", &body, &before, &err), 0);
	assert_int_equal(before, after);
	json_decref(body);
}

static void what_was_not_flushed_is_not_there_after_a_restart(void **state)
{
	char *text;

	(void)state;
	given_engine();
	given_meeting("m-1", "{}");
	text = snapshot();
	assert_int_equal(put("m-2", "{}"), 0);
	assert_int_equal(put("m-1", "{\"default\": \"refuse\"}"), 0);
	when_restarted();
	then_snapshot(text);
}

static void a_commit_that_fails_undoes_everything_that_was_staged(void **state)
{
	char *before;

	(void)state;
	given_engine();
	given_world();
	given_meeting("m-1", "{\"endpoints\": [" AT(SERVER, 1) "], " REFUSE_CN "}");
	given_meeting("m-2", "{\"endpoints\": [" AT(SERVER, 2) "]}");
	before = snapshot();
	assert_int_equal(put("m-1", "{\"endpoints\": [" AT(SERVER, 3) "]}"), 0);
	assert_int_equal(rg_engine_meeting_delete(engine, "m-2", 0, &err), 0);
	assert_int_equal(put("m-3", "{\"endpoints\": [" AT(SERVER, 2) "]}"), 0);
	assert_int_equal(region_put("cn", "{\"networks\": []}"), 0);
	given_full_disk();
	assert_int_not_equal(rg_engine_flush(engine, &err), 0);
	given_room_on_disk();
	then_error(RG_ERR_STORE, "", "");
	then_snapshot(before);
	then_packet(CN4, SERVER, 1, "refuse_region", "m-1");
	then_packet(CN4, SERVER, 2, "admit_default", "m-2");
	then_packet(CN4, SERVER, 3, "pass_not_conference", "");
	flush(); /* nothing is staged any more */
	given_meeting("m-4", "{\"endpoints\": [" AT(SERVER, 3) "]}");
	before = snapshot();
	when_restarted();
	then_snapshot(before);
	then_packet(CN4, SERVER, 3, "admit_default", "m-4");
}

static size_t n_classes(void)
{
	json_t *regions = NULL;
	size_t n;

	assert_int_equal(rg_engine_region_list(engine, &regions, &err), 0);
	n = json_array_size(json_object_get(regions, "classes"));
	json_decref(regions);
	return n;
}

static void what_the_kernel_refuses_is_undone_in_store_and_kernel(void **state)
{
	struct rg_endpoint_key key = { .port = 9, .protocol = IPPROTO_UDP };
	size_t classes;
	char *before;

	(void)state;
	config.dp.max_locals = 2;
	given_engine();
	given_world();
	given_meeting("m-1", "{\"endpoints\": [" AT("10.0.0.1", 1) "], " REFUSE_CN "}");
	given_meeting("m-2", "{\"endpoints\": [" AT("10.0.0.1", 2) "]}");
	before = snapshot();
	classes = n_classes();
	assert_int_equal(put("m-1", "{\"endpoints\": [" AT("10.0.0.1", 3) "]}"), 0);
	assert_int_equal(rg_engine_meeting_delete(engine, "m-2", 0, &err), 0);
	assert_int_equal(put("m-0", "{\"endpoints\": [" AT("10.0.0.1", 2) ", " AT("10.0.0.2", 1) "]}"), 0);
	assert_int_equal(region_put("us", "[\"10.9.0.0/16\"]"), 0);
	/* behind the engine's back the room goes that it has checked */
	rg_addr_from_v4(0x0a000063, &key.address);
	assert_int_equal(rg_dp_endpoints_set(rg_engine_dp(engine), &(struct rg_dp_endpoint){ key, 1, "x" }, 1, &err), 0);
	assert_int_not_equal(rg_engine_flush(engine, &err), 0);
	then_error(RG_ERR_FULL, "", "local address");
	assert_int_equal(rg_dp_endpoint_clear(rg_engine_dp(engine), &key), 0);
	then_packet(CN4, "10.0.0.1", 1, "refuse_region", "m-1");
	then_packet(CN4, "10.0.0.1", 2, "admit_default", "m-2");
	then_packet(CN4, "10.0.0.1", 3, "pass_not_conference", "");
	then_packet(CN4, "10.0.0.2", 1, "pass_not_conference", "");
	assert_int_equal(number_of("10.0.0.1", 2), 2);
	assert_int_equal(n_classes(), classes);
	then_snapshot(before);
	before = snapshot();
	when_restarted();
	assert_int_equal(n_classes(), classes);
	then_snapshot(before);
	then_packet(CN4, "10.0.0.1", 1, "refuse_region", "m-1");
}

static void a_turn_that_made_room_is_undone_as_a_whole(void **state)
{
	struct rg_endpoint_key key = { .port = 9, .protocol = IPPROTO_UDP };
	char *before;

	(void)state;
	config.dp.max_meetings = 3;
	config.dp.max_locals = 2;
	given_engine();
	given_world();
	given_meeting("m-1", "{\"endpoints\": [" AT("10.0.0.1", 1) "], " REFUSE_CN "}");
	given_meeting("m-2", "{\"endpoints\": [" AT("any", 2) "]}");
	before = snapshot();
	assert_int_equal(rg_engine_meeting_delete(engine, "m-1", 0, &err), 0);
	assert_int_equal(put("m-3", "{\"endpoints\": [" AT("any", 3) "]}"), 0); /* gets the number of m-1 */
	assert_int_equal(put("m-2", "{\"endpoints\": [" AT("10.0.0.2", 2) ", " AT("10.0.0.3", 2) "]}"), 0);
	/* behind the engine's back the room goes that it has checked */
	rg_addr_from_v4(0x0a000063, &key.address);
	assert_int_equal(rg_dp_endpoints_set(rg_engine_dp(engine), &(struct rg_dp_endpoint){ key, 1, "x" }, 1, &err), 0);
	assert_int_not_equal(rg_engine_flush(engine, &err), 0);
	then_error(RG_ERR_FULL, "", "local address");
	assert_int_equal(rg_dp_endpoint_clear(rg_engine_dp(engine), &key), 0);
	then_packet(CN4, "10.0.0.1", 1, "refuse_region", "m-1");
	then_packet(CN4, "10.0.0.1", 2, "admit_default", "m-2");
	then_packet(CN4, "10.0.0.1", 3, "pass_not_conference", "");
	then_snapshot(before);
	before = snapshot();
	when_restarted();
	then_snapshot(before);
	then_packet(CN4, "10.0.0.1", 1, "refuse_region", "m-1");
}

/* Each region is a class of its own: more than there are ids. */
static void classes_of_a_refused_change_take_no_room(void **state)
{
	char name[16], body[32], *before;

	(void)state;
	given_engine();
	given_world();
	before = snapshot();
	for (int i = 0; i <= RG_REGIONS_MAX; i++) {
		snprintf(name, sizeof(name), "r%d", i);
		snprintf(body, sizeof(body), "[\"10.1.%d.%d\"]", i >> 8, i & 255);
		assert_int_equal(region_put(name, body), 0);
	}
	assert_int_not_equal(rg_engine_flush(engine, &err), 0);
	then_error(RG_ERR_FULL, "", "combinations");
	then_snapshot(before);
	assert_int_equal(region_put("one", "[\"10.1.0.0/16\"]"), 0);
	flush();
	when_restarted();
	given_meeting("m-1", "{\"endpoints\": [" AT(SERVER, 1) "], \"rules\": [{\"action\": \"refuse\", "
		      "\"regions\": [\"custom:one\"]}]}");
	then_packet("10.1.2.3", SERVER, 1, "refuse_region", "m-1");
}

static int one_address(const char *name, unsigned int i)
{
	char body[32];

	snprintf(body, sizeof(body), "[\"10.1.%u.%u\"]", i >> 8, i & 255);
	return region_put(name, body);
}

/* Ids are stable, and counters carry them: what is deleted gives its id to nobody else. */
static void ever_new_names_use_up_the_classes(void **state)
{
	char name[16];
	size_t classes;

	(void)state;
	given_engine();
	for (unsigned int i = 1; i < RG_REGIONS_DEFAULT; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		assert_int_equal(one_address(name, i), 0);
	}
	flush();
	classes = n_classes();
	for (unsigned int i = 1; i < RG_REGIONS_DEFAULT; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		assert_int_equal(rg_engine_region_delete(engine, name, RG_ANY_REVISION, &err), 0);
	}
	flush();
	assert_int_equal(n_classes(), classes);
	assert_int_equal(one_address("another", 1), 0);
	assert_int_not_equal(rg_engine_flush(engine, &err), 0);
	then_error(RG_ERR_FULL, "", "use names again");
	assert_int_equal(n_classes(), classes);
	assert_int_equal(one_address("r7", 1), 0);
	flush();
	when_restarted(); /* which makes room for as many again */
	assert_int_equal(one_address("another", 2), 0);
	flush();
	assert_int_equal(n_classes(), classes + 1);
}

static void a_call_that_acts_at_once_reports_the_flush_to_those_it_concerns(void **state)
{
	json_t *empty = json_object(), *answer = NULL;
	char *before;

	(void)state;
	given_engine();
	before = snapshot();
	assert_int_equal(put("m-1", "{}"), 0);
	given_full_disk();
	assert_int_not_equal(rg_engine_interface_put(engine, "no-such-nic", empty, &answer, &err), 0);
	given_room_on_disk();
	then_error(RG_ERR_NOT_FOUND, "", "no-such-nic");
	assert_int_equal(put("m-2", "{}"), 0);
	assert_int_not_equal(rg_engine_flush(engine, &err), 0);
	then_error(RG_ERR_STORE, "", "");
	then_snapshot(before);
	flush();
	json_decref(empty);
}

static void a_start_that_fails_says_why(void **state)
{
	static const char *const missing[] = { "/tmp/rg-engine-no-such.mmdb" };
	struct rg_engine *second = NULL;
	char path[128];
	FILE *f;

	(void)state;
	config.databases = missing;
	config.n_databases = 1;
	assert_int_not_equal(rg_engine_open(&config, &engine, &err), 0);
	assert_null(engine);
	assert_non_null(strstr(err.detail, missing[0]));
	config.n_databases = 0;
	config.dp.max_meetings = RG_MEETINGS_CAP + 1;
	assert_int_not_equal(rg_engine_open(&config, &engine, &err), 0);
	then_error(RG_ERR_INVALID, "", "meetings");
	config.dp.max_meetings = 0;
	given_engine();
	assert_int_equal(put("m-1", "{}"), 0);
	assert_int_equal(put("m-2", "{}"), 0);
	flush();
	assert_int_not_equal(rg_engine_open(&config, &second, &err), 0);
	then_error(RG_ERR_STORE, "", "held by another daemon");
	assert_null(second);
	rg_engine_close(engine);
	engine = NULL;
	config.dp.max_meetings = 2;
	assert_int_not_equal(rg_engine_open(&config, &engine, &err), 0);
	then_error(RG_ERR_FULL, "", "'m-2'");
	config.dp.max_meetings = 0;
	snprintf(path, sizeof(path), "sqlite3 %s/regiongate.db 'UPDATE meetings SET number = 1'", state_dir);
	assert_int_equal(system(path), 0);
	assert_int_not_equal(rg_engine_open(&config, &engine, &err), 0);
	then_error(RG_ERR_STORE, "", "'m-1' and 'm-2' have the same number");
	snprintf(path, sizeof(path), "%s/regiongate.db", state_dir);
	f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fwrite("garbage garbage!", 1, 16, f), 16);
	fclose(f);
	assert_int_not_equal(rg_engine_open(&config, &engine, &err), 0);
	then_error(RG_ERR_STORE, "", "corrupt");
}

static void copy(const char *from, const char *to)
{
	char buf[8192], name[128];
	FILE *in = fopen(from, "rb"), *out;
	size_t n;

	snprintf(name, sizeof(name), "%s.new", to);
	out = fopen(name, "wb");
	if (!in || !out)
		fail_msg("%s can not be read or %s not be written", from, name);
	n = fread(buf, 1, sizeof(buf), in);
	assert_int_equal(fwrite(buf, 1, n, out), n);
	fclose(in);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(rename(name, to), 0);
}

static int reload(bool force, json_t **ret)
{
	return rg_engine_geoip_reload(engine, force, false, ret, &err);
}

/* nested.mmdb has 192.0.2.0/25 in DE, 203.0.113.128/25 in CN and 2001:db8::/32 in HK; ipv4.mmdb has
 * two IPv4 networks and nothing else. */
static void a_reload_keeps_the_old_table_until_the_new_one_is_whole(void **state)
{
	char path[128];
	const char *paths[] = { path };
	json_t *answer = NULL;

	(void)state;
	snprintf(path, sizeof(path), "%s/a.mmdb", state_dir);
	copy("tests/fuzz/corpus/mmdb/nested.mmdb", path);
	config.databases = paths;
	config.n_databases = 1;
	given_engine();
	given_meeting("m-1", "{\"endpoints\": [" AT(SERVER, 1) ", " AT(SERVER6, 1) "], " REFUSE_CN "}");
	then_packet("203.0.113.129", SERVER, 1, "refuse_region", "m-1");
	assert_int_equal(reload(false, &answer), 0);
	assert_true(json_is_false(json_object_get(answer, "changed")));
	assert_int_equal(json_integer_value(json_object_get(answer, "generation")), 1);
	json_decref(answer);
	assert_int_equal(truncate(path, 100), 0);
	assert_int_not_equal(reload(true, &answer), 0);
	then_packet("203.0.113.129", SERVER, 1, "refuse_region", "m-1");
	copy("tests/fuzz/corpus/mmdb/ipv4.mmdb", path);
	memset(&err, 0, sizeof(err));
	assert_int_not_equal(reload(false, &answer), 0);
	then_error(RG_ERR_INVALID, "", "ranges");
	then_packet("203.0.113.129", SERVER, 1, "refuse_region", "m-1");
	assert_int_equal(rg_engine_geoip_get(engine, &answer, &err), 0);
	assert_non_null(strstr(field(answer, "last_error"), "ranges"));
	json_decref(answer);
	/* nor does a new custom region bring it in by the back door */
	assert_int_equal(region_put("x", "[\"198.18.0.0/15\"]"), 0);
	assert_int_not_equal(rg_engine_flush(engine, &err), 0);
	then_error(RG_ERR_INVALID, "", "reload them first");
	then_packet("203.0.113.129", SERVER, 1, "refuse_region", "m-1");
	assert_int_equal(reload(true, &answer), 0);
	assert_true(json_is_true(json_object_get(answer, "changed")));
	assert_true(json_is_null(json_object_get(answer, "last_error")));
	assert_int_equal(json_integer_value(json_object_get(answer, "generation")), 2);
	json_decref(answer);
	then_packet("203.0.113.129", SERVER, 1, "admit_default", "m-1"); /* US now */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_restart_keeps_numbers_regions_and_revisions),
		TEST(what_was_not_flushed_is_not_there_after_a_restart),
		TEST(a_commit_that_fails_undoes_everything_that_was_staged),
		TEST(what_the_kernel_refuses_is_undone_in_store_and_kernel),
		TEST(a_turn_that_made_room_is_undone_as_a_whole),
		TEST(classes_of_a_refused_change_take_no_room),
		TEST(ever_new_names_use_up_the_classes),
		TEST(a_call_that_acts_at_once_reports_the_flush_to_those_it_concerns),
		TEST(a_start_that_fails_says_why),
		TEST(a_reload_keeps_the_old_table_until_the_new_one_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
