/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <string.h>
#include "policy/json_util.h"
#include "policy/meeting_private.h"

int rg_sites_parse(const json_t *body, struct rg_meeting_spec *meeting, struct rg_err *err)
{
	static const char *const known[] = { "allow", "refuse", NULL };
	const json_t *value = json_object_get(body, "sites"), *list = NULL;
	struct rg_sites *sites = &meeting->sites;
	const char *field;
	int r;

	if (!value)
		return 0;
	sites->allow = json_object_get(value, "allow");
	field = sites->allow ? "allow" : "refuse";
	r = rg_json_fields(value, known, err);
	if (!r && json_object_size(value) != 1)
		r = rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
			       "sites has either \"allow\" or \"refuse\", and not both");
	if (!r)
		r = rg_json_array(value, field, RG_SITES_MAX, &list, err);
	if (!r) {
		r = rg_region_list_parse(list, &sites->regions, &sites->n_regions, err);
		for (size_t i = 0; !r && i < sites->n_regions; i++)
			if (sites->regions[i].kind == RG_REGION_CUSTOM ||
			    sites->regions[i].kind == RG_REGION_UNKNOWN) {
				r = rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
					       "a server's site is in a country, and in no such region");
				rg_err_prefix(err, "/%zu", i);
			}
		if (r)
			rg_err_prefix(err, "/%s", field);
	}
	if (r)
		rg_err_prefix(err, "/sites");
	sites->given = !r;
	return r;
}

int rg_sites_write(json_t *body, const struct rg_meeting_spec *meeting)
{
	const struct rg_sites *sites = &meeting->sites;

	if (!sites->given)
		return 0;
	return json_object_set_new(body, "sites",
				   json_pack("{s:o}", sites->allow ? "allow" : "refuse",
					     rg_region_list_to_json(sites->regions, sites->n_regions)));
}

bool rg_sites_exclude(const struct rg_sites *sites, const struct rg_region_spec *site)
{
	struct rg_class place = { 0 };
	bool listed = false, maybe = false;

	if (!sites->given)
		return false;
	if (!site)
		return true;
	memcpy(place.country, site->name, 2);
	if (site->kind == RG_REGION_SUBDIVISION)
		memcpy(place.subdivision, site->name, sizeof(place.subdivision));
	for (size_t i = 0; i < sites->n_regions; i++) {
		const struct rg_region_spec *region = &sites->regions[i];

		listed |= rg_region_matches(region, &place);
		maybe |= region->kind == RG_REGION_SUBDIVISION && !place.subdivision[0] &&
			 !memcmp(region->name, place.country, 2);
	}
	return sites->allow ? !listed : listed || maybe;
}
