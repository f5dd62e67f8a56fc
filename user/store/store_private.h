/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by the files of the store, and by nothing else. */
#ifndef RG_STORE_PRIVATE_H
#define RG_STORE_PRIVATE_H

#include <sqlite3.h>
#include <stdbool.h>
#include "store/ledger.h"
#include "store/store.h"

#define RG_STORE_STATEMENTS_MAX 64

enum ledger_statement { LEDGER_APPEND, LEDGER_HEAD, LEDGER_PAGE, LEDGER_REPORTED, LEDGER_STATEMENT_MAX };

enum tally_statement {
	TALLY_PUT, TALLIES_SWEEP, TALLIES, REMOTE_INSERT, REMOTE_UPDATE, REMOTES_ERASE, TALLY_STATEMENT_MAX
};

struct rg_store {
	sqlite3 *db;
	sqlite3_stmt *stmts[RG_STORE_STATEMENTS_MAX];
	int lock_fd;
	bool begun;
	sqlite3_stmt *tally[TALLY_STATEMENT_MAX];
	struct {
		sqlite3_stmt *stmts[LEDGER_STATEMENT_MAX];
		bool head_known; /* else it is to be read */
		struct rg_store_head head;
		/* The head without what the open transaction appended. Read once and then kept, not read again: what
		 * somebody else does to the table is not to be built upon. */
		bool committed_known;
		struct rg_store_head committed;
	} ledger;
};

/** Check that an open file is a whole store of ours, and create or migrate its schema in a transaction
 *  that rg_schema_commit() ends; until then nothing is written to the file. @path is for the sentence.
 *  RG_ERR_STORE: the caller closes @db. */
int rg_schema_begin(sqlite3 *db, const char *path, struct rg_err *err);
/** Make it last, and switch to write-ahead logging. RG_ERR_STORE. */
int rg_schema_commit(sqlite3 *db, struct rg_err *err);

/** RG_ERR_STORE with "cannot <what>: <SQLite's words>", and the kernel's, where it refused something. Returns -EIO. */
int rg_store_fail(sqlite3 *db, const char *what, struct rg_err *err);
/** RG_ERR_STORE: why it is no store, and the way back. Returns -EIO. */
int rg_store_corrupt(const char *path, const char *words, struct rg_err *err);
/** After SQLite's last failure: corrupt where its words say that, or that a table is missing; else rg_store_fail(). */
int rg_store_unusable(sqlite3 *db, const char *what, struct rg_err *err);
/** Statements to keep. On failure (as above) some are prepared: the caller finalizes. */
int rg_store_prepare(sqlite3 *db, const char *const *texts, size_t n, sqlite3_stmt **ret, const char *what,
		     struct rg_err *err);

/** 0 if the transaction that the caller believes in is open. A full disk or an I/O error may have
 *  made SQLite roll back by itself: nothing may then be written outside of it. RG_ERR_STORE. */
int rg_store_check_begun(struct rg_store *store, struct rg_err *err);

/* ledger.c */
/** The transaction is over, and it holds, or not. */
void rg_store_ledger_committed(struct rg_store *store);
void rg_store_ledger_rolled_back(struct rg_store *store);
int rg_store_ledger_prepare(struct rg_store *store, struct rg_err *err);
void rg_store_ledger_finalize(struct rg_store *store);

/* tally.c */
int rg_store_tally_prepare(struct rg_store *store, struct rg_err *err);
void rg_store_tally_finalize(struct rg_store *store);

#endif
