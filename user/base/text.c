/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 256

/* Room for a piece and a NUL. */
static bool reserve(struct rg_text *text, size_t length)
{
	size_t room = text->room ? text->room : ROOM_MIN;
	char *larger;

	if (text->failed)
		return false;
	if (text->length + length < text->room)
		return true;
	while (room <= text->length + length)
		room *= 2;
	larger = realloc(text->at, room);
	if (!larger) {
		text->failed = true;
		return false;
	}
	text->at = larger;
	text->room = room;
	return true;
}

void rg_text_put_n(struct rg_text *text, const char *piece, size_t length)
{
	if (!reserve(text, length))
		return;
	memcpy(text->at + text->length, piece, length);
	text->length += length;
}

void rg_text_put(struct rg_text *text, const char *piece)
{
	rg_text_put_n(text, piece, strlen(piece));
}

char *rg_digits(char *to, uint64_t number)
{
	char digits[RG_DIGITS_MAX];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + number % 10);
	while (number /= 10);
	while (n)
		*to++ = digits[--n];
	return to;
}

void rg_text_number(struct rg_text *text, uint64_t number)
{
	char digits[RG_DIGITS_MAX];

	rg_text_put_n(text, digits, (size_t)(rg_digits(digits, number) - digits));
}

char *rg_text_take(struct rg_text *text)
{
	char *taken = NULL;

	if (reserve(text, 0)) {
		text->at[text->length] = '\0';
		taken = text->at;
		text->at = NULL;
	}
	rg_text_clear(text);
	return taken;
}

void rg_text_clear(struct rg_text *text)
{
	free(text->at);
	*text = (struct rg_text){ 0 };
}
