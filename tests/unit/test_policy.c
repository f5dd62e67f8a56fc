/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rules -> two bits per region id, compared with a plain reading of the rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "policy/policy.h"

static struct rg_classes *classes;
static struct rg_reach *reach;
/* What is in the registry, in this order. */
static const struct fact {
	const char *country, *subdivision, *continent;
	bool eu, partners;
} facts[] = {
	{ "", "", "", false, false },
#define ID_CN 1
	{ "CN", "", "AS", false, false },
#define ID_CN_PARTNERS 2
	{ "CN", "", "AS", false, true },
#define ID_DE 3
	{ "DE", "", "EU", true, false },
#define ID_US_CA 4
	{ "US", "US-CA", "NA", false, false },
#define ID_US 5
	{ "US", "", "NA", false, false },
#define ID_PARTNERS 6
	{ "", "", "", false, true },
};

static int given_classes(void **state)
{
	static const char *const partners[] = { "partners" };

	(void)state;
	classes = rg_classes_new();
	for (int id = 1; id < (int)ARRAY_SIZE(facts); id++)
		if (rg_classes_intern(classes, facts[id].country, facts[id].subdivision, partners,
				      facts[id].partners) != id)
			return -1;
	reach = rg_reach_new();
	return reach ? 0 : -1;
}

static int drop_classes(void **state)
{
	(void)state;
	rg_reach_free(reach);
	rg_classes_free(classes);
	return 0;
}

static struct rg_meeting_spec *given_rules(const char *rules, const char *otherwise)
{
	json_t *list = json_loads(rules, 0, NULL), *body;
	struct rg_meeting_spec *meeting = NULL;
	struct rg_err err = { 0 };

	body = json_pack("{s:o, s:s}", "rules", list, "default", otherwise);
	if (rg_meeting_parse(body, "m-1", &meeting, &err))
		fail_msg("%s: %s", err.pointer, err.detail);
	json_decref(body);
	return meeting;
}

struct policy_bits {
	char text[128];
	struct rg_policy_block blocks[RG_REGIONS_MAX / RG_POLICY_BLOCK_REGIONS];
};

static void compile(const struct rg_meeting_spec *meeting, struct policy_bits *ret)
{
	struct rg_policy *policy = rg_policy_new(meeting, 0);

	assert_non_null(policy);
	rg_reach_reset(reach, classes, NULL, 0);
	rg_policy_compile(policy, reach, ret->blocks, RG_REGIONS_MAX / RG_POLICY_BLOCK_REGIONS);
	snprintf(ret->text, sizeof(ret->text), "%s", policy->text);
	rg_policy_free(policy);
}

static void then_text_of(const struct rg_meeting_spec *meeting, const char *wanted)
{
	struct policy_bits got;

	compile(meeting, &got);
	assert_string_equal(got.text, wanted);
}

static unsigned int bits_of(const struct policy_bits *entry, int id)
{
	return entry->blocks[id / RG_POLICY_BLOCK_REGIONS].words[id % RG_POLICY_BLOCK_REGIONS / 16] >> (id % 16 * 2) & 3;
}

enum { ADMIT = 0, REFUSE = RG_POLICY_REFUSE, BY_RULE = RG_POLICY_BY_RULE };

static void the_default_decides_where_no_rule_matches(void **state)
{
	struct rg_meeting_spec *meeting = given_rules("[]", "refuse");
	struct policy_bits entry;

	(void)state;
	compile(meeting, &entry);
	for (int id = 0; id < (int)rg_classes_count(classes); id++)
		assert_int_equal(bits_of(&entry, id), REFUSE);
	then_text_of(meeting, "default refuse");
	rg_meeting_free(meeting);
}

static void the_first_rule_that_matches_decides(void **state)
{
	struct rg_meeting_spec *meeting = given_rules(
		"[{\"action\": \"admit\", \"regions\": [\"custom:partners\"]},"
		" {\"action\": \"refuse\", \"regions\": [\"CN\", \"US-CA\", \"unknown\"]}]", "admit");
	struct policy_bits entry;

	(void)state;
	compile(meeting, &entry);
	assert_int_equal(bits_of(&entry, 0), BY_RULE | REFUSE);
	assert_int_equal(bits_of(&entry, ID_CN), BY_RULE | REFUSE);
	assert_int_equal(bits_of(&entry, ID_CN_PARTNERS), BY_RULE | ADMIT);
	assert_int_equal(bits_of(&entry, ID_US_CA), BY_RULE | REFUSE);
	assert_int_equal(bits_of(&entry, ID_US), ADMIT);
	assert_int_equal(bits_of(&entry, ID_DE), ADMIT);
	assert_int_equal(bits_of(&entry, ID_PARTNERS), BY_RULE | ADMIT);
	then_text_of(meeting, "admit custom:partners; refuse CN,US-CA,unknown; default admit");
	rg_meeting_free(meeting);
}

static void countries_hold_their_subdivisions_and_lie_in_continents_and_groups(void **state)
{
	struct rg_meeting_spec *meeting = given_rules(
		"[{\"action\": \"admit\", \"regions\": [\"EU\"]},"
		" {\"action\": \"admit\", \"regions\": [\"continent:AS\", \"US\"]}]", "refuse");
	struct policy_bits entry;

	(void)state;
	compile(meeting, &entry);
	assert_int_equal(bits_of(&entry, ID_DE), BY_RULE | ADMIT);
	assert_int_equal(bits_of(&entry, ID_CN_PARTNERS), BY_RULE | ADMIT);
	assert_int_equal(bits_of(&entry, ID_US_CA), BY_RULE | ADMIT);
	assert_int_equal(bits_of(&entry, ID_PARTNERS), REFUSE);
	assert_int_equal(bits_of(&entry, 0), REFUSE);
	rg_meeting_free(meeting);
}

static void a_rule_without_regions_matches_nothing(void **state)
{
	struct rg_meeting_spec *meeting = given_rules("[{\"action\": \"refuse\", \"regions\": []}]", "admit");
	struct policy_bits entry;

	(void)state;
	compile(meeting, &entry);
	for (int id = 0; id < (int)rg_classes_count(classes); id++)
		assert_int_equal(bits_of(&entry, id), ADMIT);
	rg_meeting_free(meeting);
}

static void ids_without_a_class_have_no_bits(void **state)
{
	struct rg_meeting_spec *meeting = given_rules("[]", "refuse");
	struct policy_bits entry;

	(void)state;
	memset(&entry, 0xff, sizeof(entry));
	compile(meeting, &entry);
	for (int id = (int)rg_classes_count(classes); id < RG_REGIONS_MAX; id++)
		assert_int_equal(bits_of(&entry, id), 0);
	rg_meeting_free(meeting);
}

static void new_classes_leave_the_bits_of_the_old_ones(void **state)
{
	struct rg_meeting_spec *meeting = given_rules("[{\"action\": \"refuse\", \"regions\": [\"FR\", \"CN\"]}]", "admit");
	struct policy_bits before, after;
	int n = (int)rg_classes_count(classes), id_fr;

	(void)state;
	compile(meeting, &before);
	id_fr = rg_classes_intern(classes, "FR", "", NULL, 0);
	compile(meeting, &after);
	assert_int_equal(id_fr, n);
	for (int id = 0; id < n; id++)
		assert_int_equal(bits_of(&before, id), bits_of(&after, id));
	assert_int_equal(bits_of(&after, id_fr), BY_RULE | REFUSE);
	rg_meeting_free(meeting);
}

static void then_text(const char *rules, const char *otherwise, const char *text)
{
	struct rg_meeting_spec *meeting = given_rules(rules, otherwise);

	then_text_of(meeting, text);
	rg_meeting_free(meeting);
}

static void equal_policies_have_equal_texts(void **state)
{
	(void)state;
	then_text("[{\"action\": \"refuse\", \"regions\": [\"CN\", \"HK\", \"CN\"]}]", "admit", "refuse CN,HK; default admit");
	then_text("[{\"action\": \"refuse\", \"regions\": [\"HK\"]}, {\"action\": \"admit\", \"regions\": []},"
		  " {\"action\": \"refuse\", \"regions\": [\"CN\"]}]", "admit", "refuse CN,HK; default admit");
	then_text("[{\"action\": \"refuse\", \"regions\": [\"HK\"]}, {\"action\": \"admit\", \"regions\": [\"DE\"]},"
		  " {\"action\": \"refuse\", \"regions\": [\"CN\"]}]", "admit",
		  "refuse HK; admit DE; refuse CN; default admit");
	then_text("[{\"action\": \"admit\", \"regions\": [\"UK\"]}]", "admit", "admit GB; default admit");
}

static const char *const names[] = { "CN", "US", "US-CA", "DE", "EU", "continent:AS", "custom:partners", "unknown" };
struct written_rule { size_t regions[3]; bool refuse; };

/* What a region's name means, without the code under test. */
static bool means(const char *name, const struct fact *fact)
{
	if (!strcmp(name, "unknown"))
		return !fact->country[0];
	if (!strcmp(name, "EU"))
		return fact->eu;
	if (!strncmp(name, "continent:", 10))
		return !strcmp(name + 10, fact->continent);
	if (!strncmp(name, "custom:", 7))
		return fact->partners;
	return !strcmp(name, fact->country) || !strcmp(name, fact->subdivision);
}

static unsigned int bits_as_written(const struct written_rule *rules, size_t n, bool otherwise,
				    const struct fact *fact)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < 3; j++)
			if (means(names[rules[i].regions[j]], fact))
				return BY_RULE | (rules[i].refuse ? REFUSE : ADMIT);
	return otherwise ? REFUSE : ADMIT;
}

static void compiled_bits_agree_with_the_rules_as_written(void **state)
{
	unsigned int seed = 1;

	(void)state;
	for (int round = 0; round < 500; round++) {
		bool otherwise = rand_r(&seed) & 1;
		size_t n = (size_t)rand_r(&seed) % 5;
		struct written_rule rules[4];
		struct rg_meeting_spec *meeting;
		struct policy_bits entry;
		json_t *list = json_array();
		char *text;

		for (size_t i = 0; i < n; i++) {
			json_t *regions = json_array();

			rules[i].refuse = rand_r(&seed) & 1;
			for (size_t j = 0; j < 3; j++) {
				rules[i].regions[j] = (size_t)rand_r(&seed) % ARRAY_SIZE(names);
				json_array_append_new(regions, json_string(names[rules[i].regions[j]]));
			}
			json_array_append_new(list, json_pack("{s:s, s:o}", "action",
							      rules[i].refuse ? "refuse" : "admit",
							      "regions", regions));
		}
		text = json_dumps(list, 0);
		json_decref(list);
		meeting = given_rules(text, otherwise ? "refuse" : "admit");
		compile(meeting, &entry);
		rg_meeting_free(meeting);
		for (int id = 0; id < (int)ARRAY_SIZE(facts); id++) {
			unsigned int wanted = bits_as_written(rules, n, otherwise, &facts[id]);

			if (bits_of(&entry, id) != wanted)
				fail_msg("class %d has bits %u, not %u, with %s", id, bits_of(&entry, id), wanted, text);
		}
		free(text);
	}
}

/* The map below the model: random puts and removes against a plain array. */
static void the_map_agrees_with_an_array(void **state)
{
	static char keys[512][16];
	struct rg_map *map = rg_map_new();
	bool held[512] = { false };
	unsigned int seed = 7;
	size_t count = 0;

	(void)state;
	for (int i = 0; i < 512; i++)
		snprintf(keys[i], sizeof(keys[i]), "k%d", i);
	for (int round = 0; round < 50000; round++) {
		int i = rand_r(&seed) % 512;
		void *got = rg_map_get(map, keys[i], strlen(keys[i]));

		assert_ptr_equal(got, held[i] ? &held[i] : NULL);
		if (held[i]) {
			assert_ptr_equal(rg_map_remove(map, keys[i], strlen(keys[i])), &held[i]);
			count--;
		} else {
			assert_int_equal(rg_map_reserve(map, 1), 0);
			rg_map_put(map, keys[i], strlen(keys[i]), &held[i]);
			count++;
		}
		held[i] = !held[i];
		assert_int_equal(rg_map_count(map), count);
	}
	assert_null(rg_map_remove(map, "none", 4));
	rg_map_free(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_decides_where_no_rule_matches),
		cmocka_unit_test(the_first_rule_that_matches_decides),
		cmocka_unit_test(countries_hold_their_subdivisions_and_lie_in_continents_and_groups),
		cmocka_unit_test(a_rule_without_regions_matches_nothing),
		cmocka_unit_test(ids_without_a_class_have_no_bits),
		cmocka_unit_test(equal_policies_have_equal_texts),
		cmocka_unit_test(compiled_bits_agree_with_the_rules_as_written),
		cmocka_unit_test(the_map_agrees_with_an_array),
		cmocka_unit_test(new_classes_leave_the_bits_of_the_old_ones),
	};

	return cmocka_run_group_tests(tests, given_classes, drop_classes);
}
