/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "store/ledger.h"

#include <errno.h>
#include <string.h>
#include "base/cleanup.h"
#include "store/store_private.h"

static const char *const statements[] = {
	[LEDGER_APPEND] = "INSERT INTO ledger (seq, reported, hash, entry) VALUES (?1, ?2, ?3, ?4)",
	[LEDGER_HEAD] = "SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1",
	[LEDGER_PAGE] = "SELECT seq, reported, hash, entry FROM ledger WHERE seq > ?1"
			" ORDER BY seq LIMIT ?2",
	[LEDGER_REPORTED] = "SELECT seq, reported, hash, entry FROM ledger WHERE reported AND seq > ?1"
			    " ORDER BY seq LIMIT ?2",
};
_Static_assert(ARRAY_SIZE(statements) == LEDGER_STATEMENT_MAX, "every statement has its text");

int rg_store_ledger_prepare(struct rg_store *store, struct rg_err *err)
{
	return rg_store_prepare(store->db, statements, LEDGER_STATEMENT_MAX, store->ledger.stmts, "use the ledger's table", err);
}

void rg_store_ledger_finalize(struct rg_store *store)
{
	for (size_t i = 0; i < LEDGER_STATEMENT_MAX; i++)
		sqlite3_finalize(store->ledger.stmts[i]);
}

static int done(struct rg_store *store, sqlite3_stmt *stmt, int code, const char *what, struct rg_err *err)
{
	int ret = code == SQLITE_DONE ? 0 : rg_store_fail(store->db, what, err);

	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return ret;
}

static const unsigned char *hash_column(sqlite3_stmt *stmt, int column)
{
	const void *blob = sqlite3_column_blob(stmt, column);

	return sqlite3_column_bytes(stmt, column) == RG_SHA256_SIZE ? blob : NULL;
}

/* A hash that is none is read as zeros: what is appended to it is a chain that breaks there. */
static int read_head(struct rg_store *store, struct rg_err *err)
{
	sqlite3_stmt *stmt = store->ledger.stmts[LEDGER_HEAD];
	struct rg_store_head head = { 0 };
	int code = sqlite3_step(stmt);

	if (code == SQLITE_ROW) {
		const unsigned char *hash = hash_column(stmt, 1);

		head.seq = (uint64_t)sqlite3_column_int64(stmt, 0);
		if (hash)
			memcpy(head.hash, hash, sizeof(head.hash));
		code = SQLITE_DONE;
	}
	if (done(store, stmt, code, "read the ledger", err))
		return -EIO;
	store->ledger.head = store->ledger.committed = head; /* an append would have known it */
	store->ledger.head_known = store->ledger.committed_known = true;
	return 0;
}

void rg_store_ledger_committed(struct rg_store *store)
{
	store->ledger.committed = store->ledger.head;
	store->ledger.committed_known = store->ledger.head_known;
}

void rg_store_ledger_rolled_back(struct rg_store *store)
{
	store->ledger.head = store->ledger.committed;
	store->ledger.head_known = store->ledger.committed_known;
}

int rg_store_ledger_head(struct rg_store *store, struct rg_store_head *ret, struct rg_err *err)
{
	int r = store->ledger.head_known ? 0 : read_head(store, err);

	if (!r)
		*ret = store->ledger.head;
	return r;
}

int rg_store_ledger_append(struct rg_store *store, const struct rg_store_entry *entry, struct rg_err *err)
{
	sqlite3_stmt *stmt = store->ledger.stmts[LEDGER_APPEND];
	int ret = rg_store_check_begun(store, err), code;

	if (ret)
		return ret;
	if (entry->seq > INT64_MAX) /* it would be a row that nobody reads */
		return rg_err_set(err, -EIO, RG_ERR_STORE, NULL, "the last entry of the ledger has the number %lld: it was "
				  "written by somebody else than this daemon", (long long)(entry->seq - 1));
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)entry->seq);
	sqlite3_bind_int(stmt, 2, entry->reported);
	sqlite3_bind_blob(stmt, 3, entry->hash, RG_SHA256_SIZE, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 4, entry->text, (int)entry->length, SQLITE_STATIC);
	code = sqlite3_step(stmt);
	ret = done(store, stmt, code, "append to the ledger", err);
	if ((code & 0xff) == SQLITE_CONSTRAINT)
		return rg_err_set(err, -EIO, RG_ERR_STORE, NULL, "entry %llu of the ledger was written by somebody else "
				  "than this daemon", (unsigned long long)entry->seq);
	if (ret)
		return ret;
	store->ledger.head.seq = entry->seq;
	memcpy(store->ledger.head.hash, entry->hash, RG_SHA256_SIZE);
	store->ledger.head_known = true;
	return 0;
}

int rg_store_ledger_page(struct rg_store *store, bool reported, uint64_t after, size_t limit,
			 rg_store_entry_fn fn, void *arg, struct rg_err *err)
{
	sqlite3_stmt *stmt = store->ledger.stmts[reported ? LEDGER_REPORTED : LEDGER_PAGE];
	int code = SQLITE_DONE, ret = 0;

	sqlite3_bind_int64(stmt, 1, after < INT64_MAX ? (sqlite3_int64)after : INT64_MAX);
	sqlite3_bind_int64(stmt, 2, limit < INT64_MAX ? (sqlite3_int64)limit : INT64_MAX);
	while (!ret && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(stmt, 3);
		struct rg_store_entry entry = {
			.seq = (uint64_t)sqlite3_column_int64(stmt, 0),
			.reported = sqlite3_column_int(stmt, 1),
			.hash = hash_column(stmt, 2),
			.text = text ? text : "",
			.length = text ? (size_t)sqlite3_column_bytes(stmt, 3) : 0,
		};

		ret = fn(arg, &entry, err);
	}
	if (ret)
		code = SQLITE_DONE;
	return done(store, stmt, code, "read the ledger", err) ? -EIO : ret;
}
