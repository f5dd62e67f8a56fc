/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "evade/request.h"

#include <netinet/in.h>
#include <string.h>
#include "harness/packet.h"

#define HEADER 20
#define USERNAME 6
static const uint8_t cookie[4] = { 0x21, 0x12, 0xa4, 0x42 };

struct message { uint8_t data[REQUEST_MAX]; size_t n; };

static void add(struct message *m, uint16_t type, const char *text, size_t n, bool padded)
{
	pkt_put16(m->data + m->n, type);
	pkt_put16(m->data + m->n + 2, n);
	memcpy(m->data + m->n + 4, text, n);
	m->n += 4 + (padded ? (n + 3) & ~(size_t)3 : n);
}

static void add_attributes(struct message *m, const char *name, enum plan_odd odd)
{
	static const char filler[8] = "\1\2\3\4\5\6\7\10";

	for (unsigned int i = odd == ODD_MANY ? 70 : odd == ODD_NAME_LAST ? 5 : 0; i; i--)
		add(m, 0x8022, filler, odd == ODD_MANY ? 0 : i, true);
	if (odd == ODD_NAME_TWICE)
		add(m, USERNAME, UFRAG_OPEN ":abc", 8, true);
	add(m, USERNAME, name, odd == ODD_NO_COLON ? 4 : strlen(name), odd != ODD_NO_PADDING);
	if (odd != ODD_NAME_LAST)
		add(m, 0x0024, filler, 4, true);
}

size_t build_request(const struct plan *plan, enum plan_name name, enum plan_odd odd, uint32_t id, uint8_t *to)
{
	static const char *const names[NAME_MAX] = { "", UFRAG_GUARDED ":wxy", UFRAG_OPEN ":wxyz1", "nobody:wxyz" };
	size_t framed = plan->protocol == IPPROTO_TCP ? 2 : 0, length;
	struct message m = { .n = framed + HEADER };
	uint8_t *head = m.data + framed;

	add_attributes(&m, names[name], odd);
	length = m.n - framed - HEADER;
	pkt_put16(head, odd == ODD_INDICATION ? 0x11 : 1);
	pkt_put16(head + 2, odd == ODD_SHORT_LENGTH ? length - 4 : odd == ODD_LONG_LENGTH ? length + 4 : length);
	memcpy(head + 4, cookie, 4);
	memcpy(head + 8, &id, 4);
	m.n += odd == ODD_TRAILING ? 4 : 0;
	if (framed)
		pkt_put16(m.data, m.n - framed);
	if (to)
		memcpy(to, m.data, m.n);
	return m.n;
}

bool request_names_guarded(const uint8_t *data, size_t n, bool goes_on, uint32_t *ret_id)
{
	size_t end, size;

	if (n < HEADER || memcmp(data + 4, cookie, 4))
		return false;
	memcpy(ret_id, data + 8, 4);
	end = HEADER + (size_t)(data[2] << 8 | data[3]);
	if (data[0] || data[1] != 1)
		return false;
	if (end > n)
		end = n;
	for (size_t at = HEADER; at + 4 <= end; at += 4 + ((size + 3) & ~(size_t)3)) {
		size = (size_t)(data[at + 2] << 8 | data[at + 3]);
		if (goes_on && at + 4 + size > n)
			return false;
		if (data[at] == 0 && data[at + 1] == USERNAME && at + 9 <= end && !memcmp(data + at + 4, UFRAG_GUARDED ":", 5))
			return true;
	}
	return false;
}
