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
#include <jansson.h>

#include "base/text.h"
#include "base/utf8.h"

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

static void what_is_no_whole_character_is_mended(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" }, { "plain", "plain" }, { "K\xc3\xb6ln", "K\xc3\xb6ln" }, { "\xf0\x9f\x98\x80!", "\xf0\x9f\x98\x80!" },
		{ "cut\xc3", "cut" }, { "cut\xe4\xbc", "cut" }, { "cut\xf0\x9f\x98", "cut" },
		{ "'\xe4\xbc' is", "'?' is" }, { "'\xe4' is", "'?' is" }, { "\xe4\xe4\xbc\x9a", "?\xe4\xbc\x9a" },
		{ "\xff\xfe", "??" }, { "\x80", "?" }, { "\xc0\x80", "??" }, { "\xe0\x80\x80.", "???." },
		{ "\xed\xa0\x80.", "???." }, { "\xf4\x90\x80\x80.", "????." }, { "\xf5.", "?." },
		{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" }, { "\xed\x9f\xbf", "\xed\x9f\xbf" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = strdup(cases[i][0]);

		rg_utf8_mend(text);
		assert_string_equal(text, cases[i][1]);
		free(text);
	}
}

/* All texts of up to three bytes, against jansson's check. */
static void a_mended_text_is_utf8_and_what_was_utf8_is_as_it_was(void **state)
{
	(void)state;
	for (uint32_t bytes = 1; bytes < 1u << 24; bytes += bytes < 1u << 16 ? 1 : 7) {
		char raw[4] = { (char)bytes, (char)(bytes >> 8), (char)(bytes >> 16), '\0' }, mended[4];
		json_t *before = json_string(raw), *after;

		memcpy(mended, raw, sizeof(mended));
		rg_utf8_mend(mended);
		after = json_string(mended);
		assert_non_null(after);
		assert_true(!before == (strcmp(raw, mended) != 0));
		json_decref(before);
		json_decref(after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_as_printf_writes_them),
		cmocka_unit_test(pieces_of_any_length_follow_each_other),
		cmocka_unit_test(an_empty_text_is_one_and_a_failed_one_is_none),
		cmocka_unit_test(what_is_no_whole_character_is_mended),
		cmocka_unit_test(a_mended_text_is_utf8_and_what_was_utf8_is_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
