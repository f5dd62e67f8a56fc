/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Texts of others on terminals and in logs. */
#ifndef RG_STEER_H
#define RG_STEER_H

#include <stddef.h>

/** How many bytes at @text are a character that steers a terminal, or ends a line of a log: C0, DEL,
 *  and C1 (U+0080..U+009F) in UTF-8. 0: none. */
static inline size_t rg_text_steers(const char *text)
{
	unsigned char c = (unsigned char)*text, next = c ? (unsigned char)text[1] : 0;

	if (c == 0xc2 && next >= 0x80 && next < 0xa0)
		return 2;
	return (c && c < 0x20) || c == 0x7f;
}

#endif
