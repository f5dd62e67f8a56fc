/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* splitmix64: good enough, and any (seed, number) is a fresh stream. */
#ifndef RG_EVADE_RANDOM_H
#define RG_EVADE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct rnd { uint64_t state; };

static inline uint64_t rnd_next(struct rnd *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static inline uint32_t rnd_below(struct rnd *r, uint32_t n)
{
	return (uint32_t)((rnd_next(r) >> 32) * n >> 32);
}

static inline bool rnd_one_in(struct rnd *r, uint32_t n)
{
	return !rnd_below(r, n);
}

static inline struct rnd rnd_of(uint64_t seed, uint64_t number)
{
	struct rnd r = { seed * 0xd1342543de82ef95ull + number };

	rnd_next(&r);
	return r;
}

#endif
