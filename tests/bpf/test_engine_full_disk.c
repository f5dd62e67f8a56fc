/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random puts and deletes against a plain array; of each eight turns one finds the disk full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "harness/disk.h"
#include "harness/engine.h"

#define N_MEETINGS 12
#define N_PORTS 8

struct expected {
	bool exists, refuse_cn, default_refuse;
	bool ports[N_PORTS]; /* of SERVER */
};

static int holder(const struct expected *all, int port)
{
	for (int i = 0; i < N_MEETINGS; i++)
		if (all[i].exists && all[i].ports[port])
			return i;
	return -1;
}

static void random_put(struct expected *all, int i, unsigned int *seed)
{
	struct expected wanted = { .exists = true, .refuse_cn = rand_r(seed) & 1, .default_refuse = rand_r(seed) & 1 };
	json_t *endpoints = json_array(), *rules = json_array(), *body;
	bool conflict = false;
	char id[16];
	int r;

	for (int k = 0; k < 2; k++)
		wanted.ports[rand_r(seed) % N_PORTS] = true;
	for (int port = 0; port < N_PORTS; port++) {
		if (!wanted.ports[port])
			continue;
		json_array_append_new(endpoints, json_pack("{s:s, s:i}", "address", SERVER, "port", port + 1));
		conflict |= holder(all, port) >= 0 && holder(all, port) != i;
	}
	if (wanted.refuse_cn)
		json_array_append_new(rules, json_pack("{s:s, s:[s]}", "action", "refuse", "regions", "CN"));
	body = json_pack("{s:o, s:o, s:s}", "endpoints", endpoints, "rules", rules, "default",
			 wanted.default_refuse ? "refuse" : "admit");
	snprintf(id, sizeof(id), "m-%02d", i);
	r = rg_engine_meeting_put(engine, id, body, 0, NULL, NULL, &err);
	json_decref(body);
	assert_int_equal(r != 0, conflict);
	if (r)
		assert_int_equal(err.code, RG_ERR_CONFLICT);
	else
		all[i] = wanted;
}

static void random_delete(struct expected *all, int i)
{
	char id[16];
	int r;

	snprintf(id, sizeof(id), "m-%02d", i);
	r = rg_engine_meeting_delete(engine, id, 0, &err);
	assert_int_equal(r == 0, all[i].exists);
	all[i].exists = false;
}

static void then_as_expected(const struct expected *all)
{
	json_t *list = NULL;
	size_t n = 0;

	for (int port = 0; port < N_PORTS; port++) {
		int i = holder(all, port);
		char id[16] = "";

		if (i >= 0)
			snprintf(id, sizeof(id), "m-%02d", i);
		then_packet(CN4, SERVER, port + 1, i < 0 ? "pass_not_conference" : all[i].refuse_cn ? "refuse_region" :
			    all[i].default_refuse ? "refuse_default" : "admit_default", id);
		then_packet(DE4, SERVER, port + 1, i < 0 ? "pass_not_conference" :
			    all[i].default_refuse ? "refuse_default" : "admit_default", id);
	}
	for (int i = 0; i < N_MEETINGS; i++)
		n += all[i].exists;
	assert_int_equal(rg_engine_meeting_list(engine, "", 100, &list, &err), 0);
	assert_int_equal(json_array_size(json_object_get(list, "meetings")), n);
	json_decref(list);
}

static void random_operations_keep_store_model_and_kernel_in_agreement(void **state)
{
	struct expected now[N_MEETINGS] = { 0 }, flushed[N_MEETINGS] = { 0 };
	unsigned int seed = 4711;

	(void)state;
	given_engine();
	given_world();
	for (int round = 0; round < 300; round++) {
		bool fail = rand_r(&seed) % 8 == 0;

		for (int k = rand_r(&seed) % 6; k >= 0; k--) {
			int i = rand_r(&seed) % N_MEETINGS;

			if (rand_r(&seed) % 3)
				random_put(now, i, &seed);
			else
				random_delete(now, i);
		}
		if (fail) {
			given_full_disk();
			if (rg_engine_flush(engine, &err))
				memcpy(now, flushed, sizeof(now));
			given_room_on_disk();
		} else {
			flush();
		}
		memcpy(flushed, now, sizeof(now));
		then_as_expected(now);
		if (round % 100 == 50) {
			when_restarted();
			then_as_expected(now);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(random_operations_keep_store_model_and_kernel_in_agreement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
