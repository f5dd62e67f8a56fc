/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the store has said to be durable is there after a kill and after a power cut, at whichever
 * write, truncation, sync or deletion it comes; and what it has not is there whole, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "harness/power.h"
#include "store/store.h"

#define TURNS 4 /* commits of a run, each with two meetings and a revision */

static char dir[64];
static struct rg_err err;

static void remove_files(void)
{
	static const char *const names[] = { "regiongate.db", "regiongate.db-wal", "regiongate.db-shm",
					     "regiongate.db-journal", "lock" };
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
}

static int put_turn(struct rg_store *store, unsigned int turn)
{
	char id[16], body[3000];
	int r = rg_store_begin(store, &err);

	memset(body, 'x', sizeof(body));
	body[sizeof(body) - 1] = '\0';
	for (unsigned int i = 0; !r && i < 2; i++) {
		snprintf(id, sizeof(id), "m-%u-%u", turn, i);
		r = rg_store_meeting_put(store, id, 2 * turn + i + 1, turn + 1, body, &err);
	}
	if (!r)
		r = rg_store_revision_set(store, turn + 1, &err);
	if (!r)
		r = rg_store_commit(store, &err);
	if (r)
		rg_store_rollback(store);
	return r;
}

/* Returns how many turns were acknowledged. */
static unsigned int run(void)
{
	struct rg_store *store = NULL;
	unsigned int turns = 0;

	if (rg_store_open(dir, &store, &err))
		return 0;
	while (turns < TURNS && !put_turn(store, turns))
		turns++;
	rg_store_close(store); /* writes the log back, as far as it comes */
	return turns;
}

static int count_meeting(void *arg, const char *id, uint32_t number, uint64_t revision, const char *body,
			 struct rg_err *e)
{
	unsigned int *n = arg, turn = *n / 2;
	char wanted[16];

	(void)e;
	snprintf(wanted, sizeof(wanted), "m-%u-%u", turn, *n % 2);
	assert_string_equal(id, wanted); /* sorted, so none is missing in between */
	assert_int_equal(number, *n + 1);
	assert_int_equal(revision, turn + 1);
	assert_int_equal(strlen(body), 2999);
	++*n;
	return 0;
}

static void then_has(unsigned int acknowledged, unsigned int at, const char *how)
{
	struct rg_store *store = NULL;
	unsigned int n = 0;
	uint64_t revision = 99;

	if (rg_store_open(dir, &store, &err))
		fail_msg("%s at operation %u: %s", how, at, err.detail);
	assert_int_equal(rg_store_meetings(store, count_meeting, &n, &err), 0);
	assert_int_equal(rg_store_revision(store, &revision, &err), 0);
	if (n % 2 || n / 2 < acknowledged || n / 2 > acknowledged + 1 || revision != n / 2)
		fail_msg("%s at operation %u: %u turns were acknowledged; there are %u meetings of revision %u",
			 how, at, acknowledged, n, (unsigned int)revision);
	rg_store_close(store);
}

static void cut_everywhere(enum power_loss loss, const char *how)
{
	unsigned int operations = ~0u;

	for (unsigned int at = 1; at <= operations; at++) {
		unsigned int acknowledged;

		power_cut_at(at);
		acknowledged = run();
		if (power_operations() < at)
			operations = power_operations(); /* the whole of it went through */
		power_restore(loss);
		then_has(acknowledged, at, how);
		remove_files();
		power_forget();
	}
	if (operations < 5 * TURNS)
		fail_msg("only %u operations were seen", operations);
	print_message("# %s: cut at each of %u operations\n", how, operations);
}

static void a_kill_loses_nothing(void **state)
{
	(void)state;
	cut_everywhere(POWER_KEEPS, "killed");
}

static void a_power_cut_loses_nothing(void **state)
{
	(void)state;
	cut_everywhere(POWER_DROPS, "power cut, nothing unsynced kept");
}

static void torn_writes_lose_nothing(void **state)
{
	(void)state;
	cut_everywhere(POWER_TEARS, "power cut, sectors torn");
}

static int make_dir(void **state)
{
	(void)state;
	power_install();
	snprintf(dir, sizeof(dir), "%s/rg-power-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	remove_files();
	power_forget();
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kill_loses_nothing),
		cmocka_unit_test(a_power_cut_loses_nothing),
		cmocka_unit_test(torn_writes_lose_nothing),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
