/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Numbers of map entries: none is given out again before a grace period. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "engine/numbers.h"

static uint32_t take(struct numbers *numbers)
{
	uint32_t number = numbers_next(numbers);

	if (number)
		numbers_hold(numbers, number);
	return number;
}

static void the_smallest_free_one_comes_first(void **state)
{
	struct numbers numbers;

	(void)state;
	assert_int_equal(numbers_init(&numbers, 4), 0);
	assert_int_equal(numbers_next(&numbers), 1);
	assert_int_equal(take(&numbers), 1);
	numbers_hold(&numbers, 2); /* as the store has it */
	assert_int_equal(take(&numbers), 3);
	assert_int_equal(take(&numbers), 0);
	numbers_clear(&numbers);
}

static void a_number_waits_for_a_grace_period(void **state)
{
	struct numbers numbers;

	(void)state;
	assert_int_equal(numbers_init(&numbers, 4), 0);
	for (uint32_t i = 1; i < 4; i++)
		assert_int_equal(take(&numbers), i);
	numbers_give_up(&numbers, 2);
	numbers_give_up(&numbers, 2);
	assert_int_equal(numbers.n_waiting, 1);
	assert_int_equal(numbers_next(&numbers), 0);
	numbers_release(&numbers);
	assert_int_equal(numbers.n_waiting, 0);
	numbers_give_up(&numbers, 2); /* it is free */
	assert_int_equal(numbers.n_waiting, 0);
	assert_int_equal(take(&numbers), 2);
	numbers_clear(&numbers);
}

static void what_is_undone_is_held_again(void **state)
{
	struct numbers numbers;

	(void)state;
	assert_int_equal(numbers_init(&numbers, 3), 0);
	assert_int_equal(take(&numbers), 1);
	numbers_give_up(&numbers, 1);
	numbers_hold(&numbers, 1);
	assert_int_equal(numbers.n_waiting, 0);
	numbers_release(&numbers);
	assert_int_equal(take(&numbers), 2);
	numbers_clear(&numbers);
}

static void a_smaller_table_gives_out_fewer(void **state)
{
	struct numbers numbers;

	(void)state;
	assert_int_equal(numbers_init(&numbers, 100), 0);
	numbers.max = 2;
	assert_int_equal(take(&numbers), 1);
	assert_int_equal(take(&numbers), 0);
	numbers_clear(&numbers);
}

/* Whatever is done: one that is given out was never held since the last grace period. */
static void none_comes_back_too_early(void **state)
{
	unsigned char held[64] = { 0 }, tainted[64] = { 0 };
	struct numbers numbers;

	(void)state;
	assert_int_equal(numbers_init(&numbers, 64), 0);
	srand(1);
	for (int i = 0; i < 100000; i++) {
		uint32_t number;

		switch (rand() % 50) {
		case 0:
			numbers_release(&numbers);
			for (size_t n = 0; n < 64; n++)
				tainted[n] = held[n];
			break;
		case 1 ... 25:
			number = take(&numbers);
			if (!number)
				break;
			assert_false(tainted[number]);
			held[number] = tainted[number] = 1;
			break;
		default:
			number = 1 + (uint32_t)rand() % 63;
			numbers_give_up(&numbers, number);
			held[number] = 0;
		}
	}
	numbers_clear(&numbers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_smallest_free_one_comes_first),
		cmocka_unit_test(a_number_waits_for_a_grace_period),
		cmocka_unit_test(what_is_undone_is_held_again),
		cmocka_unit_test(a_smaller_table_gives_out_fewer),
		cmocka_unit_test(none_comes_back_too_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
