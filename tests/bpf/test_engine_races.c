/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests that meet in one turn of the loop: the first one wins, the others are told, whatever the turn
 * comes to afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/peer.h"
#include "harness/orders.h"

static uint64_t revision;

static int given_meeting_of_a_revision(void **state)
{
	int r = given_places(state);

	if (put_if("m-1", "{}", RG_ANY_REVISION, NULL, &revision))
		fail_msg("%s", err.detail);
	flush();
	return r;
}

static int put_at(const char *mode, uint64_t if_match)
{
	char text[64];

	snprintf(text, sizeof(text), "{\"mode\": \"%s\"}", mode);
	return put_if("m-1", text, if_match, NULL, NULL);
}

static void then_mode(const char *wanted)
{
	json_t *body = NULL;

	if (rg_engine_meeting_get(engine, "m-1", &body, NULL, &err))
		fail_msg("%s", err.detail);
	assert_string_equal(field(body, "mode"), wanted);
	json_decref(body);
}

static size_t entries_of(const char *kind)
{
	json_t *page = NULL, *entry;
	size_t i, n = 0;

	assert_int_equal(ledger_list(0, 1000, &page), 0);
	json_array_foreach(json_object_get(page, "entries"), i, entry)
		n += !strcmp(field(entry, "kind"), kind);
	json_decref(page);
	return n;
}

/* --- entity tags --------------------------------------------------------------- */

static void of_two_puts_with_one_tag_the_first_wins(void **state)
{
	(void)state;
	assert_int_equal(put_at("observe", revision), 0);
	assert_int_not_equal(put_at("enforce", revision), 0);
	then_error(RG_ERR_PRECONDITION, "", "the resource has revision");
	flush();
	then_mode("observe");
	assert_int_equal(entries_of("meeting-put"), 2);
}

static void a_put_does_not_overtake_a_delete(void **state)
{
	(void)state;
	assert_int_equal(rg_engine_meeting_delete(engine, "m-1", revision, &err), 0);
	assert_int_not_equal(put_at("observe", revision), 0);
	then_error(RG_ERR_PRECONDITION, "", "");
	flush();
	assert_int_equal(entries_of("meeting-delete"), 1);
	assert_int_equal(entries_of("meeting-put"), 1);
}

static void a_delete_does_not_overtake_a_put(void **state)
{
	(void)state;
	assert_int_equal(put_at("observe", revision), 0);
	assert_int_not_equal(rg_engine_meeting_delete(engine, "m-1", revision, &err), 0);
	then_error(RG_ERR_PRECONDITION, "", "");
	flush();
	then_mode("observe");
}

static void a_tag_of_before_a_deletion_is_none_of_what_was_made_anew(void **state)
{
	(void)state;
	assert_int_equal(rg_engine_meeting_delete(engine, "m-1", RG_ANY_REVISION, &err), 0);
	assert_int_equal(put_at("enforce", RG_NO_RESOURCE), 0);
	assert_int_not_equal(put_at("observe", revision), 0);
	then_error(RG_ERR_PRECONDITION, "", "");
	assert_int_not_equal(put_at("observe", RG_NO_RESOURCE), 0);
	then_error(RG_ERR_PRECONDITION, "", "exists");
	flush();
	then_mode("enforce");
}

/* What is equal moves no revision, so a tag still holds behind it. */
static void an_equal_body_takes_no_tag_away(void **state)
{
	(void)state;
	assert_int_equal(put_at("enforce", revision), 0);
	assert_int_equal(put_at("observe", revision), 0);
	flush();
	then_mode("observe");
	assert_int_equal(entries_of("meeting-put"), 2);
}

/* --- approvals ------------------------------------------------------------------- */

static const struct rg_peer alice = { .uid = 1001, .role = RG_ROLE_ADMIN }, bob = { .uid = 61004, .role = RG_ROLE_ADMIN };
#define OVERRIDE(more) "{" more "\"rules\": [{\"action\": \"refuse\", \"regions\": [\"HK\"], " ORDER \
		       ", \"override\": {\"reason\": \"court\", \"approved_by\": \"61004\"}}}]}"

static int push_override(const char *id)
{
	int r;

	rg_engine_actor_set(engine, &alice, NULL);
	r = put(id, OVERRIDE(""));
	rg_engine_actor_set(engine, NULL, NULL);
	return r;
}

static void given_approval(const char *id)
{
	json_t *body, *answer = NULL;
	char digest[65];

	assert_int_not_equal(push_override(id), 0);
	snprintf(digest, sizeof(digest), "%s", strrchr(err.detail, ' ') + 1);
	then_error(RG_ERR_APPROVAL, "/rules/0/order/override/approved_by", "");
	body = json_pack("{s:s, s:s, s:s}", "meeting", id, "sha256", digest, "reason", "read it");
	rg_engine_actor_set(engine, &bob, NULL);
	if (rg_engine_approve(engine, body, &answer, &err))
		fail_msg("%s", err.detail);
	rg_engine_actor_set(engine, NULL, NULL);
	json_decref(body);
	json_decref(answer);
}

static void an_approval_is_used_once_in_a_turn(void **state)
{
	(void)state;
	given_approval("m-1");
	assert_int_equal(push_override("m-1"), 0);
	assert_int_equal(rg_engine_meeting_delete(engine, "m-1", RG_ANY_REVISION, &err), 0);
	assert_int_not_equal(push_override("m-1"), 0);
	then_error(RG_ERR_APPROVAL, "/rules/0/order/override/approved_by", "");
	flush();
	assert_int_equal(entries_of("override"), 1);
}

static void an_approval_is_of_one_meeting(void **state)
{
	(void)state;
	given_approval("m-1");
	assert_int_not_equal(push_override("m-2"), 0);
	then_error(RG_ERR_APPROVAL, "/rules/0/order/override/approved_by", "");
	assert_int_equal(push_override("m-1"), 0);
	flush();
}

/* It stands from the first push on, which is in the same turn. */
static void a_second_push_of_what_stands_uses_none_up(void **state)
{
	(void)state;
	given_approval("m-1");
	assert_int_equal(push_override("m-1"), 0);
	assert_int_equal(push_override("m-1"), 0);
	rg_engine_actor_set(engine, &alice, NULL);
	assert_int_equal(put("m-1", OVERRIDE("\"default\": \"refuse\", ")), 0); /* that rule is as it was */
	rg_engine_actor_set(engine, NULL, NULL);
	flush();
	assert_int_equal(entries_of("override"), 1);
}

static void an_approval_ends_within_a_day(void **state)
{
	(void)state;
	given_approval("m-1");
	slept_ns = (24 * 3600 + 1) * NS;
	assert_int_not_equal(push_override("m-1"), 0);
	then_error(RG_ERR_APPROVAL, "/rules/0/order/override/approved_by", "");
	flush();
	assert_int_equal(entries_of("override"), 0);
	then_mode("enforce");
}

static void a_step_of_the_clock_ends_no_approval(void **state)
{
	(void)state;
	given_approval("m-1");
	moved_ns = 25 * 3600 * NS;
	rg_engine_tick(engine);
	assert_int_equal(push_override("m-1"), 0);
	flush();
}

/* A clock that goes on by a day after so many looks at it; 0: not any more. */
static int looks_left;

static int64_t read_jumping(void *arg, int id)
{
	if (looks_left && !--looks_left)
		slept_ns += 25 * 3600 * NS;
	return read_clock(arg, id);
}

static int given_jumping_clock(void **state)
{
	int r = given_meeting_of_a_revision(state);

	looks_left = 0;
	config.clock = read_jumping;
	when_restarted();
	return r;
}

/* An approval that ends between the check of a push and its use: it was there when it was asked for. Either
 * way the push holds or does not, and no other push of the turn is undone. */
static void an_approval_that_ends_in_the_middle_of_a_push_harms_no_other(void **state)
{
	(void)state;
	for (int n = 1; n <= 10; n++) {
		char id[16];

		snprintf(id, sizeof(id), "m-at-%d", n); /* what is not used up is of no use to the next one */
		given_approval(id);
		assert_int_equal(put("m-other", n % 2 ? "{\"mode\": \"observe\"}" : "{}"), 0);
		looks_left = n;
		if (push_override(id))
			then_error(RG_ERR_APPROVAL, "/rules/0/order/override/approved_by", "");
		looks_left = 0;
		slept_ns = 0;
		if (rg_engine_flush(engine, &err))
			fail_msg("with %d looks: %s", n, err.detail);
	}
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, given_meeting_of_a_revision, drop_engine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(of_two_puts_with_one_tag_the_first_wins),
		TEST(a_put_does_not_overtake_a_delete),
		TEST(a_delete_does_not_overtake_a_put),
		TEST(a_tag_of_before_a_deletion_is_none_of_what_was_made_anew),
		TEST(an_equal_body_takes_no_tag_away),
		TEST(an_approval_is_used_once_in_a_turn),
		TEST(an_approval_is_of_one_meeting),
		TEST(a_second_push_of_what_stands_uses_none_up),
		TEST(an_approval_ends_within_a_day),
		TEST(a_step_of_the_clock_ends_no_approval),
		cmocka_unit_test_setup_teardown(an_approval_that_ends_in_the_middle_of_a_push_harms_no_other,
						given_jumping_clock, drop_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
