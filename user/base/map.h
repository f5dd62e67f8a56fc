/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Byte string -> pointer (open addressing). The map does not copy keys: a key
 * lives in its value, as long as it is in the map. */
#ifndef RG_MAP_H
#define RG_MAP_H

#include <stddef.h>

struct rg_map;

/** NULL if memory is out. */
struct rg_map *rg_map_new(void);
/** Frees the map, not the values. NULL is fine. */
void rg_map_free(struct rg_map *map);
size_t rg_map_count(const struct rg_map *map);

/** The value of a key, or NULL. */
void *rg_map_get(const struct rg_map *map, const void *key, size_t length);
/** Make room for @more further keys, so that as many rg_map_put() calls can not
 *  fail. 0 or -ENOMEM (the map is as it was). */
int rg_map_reserve(struct rg_map *map, size_t more);
/** Add a key that is not there yet. Room must have been reserved. */
void rg_map_put(struct rg_map *map, const void *key, size_t length, void *value);
/** Take a key out; returns its value, or NULL. */
void *rg_map_remove(struct rg_map *map, const void *key, size_t length);

#endif
