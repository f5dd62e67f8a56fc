/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What time does to meetings while the daemon runs. The kernel follows its schedules without this:
 * here steps that are over are trimmed, and readers of the maps see the policy of now. */
#include <errno.h>
#include <string.h>
#include "base/log.h"
#include "engine/engine_private.h"
#include "policy/timeline.h"

static bool over(const struct schedule *schedule, int64_t now)
{
	return schedule->slot.refs && schedule->steps[0].until <= now;
}

static bool any_over(const struct rg_engine *engine, int64_t now)
{
	const struct slots *schedules = &engine->model.rulings.schedules;

	for (uint32_t i = 1; i < schedules->numbers.end; i++)
		if (schedules->at[i] && over((const struct schedule *)schedules->at[i], now))
			return true;
	return false;
}

/* A ruling that there is no room for can wait: the kernel judges right by the old one. */
static void rule_anew(struct rg_engine *engine, struct meeting *meeting, int64_t now)
{
	struct rulings *rulings = &engine->model.rulings;
	struct ruling ruling;
	struct rg_err err = { 0 };
	int ret = ruling_of(rulings, meeting->spec, now, &ruling, &err);

	if (ret == -ENOSPC && engine_grace(engine))
		ret = ruling_of(rulings, meeting->spec, now, &ruling, &err);
	if (ret) {
		rg_log(RG_LOG_WARNING, "meeting '%s': %s", meeting->spec->id, err.detail);
		return;
	}
	ruling_take(rulings, &ruling);
	ruling_drop(rulings, &meeting->ruling);
	meeting->ruling = ruling;
	meeting->policy = ruling.policy;
	publish_meeting(engine, meeting);
}

static void trim(struct rg_engine *engine, bool all)
{
	int64_t now = rg_engine_now(engine);

	if (!all && !any_over(engine, now))
		return;
	for (uint32_t number = 1; number < engine->model.max_meetings; number++) {
		struct meeting *meeting = engine->model.by_number[number];

		if (meeting && (all ? rg_timeline_count(meeting->spec) > 1
				    : meeting->ruling.schedule && over(meeting->ruling.schedule, now)))
			rule_anew(engine, meeting, now);
	}
	rulings_sweep(&engine->model.rulings);
}

void timing_set(struct rg_engine *engine)
{
	rulings_write_times(engine);
	trim(engine, true); /* steps that were trimmed may be to come again */
}

void rg_engine_time_set(struct rg_engine *engine, int64_t time, struct rg_window *ret)
{
	struct rg_window around = { RG_TIME_MIN, RG_TIME_MAX };

	clock_hold(engine, time);
	timing_set(engine);
	for (uint32_t number = 1; number < engine->model.max_meetings; number++) {
		const struct meeting *meeting = engine->model.by_number[number];
		struct rg_window step;

		if (!meeting)
			continue;
		step = rg_timeline_around(meeting->spec, time);
		around = rg_window_both(&around, &step);
	}
	*ret = around;
}

void rg_engine_tick(struct rg_engine *engine)
{
	engine_settle(engine);
	if (clock_look(engine))
		rulings_write_times(engine);
	trim(engine, false);
	clock_store(engine);
	site_look(engine);
	drift_tick(engine);
	if (engine->narrowed.stale)
		guard_look(engine);
	ledger_flush_later(engine);
}
