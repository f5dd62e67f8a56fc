/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The transparency report: what was asked for, and whom it touched, out of the ledger's
 * entries. Pure.
 *
 * A request is an order as its jurisdiction, authority, basis and reference name it, however many
 * rules and pushes speak of it. It is counted in the month in which the ledger names it first. What
 * became of it, of the whole ledger up to the end of the period:
 *
 *   refused     the territorial guard did not let it pass, and it was never applied
 *   narrowed    the guard refused it, then it was applied within its territory
 *   applied     as it was asked for
 *   overridden  beyond its territory, by the explicit act of two people
 *
 * Meetings: to which an order was applied in the month, or in which it refused somebody.
 * Participants: distinct networks (/24, /48) of remotes that were refused; each is counted once a
 * meeting and region. Both are shown per month, jurisdiction and basis; 1 to RG_REPORT_SMALL - 1 are not
 * shown but marked, since so few might be told from one another. Every sum is one of cells that are
 * shown, so that no difference of sums gives a small one away.
 *
 * A request whose gag is not over is counted in its month and jurisdiction, but its basis is not told, nor are
 * its authority and reference.
 */
#ifndef RG_LEDGER_REPORT_H
#define RG_LEDGER_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

#define RG_REPORT_SMALL 5

struct rg_report;

/** The days @from to @until, both included, as "2020-06-04", UTC. @now: "2020-06-04T00:00:00Z", by which
 *  a gag is over or not. RG_ERR_INVALID: a text that is no day, @from behind @until. */
int rg_report_new(const char *from, const char *until, const char *now, struct rg_report **ret,
		  struct rg_err *err);
void rg_report_free(struct rg_report *report);
/** Does the entry with this text say that others were undone? Give those to rg_report_undone() before
 *  the first rg_report_add(). A cheap test, without parsing. */
bool rg_report_is_undone(const char *text);
int rg_report_undone(struct rg_report *report, const json_t *entry);
/** Add an entry, in the order of the ledger, from its first one on. 0 or -ENOMEM. */
int rg_report_add(struct rg_report *report, const json_t *entry);
/** Make rows of what was added, of at most @most of it in this call; after the first call nothing is added any
 *  more. @ret_done: they are complete. 0 or -ENOMEM. */
int rg_report_finish(struct rg_report *report, size_t most, bool *ret_done);
/** What is not finished is finished first. {"from", "until", "generated_at", "small": 5,
 *   "totals": {"requests", "refused", "narrowed", "applied", "overridden", "withheld", "meetings",
 *              "participants", "incomplete": a small cell is left out of the last two},
 *   "months": [{"month": "2020-06", "jurisdiction": "CN" | null, "basis", "requests", "refused", "narrowed",
 *               "applied", "overridden", "meetings", "participants"}]: null for what is small; jurisdiction
 *              null: the meeting owner's own rules, basis "owner"; basis null: requests under a gag,
 *   "orders": [{"month", "jurisdiction", "basis", "authority", "reference", "received", "outcome"}]: those
 *              that may be spoken of}. New reference; NULL if memory is out. */
json_t *rg_report_to_json(struct rg_report *report);

#endif
