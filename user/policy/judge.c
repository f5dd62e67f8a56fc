/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "policy/judge.h"

#include "base/reason.h"
#include "policy/exceptions.h"

static enum rg_reason by_policy(const struct rg_judge *judge, unsigned int region,
				const struct rg_rule **ret_rule)
{
	const struct rg_meeting_spec *meeting = judge->meeting;
	const struct rg_rule *rule = rg_meeting_rule_for(meeting, judge->time, judge->reach, region);

	*ret_rule = rule;
	if (rule)
		return rule->refuse ? RG_REASON_REFUSE_REGION : RG_REASON_ADMIT_RULE;
	return meeting->default_refuse ? RG_REASON_REFUSE_DEFAULT : RG_REASON_ADMIT_DEFAULT;
}

/* The address as it is comes before the IPv4 address in it. */
static const struct rg_exception *exception_for(const struct rg_meeting_spec *meeting,
						const struct rg_addr *address)
{
	const struct rg_exception *found = rg_exception_for(meeting->exceptions, meeting->n_exceptions, address);
	struct rg_addr embedded;

	if (!found && rg_addr_embedded_v4(address, &embedded))
		found = rg_exception_for(meeting->exceptions, meeting->n_exceptions, &embedded);
	return found;
}

void rg_judge(const struct rg_judge *judge, const struct rg_addr *address, unsigned int region,
	      struct rg_judgment *ret)
{
	const struct rg_meeting_spec *meeting = judge->meeting;

	*ret = (struct rg_judgment){ 0 };
	if (judge->site_refused) {
		ret->cause = RG_REASON_REFUSE_SITE;
	} else if (!rg_window_holds(&meeting->window, judge->time)) {
		ret->cause = RG_REASON_REFUSE_EXPIRED;
	} else {
		ret->exception = exception_for(meeting, address);
		if (ret->exception)
			ret->cause = ret->exception->refuse ? RG_REASON_REFUSE_EXCEPTION
							    : RG_REASON_ADMIT_EXCEPTION;
		else
			ret->cause = by_policy(judge, region, &ret->rule);
	}
	ret->reason = ret->cause;
	if (judge->observe && rg_reason_verdict(ret->cause) == RG_VERDICT_REFUSE)
		ret->reason = RG_REASON_OBSERVE_REFUSED;
}
