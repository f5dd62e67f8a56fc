/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/utf8.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* How many bytes the character has that begins with @lead; 0: none does. */
static size_t length_by(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

static bool continues(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* Overlong forms, surrogates, and what is beyond U+10FFFF, are told by the second byte. */
static bool second_ok(unsigned char lead, unsigned char second)
{
	switch (lead) {
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second < 0xa0;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second < 0x90;
	default:
		return true;
	}
}

void rg_utf8_mend(char *text)
{
	char *to = text;

	while (*text) {
		const unsigned char *at = (const unsigned char *)text;
		size_t wanted = length_by(*at), n = 1;

		while (n < wanted && continues(at[n]) && (n > 1 || second_ok(at[0], at[1])))
			n++;
		if (n == wanted) {
			memmove(to, text, n);
			to += n;
		} else if (!wanted || at[n]) {
			*to++ = '?';
		}
		text += n;
	}
	*to = '\0';
}
