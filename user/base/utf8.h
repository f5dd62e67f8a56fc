/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Texts of others that may be cut anywhere, or be no UTF-8 at all. */
#ifndef RG_UTF8_H
#define RG_UTF8_H

/** Make a text fit for JSON and for terminals, in place: a character that the text's end cuts is taken
 *  off; in its middle, what is no whole character (RFC 3629) becomes one '?'. */
void rg_utf8_mend(char *text);

#endif
