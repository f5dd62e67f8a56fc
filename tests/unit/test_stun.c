/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bpf/stun.h natively, against what the messages were built as and against the oracle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "harness/stun_message.h"
#include "harness/stun_compare.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

static struct stun message;
static enum oracle_stun result;
static struct oracle_name name;
static const uint8_t zeros[600];

/* Both readers agree, and say so. */
static void agree(bool tcp, uint32_t prefix)
{
	const char *difference = stun_compare(message.data, message.length, tcp, prefix, &result, &name);

	if (difference)
		fail_msg("%zu bytes, %s, prefix %u: %s differs, oracle %d", message.length, tcp ? "tcp" : "udp",
			 prefix, difference, result);
}

static void then(enum oracle_stun wanted)
{
	agree(false, 0);
	assert_int_equal(result, wanted);
	agree(true, 0);
	stun_frame(&message);
	agree(true, 0);
	assert_int_equal(result, wanted);
}

static void then_named(const char *ufrag)
{
	then(ORACLE_STUN_NAMED);
	assert_int_equal(name.length, strlen(ufrag));
	assert_memory_equal(name.text, ufrag, name.length);
}

static const char *of_length(char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		text[i] = (char)('a' + i % 26);
	text[n] = '\0';
	return text;
}

TEST(the_name_is_found_where_it_stands)
{
	stun_chromium(&message, "abcd:wxyz");
	then_named("abcd");
	stun_libnice(&message, "a+/d:wxyz");
	then_named("a+/d");
	stun_begin(&message, 0x0001);
	stun_username(&message, "26ant1ioqu7qnr:evtj:h6vY");
	then_named("26ant1ioqu7qnr");
	stun_begin(&message, 0x0200);
	stun_username(&message, "abcdef");
	then_named("abcdef");
}

TEST(every_length_of_ufrag_and_prefix)
{
	char text[600];

	for (size_t n = 0; n <= 300; n++) {
		for (int colon = 0; colon < 2; colon++) {
			static const uint32_t prefixes[] = { 0, 4, 7, 8, 9, 16, 31, 32, 33, 40, 64, 255, 256 };

			of_length(text, n);
			if (colon)
				strcat(text, ":wxyz");
			stun_libnice(&message, text);
			for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
				agree(false, prefixes[i]);
			then(ORACLE_STUN_NAMED);
			assert_int_equal(name.length, n);
		}
	}
}

TEST(every_place_of_the_first_colon)
{
	char text[64];

	for (size_t first = 0; first < 45; first++) {
		for (size_t second = first + 1; second < 46; second++) {
			of_length(text, 48);
			text[first] = text[second] = ':';
			/* a byte that differs from a colon in its lowest bit may be taken for one behind the first */
			text[second - 1 > first ? second - 1 : 47] = ';';
			stun_libnice(&message, text);
			then(ORACLE_STUN_NAMED);
			assert_int_equal(name.length, first);
		}
	}
}

TEST(what_names_nobody_is_no_matter_of_names)
{
	stun_begin(&message, 0x0001);
	then(ORACLE_STUN_NONE);
	stun_begin(&message, 0x0200);
	stun_attribute(&message, 0x0008, zeros, 20);
	then(ORACLE_STUN_NONE);
	stun_chromium(&message, "abcd:wxyz");
	message.data[1] = 0x11; /* an indication */
	then(ORACLE_STUN_NONE);
	stun_chromium(&message, "abcd:wxyz");
	message.data[0] = 0x01; /* a response */
	then(ORACLE_STUN_NONE);
	stun_chromium(&message, "abcd:wxyz");
	message.data[7] = 0x43;
	then(ORACLE_STUN_NONE);
}

TEST(contradicting_lengths_are_malformed)
{
	stun_chromium(&message, "abcd:wxyz");
	stun_number(message.data + 2, message.length - 20 + 4);
	then(ORACLE_STUN_MALFORMED);
	stun_chromium(&message, "abcd:wxyz");
	message.length += 4;
	then(ORACLE_STUN_MALFORMED);
	stun_chromium(&message, "abcd:wxyz");
	message.length += 1;
	then(ORACLE_STUN_MALFORMED);
	stun_chromium(&message, "abcd:wxyz");
	stun_number(message.data + 2, message.length - 20 - 2);
	message.length -= 2;
	then(ORACLE_STUN_MALFORMED);
	stun_chromium(&message, "abcd:wxyz");
	stun_number(message.data + message.length - 6, 0xffff); /* of the last attribute */
	then(ORACLE_STUN_MALFORMED);
	stun_chromium(&message, "abcd:wxyz");
	stun_number(message.data + 22, message.length - 23);
	then(ORACLE_STUN_MALFORMED);
}

TEST(two_names_are_malformed)
{
	stun_begin(&message, 0x0001);
	stun_username(&message, "abcd:wxyz");
	stun_username(&message, "efgh:wxyz");
	then(ORACLE_STUN_MALFORMED);
	stun_chromium(&message, "abcd:wxyz");
	stun_username(&message, "abcd:wxyz");
	then(ORACLE_STUN_MALFORMED);
}

TEST(names_beyond_the_bound_are_malformed)
{
	char text[800];

	stun_libnice(&message, of_length(text, 513));
	then(ORACLE_STUN_NAMED);
	stun_libnice(&message, of_length(text, 514));
	then(ORACLE_STUN_MALFORMED);
	stun_libnice(&message, of_length(text, 763));
	then(ORACLE_STUN_MALFORMED);
}

TEST(more_attributes_than_are_looked_at)
{
	for (int n = 0; n < 80; n++) {
		stun_begin(&message, 0x0001);
		for (int i = 0; i < n; i++)
			stun_attribute(&message, 0x8022, zeros, 0);
		stun_username(&message, "abcd:wxyz");
		then(n < RG_STUN_ATTRIBUTES_MAX ? ORACLE_STUN_NAMED : ORACLE_STUN_BEYOND);
	}
}

TEST(every_truncation_agrees)
{
	char text[600];
	size_t whole;

	for (int shape = 0; shape < 4; shape++) {
		for (int tcp = 0; tcp < 2; tcp++) {
			if (shape & 1)
				stun_chromium(&message, shape & 2 ? of_length(text, 300) : "abcd:wxyz");
			else
				stun_libnice(&message, shape & 2 ? of_length(text, 256) : "abcd:wxyz");
			if (tcp)
				stun_frame(&message);
			whole = message.length;
			for (message.length = 0; message.length < whole; message.length++) {
				agree(tcp, 0);
				if (!tcp)
					assert_int_equal(result, message.length < 8 ? ORACLE_STUN_NONE : ORACLE_STUN_MALFORMED);
			}
		}
	}
}

TEST(a_name_in_the_first_segment_is_found)
{
	stun_chromium(&message, "abcd:wxyz");
	stun_frame(&message);
	message.length = 2 + 20 + 4 + 12;
	agree(true, 0);
	assert_int_equal(result, ORACLE_STUN_NAMED);
	message.length = 2 + 20 + 4 + 8;
	agree(true, 0);
	assert_int_equal(result, ORACLE_STUN_NONE);
}

TEST(what_follows_in_the_segment_is_not_looked_at)
{
	stun_chromium(&message, "abcd:wxyz");
	stun_frame(&message);
	memcpy(message.data + message.length, message.data, message.length);
	message.length *= 2;
	agree(true, 0);
	assert_int_equal(result, ORACLE_STUN_NAMED);
}

/* Random messages: built, then with some bytes changed. */
TEST(random_messages_agree)
{
	srand(1);
	for (int round = 0; round < 200000; round++) {
		static const uint16_t types[] = { 0x0006, 0x0006, 0x8022, 0x0024, 0xc057, 0x0008 };
		char text[64];
		bool tcp = rand() % 4 == 0;

		stun_begin(&message, rand() % 8 ? 0x0001 : 0x0200);
		for (int i = rand() % 8; i > 0; i--) {
			uint16_t type = types[rand() % 6];
			size_t n = (size_t)rand() % 48;

			for (size_t j = 0; j < n; j++)
				text[j] = (char)(rand() % 16 ? ':' + rand() % 3 - 1 + rand() % 2 * 32 : rand());
			stun_attribute(&message, type, text, n);
		}
		if (tcp)
			stun_frame(&message);
		for (int i = rand() % 3; i > 0; i--)
			message.data[(size_t)rand() % message.length] = (uint8_t)(rand() % 2 ? rand() : rand() % 8);
		if (rand() % 8 == 0)
			message.length = (size_t)rand() % (message.length + 8);
		agree(tcp, rand() % 2 ? 0 : (uint32_t)(4 + rand() % 40));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_is_found_where_it_stands),
		cmocka_unit_test(every_length_of_ufrag_and_prefix),
		cmocka_unit_test(every_place_of_the_first_colon),
		cmocka_unit_test(what_names_nobody_is_no_matter_of_names),
		cmocka_unit_test(contradicting_lengths_are_malformed),
		cmocka_unit_test(two_names_are_malformed),
		cmocka_unit_test(names_beyond_the_bound_are_malformed),
		cmocka_unit_test(more_attributes_than_are_looked_at),
		cmocka_unit_test(every_truncation_agrees),
		cmocka_unit_test(a_name_in_the_first_segment_is_found),
		cmocka_unit_test(what_follows_in_the_segment_is_not_looked_at),
		cmocka_unit_test(random_messages_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
