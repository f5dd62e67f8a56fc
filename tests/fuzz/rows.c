/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fuzz/rows.h"

#include <fcntl.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "ledger/entry.h"
#include "store/store.h"

#define LINES_MAX 64
#define VALUES_MAX 5

static const struct { char letter; const char *sql; } kinds[] = {
	{ 'm', "INSERT INTO meetings (id, number, revision, body) VALUES (?1, ?2, ?3, ?4)" },
	{ 'e', "INSERT INTO endpoints (name, number, revision, body) VALUES (?1, ?2, ?3, ?4)" },
	{ 'u', "INSERT INTO ufrags (binding, endpoint, meeting, ufrag) VALUES (?1, ?2, ?3, ?4)" },
	{ 'r', "INSERT INTO regions (name, revision, body) VALUES (?1, ?2, ?3)" },
	{ 'i', "INSERT INTO interfaces (name, revision, body) VALUES (?1, ?2, ?3)" },
	{ 'c', "INSERT INTO classes (id, key) VALUES (?1, ?2)" },
	{ 'k', "REPLACE INTO meta (key, value) VALUES (?1, ?2)" },
	{ 's', "INSERT INTO settings (name, body) VALUES (?1, ?2)" },
	{ 'y', "INSERT INTO tallies (meeting, region, packets, bytes) VALUES (?1, ?2, ?3, ?4)" },
	{ 'n', "INSERT INTO remotes (meeting, region, cause, network, at) VALUES (?1, ?2, ?3, ?4, ?5)" },
	/* the ledger, tampered with */
	{ 'l', "INSERT INTO ledger (seq, reported, hash, entry) VALUES (?1, ?2, ?3, ?4)" },
	{ 'd', "DELETE FROM ledger WHERE seq = ?1" },
	{ 't', "UPDATE ledger SET entry = ?2 WHERE seq = ?1" },
	{ 'h', "UPDATE ledger SET hash = ?2 WHERE seq = ?1" },
	{ 'q', "UPDATE ledger SET seq = ?2 WHERE seq = ?1" },
};

struct value {
	const char *text;
	size_t length;
};

static char directory[64], path[96];
static uint8_t *template; /* the file of an empty store */
static size_t template_size;

static void remove_files(void)
{
	static const char *const names[] = { "regiongate.db", "regiongate.db-wal", "regiongate.db-shm",
					     "regiongate.db-journal", "lock" };
	char name[128];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(name, sizeof(name), "%s/%s", directory, names[i]);
		unlink(name);
	}
}

static void remove_directory(void)
{
	remove_files();
	rmdir(directory);
	free(template);
}

static void read_template(void)
{
	struct rg_store *store = NULL;
	int fd;

	if (rg_store_open(directory, &store, NULL))
		abort();
	rg_store_close(store);
	fd = open(path, O_RDONLY);
	template_size = (size_t)lseek(fd, 0, SEEK_END);
	template = malloc(template_size);
	if (!template || pread(fd, template, template_size, 0) != (ssize_t)template_size)
		abort();
	close(fd);
}

const char *rows_directory(void)
{
	if (*directory)
		return directory;
	snprintf(directory, sizeof(directory), "%s/rg-fuzz-rows-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(directory))
		abort();
	snprintf(path, sizeof(path), "%s/regiongate.db", directory);
	atexit(remove_directory);
	read_template();
	return directory;
}

static sqlite3 *open_file(void)
{
	sqlite3 *db;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		abort();
	return db;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		abort();
	return stmt;
}

static void run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		abort();
}

/* Returns how many there are. */
static size_t split(const char *line, size_t length, struct value values[VALUES_MAX])
{
	const char *end = line + length;
	size_t n = 0;

	while (n < VALUES_MAX) {
		const char *tab = memchr(line, '\t', (size_t)(end - line));

		values[n++] = (struct value){ line, (size_t)((tab ? tab : end) - line) };
		if (!tab)
			break;
		line = tab + 1;
	}
	return n;
}

static void bind(sqlite3_stmt *stmt, int i, const struct value *value, const struct value *last)
{
	unsigned char hash[RG_SHA256_SIZE];
	char number[24];

	switch (value->length ? *value->text : 0) {
	case '#':
		snprintf(number, sizeof(number), "%.*s", (int)value->length - 1, value->text + 1);
		sqlite3_bind_int64(stmt, i, strtoll(number, NULL, 10));
		break;
	case '%':
		sqlite3_bind_blob(stmt, i, value->text + 1, (int)value->length - 1, SQLITE_TRANSIENT);
		break;
	case '~':
		break;
	case '=':
		rg_sha256(last->text, last->length, hash);
		sqlite3_bind_blob(stmt, i, hash, sizeof(hash), SQLITE_TRANSIENT);
		break;
	default:
		sqlite3_bind_text(stmt, i, value->text, (int)value->length, SQLITE_TRANSIENT);
	}
}

static void append_entry(sqlite3 *db, const struct value *values, uint64_t seq, unsigned char hash[RG_SHA256_SIZE])
{
	sqlite3_stmt *stmt = prepare(db, "INSERT INTO ledger (seq, reported, hash, entry) VALUES (?1, ?2, ?3, ?4)");
	char *kind = strndup(values[0].text, values[0].length), *subject = strndup(values[1].text, values[1].length);
	char *detail = strndup(values[2].text, values[2].length), previous[RG_SHA256_TEXT], *text;
	const struct rg_ledger_entry entry = {
		.seq = seq, .at_ms = 1591272000250 + (int64_t)seq * 1000,
		.kind = rg_ledger_kind_parse(kind) % RG_LEDGER_KIND_MAX, .subject = subject,
		.who = "{\"gid\":0,\"pid\":1,\"uid\":0}", .detail = detail, .previous = rg_sha256_format(hash, previous),
	};
	json_t *json = json_loads(detail, 0, NULL);

	text = rg_ledger_entry_text(&entry);
	if (text) { /* else the subject is not UTF-8 */
		rg_sha256(text, strlen(text), hash);
		sqlite3_bind_int64(stmt, 1, (sqlite3_int64)seq);
		sqlite3_bind_int(stmt, 2, rg_ledger_reported(entry.kind, json));
		sqlite3_bind_blob(stmt, 3, hash, RG_SHA256_SIZE, SQLITE_TRANSIENT);
		sqlite3_bind_text(stmt, 4, text, -1, SQLITE_TRANSIENT);
		sqlite3_step(stmt);
	}
	sqlite3_finalize(stmt);
	json_decref(json);
	free(kind);
	free(subject);
	free(detail);
	free(text);
}

static void write_line(sqlite3 *db, char letter, const struct value *values, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		sqlite3_stmt *stmt;

		if (kinds[i].letter != letter)
			continue;
		stmt = prepare(db, kinds[i].sql);
		for (size_t v = 0; v < n; v++)
			bind(stmt, (int)v + 1, &values[v], &values[n - 1]);
		sqlite3_step(stmt); /* what breaks a rule of the table is not written */
		sqlite3_finalize(stmt);
	}
}

static void write_lines(sqlite3 *db, const char *at, const char *end)
{
	unsigned char hash[RG_SHA256_SIZE] = { 0 };
	uint64_t seq = 0;

	for (int i = 0; i < LINES_MAX && at < end; i++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((stop ? stop : end) - at);
		struct value values[VALUES_MAX] = { { 0 } };
		size_t n = length > 2 ? split(at + 2, length - 2, values) : 0;

		if (*at == 'L' && n >= 3)
			append_entry(db, values, ++seq, hash);
		else if (n)
			write_line(db, *at, values, n);
		at += length + 1;
	}
}

void rows_write(const uint8_t *data, size_t size)
{
	sqlite3 *db;
	int fd;

	remove_files();
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, template, template_size) != (ssize_t)template_size || close(fd))
		abort();
	db = open_file();
	run(db, "PRAGMA synchronous = OFF; DROP TRIGGER ledger_stays; DROP TRIGGER ledger_keeps; BEGIN");
	write_lines(db, (const char *)data, (const char *)data + size);
	run(db, "COMMIT");
	sqlite3_close(db);
}

/* Is this the entry that must come next? @hash: of the one before; then of this one. */
static bool links(const char *text, size_t length, uint64_t seq, unsigned char hash[RG_SHA256_SIZE])
{
	json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	const char *previous = json_string_value(json_object_get(json, "previous"));
	unsigned char said[RG_SHA256_SIZE];
	bool ok = previous && !rg_sha256_parse(previous, said) && !memcmp(said, hash, sizeof(said)) &&
		  json_integer_value(json_object_get(json, "seq")) == (json_int_t)seq;

	json_decref(json);
	rg_sha256(text, length, hash);
	return ok;
}

static void read_row(sqlite3_stmt *rows, struct rows_ledger *ledger, unsigned char hash[RG_SHA256_SIZE])
{
	const char *text = (const char *)sqlite3_column_text(rows, 3);
	size_t length = (size_t)sqlite3_column_bytes(rows, 3);
	const void *said = sqlite3_column_blob(rows, 2);
	json_t *json = json_loadb(text ? text : "", length, 0, NULL);

	ledger->last = sqlite3_column_int64(rows, 0);
	ledger->json &= json != NULL;
	json_decref(json);
	ledger->n++;
	ledger->reported += sqlite3_column_int(rows, 1) != 0;
	ledger->whole &= links(text ? text : "", length, ledger->n, hash) && ledger->last == (int64_t)ledger->n &&
			 sqlite3_column_bytes(rows, 2) == RG_SHA256_SIZE && !memcmp(said, hash, RG_SHA256_SIZE);
}

/* Rows with numbers below 1 can not be read; without others, the last of them is what the next is chained to. */
static void read_below(sqlite3 *db, struct rows_ledger *ledger)
{
	static const unsigned char none[RG_SHA256_SIZE];
	sqlite3_stmt *rows = prepare(db, "SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1");

	if (sqlite3_step(rows) == SQLITE_ROW) {
		ledger->last = sqlite3_column_int64(rows, 0);
		ledger->whole = !ledger->last && (sqlite3_column_bytes(rows, 1) != RG_SHA256_SIZE ||
						  !memcmp(sqlite3_column_blob(rows, 1), none, sizeof(none)));
	}
	sqlite3_finalize(rows);
}

struct rows_ledger rows_ledger(void)
{
	struct rows_ledger ledger = { .json = true, .whole = true };
	unsigned char hash[RG_SHA256_SIZE] = { 0 };
	sqlite3 *db = open_file();
	sqlite3_stmt *rows = prepare(db, "SELECT seq, CASE WHEN reported THEN 1 ELSE 0 END, hash, entry"
				    " FROM ledger WHERE seq > 0 ORDER BY seq");

	while (sqlite3_step(rows) == SQLITE_ROW)
		read_row(rows, &ledger, hash);
	sqlite3_finalize(rows);
	if (!ledger.n)
		read_below(db, &ledger);
	sqlite3_close(db);
	return ledger;
}

void rows_append(uint64_t seq)
{
	sqlite3 *db = open_file();
	char *sql = sqlite3_mprintf("INSERT INTO ledger (seq, reported, hash, entry) VALUES (%lld, 0, zeroblob(32), 'x')",
				    (long long)seq);

	run(db, sql);
	sqlite3_free(sql);
	sqlite3_close(db);
}
