/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Many plans sent at once down all paths, what came out compared, findings minimised. */
#ifndef RG_EVADE_BATCH_H
#define RG_EVADE_BATCH_H

#include "evade/plan.h"

#define BATCH_FINDINGS_MAX 10 /* then the run ends */

struct batch_sums {
	uint64_t frames;     /* drawn; each goes down every path */
	uint64_t plans;
	uint64_t received[4]; /* by path, on all sockets */
	unsigned int findings;
};
extern struct batch_sums batch_sums;

/** Build a plan's frames into the batch. False: the batch is full. */
bool batch_add(const struct plan *plan);
/** Send, compare, report, and begin anew. */
void batch_run(bool vlan);
/** One plan alone: its text, frames and reasons, and what comes of it. */
void batch_show(const struct plan *plan);
/** The sums as comments, then one "ok" or "not ok" line for holes and for losses. */
void batch_print_sums(void);

#endif
