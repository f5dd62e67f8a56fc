/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the engine's files record, and how. Shared by them, and by nothing else.
 *
 * Whoever changes state calls engine_ledger() in the transaction that holds the change:
 * after the write to the store, before the change of the model. So there is no change
 * without its entry, and no entry of a change that was rolled back. A change that was
 * committed and then undone, because the kernel refused it, is followed by "undone".
 *
 *	ret = rg_store_doc_put(...);
 *	if (!ret)
 *		ret = engine_ledger(engine, RG_LEDGER_ENDPOINT_PUT, name,
 *				    json_pack("{s:O?, s:O}", "before", old, "after", new), err);
 *
 * What a detail holds: facts as the API names them, "before" and "after" where something
 * changes, "order" (the whole object) where there is one. No real numbers. No address of a
 * participant: entries can not be erased.
 */
#ifndef RG_ENGINE_LEDGER_H
#define RG_ENGINE_LEDGER_H

#include "base/ip.h"
#include "ledger/entry.h"

struct rg_engine;
struct meeting;
struct policy;

/* The part of struct rg_engine that this is about. */
struct engine_ledger {
	char *who;                /* of the call at hand, as text; NULL: the daemon itself */
	struct rg_ledger_who caller; /* the same, for those who decide by it */
	bool nameless;            /* memory was out for who */
	uint64_t first;           /* the first entry of what is pending */
	struct ledger_later *later, **later_tail;
	bool stale;               /* as recorded: a database is old */
	uint64_t lost;            /* events, as recorded */
	uint64_t due_ns, hourly_ns; /* when to look again, CLOCK_MONOTONIC */
	int64_t alive_before;     /* when the daemon before was last known to be alive; 0: it stopped in order */
};

/** Append to the open transaction, in the name of the call at hand. Takes @detail (NULL: memory
 *  is out). On failure nothing of this turn may pass, and the next flush undoes all of it. */
int engine_ledger(struct rg_engine *engine, enum rg_ledger_kind kind, const char *subject,
		  json_t *detail, struct rg_err *err);
/** The same with the text of the detail, as struct rg_ledger_entry wants it (NULL: memory is out);
 *  takes it, too. For what happens thousands of times a second. @reported: rg_ledger_reported(). */
int engine_ledger_text(struct rg_engine *engine, enum rg_ledger_kind kind, const char *subject,
		       char *detail, bool reported, struct rg_err *err);
/** The same for a call that takes effect at once: append and commit. On failure the transaction is
 *  rolled back. */
int engine_ledger_commit(struct rg_engine *engine, enum rg_ledger_kind kind, const char *subject,
			 json_t *detail, struct rg_err *err);
/** Record something that is not a change, and stays recorded whatever becomes of this turn's
 *  changes: in a transaction of its own, when the turn's flush is over. Takes @detail. A failure is
 *  logged. */
void engine_ledger_later(struct rg_engine *engine, enum rg_ledger_kind kind, const char *subject,
			 json_t *detail);
/** The same at once, for what happens outside of a request (what is staged is flushed before).
 *  The daemon is who. */
void engine_ledger_now(struct rg_engine *engine, enum rg_ledger_kind kind, const char *subject,
		       json_t *detail);

/** A meeting was put or deleted: what it was and is. NULL: there was none, there is none now.
 *  @policy: that of @after, which is not in the model yet. */
int engine_ledger_meeting(struct rg_engine *engine, const struct meeting *before,
			  const struct meeting *after, const struct policy *policy, struct rg_err *err);
/** {"path", "build_time", "sha256"} of each database in @geo. */
json_t *engine_ledger_databases(const struct rg_geo *geo);

/* For engine.c and open.c */
void ledger_init(struct rg_engine *engine);
void ledger_free(struct rg_engine *engine);
/** After a flush, well or not: write what engine_ledger_later() was given. */
void ledger_flush_later(struct rg_engine *engine);
/** In the transaction that puts committed changes back. */
int ledger_undone(struct rg_engine *engine, struct rg_err *err);
/** In a transaction of its own: the kernel refused what the last entry says. */
void ledger_undone_now(struct rg_engine *engine);
/** "start" in the open transaction. */
int ledger_start(struct rg_engine *engine, const struct rg_geo *geo, struct rg_err *err);
void ledger_log_head(struct rg_engine *engine);
void ledger_start_failed(struct rg_engine *engine, const struct rg_err *why);
void ledger_stop(struct rg_engine *engine, bool filter_stays);


/* ledger_tick.c */
/** A participant's network as it may be kept: the /24 or /48 around the address, or all of it. */
const char *ledger_network_text(const struct rg_addr *address, enum rg_ledger_addresses how,
				char buf[RG_NET_TEXT_MAX]);
/** An interface is without the filter (@cause), or has it again (NULL). @since: seconds since 1970, 0: not
 *  known. */
void ledger_no_filter(struct rg_engine *engine, const char *interface, int64_t since, const char *cause);
/** Look now, and write what there is. 0, or -errno, which is logged. */
int ledger_write(struct rg_engine *engine, bool hourly);
/** The daemon stops: sum up what there is. */
void ledger_write_last(struct rg_engine *engine);

#endif
