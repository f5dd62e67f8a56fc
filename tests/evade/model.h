/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the filter must do with each frame, by a model of its own: the frame is read by the tests' second parser and
 * second reader of STUN, flows and first fragments are remembered in plain lists, and the only refusals that it
 * knows are those of policies and those that docs/evasion.md lists. What it admits, a host without a filter is
 * sent: the filter's host must receive the same. */
#ifndef RG_EVADE_MODEL_H
#define RG_EVADE_MODEL_H

#include <stdbool.h>
#include "evade/build.h"

enum model_verdict {
	MODEL_ADMIT,       /* or none of the filter's business */
	MODEL_POLICY,      /* its source is refused */
	MODEL_UNBOUND,     /* at a shared endpoint, of no meeting */
	MODEL_MALFORMED,   /* lengths that contradict each other */
	MODEL_REQUEST,     /* at a shared endpoint, a request that is malformed or too long to be read */
	MODEL_BEYOND,      /* more tags or headers than are followed, or a first fragment without all of them */
	MODEL_HIDDEN,      /* at a shared endpoint, a first fragment that does not show what it is */
	MODEL_FLAGS,       /* at a shared endpoint, urgent data, a payload in a SYN, or a fragment of TCP */
	MODEL_FRAGMENT,    /* a later fragment whose first one was not seen before, or was one of the above */
	MODEL_ROUTE,       /* a source route to another endpoint, or one that can not be read */
	MODEL_UNSURE,      /* headers far behind: in the linear part, or not */
	MODEL_MAX,
};

const char *model_text(enum model_verdict verdict);
/** Forget all flows and fragments. */
void model_reset(void);
/** Judge a frame, after those before it. */
enum model_verdict model_judge(const struct frame *frame);

#endif
