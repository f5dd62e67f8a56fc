/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Build STUN messages for tests, attribute after attribute. */
#ifndef RG_TEST_STUN_MESSAGE_H
#define RG_TEST_STUN_MESSAGE_H

#include <stdint.h>
#include <string.h>

struct stun {
	size_t length;
	uint8_t data[2048];
};

static inline void stun_number(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void stun_begin(struct stun *s, uint16_t type)
{
	memset(s, 0, sizeof(*s));
	stun_number(s->data, type);
	memcpy(s->data + 4, "\x21\x12\xa4\x42transaction1", 16);
	s->length = 20;
}

static inline void stun_attribute(struct stun *s, uint16_t type, const void *value, size_t n)
{
	stun_number(s->data + s->length, type);
	stun_number(s->data + s->length + 2, n);
	memcpy(s->data + s->length + 4, value, n);
	s->length += 4 + (n + 3) / 4 * 4;
	stun_number(s->data + 2, s->length - 20);
}

static inline void stun_username(struct stun *s, const char *name)
{
	stun_attribute(s, 0x0006, name, strlen(name));
}

/** As Chromium 156 sends it. */
static inline void stun_chromium(struct stun *s, const char *name)
{
	static const uint8_t bytes[20];

	stun_begin(s, 0x0001);
	stun_username(s, name);
	stun_attribute(s, 0xc057, bytes, 4);
	stun_attribute(s, 0x802a, bytes, 8);
	stun_attribute(s, 0x0025, bytes, 0);
	stun_attribute(s, 0x0024, bytes, 4);
	stun_attribute(s, 0x0008, bytes, 20);
	stun_attribute(s, 0x8028, bytes, 4);
}

/** As libnice sends it: other attributes before the name. */
static inline void stun_libnice(struct stun *s, const char *name)
{
	static const uint8_t bytes[20];

	stun_begin(s, 0x0001);
	stun_attribute(s, 0x8022, bytes, 4);
	stun_attribute(s, 0x0024, bytes, 4);
	stun_attribute(s, 0x802a, bytes, 8);
	stun_username(s, name);
	stun_attribute(s, 0x0008, bytes, 20);
	stun_attribute(s, 0x8028, bytes, 4);
}

/** Put an RFC 4571 length in front. */
static inline void stun_frame(struct stun *s)
{
	memmove(s->data + 2, s->data, s->length);
	stun_number(s->data, s->length);
	s->length += 2;
}

#endif
