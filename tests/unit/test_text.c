/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Texts put together from pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"

static void numbers_are_as_printf_writes_them(void **state)
{
	static const uint64_t numbers[] = { 0, 1, 9, 10, 99, 100, 65535, 4294967296, UINT64_MAX };
	char wanted[32];

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct rg_text text = { 0 };
		char *taken;

		rg_text_number(&text, numbers[i]);
		taken = rg_text_take(&text);
		snprintf(wanted, sizeof(wanted), "%" PRIu64, numbers[i]);
		assert_string_equal(taken, wanted);
		free(taken);
	}
}

static void pieces_of_any_length_follow_each_other(void **state)
{
	char piece[700], *taken, *at;

	(void)state;
	for (size_t length = 0; length < sizeof(piece); length++) {
		struct rg_text text = { 0 };

		memset(piece, 'x', length);
		piece[length] = '\0';
		for (int i = 0; i < 3; i++) {
			rg_text_put(&text, piece);
			rg_text_put_n(&text, "ab", 1);
		}
		at = taken = rg_text_take(&text);
		assert_int_equal(strlen(taken), 3 * length + 3);
		for (int i = 0; i < 3; i++, at += length + 1)
			assert_true(!memcmp(at, piece, length) && at[length] == 'a');
		free(taken);
	}
}

static void an_empty_text_is_one_and_a_failed_one_is_none(void **state)
{
	struct rg_text text = { 0 };
	char *taken = rg_text_take(&text);

	(void)state;
	assert_string_equal(taken, "");
	free(taken);
	rg_text_put(&text, "x");
	text.failed = true;
	rg_text_put(&text, "y");
	assert_null(rg_text_take(&text));
	assert_null(text.at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_as_printf_writes_them),
		cmocka_unit_test(pieces_of_any_length_follow_each_other),
		cmocka_unit_test(an_empty_text_is_one_and_a_failed_one_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
