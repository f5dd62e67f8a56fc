/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ledger's table: texts in order, each with its hash. What the texts say, and that the
 * hashes make a chain, is the business of user/ledger/ and of the engine. */
#ifndef RG_STORE_LEDGER_H
#define RG_STORE_LEDGER_H

#include <stdbool.h>
#include "base/sha256.h"
#include "store/store.h"

/* The last entry. */
struct rg_store_head {
	uint64_t seq; /* 0: there is none, and the hash is all zero */
	unsigned char hash[RG_SHA256_SIZE];
};
struct rg_store_entry {
	uint64_t seq;
	bool reported; /* as it was said when the entry was appended */
	const char *text; /* NUL terminated */
	size_t length;
	const unsigned char *hash; /* RG_SHA256_SIZE bytes; NULL if the file holds something else */
};

/** The last entry; with what the open transaction appended. */
int rg_store_ledger_head(struct rg_store *store, struct rg_store_head *ret, struct rg_err *err);
/** Append behind the head, in the open transaction. @entry->seq is the head's + 1. */
int rg_store_ledger_append(struct rg_store *store, const struct rg_store_entry *entry,
			   struct rg_err *err);
typedef int (*rg_store_entry_fn)(void *arg, const struct rg_store_entry *entry, struct rg_err *err);
/** At most @limit entries behind @after, in order; @reported: only those. Stops at the first
 *  non-zero return, which it returns. */
int rg_store_ledger_page(struct rg_store *store, bool reported, uint64_t after, size_t limit,
			 rg_store_entry_fn fn, void *arg, struct rg_err *err);

#endif
