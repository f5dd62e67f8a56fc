/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "geo/regions.h"

static const char *normalised(const char *text)
{
	static char code[3];

	return rg_country_normalise(text, strlen(text), code) ? code : "no";
}

static void countries_are_normalised(void **state)
{
	(void)state;
	assert_string_equal(normalised("CN"), "CN");
	assert_string_equal(normalised("cn"), "CN");
	assert_string_equal(normalised("UK"), "GB");
	assert_string_equal(normalised("EL"), "GR");
	assert_string_equal(normalised("XK"), "XK");
}

static void pseudo_codes_are_no_countries(void **state)
{
	static const char *const pseudo[] = { "EU", "AP", "A1", "A2", "O1", "ZZ", "XX", "??", "AN", "CS",
					      "SU", "YU", "DD", "TP", "FX", "AB", "OS", "UN", "-", "",
					      "C", "CHN", "C\xc3" };
	(void)state;
	for (size_t i = 0; i < sizeof(pseudo) / sizeof(pseudo[0]); i++)
		if (strcmp(normalised(pseudo[i]), "no"))
			fail_msg("'%s' is taken for a country", pseudo[i]);
	assert_false(rg_country_normalise("\0\0", 2, (char[3]){ 0 }));
}

static void catalogue_is_sorted_and_complete(void **state)
{
	size_t n = 0, eu = 0, eea = 0;

	(void)state;
	for (; rg_country_at(n); n++) {
		const char *code = rg_country_at(n);

		if (n)
			assert_true(strcmp(rg_country_at(n - 1), code) < 0);
		assert_string_equal(normalised(code), code);
		assert_non_null(strstr("AF AN AS EU NA OC SA", rg_country_continent(code)));
		eu += rg_country_in_eu(code);
		eea += rg_country_in_eea(code);
	}
	assert_int_equal(n, 249 + 1);
	assert_int_equal(eu, 27 + 7); /* members, and their territories with codes of their own */
	assert_int_equal(eea, eu + 3);
}

/* The continents and groups of the catalogue against a second source: one list each. */
static void groups_have_their_members(void **state)
{
	static const char *const members[] = {
		"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
		"IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
	};
	static const char *const outside[] = { "GB", "CH", "NO", "IS", "LI", "TR", "UA", "GL", "FO", "PF" };

	(void)state;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		assert_true(rg_country_in_eu(members[i]) && rg_country_in_eea(members[i]));
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		assert_false(rg_country_in_eu(outside[i]));
	assert_true(rg_country_in_eea("NO") && rg_country_in_eea("IS") && rg_country_in_eea("LI"));
	assert_false(rg_country_in_eea("CH"));
	assert_string_equal(rg_country_continent("CN"), "AS");
	assert_string_equal(rg_country_continent("US"), "NA");
	assert_string_equal(rg_country_continent("BR"), "SA");
	assert_string_equal(rg_country_continent("NZ"), "OC");
	assert_string_equal(rg_country_continent("EG"), "AF");
	assert_null(rg_country_continent("XX"));
	assert_null(rg_country_continent((char[3]){ "" }));
}

static void what_a_rule_names_is_parsed(void **state)
{
	static const struct { const char *text, *canonical; enum rg_region_kind kind; } good[] = {
		{ "CN", "CN", RG_REGION_COUNTRY },
		{ "UK", "GB", RG_REGION_COUNTRY },
		{ "us-ca", "US-CA", RG_REGION_SUBDIVISION },
		{ "UK-ENG", "GB-ENG", RG_REGION_SUBDIVISION },
		{ "FR-75", "FR-75", RG_REGION_SUBDIVISION },
		{ "continent:AS", "continent:AS", RG_REGION_CONTINENT },
		{ "EU", "EU", RG_REGION_GROUP },
		{ "EEA", "EEA", RG_REGION_GROUP },
		{ "custom:partners", "custom:partners", RG_REGION_CUSTOM },
		{ "custom:EU", "custom:EU", RG_REGION_CUSTOM },
		{ "unknown", "unknown", RG_REGION_UNKNOWN },
	};
	struct rg_region_spec spec;
	struct rg_err err;
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(rg_region_spec_parse(good[i].text, &spec, &err), 0);
		assert_int_equal(spec.kind, good[i].kind);
		assert_string_equal(rg_region_spec_format(&spec, buf), good[i].canonical);
	}
}

static void what_is_no_region_is_refused_by_name(void **state)
{
	static const char *const bad[] = {
		"", "XX", "AP", "C", "CHN", "US-", "US-CALI", "XX-CA", "US-C+", "continent:", "continent:XX",
		"continent:ASIA", "custom:", "custom:a b", "custom:a+b", "Unknown", " CN", "CN ",
		"custom:123456789012345678901234567890123",
	};
	struct rg_region_spec spec = { .kind = RG_REGION_GROUP };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rg_err err = { 0 };

		if (rg_region_spec_parse(bad[i], &spec, &err) != -EINVAL)
			fail_msg("'%s' is taken for a region", bad[i]);
		assert_int_equal(err.code, RG_ERR_INVALID);
		assert_non_null(strstr(err.detail, bad[i]));
		assert_int_equal(spec.kind, RG_REGION_GROUP);
	}
}

static bool matches(const char *spec_text, const struct rg_class *class)
{
	struct rg_region_spec spec;

	assert_int_equal(rg_region_spec_parse(spec_text, &spec, NULL), 0);
	return rg_region_matches(&spec, class);
}

static void a_class_lies_in_all_its_regions(void **state)
{
	const char *customs[] = { "partners", "staff" };
	struct rg_classes *classes = rg_classes_new();
	int id = rg_classes_intern(classes, "DE", "DE-BE", customs, 2);
	const struct rg_class *class = rg_classes_get(classes, (unsigned int)id);

	(void)state;
	assert_string_equal(class->key, "DE-BE+partners+staff");
	assert_true(matches("DE", class) && matches("DE-BE", class) && matches("EU", class));
	assert_true(matches("EEA", class) && matches("continent:EU", class));
	assert_true(matches("custom:staff", class) && matches("custom:partners", class));
	assert_false(matches("unknown", class) || matches("FR", class) || matches("DE-BY", class));
	assert_false(matches("continent:AS", class) || matches("custom:other", class));
	id = rg_classes_intern(classes, "", "", customs, 1);
	class = rg_classes_get(classes, (unsigned int)id);
	assert_string_equal(class->key, "unknown+partners");
	assert_true(matches("unknown", class) && matches("custom:partners", class));
	assert_false(matches("EU", class) || matches("continent:EU", class));
	rg_classes_free(classes);
}

static void numbers_of_classes_are_stable(void **state)
{
	struct rg_classes *classes = rg_classes_new();

	(void)state;
	assert_int_equal(rg_classes_count(classes), 1);
	assert_string_equal(rg_classes_get(classes, 0)->key, "unknown");
	assert_int_equal(rg_classes_intern(classes, "CN", "", NULL, 0), 1);
	assert_int_equal(rg_classes_intern(classes, "US", "US-CA", NULL, 0), 2);
	assert_int_equal(rg_classes_intern(classes, "CN", "", NULL, 0), 1);
	assert_int_equal(rg_classes_intern(classes, "", "", NULL, 0), 0);
	assert_int_equal(rg_classes_count(classes), 3);
	assert_null(rg_classes_get(classes, 3));
	rg_classes_free(classes);
}

static void a_full_registry_says_so_and_keeps_what_it_has(void **state)
{
	struct rg_classes *classes = rg_classes_new();
	char name[RG_CUSTOM_NAME_MAX + 1];
	const char *customs[] = { name };

	(void)state;
	for (int i = 1; i < RG_REGIONS_MAX; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(rg_classes_intern(classes, "", "", customs, 1), i);
	}
	strcpy(name, "one-more");
	assert_int_equal(rg_classes_intern(classes, "", "", customs, 1), -ENOSPC);
	strcpy(name, "c77");
	assert_int_equal(rg_classes_intern(classes, "", "", customs, 1), 77);
	rg_classes_free(classes);
}

static void stored_classes_come_back_under_their_numbers(void **state)
{
	struct rg_classes *classes = rg_classes_new();

	(void)state;
	assert_int_equal(rg_classes_restore(classes, 0, "unknown"), 0);
	assert_int_equal(rg_classes_restore(classes, 1, "US-CA+partners+staff"), 0);
	assert_int_equal(rg_classes_restore(classes, 2, "CN"), 0);
	assert_int_equal(rg_classes_restore(classes, 3, "unknown+staff"), 0);
	assert_string_equal(rg_classes_get(classes, 1)->country, "US");
	assert_string_equal(rg_classes_get(classes, 1)->subdivision, "US-CA");
	assert_int_equal(rg_classes_get(classes, 1)->n_customs, 2);
	assert_int_equal(rg_classes_intern(classes, "CN", "", NULL, 0), 2);
	rg_classes_free(classes);
}

static void damaged_stored_classes_are_refused(void **state)
{
	static const struct { unsigned int id; const char *key; } bad[] = {
		{ 2, "DE" }, { 1, "" }, { 1, "XX" }, { 1, "unknown" }, { 1, "EU" }, { 1, "custom:a" },
		{ 1, "UK" }, { 1, "de" }, { 1, "DE+b+a" }, { 1, "DE+a+a" }, { 1, "DE+a b" }, { 1, "DE++a" },
		{ 1, "+a" }, { 0, "DE" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rg_classes *classes = rg_classes_new();

		if (rg_classes_restore(classes, bad[i].id, bad[i].key) != -EINVAL)
			fail_msg("'%s' as %u is taken", bad[i].key, bad[i].id);
		assert_int_equal(rg_classes_count(classes), 1);
		rg_classes_free(classes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(countries_are_normalised),
		cmocka_unit_test(pseudo_codes_are_no_countries),
		cmocka_unit_test(catalogue_is_sorted_and_complete),
		cmocka_unit_test(groups_have_their_members),
		cmocka_unit_test(what_a_rule_names_is_parsed),
		cmocka_unit_test(what_is_no_region_is_refused_by_name),
		cmocka_unit_test(a_class_lies_in_all_its_regions),
		cmocka_unit_test(numbers_of_classes_are_stable),
		cmocka_unit_test(a_full_registry_says_so_and_keeps_what_it_has),
		cmocka_unit_test(stored_classes_come_back_under_their_numbers),
		cmocka_unit_test(damaged_stored_classes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
