/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Orders, sites, exceptions and the mode: pushed to a real engine, judged by the loaded program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/peer.h"
#include "harness/orders.h"

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

/* The digest is the last word of the detail. */
static void then_approval_is_needed(const char *fields, char digest[65])
{
	assert_int_not_equal(try_meeting(fields), 0);
	assert_non_null(strrchr(err.detail, ' '));
	snprintf(digest, 65, "%s", strrchr(err.detail, ' ') + 1);
	then_error(RG_ERR_APPROVAL, "/rules/0/order/override/approved_by", "approve");
}

static int approve(const char *digest)
{
	json_t *body = json_pack("{s:s, s:s, s:s}", "meeting", "m-1", "sha256", digest, "reason", "read it");
	json_t *answer = NULL;
	int r = rg_engine_approve(engine, body, &answer, &err);

	json_decref(body);
	json_decref(answer);
	return r;
}

static void an_override_needs_an_admin_and_somebody_else(void **state)
{
	static const char body[] = "\"rules\": [{\"action\": \"refuse\", \"regions\": [\"HK\"], " ORDER
				   ", \"override\": {\"reason\": \"court\", \"approved_by\": \"61004\"}}}]";
	struct rg_peer pusher = { .uid = 1000, .role = RG_ROLE_PUSH }, admin = { .uid = 1001, .role = RG_ROLE_ADMIN };
	struct rg_peer bob = { .uid = 61004, .role = RG_ROLE_ADMIN }, other = { .uid = 61005, .role = RG_ROLE_ADMIN };
	static const char other_digest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char digest[65];

	(void)state;
	rg_engine_actor_set(engine, &pusher, "alice");
	assert_int_not_equal(try_meeting(body), 0);
	then_error(RG_ERR_FORBIDDEN, "/rules/0/order/override", "admin");
	rg_engine_actor_set(engine, &admin, "61004");
	assert_int_not_equal(try_meeting(body), 0);
	then_error(RG_ERR_INVALID, "/rules/0/order/override/approved_by", "somebody else");
	rg_engine_actor_set(engine, &admin, "alice");
	then_approval_is_needed(body, digest);
	assert_int_equal(approve(digest), 0); /* one's own is none */
	then_approval_is_needed(body, digest);
	rg_engine_actor_set(engine, &other, NULL);
	assert_int_equal(approve(digest), 0); /* nor is that of somebody who is not named */
	rg_engine_actor_set(engine, &bob, NULL);
	assert_int_equal(approve(other_digest), 0); /* nor one of something else */
	rg_engine_actor_set(engine, &admin, "alice");
	then_approval_is_needed(body, digest);
	rg_engine_actor_set(engine, &bob, NULL);
	assert_int_equal(approve(digest), 0);
	assert_int_not_equal(try_meeting(body), 0); /* who approves does not ask as well */
	then_error(RG_ERR_INVALID, "/rules/0/order/override/approved_by", "somebody else");
	rg_engine_actor_set(engine, NULL, NULL);
	then_approval_is_needed(body, digest); /* nor does nobody */
	rg_engine_actor_set(engine, &admin, "alice");
	given_body(body);
	then_judged(FROM_HK, RG_REASON_REFUSE_REGION);
	/* the override stands: another field may be pushed by others */
	rg_engine_actor_set(engine, &pusher, "carol");
	given_body("\"mode\": \"observe\", \"rules\": [{\"action\": \"refuse\", \"regions\": [\"HK\"], " ORDER
		      ", \"override\": {\"reason\": \"court\", \"approved_by\": \"61004\"}}}]");
	rg_engine_actor_set(engine, &admin, "alice");
	given_body("\"rules\": []");
	then_approval_is_needed(body, digest); /* it was for one use */
	rg_engine_actor_set(engine, NULL, NULL);
	then_judged(FROM_HK, RG_REASON_ADMIT_DEFAULT);
}

static void an_approval_that_is_none_is_refused(void **state)
{
	static const struct {
		const char *body, *pointer, *words;
	} bad[] = {
		{ "{\"meeting\": \"m-1\", \"reason\": \"x\"}", "/sha256", "missing" },
		{ "{\"meeting\": \"m-1\", \"sha256\": \"12\", \"reason\": \"x\"}", "/sha256", "64" },
		{ "{\"meeting\": \"m 1\", \"sha256\": \"12\", \"reason\": \"x\"}", "/meeting", "no meeting" },
		{ "{\"meeting\": \"m-1\", \"sha256\": \"12\", \"reason\": \" \"}", "/reason", "" },
		{ "{\"uid\": 7}", "/uid", "" },
	};
	struct rg_peer admin = { .uid = 1001, .role = RG_ROLE_ADMIN };

	(void)state;
	rg_engine_actor_set(engine, &admin, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *body = json_loads(bad[i].body, 0, NULL), *answer = NULL;

		assert_int_not_equal(rg_engine_approve(engine, body, &answer, &err), 0);
		then_error(RG_ERR_INVALID, bad[i].pointer, bad[i].words);
		assert_null(answer);
		json_decref(body);
	}
	rg_engine_actor_set(engine, NULL, NULL);
	assert_int_not_equal(approve("0000000000000000000000000000000000000000000000000000000000000000"), 0);
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
		      "{\"network\": \"2002:cb00:7109::/48\", \"action\": \"admit\", \"reason\": \"his router\"},"
		      "{\"network\": \"2001:db8:c:1::/64\", \"action\": \"admit\", \"reason\": \"hosts\"}]");
	then_judged("203.0.113.8", RG_REASON_ADMIT_EXCEPTION);
	then_judged("2001:db8:c:1::9", RG_REASON_ADMIT_EXCEPTION);
	then_judged("2001:db8:c:2::9", RG_REASON_REFUSE_REGION);
	then_judged("2002:cb00:7108::1", RG_REASON_ADMIT_EXCEPTION); /* 6to4 of 203.0.113.8 */
	then_judged("2002:cb00:7109::1", RG_REASON_ADMIT_EXCEPTION); /* as it is before the address inside */
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

static json_t *admission_at(const char *address, const char *at)
{
	json_t *body = json_pack("{s:s, s:s, s:s}", "meeting", "m-1", "address", address, "at", at), *answer = NULL;

	if (rg_engine_admission(engine, body, &answer, &err))
		fail_msg("%s", err.detail);
	json_decref(body);
	return answer;
}

/* Of the order: all of it, or (NULL) nothing. */
static void then_told(const json_t *answer, const char *reference)
{
	char *text = json_dumps(answer, 0);

	assert_int_equal(json_integer_value(json_object_get(answer, "status")), 451);
	assert_string_equal(field(json_object_get(answer, "order"), "reference"), reference ? reference : "");
	if (!reference) {
		assert_null(strstr(text, "R-1"));
		assert_null(strstr(text, "Ministry"));
		assert_null(strstr(text, "\"Act\""));
	}
	free(text);
}

static void when_accepted(void)
{
	json_t *answer = NULL;

	assert_int_equal(rg_engine_clock_accept(engine, &answer, &err), 0);
	json_decref(answer);
}

static void a_gag_hides_the_order_until_it_ends(void **state)
{
	char fields[512], until[RG_TIME_TEXT_MAX], end[RG_TIME_TEXT_MAX];
	json_t *answer, *scope;

	(void)state;
	snprintf(fields, sizeof(fields), "\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"], " ORDER
		 ", \"expires\": \"%s\", \"gag_until\": \"%s\"}}]", in_s(10000, end), in_s(3600, until));
	given_body(fields);
	answer = admission(FROM_CN);
	then_told(answer, NULL);
	scope = json_object_get(json_object_get(answer, "show"), "scope");
	assert_true(json_is_null(json_object_get(scope, "until"))); /* when the order ends is told of it, too */
	assert_true(json_is_null(json_object_get(scope, "within_jurisdiction")));
	json_decref(answer);
	answer = admission_at(FROM_CN, until); /* to ask about later is to ask now */
	then_told(answer, NULL);
	json_decref(answer);
	moved_ns = 3600 * NS; /* a clock that is set ends no gag */
	rg_engine_tick(engine);
	answer = admission(FROM_CN);
	then_told(answer, NULL);
	json_decref(answer);
	when_accepted();
	answer = admission(FROM_CN);
	then_told(answer, "R-1");
	scope = json_object_get(json_object_get(answer, "show"), "scope");
	assert_string_equal(field(scope, "until"), end);
	assert_true(json_is_true(json_object_get(scope, "within_jurisdiction")));
	json_decref(answer);
	answer = admission_at(FROM_CN, in_s(-3600, until)); /* nor does asking about earlier bring it back */
	then_told(answer, "R-1");
	json_decref(answer);
}

static json_int_t reported(const char *name)
{
	json_t *answer = NULL;
	json_int_t n;

	assert_int_equal(report("2020-01-01", "2099-12-31", &answer), 0);
	n = json_integer_value(json_object_get(json_object_get(answer, "totals"), name));
	json_decref(answer);
	return n;
}

static void a_gag_ends_for_the_report_by_the_clock_that_is_believed(void **state)
{
	char fields[512], until[RG_TIME_TEXT_MAX];

	(void)state;
	snprintf(fields, sizeof(fields), "\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"], " ORDER
		 ", \"gag_until\": \"%s\"}}]", in_s(3600, until));
	given_body(fields);
	assert_int_equal(reported("withheld"), 1);
	moved_ns = 2 * 3600 * NS;
	rg_engine_tick(engine);
	assert_int_equal(reported("withheld"), 1);
	when_accepted();
	assert_int_equal(reported("withheld"), 0);
	assert_int_equal(reported("requests"), 1);
}

/* The ledger's times are those of one clock: what a set clock says is in its entry only. */
static void entries_have_the_time_that_is_believed(void **state)
{
	char today[RG_TIME_TEXT_MAX], text[RG_TIME_TEXT_MAX];
	json_t *page = NULL, *entry;
	size_t i;

	(void)state;
	moved_ns = 400ll * 86400 * NS;
	rg_engine_tick(engine);
	given_body("");
	moved_ns = 0;
	assert_int_equal(ledger_list(0, 1000, &page), 0);
	in_s(0, today);
	json_array_foreach(json_object_get(page, "entries"), i, entry) {
		snprintf(text, sizeof(text), "%.4s", field(entry, "at"));
		assert_memory_equal(text, today, 4);
	}
	json_decref(page);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACES(an_order_beyond_its_territory_is_refused_and_changes_nothing),
		WITH_PLACES(an_order_refuses_inside_and_nobody_else),
		WITH_PLACES(a_region_put_in_the_same_turn_is_looked_into),
		WITH_PLACES(a_standing_order_is_narrowed_when_a_region_moves),
		WITH_PLACES(a_region_moves_nobody_into_a_territory),
		WITH_PLACES(an_override_needs_an_admin_and_somebody_else),
		WITH_PLACES(an_approval_that_is_none_is_refused),
		WITH_PLACES(an_override_without_need_is_refused),
		WITH_PLACES(an_order_from_the_future_is_refused),
		WITH_PLACES(a_meeting_that_excludes_this_site_is_refused),
		WITH_PLACES(exceptions_come_before_rules),
		WITH_PLACES(the_global_mode_is_one_push_and_survives_a_restart),
		WITH_PLACES(a_mode_that_is_none_is_refused),
		WITH_PLACES(who_is_refused_by_an_order_is_told_by_whom),
		WITH_PLACES(a_gag_hides_the_order_until_it_ends),
		WITH_PLACES(a_gag_ends_for_the_report_by_the_clock_that_is_believed),
		WITH_PLACES(entries_have_the_time_that_is_believed),
		WITH_PLACES(bad_questions_are_refused),
		WITH_PLACES(a_preview_refuses_what_a_put_would_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
