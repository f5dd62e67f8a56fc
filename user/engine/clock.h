/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which clock is believed. Shared by the engine's files, and by nothing else.
 *
 * Times in bodies are wall clock times; the kernel compares CLOCK_MONOTONIC, which nobody can set. The
 * anchor ties them: what the wall clock said beyond CLOCK_BOOTTIME when it was last believed. Drift of
 * less than CLOCK_STEP_NS is believed as it comes. A step is reported and moves no deadline, until
 * somebody accepts it or the clock comes back; a daemon that restarts knows it. A reboot loses the anchor: then the wall clock is believed,
 * unless it is behind the last time that the store knows of.
 */
#ifndef RG_ENGINE_CLOCK_H
#define RG_ENGINE_CLOCK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

struct rg_engine;
struct rg_engine_config;

#define CLOCK_STEP_NS  2000000000ll
#define CLOCK_DRIFT_NS 20000000ll   /* less is not worth writing deadlines anew */
#define CLOCK_STORE_NS 500000000ll  /* less is not worth a write to the store */

struct clock {
	int64_t (*read)(void *arg, int id);
	void *arg;
	char boot[40];       /* the kernel's boot id */
	int64_t anchor_ns;   /* CLOCK_REALTIME - CLOCK_BOOTTIME, as believed */
	int64_t slept_ns;    /* CLOCK_BOOTTIME - CLOCK_MONOTONIC, as deadlines were computed with */
	bool stepped;
	int64_t step_ns;     /* how far the wall clock is ahead of the anchor, then */
	int64_t step_at;     /* when that was noticed: believed seconds */
	struct { int64_t anchor_ns, step_ns; } stored; /* what the store has; 0: none */
	int64_t away_s;      /* from the last time that the store knew to this boot's first start; 0: not known */
	bool held;           /* time stands still, for the program too: see rg_engine_time_set() */
	int64_t held_at;     /* at that second */
};

/** Take the anchor from the store, or the wall clock as it is. */
int clock_open(struct rg_engine *engine, const struct rg_engine_config *config, struct rg_err *err);
/** Look at the clocks. True: deadlines have to be written anew. */
bool clock_look(struct rg_engine *engine);
/** From here on it is @time. */
void clock_hold(struct rg_engine *engine, int64_t time);
/** Keep the anchor, if it has moved. */
void clock_store(struct rg_engine *engine);
/** The time that is believed, in milliseconds since 1970. */
int64_t engine_now_ms(const struct rg_engine *engine);
/** CLOCK_MONOTONIC, ns, of a believed wall clock time in seconds; ~0 for RG_TIME_MAX. */
uint64_t clock_deadline(const struct rg_engine *engine, int64_t wall);
/** {"believed", "wall", "stepped", "step_s", "noticed_at"}. */
json_t *clock_json(const struct rg_engine *engine);

#endif
