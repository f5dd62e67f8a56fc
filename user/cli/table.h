/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tables for people: columns as wide as their widest cell. Pure. */
#ifndef RG_CLI_TABLE_H
#define RG_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "base/cleanup.h"

struct rg_table;

struct rg_table_column {
	const char *title; /* "" for all columns: no title line */
	bool right;        /* numbers are aligned to the right */
};

/** @columns must outlive the table. NULL if memory is out. */
struct rg_table *rg_table_new(const struct rg_table_column *columns, size_t n_columns);
void rg_table_free(struct rg_table *table);
RG_DEFINE_CLEANUP(struct rg_table *, rg_table_free);

/** Add a row of @n_columns copied texts; NULL is "-". -ENOMEM is remembered for rg_table_print.
 *  Accepts a NULL table (then rg_table_print says that memory is out). */
void rg_table_row(struct rg_table *table, const char *const *cells);
#define RG_TABLE_ROW(table, ...) \
	rg_table_row(table, (const char *const[]){ __VA_ARGS__ })

/** Write all rows. Returns 0, or -ENOMEM if a row was lost (nothing is written then). */
int rg_table_print(const struct rg_table *table, FILE *out);

/** Write text with control characters as '?', so that no answer can steer a terminal. */
void rg_table_text(FILE *out, const char *text);

/** Formatted text, owned by the caller; NULL if memory is out. */
char *rg_text_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** "1.5 MiB" of bytes; "2d 3h" of seconds. Return @buf. */
const char *rg_table_bytes(unsigned long long bytes, char buf[32]);
const char *rg_table_seconds(unsigned long long seconds, char buf[32]);

#endif
