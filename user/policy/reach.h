/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which region classes does a named region hold? Pure.
 *
 * Policies name the same few regions over and over, so the answer is kept as a
 * bitmap for each name.
 */
#ifndef RG_REACH_H
#define RG_REACH_H

#include <stdbool.h>
#include <stdint.h>
#include "geo/geo.h"

#define RG_REACH_WORDS (RG_REGIONS_MAX / 64)

struct rg_reach;

/** NULL if memory is out. */
struct rg_reach *rg_reach_new(void);
void rg_reach_free(struct rg_reach *reach);
/** Answer from now on for the classes that there are now, and these origins (geo.h; of custom regions);
 *  both are borrowed until the next reset. To be called when either has changed. Can not fail. */
void rg_reach_reset(struct rg_reach *reach, const struct rg_classes *classes,
		    const struct rg_geo_origin *origins, size_t n_origins);

/** Bit n of word n/64: class n lies inside @region. Good until the next call. Never NULL. */
const uint64_t *rg_reach_of(struct rg_reach *reach, const struct rg_region_spec *region);
/** The same for the classes all of whose addresses lie inside a jurisdiction's territory: where a
 *  database knows the country of an address, this one counts, and not the country that a custom
 *  region gives it. */
const uint64_t *rg_reach_inside(struct rg_reach *reach, const struct rg_region_spec *jurisdiction);

/** How many classes there are, and how many words hold a bit. */
size_t rg_reach_count(const struct rg_reach *reach);
size_t rg_reach_words(const struct rg_reach *reach);
static inline bool rg_reach_has(const uint64_t *bits, unsigned int id)
{
	return bits[id / 64] >> (id % 64) & 1;
}

/** Countries that a class has addresses in, as far as is known: calls @fn for each place. A class that
 *  no address has any more has none. */
typedef void (*rg_reach_place_fn)(void *arg, const char *country, const char *subdivision);
void rg_reach_places(const struct rg_reach *reach, unsigned int id, rg_reach_place_fn fn, void *arg);

#endif
