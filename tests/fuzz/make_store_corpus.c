/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writes tests/fuzz/corpus/store (make fuzz-corpus): small stores as fuzz_store reads them. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "store/store.h"

#define MEETING "{\"id\":\"m-1\",\"endpoints\":[{\"address\":\"198.51.100.10\",\"port\":10001,\"protocol\":\"udp\"}]," \
		"\"default\":\"admit\",\"rules\":[{\"id\":\"r1\",\"action\":\"refuse\",\"regions\":[\"CN\"]}],\"mode\":\"enforce\"}"
#define REGION "{\"name\":\"de\",\"country\":\"DE\",\"networks\":[\"192.0.2.0/24\"]}"
#define SHARED "{\"name\":\"sfu\",\"address\":\"198.51.100.10\",\"port\":10000,\"protocol\":\"udp\",\"classify\":\"ufrag\"," \
	       "\"unbound\":\"refuse\",\"ufrag_prefix\":null}"

static const struct { const char *name; const char *sql; } variants[] = {
	{ "empty", NULL },
	{ "filled", "" },
	{ "newer", "PRAGMA user_version = 999" },
	{ "another-program", "PRAGMA application_id = 1" },
	{ "no-table", "DROP TABLE regions" },
	{ "wrong-types", "UPDATE meetings SET body = x'ff00', revision = 'x', number = 1.5" },
	{ "not-json", "UPDATE meetings SET body = '{'" },
	{ "null-key", "INSERT INTO meta (key, value) VALUES ('', -1)" },
	{ "class-gap", "INSERT INTO classes (id, key) VALUES (9, 'CN+cn')" },
	{ "no-version", "PRAGMA user_version = 0" },
	{ "older", "DELETE FROM classes; PRAGMA user_version = 5" },
	{ "older-odd", "PRAGMA user_version = 4" }, /* it has the tables that step 5 makes */
	{ "damaged", "CREATE TABLE other (x CHECK (x)); PRAGMA ignore_check_constraints = 1; INSERT INTO other VALUES (0)" },
};

static void must(int failed, const char *what)
{
	if (!failed)
		return;
	fprintf(stderr, "make_store_corpus: %s\n", what);
	exit(1);
}

static void fill(const char *directory)
{
	const struct rg_store_ufrag ufrag = { 1, 1, 1, "26ant1ioqu7qnr" };
	struct rg_store *store;
	struct rg_err err;

	must(rg_store_open(directory, &store, &err), "open");
	must(rg_store_begin(store, &err) || rg_store_meeting_put(store, "m-1", 1, 2, MEETING, &err) ||
	     rg_store_doc_put(store, RG_STORE_REGION, "de", 1, REGION, &err) ||
	     rg_store_endpoint_put(store, "sfu", 1, 3, SHARED, &err) || rg_store_ufrag_put(store, &ufrag, &err) ||
	     rg_store_class_put(store, 1, "DE+de", &err) || rg_store_revision_set(store, 3, &err) ||
	     rg_store_commit(store, &err), "fill");
	rg_store_close(store);
}

/* Apply, and make it small. */
static void change(const char *path, const char *sql)
{
	sqlite3 *db;

	must(sqlite3_open(path, &db), "sqlite3_open");
	must(sqlite3_exec(db, sql, NULL, NULL, NULL), sql);
	must(sqlite3_exec(db, "PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM", NULL, NULL, NULL), "vacuum");
	sqlite3_close(db);
}

static void copy(const char *from, const char *to)
{
	static char data[1 << 20];
	FILE *f = fopen(from, "rb");
	size_t n = f ? fread(data, 1, sizeof(data), f) : 0;

	must(!n, from);
	fclose(f);
	f = fopen(to, "wb");
	must(!f || fwrite(data, 1, n, f) != n || fclose(f), to);
}

int main(int argc, char **argv)
{
	char directory[] = "/tmp/rg-corpus-XXXXXX", path[64], lock[64], to[512];

	must(argc != 2 || !mkdtemp(directory), "usage: make_store_corpus DIRECTORY");
	snprintf(path, sizeof(path), "%s/regiongate.db", directory);
	snprintf(lock, sizeof(lock), "%s/lock", directory);
	for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++) {
		struct rg_store *store;
		struct rg_err err;

		if (variants[i].sql) {
			fill(directory);
		} else {
			must(rg_store_open(directory, &store, &err), "open");
			rg_store_close(store);
		}
		change(path, variants[i].sql ? variants[i].sql : "");
		snprintf(to, sizeof(to), "%s/%s", argv[1], variants[i].name);
		copy(path, to);
		unlink(path);
	}
	unlink(lock);
	rmdir(directory);
	return 0;
}
