/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Endpoints: dedicated ones, which belong to one meeting, and shared ones. */
#include "dataplane/private.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/text.h"
#include "regiongate.skel.h"

static void endpoint_text(const struct rg_endpoint_key *key, char *buf)
{
	bool any = rg_addr_is_any(&key->address), v6 = !any && !rg_addr_is_v4(&key->address);
	char address[RG_ADDR_TEXT_MAX], *to = buf;

	_Static_assert(sizeof(((struct rg_endpoint *)0)->endpoint) >= RG_ADDR_TEXT_MAX + sizeof("[]:65535/udp"),
		       "room for any");
	to = stpcpy(to, v6 ? "[" : "");
	to = stpcpy(to, any ? "any" : rg_addr_format(&key->address, address));
	to = rg_digits(stpcpy(to, v6 ? "]:" : ":"), key->port);
	stpcpy(to, key->protocol == IPPROTO_TCP ? "/tcp" : "/udp");
}

static int no_address(const struct rg_dp *dp, struct rg_err *err)
{
	return rg_err_set(err, -ENOSPC, RG_ERR_FULL, "", "endpoints on more than %u local addresses",
			  dp->config.max_locals);
}

/* Into rg_endpoints, for readers. @ret_done: how many of them are there. */
static int write_entries(const struct rg_dp *dp, const struct rg_dp_endpoint *list, size_t n, size_t *ret_done,
			 struct rg_err *err)
{
	struct rg_endpoint values[RG_DP_ENDPOINTS_BATCH] = {};
	struct rg_endpoint_key keys[RG_DP_ENDPOINTS_BATCH];
	__u32 done = (__u32)n;
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		keys[i] = list[i].key;
		values[i].meeting = list[i].meeting;
		memcpy(values[i].id, list[i].id, strnlen(list[i].id, sizeof(values[i].id)));
		endpoint_text(&list[i].key, values[i].endpoint);
	}
	if (bpf_map_update_batch(bpf_map__fd(dp->skel->maps.rg_endpoints), keys, values, &done, NULL)) {
		r = -errno;
		if (done == n) /* it did not come to count them */
			done = 0;
		rg_err_set(err, r, r == -E2BIG ? RG_ERR_FULL : RG_ERR_KERNEL, "",
			   "rg_endpoints (%u entries of %u): %s", dp->n_endpoints,
			   rg_dp_endpoints_max(&dp->config), strerror(-r));
	}
	*ret_done = done;
	return r;
}

static bool is_dedicated(uint32_t port)
{
	return port && !(port & RG_PORT_SHARED);
}

struct placed { /* the port of an endpoint of a batch, and what was there */
	struct rg_dp_local *home;
	uint32_t before;
};

static int place(struct rg_dp *dp, const struct rg_dp_endpoint *endpoint, struct placed *ret, struct rg_err *err)
{
	const struct rg_endpoint_key *key = &endpoint->key;

	ret->home = rg_dp_home(dp, &key->address, true);
	if (!ret->home)
		return no_address(dp, err);
	ret->before = rg_dp_port(dp, ret->home, key->protocol, key->port);
	rg_dp_port_put(dp, ret->home, key->protocol, key->port, endpoint->meeting);
	dp->n_endpoints += !is_dedicated(ret->before);
	return 0;
}

/* Of @n entries, @n_placed of which have their ports: ports as they were, and no entry without one. */
static void take_back(struct rg_dp *dp, const struct rg_dp_endpoint *list, size_t n, const struct placed *placed,
		      size_t n_placed)
{
	while (n_placed-- > 0) {
		const struct rg_endpoint_key *key = &list[n_placed].key;

		rg_dp_port_put(dp, placed[n_placed].home, key->protocol, key->port, placed[n_placed].before);
		dp->n_endpoints -= !is_dedicated(placed[n_placed].before);
	}
	for (size_t i = 0; i < n; i++) {
		const struct rg_endpoint_key *key = &list[i].key;
		struct rg_dp_local *home = rg_dp_home(dp, &key->address, false);

		if (!home || !is_dedicated(rg_dp_port(dp, home, key->protocol, key->port)))
			bpf_map_delete_elem(bpf_map__fd(dp->skel->maps.rg_endpoints), key);
	}
}

/* What packets read. All of them, or none. */
static int place_all(struct rg_dp *dp, const struct rg_dp_endpoint *list, size_t n, struct rg_err *err)
{
	struct placed placed[RG_DP_ENDPOINTS_BATCH];
	size_t n_placed = 0;
	int r = 0;

	for (; !r && n_placed < n; n_placed += !r)
		r = place(dp, &list[n_placed], &placed[n_placed], err);
	if (!r && rg_dp_locals_sync(dp))
		r = rg_err_set(err, -ENOSPC, RG_ERR_FULL, "", "no slot for one more local address");
	if (r)
		take_back(dp, list, n, placed, n_placed);
	return r;
}

int rg_dp_endpoints_set(struct rg_dp *dp, const struct rg_dp_endpoint *list, size_t n, struct rg_err *err)
{
	size_t written = 0;
	int r = write_entries(dp, list, n, &written, err);
	int placed = place_all(dp, list, written, err);

	return placed ? placed : r;
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

int rg_dp_shared_put(struct rg_dp *dp, uint32_t number, const struct rg_shared *shared, struct rg_err *err)
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
	if (!rg_dp_locals_sync(dp))
		return 0;
	ports_put(dp, shared, &before, value, 0);
	shared_write(dp, number, &before);
	return rg_err_set(err, -ENOSPC, RG_ERR_FULL, "", "no slot for one more local address");
}

void rg_dp_shared_trim(struct rg_dp *dp, uint32_t number, const struct rg_shared *former)
{
	ports_put(dp, former, &dp->shared[number], RG_PORT_SHARED | number, 0);
	rg_dp_locals_sync(dp);
}

int rg_dp_shared_set(struct rg_dp *dp, uint32_t number, const struct rg_shared *shared, struct rg_err *err)
{
	const struct rg_shared none = {}, former = number < RG_SHARED_MAX ? dp->shared[number] : none;
	int r = rg_dp_shared_put(dp, number, shared, err);

	if (!r)
		rg_dp_shared_trim(dp, number, &former);
	return r;
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
