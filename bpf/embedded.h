/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RG_BPF_EMBEDDED_H
#define RG_BPF_EMBEDDED_H

/* The IPv4 address inside an IPv6 one, by which it is looked up: IPv4-mapped,
 * 6to4 (RFC 3056), NAT64 (RFC 6052), Teredo (RFC 4380, the client's, inverted).
 * Mirrors rg_addr_embedded_v4(). */
static __always_inline int rg_embedded_v4(__u64 hi, __u64 lo, __u32 *ret)
{
	if (hi == 0 && lo >> 32 == 0xffff)
		*ret = (__u32)lo;
	else if (hi >> 48 == 0x2002)
		*ret = (__u32)(hi >> 16);
	else if (hi == 0x0064ff9b00000000ull && !(lo >> 32))
		*ret = (__u32)lo;
	else if (hi >> 32 == 0x20010000)
		*ret = ~(__u32)lo;
	else
		return 0;
	return 1;
}

#endif
