/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/log.h"
#include "engine/engine_private.h"
#include "policy/time.h"
#include "store/ledger.h"
#include "store/settings.h"

#define NS 1000000000ll
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define FAR_S (1ll << 33) /* beyond this many seconds from now nothing is computed in ns */
#define AWAY_S (7 * 86400) /* a machine that was off for longer is worth a word */
#define BELIEVED_S (1ll << 32) /* a time of the store beyond this one, in the year 2106, is none */

static int64_t read_kernel(void *arg, int id)
{
	struct timespec ts;

	(void)arg;
	clock_gettime((clockid_t)id, &ts);
	return (int64_t)ts.tv_sec * NS + ts.tv_nsec;
}

static int64_t read_clock(const struct clock *clock, int id)
{
	return clock->read(clock->arg, id);
}

/* One clock beyond another one, read at one moment: a pause in between would look like a step. */
static int64_t beyond(const struct clock *clock, int a, int b)
{
	int64_t before, between, after;

	for (int tries = 0; ; tries++) {
		before = read_clock(clock, b);
		between = read_clock(clock, a);
		after = read_clock(clock, b);
		if (after - before < NS / 1000 || tries == 10)
			return between - before - (after - before) / 2;
	}
}

static void read_boot_id(struct clock *clock, const char *given)
{
	_cleanup_(rg_fclosep) FILE *file = given ? NULL : fopen(BOOT_ID, "re");

	if (given)
		snprintf(clock->boot, sizeof(clock->boot), "%s", given);
	else if (file && fgets(clock->boot, sizeof(clock->boot), file))
		clock->boot[strcspn(clock->boot, "\n")] = '\0';
}

/* A member, in nanoseconds; 0: there is none that is a time. */
static int64_t ns_of(const json_t *json, const char *name)
{
	int64_t ns = json_integer_value(json_object_get(json, name));

	return ns > -BELIEVED_S * NS && ns < BELIEVED_S * NS ? ns : 0;
}

/* The anchor of an earlier daemon of this boot, and the step that it reported and nobody has accepted. */
static bool read_anchor(struct rg_engine *engine)
{
	struct clock *clock = &engine->clock;
	_cleanup_(rg_freep) char *text = NULL;
	_cleanup_(json_decrefp) json_t *json = NULL;
	const char *boot;

	if (rg_store_setting_get(engine->store, "clock", &text, NULL) || !text)
		return false;
	json = json_loads(text, 0, NULL);
	boot = json_string_value(json_object_get(json, "boot"));
	if (!boot || !*clock->boot || strcmp(boot, clock->boot) || !ns_of(json, "anchor_ns"))
		return false;
	clock->anchor_ns = clock->stored.anchor_ns = ns_of(json, "anchor_ns");
	clock->step_ns = clock->stored.step_ns = ns_of(json, "step_ns");
	clock->step_at = ns_of(json, "step_at_ns") / NS;
	clock->stepped = clock->step_ns != 0;
	return true;
}

static int read_at(void *arg, const struct rg_store_entry *entry, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *json = json_loadb(entry->text, entry->length, 0, NULL);
	const char *at = json_string_value(json_object_get(json, "at"));
	char second[RG_TIME_TEXT_MAX];

	(void)err;
	snprintf(second, sizeof(second), "%.19sZ", at ? at : "");
	(void)rg_time_parse(second, arg); /* untouched if it is no time */
	return 0;
}

/* The last time, in seconds, that an earlier daemon knew; 0: none did. */
static int64_t last_known(struct rg_engine *engine)
{
	struct rg_store_head head = { 0 };
	uint64_t alive = 0;
	int64_t at = 0;

	if (rg_store_alive(engine->store, &alive, NULL) || rg_store_ledger_head(engine->store, &head, NULL))
		return 0;
	if (head.seq)
		rg_store_ledger_page(engine->store, false, head.seq - 1, 1, read_at, &at, NULL);
	at = at > (int64_t)alive ? at : (int64_t)alive;
	return at > 0 && at < BELIEVED_S ? at : 0;
}

/* An RTC that is ahead can not be told from a machine that was off: it is said how long that would be. */
static void note_away(struct clock *clock, int64_t known)
{
	char text[RG_TIME_TEXT_MAX];

	clock->away_s = known ? (read_clock(clock, CLOCK_REALTIME) - read_clock(clock, CLOCK_BOOTTIME)) / NS - known : 0;
	if (clock->away_s < 0)
		clock->away_s = 0;
	if (clock->away_s >= AWAY_S)
		rg_log(RG_LOG_WARNING, "by its clock this machine was off for %lld days, since %s; if that is not so, the clock "
		       "is ahead, and what ends in between has ended", (long long)(clock->away_s / 86400),
		       rg_time_format(known, text));
}

/* A reboot: the wall clock is believed, unless it is behind what an earlier daemon knew (an RTC without a
 * battery, say). Time does not go back: then that time is believed, and the wall clock has stepped. */
static void anchor_anew(struct rg_engine *engine)
{
	struct clock *clock = &engine->clock;
	int64_t known = last_known(engine), least = known * NS - read_clock(clock, CLOCK_BOOTTIME);

	clock->anchor_ns = beyond(clock, CLOCK_REALTIME, CLOCK_BOOTTIME);
	note_away(clock, known);
	if (clock->anchor_ns > least - CLOCK_STEP_NS)
		return;
	clock->anchor_ns = least;
	clock_look(engine);
}

int clock_open(struct rg_engine *engine, const struct rg_engine_config *config, struct rg_err *err)
{
	struct clock *clock = &engine->clock;

	(void)err;
	clock->read = config->clock ? config->clock : read_kernel;
	clock->arg = config->clock_arg;
	read_boot_id(clock, config->boot_id);
	clock->slept_ns = beyond(clock, CLOCK_BOOTTIME, CLOCK_MONOTONIC);
	if (read_anchor(engine))
		clock_look(engine);
	else
		anchor_anew(engine);
	return 0;
}

static void report_step(struct rg_engine *engine, int64_t drift)
{
	struct clock *clock = &engine->clock;
	char believed[RG_TIME_TEXT_MAX], wall[RG_TIME_TEXT_MAX];
	int64_t now = rg_engine_now(engine);

	clock->stepped = true;
	clock->step_ns = drift;
	clock->step_at = now;
	rg_time_format(now, believed);
	rg_time_format(read_clock(clock, CLOCK_REALTIME) / NS, wall);
	rg_log(RG_LOG_ERROR, "the clock was set to %s where %s was expected; deadlines stay where they were "
	       "until 'regiongate clock accept'", wall, believed);
	if (engine->events) /* not yet at a start */
		events_add(engine, EVENT_CLOCK, NULL, json_pack("{s:s, s:s, s:s}", "change", "step", "expected",
								believed, "wall", wall));
	engine_ledger_later(engine, RG_LEDGER_CLOCK_STEP, "clock",
			    json_pack("{s:s, s:s, s:I, s:s}", "expected", believed, "wall", wall,
				      "step_ms", (json_int_t)(drift / 1000000), "effect", "none"));
}

static int64_t magnitude(int64_t ns)
{
	return ns < 0 ? -ns : ns;
}

bool clock_look(struct rg_engine *engine)
{
	struct clock *clock = &engine->clock;
	int64_t drift = beyond(clock, CLOCK_REALTIME, CLOCK_BOOTTIME) - clock->anchor_ns;
	int64_t slept = beyond(clock, CLOCK_BOOTTIME, CLOCK_MONOTONIC);
	bool moved = false;

	if (magnitude(drift) >= CLOCK_STEP_NS) {
		/* told once, and again if it is another step */
		if (!clock->stepped || magnitude(drift - clock->step_ns) >= CLOCK_STEP_NS)
			report_step(engine, drift);
		clock->step_ns = drift;
	} else {
		if (clock->stepped)
			rg_log(RG_LOG_NOTICE, "the clock is back where it was expected");
		clock->stepped = false;
		if (magnitude(drift) >= CLOCK_DRIFT_NS) {
			clock->anchor_ns += drift;
			moved = true;
		}
	}
	if (magnitude(slept - clock->slept_ns) >= NS / 1000) {
		clock->slept_ns = slept;
		moved = true;
	}
	return moved;
}

static int64_t standing_step(const struct clock *clock)
{
	return clock->stepped ? clock->step_ns : 0;
}

static int write_anchor(struct rg_engine *engine, struct rg_err *err)
{
	const struct clock *clock = &engine->clock;
	_cleanup_(json_decrefp) json_t *json = json_pack("{s:s, s:I, s:I, s:I}", "boot", clock->boot, "anchor_ns",
							 (json_int_t)clock->anchor_ns, "step_ns",
							 (json_int_t)standing_step(clock), "step_at_ns",
							 (json_int_t)(clock->stepped ? clock->step_at * NS : 0));
	_cleanup_(rg_freep) char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	return text ? rg_store_setting_put(engine->store, "clock", text, err) : engine_no_memory(err);
}

static void note_stored(struct clock *clock)
{
	clock->stored.anchor_ns = clock->anchor_ns;
	clock->stored.step_ns = standing_step(clock);
}

static bool is_stored(const struct clock *clock)
{
	return clock->stored.anchor_ns && magnitude(clock->anchor_ns - clock->stored.anchor_ns) < CLOCK_STORE_NS &&
	       magnitude(standing_step(clock) - clock->stored.step_ns) < CLOCK_STORE_NS;
}

void clock_store(struct rg_engine *engine)
{
	struct clock *clock = &engine->clock;
	struct rg_err err = { 0 };
	int r;

	if (is_stored(clock))
		return;
	engine_settle(engine);
	r = engine_stage_begin(engine, &err);
	if (!r)
		r = write_anchor(engine, &err);
	if (!r)
		r = rg_store_commit(engine->store, &err);
	if (!r) {
		note_stored(clock);
		return;
	}
	rg_store_rollback(engine->store);
	rg_log(RG_LOG_WARNING, "the clock's anchor is not stored: %s", err.detail);
}

int64_t engine_now_ms(const struct rg_engine *engine)
{
	const struct clock *clock = &engine->clock;

	if (clock->held)
		return clock->held_at * 1000;
	return (read_clock(clock, CLOCK_BOOTTIME) + clock->anchor_ns) / 1000000;
}

void clock_hold(struct rg_engine *engine, int64_t time)
{
	engine->clock.held = true;
	engine->clock.held_at = time;
}

int64_t rg_engine_now(const struct rg_engine *engine)
{
	return engine_now_ms(engine) / 1000;
}

uint64_t clock_deadline(const struct rg_engine *engine, int64_t wall)
{
	const struct clock *clock = &engine->clock;
	int64_t ns;

	if (clock->held) /* whatever time goes by */
		return wall > clock->held_at ? UINT64_MAX : 1;
	if (wall == RG_TIME_MAX || wall > rg_engine_now(engine) + FAR_S)
		return UINT64_MAX;
	ns = (wall - clock->anchor_ns / NS) * NS - clock->anchor_ns % NS - clock->slept_ns;
	return ns > 0 ? (uint64_t)ns : 1;
}

static json_t *time_json(int64_t time)
{
	char text[RG_TIME_TEXT_MAX];

	return json_string(rg_time_format(time, text));
}

json_t *clock_json(const struct rg_engine *engine)
{
	const struct clock *clock = &engine->clock;

	return json_pack("{s:o, s:o, s:b, s:o, s:o}", "believed", time_json(rg_engine_now(engine)),
			 "wall", time_json(read_clock(clock, CLOCK_REALTIME) / NS), "stepped", clock->stepped,
			 "step_s", clock->stepped ? json_real((double)(clock->step_ns / 1000000) / 1000) : json_null(),
			 "noticed_at", clock->stepped ? time_json(clock->step_at) : json_null());
}

int rg_engine_clock_get(struct rg_engine *engine, json_t **ret, struct rg_err *err)
{
	*ret = clock_json(engine);
	return *ret ? 0 : engine_no_memory(err);
}

int rg_engine_clock_accept(struct rg_engine *engine, json_t **ret, struct rg_err *err)
{
	struct clock *clock = &engine->clock, before;
	int r;

	engine_settle(engine);
	clock_look(engine);
	before = *clock;
	clock->anchor_ns = beyond(clock, CLOCK_REALTIME, CLOCK_BOOTTIME);
	clock->stepped = false;
	r = engine_stage_begin(engine, err);
	if (!r)
		r = write_anchor(engine, err);
	if (!r)
		r = engine_ledger_commit(engine, RG_LEDGER_CLOCK_STEP, "clock",
					 json_pack("{s:I, s:s}", "step_ms",
						   (json_int_t)((clock->anchor_ns - before.anchor_ns) / 1000000),
						   "effect", "accepted"), err);
	if (r) {
		rg_store_rollback(engine->store);
		*clock = before;
		return r;
	}
	note_stored(clock);
	events_add(engine, EVENT_CLOCK, NULL, json_pack("{s:s}", "change", "accepted"));
	timing_set(engine);
	return rg_engine_clock_get(engine, ret, err);
}
