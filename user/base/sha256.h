/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SHA-256 (FIPS 180-4). sha256.c is the only includer of nettle's headers. */
#ifndef RG_SHA256_H
#define RG_SHA256_H

#include <stddef.h>

#define RG_SHA256_SIZE 32
#define RG_SHA256_TEXT (2 * RG_SHA256_SIZE + 1) /* with NUL */

void rg_sha256(const void *data, size_t length, unsigned char ret[RG_SHA256_SIZE]);
/** As lower case hex digits. Returns @ret. */
const char *rg_sha256_format(const unsigned char hash[RG_SHA256_SIZE], char ret[RG_SHA256_TEXT]);
/** Hex digits of either case, nothing behind them. 0 or -EINVAL. */
int rg_sha256_parse(const char *text, unsigned char ret[RG_SHA256_SIZE]);

#endif
