/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/problem.h"

#include <string.h>

/* "HK,custom:here" */
static json_t *regions_json(const char *text)
{
	json_t *list = json_array();

	while (*text) {
		size_t n = strcspn(text, ",");

		json_array_append_new(list, json_stringn(text, n));
		text += n + (text[n] == ',');
	}
	return list;
}

json_t *rg_problem_to_json(const struct rg_err *err)
{
	char type[64] = "urn:regiongate:problem:";
	json_t *problem;

	strncat(type, rg_errc_type(err->code), sizeof(type) - strlen(type) - 1);
	problem = json_pack("{s:s, s:s, s:i, s:s}", "type", type, "title",
			    rg_errc_title(err->code), "status", rg_errc_status(err->code),
			    "detail", err->detail);
	if (problem && *err->pointer &&
	    json_object_set_new(problem, "pointer", json_string(err->pointer))) {
		json_decref(problem);
		return NULL;
	}
	if (problem && *err->regions)
		json_object_set_new(problem, "regions", regions_json(err->regions));
	return problem;
}
