/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lpm.h"

#include <arpa/inet.h>

#include <bpf/bpf.h>

#include "bench.h"

typedef unsigned __int128 u128;

static void lpm_add(int fd, const void *key, uint32_t region)
{
	if (bpf_map_update_elem(fd, key, &region, BPF_ANY))
		bench_die("LPM_TRIE update", NULL);
}

size_t bench_prefixes4(const struct rg_geo *geo, bench_prefix4_fn fn, void *arg)
{
	size_t prefixes = 0;

	for (size_t i = 0; i < geo->n4; i++) {
		uint64_t at = geo->v4[i].start, end = geo->v4[i].end;

		while (at <= end) {
			unsigned int bits = at ? (unsigned int)__builtin_ctzll(at) : 32;

			if (bits > 32)
				bits = 32;
			while (at + (1ull << bits) - 1 > end)
				bits--;
			fn(arg, (uint32_t)at, 32 - bits, geo->v4[i].region);
			at += 1ull << bits;
			prefixes++;
		}
	}
	return prefixes;
}

static void add4(void *arg, uint32_t first, unsigned int length, unsigned int region)
{
	struct { uint32_t length; __be32 address; } key = { length, htonl(first) };

	lpm_add(*(int *)arg, &key, region);
}

size_t bench_lpm_fill4(int map_fd, const struct rg_geo *geo)
{
	return bench_prefixes4(geo, add4, &map_fd);
}

/* The number of address bits of the largest aligned block that starts at @at and ends by @end. */
static unsigned int block_bits(u128 at, u128 end)
{
	unsigned int bits = (uint64_t)at ? (unsigned int)__builtin_ctzll((uint64_t)at) :
			    64 + (unsigned int)__builtin_ctzll((uint64_t)(at >> 64) | 1ull << 63);

	while (at + (((u128)1 << bits) - 1) > end || at + (((u128)1 << bits) - 1) < at)
		bits--;
	return bits;
}

size_t bench_lpm_fill6(int map_fd, const struct rg_geo *geo)
{
	size_t prefixes = 0;

	for (size_t i = 0; i < geo->n6; i++) {
		const struct rg_range6 *r = &geo->v6[i];
		u128 at = (u128)r->start_hi << 64 | r->start_lo, end = (u128)r->end_hi << 64 | r->end_lo;

		for (;;) { /* no range spans all addresses */
			unsigned int bits = block_bits(at, end);
			struct { uint32_t length; __be32 address[4]; } key = {
				128 - bits, { htonl((uint32_t)(at >> 96)), htonl((uint32_t)(at >> 64)),
					      htonl((uint32_t)(at >> 32)), htonl((uint32_t)at) }
			};

			lpm_add(map_fd, &key, r->region);
			prefixes++;
			if (at + (((u128)1 << bits) - 1) == end)
				break;
			at += (u128)1 << bits;
		}
	}
	return prefixes;
}
