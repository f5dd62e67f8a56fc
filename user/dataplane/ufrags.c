/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ufrags and the bindings behind them.
 *
 * A flow is good while its binding has the serial that the flow remembers. Serials are never used
 * again, also not by the next load: it takes over the flows, and gives a binding its old serial if
 * it stands for the same ufrag of the same endpoint, and for the same meeting, as it did before.
 * The bindings themselves are each load's own: the earlier program goes on with its own ones. */
#include "dataplane/private.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "regiongate.skel.h"

/* A key of either map. */
struct key {
	bool is_long;
	union {
		struct rg_ufrag_key small;
		struct rg_ufrag_long_key large;
	};
};

static int make_key(uint32_t endpoint, const char *text, size_t length, struct key *ret)
{
	if (!endpoint || endpoint >= RG_SHARED_MAX || length < RG_UFRAG_MIN || length > RG_UFRAG_MAX)
		return -EINVAL;
	memset(ret, 0, sizeof(*ret));
	ret->is_long = length > RG_UFRAG_SHORT_MAX;
	if (ret->is_long) {
		ret->large.endpoint = (__u16)endpoint;
		ret->large.length = (__u16)length;
		memcpy(ret->large.text, text, length);
	} else {
		ret->small.endpoint = (__u16)endpoint;
		ret->small.length = (__u16)length;
		memcpy(ret->small.text, text, length);
	}
	return 0;
}

static const void *key_data(const struct key *key)
{
	return key->is_long ? (const void *)&key->large : (const void *)&key->small;
}

static const struct bpf_map *map_of(const struct rg_dp *dp, const struct key *key)
{
	return key->is_long ? dp->skel->maps.rg_ufrags_long : dp->skel->maps.rg_ufrags;
}

/* The serial that an earlier load gave to the same binding of the same ufrag; 0: none. Not to know it would unbind
 * its flows: 0 or -errno. */
static int earlier_serial(const struct rg_dp *dp, const struct key *key, uint32_t binding, uint32_t meeting,
			  uint32_t *ret)
{
	const struct rg_dp_earlier *earlier = &dp->earlier;
	int fd = key->is_long ? earlier->ufrags_long : earlier->ufrags;
	struct rg_ufrag ufrag;

	*ret = 0;
	if (binding >= earlier->n_bindings || earlier->bindings[binding].meeting != meeting || fd < 0)
		return 0;
	if (bpf_map_lookup_elem(fd, key_data(key), &ufrag))
		return errno == ENOENT ? 0 : -errno;
	if (ufrag.binding == binding && ufrag.meeting == meeting)
		*ret = earlier->bindings[binding].serial;
	return 0;
}

uint32_t rg_dp_next_serial(struct rg_dp *dp)
{
	if (!++dp->bindings[0].serial)
		dp->bindings[0].serial = 1;
	return dp->bindings[0].serial;
}

/* Meeting and serial are one word: no packet sees one of them without the other. */
static void binding_store(struct rg_dp *dp, uint32_t binding, uint32_t meeting, uint32_t serial)
{
	_Static_assert(offsetof(struct rg_binding, serial) == 4, "one word");
	__atomic_store_n((__u64 *)(void *)&dp->bindings[binding], meeting | (__u64)serial << 32, __ATOMIC_RELEASE);
}

static int ufrag_error(struct rg_dp *dp, const struct key *key, int r, struct rg_err *err)
{
	const struct bpf_map *map = map_of(dp, key);

	return rg_err_set(err, r, r == -E2BIG ? RG_ERR_FULL : RG_ERR_KERNEL, "", "%s (%u entries of %u): %s",
			  bpf_map__name(map), key->is_long ? dp->n_ufrags_long : dp->n_ufrags,
			  bpf_map__max_entries(map), strerror(-r));
}

/* Told again, as it is: its flows go on. */
static bool is_set(const struct rg_dp *dp, const struct key *key, uint32_t binding, uint32_t meeting)
{
	const struct rg_binding *at = &dp->bindings[binding];
	struct rg_ufrag there;

	return at->meeting == meeting && at->serial &&
	       !bpf_map_lookup_elem(bpf_map__fd(map_of(dp, key)), key_data(key), &there) &&
	       there.binding == binding && there.meeting == meeting;
}

static void count(struct rg_dp *dp, const struct key *key, int change)
{
	uint32_t *n = key->is_long ? &dp->n_ufrags_long : &dp->n_ufrags;

	*n += (uint32_t)change;
}

int rg_dp_ufrag_set(struct rg_dp *dp, uint32_t endpoint, const char *text, size_t length, uint32_t binding,
		    uint32_t meeting, struct rg_err *err)
{
	const struct rg_ufrag value = { .binding = binding, .meeting = meeting };
	struct rg_binding before, *at;
	uint32_t serial;
	struct key key;
	int fd, r;

	if (make_key(endpoint, text, length, &key) || !binding || binding > dp->config.max_ufrags ||
	    !meeting || meeting >= dp->config.max_meetings)
		return rg_err_set(err, -EINVAL, RG_ERR_INTERNAL, "", "a ufrag that no map can hold");
	if (is_set(dp, &key, binding, meeting))
		return 0;
	fd = bpf_map__fd(map_of(dp, &key));
	at = &dp->bindings[binding];
	before = *at;
	r = earlier_serial(dp, &key, binding, meeting, &serial);
	if (r)
		return ufrag_error(dp, &key, r, err);
	at->tokens = RG_BIND_BURST;
	at->filled = (__u32)(rg_dp_now_ns() / 1000000000u);
	binding_store(dp, binding, meeting, serial ? serial : rg_dp_next_serial(dp));
	r = bpf_map_update_elem(fd, key_data(&key), &value, BPF_NOEXIST) ? -errno : 0;
	if (!r)
		count(dp, &key, 1);
	else if (r == -EEXIST)
		r = bpf_map_update_elem(fd, key_data(&key), &value, BPF_EXIST) ? -errno : 0;
	if (!r)
		return 0;
	binding_store(dp, binding, before.meeting, before.serial);
	return ufrag_error(dp, &key, r, err);
}

void rg_dp_ufrag_clear(struct rg_dp *dp, uint32_t endpoint, const char *text, size_t length, uint32_t binding)
{
	struct rg_ufrag there;
	struct key key;
	int fd;

	if (make_key(endpoint, text, length, &key) || !binding || binding > dp->config.max_ufrags)
		return;
	fd = bpf_map__fd(map_of(dp, &key));
	if (bpf_map_lookup_elem(fd, key_data(&key), &there) || there.binding != binding)
		return;
	binding_store(dp, binding, 0, 0);
	if (!bpf_map_delete_elem(fd, key_data(&key)))
		count(dp, &key, -1);
}
