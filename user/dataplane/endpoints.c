/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Endpoints: dedicated ones, which belong to one meeting, and shared ones. */
#include "dataplane/private.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "regiongate.skel.h"

static void endpoint_text(const struct rg_endpoint_key *key, char *buf, size_t size)
{
	bool v6 = !rg_addr_is_any(&key->address) && !rg_addr_is_v4(&key->address);
	char address[RG_ADDR_TEXT_MAX] = "any";

	if (!rg_addr_is_any(&key->address))
		rg_addr_format(&key->address, address);
	snprintf(buf, size, "%s%s%s:%u/%s", v6 ? "[" : "", address, v6 ? "]" : "", key->port,
		 key->protocol == IPPROTO_TCP ? "tcp" : "udp");
}

static int no_address(const struct rg_dp *dp, struct rg_err *err)
{
	return rg_err_set(err, -ENOSPC, RG_ERR_FULL, "", "endpoints on more than %u local addresses",
			  dp->config.max_locals);
}

int rg_dp_endpoint_set(struct rg_dp *dp, const struct rg_endpoint_key *key, uint32_t meeting,
		       const char *id, struct rg_err *err)
{
	struct rg_dp_local *home = rg_dp_home(dp, &key->address, true);
	int fd = bpf_map__fd(dp->skel->maps.rg_endpoints);
	struct rg_endpoint value = { .meeting = meeting };
	uint32_t before;
	bool is_new;

	if (!home)
		return no_address(dp, err);
	memcpy(value.id, id, strnlen(id, sizeof(value.id)));
	endpoint_text(key, value.endpoint, sizeof(value.endpoint));
	before = rg_dp_port(dp, home, key->protocol, key->port);
	is_new = !before || before & RG_PORT_SHARED;
	if (bpf_map_update_elem(fd, key, &value, BPF_ANY)) {
		int r = -errno;

		return rg_err_set(err, r, r == -E2BIG ? RG_ERR_FULL : RG_ERR_KERNEL, "",
				  "rg_endpoints (%u entries of %u): %s", dp->n_endpoints,
				  rg_dp_endpoints_max(&dp->config), strerror(-r));
	}
	dp->n_endpoints += is_new;
	rg_dp_port_put(dp, home, key->protocol, key->port, meeting);
	if (!rg_dp_locals_sync(dp))
		return 0;
	rg_dp_port_put(dp, home, key->protocol, key->port, before);
	bpf_map_delete_elem(fd, key);
	dp->n_endpoints -= is_new;
	return rg_err_set(err, -ENOSPC, RG_ERR_FULL, "", "no slot for one more local address");
}

int rg_dp_endpoint_clear(struct rg_dp *dp, const struct rg_endpoint_key *key)
{
	struct rg_dp_local *home = rg_dp_home(dp, &key->address, false);
	uint32_t value = home ? rg_dp_port(dp, home, key->protocol, key->port) : 0;

	/* the port may be a shared endpoint's by now */
	if (value && !(value & RG_PORT_SHARED))
		rg_dp_port_put(dp, home, key->protocol, key->port, 0);
	if (bpf_map_delete_elem(bpf_map__fd(dp->skel->maps.rg_endpoints), key))
		return -ENOENT;
	dp->n_endpoints--;
	rg_dp_locals_sync(dp);
	return 0;
}

/* What packets need of a shared endpoint is in its first word; the rest is for readers. */
static void shared_write(struct rg_dp *dp, uint32_t number, const struct rg_shared *shared)
{
	struct rg_shared *at = &dp->shared[number];
	__u64 word;

	_Static_assert(offsetof(struct rg_shared, first_port) == 8, "flags and prefix in one word");
	memcpy(&word, shared, sizeof(word));
	__atomic_store_n((__u64 *)(void *)at, word, __ATOMIC_RELEASE);
	memcpy((char *)at + sizeof(word), (const char *)shared + sizeof(word), sizeof(*at) - sizeof(word));
	rg_dp_wrote(dp, at, sizeof(*at));
}

static bool has_port(const struct rg_shared *shared, const struct rg_shared *of, uint32_t port)
{
	return shared->name[0] && shared->protocol == of->protocol && port >= shared->first_port &&
	       port <= shared->last_port && !rg_addr_cmp(&shared->address, &of->address);
}

/* The ports of @of that are not @keep's: those that have the value @from get @to. */
static void ports_put(struct rg_dp *dp, const struct rg_shared *of, const struct rg_shared *keep,
		      uint32_t from, uint32_t to)
{
	struct rg_dp_local *home = rg_dp_home(dp, &of->address, false);

	for (uint32_t port = of->first_port; home && of->name[0] && port <= of->last_port; port++)
		if (!has_port(keep, of, port) && rg_dp_port(dp, home, of->protocol, (uint16_t)port) == from)
			rg_dp_port_put(dp, home, of->protocol, (uint16_t)port, to);
}

int rg_dp_shared_set(struct rg_dp *dp, uint32_t number, const struct rg_shared *shared, struct rg_err *err)
{
	const struct rg_shared none = {}, before = number < RG_SHARED_MAX ? dp->shared[number] : none;
	uint32_t value = RG_PORT_SHARED | number;
	struct rg_dp_local *home;

	if (!number || number >= RG_SHARED_MAX)
		return rg_err_set(err, -ENOSPC, RG_ERR_FULL, "", "there is room for %d shared endpoints",
				  RG_SHARED_MAX - 1);
	home = rg_dp_home(dp, &shared->address, true);
	if (!home)
		return no_address(dp, err);
	shared_write(dp, number, shared);
	for (uint32_t port = shared->first_port; port <= shared->last_port; port++)
		rg_dp_port_put(dp, home, shared->protocol, (uint16_t)port, value);
	if (!rg_dp_locals_sync(dp)) {
		/* only now: packets do not find the new ports before */
		ports_put(dp, &before, shared, value, 0);
		rg_dp_locals_sync(dp);
		return 0;
	}
	ports_put(dp, shared, &before, value, 0);
	shared_write(dp, number, &before);
	return rg_err_set(err, -ENOSPC, RG_ERR_FULL, "", "no slot for one more local address");
}

void rg_dp_shared_update(struct rg_dp *dp, uint32_t number, const struct rg_shared *shared)
{
	if (number && number < RG_SHARED_MAX)
		shared_write(dp, number, shared);
}

void rg_dp_shared_clear(struct rg_dp *dp, uint32_t number)
{
	const struct rg_shared none = {};

	if (!number || number >= RG_SHARED_MAX)
		return;
	ports_put(dp, &dp->shared[number], &none, RG_PORT_SHARED | number, 0);
	shared_write(dp, number, &none);
	rg_dp_locals_sync(dp);
}
