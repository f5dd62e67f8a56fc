/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses and networks as text and as bytes.
 *
 * struct rg_addr (rg_abi.h) holds both families: IPv4 as ::ffff:a.b.c.d. All
 * text forms of one address parse to the same bytes (::ffff:192.0.2.1 is 192.0.2.1).
 */
#ifndef RG_IP_H
#define RG_IP_H

#include <stdbool.h>
#include <stddef.h>
#include "rg_abi.h"

#define RG_ADDR_TEXT_MAX 46 /* with NUL */
#define RG_NET_TEXT_MAX  50

struct rg_net {
	struct rg_addr address; /* host bits zero */
	unsigned int length;    /* 0..128 in the 128-bit form: an IPv4 /24 is 96 + 24 */
};

/** Parse an address. Returns 0 or -EINVAL. No names, no zone ids, no leading zeros. */
int rg_addr_parse(const char *text, struct rg_addr *ret);
/** Parse "address/len" or "address" (a host). -EINVAL; -EDOM if host bits are set. */
int rg_net_parse(const char *text, struct rg_net *ret);

/** Text as RFC 5952 (IPv4 dotted). Returns @buf. */
const char *rg_addr_format(const struct rg_addr *addr, char buf[RG_ADDR_TEXT_MAX]);
const char *rg_net_format(const struct rg_net *net, char buf[RG_NET_TEXT_MAX]);

bool rg_addr_is_v4(const struct rg_addr *addr);
bool rg_addr_is_any(const struct rg_addr *addr); /* all zero: "any" */
/* Of local addresses: the same, or one of them is "any", which stands for all. */
bool rg_addr_overlap(const struct rg_addr *a, const struct rg_addr *b);
__u32 rg_addr_v4(const struct rg_addr *addr);    /* host order; of a v4 address */
void rg_addr_from_v4(__u32 host_order, struct rg_addr *ret);
__u64 rg_addr_hi(const struct rg_addr *addr);    /* host order halves */
__u64 rg_addr_lo(const struct rg_addr *addr);
void rg_addr_from_halves(__u64 hi, __u64 lo, struct rg_addr *ret);
int rg_addr_cmp(const struct rg_addr *a, const struct rg_addr *b);

/** The IPv4 address inside a 6to4 (2002::/16, RFC 3056), NAT64 (64:ff9b::/96, RFC 6052)
 *  or Teredo address (2001::/32, RFC 4380: the client's, bits inverted), by which it is
 *  looked up. Returns false if there is none. Mirrors bpf/region.h. */
bool rg_addr_embedded_v4(const struct rg_addr *addr, struct rg_addr *ret);

/** First and last address of a network. */
void rg_net_bounds(const struct rg_net *net, struct rg_addr *ret_first, struct rg_addr *ret_last);

#endif
