/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A text that is put together from pieces, where printf's time counts: each entry of the ledger and each
 * event of a batch is one. */
#ifndef RG_TEXT_H
#define RG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begin with { 0 }. That memory ran out is remembered, and said by rg_text_take(). */
struct rg_text {
	char *at;
	size_t length, room;
	bool failed;
};

void rg_text_put(struct rg_text *text, const char *piece);
void rg_text_put_n(struct rg_text *text, const char *piece, size_t length);
void rg_text_number(struct rg_text *text, uint64_t number);
/** The text, owned by the caller; NULL if memory was out. @text is empty again. */
char *rg_text_take(struct rg_text *text);
void rg_text_clear(struct rg_text *text);

/** Decimal digits without a NUL. Returns their end. */
char *rg_digits(char *to, uint64_t number);
#define RG_DIGITS_MAX 20

#endif
