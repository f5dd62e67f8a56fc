/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Entries and their chain: whatever is done to a list of them is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "ledger/chain.h"
#include "ledger/entry.h"

#define N 6

static char *texts[N];
static char head[RG_SHA256_TEXT]; /* of the last one */
static struct rg_err err;

static char *entry_text(uint64_t seq, const char *subject, const char *previous)
{
	struct rg_ledger_who who = { .called = true, .peer = { .uid = 1000, .gid = 990, .pid = 7 },
				     .asserted = "alice" };
	char *whose = rg_ledger_who_text(&who);
	struct rg_ledger_entry entry = {
		.seq = seq, .at_ms = 1591272000250, .kind = RG_LEDGER_MEETING_PUT, .subject = subject,
		.who = whose, .detail = "{\"a\":\"x\",\"z\":1}", .previous = previous,
	};
	char *text = rg_ledger_entry_text(&entry);

	free(whose);
	assert_non_null(text);
	return text;
}

static int given_chain(void **state)
{
	unsigned char hash[RG_SHA256_SIZE] = { 0 };

	(void)state;
	for (int i = 0; i < N; i++) {
		char subject[16];

		snprintf(subject, sizeof(subject), "m-%d", i);
		texts[i] = entry_text((uint64_t)i + 1, subject, rg_sha256_format(hash, head));
		rg_sha256(texts[i], strlen(texts[i]), hash);
	}
	rg_sha256_format(hash, head);
	memset(&err, 0, sizeof(err));
	return 0;
}

static int drop_chain(void **state)
{
	(void)state;
	for (int i = 0; i < N; i++)
		free(texts[i]);
	return 0;
}

/* Verify texts[from..to) in their order; with the kept head, if @whole. */
static int verify(int from, int to, bool whole)
{
	struct rg_chain chain = { 0 };
	int r = 0;

	memset(&err, 0, sizeof(err));
	for (int i = from; !r && i < to; i++)
		r = rg_chain_add(&chain, texts[i], strlen(texts[i]), &err);
	return r || !whole ? r : rg_chain_check_head(&chain, N, head, &err);
}

static void then_broken(const char *words)
{
	if (err.code != RG_ERR_INVALID || !strstr(err.detail, words))
		fail_msg("error %d: '%s'", err.code, err.detail);
}

static void the_text_is_canonical(void **state)
{
	(void)state;
	assert_string_equal(texts[0],
		"{\"at\":\"2020-06-04T12:00:00.250Z\",\"detail\":{\"a\":\"x\",\"z\":1},"
		"\"kind\":\"meeting-put\",\"previous\":"
		"\"0000000000000000000000000000000000000000000000000000000000000000\",\"seq\":1,"
		"\"subject\":\"m-0\",\"who\":{\"asserted\":\"alice\",\"gid\":990,\"pid\":7,\"uid\":1000}}");
}

/* Whatever is in it, an entry's text is what jansson writes with sorted keys, byte for byte. */
static void texts_are_escaped_as_json(void **state)
{
	static const char *const subjects[] = { "m-1", "", "\"", "a\\b", "caf\xc3\xa9", "a\tb\n\x01", "a/b\x7f" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++) {
		char *text = entry_text(7, subjects[i], head), *again;
		json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

		assert_non_null(json);
		assert_string_equal(json_string_value(json_object_get(json, "subject")), subjects[i]);
		again = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
		assert_string_equal(text, again);
		free(again);
		free(text);
		json_decref(json);
	}
	assert_null(rg_ledger_quote("\xff"));
}

/* FIPS 180-4's own examples. */
static void the_hash_is_sha256(void **state)
{
	unsigned char hash[RG_SHA256_SIZE], back[RG_SHA256_SIZE];
	char text[RG_SHA256_TEXT];

	(void)state;
	rg_sha256("abc", 3, hash);
	assert_string_equal(rg_sha256_format(hash, text),
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(rg_sha256_parse(text, back), 0);
	assert_memory_equal(hash, back, sizeof(hash));
	rg_sha256("", 0, hash);
	assert_string_equal(rg_sha256_format(hash, text),
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	text[63] = 'g';
	assert_int_not_equal(rg_sha256_parse(text, back), 0);
	assert_int_not_equal(rg_sha256_parse("", back), 0);
}

static void a_whole_chain_passes_and_so_does_its_end(void **state)
{
	(void)state;
	assert_int_equal(verify(0, N, true), 0);
	assert_int_equal(verify(3, N, true), 0);
}

static void each_changed_byte_is_found(void **state)
{
	(void)state;
	for (int i = 0; i < N; i++) {
		for (size_t at = 0; at < strlen(texts[i]); at++) {
			for (int bit = 0; bit < 8; bit += 3) {
				texts[i][at] ^= (char)(1 << bit);
				if (!verify(0, N, true))
					fail_msg("entry %d, byte %zu, bit %d", i + 1, at, bit);
				texts[i][at] ^= (char)(1 << bit);
			}
		}
	}
	assert_int_equal(verify(0, N, true), 0);
}

static void each_truncated_entry_is_found(void **state)
{
	(void)state;
	for (size_t length = 0; length < strlen(texts[2]); length++) {
		struct rg_chain chain = { 0 };
		int r = rg_chain_add(&chain, texts[0], strlen(texts[0]), &err);

		assert_int_equal(r, 0);
		assert_int_equal(rg_chain_add(&chain, texts[1], strlen(texts[1]), &err), 0);
		assert_int_not_equal(rg_chain_add(&chain, texts[2], length, &err), 0);
		then_broken("behind entry 2 is no entry");
		assert_int_equal(rg_chain_add(&chain, texts[2], strlen(texts[2]), &err), 0); /* untouched */
	}
}

static void a_missing_entry_is_found(void **state)
{
	(void)state;
	for (int i = 1; i < N; i++) {
		char *taken = texts[i];

		memmove(&texts[i], &texts[i + 1], (size_t)(N - 1 - i) * sizeof(*texts));
		assert_int_not_equal(verify(0, N - 1, true), 0);
		then_broken(i < N - 1 ? "is missing" : "its end is missing");
		memmove(&texts[i + 1], &texts[i], (size_t)(N - 1 - i) * sizeof(*texts));
		texts[i] = taken;
	}
}

static void an_order_that_changed_is_found(void **state)
{
	(void)state;
	for (int i = 1; i < N - 1; i++) {
		char *taken = texts[i];

		texts[i] = texts[i + 1];
		texts[i + 1] = taken;
		assert_int_not_equal(verify(0, N, true), 0);
		texts[i + 1] = texts[i];
		texts[i] = taken;
	}
	free(texts[1]);
	texts[1] = strdup(texts[0]);
	assert_int_not_equal(verify(0, 2, false), 0);
	then_broken("entry 1 stands behind entry 1");
}

static void an_entry_put_in_is_found(void **state)
{
	char zeros[RG_SHA256_TEXT];
	char *taken = texts[3], *forged;

	(void)state;
	memset(zeros, 'f', sizeof(zeros) - 1);
	zeros[sizeof(zeros) - 1] = '\0';
	forged = entry_text(4, "m-forged", zeros);
	texts[3] = forged;
	assert_int_not_equal(verify(0, N, true), 0);
	then_broken("entry 3 is not the one that entry 4 was chained to");
	texts[3] = taken;
	free(forged);
}

/* All hashes made anew: the chain is whole, only the kept hash tells. */
static void a_ledger_made_anew_is_found_by_its_head_only(void **state)
{
	unsigned char hash[RG_SHA256_SIZE];
	char previous[RG_SHA256_TEXT];

	(void)state;
	for (int i = 2; i < N; i++) {
		rg_sha256(texts[i - 1], strlen(texts[i - 1]), hash);
		free(texts[i]);
		texts[i] = entry_text((uint64_t)i + 1, "m-else", rg_sha256_format(hash, previous));
	}
	assert_int_equal(verify(0, N, false), 0);
	assert_int_not_equal(verify(0, N, true), 0);
	then_broken("is another one");
}

static void a_resumed_chain_must_go_on_where_it_was(void **state)
{
	static const unsigned char none[RG_SHA256_SIZE];
	struct rg_chain chain;

	(void)state;
	rg_chain_resume(&chain, 0, none);
	assert_int_not_equal(rg_chain_add(&chain, texts[1], strlen(texts[1]), &err), 0);
	then_broken("entry 1 is missing");
	rg_chain_resume(&chain, 1, none);
	assert_int_not_equal(rg_chain_add(&chain, texts[1], strlen(texts[1]), &err), 0);
	then_broken("entry 1 is not the one");
}

static void names_that_may_be_asserted(void **state)
{
	char longest[RG_LEDGER_ASSERTED_MAX + 2];

	(void)state;
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_false(rg_ledger_asserted_ok(longest));
	longest[RG_LEDGER_ASSERTED_MAX] = '\0';
	assert_true(rg_ledger_asserted_ok(longest));
	assert_true(rg_ledger_asserted_ok("Andr\xc3\xa9 <a@example.org>"));
	assert_false(rg_ledger_asserted_ok(""));
	assert_false(rg_ledger_asserted_ok("a\nb"));
	assert_false(rg_ledger_asserted_ok("a\x7f"));
	assert_false(rg_ledger_asserted_ok("\xff"));
}

static void every_kind_has_a_text_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < RG_LEDGER_KIND_MAX; i++)
		assert_int_equal(rg_ledger_kind_parse(rg_ledger_kind_text((enum rg_ledger_kind)i)), i);
	assert_int_equal(rg_ledger_kind_parse("else"), RG_LEDGER_KIND_MAX);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, given_chain, drop_chain)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_text_is_canonical),
		TEST(texts_are_escaped_as_json),
		TEST(the_hash_is_sha256),
		TEST(a_whole_chain_passes_and_so_does_its_end),
		TEST(each_changed_byte_is_found),
		TEST(each_truncated_entry_is_found),
		TEST(a_missing_entry_is_found),
		TEST(an_order_that_changed_is_found),
		TEST(an_entry_put_in_is_found),
		TEST(a_ledger_made_anew_is_found_by_its_head_only),
		TEST(a_resumed_chain_must_go_on_where_it_was),
		TEST(names_that_may_be_asserted),
		TEST(every_kind_has_a_text_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
