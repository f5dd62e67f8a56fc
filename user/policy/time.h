/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Points in time and windows of it. Pure: nothing here reads a clock.
 *
 * A time is a number of whole seconds since 1970, UTC; texts are RFC 3339.
 */
#ifndef RG_TIME_H
#define RG_TIME_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

#define RG_TIME_MIN INT64_MIN /* no beginning */
#define RG_TIME_MAX INT64_MAX /* no end */
#define RG_TIME_TEXT_MAX 32

/** "2020-06-04T00:00:00Z", "2020-06-04T08:00:00+08:00"; years 1970 to 9999; a fraction of a second
 *  only if it is zero, since deadlines are whole seconds; no leap second. */
bool rg_time_parse(const char *text, int64_t *ret);
/** "2020-06-04": the beginning of that day, UTC. */
bool rg_date_parse(const char *text, int64_t *ret);
/** "2020-06-04T00:00:00Z". @time: not RG_TIME_MIN or RG_TIME_MAX. Returns @buf. */
const char *rg_time_format(int64_t time, char buf[RG_TIME_TEXT_MAX]);
/** "2020-06-04": the day in which @time lies, UTC. */
const char *rg_date_format(int64_t time, char buf[RG_TIME_TEXT_MAX]);

/* Holds from its first second on, up to but not including its last one. */
struct rg_window {
	int64_t from, until;
};
#define RG_WINDOW_ALWAYS ((struct rg_window){ RG_TIME_MIN, RG_TIME_MAX })

bool rg_window_holds(const struct rg_window *window, int64_t time);
/** When both hold; from >= until if they never do. */
struct rg_window rg_window_both(const struct rg_window *a, const struct rg_window *b);

/** Read "not_before" and "expires" of an object. RG_ERR_INVALID with the pointer: not a time, or
 *  an end that is not behind the beginning. */
int rg_window_parse(const json_t *object, struct rg_window *ret, struct rg_err *err);
/** Write them, each only if there is one. 0, or -1 if memory is out. */
int rg_window_write(json_t *object, const struct rg_window *window);

/** Read a field that holds a time. Absent: *ret stays. */
int rg_time_field(const json_t *object, const char *field, int64_t *ret, struct rg_err *err);
/** The same for a date, which must be there. */
int rg_date_field(const json_t *object, const char *field, int64_t *ret, struct rg_err *err);

#endif
