/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The store: files that it must refuse and leave alone, and what it keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "store/settings.h"
#include "store/store.h"

static char dir[64], file[96];

static int given_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/rg-store-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(file, sizeof(file), "%s/regiongate.db", dir);
	return 0;
}

static int drop_dir(void **state)
{
	static const char *const names[] = { "regiongate.db", "regiongate.db-wal", "regiongate.db-shm", "lock" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

static struct rg_store *given_store(void)
{
	struct rg_store *store = NULL;
	struct rg_err err = { 0 };

	if (rg_store_open(dir, &store, &err))
		fail_msg("%s", err.detail);
	return store;
}

static void then_open_refused(const char *words)
{
	struct rg_store *store = NULL;
	struct rg_err err = { 0 };

	assert_int_not_equal(rg_store_open(dir, &store, &err), 0);
	assert_null(store);
	assert_int_equal(err.code, RG_ERR_STORE);
	if (!strstr(err.detail, words))
		fail_msg("'%s' does not say '%s'", err.detail, words);
}

static char *slurp(size_t *ret_size)
{
	FILE *f = fopen(file, "rb");
	struct stat st;
	char *bytes;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	bytes = malloc((size_t)st.st_size + 1);
	assert_int_equal(fread(bytes, 1, (size_t)st.st_size, f), st.st_size);
	fclose(f);
	*ret_size = (size_t)st.st_size;
	return bytes;
}

static void spill(const char *bytes, size_t size)
{
	FILE *f = fopen(file, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static void then_file_is(const char *bytes, size_t size)
{
	size_t now_size;
	char *now = slurp(&now_size);

	assert_int_equal(now_size, size);
	assert_memory_equal(now, bytes, size);
	free(now);
}

static void with_sql(const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void given_filled_store(int n)
{
	struct rg_store *store = given_store();
	struct rg_err err = { 0 };

	assert_int_equal(rg_store_begin(store, &err), 0);
	for (int i = 0; i < n; i++) {
		char id[32];

		snprintf(id, sizeof(id), "m-%04d", i);
		assert_int_equal(rg_store_meeting_put(store, id, (uint32_t)i + 1, (uint64_t)i + 1, "{\"a\":1}", &err), 0);
	}
	assert_int_equal(rg_store_commit(store, &err), 0);
	rg_store_close(store);
}

/* The ledger has what a gag withholds; the directory may be anybody's. */
static void a_new_file_is_not_for_all(void **state)
{
	static const char *const names[] = { "regiongate.db", "regiongate.db-wal", "regiongate.db-shm" };
	mode_t mask = umask(0);
	struct rg_store *store = given_store();
	struct rg_err err = { 0 };
	struct stat status;
	char path[128];

	(void)state;
	assert_int_equal(rg_store_begin(store, &err), 0);
	assert_int_equal(rg_store_meeting_put(store, "m-1", 1, 1, "{}", &err), 0);
	assert_int_equal(rg_store_commit(store, &err), 0);
	umask(mask);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_mode & 0777, 0640);
	}
	rg_store_close(store);
}

static void a_file_that_is_no_database_is_refused_and_left(void **state)
{
	char bytes[5000];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	spill(bytes, sizeof(bytes));
	then_open_refused("is corrupt");
	then_file_is(bytes, sizeof(bytes));
}

static void a_database_with_broken_pages_is_refused_and_left(void **state)
{
	size_t size;
	char *bytes;

	(void)state;
	given_filled_store(500);
	bytes = slurp(&size);
	assert_true(size > 5 * 4096);
	memset(bytes + 4096, 0xa5, size - 2 * 4096);
	spill(bytes, size);
	then_open_refused("is corrupt");
	then_file_is(bytes, size);
	free(bytes);
}

static void a_database_that_is_cut_off_is_refused_and_left(void **state)
{
	size_t size;
	char *bytes;

	(void)state;
	given_filled_store(500);
	bytes = slurp(&size);
	spill(bytes, size / 2);
	then_open_refused("is corrupt");
	then_file_is(bytes, size / 2);
	free(bytes);
}

/* What a copy on a full disk leaves: to begin anew would be to forget all rules. */
static void a_store_that_became_empty_is_refused_and_left(void **state)
{
	(void)state;
	given_filled_store(1);
	spill("", 0);
	then_open_refused("is corrupt (it is empty)");
	then_file_is("", 0);
	assert_int_equal(unlink(file), 0);
	rg_store_close(given_store());
}

/* A first start that was killed. */
static void an_empty_file_that_never_was_a_store_becomes_one(void **state)
{
	(void)state;
	spill("", 0);
	rg_store_close(given_store());
}

static void another_programs_database_is_refused_and_left(void **state)
{
	size_t size;
	char *bytes;

	(void)state;
	with_sql("CREATE TABLE songs (name TEXT)");
	bytes = slurp(&size);
	then_open_refused("of another program");
	then_file_is(bytes, size);
	free(bytes);
}

static void a_newer_schema_is_refused_and_left(void **state)
{
	size_t size;
	char *bytes;

	(void)state;
	given_filled_store(1);
	with_sql("PRAGMA user_version = 1000");
	bytes = slurp(&size);
	then_open_refused("newer version");
	then_file_is(bytes, size);
	free(bytes);
}

static void a_store_without_one_of_its_tables_is_refused_and_left(void **state)
{
	static const char *const tables[] = { "meetings", "regions", "interfaces", "classes", "meta", "ledger", "endpoints",
					      "ufrags", "tallies", "remotes" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		char sql[64], words[64];
		size_t size;
		char *bytes;

		unlink(file);
		given_filled_store(1);
		snprintf(sql, sizeof(sql), "DROP TABLE %s", tables[i]);
		with_sql(sql);
		bytes = slurp(&size);
		snprintf(words, sizeof(words), "is corrupt (no such table: %s); it was left", tables[i]);
		then_open_refused(words);
		then_file_is(bytes, size);
		free(bytes);
	}
}

static void a_store_without_its_settings_names_the_way_back(void **state)
{
	struct rg_err err = { 0 };
	struct rg_store *store;
	char *text;

	(void)state;
	given_filled_store(1);
	with_sql("DROP TABLE settings");
	store = given_store();
	assert_int_not_equal(rg_store_setting_get(store, "mode", &text, &err), 0);
	assert_int_equal(err.code, RG_ERR_STORE);
	assert_non_null(strstr(err.detail, "is corrupt (no such table: settings); it was left"));
	rg_store_close(store);
}

/* Of an earlier schema: the step to the next one misses what it moves. */
static void a_former_store_without_its_table_is_refused_and_left(void **state)
{
	size_t size;
	char *bytes;

	(void)state;
	given_filled_store(1);
	with_sql("DROP TABLE meetings; PRAGMA user_version = 5");
	bytes = slurp(&size);
	then_open_refused("is corrupt (no such table: meetings); it was left");
	then_file_is(bytes, size);
	free(bytes);
}

static void a_store_that_is_held_is_refused(void **state)
{
	struct rg_store *store = given_store();

	(void)state;
	then_open_refused("held by another daemon");
	rg_store_close(store);
	rg_store_close(given_store());
}

static void a_directory_that_can_not_be_made_is_refused(void **state)
{
	struct rg_store *store = NULL;
	struct rg_err err = { 0 };
	char below[128];

	(void)state;
	snprintf(below, sizeof(below), "%s/a/b", dir);
	assert_int_not_equal(rg_store_open(below, &store, &err), 0);
	assert_int_equal(err.code, RG_ERR_STORE);
	assert_non_null(strstr(err.detail, below));
}

struct rows { int n; char text[512]; };

static int note(void *arg, const char *id, uint32_t number, uint64_t revision, const char *body,
		struct rg_err *err)
{
	struct rows *rows = arg;
	size_t used = strlen(rows->text);

	(void)err;
	snprintf(rows->text + used, sizeof(rows->text) - used, "%s %u %llu %s\n", id, number,
		 (unsigned long long)revision, body);
	rows->n++;
	return 0;
}

static int note_doc(void *arg, const char *name, uint64_t revision, const char *body, struct rg_err *err)
{
	return note(arg, name, 0, revision, body, err);
}

static int note_class(void *arg, unsigned int id, const char *key, struct rg_err *err)
{
	return note(arg, key, id, 0, "", err);
}

static void what_is_committed_is_there_after_a_restart(void **state)
{
	struct rg_store *store = given_store();
	struct rows rows = { 0 }, docs = { 0 }, classes = { 0 };
	struct rg_err err = { 0 };
	uint64_t revision = 0;

	(void)state;
	assert_int_equal(rg_store_begin(store, &err), 0);
	assert_int_equal(rg_store_begin(store, &err), 0);
	assert_int_equal(rg_store_meeting_put(store, "b", 1, 1, "{}", &err), 0);
	assert_int_equal(rg_store_meeting_put(store, "a", 2, 2, "{}", &err), 0);
	assert_int_equal(rg_store_meeting_put(store, "c", 3, 3, "{}", &err), 0);
	assert_int_equal(rg_store_meeting_put(store, "b", 1, 4, "[1]", &err), 0);
	assert_int_equal(rg_store_meeting_delete(store, "c", &err), 0);
	assert_int_equal(rg_store_doc_put(store, RG_STORE_REGION, "partners", 5, "[]", &err), 0);
	assert_int_equal(rg_store_doc_put(store, RG_STORE_INTERFACE, "eth0", 6, "{}", &err), 0);
	assert_int_equal(rg_store_doc_delete(store, RG_STORE_INTERFACE, "eth0", &err), 0);
	assert_int_equal(rg_store_class_put(store, 1, "CN", &err), 0);
	assert_int_equal(rg_store_class_put(store, 0, "unknown", &err), 0);
	assert_int_equal(rg_store_revision_set(store, 1ull << 40, &err), 0);
	assert_int_equal(rg_store_commit(store, &err), 0);
	rg_store_close(store);

	store = given_store();
	assert_int_equal(rg_store_meetings(store, note, &rows, &err), 0);
	assert_string_equal(rows.text, "a 2 2 {}\nb 1 4 [1]\n");
	assert_int_equal(rg_store_docs(store, RG_STORE_REGION, note_doc, &docs, &err), 0);
	assert_string_equal(docs.text, "partners 0 5 []\n");
	assert_int_equal(rg_store_docs(store, RG_STORE_INTERFACE, note_doc, &docs, &err), 0);
	assert_int_equal(docs.n, 1);
	assert_int_equal(rg_store_classes(store, note_class, &classes, &err), 0);
	assert_string_equal(classes.text, "unknown 0 0 \nCN 1 0 \n");
	assert_int_equal(rg_store_revision(store, &revision, &err), 0);
	assert_int_equal(revision, 1ull << 40);
	rg_store_close(store);
}

static void what_is_rolled_back_or_never_committed_is_not_there(void **state)
{
	struct rg_store *store = given_store();
	struct rows rows = { 0 };
	struct rg_err err = { 0 };

	(void)state;
	assert_int_equal(rg_store_begin(store, &err), 0);
	assert_int_equal(rg_store_meeting_put(store, "a", 1, 1, "{}", &err), 0);
	rg_store_rollback(store);
	rg_store_rollback(store);
	assert_int_equal(rg_store_begin(store, &err), 0);
	assert_int_equal(rg_store_meeting_put(store, "b", 1, 1, "{}", &err), 0);
	rg_store_close(store);
	store = given_store();
	assert_int_equal(rg_store_meetings(store, note, &rows, &err), 0);
	assert_int_equal(rows.n, 0);
	rg_store_close(store);
}

static void nothing_is_written_outside_of_a_transaction(void **state)
{
	struct rg_store *store = given_store();
	struct rg_err err = { 0 };

	(void)state;
	assert_int_not_equal(rg_store_meeting_put(store, "a", 1, 1, "{}", &err), 0);
	assert_int_equal(err.code, RG_ERR_STORE);
	assert_int_not_equal(rg_store_commit(store, &err), 0);
	rg_store_close(store);
}

static void a_store_of_version_5_is_upgraded(void **state)
{
	struct rg_store *store = given_store();
	struct rows rows = { 0 };
	struct rg_err err = { 0 };

	(void)state;
	rg_store_close(store);
	with_sql("DROP TABLE meetings;"
		 "CREATE TABLE meetings (id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE,"
		 " revision INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;"
		 "INSERT INTO meetings VALUES ('b', 1, 7, '{}'), ('a', 2, 8, '{\"x\"}');"
		 "PRAGMA user_version = 5");
	for (int i = 0; i < 2; i++) {
		store = given_store();
		memset(&rows, 0, sizeof(rows));
		assert_int_equal(rg_store_meetings(store, note, &rows, &err), 0);
		assert_string_equal(rows.text, "a 2 8 {\"x\"}\nb 1 7 {}\n");
		rg_store_close(store);
	}
}

static int stop_at_two(void *arg, const char *id, uint32_t number, uint64_t revision, const char *body,
		       struct rg_err *err)
{
	note(arg, id, number, revision, body, err);
	return ((struct rows *)arg)->n == 2 ? 42 : 0;
}

static void pages_follow_each_other_in_order_of_id(void **state)
{
	struct rg_store *store;
	struct rows rows = { 0 }, more = { 0 }, stopped = { 0 };
	struct rg_err err = { 0 };

	(void)state;
	given_filled_store(10);
	store = given_store();
	assert_int_equal(rg_store_meetings_page(store, "", 3, note, &rows, &err), 0);
	assert_string_equal(rows.text, "m-0000 1 1 {\"a\":1}\nm-0001 2 2 {\"a\":1}\nm-0002 3 3 {\"a\":1}\n");
	assert_int_equal(rg_store_meetings_page(store, "m-0007", 3, note, &more, &err), 0);
	assert_string_equal(more.text, "m-0008 9 9 {\"a\":1}\nm-0009 10 10 {\"a\":1}\n");
	assert_int_equal(rg_store_meetings(store, stop_at_two, &stopped, &err), 42);
	assert_int_equal(stopped.n, 2);
	rg_store_close(store);
}

static void a_full_disk_fails_the_commit_and_keeps_what_was(void **state)
{
	struct rlimit limit, before;
	struct rg_store *store;
	struct rows rows = { 0 };
	struct rg_err err = { 0 };
	static char body[1 << 20];
	int failed;

	(void)state;
	given_filled_store(2);
	store = given_store();
	memset(body, ' ', sizeof(body) - 1);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 128 * 1024;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	failed = rg_store_begin(store, &err) || rg_store_meeting_put(store, "z", 99, 99, body, &err) ||
		 rg_store_commit(store, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(failed);
	assert_int_equal(err.code, RG_ERR_STORE);
	rg_store_rollback(store);
	assert_int_equal(rg_store_begin(store, &err), 0);
	assert_int_equal(rg_store_meeting_put(store, "after", 3, 3, "{}", &err), 0);
	assert_int_equal(rg_store_commit(store, &err), 0);
	rg_store_close(store);
	store = given_store();
	assert_int_equal(rg_store_meetings(store, note, &rows, &err), 0);
	assert_string_equal(rows.text, "after 3 3 {}\nm-0000 1 1 {\"a\":1}\nm-0001 2 2 {\"a\":1}\n");
	rg_store_close(store);
}

static void a_store_in_memory_leaves_no_file(void **state)
{
	struct rg_store *store = NULL;
	struct rg_err err = { 0 };

	(void)state;
	assert_int_equal(rg_store_open(NULL, &store, &err), 0);
	assert_int_equal(rg_store_begin(store, &err), 0);
	assert_int_equal(rg_store_meeting_put(store, "a", 1, 1, "{}", &err), 0);
	assert_int_equal(rg_store_commit(store, &err), 0);
	rg_store_close(store);
	assert_int_not_equal(access(":memory:", F_OK), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, given_dir, drop_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_file_is_not_for_all),
		TEST(a_file_that_is_no_database_is_refused_and_left),
		TEST(a_database_with_broken_pages_is_refused_and_left),
		TEST(a_database_that_is_cut_off_is_refused_and_left),
		TEST(a_store_that_became_empty_is_refused_and_left),
		TEST(an_empty_file_that_never_was_a_store_becomes_one),
		TEST(another_programs_database_is_refused_and_left),
		TEST(a_newer_schema_is_refused_and_left),
		TEST(a_store_without_one_of_its_tables_is_refused_and_left),
		TEST(a_store_without_its_settings_names_the_way_back),
		TEST(a_former_store_without_its_table_is_refused_and_left),
		TEST(a_store_that_is_held_is_refused),
		TEST(a_directory_that_can_not_be_made_is_refused),
		TEST(what_is_committed_is_there_after_a_restart),
		TEST(what_is_rolled_back_or_never_committed_is_not_there),
		TEST(nothing_is_written_outside_of_a_transaction),
		TEST(a_store_of_version_5_is_upgraded),
		TEST(pages_follow_each_other_in_order_of_id),
		TEST(a_full_disk_fails_the_commit_and_keeps_what_was),
		TEST(a_store_in_memory_leaves_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
