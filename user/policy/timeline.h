/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* When what a meeting's body says changes. Pure. */
#ifndef RG_TIMELINE_H
#define RG_TIMELINE_H

#include "policy/meeting.h"

/* Up to @until, from the step before it on: one set of rules, in force or not. */
struct rg_timeline {
	struct rg_timeline_step {
		int64_t from, until; /* RG_TIME_MAX: the last one */
		bool expired;        /* the meeting's own window does not hold */
	} steps[RG_SCHEDULE_STEPS_MAX];
	size_t n;
};

/** How many steps a body has, from the beginning of time on. */
size_t rg_timeline_count(const struct rg_meeting_spec *meeting);
/** The steps from @now on: the first one is that of now. A body that was parsed has at most
 *  RG_SCHEDULE_STEPS_MAX. Steps outside of the meeting's window are merged, since its rules do not
 *  matter then. */
void rg_timeline_of(const struct rg_meeting_spec *meeting, int64_t now, struct rg_timeline *ret);

/** The step around @now: within it nothing changes. */
struct rg_window rg_timeline_around(const struct rg_meeting_spec *meeting, int64_t now);

#endif
