/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "policy/policy.h"

#define REGION_TEXT_MAX 64 /* of rg_region_spec_format(), its end included */

RG_DEFINE_CLEANUP(struct rg_policy *, rg_policy_free);

bool rg_rule_reaches(const struct rg_rule *rule, struct rg_reach *reach, unsigned int region)
{
	bool named = false;

	if (region >= rg_reach_count(reach))
		return false;
	for (size_t i = 0; i < rule->n_regions && !named; i++)
		named = rg_reach_has(rg_reach_of(reach, &rule->regions[i]), region);
	return named && (!rg_rule_bounded(rule) ||
			 rg_reach_has(rg_reach_inside(reach, &rule->order->jurisdiction), region));
}

const struct rg_rule *rg_meeting_rule_for(const struct rg_meeting_spec *meeting, int64_t time,
					  struct rg_reach *reach, unsigned int region)
{
	for (size_t i = 0; i < meeting->n_rules; i++) {
		struct rg_window window = rg_rule_window(&meeting->rules[i]);

		if (rg_window_holds(&window, time) && rg_rule_reaches(&meeting->rules[i], reach, region))
			return &meeting->rules[i];
	}
	return NULL;
}

void rg_policy_free(struct rg_policy *policy)
{
	if (!policy)
		return;
	for (size_t i = 0; i < policy->n_parts; i++)
		free(policy->parts[i].regions);
	free(policy->parts);
	free(policy->text);
	free(policy);
}

static bool same_region(const struct rg_region_spec *a, const struct rg_region_spec *b)
{
	return a->kind == b->kind && !strcmp(a->name, b->name);
}

static bool continues(const struct rg_policy_part *part, const struct rg_rule *rule)
{
	return part->refuse == rule->refuse && part->bounded == rg_rule_bounded(rule) &&
	       (!part->bounded || same_region(&part->within, &rule->order->jurisdiction));
}

static int add_rule(struct rg_policy *policy, const struct rg_rule *rule)
{
	struct rg_policy_part *part = policy->n_parts ? &policy->parts[policy->n_parts - 1] : NULL;
	struct rg_region_spec *regions;

	if (!part || !continues(part, rule)) {
		part = &policy->parts[policy->n_parts++];
		part->refuse = rule->refuse;
		part->bounded = rg_rule_bounded(rule);
		if (part->bounded)
			part->within = rule->order->jurisdiction;
	}
	regions = reallocarray(part->regions, part->n_regions + rule->n_regions, sizeof(*regions));
	if (!regions)
		return -1;
	memcpy(regions + part->n_regions, rule->regions, rule->n_regions * sizeof(*regions));
	part->regions = regions;
	part->n_regions += rule->n_regions;
	return 0;
}

static int region_cmp(const void *a, const void *b)
{
	char x[REGION_TEXT_MAX], y[REGION_TEXT_MAX];

	return strcmp(rg_region_spec_format(a, x), rg_region_spec_format(b, y));
}

static void sort_regions(struct rg_policy_part *part)
{
	size_t n = 0;

	qsort(part->regions, part->n_regions, sizeof(*part->regions), region_cmp);
	for (size_t i = 0; i < part->n_regions; i++)
		if (!n || !same_region(&part->regions[n - 1], &part->regions[i]))
			part->regions[n++] = part->regions[i];
	part->n_regions = n;
}

/* Returns where the text ends. */
static char *write_part(char *to, const struct rg_policy_part *part)
{
	char text[REGION_TEXT_MAX];

	to = stpcpy(to, part->refuse ? "refuse " : "admit ");
	for (size_t i = 0; i < part->n_regions; i++) {
		if (i)
			*to++ = ',';
		to = stpcpy(to, rg_region_spec_format(&part->regions[i], text));
	}
	if (part->bounded) {
		to = stpcpy(to, " within ");
		to = stpcpy(to, rg_region_spec_format(&part->within, text));
	}
	return stpcpy(to, "; ");
}

/* Into memory that is enough for any text: a memory stream costs each meeting of a batch or a start 8 KiB
 * of zeroes. */
static char *text_of(const struct rg_policy *policy)
{
	static const char within[] = "refuse  within ; ", last[] = "default refuse";
	size_t room = sizeof(last);
	char *text, *end, *fitting;

	for (size_t i = 0; i < policy->n_parts; i++)
		room += sizeof(within) + (policy->parts[i].n_regions + 1) * (REGION_TEXT_MAX + 1);
	text = end = malloc(room);
	if (!text)
		return NULL;
	for (size_t i = 0; i < policy->n_parts; i++)
		end = write_part(end, &policy->parts[i]);
	end = stpcpy(end, policy->default_refuse ? "default refuse" : "default admit");
	fitting = realloc(text, (size_t)(end - text) + 1);
	return fitting ? fitting : text;
}

struct rg_policy *rg_policy_new(const struct rg_meeting_spec *meeting, int64_t time)
{
	_cleanup_(rg_policy_freep) struct rg_policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return NULL;
	policy->default_refuse = meeting->default_refuse;
	policy->parts = calloc(meeting->n_rules + 1, sizeof(*policy->parts));
	if (!policy->parts)
		return NULL;
	for (size_t i = 0; i < meeting->n_rules; i++) {
		const struct rg_rule *rule = &meeting->rules[i];
		struct rg_window window = rg_rule_window(rule);

		if (rule->n_regions && rg_window_holds(&window, time) && add_rule(policy, rule))
			return NULL;
	}
	for (size_t i = 0; i < policy->n_parts; i++)
		sort_regions(&policy->parts[i]);
	policy->text = text_of(policy);
	return policy->text ? TAKE_PTR(policy) : NULL;
}

/* The classes that a part reaches. */
static void reached(const struct rg_policy_part *part, struct rg_reach *reach, size_t n_words, uint64_t *ret)
{
	const uint64_t *bits;

	memset(ret, 0, n_words * sizeof(*ret));
	for (size_t i = 0; i < part->n_regions; i++) {
		bits = rg_reach_of(reach, &part->regions[i]);
		for (size_t w = 0; w < n_words; w++)
			ret[w] |= bits[w];
	}
	if (!part->bounded)
		return;
	bits = rg_reach_inside(reach, &part->within);
	for (size_t w = 0; w < n_words; w++)
		ret[w] &= bits[w];
}

/* 16 bits -> the same at every second place. */
static uint32_t spread(uint32_t x)
{
	x &= 0xffff;
	x = (x | x << 8) & 0x00ff00ff;
	x = (x | x << 4) & 0x0f0f0f0f;
	x = (x | x << 2) & 0x33333333;
	return (x | x << 1) & 0x55555555;
}

static void write_bits(const uint64_t *refuse, const uint64_t *by_rule, size_t n_words,
		       struct rg_policy_block *blocks, size_t n_blocks)
{
	const size_t words = RG_POLICY_BLOCK_REGIONS / 16;

	memset(blocks, 0, n_blocks * sizeof(*blocks));
	for (size_t w = 0; w < n_words * 4 && w < n_blocks * words; w++) {
		unsigned int shift = w % 4 * 16;

		blocks[w / words].words[w % words] =
			spread((uint32_t)(refuse[w / 4] >> shift)) * RG_POLICY_REFUSE |
			spread((uint32_t)(by_rule[w / 4] >> shift)) * RG_POLICY_BY_RULE;
	}
}

void rg_policy_compile(const struct rg_policy *policy, struct rg_reach *reach,
		       struct rg_policy_block *blocks, size_t n_blocks)
{
	uint64_t refuse[RG_REACH_WORDS] = { 0 }, by_rule[RG_REACH_WORDS] = { 0 }, part[RG_REACH_WORDS];
	size_t n_words = rg_reach_words(reach), rest = rg_reach_count(reach) % 64;

	for (size_t i = 0; i < policy->n_parts; i++) {
		reached(&policy->parts[i], reach, n_words, part);
		for (size_t w = 0; w < n_words; w++) {
			if (policy->parts[i].refuse)
				refuse[w] |= part[w] & ~by_rule[w];
			by_rule[w] |= part[w];
		}
	}
	if (policy->default_refuse) {
		for (size_t w = 0; w < n_words; w++)
			refuse[w] |= ~by_rule[w];
		if (rest) /* ids without a class have no bits */
			refuse[n_words - 1] &= (1ull << rest) - 1;
	}
	write_bits(refuse, by_rule, n_words, blocks, n_blocks);
}
