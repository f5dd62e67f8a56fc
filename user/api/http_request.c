/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a request says: its encoding, headers and query. */
#include "api/http_private.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

bool rg_http_encoding_ok(const char *text)
{
	for (; (text = strchr(text, '%')); text += 3) {
		if (!isxdigit((unsigned char)text[1]) || !isxdigit((unsigned char)text[2]))
			return false;
		if (text[1] == '0' && text[2] == '0')
			return false;
	}
	return true;
}

void rg_http_decode(char *text)
{
	MHD_http_unescape(text);
}

int rg_http_socket(const struct rg_http_request *public)
{
	const struct request *request = (const struct request *)public;

	return MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static const char *lookup(const struct rg_http_request *public, enum MHD_ValueKind kind,
			  const char *name)
{
	const struct request *request = (const struct request *)public;
	const char *value = NULL;

	if (MHD_lookup_connection_value_n(request->connection, kind, name, strlen(name), &value,
					  NULL) != MHD_YES)
		return NULL;
	return value ? value : "";
}

const char *rg_http_header(const struct rg_http_request *request, const char *name)
{
	return lookup(request, MHD_HEADER_KIND, name);
}

const char *rg_http_query(const struct rg_http_request *request, const char *name)
{
	return lookup(request, MHD_GET_ARGUMENT_KIND, name);
}

struct count {
	const char *name;
	unsigned int n;
};

static enum MHD_Result on_count(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct count *count = arg;

	(void)value;
	if (!(kind == MHD_HEADER_KIND ? strcasecmp(name, count->name) : strcmp(name, count->name)))
		count->n++;
	return MHD_YES;
}

static bool repeated(const struct rg_http_request *public, enum MHD_ValueKind kind, const char *name)
{
	const struct request *request = (const struct request *)public;
	struct count count = { .name = name };

	MHD_get_connection_values(request->connection, kind, on_count, &count);
	return count.n > 1;
}

bool rg_http_header_repeated(const struct rg_http_request *request, const char *name)
{
	return repeated(request, MHD_HEADER_KIND, name);
}

bool rg_http_query_repeated(const struct rg_http_request *request, const char *name)
{
	return repeated(request, MHD_GET_ARGUMENT_KIND, name);
}

struct query_walk {
	int (*fn)(void *arg, const char *name);
	void *arg;
	int ret;
};

static enum MHD_Result on_query(void *arg, enum MHD_ValueKind kind, const char *name,
				const char *value)
{
	struct query_walk *walk = arg;

	(void)kind;
	(void)value;
	walk->ret = walk->fn(walk->arg, name);
	return walk->ret ? MHD_NO : MHD_YES;
}

int rg_http_query_names(const struct rg_http_request *public,
			int (*fn)(void *arg, const char *name), void *arg)
{
	const struct request *request = (const struct request *)public;
	struct query_walk walk = { .fn = fn, .arg = arg };

	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, on_query, &walk);
	return walk.ret;
}
