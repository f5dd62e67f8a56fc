/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "store/tally.h"

#include <errno.h>
#include "base/cleanup.h"
#include "store/store_private.h"

static const char *const statements[] = {
	[TALLY_PUT] = "INSERT OR REPLACE INTO tallies (meeting, region, packets, bytes) VALUES (?1, ?2, ?3, ?4)",
	[TALLIES_SWEEP] = "DELETE FROM tallies WHERE meeting NOT IN (SELECT id FROM meetings)",
	[TALLIES] = "SELECT meeting, region, packets, bytes FROM tallies",
	[REMOTE_INSERT] = "INSERT OR IGNORE INTO remotes (meeting, region, cause, network, at)"
			  " VALUES (?1, ?2, ?3, ?4, ?5)",
	[REMOTE_UPDATE] = "UPDATE remotes SET at = ?5 WHERE meeting = ?1 AND region = ?2 AND cause = ?3"
			  " AND network = ?4",
	[REMOTES_ERASE] = "DELETE FROM remotes WHERE at < ?1",
};
_Static_assert(ARRAY_SIZE(statements) == TALLY_STATEMENT_MAX, "every statement has its text");

int rg_store_tally_prepare(struct rg_store *store, struct rg_err *err)
{
	return rg_store_prepare(store->db, statements, TALLY_STATEMENT_MAX, store->tally, "use the tables beside the ledger",
				err);
}

void rg_store_tally_finalize(struct rg_store *store)
{
	for (size_t i = 0; i < TALLY_STATEMENT_MAX; i++)
		sqlite3_finalize(store->tally[i]);
}

static int done(struct rg_store *store, sqlite3_stmt *stmt, int code, struct rg_err *err)
{
	int ret = code == SQLITE_DONE ? 0 : rg_store_fail(store->db, "use the tables beside the ledger", err);

	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return ret;
}

int rg_store_tally_put(struct rg_store *store, const struct rg_store_tally *tally, struct rg_err *err)
{
	sqlite3_stmt *stmt = store->tally[TALLY_PUT];
	int ret = rg_store_check_begun(store, err);

	if (ret)
		return ret;
	sqlite3_bind_text(stmt, 1, tally->meeting, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, tally->region);
	sqlite3_bind_int64(stmt, 3, (sqlite3_int64)tally->packets);
	sqlite3_bind_int64(stmt, 4, (sqlite3_int64)tally->bytes);
	return done(store, stmt, sqlite3_step(stmt), err);
}

int rg_store_tallies_sweep(struct rg_store *store, struct rg_err *err)
{
	sqlite3_stmt *stmt = store->tally[TALLIES_SWEEP];
	int ret = rg_store_check_begun(store, err);

	return ret ? ret : done(store, stmt, sqlite3_step(stmt), err);
}

int rg_store_tallies(struct rg_store *store, rg_store_tally_fn fn, void *arg, struct rg_err *err)
{
	sqlite3_stmt *stmt = store->tally[TALLIES];
	int code = SQLITE_DONE, ret = 0;

	while (!ret && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		const char *meeting = (const char *)sqlite3_column_text(stmt, 0);
		struct rg_store_tally tally = {
			.meeting = meeting ? meeting : "",
			.region = (unsigned int)sqlite3_column_int64(stmt, 1),
			.packets = (uint64_t)sqlite3_column_int64(stmt, 2),
			.bytes = (uint64_t)sqlite3_column_int64(stmt, 3),
		};

		ret = fn(arg, &tally, err);
	}
	if (ret)
		code = SQLITE_DONE;
	return done(store, stmt, code, err) ? -EIO : ret;
}

static int run_remote(struct rg_store *store, int which, const struct rg_store_remote *remote,
		      struct rg_err *err)
{
	sqlite3_stmt *stmt = store->tally[which];

	sqlite3_bind_text(stmt, 1, remote->meeting, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, remote->region);
	sqlite3_bind_int64(stmt, 3, remote->cause);
	sqlite3_bind_text(stmt, 4, remote->network, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 5, remote->at);
	return done(store, stmt, sqlite3_step(stmt), err);
}

int rg_store_remote_put(struct rg_store *store, const struct rg_store_remote *remote, bool *ret_new,
			struct rg_err *err)
{
	int ret = rg_store_check_begun(store, err);

	if (!ret)
		ret = run_remote(store, REMOTE_INSERT, remote, err);
	if (ret)
		return ret;
	*ret_new = sqlite3_changes(store->db) > 0;
	return *ret_new ? 0 : run_remote(store, REMOTE_UPDATE, remote, err);
}

int rg_store_remotes_erase(struct rg_store *store, int64_t time, uint64_t *ret_n, struct rg_err *err)
{
	sqlite3_stmt *stmt = store->tally[REMOTES_ERASE];
	int ret = rg_store_check_begun(store, err);

	if (ret)
		return ret;
	sqlite3_bind_int64(stmt, 1, time);
	ret = done(store, stmt, sqlite3_step(stmt), err);
	*ret_n = ret ? 0 : (uint64_t)sqlite3_changes(store->db);
	return ret;
}
