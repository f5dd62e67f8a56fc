/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "policy/reach.h"

#include <stdlib.h>
#include <string.h>
#include "base/map.h"
#include "policy/order.h"

#define KEPT_MAX 4096 /* bitmaps of up to 1 KiB; clients may name more subdivisions than there are */

struct kept {
	char key[72]; /* "is CN", "in CN" */
	uint64_t bits[];
};

struct rg_reach {
	const struct rg_classes *classes;
	size_t count; /* of classes, when reset: the registry may grow meanwhile */
	const struct rg_geo_origin *origins; /* sorted by region */
	size_t n_origins;
	struct rg_map *kept;
	struct kept *items[KEPT_MAX];
	size_t n_items;
	uint64_t scratch[RG_REACH_WORDS]; /* if there is no memory to keep one */
};

struct rg_reach *rg_reach_new(void)
{
	struct rg_reach *reach = calloc(1, sizeof(*reach));

	if (!reach)
		return NULL;
	reach->kept = rg_map_new();
	if (!reach->kept) {
		free(reach);
		return NULL;
	}
	return reach;
}

static void drop_kept(struct rg_reach *reach)
{
	while (reach->n_items) {
		struct kept *kept = reach->items[--reach->n_items];

		rg_map_remove(reach->kept, kept->key, strlen(kept->key));
		free(kept);
	}
}

void rg_reach_free(struct rg_reach *reach)
{
	if (!reach)
		return;
	drop_kept(reach);
	rg_map_free(reach->kept);
	free(reach);
}

void rg_reach_reset(struct rg_reach *reach, const struct rg_classes *classes,
		    const struct rg_geo_origin *origins, size_t n_origins)
{
	drop_kept(reach);
	reach->classes = classes;
	reach->count = rg_classes_count(classes);
	reach->origins = origins;
	reach->n_origins = n_origins;
}

size_t rg_reach_count(const struct rg_reach *reach)
{
	return reach->count;
}

size_t rg_reach_words(const struct rg_reach *reach)
{
	return (reach->count + 63) / 64;
}

/* Index of the first origin of a class or of what follows it. */
static size_t first_origin(const struct rg_reach *reach, unsigned int id)
{
	size_t below = 0, above = reach->n_origins;

	while (below < above) {
		size_t middle = below + (above - below) / 2;

		if (reach->origins[middle].region < id)
			below = middle + 1;
		else
			above = middle;
	}
	return below;
}

void rg_reach_places(const struct rg_reach *reach, unsigned int id, rg_reach_place_fn fn, void *arg)
{
	const struct rg_class *class = rg_classes_get(reach->classes, id);
	size_t i = first_origin(reach, id);

	if (!class->n_customs)
		fn(arg, class->country, class->subdivision);
	for (; class->n_customs && i < reach->n_origins && reach->origins[i].region == id; i++)
		if (reach->origins[i].country[0])
			fn(arg, reach->origins[i].country, reach->origins[i].subdivision);
		else
			fn(arg, class->country, class->subdivision);
}

struct inside {
	const struct rg_region_spec *jurisdiction;
	bool all;
};

static void note_place(void *arg, const char *country, const char *subdivision)
{
	struct inside *inside = arg;

	inside->all &= rg_territory_holds_place(inside->jurisdiction, country, subdivision);
}

static void compute(const struct rg_reach *reach, const struct rg_region_spec *region, bool territory,
		    uint64_t *bits)
{
	for (unsigned int id = 0; id < reach->count; id++) {
		struct inside inside = { region, true };

		if (territory)
			rg_reach_places(reach, id, note_place, &inside);
		else
			inside.all = rg_region_matches(region, rg_classes_get(reach->classes, id));
		if (inside.all)
			bits[id / 64] |= 1ull << (id % 64);
	}
}

static const uint64_t *lookup(struct rg_reach *reach, const struct rg_region_spec *region, bool territory)
{
	size_t bytes = rg_reach_words(reach) * sizeof(uint64_t);
	char key[72] = "is ";
	struct kept *kept;

	if (territory)
		memcpy(key, "in ", 3);
	rg_region_spec_format(region, key + 3);
	kept = rg_map_get(reach->kept, key, strlen(key));
	if (kept)
		return kept->bits;
	if (reach->n_items == KEPT_MAX)
		drop_kept(reach);
	kept = rg_map_reserve(reach->kept, 1) ? NULL : calloc(1, sizeof(*kept) + bytes);
	if (!kept) {
		memset(reach->scratch, 0, bytes);
		compute(reach, region, territory, reach->scratch);
		return reach->scratch;
	}
	memcpy(kept->key, key, sizeof(key));
	compute(reach, region, territory, kept->bits);
	rg_map_put(reach->kept, kept->key, strlen(kept->key), kept);
	reach->items[reach->n_items++] = kept;
	return kept->bits;
}

const uint64_t *rg_reach_of(struct rg_reach *reach, const struct rg_region_spec *region)
{
	return lookup(reach, region, false);
}

const uint64_t *rg_reach_inside(struct rg_reach *reach, const struct rg_region_spec *jurisdiction)
{
	return lookup(reach, jurisdiction, true);
}
