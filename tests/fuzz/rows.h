/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A store's file out of lines of text, one row each, as somebody with sqlite3 could have written it:
 *
 *   m <TAB> m-1 <TAB> #1 <TAB> #5 <TAB> {"id":"m-1", ...}
 *
 * First a letter for what is done (rows.c has them all), then values: "#" an integer, "%" a blob, "~" NULL, "="
 * the SHA-256 of the last value, else a text. "L <TAB> kind <TAB> subject <TAB> detail" appends a sound entry to
 * the ledger. What the tables do not take is left out.
 *
 * And what the ledger of such a file is, worked out here on its own. */
#ifndef RG_FUZZ_ROWS_H
#define RG_FUZZ_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rows_ledger {
	uint64_t n, reported; /* entries that can be read */
	int64_t last;         /* the largest number of a row; 0: there is none */
	bool json;            /* all entries are */
	bool whole;           /* it is an unbroken chain, and the table says the same beside it */
};

/** Where the file lies: a directory in memory, if there is one, that goes when the program ends. */
const char *rows_directory(void);
/** Make the file anew: an empty store with these rows. */
void rows_write(const uint8_t *data, size_t size);
struct rows_ledger rows_ledger(void);
/** Somebody else appends a row to the ledger, while the daemon has the file open. */
void rows_append(uint64_t seq);

#endif
