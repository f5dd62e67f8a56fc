/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "policy/timeline.h"

#include <stdlib.h>

/* Two of the meeting, two of each rule. */
#define TIMES_MAX (2 + 2 * RG_RULES_PER_MEETING_MAX)

static int time_cmp(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static size_t add_window(int64_t *times, size_t n, const struct rg_window *window)
{
	if (window->from != RG_TIME_MIN)
		times[n++] = window->from;
	if (window->until != RG_TIME_MAX)
		times[n++] = window->until;
	return n;
}

/* The times at which something changes, sorted, each once; not those of rules outside of the
 * meeting's window. */
static size_t collect(const struct rg_meeting_spec *meeting, int64_t times[TIMES_MAX])
{
	size_t n = add_window(times, 0, &meeting->window), unique = 0;

	for (size_t i = 0; i < meeting->n_rules; i++) {
		struct rg_window own = rg_rule_window(&meeting->rules[i]);
		struct rg_window window = rg_window_both(&own, &meeting->window);

		if (meeting->rules[i].n_regions && window.from < window.until)
			n = add_window(times, n, &window);
	}
	qsort(times, n, sizeof(*times), time_cmp);
	for (size_t i = 0; i < n; i++)
		if (!unique || times[unique - 1] != times[i])
			times[unique++] = times[i];
	return unique;
}

size_t rg_timeline_count(const struct rg_meeting_spec *meeting)
{
	int64_t times[TIMES_MAX];

	return collect(meeting, times) + 1;
}

void rg_timeline_of(const struct rg_meeting_spec *meeting, int64_t now, struct rg_timeline *ret)
{
	int64_t times[TIMES_MAX], from = now;
	size_t n = collect(meeting, times);

	ret->n = 0;
	for (size_t i = 0; i <= n && ret->n < RG_SCHEDULE_STEPS_MAX; i++) {
		int64_t until = i < n ? times[i] : RG_TIME_MAX;

		if (until <= now)
			continue;
		ret->steps[ret->n++] = (struct rg_timeline_step){
			.from = from,
			.until = until,
			.expired = !rg_window_holds(&meeting->window, from),
		};
		from = until;
	}
}

struct rg_window rg_timeline_around(const struct rg_meeting_spec *meeting, int64_t now)
{
	struct rg_window step = { RG_TIME_MIN, RG_TIME_MAX };
	int64_t times[TIMES_MAX];
	size_t n = collect(meeting, times);

	for (size_t i = 0; i < n; i++) {
		if (times[i] <= now)
			step.from = times[i];
		else if (times[i] < step.until)
			step.until = times[i];
	}
	return step;
}
