/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "policy/json_util.h"
#include "policy/meeting.h"

void rg_custom_region_clear(struct rg_custom_region *region)
{
	free(region->networks);
	memset(region, 0, sizeof(*region));
}

static int parse_network(const json_t *value, struct rg_net *ret, struct rg_err *err)
{
	const char *text = json_string_value(value);
	char quoted[RG_QUOTE_MAX];
	int r;

	if (!text)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "a network is not a string");
	r = rg_net_parse(text, ret);
	if (r == -EDOM)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "'%s' has bits set behind its length", rg_json_quote(text, quoted));
	if (r)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "'%s' is not a network", rg_json_quote(text, quoted));
	return 0;
}

static int parse_networks(const json_t *list, struct rg_custom_region *region, struct rg_err *err)
{
	region->networks = calloc(json_array_size(list) + 1, sizeof(*region->networks));
	if (!region->networks)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, NULL, "out of memory");
	for (; region->n_networks < json_array_size(list); region->n_networks++) {
		int ret = parse_network(json_array_get(list, region->n_networks),
					&region->networks[region->n_networks], err);

		if (ret) {
			rg_err_prefix(err, "/%zu", region->n_networks);
			return ret;
		}
	}
	return 0;
}

static int parse_country(const json_t *body, struct rg_custom_region *region, struct rg_err *err)
{
	const json_t *value = json_object_get(body, "country");
	const char *text = json_string_value(value);
	char quoted[RG_QUOTE_MAX];

	if (!value || json_is_null(value))
		return 0;
	if (!text)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/country",
				  "country is neither a string nor null");
	if (!rg_country_normalise(text, strlen(text), region->country))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/country",
				  "'%s' is not a country code of ISO 3166-1", rg_json_quote(text, quoted));
	return 0;
}

static int parse_object(const json_t *body, struct rg_custom_region *region, struct rg_err *err)
{
	static const char *const known[] = { "name", "country", "networks", NULL };
	const json_t *list = NULL;
	const char *name = NULL;
	int ret = rg_json_fields(body, known, err);

	if (!ret)
		ret = rg_json_string(body, "name", false, &name, err);
	if (!ret && name && strcmp(name, region->name))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/name",
				  "name is not that of the address of this resource");
	if (!ret)
		ret = parse_country(body, region, err);
	if (!ret)
		ret = rg_json_array(body, "networks", SIZE_MAX, &list, err);
	if (!ret && !list)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/networks", "networks is missing");
	if (!ret) {
		ret = parse_networks(list, region, err);
		if (ret)
			rg_err_prefix(err, "/networks");
	}
	return ret;
}

int rg_custom_region_parse(const json_t *body, const char *name, struct rg_custom_region *ret,
			   struct rg_err *err)
{
	_cleanup_(rg_custom_region_clear) struct rg_custom_region region = { 0 };
	int r;

	if (!rg_custom_name_ok(name))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, NULL,
				  "a custom region's name has 1 to %d of A-Z a-z 0-9 . _ -",
				  RG_CUSTOM_NAME_MAX);
	snprintf(region.name, sizeof(region.name), "%s", name);
	if (json_is_array(body))
		r = parse_networks(body, &region, err);
	else
		r = parse_object(body, &region, err);
	if (r)
		return r;
	*ret = region;
	region.networks = NULL; /* moved */
	return 0;
}

json_t *rg_custom_region_to_json(const struct rg_custom_region *region)
{
	json_t *networks = json_array();
	char text[RG_NET_TEXT_MAX];

	for (size_t i = 0; i < region->n_networks; i++)
		json_array_append_new(networks, json_string(rg_net_format(&region->networks[i], text)));
	return json_pack("{s:s, s:s?, s:o}", "name", region->name, "country",
			 region->country[0] ? region->country : NULL, "networks", networks);
}
