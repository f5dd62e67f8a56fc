/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* While ports and addresses change hands, no packet to them passes as if they were nobody's: a second thread asks
 * the loaded program all the time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <pthread.h>
#include "dataplane/dataplane.h"
#include "engine/frame.h"
#include "harness/engine.h"
#include "rg_reason.h"

#define TURNS 100

/* Packets from DE to a port, until told to stop. */
struct watch {
	struct frame frame;
	pthread_t thread;
	bool stop;
	unsigned int n, passed;
};

static void *watch_run(void *arg)
{
	struct watch *watch = arg;

	while (!__atomic_load_n(&watch->stop, __ATOMIC_ACQUIRE)) {
		struct rg_trace trace;
		int action;

		if (rg_dp_run(rg_engine_dp(engine), watch->frame.bytes, watch->frame.length, RG_TRACE_DRY, &action, &trace, NULL))
			continue;
		watch->n++;
		watch->passed += trace.reason == RG_REASON_PASS_NOT_CONFERENCE;
	}
	return NULL;
}

static void watch_begin(struct watch *watch, unsigned int port)
{
	struct frame_spec spec = { .source_port = 4000, .destination_port = port };

	memset(watch, 0, sizeof(*watch));
	assert_int_equal(rg_addr_parse(DE4, &spec.source), 0);
	assert_int_equal(rg_addr_parse(SERVER, &spec.destination), 0);
	frame_build(&spec, &watch->frame);
	assert_int_equal(pthread_create(&watch->thread, NULL, watch_run, watch), 0);
}

static void watch_end(struct watch *watch)
{
	__atomic_store_n(&watch->stop, true, __ATOMIC_RELEASE);
	pthread_join(watch->thread, NULL);
	assert_int_not_equal(watch->n, 0);
	if (watch->passed)
		fail_msg("%u of %u packets passed unguarded", watch->passed, watch->n);
}

#define PORT(port) "{\"address\": \"" SERVER "\", \"port\": " #port "}"

/* The port 10000 is that of the shared endpoint "a". */
static void given_watched(struct watch *ret)
{
	given_engine();
	assert_int_equal(endpoint_put("a", PORT(10000)), 0);
	flush();
	watch_begin(ret, 10000);
}

static void a_port_that_goes_to_another_shared_endpoint(void **state)
{
	static const char *const names[] = { "a", "b" };
	struct watch watch;

	(void)state;
	given_watched(&watch);
	for (int i = 0; i < TURNS; i++) {
		assert_int_equal(rg_engine_endpoint_delete(engine, names[i % 2], 0, &err), 0);
		assert_int_equal(endpoint_put(names[(i + 1) % 2], PORT(10000)), 0);
		flush();
	}
	watch_end(&watch);
}

static void two_shared_endpoints_that_change_places(void **state)
{
	struct watch watch;

	(void)state;
	given_watched(&watch);
	assert_int_equal(endpoint_put("b", PORT(10001)), 0);
	flush();
	for (int i = 0; i < TURNS; i++) {
		bool odd = i % 2;

		assert_int_equal(endpoint_put("a", PORT(10002)), 0);
		assert_int_equal(endpoint_put("b", odd ? PORT(10001) : PORT(10000)), 0);
		assert_int_equal(endpoint_put("a", odd ? PORT(10000) : PORT(10001)), 0);
		flush();
	}
	watch_end(&watch);
}

static void a_port_that_goes_between_shared_and_dedicated(void **state)
{
	struct watch watch;

	(void)state;
	given_watched(&watch);
	for (int i = 0; i < TURNS; i++) {
		if (i % 2) {
			assert_int_equal(rg_engine_meeting_delete(engine, "m-1", 0, &err), 0);
			assert_int_equal(endpoint_put("a", PORT(10000)), 0);
		} else {
			assert_int_equal(rg_engine_endpoint_delete(engine, "a", 0, &err), 0);
			assert_int_equal(put("m-1", "{\"endpoints\": [" AT(SERVER, 10000) "]}"), 0);
		}
		flush();
	}
	watch_end(&watch);
}

static void a_port_that_goes_from_meeting_to_meeting_and_from_one_address_to_any(void **state)
{
	static const char *const ids[] = { "m-1", "m-2" };
	struct watch watch;

	(void)state;
	given_engine();
	given_meeting("m-1", "{\"endpoints\": [" AT(SERVER, 10000) "]}");
	watch_begin(&watch, 10000);
	for (int i = 0; i < TURNS; i++) {
		assert_int_equal(rg_engine_meeting_delete(engine, ids[i % 2], 0, &err), 0);
		assert_int_equal(put(ids[(i + 1) % 2], i % 2 ? "{\"endpoints\": [" AT(SERVER, 10000) "]}" :
				     "{\"endpoints\": [" AT("any", 10000) "]}"), 0);
		flush();
	}
	watch_end(&watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_port_that_goes_to_another_shared_endpoint),
		TEST(two_shared_endpoints_that_change_places),
		TEST(a_port_that_goes_between_shared_and_dedicated),
		TEST(a_port_that_goes_from_meeting_to_meeting_and_from_one_address_to_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
