/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/reason.h"

static const struct {
	const char *text;
	enum rg_verdict verdict;
} reasons[] = {
#define X(name, text, verdict) [RG_REASON_##name] = { text, RG_VERDICT_##verdict },
	RG_REASONS(X)
#undef X
};

const char *rg_reason_text(enum rg_reason reason)
{
	return (unsigned int)reason < RG_REASON_MAX ? reasons[reason].text : "?";
}

enum rg_verdict rg_reason_verdict(enum rg_reason reason)
{
	return (unsigned int)reason < RG_REASON_MAX ? reasons[reason].verdict : RG_VERDICT_PASS;
}

const char *rg_verdict_text(enum rg_verdict verdict)
{
	static const char *const texts[] = { "pass", "admit", "refuse" };

	return (unsigned int)verdict < RG_VERDICT_MAX ? texts[verdict] : "?";
}
