/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "policy/endpoint.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/map.h"
#include "policy/json_util.h"
#include "policy/meeting_private.h"

static int no_memory(struct rg_err *err)
{
	return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, NULL, "out of memory");
}

bool rg_endpoint_name_ok(const char *name)
{
	_Static_assert(RG_ENDPOINT_NAME_MAX == RG_MEETING_ID_MAX, "names are made as ids of meetings");
	return rg_meeting_id_ok(name);
}

static bool is_multicast(const struct rg_addr *addr)
{
	return rg_addr_is_v4(addr) ? rg_addr_v4(addr) >> 28 == 0xe : addr->bytes[0] == 0xff;
}

static bool is_unspecified(const struct rg_addr *addr)
{
	return rg_addr_is_any(addr) || (rg_addr_is_v4(addr) && !rg_addr_v4(addr));
}

int rg_local_address_parse(const char *text, struct rg_addr *ret, struct rg_err *err)
{
	char quoted[RG_QUOTE_MAX];
	struct rg_addr addr = { 0 };

	if (!strcmp(text, "any")) {
		*ret = addr;
		return 0;
	}
	if (rg_addr_parse(text, &addr))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/address",
				  "'%s' is neither an IP address nor \"any\"", rg_json_quote(text, quoted));
	if (is_unspecified(&addr))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/address",
				  "'%s' is no local address; say \"any\" for all of them", text);
	if (is_multicast(&addr))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/address",
				  "'%s' is a multicast address", text);
	*ret = addr;
	return 0;
}

static int parse_name(const json_t *body, const char *name, struct rg_shared_spec *shared, struct rg_err *err)
{
	const char *text;
	int r = rg_json_string(body, "name", false, &text, err);

	if (r)
		return r;
	if (text && strcmp(text, name))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/name",
				  "name is not that of the address of this resource");
	if (!rg_endpoint_name_ok(name))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, text ? "/name" : NULL,
				  "an endpoint's name has 1 to %d of A-Z a-z 0-9 . _ : -", RG_ENDPOINT_NAME_MAX);
	snprintf(shared->name, sizeof(shared->name), "%s", name);
	return 0;
}

/* One of "10000-10010": digits only, no sign, no leading zero. 0: not a port. */
static unsigned int port_number(const char *text, size_t length)
{
	unsigned int number = 0;

	if (!length || length > 5 || *text == '0')
		return 0;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		number = number * 10 + (unsigned int)(text[i] - '0');
	}
	return number <= 65535 ? number : 0;
}

static int parse_range(const char *text, struct rg_shared_spec *shared, struct rg_err *err)
{
	const char *dash = strchr(text, '-');
	unsigned int first, last;

	first = port_number(text, dash ? (size_t)(dash - text) : strlen(text));
	last = dash ? port_number(dash + 1, strlen(dash + 1)) : first;
	if (!first || !last)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/ports",
				  "ports is not \"FIRST-LAST\" with ports from 1 to 65535, such as \"10000-10010\"");
	if (first > last)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/ports",
				  "the last port, %u, comes before the first, %u", last, first);
	shared->first_port = (__u16)first;
	shared->last_port = (__u16)last;
	return 0;
}

static int parse_ports(const json_t *body, struct rg_shared_spec *shared, struct rg_err *err)
{
	const char *ports = NULL;
	unsigned int port = 0;
	int r = rg_json_string(body, "ports", false, &ports, err);

	if (!r)
		r = rg_json_port(body, "port", !ports, &port, err);
	if (r)
		return r;
	if (ports && port)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/port", "both 'port' and 'ports' are given");
	if (ports)
		return parse_range(ports, shared, err);
	shared->first_port = shared->last_port = (__u16)port;
	return 0;
}

static int parse_prefix(const json_t *body, struct rg_shared_spec *shared, struct rg_err *err)
{
	const json_t *value = json_object_get(body, "ufrag_prefix");
	json_int_t number = json_integer_value(value);

	if (!value || json_is_null(value))
		return 0;
	if (!json_is_integer(value) || number < RG_UFRAG_MIN || number > RG_UFRAG_MAX)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/ufrag_prefix",
				  "ufrag_prefix is neither null nor a whole number from %d to %d",
				  RG_UFRAG_MIN, RG_UFRAG_MAX);
	shared->ufrag_prefix = (__u16)number;
	return 0;
}

int rg_shared_parse(const json_t *body, const char *name, struct rg_shared_spec *ret, struct rg_err *err)
{
	static const char *const known[] = { "name", "address", "port", "ports", "protocol", "classify",
					     "unbound", "ufrag_prefix", NULL };
	struct rg_shared_spec shared = { 0 };
	const char *address = NULL, *classify = NULL;
	bool tcp = false;
	int r = rg_json_fields(body, known, err);

	if (!r)
		r = parse_name(body, name, &shared, err);
	if (!r)
		r = rg_json_string(body, "address", true, &address, err);
	if (!r)
		r = rg_local_address_parse(address, &shared.address, err);
	if (!r)
		r = parse_ports(body, &shared, err);
	if (!r)
		r = rg_json_choice(body, "protocol", false, "udp", "tcp", &tcp, err);
	if (!r)
		r = rg_json_string(body, "classify", false, &classify, err);
	if (!r && classify && strcmp(classify, "ufrag"))
		r = rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/classify", "the only 'classify' is \"ufrag\"");
	if (!r)
		r = rg_json_choice(body, "unbound", false, "refuse", "admit", &shared.admit_unbound, err);
	if (!r)
		r = parse_prefix(body, &shared, err);
	if (r)
		return r;
	shared.protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP;
	*ret = shared;
	return 0;
}

json_t *rg_shared_to_json(const struct rg_shared_spec *shared)
{
	char address[RG_ADDR_TEXT_MAX] = "any", ports[16];
	bool range = shared->first_port != shared->last_port;

	if (!rg_addr_is_any(&shared->address))
		rg_addr_format(&shared->address, address);
	snprintf(ports, sizeof(ports), "%u-%u", shared->first_port, shared->last_port);
	return json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:o}", "name", shared->name, "address", address,
			 range ? "ports" : "port", range ? json_string(ports) : json_integer(shared->first_port),
			 "protocol", shared->protocol == IPPROTO_TCP ? "tcp" : "udp", "classify", "ufrag",
			 "unbound", shared->admit_unbound ? "admit" : "refuse", "ufrag_prefix",
			 shared->ufrag_prefix ? json_integer(shared->ufrag_prefix) : json_null());
}

struct rg_shared rg_shared_entry(const struct rg_shared_spec *shared)
{
	struct rg_shared entry = {
		.flags = shared->admit_unbound ? RG_SHARED_ADMIT_UNBOUND : 0,
		.ufrag_prefix = shared->ufrag_prefix,
		.protocol = shared->protocol,
		.first_port = shared->first_port,
		.last_port = shared->last_port,
		.address = shared->address,
	};

	memcpy(entry.name, shared->name, sizeof(entry.name));
	return entry;
}

bool rg_shared_equal(const struct rg_shared_spec *a, const struct rg_shared_spec *b)
{
	struct rg_shared x = rg_shared_entry(a), y = rg_shared_entry(b);

	return !memcmp(&x, &y, sizeof(x));
}

int rg_ufrag_check(const char *text, struct rg_err *err)
{
	size_t length = strlen(text);

	if (length < RG_UFRAG_MIN || length > RG_UFRAG_MAX)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, NULL,
				  "a ufrag has %d to %d characters, not %zu", RG_UFRAG_MIN, RG_UFRAG_MAX, length);
	for (; *text; text++) {
		if (*text == ':')
			return rg_err_set(err, -EINVAL, RG_ERR_INVALID, NULL,
					  "a ufrag has no ':'; that stands behind it in a USERNAME");
		if (*text < '!' || *text > '~')
			return rg_err_set(err, -EINVAL, RG_ERR_INVALID, NULL,
					  "a ufrag has visible ASCII characters only");
	}
	return 0;
}

int rg_ufrag_check_prefix(const char *text, const struct rg_shared_spec *shared, struct rg_err *err)
{
	size_t length = strlen(text);

	if (!shared->ufrag_prefix || length == shared->ufrag_prefix)
		return 0;
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, NULL,
			  "the endpoint '%s' ties meetings by the first %u characters of a ufrag, so a ufrag "
			  "given for it has exactly %u characters, not %zu", shared->name, shared->ufrag_prefix,
			  shared->ufrag_prefix, length);
}

static int parse_ufrag(const json_t *body, struct rg_ufrag_spec *ret, struct rg_err *err)
{
	static const char *const known[] = { "endpoint", "ufrag", NULL };
	const char *endpoint = NULL, *text = NULL;
	int r = rg_json_fields(body, known, err);

	if (!r)
		r = rg_json_string(body, "endpoint", true, &endpoint, err);
	if (!r && !rg_endpoint_name_ok(endpoint))
		r = rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/endpoint",
			       "an endpoint's name has 1 to %d of A-Z a-z 0-9 . _ : -", RG_ENDPOINT_NAME_MAX);
	if (!r)
		r = rg_json_string(body, "ufrag", true, &text, err);
	if (!r) {
		r = rg_ufrag_check(text, err);
		if (r)
			rg_err_prefix(err, "/ufrag");
	}
	if (r)
		return r;
	ret->endpoint = strdup(endpoint);
	ret->text = strdup(text);
	return ret->endpoint && ret->text ? 0 : no_memory(err);
}

/* What tells two ufrags apart: '/' is in no endpoint's name. */
int rg_ufrags_check(const struct rg_ufrag_spec *ufrags, size_t n, struct rg_err *err)
{
	size_t room = RG_ENDPOINT_NAME_MAX + RG_UFRAG_MAX + 2;
	struct rg_map *seen;
	char *keys, pointer[48];
	int r = 0;

	if (n < 2)
		return 0;
	seen = rg_map_new();
	keys = malloc(n * room);
	if (!seen || !keys || rg_map_reserve(seen, n))
		r = no_memory(err);
	for (size_t i = 0; !r && i < n; i++) {
		char *key = keys + i * room;
		size_t length = (size_t)snprintf(key, room, "%s/%s", ufrags[i].endpoint, ufrags[i].text);

		if (!rg_map_get(seen, key, length)) {
			rg_map_put(seen, key, length, key);
			continue;
		}
		snprintf(pointer, sizeof(pointer), "/ufrags/%zu", i);
		r = rg_err_set(err, -EINVAL, RG_ERR_INVALID, pointer, "the ufrag is listed twice");
	}
	rg_map_free(seen);
	free(keys);
	return r;
}

int rg_ufrags_parse(const json_t *body, struct rg_ufrag_spec **ret, size_t *ret_n, struct rg_err *err)
{
	const json_t *list, *item;
	struct rg_ufrag_spec *ufrags;
	size_t n = 0, i;
	int r = rg_json_array(body, "ufrags", RG_UFRAGS_PER_BODY_MAX, &list, err);

	if (r || !json_array_size(list))
		return r;
	ufrags = calloc(json_array_size(list), sizeof(*ufrags));
	if (!ufrags)
		return no_memory(err);
	json_array_foreach((json_t *)list, i, item) {
		n++;
		r = parse_ufrag(item, &ufrags[i], err);
		if (r) {
			rg_err_prefix(err, "/ufrags/%zu", i);
			break;
		}
	}
	if (!r)
		r = rg_ufrags_check(ufrags, n, err);
	if (r) {
		rg_ufrags_free(ufrags, n);
		return r;
	}
	*ret = ufrags;
	*ret_n = n;
	return 0;
}

void rg_ufrags_free(struct rg_ufrag_spec *ufrags, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(ufrags[i].endpoint);
		free(ufrags[i].text);
	}
	free(ufrags);
}

json_t *rg_ufrags_to_json(const struct rg_ufrag_spec *ufrags, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "endpoint", ufrags[i].endpoint, "ufrag",
						      ufrags[i].text));
	return list;
}
