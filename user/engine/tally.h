/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the counters of packets to entries of the ledger: who was refused, under which order.
 *
 * The counters of meetings and regions are looked at once a minute. What they have grown by is
 * summed up in an entry "refusals": at the first look that finds any, then once an hour, and before
 * the cause changes: when the meeting changes or ends, and when the daemon stops. What entries have
 * counted is in the store, in the same transaction, so that counters that outlive the daemon are
 * counted once.
 */
#ifndef RG_ENGINE_TALLY_H
#define RG_ENGINE_TALLY_H

#include <stdbool.h>
#include "rg_abi.h"
#include "base/err.h"

struct rg_engine;
struct meeting;

int tally_init(struct rg_engine *engine, struct rg_err *err);
void tally_free(struct rg_engine *engine);
/** What entries have counted, from the store: at the start, and after a transaction was undone. */
int tally_load(struct rg_engine *engine, struct rg_err *err);
/** A refusal that the kernel told of: from where. */
void tally_event(struct rg_engine *engine, const struct rg_event *event);
/** A meeting is about to change or to end (@ends): sum up in the open transaction what its body until
 *  now has refused. */
int tally_close(struct rg_engine *engine, const struct meeting *meeting, bool ends, struct rg_err *err);
/** Look at all counters. */
void tally_look(struct rg_engine *engine);
/** Sum up, in the open transaction, what is due; @all: everything. */
int tally_write(struct rg_engine *engine, bool all, struct rg_err *err);

#endif
