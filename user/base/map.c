/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct slot {
	const void *key; /* NULL: empty */
	void *value;
	uint32_t length, hash;
};

struct rg_map {
	struct slot *slots;
	size_t n_slots; /* a power of two */
	size_t count;   /* at most half of n_slots */
};

#define SLOTS_MIN 16

struct rg_map *rg_map_new(void)
{
	struct rg_map *map = calloc(1, sizeof(*map));

	if (map && rg_map_reserve(map, 1)) {
		free(map);
		return NULL;
	}
	return map;
}

void rg_map_free(struct rg_map *map)
{
	if (!map)
		return;
	free(map->slots);
	free(map);
}

size_t rg_map_count(const struct rg_map *map)
{
	return map->count;
}

/* FNV-1a, then the finishing steps of MurmurHash3, which spread it to the low bits. */
static uint32_t hash_bytes(const void *key, size_t length)
{
	const unsigned char *p = key;
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < length; i++)
		h = (h ^ p[i]) * 16777619u;
	h = (h ^ h >> 16) * 0x85ebca6bu;
	h = (h ^ h >> 13) * 0xc2b2ae35u;
	return h ^ h >> 16;
}

/* The slot of a key, or the empty slot where it would be. */
static size_t slot_find(const struct rg_map *map, const void *key, size_t length, uint32_t hash)
{
	size_t i = hash & (map->n_slots - 1);

	for (; map->slots[i].key; i = (i + 1) & (map->n_slots - 1)) {
		const struct slot *slot = &map->slots[i];

		if (slot->hash == hash && slot->length == length && !memcmp(slot->key, key, length))
			break;
	}
	return i;
}

void *rg_map_get(const struct rg_map *map, const void *key, size_t length)
{
	const struct slot *slot = &map->slots[slot_find(map, key, length, hash_bytes(key, length))];

	return slot->key ? slot->value : NULL;
}

static void slot_add(struct rg_map *map, const struct slot *slot)
{
	size_t i = slot->hash & (map->n_slots - 1);

	while (map->slots[i].key)
		i = (i + 1) & (map->n_slots - 1);
	map->slots[i] = *slot;
}

int rg_map_reserve(struct rg_map *map, size_t more)
{
	struct rg_map larger = { .n_slots = map->n_slots ? map->n_slots : SLOTS_MIN };

	while (larger.n_slots < (map->count + more) * 2)
		larger.n_slots *= 2;
	if (larger.n_slots == map->n_slots)
		return 0;
	larger.slots = calloc(larger.n_slots, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < map->n_slots; i++)
		if (map->slots[i].key)
			slot_add(&larger, &map->slots[i]);
	free(map->slots);
	map->slots = larger.slots;
	map->n_slots = larger.n_slots;
	return 0;
}

void rg_map_put(struct rg_map *map, const void *key, size_t length, void *value)
{
	struct slot slot = {
		.key = key,
		.value = value,
		.length = (uint32_t)length,
		.hash = hash_bytes(key, length),
	};

	slot_add(map, &slot);
	map->count++;
}

void *rg_map_remove(struct rg_map *map, const void *key, size_t length)
{
	size_t mask = map->n_slots - 1;
	size_t hole = slot_find(map, key, length, hash_bytes(key, length));
	void *value = map->slots[hole].value;

	if (!map->slots[hole].key)
		return NULL;
	/* Close the hole with later slots of the same run that may stand there. */
	for (size_t i = (hole + 1) & mask; map->slots[i].key; i = (i + 1) & mask) {
		size_t home = map->slots[i].hash & mask;

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		map->slots[hole] = map->slots[i];
		hole = i;
	}
	map->slots[hole] = (struct slot){ 0 };
	map->count--;
	return value;
}
