/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shares of the control socket's connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/shares.h"

#define TOTAL 512

static void one_user_gets_its_share_and_no_more(void **state)
{
	struct rg_shares shares = { .total = TOTAL };

	(void)state;
	for (int i = 0; i < RG_SHARE_EACH; i++)
		assert_int_equal(rg_shares_enter(&shares, 7, false), RG_SHARE_GIVEN);
	for (int i = 0; i < RG_SHARE_TOLD; i++)
		assert_int_equal(rg_shares_enter(&shares, 7, false), RG_SHARE_TOLD_NO);
	assert_int_equal(rg_shares_enter(&shares, 7, false), RG_SHARE_CUT);
	assert_int_equal(rg_shares_enter(&shares, 8, false), RG_SHARE_GIVEN);
	rg_shares_leave(&shares, 7, RG_SHARE_GIVEN);
	assert_int_equal(rg_shares_enter(&shares, 7, false), RG_SHARE_GIVEN);
	rg_shares_leave(&shares, 7, RG_SHARE_TOLD_NO);
	assert_int_equal(rg_shares_enter(&shares, 7, false), RG_SHARE_TOLD_NO);
	rg_shares_clear(&shares);
}

static void many_users_leave_the_reserve_to_admins(void **state)
{
	struct rg_shares shares = { .total = TOTAL };
	size_t given = 0, told = 0;

	(void)state;
	for (uid_t uid = 1; uid <= TOTAL; uid++) {
		enum rg_share_kind kind = rg_shares_enter(&shares, uid, false);

		given += kind == RG_SHARE_GIVEN;
		told += kind == RG_SHARE_TOLD_NO;
	}
	assert_int_equal(given, TOTAL - RG_SHARE_RESERVE);
	assert_true(given + told < TOTAL);
	assert_int_equal(rg_shares_enter(&shares, 0, true), RG_SHARE_ADMIN);
	for (uid_t uid = 1; uid <= given; uid++)
		rg_shares_leave(&shares, uid, RG_SHARE_GIVEN);
	assert_int_equal(shares.n, 0);
	assert_int_equal(shares.n_users, 0);
	rg_shares_clear(&shares);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_user_gets_its_share_and_no_more),
		cmocka_unit_test(many_users_leave_the_reserve_to_admins),
	};

	return cmocka_run_group_tests_name("shares", tests, NULL, NULL);
}
