/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "store/store_private.h"

#define BUSY_TIMEOUT_MS 2000 /* an operator's sqlite3 may hold the file for a moment */

enum statement {
	BEGIN, COMMIT, ROLLBACK,
	MEETING_PUT, MEETING_DELETE, MEETINGS, MEETING_REVISE,
	ENDPOINT_PUT, ENDPOINT_DELETE, ENDPOINTS,
	UFRAG_PUT, UFRAG_DELETE, UFRAGS,
	REGION_PUT, REGION_DELETE, REGIONS,
	INTERFACE_PUT, INTERFACE_DELETE, INTERFACES,
	CLASS_PUT, CLASSES_FORGET, CLASSES,
	REVISION, REVISION_SET,
	ALIVE, ALIVE_SET,
	STATEMENT_MAX
};
_Static_assert(STATEMENT_MAX <= RG_STORE_STATEMENTS_MAX, "struct rg_store has room for all");

static const char *const statements[] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[MEETING_PUT] = "INSERT INTO meetings (id, number, revision, body) VALUES (?1, ?2, ?3, ?4)"
			" ON CONFLICT (id) DO UPDATE SET number = ?2, revision = ?3, body = ?4",
	[MEETING_DELETE] = "DELETE FROM meetings WHERE id = ?1",
	[MEETINGS] = "SELECT id, number, revision, body FROM meetings WHERE id > ?1"
		     " ORDER BY id LIMIT ?2",
	[MEETING_REVISE] = "UPDATE meetings SET revision = ?2 WHERE id = ?1",
	[ENDPOINT_PUT] = "INSERT INTO endpoints (name, number, revision, body) VALUES (?1, ?2, ?3, ?4)"
			 " ON CONFLICT (name) DO UPDATE SET number = ?2, revision = ?3, body = ?4",
	[ENDPOINT_DELETE] = "DELETE FROM endpoints WHERE name = ?1",
	[ENDPOINTS] = "SELECT name, number, revision, body FROM endpoints ORDER BY name",
	[UFRAG_PUT] = "INSERT OR REPLACE INTO ufrags (binding, endpoint, ufrag, meeting)"
		      " VALUES (?1, ?2, ?3, ?4)",
	[UFRAG_DELETE] = "DELETE FROM ufrags WHERE binding = ?1",
	[UFRAGS] = "SELECT binding, endpoint, ufrag, meeting FROM ufrags ORDER BY binding",
	[REGION_PUT] = "INSERT OR REPLACE INTO regions (name, revision, body) VALUES (?1, ?2, ?3)",
	[REGION_DELETE] = "DELETE FROM regions WHERE name = ?1",
	[REGIONS] = "SELECT name, revision, body FROM regions ORDER BY name",
	[INTERFACE_PUT] = "INSERT OR REPLACE INTO interfaces (name, revision, body) VALUES (?1, ?2, ?3)",
	[INTERFACE_DELETE] = "DELETE FROM interfaces WHERE name = ?1",
	[INTERFACES] = "SELECT name, revision, body FROM interfaces ORDER BY name",
	[CLASS_PUT] = "INSERT OR REPLACE INTO classes (id, key) VALUES (?1, ?2)",
	[CLASSES_FORGET] = "DELETE FROM classes WHERE id >= ?1",
	[CLASSES] = "SELECT id, key FROM classes ORDER BY id",
	[REVISION] = "SELECT value FROM meta WHERE key = 'revision'",
	[REVISION_SET] = "UPDATE meta SET value = ?1 WHERE key = 'revision'",
	[ALIVE] = "SELECT value FROM meta WHERE key = 'alive'",
	[ALIVE_SET] = "UPDATE meta SET value = ?1 WHERE key = 'alive'",
};
_Static_assert(ARRAY_SIZE(statements) == STATEMENT_MAX, "every statement has its text");

RG_DEFINE_CLEANUP(struct rg_store *, rg_store_close);

int rg_store_fail(sqlite3 *db, const char *what, struct rg_err *err)
{
	int code = sqlite3_errcode(db) & 0xff, error = sqlite3_system_errno(db);
	bool known = error && (code == SQLITE_IOERR || code == SQLITE_CANTOPEN);

	return rg_err_set(err, -EIO, RG_ERR_STORE, NULL, "cannot %s: %s%s%s%s", what, sqlite3_errmsg(db),
			  known ? " (" : "", known ? strerror(error) : "", known ? ")" : "");
}

static int lock_dir(const char *dir, int *ret_fd, struct rg_err *err)
{
	_cleanup_(rg_closep) int fd = -1;
	char path[PATH_MAX];

	if (mkdir(dir, 0750) && errno != EEXIST)
		return rg_err_set(err, -errno, RG_ERR_STORE, NULL,
				  "cannot create the state directory %s: %s", dir, strerror(errno));
	if (snprintf(path, sizeof(path), "%s/lock", dir) >= (int)sizeof(path))
		return rg_err_set(err, -ENAMETOOLONG, RG_ERR_STORE, NULL,
				  "the path of the state directory is too long");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return rg_err_set(err, -errno, RG_ERR_STORE, NULL, "cannot open %s: %s", path,
				  strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno == EWOULDBLOCK)
			return rg_err_set(err, -EBUSY, RG_ERR_STORE, NULL,
					  "the store in %s is held by another daemon", dir);
		return rg_err_set(err, -errno, RG_ERR_STORE, NULL, "cannot lock %s: %s", path,
				  strerror(errno));
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* The lock's file is empty until there is a whole store beside it. */
static bool was_whole(int lock_fd)
{
	struct stat status;

	return !fstat(lock_fd, &status) && status.st_size;
}

/* On a full disk another time. */
static void note_whole(int lock_fd)
{
	if (lock_fd >= 0 && !was_whole(lock_fd) && write(lock_fd, "\n", 1) < 0)
		return;
}

/* SQLite would make the file readable for all: in a directory that was there before and is open, too. Its
 * -wal and -shm get the mode of the file. And it would take one that has lost all it held for a new one: all rules
 * would be forgotten. */
static int make_file(const char *path, int lock_fd, struct rg_err *err)
{
	_cleanup_(rg_closep) int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat status;

	if (fd >= 0 && was_whole(lock_fd) && !fstat(fd, &status) && !status.st_size)
		return rg_store_corrupt(path, "it is empty", err);
	if (fd < 0 && errno == ENOENT)
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return rg_err_set(err, -errno, RG_ERR_STORE, NULL, "cannot open the store %s: %s", path, strerror(errno));
	return 0;
}

int rg_store_open(const char *dir, struct rg_store **ret, struct rg_err *err)
{
	_cleanup_(rg_store_closep) struct rg_store *store = calloc(1, sizeof(*store));
	char path[PATH_MAX] = ":memory:";
	int r;

	if (!store)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, NULL, "out of memory");
	store->lock_fd = -1;
	if (dir) {
		r = lock_dir(dir, &store->lock_fd, err);
		if (r)
			return r;
		if (snprintf(path, sizeof(path), "%s/regiongate.db", dir) >= (int)sizeof(path))
			return rg_err_set(err, -ENAMETOOLONG, RG_ERR_STORE, NULL,
					  "the path of the state directory is too long");
		r = make_file(path, store->lock_fd, err);
		if (r)
			return r;
	}
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
			    SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return rg_err_set(err, -EIO, RG_ERR_STORE, NULL, "cannot open the store %s: %s", path,
				  store->db ? sqlite3_errmsg(store->db) : "out of memory");
	sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
	/* nothing is written before the statements have shown that all tables are there */
	r = rg_schema_begin(store->db, path, err);
	if (!r)
		r = rg_store_prepare(store->db, statements, STATEMENT_MAX, store->stmts, "use the tables of the store", err);
	if (!r)
		r = rg_store_ledger_prepare(store, err);
	if (!r)
		r = rg_store_tally_prepare(store, err);
	if (!r)
		r = rg_schema_commit(store->db, err);
	if (r)
		return r;
	note_whole(store->lock_fd);
	*ret = TAKE_PTR(store);
	return 0;
}

void rg_store_close(struct rg_store *store)
{
	if (!store)
		return;
	rg_store_rollback(store);
	for (size_t i = 0; i < STATEMENT_MAX; i++)
		sqlite3_finalize(store->stmts[i]);
	rg_store_ledger_finalize(store);
	rg_store_tally_finalize(store);
	sqlite3_close(store->db);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	free(store);
}

/* Run a statement that returns no rows; parameters are bound already. */
static int run(struct rg_store *store, enum statement which, const char *what, struct rg_err *err)
{
	sqlite3_stmt *stmt = store->stmts[which];
	int code = sqlite3_step(stmt), ret = 0;

	if (code != SQLITE_DONE)
		ret = rg_store_fail(store->db, what, err);
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return ret;
}

int rg_store_check_begun(struct rg_store *store, struct rg_err *err)
{
	if (store->begun && !sqlite3_get_autocommit(store->db))
		return 0;
	return rg_err_set(err, -EIO, RG_ERR_STORE, NULL,
			  "the store's transaction is gone after an earlier error");
}

int rg_store_begin(struct rg_store *store, struct rg_err *err)
{
	int ret;

	if (store->begun)
		return rg_store_check_begun(store, err);
	ret = run(store, BEGIN, "begin a transaction", err);
	store->begun = !ret;
	return ret;
}

int rg_store_commit(struct rg_store *store, struct rg_err *err)
{
	int ret = rg_store_check_begun(store, err);

	if (!ret)
		ret = run(store, COMMIT, "commit to the store", err);
	if (ret) {
		store->ledger.committed_known = false; /* the file knows */
		return ret;
	}
	store->begun = false;
	rg_store_ledger_committed(store);
	return 0;
}

void rg_store_rollback(struct rg_store *store)
{
	if (store->begun && !sqlite3_get_autocommit(store->db))
		run(store, ROLLBACK, "roll back", NULL);
	store->begun = false;
	rg_store_ledger_rolled_back(store);
}

static void bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
	sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
}

/* Meetings and shared endpoints: a name, a number that does not change, a body. */
static int put_numbered(struct rg_store *store, enum statement which, const char *name, uint32_t number,
			uint64_t revision, const char *body, struct rg_err *err)
{
	sqlite3_stmt *stmt = store->stmts[which];
	int ret = rg_store_check_begun(store, err);

	if (ret)
		return ret;
	bind_text(stmt, 1, name);
	sqlite3_bind_int64(stmt, 2, number);
	sqlite3_bind_int64(stmt, 3, (sqlite3_int64)revision);
	bind_text(stmt, 4, body);
	return run(store, which, "store a document", err);
}

static int delete_named(struct rg_store *store, enum statement which, const char *name, struct rg_err *err)
{
	int ret = rg_store_check_begun(store, err);

	if (ret)
		return ret;
	bind_text(store->stmts[which], 1, name);
	return run(store, which, "delete a document from the store", err);
}

int rg_store_meeting_put(struct rg_store *store, const char *id, uint32_t number,
			 uint64_t revision, const char *body, struct rg_err *err)
{
	return put_numbered(store, MEETING_PUT, id, number, revision, body, err);
}

int rg_store_meeting_delete(struct rg_store *store, const char *id, struct rg_err *err)
{
	return delete_named(store, MEETING_DELETE, id, err);
}

int rg_store_meeting_revise(struct rg_store *store, const char *id, uint64_t revision, struct rg_err *err)
{
	sqlite3_stmt *stmt = store->stmts[MEETING_REVISE];
	int ret = rg_store_check_begun(store, err);

	if (ret)
		return ret;
	bind_text(stmt, 1, id);
	sqlite3_bind_int64(stmt, 2, (sqlite3_int64)revision);
	return run(store, MEETING_REVISE, "store the revision of a meeting", err);
}

/* After the last step of a listing: @code is what it returned. */
static int finish(struct rg_store *store, sqlite3_stmt *stmt, int code, int ret, struct rg_err *err)
{
	if (!ret && code != SQLITE_DONE)
		ret = rg_store_fail(store->db, "read the store", err);
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return ret;
}

/* NULL (memory is out) reads as "". */
static const char *column(sqlite3_stmt *stmt, int index)
{
	const unsigned char *text = sqlite3_column_text(stmt, index);

	return text ? (const char *)text : "";
}

/* A number of the kernel's, of 32 bits. Another one, which only somebody else than the daemon can have written, reads
 * as one that no table has room for: it must not turn into a number that is held. */
static uint32_t number_column(sqlite3_stmt *stmt, int index)
{
	sqlite3_int64 number = sqlite3_column_int64(stmt, index);

	return number < 0 || number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

static int list_numbered(struct rg_store *store, sqlite3_stmt *stmt, rg_store_meeting_fn fn, void *arg,
			 struct rg_err *err)
{
	int code, ret = 0;

	while (!ret && (code = sqlite3_step(stmt)) == SQLITE_ROW)
		ret = fn(arg, column(stmt, 0), number_column(stmt, 1),
			 (uint64_t)sqlite3_column_int64(stmt, 2), column(stmt, 3), err);
	return finish(store, stmt, code, ret, err);
}

int rg_store_meetings_page(struct rg_store *store, const char *after, size_t limit,
			   rg_store_meeting_fn fn, void *arg, struct rg_err *err)
{
	sqlite3_stmt *stmt = store->stmts[MEETINGS];

	bind_text(stmt, 1, after);
	sqlite3_bind_int64(stmt, 2, limit < INT64_MAX ? (sqlite3_int64)limit : INT64_MAX);
	return list_numbered(store, stmt, fn, arg, err);
}

int rg_store_meetings(struct rg_store *store, rg_store_meeting_fn fn, void *arg, struct rg_err *err)
{
	return rg_store_meetings_page(store, "", SIZE_MAX, fn, arg, err);
}

int rg_store_endpoint_put(struct rg_store *store, const char *name, uint32_t number, uint64_t revision,
			  const char *body, struct rg_err *err)
{
	return put_numbered(store, ENDPOINT_PUT, name, number, revision, body, err);
}

int rg_store_endpoint_delete(struct rg_store *store, const char *name, struct rg_err *err)
{
	return delete_named(store, ENDPOINT_DELETE, name, err);
}

int rg_store_endpoints(struct rg_store *store, rg_store_meeting_fn fn, void *arg, struct rg_err *err)
{
	return list_numbered(store, store->stmts[ENDPOINTS], fn, arg, err);
}

int rg_store_ufrag_put(struct rg_store *store, const struct rg_store_ufrag *ufrag, struct rg_err *err)
{
	sqlite3_stmt *stmt = store->stmts[UFRAG_PUT];
	int ret = rg_store_check_begun(store, err);

	if (ret)
		return ret;
	sqlite3_bind_int64(stmt, 1, ufrag->binding);
	sqlite3_bind_int64(stmt, 2, ufrag->endpoint);
	bind_text(stmt, 3, ufrag->text);
	sqlite3_bind_int64(stmt, 4, ufrag->meeting);
	return run(store, UFRAG_PUT, "store a ufrag", err);
}

int rg_store_ufrag_delete(struct rg_store *store, uint32_t binding, struct rg_err *err)
{
	int ret = rg_store_check_begun(store, err);

	if (ret)
		return ret;
	sqlite3_bind_int64(store->stmts[UFRAG_DELETE], 1, binding);
	return run(store, UFRAG_DELETE, "delete a ufrag from the store", err);
}

int rg_store_ufrags(struct rg_store *store, rg_store_ufrag_fn fn, void *arg, struct rg_err *err)
{
	sqlite3_stmt *stmt = store->stmts[UFRAGS];
	int code, ret = 0;

	while (!ret && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct rg_store_ufrag ufrag = {
			.binding = number_column(stmt, 0),
			.endpoint = number_column(stmt, 1),
			.meeting = number_column(stmt, 3),
			.text = column(stmt, 2),
		};

		ret = fn(arg, &ufrag, err);
	}
	return finish(store, stmt, code, ret, err);
}

int rg_store_doc_put(struct rg_store *store, enum rg_store_kind kind, const char *name,
		     uint64_t revision, const char *body, struct rg_err *err)
{
	enum statement which = kind == RG_STORE_REGION ? REGION_PUT : INTERFACE_PUT;
	sqlite3_stmt *stmt = store->stmts[which];
	int ret = rg_store_check_begun(store, err);

	if (ret)
		return ret;
	bind_text(stmt, 1, name);
	sqlite3_bind_int64(stmt, 2, (sqlite3_int64)revision);
	bind_text(stmt, 3, body);
	return run(store, which, "store a document", err);
}

int rg_store_doc_delete(struct rg_store *store, enum rg_store_kind kind, const char *name,
			struct rg_err *err)
{
	enum statement which = kind == RG_STORE_REGION ? REGION_DELETE : INTERFACE_DELETE;
	int ret = rg_store_check_begun(store, err);

	if (ret)
		return ret;
	bind_text(store->stmts[which], 1, name);
	return run(store, which, "delete a document from the store", err);
}

int rg_store_docs(struct rg_store *store, enum rg_store_kind kind, rg_store_doc_fn fn, void *arg,
		  struct rg_err *err)
{
	sqlite3_stmt *stmt = store->stmts[kind == RG_STORE_REGION ? REGIONS : INTERFACES];
	int code, ret = 0;

	while (!ret && (code = sqlite3_step(stmt)) == SQLITE_ROW)
		ret = fn(arg, column(stmt, 0), (uint64_t)sqlite3_column_int64(stmt, 1),
			 column(stmt, 2), err);
	return finish(store, stmt, code, ret, err);
}

int rg_store_class_put(struct rg_store *store, unsigned int id, const char *key, struct rg_err *err)
{
	sqlite3_stmt *stmt = store->stmts[CLASS_PUT];
	int ret = rg_store_check_begun(store, err);

	if (ret)
		return ret;
	sqlite3_bind_int64(stmt, 1, id);
	bind_text(stmt, 2, key);
	return run(store, CLASS_PUT, "store a region class", err);
}

int rg_store_classes_forget(struct rg_store *store, unsigned int from, struct rg_err *err)
{
	int ret = rg_store_check_begun(store, err);

	if (ret)
		return ret;
	sqlite3_bind_int64(store->stmts[CLASSES_FORGET], 1, from);
	return run(store, CLASSES_FORGET, "forget region classes", err);
}

int rg_store_classes(struct rg_store *store, rg_store_class_fn fn, void *arg, struct rg_err *err)
{
	sqlite3_stmt *stmt = store->stmts[CLASSES];
	int code, ret = 0;

	while (!ret && (code = sqlite3_step(stmt)) == SQLITE_ROW)
		ret = fn(arg, number_column(stmt, 0), column(stmt, 1), err);
	return finish(store, stmt, code, ret, err);
}

static int meta_get(struct rg_store *store, enum statement which, uint64_t *ret, struct rg_err *err)
{
	sqlite3_stmt *stmt = store->stmts[which];
	int code = sqlite3_step(stmt);

	if (code != SQLITE_ROW)
		return finish(store, stmt, SQLITE_ERROR, 0, err);
	*ret = (uint64_t)sqlite3_column_int64(stmt, 0);
	return finish(store, stmt, SQLITE_DONE, 0, err);
}

static int meta_set(struct rg_store *store, enum statement which, uint64_t value, const char *what,
		    struct rg_err *err)
{
	int ret = rg_store_check_begun(store, err);

	if (ret)
		return ret;
	sqlite3_bind_int64(store->stmts[which], 1, (sqlite3_int64)value);
	return run(store, which, what, err);
}

int rg_store_revision(struct rg_store *store, uint64_t *ret, struct rg_err *err)
{
	return meta_get(store, REVISION, ret, err);
}

int rg_store_revision_set(struct rg_store *store, uint64_t revision, struct rg_err *err)
{
	return meta_set(store, REVISION_SET, revision, "store the revision", err);
}

int rg_store_alive(struct rg_store *store, uint64_t *ret, struct rg_err *err)
{
	return meta_get(store, ALIVE, ret, err);
}

int rg_store_alive_set(struct rg_store *store, uint64_t seconds, struct rg_err *err)
{
	return meta_set(store, ALIVE_SET, seconds, "store the time", err);
}
