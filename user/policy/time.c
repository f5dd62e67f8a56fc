/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "policy/time.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "policy/json_util.h"

/* @n digits at @p as a number; -1 if one of them is none. */
static int digits(const char *p, int n)
{
	int number = 0;

	for (int i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		number = number * 10 + p[i] - '0';
	}
	return number;
}

/* "2020-06-04" at @p, with at least 10 characters. */
static bool parse_day(const char *p, struct tm *ret)
{
	int year = digits(p, 4), month = year < 0 ? -1 : digits(p + 5, 2);
	int day = month < 0 ? -1 : digits(p + 8, 2);
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day }, real;
	time_t time;

	if (day < 1 || month < 1 || year < 1970 || p[4] != '-' || p[7] != '-')
		return false;
	*ret = tm;
	/* The calendar decides whether there is such a day: another one comes back if not. */
	time = timegm(&tm);
	return gmtime_r(&time, &real) && real.tm_mday == ret->tm_mday &&
	       real.tm_mon == ret->tm_mon && real.tm_year == ret->tm_year;
}

/* "12:00:00" at @p, with at least 8 characters. */
static bool parse_clock(const char *p, struct tm *tm)
{
	tm->tm_hour = digits(p, 2);
	tm->tm_min = tm->tm_hour < 0 ? -1 : digits(p + 3, 2);
	tm->tm_sec = tm->tm_min < 0 ? -1 : digits(p + 6, 2);
	return p[2] == ':' && p[5] == ':' && tm->tm_hour <= 23 && tm->tm_min >= 0 &&
	       tm->tm_min <= 59 && tm->tm_sec >= 0 && tm->tm_sec <= 59;
}

/* "Z" or "+08:00", to the end of the text. */
static bool parse_offset(const char *p, int *ret_s)
{
	int hours, minutes;

	*ret_s = 0;
	if (!strcmp(p, "Z") || !strcmp(p, "z"))
		return true;
	if (strlen(p) != 6 || (*p != '+' && *p != '-') || p[3] != ':')
		return false;
	hours = digits(p + 1, 2);
	minutes = digits(p + 4, 2);
	*ret_s = (hours * 60 + minutes) * (*p == '-' ? -60 : 60);
	return hours >= 0 && hours <= 23 && minutes >= 0 && minutes <= 59;
}

bool rg_time_parse(const char *text, int64_t *ret)
{
	int64_t time;
	struct tm tm;
	int offset;

	if (strlen(text) < 20 || !parse_day(text, &tm) || (text[10] != 'T' && text[10] != 't') ||
	    !parse_clock(text + 11, &tm))
		return false;
	text += 19;
	if (*text == '.') {
		size_t zeros = strspn(text + 1, "0");

		if (!zeros)
			return false;
		text += 1 + zeros;
	}
	if (!parse_offset(text, &offset))
		return false;
	time = (int64_t)timegm(&tm) - offset;
	if (time < 0 || time > 253402300799) /* the end of 9999 */
		return false;
	*ret = time;
	return true;
}

bool rg_date_parse(const char *text, int64_t *ret)
{
	struct tm tm;

	if (strlen(text) != 10 || !parse_day(text, &tm))
		return false;
	*ret = (int64_t)timegm(&tm);
	return true;
}

static const char *format(int64_t seconds, const char *format, char buf[RG_TIME_TEXT_MAX])
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&time, &tm) || !strftime(buf, RG_TIME_TEXT_MAX, format, &tm))
		*buf = '\0';
	return buf;
}

const char *rg_time_format(int64_t time, char buf[RG_TIME_TEXT_MAX])
{
	return format(time, "%Y-%m-%dT%H:%M:%SZ", buf);
}

const char *rg_date_format(int64_t time, char buf[RG_TIME_TEXT_MAX])
{
	return format(time, "%Y-%m-%d", buf);
}

bool rg_window_holds(const struct rg_window *window, int64_t time)
{
	return window->from <= time && time < window->until;
}

struct rg_window rg_window_both(const struct rg_window *a, const struct rg_window *b)
{
	return (struct rg_window){
		.from = a->from > b->from ? a->from : b->from,
		.until = a->until < b->until ? a->until : b->until,
	};
}

static int bad(const char *field, const char *text, const char *wanted, struct rg_err *err)
{
	char pointer[64], quoted[RG_QUOTE_MAX];

	snprintf(pointer, sizeof(pointer), "/%s", field);
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, pointer, "'%s' is not %s",
			  rg_json_quote(text, quoted), wanted);
}

int rg_time_field(const json_t *object, const char *field, int64_t *ret, struct rg_err *err)
{
	const char *text;
	int r = rg_json_string(object, field, false, &text, err);

	if (r || !text)
		return r;
	return rg_time_parse(text, ret) ? 0 : bad(field, text, "a time as in RFC 3339, whole seconds, such as "
							       "2020-06-04T00:00:00Z", err);
}

int rg_date_field(const json_t *object, const char *field, int64_t *ret, struct rg_err *err)
{
	const char *text;
	int r = rg_json_string(object, field, true, &text, err);

	if (r)
		return r;
	return rg_date_parse(text, ret) ? 0 : bad(field, text, "a date such as 2020-06-03", err);
}

int rg_window_parse(const json_t *object, struct rg_window *ret, struct rg_err *err)
{
	struct rg_window window = RG_WINDOW_ALWAYS;
	int r = rg_time_field(object, "not_before", &window.from, err);

	if (!r)
		r = rg_time_field(object, "expires", &window.until, err);
	if (r)
		return r;
	if (window.from >= window.until)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/expires",
				  "expires is not later than not_before");
	*ret = window;
	return 0;
}

int rg_window_write(json_t *object, const struct rg_window *window)
{
	char text[RG_TIME_TEXT_MAX];
	int r = 0;

	if (window->from != RG_TIME_MIN)
		r |= json_object_set_new(object, "not_before", json_string(rg_time_format(window->from, text)));
	if (window->until != RG_TIME_MAX)
		r |= json_object_set_new(object, "expires", json_string(rg_time_format(window->until, text)));
	return r;
}
