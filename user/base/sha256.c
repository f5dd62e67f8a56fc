/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/sha256.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <string.h>

_Static_assert(RG_SHA256_SIZE == SHA256_DIGEST_SIZE, "one size");

void rg_sha256(const void *data, size_t length, unsigned char ret[RG_SHA256_SIZE])
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, length, data);
	sha256_digest(&context, RG_SHA256_SIZE, ret);
}

const char *rg_sha256_format(const unsigned char hash[RG_SHA256_SIZE], char ret[RG_SHA256_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < RG_SHA256_SIZE; i++) {
		ret[2 * i] = digits[hash[i] >> 4];
		ret[2 * i + 1] = digits[hash[i] & 15];
	}
	ret[RG_SHA256_TEXT - 1] = '\0';
	return ret;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int rg_sha256_parse(const char *text, unsigned char ret[RG_SHA256_SIZE])
{
	unsigned char hash[RG_SHA256_SIZE];

	if (strlen(text) != RG_SHA256_TEXT - 1)
		return -EINVAL;
	for (size_t i = 0; i < RG_SHA256_SIZE; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		hash[i] = (unsigned char)(high << 4 | low);
	}
	memcpy(ret, hash, sizeof(hash));
	return 0;
}
