/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>
#include "policy/order.h"

bool rg_territory_holds_place(const struct rg_region_spec *jurisdiction, const char *country,
			      const char *subdivision)
{
	switch (jurisdiction->kind) {
	case RG_REGION_COUNTRY:
		return !strcmp(jurisdiction->name, country);
	case RG_REGION_SUBDIVISION:
		return !strcmp(jurisdiction->name, subdivision);
	case RG_REGION_GROUP:
		return jurisdiction->name[2] ? rg_country_in_eea(country) : rg_country_in_eu(country);
	default:
		return false;
	}
}

static bool in_continent(const char *country, const char *continent)
{
	return !strcmp(rg_country_continent(country), continent);
}

static bool in_group(const char *country, const char *group)
{
	return group[2] ? rg_country_in_eea(country) : rg_country_in_eu(country);
}

/* A group or a continent is the union of its members. */
static bool holds_members(const struct rg_region_spec *jurisdiction, const struct rg_region_spec *region)
{
	bool continent = region->kind == RG_REGION_CONTINENT;
	const char *country;

	for (size_t i = 0; (country = rg_country_at(i)); i++)
		if ((continent ? in_continent(country, region->name) : in_group(country, region->name)) &&
		    !rg_territory_holds_place(jurisdiction, country, ""))
			return false;
	return true;
}

bool rg_territory_holds(const struct rg_region_spec *jurisdiction, const struct rg_region_spec *region)
{
	char country[3] = "";

	switch (region->kind) {
	case RG_REGION_COUNTRY:
		return rg_territory_holds_place(jurisdiction, region->name, "");
	case RG_REGION_SUBDIVISION:
		memcpy(country, region->name, 2);
		return rg_territory_holds_place(jurisdiction, country, region->name);
	case RG_REGION_CONTINENT:
	case RG_REGION_GROUP:
		return holds_members(jurisdiction, region);
	case RG_REGION_CUSTOM:
	case RG_REGION_UNKNOWN:
		return false;
	}
	return false;
}
