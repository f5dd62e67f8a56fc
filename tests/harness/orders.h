/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Steps for meetings with orders, times and sites: an engine with a clock of its own, participants in
 * DE, CN and HK, and what the loaded program does with their packets. Include cmocka first. */
#ifndef RG_TEST_ORDERS_H
#define RG_TEST_ORDERS_H

#include <time.h>
#include "base/reason.h"
#include "harness/engine.h"
#include "policy/time.h"

#define NS 1000000000ll
#define ORDER "\"order\": {\"jurisdiction\": \"CN\", \"authority\": \"Ministry\", \"basis\": \"Act\", \"reference\": \"R-1\"," \
	      " \"received\": \"2020-06-03\""

/* The wall clock of the test: the kernel's, moved. */
static int64_t moved_ns, slept_ns;

static inline int64_t read_clock(void *arg, int id)
{
	struct timespec ts;

	(void)arg;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * NS + ts.tv_nsec + (id == CLOCK_REALTIME ? moved_ns + slept_ns : 0) +
	       (id == CLOCK_BOOTTIME ? slept_ns : 0);
}

static inline int64_t now_s(void)
{
	return read_clock(NULL, CLOCK_REALTIME) / NS;
}

static inline const char *in_s(int seconds, char buf[RG_TIME_TEXT_MAX])
{
	return rg_time_format(now_s() + seconds, buf);
}

static struct rg_region_spec site_de;

static inline void set_region(const char *name, const char *text)
{
	json_t *body = json_loads(text, 0, NULL);

	assert_non_null(body);
	if (rg_engine_region_put(engine, name, body, RG_ANY_REVISION, NULL, NULL, &err))
		fail_msg("%s", err.detail);
	json_decref(body);
}

static inline int given_places(void **state)
{
	int r = given_state_dir(state);

	moved_ns = slept_ns = 0;
	if (r)
		return r;
	assert_int_equal(rg_region_spec_parse("DE", &site_de, NULL), 0);
	config.site = &site_de;
	config.clock = read_clock;
	config.boot_id = "boot-1";
	given_engine();
	set_region("de", "{\"networks\": [\"192.0.2.0/24\"], \"country\": \"DE\"}");
	set_region("cn", "{\"networks\": [\"203.0.113.0/24\", \"2001:db8:c::/48\"], \"country\": \"CN\"}");
	set_region("hk", "{\"networks\": [\"198.51.100.128/25\"], \"country\": \"HK\"}");
	flush();
	return 0;
}

#define FROM_CN "203.0.113.9"
#define FROM_DE "192.0.2.9"
#define FROM_HK "198.51.100.200"

/* What the loaded program does with a packet to m-1's endpoint. */
static inline enum rg_reason judged_at(const char *source, unsigned int port)
{
	bool v6 = strchr(source, ':');
	json_t *body = json_pack("{s:s, s:s, s:i}", "source", source, "destination", v6 ? SERVER6 : "198.51.100.10",
				 "destination_port", (int)port), *answer = NULL;
	const char *text;
	int reason = 0;

	if (rg_engine_explain(engine, body, &answer, &err))
		fail_msg("%s", err.detail);
	text = json_string_value(json_object_get(answer, "reason"));
	while (reason < RG_REASON_MAX && strcmp(rg_reason_text((enum rg_reason)reason), text))
		reason++;
	json_decref(body);
	json_decref(answer);
	return (enum rg_reason)reason;
}

static inline enum rg_reason judged(const char *source)
{
	return judged_at(source, 10001);
}

static inline void then_judged(const char *source, enum rg_reason wanted)
{
	enum rg_reason got = judged(source);

	if (got != wanted)
		fail_msg("%s: %s, not %s", source, rg_reason_text(got), rg_reason_text(wanted));
}

static inline json_t *meeting_body(const char *fields)
{
	char text[4096];
	json_t *body;

	snprintf(text, sizeof(text), "{\"endpoints\": [" AT("198.51.100.10", 10001) ", " AT(SERVER6, 10001) "]%s%s}",
		 *fields ? ", " : "", fields);
	body = json_loads(text, 0, NULL);
	if (!body)
		fail_msg("%s", text);
	return body;
}

static inline int try_meeting(const char *fields)
{
	json_t *body = meeting_body(fields);
	int r = rg_engine_meeting_put(engine, "m-1", body, RG_ANY_REVISION, NULL, NULL, &err);

	json_decref(body);
	return r;
}

static inline void given_body(const char *fields)
{
	if (try_meeting(fields))
		fail_msg("%s: %s %s", fields, err.pointer, err.detail);
	flush();
}

#define WITH_PLACES(test) cmocka_unit_test_setup_teardown(test, given_places, drop_engine)

#endif
