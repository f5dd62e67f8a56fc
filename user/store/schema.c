/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <string.h>
#include "base/cleanup.h"
#include "store/store_private.h"

#define SCHEMA_VERSION 6
#define APPLICATION_ID 0x72676174 /* "rgat"; PRAGMA application_id tells our files from others' */
#define STRING_(x) #x
#define STRING(x) STRING_(x)

/* Step i brings a file from version i to version i + 1. Steps are never changed, only added. */
static const char *const steps[] = {
	"CREATE TABLE meetings (id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE,"
	" revision INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE regions (name TEXT PRIMARY KEY, revision INTEGER NOT NULL,"
	" body TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE interfaces (name TEXT PRIMARY KEY, revision INTEGER NOT NULL,"
	" body TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE classes (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);"
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	"INSERT INTO meta (key, value) VALUES ('revision', 0);"
	"PRAGMA application_id = " STRING(APPLICATION_ID) ";"
	"PRAGMA user_version = 1;",

	/* The ledger: texts of entries and their hashes (user/ledger/entry.h). The triggers stop
	 * mistakes; what stops a forger is the chain. */
	"CREATE TABLE ledger (seq INTEGER PRIMARY KEY, reported INTEGER NOT NULL,"
	" hash BLOB NOT NULL, entry TEXT NOT NULL);"
	"CREATE INDEX ledger_reported ON ledger (seq) WHERE reported;"
	"CREATE TRIGGER ledger_stays BEFORE UPDATE ON ledger"
	" BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;"
	"CREATE TRIGGER ledger_keeps BEFORE DELETE ON ledger"
	" BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;"
	/* When the daemon was last known to be alive, seconds since 1970; 0: it stopped in order. */
	"INSERT INTO meta (key, value) VALUES ('alive', 0);"
	"PRAGMA user_version = 2;",

	"CREATE TABLE endpoints (name TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE,"
	" revision INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;"
	/* No index on the text: the model, which reads them all at start, keeps it unique, and one
	 * bind stays one insert at the end of one tree. */
	"CREATE TABLE ufrags (binding INTEGER PRIMARY KEY, endpoint INTEGER NOT NULL,"
	" ufrag TEXT NOT NULL, meeting INTEGER NOT NULL);"
	"PRAGMA user_version = 3;",

	"CREATE TABLE settings (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;"
	"PRAGMA user_version = 4;",

	/* How much of each counter entries of the ledger have told; and the networks from which
	 * somebody was refused, which are not in the ledger, so that they can be erased. */
	"CREATE TABLE tallies (meeting TEXT NOT NULL, region INTEGER NOT NULL, packets INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL, PRIMARY KEY (meeting, region)) WITHOUT ROWID;"
	"CREATE TABLE remotes (meeting TEXT NOT NULL, region INTEGER NOT NULL, cause INTEGER NOT NULL,"
	" network TEXT NOT NULL, at INTEGER NOT NULL,"
	" PRIMARY KEY (meeting, region, cause, network)) WITHOUT ROWID;"
	"PRAGMA user_version = 5;",

	/* Numbers are told apart by the model, which reads them all at start: an index on them is a second
	 * tree to write for each meeting that is pushed. */
	"CREATE TABLE plain (id TEXT PRIMARY KEY, number INTEGER NOT NULL, revision INTEGER NOT NULL,"
	" body TEXT NOT NULL) WITHOUT ROWID;"
	"INSERT INTO plain (id, number, revision, body) SELECT id, number, revision, body FROM meetings;"
	"DROP TABLE meetings;"
	"ALTER TABLE plain RENAME TO meetings;"
	"PRAGMA user_version = 6;",
};
_Static_assert(ARRAY_SIZE(steps) == SCHEMA_VERSION, "every version has its step");

static void finalizep(sqlite3_stmt **stmt)
{
	sqlite3_finalize(*stmt);
}

static int query_number(sqlite3 *db, const char *sql, sqlite3_int64 *ret)
{
	_cleanup_(finalizep) sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		return -EIO;
	*ret = sqlite3_column_int64(stmt, 0);
	return 0;
}

int rg_store_corrupt(const char *path, const char *words, struct rg_err *err)
{
	return rg_err_set(err, -EIO, RG_ERR_STORE, NULL,
			  "the store %s is corrupt (%s); it was left as it is: move it away or "
			  "put a backup in its place", path, words);
}

int rg_store_unusable(sqlite3 *db, const char *what, struct rg_err *err)
{
	int code = sqlite3_errcode(db) & 0xff;

	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR)
		return rg_store_corrupt(sqlite3_db_filename(db, "main"), sqlite3_errmsg(db), err);
	return rg_store_fail(db, what, err);
}

int rg_store_prepare(sqlite3 *db, const char *const *texts, size_t n, sqlite3_stmt **ret, const char *what,
		     struct rg_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (sqlite3_prepare_v3(db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &ret[i], NULL) != SQLITE_OK)
			return rg_store_unusable(db, what, err);
	return 0;
}

static int check_whole(sqlite3 *db, const char *path, struct rg_err *err)
{
	_cleanup_(finalizep) sqlite3_stmt *stmt = NULL;
	const char *words;

	if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		return rg_store_unusable(db, "read the store", err);
	words = (const char *)sqlite3_column_text(stmt, 0);
	if (!words || strcmp(words, "ok"))
		return rg_store_corrupt(path, words ? words : "no answer from quick_check", err);
	return 0;
}

/* Version 0 is a new file: no tables yet. */
static int read_version(sqlite3 *db, const char *path, sqlite3_int64 *ret, struct rg_err *err)
{
	sqlite3_int64 application, version, tables;

	if (query_number(db, "PRAGMA application_id", &application) ||
	    query_number(db, "PRAGMA user_version", &version) ||
	    query_number(db, "SELECT count(*) FROM sqlite_master", &tables))
		return rg_store_unusable(db, "read the store", err);
	if (application != APPLICATION_ID && (application || version || tables))
		return rg_err_set(err, -EIO, RG_ERR_STORE, NULL,
				  "the store %s is a database of another program", path);
	if (version > SCHEMA_VERSION)
		return rg_err_set(err, -EIO, RG_ERR_STORE, NULL,
				  "the store %s was written by a newer version of this program "
				  "(schema %lld, known is %d)", path, version, SCHEMA_VERSION);
	if (version < 0 || (application == APPLICATION_ID && !version))
		return rg_store_corrupt(path, "it has no schema version", err);
	*ret = version;
	return 0;
}

static int fail(sqlite3 *db, struct rg_err *err)
{
	return rg_store_unusable(db, "create the tables of the store", err);
}

int rg_schema_begin(sqlite3 *db, const char *path, struct rg_err *err)
{
	sqlite3_int64 version = 0;
	int ret = read_version(db, path, &version, err);

	if (!ret)
		ret = check_whole(db, path, err);
	if (!ret && sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		ret = fail(db, err);
	for (; !ret && version < SCHEMA_VERSION; version++)
		if (sqlite3_exec(db, steps[version], NULL, NULL, NULL) != SQLITE_OK)
			ret = fail(db, err);
	return ret;
}

int rg_schema_commit(sqlite3 *db, struct rg_err *err)
{
	if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return fail(db, err);
	/* 16 MiB of cache: with the default of 2, pages of a large batch are written out and read again */
	if (sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384",
			 NULL, NULL, NULL) != SQLITE_OK)
		return rg_store_fail(db, "switch the store to write-ahead logging", err);
	return 0;
}
