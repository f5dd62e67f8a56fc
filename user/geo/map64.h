/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A hash map from 64-bit keys to 32-bit values that only grows. */
#ifndef RG_MAP64_H
#define RG_MAP64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rg_map64_slot {
	uint64_t key;
	uint32_t value;
	uint32_t used;
};
/* Zero-initialised is empty. */
struct rg_map64 {
	struct rg_map64_slot *slots;
	size_t n, size; /* size: a power of two, or 0 */
};

bool rg_map64_get(const struct rg_map64 *map, uint64_t key, uint32_t *ret);
/** Put a key that is not there yet. 0 or -ENOMEM (nothing changed). */
int rg_map64_put(struct rg_map64 *map, uint64_t key, uint32_t value);
/** Release the memory; the map is empty afterwards. */
void rg_map64_clear(struct rg_map64 *map);

#endif
