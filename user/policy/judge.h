/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the packet path does with an address, and why: the same order of the same facts, for
 * signalling and previews. Pure. */
#ifndef RG_JUDGE_H
#define RG_JUDGE_H

#include "policy/policy.h"

struct rg_judge {
	const struct rg_meeting_spec *meeting;
	struct rg_reach *reach;
	int64_t time;
	bool site_refused; /* rg_sites_exclude() */
	bool observe;      /* the meeting's mode, or the global one */
};
struct rg_judgment {
	enum rg_reason reason;              /* observe_refused if observed */
	enum rg_reason cause;               /* what it would be if not observed */
	const struct rg_rule *rule;         /* NULL: none decided */
	const struct rg_exception *exception;
};

/** @region: the class of @address. */
void rg_judge(const struct rg_judge *judge, const struct rg_addr *address, unsigned int region,
	      struct rg_judgment *ret);

#endif
