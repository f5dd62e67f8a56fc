/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Orders, time, sites, exceptions and the mode: pushed to a real engine, judged by the loaded program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <linux/bpf.h>
#include <time.h>
#include "base/peer.h"
#include "base/reason.h"
#include "harness/engine.h"
#include "policy/time.h"

#define NS 1000000000ll
#define ORDER "\"order\": {\"jurisdiction\": \"CN\", \"authority\": \"Ministry\", \"basis\": \"Act\", \"reference\": \"R-1\"," \
	      " \"received\": \"2020-06-03\""

/* The wall clock of the test: the kernel's, moved. */
static int64_t moved_ns, slept_ns;

static int64_t read_clock(void *arg, int id)
{
	struct timespec ts;

	(void)arg;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * NS + ts.tv_nsec + (id == CLOCK_REALTIME ? moved_ns + slept_ns : 0) +
	       (id == CLOCK_BOOTTIME ? slept_ns : 0);
}

static int64_t now_s(void)
{
	return read_clock(NULL, CLOCK_REALTIME) / NS;
}

static const char *in_s(int seconds, char buf[RG_TIME_TEXT_MAX])
{
	return rg_time_format(now_s() + seconds, buf);
}

static struct rg_region_spec site_de;

static void set_region(const char *name, const char *text)
{
	json_t *body = json_loads(text, 0, NULL);

	assert_non_null(body);
	if (rg_engine_region_put(engine, name, body, RG_ANY_REVISION, NULL, NULL, &err))
		fail_msg("%s", err.detail);
	json_decref(body);
}

static int given_places(void **state)
{
	int r = given_state_dir(state);

	moved_ns = slept_ns = 0;
	if (r)
		return r;
	assert_int_equal(rg_region_spec_parse("DE", &site_de, NULL), 0);
	config.site = &site_de;
	config.clock = read_clock;
	config.boot_id = "boot-1";
	given_engine();
	set_region("de", "{\"networks\": [\"192.0.2.0/24\"], \"country\": \"DE\"}");
	set_region("cn", "{\"networks\": [\"203.0.113.0/24\", \"2001:db8:c::/48\"], \"country\": \"CN\"}");
	set_region("hk", "{\"networks\": [\"198.51.100.128/25\"], \"country\": \"HK\"}");
	flush();
	return 0;
}

#define FROM_CN "203.0.113.9"
#define FROM_DE "192.0.2.9"
#define FROM_HK "198.51.100.200"

/* What the loaded program does with a packet to m-1's endpoint. */
static enum rg_reason judged_at(const char *source, unsigned int port)
{
	bool v6 = strchr(source, ':');
	json_t *body = json_pack("{s:s, s:s, s:i}", "source", source, "destination", v6 ? SERVER6 : "198.51.100.10",
				 "destination_port", (int)port), *answer = NULL;
	const char *text;
	int reason = 0;

	if (rg_engine_explain(engine, body, &answer, &err))
		fail_msg("%s", err.detail);
	text = json_string_value(json_object_get(answer, "reason"));
	while (reason < RG_REASON_MAX && strcmp(rg_reason_text((enum rg_reason)reason), text))
		reason++;
	json_decref(body);
	json_decref(answer);
	return (enum rg_reason)reason;
}

static enum rg_reason judged(const char *source)
{
	return judged_at(source, 10001);
}

static void then_judged(const char *source, enum rg_reason wanted)
{
	enum rg_reason got = judged(source);

	if (got != wanted)
		fail_msg("%s: %s, not %s", source, rg_reason_text(got), rg_reason_text(wanted));
}

static json_t *meeting_body(const char *fields)
{
	char text[4096];
	json_t *body;

	snprintf(text, sizeof(text), "{\"endpoints\": [" AT("198.51.100.10", 10001) ", " AT(SERVER6, 10001) "]%s%s}",
		 *fields ? ", " : "", fields);
	body = json_loads(text, 0, NULL);
	if (!body)
		fail_msg("%s", text);
	return body;
}

static int try_meeting(const char *fields)
{
	json_t *body = meeting_body(fields);
	int r = rg_engine_meeting_put(engine, "m-1", body, RG_ANY_REVISION, NULL, NULL, &err);

	json_decref(body);
	return r;
}

static void given_body(const char *fields)
{
	if (try_meeting(fields))
		fail_msg("%s: %s %s", fields, err.pointer, err.detail);
	flush();
}

/* --- orders ------------------------------------------------------------------- */

static void an_order_beyond_its_territory_is_refused_and_changes_nothing(void **state)
{
	(void)state;
	given_body("");
	assert_int_not_equal(try_meeting("\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\", \"HK\", \"continent:AS\","
					 " \"unknown\", \"custom:hk\"], " ORDER "}}]"), 0);
	assert_string_equal(err.regions, "HK,continent:AS,unknown,custom:hk");
	then_error(RG_ERR_EXCEEDS, "/rules/0/regions", "custom:hk has addresses in HK");
	flush();
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
	then_judged(FROM_HK, RG_REASON_ADMIT_DEFAULT);
}

static void an_order_refuses_inside_and_nobody_else(void **state)
{
	(void)state;
	given_body("\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\", \"custom:cn\"], " ORDER "}}]");
	then_judged(FROM_CN, RG_REASON_REFUSE_REGION);
	then_judged(FROM_HK, RG_REASON_ADMIT_DEFAULT);
	then_judged(FROM_DE, RG_REASON_ADMIT_DEFAULT);
}

static void a_region_put_in_the_same_turn_is_looked_into(void **state)
{
	(void)state;
	set_region("far", "{\"networks\": [\"198.51.100.64/26\"], \"country\": \"JP\"}");
	assert_int_not_equal(try_meeting("\"rules\": [{\"action\": \"refuse\", \"regions\": [\"custom:far\"], " ORDER "}}]"), 0);
	then_error(RG_ERR_EXCEEDS, "/rules/0/regions", "addresses in JP");
}

static void a_standing_order_is_narrowed_when_a_region_moves(void **state)
{
	json_t *status = NULL;

	(void)state;
	set_region("far", "{\"networks\": [\"198.51.100.64/26\"], \"country\": \"CN\"}");
	given_body("\"rules\": [{\"action\": \"refuse\", \"regions\": [\"custom:far\"], " ORDER "}}]");
	then_judged("198.51.100.65", RG_REASON_REFUSE_REGION);
	set_region("far", "{\"networks\": [\"198.51.100.64/26\"], \"country\": \"JP\"}");
	flush();
	then_judged("198.51.100.65", RG_REASON_ADMIT_DEFAULT);
	assert_int_equal(rg_engine_status(engine, &status, &err), 0);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(status, "orders_narrowed"), "orders")), 1);
	json_decref(status);
	/* and back */
	set_region("far", "{\"networks\": [\"198.51.100.64/26\"], \"country\": \"CN\"}");
	flush();
	then_judged("198.51.100.65", RG_REASON_REFUSE_REGION);
}

/* A custom region that moves addresses into the order's country does not move them into its territory:
 * there the databases count, where they know the country. */
static void a_region_moves_nobody_into_a_territory(void **state)
{
	static const char *const databases[] = { "tests/fuzz/corpus/mmdb/nested.mmdb" }; /* 192.0.2.0/25: DE */

	(void)state;
	rg_engine_close(engine);
	engine = NULL;
	config.databases = databases;
	config.n_databases = 1;
	given_engine();
	set_region("de", "{\"networks\": []}");
	set_region("cn", "{\"networks\": [\"203.0.113.0/24\"], \"country\": \"CN\"}");
	set_region("moved", "{\"networks\": [\"192.0.2.9/32\"], \"country\": \"CN\"}");
	flush();
	given_body("\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"]}]");
	then_judged(FROM_DE, RG_REASON_REFUSE_REGION); /* the owner's own choice */
	given_body("\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"], " ORDER "}}]");
	then_judged(FROM_DE, RG_REASON_ADMIT_DEFAULT);
	then_judged(FROM_CN, RG_REASON_REFUSE_REGION);
	assert_int_not_equal(try_meeting("\"rules\": [{\"action\": \"refuse\", \"regions\": [\"custom:moved\"], " ORDER "}}]"), 0);
	then_error(RG_ERR_EXCEEDS, "/rules/0/regions", "custom:moved has addresses in DE");
}

static void an_override_needs_an_admin_and_somebody_else(void **state)
{
	static const char body[] = "\"rules\": [{\"action\": \"refuse\", \"regions\": [\"HK\"], " ORDER
				   ", \"override\": {\"reason\": \"court\", \"approved_by\": \"bob\"}}}]";
	struct rg_peer pusher = { .uid = 1000, .role = RG_ROLE_PUSH }, admin = { .uid = 1001, .role = RG_ROLE_ADMIN };

	(void)state;
	rg_engine_actor_set(engine, &pusher, "alice");
	assert_int_not_equal(try_meeting(body), 0);
	then_error(RG_ERR_FORBIDDEN, "/rules/0/order/override", "admin");
	rg_engine_actor_set(engine, &admin, "Bob");
	assert_int_not_equal(try_meeting(body), 0);
	then_error(RG_ERR_INVALID, "/rules/0/order/override/approved_by", "somebody else");
	rg_engine_actor_set(engine, &admin, "alice");
	given_body(body);
	then_judged(FROM_HK, RG_REASON_REFUSE_REGION);
	/* the override stands: another field may be pushed by others */
	rg_engine_actor_set(engine, &pusher, "carol");
	given_body("\"mode\": \"observe\", \"rules\": [{\"action\": \"refuse\", \"regions\": [\"HK\"], " ORDER
		      ", \"override\": {\"reason\": \"court\", \"approved_by\": \"bob\"}}}]");
	rg_engine_actor_set(engine, NULL, NULL);
	then_judged(FROM_HK, RG_REASON_OBSERVE_REFUSED);
}

static void an_override_without_need_is_refused(void **state)
{
	(void)state;
	assert_int_not_equal(try_meeting("\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"], " ORDER
					 ", \"override\": {\"reason\": \"x\", \"approved_by\": \"bob\"}}}]"), 0);
	then_error(RG_ERR_INVALID, "/rules/0/order/override", "nothing to override");
}

static void an_order_from_the_future_is_refused(void **state)
{
	(void)state;
	assert_int_not_equal(try_meeting("\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"], \"order\": {\"jurisdiction\":"
					 " \"CN\", \"authority\": \"a\", \"basis\": \"b\", \"reference\": \"c\", \"received\":"
					 " \"9000-01-01\"}}]"), 0);
	then_error(RG_ERR_INVALID, "/rules/0/order/received", "future");
}

/* --- time ---------------------------------------------------------------------- */

/* Wait for a verdict, at most 4 s. */
static bool comes(const char *source, enum rg_reason wanted)
{
	for (int i = 0; i < 400; i++) {
		if (judged(source) == wanted)
			return true;
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	return false;
}

static void deadlines_are_kept_without_the_daemon(void **state)
{
	char fields[512], from[RG_TIME_TEXT_MAX], until[RG_TIME_TEXT_MAX];

	(void)state;
	snprintf(fields, sizeof(fields), "\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"], \"not_before\": \"%s\","
		 " \"expires\": \"%s\"}]", in_s(2, from), in_s(3, until));
	given_body(fields);
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
	/* no tick: only the program's own clock */
	assert_true(comes(FROM_CN, RG_REASON_REFUSE_REGION));
	then_judged(FROM_DE, RG_REASON_ADMIT_DEFAULT);
	assert_true(comes(FROM_CN, RG_REASON_ADMIT_DEFAULT));
	rg_engine_tick(engine); /* trims */
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
}

static void a_meeting_is_refused_before_and_after_its_time(void **state)
{
	char fields[256], from[RG_TIME_TEXT_MAX], until[RG_TIME_TEXT_MAX];

	(void)state;
	snprintf(fields, sizeof(fields), "\"not_before\": \"%s\", \"expires\": \"%s\"", in_s(2, from), in_s(3, until));
	given_body(fields);
	then_judged(FROM_DE, RG_REASON_REFUSE_EXPIRED);
	assert_true(comes(FROM_DE, RG_REASON_ADMIT_DEFAULT));
	assert_true(comes(FROM_DE, RG_REASON_REFUSE_EXPIRED));
	rg_engine_tick(engine);
	then_judged(FROM_DE, RG_REASON_REFUSE_EXPIRED);
	when_restarted();
	then_judged(FROM_DE, RG_REASON_REFUSE_EXPIRED);
}

static void an_orders_end_ends_its_rule(void **state)
{
	char fields[512], until[RG_TIME_TEXT_MAX];

	(void)state;
	snprintf(fields, sizeof(fields), "\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"], " ORDER
		 ", \"expires\": \"%s\"}}]", in_s(2, until));
	given_body(fields);
	then_judged(FROM_CN, RG_REASON_REFUSE_REGION);
	assert_true(comes(FROM_CN, RG_REASON_ADMIT_DEFAULT));
}

static bool clock_stepped(void)
{
	json_t *clock = NULL;
	bool stepped;

	assert_int_equal(rg_engine_clock_get(engine, &clock, &err), 0);
	stepped = json_is_true(json_object_get(clock, "stepped"));
	json_decref(clock);
	return stepped;
}

static void given_rule_until(int seconds)
{
	char fields[512], until[RG_TIME_TEXT_MAX];

	snprintf(fields, sizeof(fields), "\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"], \"expires\": \"%s\"}]",
		 in_s(seconds, until));
	given_body(fields);
}

static void a_step_of_an_hour_moves_no_deadline_until_it_is_accepted(void **state)
{
	json_t *answer = NULL;

	(void)state;
	given_rule_until(1800);
	moved_ns = 3600 * NS;
	rg_engine_tick(engine);
	assert_true(clock_stepped());
	then_judged(FROM_CN, RG_REASON_REFUSE_REGION);
	when_restarted(); /* of this boot: the anchor is kept */
	assert_true(clock_stepped());
	then_judged(FROM_CN, RG_REASON_REFUSE_REGION);
	assert_int_equal(rg_engine_clock_accept(engine, &answer, &err), 0);
	json_decref(answer);
	assert_false(clock_stepped());
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
}

static void a_step_back_brings_steps_back_once_accepted(void **state)
{
	json_t *answer = NULL;

	(void)state;
	given_rule_until(-10);
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
	moved_ns = -3600 * NS;
	rg_engine_tick(engine);
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
	assert_int_equal(rg_engine_clock_accept(engine, &answer, &err), 0);
	json_decref(answer);
	then_judged(FROM_CN, RG_REASON_REFUSE_REGION);
}

static void a_clock_that_comes_back_is_believed(void **state)
{
	(void)state;
	given_rule_until(1800);
	moved_ns = 3600 * NS;
	rg_engine_tick(engine);
	moved_ns = 0;
	rg_engine_tick(engine);
	assert_false(clock_stepped());
	then_judged(FROM_CN, RG_REASON_REFUSE_REGION);
}

static void drift_is_followed_in_silence(void **state)
{
	(void)state;
	given_rule_until(5);
	for (int i = 0; i < 4; i++) {
		moved_ns += 1500 * (NS / 1000);
		rg_engine_tick(engine);
	}
	assert_false(clock_stepped());
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT); /* 6 s on */
}

static void another_boot_believes_the_wall_clock(void **state)
{
	(void)state;
	given_rule_until(1800);
	moved_ns = 3600 * NS;
	config.boot_id = "boot-2";
	when_restarted();
	assert_false(clock_stepped());
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
}

static void sleep_counts_as_time(void **state)
{
	(void)state;
	given_rule_until(1800);
	slept_ns = 3600 * NS; /* the monotonic clock stood still meanwhile */
	rg_engine_tick(engine);
	assert_false(clock_stepped());
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
}

/* --- sites, exceptions, mode ------------------------------------------------------ */

static void a_meeting_that_excludes_this_site_is_refused(void **state)
{
	(void)state;
	given_body("\"sites\": {\"refuse\": [\"DE\"]}, \"exceptions\": [{\"network\": \"192.0.2.0/24\", \"action\": \"admit\","
		      " \"reason\": \"host\"}]");
	then_judged(FROM_DE, RG_REASON_REFUSE_SITE);
	given_body("\"sites\": {\"allow\": [\"EU\"]}");
	then_judged(FROM_DE, RG_REASON_ADMIT_DEFAULT);
	config.site = NULL;
	when_restarted();
	then_judged(FROM_DE, RG_REASON_REFUSE_SITE);
}

static void exceptions_come_before_rules(void **state)
{
	(void)state;
	given_body("\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"]}], \"exceptions\": ["
		      "{\"network\": \"203.0.113.0/28\", \"action\": \"admit\", \"reason\": \"hosts\"},"
		      "{\"network\": \"203.0.113.9/32\", \"action\": \"refuse\", \"reason\": \"but him\"},"
		      "{\"network\": \"2001:db8:c:1::/64\", \"action\": \"admit\", \"reason\": \"hosts\"}]");
	then_judged("203.0.113.8", RG_REASON_ADMIT_EXCEPTION);
	then_judged("2001:db8:c:1::9", RG_REASON_ADMIT_EXCEPTION);
	then_judged("2001:db8:c:2::9", RG_REASON_REFUSE_REGION);
	then_judged("2002:cb00:7108::1", RG_REASON_ADMIT_EXCEPTION); /* 6to4 of 203.0.113.8 */
	then_judged(FROM_CN, RG_REASON_REFUSE_EXCEPTION);
	then_judged("203.0.113.16", RG_REASON_REFUSE_REGION);
	then_judged(FROM_DE, RG_REASON_ADMIT_DEFAULT);
	given_body("\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"]}]");
	then_judged("203.0.113.8", RG_REASON_REFUSE_REGION);
}

static void put_mode(const char *mode)
{
	json_t *body = json_pack("{s:s}", "mode", mode), *answer = NULL;

	if (rg_engine_mode_put(engine, body, &answer, &err))
		fail_msg("%s", err.detail);
	json_decref(body);
	json_decref(answer);
}

static void the_global_mode_is_one_push_and_survives_a_restart(void **state)
{
	(void)state;
	given_body("\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"]}]");
	put_mode("observe");
	then_judged(FROM_CN, RG_REASON_OBSERVE_REFUSED);
	when_restarted();
	then_judged(FROM_CN, RG_REASON_OBSERVE_REFUSED);
	put_mode("enforce");
	then_judged(FROM_CN, RG_REASON_REFUSE_REGION);
	put_mode("observe");
	config.dp.observe = true; /* what the configuration says anew holds, and is what was pushed */
	when_restarted();
	then_judged(FROM_CN, RG_REASON_OBSERVE_REFUSED);
	config.dp.observe = false;
	when_restarted();
	then_judged(FROM_CN, RG_REASON_OBSERVE_REFUSED);
}

static void a_mode_that_is_none_is_refused(void **state)
{
	json_t *body = json_pack("{s:s}", "mode", "off"), *answer = NULL;

	(void)state;
	assert_int_not_equal(rg_engine_mode_put(engine, body, &answer, &err), 0);
	then_error(RG_ERR_INVALID, "/mode", "enforce");
	json_decref(body);
}

/* --- admission and preview ---------------------------------------------------------- */

static json_t *admission(const char *address)
{
	json_t *body = json_pack("{s:s, s:s}", "meeting", "m-1", "address", address), *answer = NULL;

	if (rg_engine_admission(engine, body, &answer, &err))
		fail_msg("%s", err.detail);
	json_decref(body);
	/* it is what the program says */
	assert_string_equal(json_string_value(json_object_get(answer, "reason")), rg_reason_text(judged(address)));
	return answer;
}

static void who_is_refused_by_an_order_is_told_by_whom(void **state)
{
	json_t *answer, *show;

	(void)state;
	given_body("\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"], " ORDER "}}, {\"action\": \"refuse\","
		      " \"regions\": [\"HK\"]}]");
	answer = admission(FROM_CN);
	show = json_object_get(answer, "show");
	assert_int_equal(json_integer_value(json_object_get(answer, "status")), 451);
	assert_string_equal(json_string_value(json_object_get(json_object_get(answer, "order"), "reference")), "R-1");
	assert_string_equal(json_string_value(json_object_get(show, "authority")), "Ministry");
	assert_string_equal(json_string_value(json_object_get(json_object_get(show, "headers"), "Link")),
			    "<urn:regiongate:operator>; rel=\"blocked-by\"");
	json_decref(answer);
	answer = admission(FROM_HK);
	assert_int_equal(json_integer_value(json_object_get(answer, "status")), 403);
	assert_string_equal(json_string_value(json_object_get(answer, "basis")), "owner");
	json_decref(answer);
	answer = admission(FROM_DE);
	assert_int_equal(json_integer_value(json_object_get(answer, "status")), 200);
	assert_true(json_is_null(json_object_get(answer, "show")));
	json_decref(answer);
}

static void a_gag_hides_the_order_until_it_ends(void **state)
{
	char fields[512], until[RG_TIME_TEXT_MAX], *text;
	json_t *answer, *body, *later = NULL;

	(void)state;
	snprintf(fields, sizeof(fields), "\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"], " ORDER
		 ", \"gag_until\": \"%s\"}}]", in_s(3600, until));
	given_body(fields);
	answer = admission(FROM_CN);
	text = json_dumps(answer, 0);
	assert_null(strstr(text, "R-1"));
	assert_null(strstr(text, "Ministry"));
	assert_null(strstr(text, "\"Act\""));
	assert_int_equal(json_integer_value(json_object_get(answer, "status")), 451);
	free(text);
	json_decref(answer);
	body = json_pack("{s:s, s:s, s:s}", "meeting", "m-1", "address", FROM_CN, "at", until);
	assert_int_equal(rg_engine_admission(engine, body, &later, &err), 0);
	assert_string_equal(json_string_value(json_object_get(json_object_get(later, "order"), "reference")), "R-1");
	json_decref(body);
	json_decref(later);
}

static void bad_questions_are_refused(void **state)
{
	static const struct { const char *body, *pointer; enum rg_errc code; } bad[] = {
		{ "{\"meeting\": \"m-none\", \"address\": \"192.0.2.1\"}", "/meeting", RG_ERR_NOT_FOUND },
		{ "{\"meeting\": \"m-1\"}", "/address", RG_ERR_INVALID },
		{ "{\"meeting\": \"m-1\", \"address\": \"here\"}", "/address", RG_ERR_INVALID },
		{ "{\"meeting\": \"m-1\", \"address\": \"192.0.2.1\", \"at\": \"now\"}", "/at", RG_ERR_INVALID },
		{ "{\"meeting\": \"m-1\", \"address\": \"192.0.2.1\", \"who\": \"me\"}", "/who", RG_ERR_INVALID },
	};

	(void)state;
	given_body("");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		json_t *body = json_loads(bad[i].body, 0, NULL), *answer = NULL;

		assert_int_not_equal(rg_engine_admission(engine, body, &answer, &err), 0);
		then_error(bad[i].code, bad[i].pointer, "");
		json_decref(body);
	}
}

static void a_preview_refuses_what_a_put_would_and_changes_nothing(void **state)
{
	json_t *body = meeting_body("\"rules\": [{\"action\": \"refuse\", \"regions\": [\"HK\"], " ORDER "}}]"), *answer = NULL;

	(void)state;
	given_body("");
	assert_int_not_equal(rg_engine_preview(engine, "m-1", body, NULL, &answer, &err), 0);
	then_error(RG_ERR_EXCEEDS, "/rules/0/regions", "HK");
	json_decref(body);
	body = meeting_body("\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"]}]");
	assert_int_not_equal(rg_engine_preview(engine, "m-1", body, "soon", &answer, &err), 0);
	then_error(RG_ERR_INVALID, "", "'at'");
	assert_int_equal(rg_engine_preview(engine, "m-1", body, NULL, &answer, &err), 0);
	assert_true(json_is_true(json_object_get(answer, "exists")));
	json_decref(answer);
	json_decref(body);
	then_judged(FROM_CN, RG_REASON_ADMIT_DEFAULT);
}

#define WITH_PLACES(test) cmocka_unit_test_setup_teardown(test, given_places, drop_engine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACES(an_order_beyond_its_territory_is_refused_and_changes_nothing),
		WITH_PLACES(an_order_refuses_inside_and_nobody_else),
		WITH_PLACES(a_region_put_in_the_same_turn_is_looked_into),
		WITH_PLACES(a_standing_order_is_narrowed_when_a_region_moves),
		WITH_PLACES(a_region_moves_nobody_into_a_territory),
		WITH_PLACES(an_override_needs_an_admin_and_somebody_else),
		WITH_PLACES(an_override_without_need_is_refused),
		WITH_PLACES(an_order_from_the_future_is_refused),
		WITH_PLACES(deadlines_are_kept_without_the_daemon),
		WITH_PLACES(a_meeting_is_refused_before_and_after_its_time),
		WITH_PLACES(an_orders_end_ends_its_rule),
		WITH_PLACES(a_step_of_an_hour_moves_no_deadline_until_it_is_accepted),
		WITH_PLACES(a_step_back_brings_steps_back_once_accepted),
		WITH_PLACES(a_clock_that_comes_back_is_believed),
		WITH_PLACES(drift_is_followed_in_silence),
		WITH_PLACES(another_boot_believes_the_wall_clock),
		WITH_PLACES(sleep_counts_as_time),
		WITH_PLACES(a_meeting_that_excludes_this_site_is_refused),
		WITH_PLACES(exceptions_come_before_rules),
		WITH_PLACES(the_global_mode_is_one_push_and_survives_a_restart),
		WITH_PLACES(a_mode_that_is_none_is_refused),
		WITH_PLACES(who_is_refused_by_an_order_is_told_by_whom),
		WITH_PLACES(a_gag_hides_the_order_until_it_ends),
		WITH_PLACES(bad_questions_are_refused),
		WITH_PLACES(a_preview_refuses_what_a_put_would_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
