/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Steps that the tests of user/geo share. Include cmocka first. */
#ifndef RG_TEST_GEO_H
#define RG_TEST_GEO_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "geo/geo.h"

/* Natively, bpf/region.h searches a compiled table. Reading beyond it is a failure, not a NULL. */
static inline const void *geo_at(const void *array, size_t item, size_t n, size_t i)
{
	assert_true(i < n);
	return (const char *)array + i * item;
}
#define GEO_TABLE(geo) ((const struct rg_geo_table *)(geo))
#define RG_GEO_NODE(geo, i) \
	((const __u32 *)geo_at(GEO_TABLE(geo)->nodes, sizeof(__u32), GEO_TABLE(geo)->n_nodes, (i)))
#define RG_GEO_LINE_AT(geo, i) \
	((const __u64 *)geo_at(GEO_TABLE(geo)->ranges, RG_GEO_LINE * sizeof(__u64), \
			       GEO_TABLE(geo)->n_ranges / RG_GEO_LINE, (i)))
#define RG_GEO_SPLIT_AT(geo, i)                                                                  \
	((const struct rg_geo_split *)geo_at(GEO_TABLE(geo)->splits, sizeof(struct rg_geo_split), \
					     GEO_TABLE(geo)->n_splits, (i)))
#define RG_GEO_LOW(geo, i)                                                                   \
	((const struct rg_geo_low *)geo_at(GEO_TABLE(geo)->lows, sizeof(struct rg_geo_low), \
					   GEO_TABLE(geo)->n_lows, (i)))
#include "region.h"

#define CORPUS(name) "tests/fuzz/corpus/mmdb/" name ".mmdb"

/* A world: classes, ranges, table. */
struct world {
	struct rg_classes *classes;
	struct rg_geo *geo;
	struct rg_geo_table *table;
};

static inline void world_clear(struct world *world)
{
	rg_geo_table_free(world->table);
	rg_geo_free(world->geo);
	rg_classes_free(world->classes);
	*world = (struct world){ 0 };
}

static inline int world_try(struct world *world, const struct rg_geo_inputs *inputs,
			    struct rg_err *err)
{
	int r;

	*world = (struct world){ .classes = rg_classes_new() };
	assert_non_null(world->classes);
	r = rg_geo_load(inputs, world->classes, &world->geo, err);
	if (!r)
		r = rg_geo_table_build(world->geo, &world->table, err);
	return r;
}

static inline void world_load(struct world *world, const struct rg_geo_inputs *inputs)
{
	struct rg_err err = { 0 };

	if (world_try(world, inputs, &err))
		fail_msg("%s", err.detail);
}

static inline struct rg_addr addr_of(const char *text)
{
	struct rg_addr addr;

	if (rg_addr_parse(text, &addr))
		fail_msg("%s is no address", text);
	return addr;
}

/* The class of an address, as the ranges and as the compiled table have it: both must agree. */
static inline const char *region_of(const struct world *world, const char *address)
{
	struct rg_addr addr = addr_of(address);
	struct rg_geo_answer answer;
	__u32 region = rg_geo_find(world->table, rg_addr_hi(&addr), rg_addr_lo(&addr));

	rg_geo_lookup(world->geo, &addr, &answer);
	if (region != answer.region)
		fail_msg("%s: table %u, ranges %u", address, region, answer.region);
	assert_non_null(rg_classes_get(world->classes, region));
	return rg_classes_get(world->classes, region)->key;
}

#define then_region(world, address, key) assert_string_equal(region_of(world, address), key)

/* A custom region of the networks in @text, split at blanks; custom_clear() afterwards. */
static inline struct rg_custom_region custom(const char *name, const char *country, const char *text)
{
	struct rg_custom_region region = { 0 };
	char *copy = strdup(text), *save = NULL;

	snprintf(region.name, sizeof(region.name), "%s", name);
	snprintf(region.country, sizeof(region.country), "%s", country);
	for (char *net = strtok_r(copy, " ", &save); net; net = strtok_r(NULL, " ", &save)) {
		region.networks = realloc(region.networks,
					  (region.n_networks + 1) * sizeof(*region.networks));
		if (!region.networks || rg_net_parse(net, &region.networks[region.n_networks++]))
			fail_msg("%s is no network", net);
	}
	free(copy);
	return region;
}

#endif
