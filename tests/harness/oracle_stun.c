/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "harness/oracle_stun.h"

#include <string.h>
#include "rg_limits.h"

static size_t number(const uint8_t *at)
{
	return at[0] * 256u + at[1];
}

/* Up to the first colon. */
static void keep_ufrag(const uint8_t *name, size_t n, struct oracle_name *ret)
{
	ret->length = 0;
	while (ret->length < n && name[ret->length] != ':') {
		ret->text[ret->length] = name[ret->length];
		ret->length++;
	}
}

/* The attributes from @at on. @n: bytes that are there, of @whole. @left: how many may still be looked at. */
static enum oracle_stun read_attributes(const uint8_t *message, size_t at, size_t n, size_t whole, int left,
					const uint8_t **name)
{
	size_t length, padded;

	if (at + 4 > n)
		return ORACLE_STUN_NONE;
	if (left == 0)
		return ORACLE_STUN_BEYOND;
	length = number(message + at + 2);
	padded = length % 4 == 0 ? length : length + 4 - length % 4;
	if (number(message + at) == 6) {
		if (*name || length > 513)
			return ORACLE_STUN_MALFORMED;
		*name = message + at;
	}
	if (at + 4 + padded > whole)
		return ORACLE_STUN_MALFORMED;
	return read_attributes(message, at + 4 + padded, n, whole, left - 1, name);
}

static enum oracle_stun read_message(const uint8_t *message, size_t n, size_t whole, struct oracle_name *ret)
{
	static const uint8_t cookie[] = { 0x21, 0x12, 0xa4, 0x42 };
	const uint8_t *name = NULL;
	enum oracle_stun result;

	if (n < 8 || memcmp(message + 4, cookie, 4) != 0)
		return ORACLE_STUN_NONE;
	if (number(message) != 0x0001 && number(message) != 0x0200)
		return ORACLE_STUN_NONE;
	if (number(message + 2) % 4 != 0 || number(message + 2) + 20 != whole)
		return ORACLE_STUN_MALFORMED;
	result = read_attributes(message, 20, n, whole, RG_STUN_ATTRIBUTES_MAX, &name);
	if (result != ORACLE_STUN_NONE || !name)
		return result;
	if (name + 4 + number(name + 2) > message + n)
		return ORACLE_STUN_NONE;
	keep_ufrag(name + 4, number(name + 2), ret);
	return ORACLE_STUN_NAMED;
}

enum oracle_stun oracle_stun(const uint8_t *payload, size_t n, bool tcp, struct oracle_name *ret)
{
	size_t framed;

	if (!tcp)
		return read_message(payload, n, n, ret);
	if (n < 10)
		return ORACLE_STUN_NONE;
	framed = number(payload);
	return read_message(payload + 2, n - 2 < framed ? n - 2 : framed, framed, ret);
}
