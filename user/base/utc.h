/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Wall clock times as text, always UTC. */
#ifndef RG_UTC_H
#define RG_UTC_H

#include <stdbool.h>
#include <stdint.h>

#define RG_UTC_TEXT_MAX 32

int64_t rg_utc_now_ms(void);
/** "2020-06-04T12:00:00.250Z" of milliseconds since 1970; "" for what is before it. Returns @ret. */
const char *rg_utc_format_ms(int64_t ms, char ret[RG_UTC_TEXT_MAX]);
/** "2020-06-04T12:00:00Z" of seconds since 1970. */
const char *rg_utc_format(int64_t seconds, char ret[RG_UTC_TEXT_MAX]);
/** Is this a day of the calendar, "2020-02-29"? */
bool rg_utc_day_ok(const char *text);

#endif
