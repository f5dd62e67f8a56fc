/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/utc.h"

#include <stdio.h>
#include <time.h>

int64_t rg_utc_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Years beyond 9999 have no such text. */
static bool split(int64_t seconds, struct tm *ret)
{
	time_t when = (time_t)seconds;

	return seconds >= 0 && gmtime_r(&when, ret) && ret->tm_year <= 9999 - 1900;
}

const char *rg_utc_format_ms(int64_t ms, char ret[RG_UTC_TEXT_MAX])
{
	struct tm tm;

	*ret = '\0';
	if (ms >= 0 && split(ms / 1000, &tm))
		snprintf(ret, RG_UTC_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
			 (unsigned)tm.tm_year % 10000u + 1900u, (unsigned)tm.tm_mon % 12u + 1u,
			 (unsigned)tm.tm_mday % 32u, (unsigned)tm.tm_hour % 24u, (unsigned)tm.tm_min % 60u,
			 (unsigned)tm.tm_sec % 61u, (unsigned)(ms % 1000) % 1000u);
	return ret;
}

const char *rg_utc_format(int64_t seconds, char ret[RG_UTC_TEXT_MAX])
{
	struct tm tm;

	*ret = '\0';
	if (split(seconds, &tm))
		strftime(ret, RG_UTC_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return ret;
}
