/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/conditions.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/engine.h"

/* Revisions are 1 .. RG_SOME_RESOURCE - 1; 0 and the two largest mean something else. */
static bool parse_etag(const char *text, uint64_t *ret)
{
	char canonical[32];
	uint64_t revision;

	if (*text != '"')
		return false;
	revision = strtoull(text + 1, NULL, 10);
	if (revision == RG_ANY_REVISION || revision >= RG_SOME_RESOURCE)
		return false;
	rg_etag_format(revision, canonical);
	if (strcmp(canonical, text))
		return false;
	*ret = revision;
	return true;
}

int rg_conditions_parse(const char *if_match, const char *if_none_match, uint64_t *ret,
			struct rg_err *err)
{
	if (if_match && if_none_match)
		return rg_err_set(err, -EINVAL, RG_ERR_PRECONDITION, "",
				  "If-Match and If-None-Match exclude each other");
	if (if_none_match) {
		if (strcmp(if_none_match, "*"))
			return rg_err_set(err, -EINVAL, RG_ERR_PRECONDITION, "",
					  "If-None-Match of a change can only be * (create, never "
					  "replace)");
		*ret = RG_NO_RESOURCE;
		return 0;
	}
	if (!if_match) {
		*ret = RG_ANY_REVISION;
		return 0;
	}
	if (!strcmp(if_match, "*")) {
		*ret = RG_SOME_RESOURCE;
		return 0;
	}
	if (parse_etag(if_match, ret))
		return 0;
	return rg_err_set(err, -EINVAL, RG_ERR_PRECONDITION, "",
			  "If-Match is one entity tag as a GET returns it, such as \"17\", or *; no "
			  "revision matches '%.64s'", if_match);
}

bool rg_conditions_unchanged(const char *if_none_match, uint64_t revision)
{
	char etag[32];
	const char *p;
	size_t n;

	if (!if_none_match)
		return false;
	if (!strcmp(if_none_match, "*"))
		return true;
	rg_etag_format(revision, etag);
	/* A tag of ours is digits in quotes, so it can not be a part of another one in the list;
	 * W/ in front is fine, since the comparison is the weak one. */
	n = strlen(etag);
	for (p = if_none_match; (p = strstr(p, etag)); p++)
		if ((p == if_none_match || strchr(" \t,/", p[-1])) &&
		    (!p[n] || strchr(" \t,", p[n])))
			return true;
	return false;
}

void rg_etag_format(uint64_t revision, char ret[32])
{
	snprintf(ret, 32, "\"%" PRIu64 "\"", revision);
}
