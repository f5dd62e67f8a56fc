/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "harness/geo.h"

static uint64_t random_state = 0x2545f4914f6cdd1dull;

static uint64_t random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* --- overlays: what wins ------------------------------------------------- */

static void a_later_database_wins_where_it_knows_a_country(void **state)
{
	const char *const databases[] = { CORPUS("nested"), CORPUS("override") };
	const struct rg_geo_inputs inputs = { .databases = databases, .n_databases = 2 };
	struct rg_geo_answer answer;
	struct rg_addr addr;
	struct world world;

	(void)state;
	world_load(&world, &inputs);
	then_region(&world, "192.0.2.63", "DE");
	then_region(&world, "192.0.2.64", "FR");
	then_region(&world, "192.0.2.127", "FR");
	then_region(&world, "192.0.2.128", "GB");
	then_region(&world, "192.0.2.192", "GB"); /* ZZ there is no knowledge */
	then_region(&world, "198.18.0.1", "CH");  /* only the later one has it */
	then_region(&world, "2001:db8:8::", "CH");
	then_region(&world, "2001:db8:9::", "HK");
	assert_int_equal(world.geo->n_databases, 2);
	addr = addr_of("192.0.2.64");
	rg_geo_lookup(world.geo, &addr, &answer);
	assert_int_equal(answer.database, 1);
	addr = addr_of("192.0.2.192");
	rg_geo_lookup(world.geo, &addr, &answer);
	assert_int_equal(answer.database, 0);
	addr = addr_of("192.0.3.0");
	rg_geo_lookup(world.geo, &addr, &answer);
	assert_int_equal(answer.database, -1);
	world_clear(&world);
}

static void custom_regions_add_membership_and_place(void **state)
{
	const char *const databases[] = { CORPUS("city") };
	struct rg_custom_region customs[] = {
		custom("partners", "", "192.0.2.0/25 10.0.0.0/8 2001:db8::/32"),
		custom("lab", "CN", "192.0.2.64/26 2001:db8:1::/48"),
		custom("home", "US", "192.0.2.0/28"),
	};
	const struct rg_geo_inputs inputs = { .databases = databases, .n_databases = 1,
					      .customs = customs, .n_customs = 3 };
	struct rg_geo_answer answer;
	struct rg_addr addr;
	struct world world;

	(void)state;
	world_load(&world, &inputs);
	then_region(&world, "192.0.2.0", "US-CA+home+partners"); /* placed where it is: keeps CA */
	then_region(&world, "192.0.2.16", "US-CA+partners");
	then_region(&world, "192.0.2.64", "CN+lab+partners");
	then_region(&world, "192.0.2.128", "GB-ENG");
	then_region(&world, "10.255.255.255", "unknown+partners");
	then_region(&world, "11.0.0.0", "unknown");
	then_region(&world, "2001:db8::", "unknown+partners");
	then_region(&world, "2001:db8:1:ffff::", "CN+lab+partners");
	addr = addr_of("192.0.2.64");
	rg_geo_lookup(world.geo, &addr, &answer);
	assert_int_equal(answer.database, -1); /* the custom region says CN, no database */
	addr = addr_of("192.0.2.16");
	rg_geo_lookup(world.geo, &addr, &answer);
	assert_int_equal(answer.database, 0);
	world_clear(&world);
	for (size_t i = 0; i < 3; i++)
		free(customs[i].networks);
}

static void nothing_loaded_is_all_unknown(void **state)
{
	const struct rg_geo_inputs inputs = { 0 };
	struct world world;

	(void)state;
	world_load(&world, &inputs);
	then_region(&world, "0.0.0.0", "unknown");
	then_region(&world, "255.255.255.255", "unknown");
	then_region(&world, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "unknown");
	world_clear(&world);
}

static void too_many_combinations_are_refused(void **state)
{
	struct rg_custom_region *customs = calloc(RG_REGIONS_MAX, sizeof(*customs));
	const struct rg_geo_inputs inputs = { .customs = customs, .n_customs = RG_REGIONS_MAX };
	struct rg_err err = { 0 };
	struct world world;
	char name[16], net[32];

	(void)state;
	for (int i = 0; i < RG_REGIONS_MAX; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		snprintf(net, sizeof(net), "10.%d.%d.0/24", i / 256, i % 256);
		customs[i] = custom(name, "", net);
	}
	assert_int_equal(world_try(&world, &inputs, &err), -ENOSPC);
	assert_int_equal(err.code, RG_ERR_FULL);
	assert_null(world.geo);
	world_clear(&world);
	for (int i = 0; i < RG_REGIONS_MAX; i++)
		free(customs[i].networks);
	free(customs);
}

/* --- the network of an answer -------------------------------------------- */

static void the_network_of_an_answer_has_one_region(void **state)
{
	static const struct { const char *address, *network; } cases[] = {
		{ "192.0.2.1", "192.0.2.0/25" },
		{ "192.0.2.200", "192.0.2.128/25" },
		{ "192.0.3.0", "192.0.3.0/24" },
		{ "0.0.0.0", "0.0.0.0/1" },
		{ "224.0.0.0", "224.0.0.0/3" },
		{ "2002:c000:0201::5", "192.0.2.0/25" },
		{ "2001:db8:0:1::8000", "2001:db8:0:1::8000/113" },
		{ "2001:db8:0:2::", "2001:db8:0:2::/63" },
		{ "4000::", "4000::/2" },
		{ "2003::", "2003::/16" },  /* its neighbour 2002::/16 is looked up by IPv4 */
		{ "64:ff9b:1::", "64:ff9b:1::/48" },
	};
	const char *const databases[] = { CORPUS("nested") };
	const struct rg_geo_inputs inputs = { .databases = databases, .n_databases = 1 };
	struct world world;

	(void)state;
	world_load(&world, &inputs);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rg_addr addr = addr_of(cases[i].address);
		struct rg_geo_answer answer;
		char text[RG_NET_TEXT_MAX];

		rg_geo_lookup(world.geo, &addr, &answer);
		assert_string_equal(rg_net_format(&answer.network, text), cases[i].network);
	}
	world_clear(&world);
}

/* --- the compiled form --------------------------------------------------- */

/* Ranges made by a test; rg_geo_table_build() reads nothing else. */
static void then_table_agrees(const struct rg_geo *geo)
{
	struct rg_geo_table *table;
	struct rg_err err = { 0 };

	if (rg_geo_table_build(geo, &table, &err))
		fail_msg("%s", err.detail);
	assert_int_equal(table->n_nodes % RG_GEO_NODES_PER_BLOCK, 0);
	for (size_t i = 0; i < geo->n4; i++) {
		const struct rg_range4 *range = &geo->v4[i];
		const uint64_t mapped = 0xffff00000000ull;
		bool gap_before = range->start && (!i || range[-1].end + 1 != range->start);
		bool gap_after = range->end != UINT32_MAX &&
				 (i + 1 == geo->n4 || range[1].start != range->end + 1);

		assert_int_equal(rg_geo_find(table, 0, mapped | range->start), range->region);
		assert_int_equal(rg_geo_find(table, 0, mapped | range->end), range->region);
		if (gap_before)
			assert_int_equal(rg_geo_find(table, 0, mapped | (range->start - 1)), 0);
		if (gap_after)
			assert_int_equal(rg_geo_find(table, 0, mapped | (range->end + 1)), 0);
	}
	for (size_t i = 0; i < geo->n6; i++) {
		const struct rg_range6 *range = &geo->v6[i];

		assert_int_equal(rg_geo_find(table, range->start_hi, range->start_lo), range->region);
		assert_int_equal(rg_geo_find(table, range->end_hi, range->end_lo), range->region);
	}
	rg_geo_table_free(table);
}

static void a_slot_of_any_number_of_ranges_is_searched(void **state)
{
	(void)state;
	/* n ranges of one address each in one root slot, then behind each other without gaps */
	for (uint32_t n = 1; n <= 200; n++) {
		struct rg_range4 ranges[200];
		struct rg_geo geo = { .v4 = ranges, .n4 = n };

		for (uint32_t step = 1; step <= 3; step += 2) {
			for (uint32_t i = 0; i < n; i++)
				ranges[i] = (struct rg_range4){ 0xffffffff - (n - 1 - i) * step,
								0xffffffff - (n - 1 - i) * step,
								(uint16_t)(i % 2 + 1) };
			then_table_agrees(&geo);
		}
	}
}

static void clustered_ranges_go_deep_and_are_found(void **state)
{
	enum { N = 3000 };
	struct rg_range6 *ranges = calloc(N, sizeof(*ranges));
	struct rg_geo geo = { .v6 = ranges, .n6 = N };

	(void)state;
	/* distances that halve again and again: the worst that equal slots can meet */
	for (unsigned int i = 0; i < N; i++) {
		uint64_t hi = 0x2a00000000000000ull + (1ull << (i / 100 + 12)) + i % 100 * 16;

		ranges[i] = (struct rg_range6){ hi, 0, hi + 7, UINT64_MAX, (uint16_t)(i % 7 + 1) };
	}
	then_table_agrees(&geo);
	free(ranges);
}

static void the_ends_of_the_address_space_are_found(void **state)
{
	struct rg_range4 v4[] = { { 0, 0, 1 }, { 1, 1, 2 }, { 0xfffffffe, 0xfffffffe, 3 },
				  { 0xffffffff, 0xffffffff, 4 } };
	struct rg_range6 v6[] = {
		{ 0, 0, 0, 1, 1 },
		{ 1, 0, UINT64_MAX - 1, UINT64_MAX, 2 },
		{ UINT64_MAX, 0, UINT64_MAX, UINT64_MAX - 1, 3 },
		{ UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, 0x7fff },
	};
	struct rg_geo geo = { .v4 = v4, .n4 = 4, .v6 = v6, .n6 = 4 };

	(void)state;
	then_table_agrees(&geo);
}

/* A block that is padded to a power of two: the highest key there is must not find the padding. */
static void padding_is_never_an_answer(void **state)
{
	struct rg_range6 v6[] = {
		{ 0xffff000000000000ull, 0, 0xffff0000ffffffffull, UINT64_MAX, 1 },
		{ 0xffff000100000000ull, 0, UINT64_MAX, UINT64_MAX, 2 },
	};
	struct rg_geo geo = { .v6 = v6, .n6 = 2 };
	struct rg_geo_table *table;

	(void)state;
	then_table_agrees(&geo);
	v6[1].end_hi = 0xffff0001ffffffffull; /* a third step: unknown, up to the end */
	assert_int_equal(rg_geo_table_build(&geo, &table, NULL), 0);
	assert_int_equal(rg_geo_find(table, 0xffff0001ffffffffull, UINT64_MAX), 2);
	assert_int_equal(rg_geo_find(table, 0xffff000200000000ull, 0), 0);
	assert_int_equal(rg_geo_find(table, UINT64_MAX, UINT64_MAX), 0);
	rg_geo_table_free(table);
}

static void random_ranges_are_found(void **state)
{
	enum { N = 20000 };
	struct rg_range4 *ranges = calloc(N, sizeof(*ranges));
	struct rg_geo geo = { .v4 = ranges };
	uint32_t at = 0;

	(void)state;
	while (geo.n4 < N) {
		uint64_t wide = random64() % (1u << (random64() % 18)) + 1;
		uint64_t start = (uint64_t)at + random64() % 3 * (random64() % 1000);

		if (start + wide > UINT32_MAX)
			break;
		ranges[geo.n4++] = (struct rg_range4){ (uint32_t)start, (uint32_t)(start + wide - 1),
						       (uint16_t)(random64() % 0x7fff + 1) };
		at = (uint32_t)(start + wide);
	}
	assert_true(geo.n4 > 1000);
	then_table_agrees(&geo);
	free(ranges);
}

static void builds_are_deterministic(void **state)
{
	const char *const databases[] = { CORPUS("nested"), CORPUS("override") };
	const struct rg_geo_inputs inputs = { .databases = databases, .n_databases = 2 };
	struct world a, b;

	(void)state;
	world_load(&a, &inputs);
	world_load(&b, &inputs);
	assert_int_equal(a.table->n_nodes, b.table->n_nodes);
	assert_int_equal(a.table->n_ranges, b.table->n_ranges);
	assert_memory_equal(a.table->nodes, b.table->nodes, a.table->n_nodes * sizeof(*a.table->nodes));
	assert_memory_equal(a.table->ranges, b.table->ranges,
			    a.table->n_ranges * sizeof(*a.table->ranges));
	world_clear(&a);
	world_clear(&b);
}

static void more_long_prefixes_than_the_maps_hold_are_refused(void **state)
{
	enum { N = RG_GEO_SPLITS_MAX + 1 };
	struct rg_range6 *ranges = calloc(RG_GEO_LOWS_MAX, sizeof(*ranges));
	struct rg_geo geo = { .v6 = ranges, .n6 = N - 1 };
	struct rg_geo_table *table = NULL;
	struct rg_err err = { 0 };

	(void)state;
	for (uint64_t i = 0; i < N; i++)
		ranges[i] = (struct rg_range6){ 2 * i + 2, 5, 2 * i + 2, 6, 1 };
	then_table_agrees(&geo);
	geo.n6 = N;
	assert_int_equal(rg_geo_table_build(&geo, &table, &err), -E2BIG);
	assert_int_equal(err.code, RG_ERR_FULL);
	for (uint64_t i = 0; i < RG_GEO_LOWS_MAX; i++)
		ranges[i] = (struct rg_range6){ 2, 4 * i + 1, 2, 4 * i + 2, 1 };
	geo.n6 = RG_GEO_LOWS_MAX;
	assert_int_equal(rg_geo_table_build(&geo, &table, &err), -E2BIG);
	assert_non_null(strstr(err.detail, "longer than /64"));
	assert_null(table);
	free(ranges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_later_database_wins_where_it_knows_a_country),
		cmocka_unit_test(custom_regions_add_membership_and_place),
		cmocka_unit_test(nothing_loaded_is_all_unknown),
		cmocka_unit_test(too_many_combinations_are_refused),
		cmocka_unit_test(the_network_of_an_answer_has_one_region),
		cmocka_unit_test(a_slot_of_any_number_of_ranges_is_searched),
		cmocka_unit_test(clustered_ranges_go_deep_and_are_found),
		cmocka_unit_test(the_ends_of_the_address_space_are_found),
		cmocka_unit_test(padding_is_never_an_answer),
		cmocka_unit_test(random_ranges_are_found),
		cmocka_unit_test(builds_are_deterministic),
		cmocka_unit_test(more_long_prefixes_than_the_maps_hold_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
