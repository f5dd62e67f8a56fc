/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/router.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cut @path ("/v1/meetings/m-1") into its parts and decode each. Returns their number, 0 if
 * there are too many or one of them is empty: no pattern has such. */
static size_t split_path(char *path, char *parts[RG_ROUTE_SEGMENTS_MAX])
{
	size_t n = 0;
	char *part;

	if (*path != '/')
		return 0;
	path++;
	while ((part = strsep(&path, "/"))) {
		if (!*part || n == RG_ROUTE_SEGMENTS_MAX)
			return 0;
		rg_http_decode(part);
		parts[n++] = part;
	}
	return n;
}

/* Where the parameter of "{name}" or "{name}:confirm" ends in @part; NULL: the rest is another. */
static char *param_end(const char *pattern, size_t length, char *part)
{
	const char *rest = memchr(pattern, '}', length);
	size_t n = (size_t)(pattern + length - (rest + 1)), whole = strlen(part);

	if (whole <= n || memcmp(part + whole - n, rest + 1, n))
		return NULL;
	return part + whole - n;
}

/* A part that is a parameter, and where it ends. */
struct param {
	char *at, *end;
};

static bool matches(const char *pattern, char *const parts[], size_t n_parts,
		    struct param params[RG_ROUTE_PARAMS_MAX])
{
	size_t n_params = 0;

	for (size_t i = 0; i < n_parts; i++) {
		size_t length = strcspn(++pattern, "/");

		if (*pattern == '{') {
			if (n_params == RG_ROUTE_PARAMS_MAX)
				return false;
			params[n_params].at = parts[i];
			params[n_params].end = param_end(pattern, length, parts[i]);
			if (!params[n_params++].end)
				return false;
		} else if (strlen(parts[i]) != length || memcmp(pattern, parts[i], length)) {
			return false;
		}
		pattern += length;
		if (!*pattern)
			return i + 1 == n_parts;
	}
	return false;
}

static void allow_method(char *allow, const char *method)
{
	size_t n = strlen(allow);

	snprintf(allow + n, 64 - n, "%s%s", n ? ", " : "", method);
	if (!strcmp(method, "GET"))
		allow_method(allow, "HEAD");
}

int rg_route_find(const struct rg_route *routes, size_t n_routes, const char *method,
		  const char *path, struct rg_route_match *ret, char *ret_allow,
		  struct rg_err *err)
{
	const char *wanted = strcmp(method, "HEAD") ? method : "GET";
	char *parts[RG_ROUTE_SEGMENTS_MAX];
	size_t n_parts;

	*ret_allow = '\0';
	ret->path = strdup(path);
	if (!ret->path)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	n_parts = split_path(ret->path, parts);
	for (size_t i = 0; i < n_routes; i++) {
		struct param params[RG_ROUTE_PARAMS_MAX] = { 0 };

		if (!matches(routes[i].pattern, parts, n_parts, params))
			continue;
		if (strcmp(routes[i].method, wanted)) {
			allow_method(ret_allow, routes[i].method);
			continue;
		}
		ret->route = &routes[i];
		for (size_t p = 0; p < RG_ROUTE_PARAMS_MAX; p++) {
			ret->params[p] = params[p].at;
			if (params[p].at)
				*params[p].end = '\0';
		}
		return 0;
	}
	if (*ret_allow)
		return rg_err_set(err, -EPERM, RG_ERR_METHOD, "", "%.16s is not one of %s",
				  method, ret_allow);
	return rg_err_set(err, -ENOENT, RG_ERR_NOT_FOUND, "", "there is nothing at '%.200s'", path);
}

bool rg_route_takes_query(const struct rg_route *route, const char *name)
{
	size_t length = strlen(name);
	const char *p = route->query;

	while (p && *p) {
		size_t n = strcspn(p, " ");

		if (n == length && !memcmp(p, name, n))
			return true;
		p += n + strspn(p + n, " ");
	}
	return false;
}

bool rg_number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *ret)
{
	uint64_t number;

	if (!*text || text[strspn(text, "0123456789")])
		return false;
	errno = 0;
	number = strtoull(text, NULL, 10);
	if (errno || number < least || number > most)
		return false;
	*ret = number;
	return true;
}
