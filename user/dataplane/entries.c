/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Regions, policies, schedules, exceptions and meetings: the entries that rules turn into.
 * Packets are judged while these are written, so each is written in an order in
 * which every moment is right: what is pointed to before what points to it. */
#include "dataplane/private.h"

#include <stdio.h>
#include <string.h>

void rg_dp_region_set(struct rg_dp *dp, unsigned int region, const char *code)
{
	struct rg_region_entry entry = {};

	if (region >= dp->config.max_regions)
		return;
	if (region >= dp->n_regions)
		dp->n_regions = region + 1;
	snprintf(entry.code, sizeof(entry.code), "%s", code);
	dp->regions[region] = entry;
	rg_dp_wrote(dp, &dp->regions[region], sizeof(dp->regions[region]));
}

void rg_dp_regions_forget(struct rg_dp *dp, unsigned int from)
{
	if (from >= dp->n_regions)
		return;
	memset(&dp->regions[from], 0, (dp->n_regions - from) * sizeof(dp->regions[from]));
	rg_dp_wrote(dp, &dp->regions[from], (dp->n_regions - from) * sizeof(dp->regions[from]));
	dp->n_regions = from;
}

size_t rg_dp_policy_blocks(const struct rg_dp *dp)
{
	return (size_t)1 << dp->policy_shift;
}

void rg_dp_policy_set(struct rg_dp *dp, uint32_t number, const char *text, const struct rg_policy_block *blocks)
{
	struct rg_policy_entry entry = {};
	struct rg_policy_block *at = dp->policy_bits + ((size_t)number << dp->policy_shift);

	if (!number || number >= dp->config.max_policies)
		return;
	snprintf(entry.text, sizeof(entry.text), "%s", text);
	dp->policies[number] = entry;
	memcpy(at, blocks, rg_dp_policy_blocks(dp) * sizeof(*blocks));
	rg_dp_wrote(dp, &dp->policies[number], sizeof(entry));
	rg_dp_wrote(dp, at, rg_dp_policy_blocks(dp) * sizeof(*blocks));
}

void rg_dp_schedule_set(struct rg_dp *dp, uint32_t number, const struct rg_schedule *schedule)
{
	struct rg_step *at = dp->schedules[number].steps;

	if (!number || number >= dp->config.max_schedules)
		return;
	/* packets may read it while its ends move: each word is whole */
	for (int i = 0; i < RG_SCHEDULE_STEPS_MAX; i++) {
		const struct rg_step *step = &schedule->steps[i];

		__atomic_store_n((__u64 *)&at[i].policy, step->policy | (__u64)step->flags << 32, __ATOMIC_RELAXED);
		__atomic_store_n(&at[i].until_ns, step->until_ns, __ATOMIC_RELEASE);
	}
	rg_dp_wrote(dp, &dp->schedules[number], sizeof(dp->schedules[number]));
}

void rg_dp_exceptions_set(struct rg_dp *dp, uint32_t number, const struct rg_exception_set *set)
{
	if (!number || number >= dp->config.max_exceptions)
		return;
	dp->exceptions[number] = *set;
	rg_dp_wrote(dp, &dp->exceptions[number], sizeof(*set));
}

/* Only what changes is written: somebody's change of the map is to be noticed. */
static void set_flag(struct rg_dp *dp, uint32_t flag, bool on)
{
	if (!(dp->flags & flag) == !on)
		return;
	dp->flags ^= flag;
	__atomic_store_n(&dp->state->flags, dp->flags, __ATOMIC_RELEASE);
	rg_dp_wrote(dp, dp->state, sizeof(*dp->state));
}

void rg_dp_observe_set(struct rg_dp *dp, bool observe)
{
	dp->config.observe = observe;
	set_flag(dp, RG_STATE_OBSERVE, observe);
}

void rg_dp_generic_note(struct rg_dp *dp)
{
	set_flag(dp, RG_STATE_GENERIC, true);
}

void rg_dp_answers_note(struct rg_dp *dp, bool seen)
{
	set_flag(dp, RG_STATE_ANSWERS, seen);
}

void rg_dp_meeting_set(struct rg_dp *dp, uint32_t number, const struct rg_meeting *meeting)
{
	struct rg_meeting *at = &dp->meetings[number];

	if (!number || number >= dp->config.max_meetings)
		return;
	memcpy(at->id, meeting->id, sizeof(at->id));
	at->revision = meeting->revision;
	__atomic_store_n(&at->word, meeting->word, __ATOMIC_RELEASE);
	__atomic_store_n(&dp->words[number].word, meeting->word, __ATOMIC_RELEASE);
	rg_dp_wrote(dp, at, sizeof(*at));
	rg_dp_wrote(dp, &dp->words[number], sizeof(dp->words[number]));
}

void rg_dp_meeting_clear(struct rg_dp *dp, uint32_t number)
{
	if (!number || number >= dp->config.max_meetings)
		return;
	__atomic_store_n(&dp->words[number].word, 0, __ATOMIC_RELEASE);
	memset(&dp->meetings[number], 0, sizeof(dp->meetings[number]));
	rg_dp_wrote(dp, &dp->meetings[number], sizeof(dp->meetings[number]));
	rg_dp_wrote(dp, &dp->words[number], sizeof(dp->words[number]));
	rg_dp_mtg_stats_clear(dp, number);
}
