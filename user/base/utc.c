/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/utc.h"

#include <stdlib.h>
#include <string.h>
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

/* The last @n digits of a number, and what comes behind them. */
static char *put(char *to, int number, size_t n, char behind)
{
	for (size_t i = n; i-- > 0; number /= 10)
		to[i] = (char)('0' + number % 10);
	to[n] = behind;
	return to + n + 1;
}

/* Each entry of the ledger has one: without printf. */
const char *rg_utc_format_ms(int64_t ms, char ret[RG_UTC_TEXT_MAX])
{
	struct tm tm;
	char *to = ret;

	*ret = '\0';
	if (ms < 0 || !split(ms / 1000, &tm))
		return ret;
	to = put(to, tm.tm_year + 1900, 4, '-');
	to = put(to, tm.tm_mon + 1, 2, '-');
	to = put(to, tm.tm_mday, 2, 'T');
	to = put(to, tm.tm_hour, 2, ':');
	to = put(to, tm.tm_min, 2, ':');
	to = put(to, tm.tm_sec, 2, '.');
	to = put(to, (int)(ms % 1000), 3, 'Z');
	*to = '\0';
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

static bool digits(const char *text, size_t from, size_t n)
{
	for (size_t i = from; i < from + n; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return true;
}

bool rg_utc_day_ok(const char *text)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year, month, day, most;

	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' || !digits(text, 0, 4) ||
	    !digits(text, 5, 2) || !digits(text, 8, 2))
		return false;
	year = atoi(text);
	month = atoi(text + 5);
	day = atoi(text + 8);
	if (month < 1 || month > 12)
		return false;
	most = days[month - 1] + (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
	return day >= 1 && day <= most;
}
