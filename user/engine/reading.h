/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How the ledger is read: a slice at a time, so that the daemon's one thread answers others between two
 * slices of a long ledger. What is read is the ledger as it was when the reading began: entries are only ever
 * appended, so it ends with the one that was the last then. Shared by the files of the readings.
 *
 *   reading.c      the slices
 *   ledger_read.c  pages, exact texts, the check of the chain
 *   report.c       the transparency report
 */
#ifndef RG_ENGINE_READING_H
#define RG_ENGINE_READING_H

#include <stdio.h>
#include <stdlib.h>
#include "base/cleanup.h"
#include "engine/engine.h"
#include "ledger/chain.h"
#include "ledger/report.h"
#include "store/ledger.h"

/* Of one slice: about a millisecond. An entry of a meeting with many orders is long. */
#define READING_SLICE 64
#define READING_SLICE_BYTES (256u << 10)

struct reading_kind {
	/** Take an entry. May set @ended: then it was the last one. */
	int (*entry)(struct rg_reading *reading, const struct rg_store_entry *entry, struct rg_err *err);
	/** All are taken. 0: the result is there; 1: go on, from @after and the other members on. */
	int (*end)(struct rg_reading *reading, struct rg_err *err);
};

struct rg_reading {
	struct rg_engine *engine;
	const struct reading_kind *kind;
	struct rg_store_head head; /* when it began */
	bool reported;             /* only such entries */
	uint64_t after;            /* up to here it is read */
	size_t n, limit;           /* entries taken, and to take at most */
	bool ended;                /* there is none behind, or none is wanted */
	/* the result */
	json_t *json;
	char *text;
	size_t length;
	/* of the kinds */
	json_t *entries;           /* a list's */
	FILE *out;                 /* an export's, into @text */
	struct rg_chain chain;     /* a check's */
	char broken[sizeof(((struct rg_err *)0)->detail)]; /* "": it is whole */
	struct rg_report *report;
	bool undone_known;         /* the report's first pass is over */
};

/** A reading of @kind behind @after; nothing is read yet. */
int reading_new(struct rg_engine *engine, const struct reading_kind *kind, uint64_t after, size_t limit,
		struct rg_reading **ret, struct rg_err *err);
RG_DEFINE_CLEANUP(struct rg_reading *, rg_reading_free);
/** {"seq", "hash"} of the ledger that is read. NULL: memory is out. */
json_t *reading_head_json(const struct rg_reading *reading);
/** The number behind which the next reading goes on, or null: there is no more. */
json_t *reading_next_json(const struct rg_reading *reading);
/** The text of an entry as JSON. RG_ERR_STORE: it is none, so somebody changed it. */
int reading_parse(const struct rg_store_entry *entry, json_t **ret, struct rg_err *err);

#endif
