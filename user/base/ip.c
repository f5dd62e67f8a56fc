/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/ip.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"

static const __u8 v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

int rg_addr_parse(const char *text, struct rg_addr *ret)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		rg_addr_from_v4(ntohl(v4.s_addr), ret);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &v6) == 1) {
		memcpy(ret->bytes, &v6, 16);
		return 0;
	}
	return -EINVAL;
}

static void mask_halves(unsigned int length, __u64 *hi, __u64 *lo)
{
	*hi = length == 0 ? 0 : length >= 64 ? ~0ull : ~0ull << (64 - length);
	*lo = length <= 64 ? 0 : length >= 128 ? ~0ull : ~0ull << (128 - length);
}

int rg_net_parse(const char *text, struct rg_net *ret)
{
	char buf[RG_NET_TEXT_MAX];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	struct rg_net net;
	__u64 hi, lo;
	bool dotted;

	if (n >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, text, n);
	buf[n] = '\0';
	if (rg_addr_parse(buf, &net.address))
		return -EINVAL;
	dotted = !strchr(buf, ':');
	net.length = 128;
	if (slash) {
		unsigned int length = 0, most = dotted ? 32 : 128;
		const char *p = slash + 1;

		if (!*p || strlen(p) > 3 || (p[0] == '0' && p[1]))
			return -EINVAL;
		for (; *p; p++) {
			if (*p < '0' || *p > '9')
				return -EINVAL;
			length = length * 10 + (unsigned int)(*p - '0');
		}
		if (length > most)
			return -EINVAL;
		net.length = dotted ? length + 96 : length;
	}
	mask_halves(net.length, &hi, &lo);
	if ((rg_addr_hi(&net.address) & ~hi) || (rg_addr_lo(&net.address) & ~lo))
		return -EDOM;
	*ret = net;
	return 0;
}

/* Called for every endpoint of a batch: without the printf of inet_ntop(). */
static void format_v4(const __u8 bytes[4], char *to)
{
	for (int i = 0; i < 4; i++) {
		to = rg_digits(to, bytes[i]);
		*to++ = i < 3 ? '.' : '\0';
	}
}

const char *rg_addr_format(const struct rg_addr *addr, char buf[RG_ADDR_TEXT_MAX])
{
	if (rg_addr_is_v4(addr))
		format_v4(addr->bytes + 12, buf);
	else
		inet_ntop(AF_INET6, addr->bytes, buf, RG_ADDR_TEXT_MAX);
	return buf;
}

const char *rg_net_format(const struct rg_net *net, char buf[RG_NET_TEXT_MAX])
{
	bool v4 = rg_addr_is_v4(&net->address) && net->length >= 96;
	size_t n;

	if (v4)
		inet_ntop(AF_INET, net->address.bytes + 12, buf, RG_ADDR_TEXT_MAX);
	else
		inet_ntop(AF_INET6, net->address.bytes, buf, RG_ADDR_TEXT_MAX);
	n = strlen(buf);
	snprintf(buf + n, RG_NET_TEXT_MAX - n, "/%u", v4 ? net->length - 96 : net->length);
	return buf;
}

bool rg_addr_is_v4(const struct rg_addr *addr)
{
	return !memcmp(addr->bytes, v4_prefix, sizeof(v4_prefix));
}

bool rg_addr_is_any(const struct rg_addr *addr)
{
	return !addr->halves[0] && !addr->halves[1];
}

bool rg_addr_overlap(const struct rg_addr *a, const struct rg_addr *b)
{
	return rg_addr_is_any(a) || rg_addr_is_any(b) || !rg_addr_cmp(a, b);
}

__u32 rg_addr_v4(const struct rg_addr *addr)
{
	return ntohl(addr->words[3]);
}

void rg_addr_from_v4(__u32 host_order, struct rg_addr *ret)
{
	memcpy(ret->bytes, v4_prefix, sizeof(v4_prefix));
	ret->words[3] = htonl(host_order);
}

__u64 rg_addr_hi(const struct rg_addr *addr)
{
	return be64toh(addr->halves[0]);
}

__u64 rg_addr_lo(const struct rg_addr *addr)
{
	return be64toh(addr->halves[1]);
}

void rg_addr_from_halves(__u64 hi, __u64 lo, struct rg_addr *ret)
{
	ret->halves[0] = htobe64(hi);
	ret->halves[1] = htobe64(lo);
}

int rg_addr_cmp(const struct rg_addr *a, const struct rg_addr *b)
{
	return memcmp(a->bytes, b->bytes, 16);
}

bool rg_addr_embedded_v4(const struct rg_addr *addr, struct rg_addr *ret)
{
	__u64 hi = rg_addr_hi(addr), lo = rg_addr_lo(addr);

	if (hi >> 48 == 0x2002)
		rg_addr_from_v4((__u32)(hi >> 16), ret);
	else if (hi == 0x0064ff9b00000000ull && !(lo >> 32))
		rg_addr_from_v4((__u32)lo, ret);
	else if (hi >> 32 == 0x20010000)
		rg_addr_from_v4(~(__u32)lo, ret);
	else
		return false;
	return true;
}

void rg_net_bounds(const struct rg_net *net, struct rg_addr *ret_first, struct rg_addr *ret_last)
{
	__u64 hi, lo;

	mask_halves(net->length, &hi, &lo);
	*ret_first = net->address;
	rg_addr_from_halves(rg_addr_hi(&net->address) | ~hi, rg_addr_lo(&net->address) | ~lo, ret_last);
}
