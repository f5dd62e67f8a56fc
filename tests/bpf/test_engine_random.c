/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random calls of the engine, good and bad ones: after each turn the API, the store's file, the
 * loaded program and a model of our own say the same.
 *
 * RG_RANDOM_SEED (1), RG_RANDOM_STEPS (600); make fuzz-api SEED= STEPS=. A failure names seed and step.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <time.h>
#include "evade/random.h"
#include "harness/disk.h"
#include "harness/engine.h"
#include "harness/shadow.h"

#define MAX_MEETINGS 7 /* in the kernel: one less than SH_MEETINGS minus the unused number 0 */
#define MAX_LOCALS 3   /* of 5 addresses */
#define MAX_UFRAGS 5
#define MAX_LONG_UFRAGS 1
#define PORTS 5
#define PROBES 60

#define NS 1000000000ll

static struct rnd rnd;
static struct shadow shadow, flushed; /* now; as of the last flush */
static unsigned long seed, step;
static char what[512];                /* the last call, for messages */
static uint64_t last_revision;
static bool regions_changed;          /* in this turn */

#define wrong(format, ...) \
	fail_msg("seed %lu step %lu, %s: " format, seed, step, what, ##__VA_ARGS__)

/* --- the clock: of the test, in the middle of hour shadow.now; it goes on while the machine sleeps */

static int64_t wall_offset_ns, slept_ns; /* slept: of the boot's clock, which the monotonic one does not count */
static int64_t centred_ns; /* CLOCK_MONOTONIC when it stood in the middle of an hour */
static int stepped_hours;                /* the wall clock was set, and nobody has accepted it */

static int64_t read_clock(void *arg, int id)
{
	struct timespec ts;

	(void)arg;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * NS + ts.tv_nsec + (id == CLOCK_REALTIME ? wall_offset_ns + slept_ns : 0) +
	       (id == CLOCK_BOOTTIME ? slept_ns : 0);
}

static void set_clock(void)
{
	struct timespec ts;

	centred_ns = read_clock(NULL, CLOCK_MONOTONIC);
	clock_gettime(CLOCK_REALTIME, &ts);
	wall_offset_ns = ((int64_t)SH_BEGIN + SH_HOUR / 2 - ts.tv_sec) * NS;
	config.clock = read_clock;
	config.boot_id = "boot-1";
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : otherwise;
}

#include "harness/shadow_draw.h"

/* --- calls. Each says which error it must give, or none. */

struct condition { uint64_t if_match; bool holds; };

static struct condition draw_condition(bool exists, uint64_t revision)
{
	switch (rnd_below(&rnd, 8)) {
	case 0: return (struct condition){ exists ? revision : 1, exists };
	case 1: return (struct condition){ revision + 1000, false };
	case 2: return (struct condition){ RG_NO_RESOURCE, !exists };
	case 3: return (struct condition){ RG_SOME_RESOURCE, exists };
	default: return (struct condition){ RG_ANY_REVISION, true };
	}
}

static void then_result(int ret, enum rg_errc wanted)
{
	if (wanted && (!ret || err.code != wanted))
		wrong("gives %d, error %d '%s', wanted error %d", ret, err.code, err.detail, wanted);
	if (!wanted && ret)
		wrong("refused: %s: %s", err.pointer, err.detail);
	memset(&err, 0, sizeof(err));
}

static bool too_many_ufrags(uint32_t bits)
{
	return __builtin_popcount(bits) > MAX_UFRAGS || __builtin_popcount(bits & SH_LONG_UFRAGS) > MAX_LONG_UFRAGS;
}

/* A full table may be told too early: what a meeting gives up counts until what it has new is in
 * force, and what a turn gives up makes no room if custom regions were changed, too (see engine.c).
 * And it may be told of a ufrag before something else is found that is bad: ufrags come first. */
static void then_meeting_result(int ret, enum rg_errc wanted, const struct sh_meeting *m)
{
	bool full = ret && err.code == RG_ERR_FULL;
	bool ufrags = regions_changed || too_many_ufrags(sh_all_ufrags(&shadow) | m->ufrags);

	if (full && !wanted && sh_count_locals(&shadow, sh_locals_of(m)) > MAX_LOCALS)
		wanted = RG_ERR_FULL;
	if (full && ufrags && (!wanted || wanted == RG_ERR_INVALID || wanted == RG_ERR_CONFLICT ||
			       wanted == RG_ERR_EXCEEDS))
		wanted = RG_ERR_FULL;
	then_result(ret, wanted);
}

static bool same_meeting(const struct sh_meeting *a, const struct sh_meeting *b, unsigned int i)
{
	struct shadow x = { 0 }, y = { 0 };
	json_t *p, *q;
	bool same;

	x.meetings[i] = *a;
	y.meetings[i] = *b;
	p = sh_meeting_json(&x, i);
	q = sh_meeting_json(&y, i);
	same = json_equal(p, q);
	json_decref(p);
	json_decref(q);
	return a->exists && b->exists && same;
}

/* The error that putting @m must give. */
static enum rg_errc error_of(unsigned int i, const struct sh_meeting *m)
{
	struct shadow after = shadow;

	after.meetings[i] = *m;
	if (sh_orders_never(m))
		return RG_ERR_INVALID;
	if (sh_ufrags_error(&shadow, i, m->ufrags))
		return sh_ufrags_error(&shadow, i, m->ufrags);
	if (too_many_ufrags(sh_all_ufrags(&after)))
		return RG_ERR_FULL;
	if (same_meeting(&shadow.meetings[i], m, i))
		return RG_ERR_NONE;
	if (!sh_regions_exist(&shadow, m))
		return RG_ERR_INVALID;
	if (sh_conflict(&shadow, i, m) >= 0 || sh_meets_shared(&shadow, m))
		return RG_ERR_CONFLICT;
	if (sh_orders_exceed(&shadow, i, m))
		return RG_ERR_EXCEEDS;
	if (sh_count_meetings(&after) > MAX_MEETINGS - 1 || sh_count_locals(&after, 0) > MAX_LOCALS)
		return RG_ERR_FULL;
	return RG_ERR_NONE;
}

static void accept_meeting(unsigned int i, struct sh_meeting m, uint64_t revision)
{
	bool same = same_meeting(&shadow.meetings[i], &m, i);

	if (same ? revision != shadow.meetings[i].revision : revision <= last_revision)
		wrong("revision %llu after %llu", (unsigned long long)revision, (unsigned long long)last_revision);
	if (same)
		return;
	last_revision = revision;
	m.revision = revision;
	shadow.meetings[i] = m;
}

/* As one request does, or as a line of a batch. */
static int put_body(const char *id, const json_t *body, uint64_t if_match, bool *ret_created, uint64_t *ret_revision)
{
	char *text = json_dumps(body, JSON_COMPACT);
	struct rg_meeting_spec *spec = NULL;

	snprintf(what, sizeof(what), "put %.400s", text);
	if (rnd_one_in(&rnd, 2))
		rg_meeting_from_text(text, strlen(text), id, &spec); /* if it is of the common kind */
	free(text);
	return spec ? rg_engine_meeting_put_spec(engine, spec, if_match, ret_created, ret_revision, &err) :
		      rg_engine_meeting_put(engine, id, body, if_match, ret_created, ret_revision, &err);
}

static void put_meeting(unsigned int i, struct sh_meeting m, bool spoiled)
{
	const struct sh_meeting *old = &shadow.meetings[i];
	struct condition condition = draw_condition(old->exists, old->revision);
	struct shadow with = shadow;
	bool created = false;
	uint64_t revision = 0;
	enum rg_errc wanted;
	json_t *body;
	char id[8];
	int ret;

	with.meetings[i] = m;
	body = sh_meeting_json(&with, i);
	if (spoiled)
		spoil(body);
	spoiled |= sh_orders_never(&m);
	snprintf(id, sizeof(id), "m-%u", i);
	wanted = spoiled ? RG_ERR_INVALID : !condition.holds ? RG_ERR_PRECONDITION : error_of(i, &m);
	ret = put_body(id, body, spoiled ? RG_ANY_REVISION : condition.if_match, &created, &revision);
	json_decref(body);
	then_meeting_result(ret, wanted, &m);
	if (!ret && created == old->exists)
		wrong("created: %d", created);
	if (!ret)
		accept_meeting(i, m, revision);
}

static void do_put(void)
{
	unsigned int i = rnd_below(&rnd, SH_MEETINGS);

	put_meeting(i, draw_meeting(i), false);
}

static void do_put_bad(void)
{
	unsigned int i = rnd_below(&rnd, SH_MEETINGS);
	struct sh_meeting m = draw_meeting(i);

	m.ufrags = 0; /* what is wrong with them may be told first */
	put_meeting(i, m, true);
}

static void do_put_again(void)
{
	unsigned int i = rnd_below(&rnd, SH_MEETINGS);

	if (shadow.meetings[i].exists)
		put_meeting(i, shadow.meetings[i], false);
}

/* RFC 7396 merges objects: what names the other list leaves the one that is there. */
static bool sites_merge_badly(const struct sh_meeting *m, const struct sh_meeting *patch)
{
	return m->exists && m->sites && patch->sites && strcmp(sh_sites[m->sites].list, sh_sites[patch->sites].list);
}

/* Fields that a patch changes, and where the model has them. */
#define SPAN(member) { offsetof(struct sh_meeting, member), sizeof(((struct sh_meeting *)0)->member) }
static const struct field { const char *name; struct { size_t at, size; } spans[2]; } fields[] = {
	{ "endpoints", { SPAN(endpoints), SPAN(n_endpoints) } },    { "rules", { SPAN(rules), SPAN(n_rules) } },
	{ "exceptions", { SPAN(exceptions), SPAN(n_exceptions) } }, { "ufrags", { SPAN(ufrags) } },
	{ "default", { SPAN(refuse) } }, { "mode", { SPAN(observe) } }, { "sites", { SPAN(sites) } },
	{ "not_before", { SPAN(times.from) } }, { "expires", { SPAN(times.until) } },
};

static enum rg_errc patch_error_of(unsigned int i, const struct field *field, const struct sh_meeting *other,
				   const struct sh_meeting *m)
{
	if (!shadow.meetings[i].exists)
		return RG_ERR_NOT_FOUND;
	if (!strcmp(field->name, "sites") && sites_merge_badly(&shadow.meetings[i], other))
		return RG_ERR_INVALID;
	if (m->times.until != SH_NO_TIME && m->times.until <= m->times.from)
		return RG_ERR_INVALID;
	return error_of(i, m);
}

/* One field; a null stands for its default. */
static void do_patch(void)
{
	unsigned int i = rnd_below(&rnd, SH_MEETINGS);
	const struct field *field = &fields[rnd_below(&rnd, SH_COUNT(fields))];
	struct sh_meeting m = shadow.meetings[i], other = draw_meeting(i);
	struct shadow with = shadow;
	bool null = rnd_one_in(&rnd, 6);
	uint64_t revision = 0;
	json_t *body, *patch;
	char id[8];
	int ret;

	if (null)
		other = (struct sh_meeting){ .exists = true, .times = { SH_NO_TIME, SH_NO_TIME } };
	for (unsigned int j = 0; j < 2; j++)
		memcpy((char *)&m + field->spans[j].at, (char *)&other + field->spans[j].at, field->spans[j].size);
	with.meetings[i] = other;
	body = sh_meeting_json(&with, i);
	patch = json_pack("{s:O?}", field->name, null ? NULL : json_object_get(body, field->name));
	json_decref(body);
	snprintf(id, sizeof(id), "m-%u", i);
	snprintf(what, sizeof(what), "patch %s of %s", field->name, id);
	ret = rg_engine_meeting_patch(engine, id, patch, RG_ANY_REVISION, &revision, &err);
	json_decref(patch);
	then_meeting_result(ret, patch_error_of(i, field, &other, &m), &m);
	if (!ret)
		accept_meeting(i, m, revision);
}

static void do_delete(void)
{
	unsigned int i = rnd_below(&rnd, SH_MEETINGS);
	struct sh_meeting *m = &shadow.meetings[i];
	struct condition condition = draw_condition(m->exists, m->revision);
	char id[8];
	int ret;

	snprintf(id, sizeof(id), "m-%u", i);
	snprintf(what, sizeof(what), "delete %s", id);
	ret = rg_engine_meeting_delete(engine, id, condition.if_match, &err);
	then_result(ret, !m->exists ? RG_ERR_NOT_FOUND : condition.holds ? RG_ERR_NONE : RG_ERR_PRECONDITION);
	if (!ret)
		*m = (struct sh_meeting){ 0 };
}

#include "harness/shadow_region_calls.h"
#include "harness/shadow_shared_calls.h"
#include "harness/shadow_engine_calls.h"
#include "harness/shadow_compare.h"
#include "harness/shadow_flows.h"

static void do_something(void)
{
	static void (*const calls[])(void) = { do_put, do_put, do_put, do_put, do_patch, do_patch, do_delete,
					       do_put_bad, do_put_again, do_region, do_region_moves, do_region_delete, do_bind,
					       do_bind, do_bind, do_unbind, do_shared, do_shared,
					       do_shared_delete };
	struct shadow before = shadow;

	if (rnd_one_in(&rnd, 60))
		do_mode();
	else
		calls[rnd_below(&rnd, SH_COUNT(calls))]();
	note_given_up(&before);
}


/* --- turns */

static void end_turn(void)
{
	if (rg_engine_flush(engine, &err))
		wrong("flush: %s", err.detail);
	regions_changed = false;
}

static void good_turn(void)
{
	for (uint32_t n = 1 + (rnd_one_in(&rnd, 3) ? rnd_below(&rnd, 6) : 0); n; n--)
		do_something();
	end_turn();
}

/* The disk is full: whatever is asked, nothing changes. One call, since a second one may have the first one
 * committed, to make room, while there is room on the disk. */
static void full_disk_turn(void)
{
	uint64_t revision = last_revision;

	do_something();
	given_full_disk();
	rg_engine_flush(engine, &err);
	given_room_on_disk();
	if (memcmp(&shadow, &flushed, sizeof(shadow)) && !err.code)
		wrong("a commit without room on the disk succeeds");
	memset(&err, 0, sizeof(err));
	shadow = flushed;
	last_revision = revision;
	given_up = 0;
	end_turn();
}

/* The machine sleeps for some hours, or its clock is set: that holds once it is accepted. */
static void time_goes_by(void)
{
	int hours = 1 + (int)rnd_below(&rnd, 2);
	json_t *answer = NULL;

	snprintf(what, sizeof(what), "time goes by");
	if (stepped_hours && rnd_one_in(&rnd, 2)) {
		assert_int_equal(rg_engine_clock_accept(engine, &answer, &err), 0);
		json_decref(answer);
		shadow.now += stepped_hours;
		stepped_hours = 0;
	} else if (!stepped_hours && rnd_one_in(&rnd, 2)) {
		stepped_hours = rnd_one_in(&rnd, 3) ? -hours : hours;
		wall_offset_ns += stepped_hours * SH_HOUR * NS;
	} else {
		slept_ns += hours * SH_HOUR * NS;
		shadow.now += hours;
	}
	rg_engine_tick(engine);
}

/* A long run would leave the hour by itself: rather it sleeps until the middle of the next one. */
static void stay_in_the_middle(void)
{
	int64_t now = read_clock(NULL, CLOCK_MONOTONIC);

	if (now - centred_ns < SH_HOUR / 6 * NS)
		return;
	slept_ns += SH_HOUR * NS - (now - centred_ns);
	centred_ns = now;
	shadow.now++;
	rg_engine_tick(engine);
}

static void one_turn(void)
{
	uint32_t dice = rnd_below(&rnd, 40);

	if (dice == 0)
		full_disk_turn();
	else
		good_turn();
	flows_follow(dice == 1);
	if (dice == 1)
		when_moved();
	if (dice < 5)
		time_goes_by();
	stay_in_the_middle();
	flushed = shadow;
	then_all_agree();
	then_admissions();
	then_flows();
	if (dice < 2)
		then_maps_are_as_made_anew();
}

static void model_store_and_kernel_agree_after_every_turn(void **state)
{
	unsigned long steps = setting("RG_RANDOM_STEPS", 600);

	(void)state;
	seed = setting("RG_RANDOM_SEED", 1);
	rnd = rnd_of(seed, 0);
	config.dp.max_meetings = MAX_MEETINGS;
	config.dp.max_locals = MAX_LOCALS;
	config.dp.max_ufrags = MAX_UFRAGS;
	config.dp.max_ufrags_long = MAX_LONG_UFRAGS;
	set_clock();
	when_moved();
	for (step = 0; step < steps; step++)
		one_turn();
	when_restarted();
	then_all_agree();
	then_ledger_is_whole();
	assert_true(bound || steps < 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(model_store_and_kernel_agree_after_every_turn) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
