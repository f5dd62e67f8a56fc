/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "geo/ranges.h"

#include <errno.h>
#include <stdlib.h>
#include "base/cleanup.h"

#define MARKS_ROOM_MIN 1024

static int mark_cmp(const struct rg_mark *a, uint64_t hi, uint64_t lo)
{
	if (a->hi != hi)
		return a->hi < hi ? -1 : 1;
	return a->lo < lo ? -1 : a->lo > lo;
}

void rg_marks_clear(struct rg_marks *marks)
{
	free(marks->v);
	*marks = (struct rg_marks){ 0 };
}

int rg_marks_add(struct rg_marks *marks, uint64_t hi, uint64_t lo, uint32_t value)
{
	if (marks->n && mark_cmp(&marks->v[marks->n - 1], hi, lo) == 0)
		marks->n--;
	if (marks->n && marks->v[marks->n - 1].value == value)
		return 0;
	if (marks->n == marks->room) {
		size_t room = marks->room ? marks->room + marks->room / 2 : MARKS_ROOM_MIN;
		struct rg_mark *v = realloc(marks->v, room * sizeof(*v));

		if (!v)
			return -ENOMEM;
		marks->v = v;
		marks->room = room;
	}
	marks->v[marks->n++] = (struct rg_mark){ .hi = hi, .lo = lo, .value = value };
	return 0;
}

ptrdiff_t rg_marks_find(const struct rg_marks *marks, uint64_t hi, uint64_t lo)
{
	size_t first = 0, n = marks->n;

	while (n > 1) {
		size_t half = n / 2;

		if (mark_cmp(&marks->v[first + half], hi, lo) <= 0)
			first += half;
		n -= half;
	}
	return marks->n ? (ptrdiff_t)first : -1;
}

int rg_marks_overlay(const struct rg_marks *below, const struct rg_marks *above,
		     rg_marks_join_fn join, void *context, struct rg_marks *ret)
{
	_cleanup_(rg_marks_clear) struct rg_marks joined = { 0 };
	uint32_t value_below = 0, value_above = 0, value;
	size_t i = 0, k = 0;

	while (i < below->n || k < above->n) {
		struct rg_mark at;
		int r;

		if (k == above->n ||
		    (i < below->n && mark_cmp(&below->v[i], above->v[k].hi, above->v[k].lo) <= 0))
			at = below->v[i];
		else
			at = above->v[k];
		if (i < below->n && !mark_cmp(&below->v[i], at.hi, at.lo))
			value_below = below->v[i++].value;
		if (k < above->n && !mark_cmp(&above->v[k], at.hi, at.lo))
			value_above = above->v[k++].value;
		r = join(context, value_below, value_above, &value);
		if (!r)
			r = rg_marks_add(&joined, at.hi, at.lo, value);
		if (r)
			return r;
	}
	*ret = joined;
	joined = (struct rg_marks){ 0 };
	return 0;
}

static uint16_t region_at(const struct rg_marks *marks, size_t i)
{
	return (uint16_t)marks->v[i].value;
}

/* The first mark after @i that begins another region. */
static size_t run_end(const struct rg_marks *marks, size_t i)
{
	size_t end = i + 1;

	while (end < marks->n && region_at(marks, end) == region_at(marks, i))
		end++;
	return end;
}

static size_t count_runs(const struct rg_marks *marks)
{
	size_t n = 0;

	for (size_t i = 0; i < marks->n; i = run_end(marks, i))
		n += region_at(marks, i) != 0;
	return n;
}

int rg_marks_to_ranges4(const struct rg_marks *marks, struct rg_range4 **ret, size_t *ret_n)
{
	size_t n = count_runs(marks), at = 0;
	struct rg_range4 *ranges = calloc(n ? n : 1, sizeof(*ranges));

	if (!ranges)
		return -ENOMEM;
	for (size_t i = 0, end; i < marks->n; i = end) {
		end = run_end(marks, i);
		if (!region_at(marks, i))
			continue;
		ranges[at++] = (struct rg_range4){
			.start = (uint32_t)(marks->v[i].hi >> 32),
			.end = end < marks->n ? (uint32_t)(marks->v[end].hi >> 32) - 1 : UINT32_MAX,
			.region = region_at(marks, i),
		};
	}
	*ret = ranges;
	*ret_n = n;
	return 0;
}

int rg_marks_to_ranges6(const struct rg_marks *marks, struct rg_range6 **ret, size_t *ret_n)
{
	size_t n = count_runs(marks), at = 0;
	struct rg_range6 *ranges = calloc(n ? n : 1, sizeof(*ranges));

	if (!ranges)
		return -ENOMEM;
	for (size_t i = 0, end; i < marks->n; i = end) {
		struct rg_range6 *range = &ranges[at];

		end = run_end(marks, i);
		if (!region_at(marks, i))
			continue;
		at++;
		*range = (struct rg_range6){ .start_hi = marks->v[i].hi, .start_lo = marks->v[i].lo,
					     .end_hi = UINT64_MAX, .end_lo = UINT64_MAX,
					     .region = region_at(marks, i) };
		if (end < marks->n) {
			range->end_lo = marks->v[end].lo - 1;
			range->end_hi = marks->v[end].hi - (marks->v[end].lo == 0);
		}
	}
	*ret = ranges;
	*ret_n = n;
	return 0;
}
