/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "geo/map64.h"

#include <errno.h>
#include <stdlib.h>

#define MAP64_SIZE_MIN 64

/* The slot of @key, or the empty slot where it belongs. */
static struct rg_map64_slot *slot_of(struct rg_map64_slot *slots, size_t size, uint64_t key)
{
	uint64_t hash = (key ^ key >> 31) * 0x9e3779b97f4a7c15ull;
	size_t i = (size_t)(hash >> 20) & (size - 1);

	while (slots[i].used && slots[i].key != key)
		i = (i + 1) & (size - 1);
	return &slots[i];
}

bool rg_map64_get(const struct rg_map64 *map, uint64_t key, uint32_t *ret)
{
	const struct rg_map64_slot *slot;

	if (!map->size)
		return false;
	slot = slot_of(map->slots, map->size, key);
	if (slot->used)
		*ret = slot->value;
	return slot->used;
}

static int grow(struct rg_map64 *map)
{
	size_t size = map->size ? map->size * 2 : MAP64_SIZE_MIN;
	struct rg_map64_slot *slots = calloc(size, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < map->size; i++)
		if (map->slots[i].used)
			*slot_of(slots, size, map->slots[i].key) = map->slots[i];
	free(map->slots);
	map->slots = slots;
	map->size = size;
	return 0;
}

int rg_map64_put(struct rg_map64 *map, uint64_t key, uint32_t value)
{
	if (map->n * 2 >= map->size && grow(map))
		return -ENOMEM;
	*slot_of(map->slots, map->size, key) =
		(struct rg_map64_slot){ .key = key, .value = value, .used = 1 };
	map->n++;
	return 0;
}

void rg_map64_clear(struct rg_map64 *map)
{
	free(map->slots);
	*map = (struct rg_map64){ 0 };
}
