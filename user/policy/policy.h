/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rules -> a policy: the rules of one moment in normal form, and their bits. Pure.
 *
 * Normal form: neighbours of one action and one bound are merged, their regions sorted and
 * each once. Meetings with one text have one policy, whatever region classes there will be.
 * A part that is bounded ("refuse CN within CN") is a rule under an order: it reaches no
 * class with an address outside of the order's territory, also if the databases come to
 * place more than before under a region that it names.
 */
#ifndef RG_POLICY_H
#define RG_POLICY_H

#include "policy/meeting.h"
#include "policy/reach.h"

struct rg_policy_part {
	bool refuse, bounded;
	struct rg_region_spec within;   /* if bounded */
	struct rg_region_spec *regions;
	size_t n_regions;
};
struct rg_policy {
	struct rg_policy_part *parts;   /* in order; the first match wins */
	size_t n_parts;
	bool default_refuse;
	char *text;                     /* "refuse CN,HK within CN; admit EU; default refuse" */
};

/** The rules of a meeting that hold at @time. NULL if memory is out. */
struct rg_policy *rg_policy_new(const struct rg_meeting_spec *meeting, int64_t time);
void rg_policy_free(struct rg_policy *policy);

/** Two bits (RG_POLICY_*) for each class that @reach knows and @blocks have room for. The other
 *  bits are zero. Compile again when classes or origins have changed. */
void rg_policy_compile(const struct rg_policy *policy, struct rg_reach *reach,
		       struct rg_policy_block *blocks, size_t n_blocks);

/** Does @rule reach a class, the territorial guard taken into account? */
bool rg_rule_reaches(const struct rg_rule *rule, struct rg_reach *reach, unsigned int region);
/** The first rule that holds at @time and reaches a class, or NULL (then the default decides). */
const struct rg_rule *rg_meeting_rule_for(const struct rg_meeting_spec *meeting, int64_t time,
					  struct rg_reach *reach, unsigned int region);

#endif
