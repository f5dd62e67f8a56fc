/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tables for people: widths, alignment, what must not reach a terminal. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "cli/show.h"
#include "cli/table.h"

static const struct rg_table_column columns[] = {
	{ "NAME", false }, { "PACKETS", true }, { "NOTE", false },
};

/* What a table prints; owned by the caller. */
static char *printed(const struct rg_table *table)
{
	size_t length;
	char *text = NULL;
	FILE *out = open_memstream(&text, &length);

	assert_int_equal(rg_table_print(table, out), 0);
	fclose(out);
	return text;
}

static char *as_text(const char *raw)
{
	size_t length;
	char *text = NULL;
	FILE *out = open_memstream(&text, &length);

	rg_table_text(out, raw);
	fclose(out);
	return text;
}

static void table_aligns_columns_to_their_widest_cell(void **state)
{
	struct rg_table *table = rg_table_new(columns, ARRAY_SIZE(columns));
	char *text;

	(void)state;
	RG_TABLE_ROW(table, "a", "1", "x");
	RG_TABLE_ROW(table, "longer", "12345678", NULL);
	text = printed(table);
	assert_string_equal(text, "NAME     PACKETS  NOTE\n"
				  "a              1  x\n"
				  "longer  12345678  -\n");
	free(text);
	rg_table_free(table);
}

static void table_without_titles_has_no_title_line(void **state)
{
	static const struct rg_table_column bare[] = { { "", false }, { "", false } };
	struct rg_table *table = rg_table_new(bare, ARRAY_SIZE(bare));
	char *text;

	(void)state;
	RG_TABLE_ROW(table, "key", "value");
	text = printed(table);
	assert_string_equal(text, "key  value\n");
	free(text);
	rg_table_free(table);
}

static void table_counts_characters_not_bytes(void **state)
{
	static const struct rg_table_column bare[] = { { "", false }, { "", false } };
	struct rg_table *table = rg_table_new(bare, ARRAY_SIZE(bare));
	char *text;

	(void)state;
	RG_TABLE_ROW(table, "Köln", "1");
	RG_TABLE_ROW(table, "Bonn", "2");
	text = printed(table);
	assert_string_equal(text, "Köln  1\nBonn  2\n");
	free(text);
	rg_table_free(table);
}

static void a_cell_is_cut_between_characters(void **state)
{
	static const struct rg_table_column bare[] = { { "", false } };
	char id[2 * RG_SHOW_MAX] = "", buf[RG_SHOW_MAX], *text;
	struct rg_table *table = rg_table_new(bare, ARRAY_SIZE(bare));
	json_t *value, *said;

	(void)state;
	while (strlen(id) + 3 < sizeof(id))
		strcat(id, "\xe4\xbc\x9a");
	value = json_string(id);
	RG_TABLE_ROW(table, rg_show(value, buf));
	text = printed(table);
	said = json_string(text);
	assert_non_null(said); /* NULL if it is not UTF-8 */
	json_decref(said);
	json_decref(value);
	free(text);
	rg_table_free(table);
}

static void table_makes_control_characters_visible(void **state)
{
	static const char *const cases[][2] = {
		{ "plain", "plain" },
		{ "\x1b[31mred", "?[31mred" },
		{ "two\nlines\r", "two?lines?" },
		{ "\xc2\x9b" "2J", "?2J" }, /* CSI as one character */
		{ "K\xc3\xb6ln", "K\xc3\xb6ln" },
		{ "\x7f", "?" },
		{ "cut\xc2", "cut\xc2" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = as_text(cases[i][0]);

		assert_string_equal(text, cases[i][1]);
		free(text);
	}
}

static void bytes_are_shown_with_a_unit(void **state)
{
	static const struct { unsigned long long bytes; const char *text; } cases[] = {
		{ 0, "0 B" }, { 1023, "1023 B" }, { 1024, "1.0 KiB" }, { 1536, "1.5 KiB" },
		{ 1048575, "1.0 MiB" }, { 3ull << 30, "3.0 GiB" }, { UINT64_MAX, "16.0 EiB" },
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(rg_table_bytes(cases[i].bytes, buf), cases[i].text);
}

static void seconds_are_shown_in_two_units(void **state)
{
	static const struct { unsigned long long seconds; const char *text; } cases[] = {
		{ 0, "0s" }, { 59, "59s" }, { 60, "1m 0s" }, { 3599, "59m 59s" },
		{ 3600, "1h 0m" }, { 86399, "23h 59m" }, { 86400, "1d 0h" }, { 1000000, "11d 13h" },
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(rg_table_seconds(cases[i].seconds, buf), cases[i].text);
}

static void values_are_shown_as_a_person_reads_them(void **state)
{
	static const char *const cases[][2] = {
		{ "\"text\"", "text" }, { "17", "17" }, { "true", "yes" }, { "false", "no" },
		{ "null", "-" }, { "[]", "-" }, { "[\"EU\", \"EEA\"]", "EU, EEA" }, { "{}", "-" },
		{ "1.5", "1.50" },
	};
	char buf[RG_SHOW_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *value = json_loads(cases[i][0], JSON_DECODE_ANY, NULL);

		assert_string_equal(rg_show(value, buf), cases[i][1]);
		json_decref(value);
	}
	assert_string_equal(rg_show_member(NULL, "absent", buf), "-");
}

static void a_long_list_is_cut_at_the_buffers_end(void **state)
{
	json_t *list = json_array();
	char buf[RG_SHOW_MAX];

	(void)state;
	for (int i = 0; i < 1000; i++)
		json_array_append_new(list, json_string("region"));
	assert_true(strlen(rg_show(list, buf)) < RG_SHOW_MAX);
	assert_int_equal(strncmp(buf, "region, region", 14), 0);
	json_decref(list);
}

static void counters_are_found_at_every_depth(void **state)
{
	static const struct rg_table_column counted[] = {
		{ "", false }, { "", true }, { "", true },
	};
	struct rg_table *table = rg_table_new(counted, ARRAY_SIZE(counted));
	json_t *counters = json_loads("{\"CN\": {\"refuse\": {\"packets\": 5, \"bytes\": 300}},"
				      " \"lost\": 7}", 0, NULL);
	char *text;

	(void)state;
	rg_show_counters(table, counters);
	text = printed(table);
	assert_string_equal(text, "CN refuse  5  300\nlost       7    -\n");
	free(text);
	json_decref(counters);
	rg_table_free(table);
}

static void regions_stand_by_what_they_are_refused_then_by_name(void **state)
{
	json_t *regions = json_loads("{\"DE\": {\"admit\": {\"packets\": 900}}, \"AT\": {\"admit\": {\"packets\": 1}},"
				     " \"CN\": {\"admit\": {\"packets\": 5}, \"refuse\": {\"packets\": 7}},"
				     " \"BR\": {\"observe_refused\": {\"packets\": 3}}, \"RU\": {\"refuse\": {\"packets\": 70}}}",
				     0, NULL), *sorted = rg_show_regions(regions);
	char *text = json_dumps(sorted, JSON_COMPACT);

	(void)state;
	assert_string_equal(text, "{\"RU\":{\"refuse\":{\"packets\":70}},"
				  "\"CN\":{\"refuse\":{\"packets\":7},\"admit\":{\"packets\":5}},"
				  "\"AT\":{\"admit\":{\"packets\":1}},\"BR\":{\"observe_refused\":{\"packets\":3}},"
				  "\"DE\":{\"admit\":{\"packets\":900}}}");
	free(text);
	json_decref(sorted);
	json_decref(regions);
	assert_int_equal(json_object_size(sorted = rg_show_regions(NULL)), 0);
	json_decref(sorted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_aligns_columns_to_their_widest_cell),
		cmocka_unit_test(table_without_titles_has_no_title_line),
		cmocka_unit_test(table_counts_characters_not_bytes),
		cmocka_unit_test(a_cell_is_cut_between_characters),
		cmocka_unit_test(table_makes_control_characters_visible),
		cmocka_unit_test(bytes_are_shown_with_a_unit),
		cmocka_unit_test(seconds_are_shown_in_two_units),
		cmocka_unit_test(values_are_shown_as_a_person_reads_them),
		cmocka_unit_test(a_long_list_is_cut_at_the_buffers_end),
		cmocka_unit_test(counters_are_found_at_every_depth),
		cmocka_unit_test(regions_stand_by_what_they_are_refused_then_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
