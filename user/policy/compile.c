/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "policy/meeting.h"

const struct rg_rule *rg_meeting_rule_for(const struct rg_meeting_spec *meeting,
					  const struct rg_class *class)
{
	for (size_t i = 0; i < meeting->n_rules; i++) {
		const struct rg_rule *rule = &meeting->rules[i];

		for (size_t j = 0; j < rule->n_regions; j++)
			if (rg_region_matches(&rule->regions[j], class))
				return rule;
	}
	return NULL;
}

void rg_policy_compile(const struct rg_meeting_spec *meeting, const struct rg_classes *classes,
		       struct rg_policy_block *blocks, size_t n_blocks)
{
	unsigned int count = (unsigned int)rg_classes_count(classes);

	memset(blocks, 0, n_blocks * sizeof(*blocks));
	for (unsigned int id = 0; id < count && id / RG_POLICY_BLOCK_REGIONS < n_blocks; id++) {
		const struct rg_rule *rule = rg_meeting_rule_for(meeting, rg_classes_get(classes, id));
		bool refuse = rule ? rule->refuse : meeting->default_refuse;
		__u32 bits = (refuse ? RG_POLICY_REFUSE : 0) | (rule ? RG_POLICY_BY_RULE : 0);
		struct rg_policy_block *block = &blocks[id / RG_POLICY_BLOCK_REGIONS];

		block->words[id % RG_POLICY_BLOCK_REGIONS / 16] |= bits << (id % 16 * 2);
	}
}

struct name { char text[64]; };

static int name_cmp(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* "CN,HK": the regions of rules [from, to), sorted, each once. */
static int write_regions(FILE *out, const struct rg_rule *from, const struct rg_rule *to)
{
	_cleanup_(rg_freep) struct name *names = NULL;
	size_t n = 0, max = 0;

	for (const struct rg_rule *rule = from; rule < to; rule++)
		max += rule->n_regions;
	names = calloc(max + 1, sizeof(*names));
	if (!names)
		return -1;
	for (const struct rg_rule *rule = from; rule < to; rule++)
		for (size_t i = 0; i < rule->n_regions; i++)
			rg_region_spec_format(&rule->regions[i], names[n++].text);
	qsort(names, n, sizeof(*names), name_cmp);
	for (size_t i = 0; i < n; i++)
		if (!i || strcmp(names[i - 1].text, names[i].text))
			fprintf(out, "%s%s", i ? "," : "", names[i].text);
	return 0;
}

static bool matches_nothing(const struct rg_rule *rule)
{
	return !rule->n_regions;
}

char *rg_policy_text(const struct rg_meeting_spec *meeting)
{
	const struct rg_rule *end = meeting->rules + meeting->n_rules;
	char *text = NULL;
	size_t length;
	int failed = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	for (const struct rg_rule *rule = meeting->rules, *next; rule < end; rule = next) {
		next = rule + 1;
		if (matches_nothing(rule))
			continue;
		while (next < end && (next->refuse == rule->refuse || matches_nothing(next)))
			next++;
		fputs(rule->refuse ? "refuse " : "admit ", out);
		failed |= write_regions(out, rule, next);
		fputs("; ", out);
	}
	fprintf(out, "default %s", meeting->default_refuse ? "refuse" : "admit");
	failed |= ferror(out);
	if (fclose(out) || failed) {
		free(text);
		return NULL;
	}
	return text;
}
