/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "geo/customs.h"
#include "geo/ranges.h"
#include "harness/geo.h"

static void then_marks(const struct rg_marks *marks, const struct rg_mark *expected, size_t n)
{
	assert_int_equal(marks->n, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(marks->v[i].hi, expected[i].hi);
		assert_int_equal(marks->v[i].lo, expected[i].lo);
		assert_int_equal(marks->v[i].value, expected[i].value);
	}
}

static void marks_of_equal_value_are_one(void **state)
{
	const struct rg_mark expected[] = { { 0, 0, 0 }, { 5, 0, 7 }, { 9, 1, 8 } };
	struct rg_marks marks = { 0 };

	(void)state;
	rg_marks_add(&marks, 0, 0, 0);
	rg_marks_add(&marks, 3, 0, 0);
	rg_marks_add(&marks, 5, 0, 7);
	rg_marks_add(&marks, 6, 0, 7);
	rg_marks_add(&marks, 9, 1, 8);
	then_marks(&marks, expected, 3);
	rg_marks_clear(&marks);
}

static void a_mark_at_the_same_address_replaces_the_last(void **state)
{
	const struct rg_mark expected[] = { { 0, 0, 1 }, { 5, 0, 2 } };
	struct rg_marks marks = { 0 };

	(void)state;
	rg_marks_add(&marks, 0, 0, 1);
	rg_marks_add(&marks, 4, 0, 3);
	rg_marks_add(&marks, 4, 0, 1); /* back to what was before: no mark is left */
	rg_marks_add(&marks, 5, 0, 9);
	rg_marks_add(&marks, 5, 0, 2);
	then_marks(&marks, expected, 2);
	rg_marks_clear(&marks);
}

static void the_mark_in_force_is_found(void **state)
{
	struct rg_marks marks = { 0 };

	(void)state;
	assert_int_equal(rg_marks_find(&marks, 1, 1), -1);
	rg_marks_add(&marks, 0, 0, 1);
	rg_marks_add(&marks, 4, 4, 2);
	rg_marks_add(&marks, 4, 5, 3);
	rg_marks_add(&marks, 6, 0, 4);
	assert_int_equal(rg_marks_find(&marks, 0, 0), 0);
	assert_int_equal(rg_marks_find(&marks, 4, 3), 0);
	assert_int_equal(rg_marks_find(&marks, 4, 4), 1);
	assert_int_equal(rg_marks_find(&marks, 5, 0), 2);
	assert_int_equal(rg_marks_find(&marks, UINT64_MAX, UINT64_MAX), 3);
	rg_marks_clear(&marks);
}

static int join_decimal(void *context, uint32_t below, uint32_t above, uint32_t *ret)
{
	(void)context;
	*ret = 10 * below + above;
	return 0;
}

static int join_fails(void *context, uint32_t below, uint32_t above, uint32_t *ret)
{
	(void)context;
	(void)below;
	(void)ret;
	return above == 2 ? -ENOSPC : 0;
}

static void an_overlay_joins_every_run(void **state)
{
	const struct rg_mark expected[] = { { 0, 0, 10 }, { 2, 0, 11 }, { 4, 0, 22 }, { 6, 0, 32 } };
	struct rg_marks below = { 0 }, above = { 0 }, joined = { 0 };

	(void)state;
	rg_marks_add(&below, 0, 0, 1);
	rg_marks_add(&below, 4, 0, 2);
	rg_marks_add(&below, 6, 0, 3);
	rg_marks_add(&above, 0, 0, 0);
	rg_marks_add(&above, 2, 0, 1);
	rg_marks_add(&above, 4, 0, 2);
	assert_int_equal(rg_marks_overlay(&below, &above, join_decimal, NULL, &joined), 0);
	then_marks(&joined, expected, 4);
	rg_marks_clear(&joined);
	assert_int_equal(rg_marks_overlay(&below, &above, join_fails, NULL, &joined), -ENOSPC);
	assert_null(joined.v);
	rg_marks_clear(&below);
	rg_marks_clear(&above);
}

static void ranges_end_where_the_next_region_begins(void **state)
{
	struct rg_marks marks = { 0 };
	struct rg_range4 *v4;
	struct rg_range6 *v6;
	size_t n;

	(void)state;
	rg_marks_add(&marks, 0, 0, 0);
	rg_marks_add(&marks, 5ull << 32, 0, 1 << 16 | 4);
	rg_marks_add(&marks, 7ull << 32, 0, 2 << 16 | 4); /* another database, the same region */
	rg_marks_add(&marks, 9ull << 32, 0, 1 << 16);     /* no region: a gap */
	rg_marks_add(&marks, 11ull << 32, 0, 6);
	assert_int_equal(rg_marks_to_ranges4(&marks, &v4, &n), 0);
	assert_int_equal(n, 2);
	assert_true(v4[0].start == 5 && v4[0].end == 8 && v4[0].region == 4);
	assert_true(v4[1].start == 11 && v4[1].end == UINT32_MAX && v4[1].region == 6);
	free(v4);
	rg_marks_add(&marks, 12ull << 32, 3, 5);
	assert_int_equal(rg_marks_to_ranges6(&marks, &v6, &n), 0);
	assert_int_equal(n, 3);
	assert_true(v6[0].end_hi == (9ull << 32) - 1 && v6[0].end_lo == UINT64_MAX);
	assert_true(v6[1].end_hi == 12ull << 32 && v6[1].end_lo == 2);
	assert_true(v6[2].end_hi == UINT64_MAX && v6[2].end_lo == UINT64_MAX);
	free(v6);
	rg_marks_clear(&marks);
}

/* The names and the country at an address, as "a+b DE". */
static const char *set_at(const struct rg_customs *customs, uint32_t v4)
{
	static char text[128];
	ptrdiff_t i = rg_marks_find(&customs->v4, (uint64_t)v4 << 32, 0);
	uint32_t set = customs->v4.v[i].value;
	const char **names;
	size_t n;

	assert_int_equal(rg_customs_names(customs, set, &names, &n), 0);
	text[0] = '\0';
	for (size_t k = 0; k < n; k++)
		sprintf(text + strlen(text), "%s%s", k ? "+" : "", names[k]);
	sprintf(text + strlen(text), " %s", customs->sets[set].country);
	free(names);
	return text;
}

static void custom_networks_nest(void **state)
{
	struct rg_custom_region regions[] = {
		custom("staff", "DE", "10.0.0.0/8 192.0.2.0/24"),
		custom("lab", "", "10.1.0.0/16"),
		custom("abroad", "US", "10.1.2.0/24 10.1.3.0/24 255.255.255.255"),
	};
	struct rg_customs customs;

	(void)state;
	assert_int_equal(rg_customs_build(regions, 3, &customs), 0);
	assert_string_equal(set_at(&customs, 0x09ffffff), " ");
	assert_string_equal(set_at(&customs, 0x0a000000), "staff DE");
	assert_string_equal(set_at(&customs, 0x0a010000), "lab+staff DE");
	assert_string_equal(set_at(&customs, 0x0a010200), "abroad+lab+staff US");
	assert_string_equal(set_at(&customs, 0x0a0103ff), "abroad+lab+staff US");
	assert_string_equal(set_at(&customs, 0x0a010400), "lab+staff DE");
	assert_string_equal(set_at(&customs, 0x0a020000), "staff DE");
	assert_string_equal(set_at(&customs, 0x0b000000), " ");
	assert_string_equal(set_at(&customs, 0xfffffffe), " ");
	assert_string_equal(set_at(&customs, 0xffffffff), "abroad US");
	rg_customs_clear(&customs);
	for (size_t i = 0; i < 3; i++)
		free(regions[i].networks);
}

static void of_equal_custom_networks_the_later_name_decides(void **state)
{
	struct rg_custom_region regions[] = {
		custom("zeta", "FR", "10.0.0.0/8 10.0.0.0/8"),
		custom("alpha", "DE", "10.0.0.0/8"),
	};
	struct rg_customs customs;

	(void)state;
	assert_int_equal(rg_customs_build(regions, 2, &customs), 0);
	assert_string_equal(set_at(&customs, 0x0a000000), "alpha+zeta FR");
	rg_customs_clear(&customs);
	for (size_t i = 0; i < 2; i++)
		free(regions[i].networks);
}

static void a_host_at_the_end_of_a_network_is_inside_it(void **state)
{
	const uint64_t hi = 0x20010db800000000ull;
	struct rg_custom_region regions[] = {
		custom("net", "", "2001:db8::/127"),
		custom("host", "", "2001:db8::1/128"),
	};
	struct rg_customs customs;
	const char **names;
	size_t n;
	ptrdiff_t at;

	(void)state;
	assert_int_equal(rg_customs_build(regions, 2, &customs), 0);
	at = rg_marks_find(&customs.v6, hi, 1);
	assert_int_equal(rg_customs_names(&customs, customs.v6.v[at].value, &names, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(names[0], "host");
	assert_string_equal(names[1], "net");
	free(names);
	assert_int_equal(customs.v6.v[rg_marks_find(&customs.v6, hi, 2)].value, 0);
	rg_customs_clear(&customs);
	for (size_t i = 0; i < 2; i++)
		free(regions[i].networks);
}

static void families_of_custom_networks_are_kept_apart(void **state)
{
	struct rg_custom_region region = custom("all", "", "::/0");
	struct rg_customs customs;

	(void)state;
	assert_int_equal(rg_customs_build(&region, 1, &customs), 0);
	assert_string_equal(set_at(&customs, 0), " ");
	assert_string_equal(set_at(&customs, 0xffffffff), " ");
	assert_int_equal(customs.v6.n, 1);
	assert_int_equal(customs.v6.v[0].value, 1);
	rg_customs_clear(&customs);
	free(region.networks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_of_equal_value_are_one),
		cmocka_unit_test(a_mark_at_the_same_address_replaces_the_last),
		cmocka_unit_test(the_mark_in_force_is_found),
		cmocka_unit_test(an_overlay_joins_every_run),
		cmocka_unit_test(ranges_end_where_the_next_region_begins),
		cmocka_unit_test(custom_networks_nest),
		cmocka_unit_test(of_equal_custom_networks_the_later_name_decides),
		cmocka_unit_test(a_host_at_the_end_of_a_network_is_inside_it),
		cmocka_unit_test(families_of_custom_networks_are_kept_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
