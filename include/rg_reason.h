/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one list of reasons: numbered, append-only, the text is API.
 *
 * X(NAME, text, verdict). A reason's number is its place in the list, so new
 * reasons go to the end and no line is ever removed or moved. The BPF program,
 * the metrics, the API, the CLI and the events are all generated from it.
 */
#ifndef RG_REASON_H
#define RG_REASON_H

#define RG_REASONS(X)                                                   \
	X(PASS_NOT_IP,           "pass_not_ip",           PASS)         \
	X(PASS_NOT_CONFERENCE,   "pass_not_conference",   PASS)         \
	X(ADMIT_RULE,            "admit_rule",            ADMIT)        \
	X(ADMIT_DEFAULT,         "admit_default",         ADMIT)        \
	X(ADMIT_EXCEPTION,       "admit_exception",       ADMIT)        \
	X(ADMIT_FLOW_UNBOUND,    "admit_flow_unbound",    ADMIT)        \
	X(OBSERVE_REFUSED,       "observe_refused",       ADMIT)        \
	X(REFUSE_REGION,         "refuse_region",         REFUSE)       \
	X(REFUSE_DEFAULT,        "refuse_default",        REFUSE)       \
	X(REFUSE_EXCEPTION,      "refuse_exception",      REFUSE)       \
	X(REFUSE_SITE,           "refuse_site",           REFUSE)       \
	X(REFUSE_EXPIRED,        "refuse_expired",        REFUSE)       \
	X(REFUSE_UNBOUND,        "refuse_unbound",        REFUSE)       \
	X(REFUSE_UNKNOWN_UFRAG,  "refuse_unknown_ufrag",  REFUSE)       \
	X(REFUSE_FRAGMENT,       "refuse_fragment",       REFUSE)       \
	X(REFUSE_MALFORMED,      "refuse_malformed",      REFUSE)       \
	X(REFUSE_UNSUPPORTED,    "refuse_unsupported",    REFUSE)

enum rg_verdict {
	RG_VERDICT_PASS,   /* not ours: goes on untouched, never judged */
	RG_VERDICT_ADMIT,  /* conference traffic that the policy lets through */
	RG_VERDICT_REFUSE, /* conference traffic that is dropped */
	RG_VERDICT_MAX
};

enum rg_reason {
#define X(name, text, verdict) RG_REASON_##name,
	RG_REASONS(X)
#undef X
	RG_REASON_MAX
};

#endif
