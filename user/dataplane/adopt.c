/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a load takes over from the maps that an earlier daemon pinned: counters and flows. Their keys
 * (meeting numbers, region ids, numbers of endpoints and bindings) are stored, so they mean the same.
 * All else is built anew from the store. */
#include "dataplane/private.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "regiongate.skel.h"

static int pinned(const struct rg_dp *dp, const struct bpf_map *map)
{
	char path[512];

	return bpf_obj_get(rg_dp_pin_path(dp->pin_dir, NULL, bpf_map__name(map), path));
}

/* May an earlier daemon's pinned map serve as ours? Same kind and sizes, same ABI. */
static bool same_layout(int fd, const struct bpf_map *map)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &length) && info.type == bpf_map__type(map) &&
	       info.key_size == bpf_map__key_size(map) && info.value_size == bpf_map__value_size(map) &&
	       info.max_entries == bpf_map__max_entries(map) && info.map_flags == bpf_map__map_flags(map);
}

/* The layout first: a look-up writes as many bytes as the map's values have. */
static bool known_abi(const struct rg_dp *dp, struct rg_state *ret)
{
	const struct bpf_map *map = dp->skel->maps.rg_state;
	_cleanup_(rg_closep) int fd = pinned(dp, map);
	__u32 zero = 0;

	return fd >= 0 && same_layout(fd, map) && !bpf_map_lookup_elem(fd, &zero, ret) &&
	       ret->abi_version >= RG_ABI_TAKEN && ret->abi_version <= RG_ABI_VERSION;
}

/* 1: it serves as ours from now on; 0: there is none that could. */
static int adopt(const struct rg_dp *dp, struct bpf_map *map)
{
	_cleanup_(rg_closep) int fd = pinned(dp, map);
	int r;

	if (fd < 0 || !same_layout(fd, map))
		return 0;
	r = bpf_map__reuse_fd(map, fd);
	return r ? r : 1;
}

/* The bindings that the flows were made by; there may have been room for more or fewer of them. */
static int bindings_open(struct rg_dp *dp)
{
	_cleanup_(rg_closep) int fd = pinned(dp, dp->skel->maps.rg_bindings);
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);
	void *at;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &length) || info.type != BPF_MAP_TYPE_ARRAY ||
	    info.value_size != sizeof(struct rg_binding) || !(info.map_flags & BPF_F_MMAPABLE))
		return -ENOENT;
	at = mmap(NULL, info.max_entries * sizeof(struct rg_binding), PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	dp->earlier.bindings = at;
	dp->earlier.n_bindings = info.max_entries;
	return 0;
}

static bool same_sizes(int fd, const struct bpf_map *map)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);

	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &length) && info.type == bpf_map__type(map) &&
	       info.key_size == bpf_map__key_size(map) && info.value_size == bpf_map__value_size(map);
}

/* The last generation that flows of this table may remember: a program that was in force for a moment only
 * (it was switched back, or killed) has counted in a map of its own. */
static uint32_t last_generation(const struct rg_dp *dp, const struct rg_state *state)
{
	char path[512];
	_cleanup_(rg_closep) int fd = bpf_obj_get(rg_dp_pin_path(dp->pin_dir, NULL, RG_DP_PIN_OLD "rg_state", path));
	struct rg_state other = {};
	__u32 zero = 0;

	if (fd < 0 || !same_layout(fd, dp->skel->maps.rg_state) || bpf_map_lookup_elem(fd, &zero, &other))
		return state->geo_generation;
	return other.geo_generation > state->geo_generation ? other.geo_generation : state->geo_generation;
}

/* Flows mean nothing without the bindings that made them, and cache regions of that load's table. */
static int adopt_flows(struct rg_dp *dp, const struct rg_state *state)
{
	struct rg_dp_earlier *earlier = &dp->earlier;
	int r;

	earlier->ufrags = pinned(dp, dp->skel->maps.rg_ufrags);
	earlier->ufrags_long = pinned(dp, dp->skel->maps.rg_ufrags_long);
	if (!same_sizes(earlier->ufrags, dp->skel->maps.rg_ufrags) ||
	    !same_sizes(earlier->ufrags_long, dp->skel->maps.rg_ufrags_long) || bindings_open(dp)) {
		rg_dp_earlier_close(dp);
		return 0;
	}
	r = adopt(dp, dp->skel->maps.rg_flows);
	if (!r) /* for another number of flows: see carry.c */
		earlier->flows = pinned(dp, dp->skel->maps.rg_flows);
	if (r > 0 || (!r && same_sizes(earlier->flows, dp->skel->maps.rg_flows)))
		dp->generation_base = last_generation(dp, state);
	else
		rg_dp_earlier_close(dp);
	return r;
}

int rg_dp_adopt(struct rg_dp *dp)
{
	struct bpf_map *maps[] = { dp->skel->maps.rg_reason_stat, dp->skel->maps.rg_region_stat,
				   dp->skel->maps.rg_mtg_stat, dp->skel->maps.rg_seen,
				   dp->skel->maps.rg_frags, dp->skel->maps.rg_bind_rates,
				   dp->skel->maps.rg_budgets };
	struct rg_state state;
	int r = 0;

	if (!dp->pin_dir || !known_abi(dp, &state))
		return 0;
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(maps); i++)
		r = adopt(dp, maps[i]);
	if (r >= 0)
		r = adopt_flows(dp, &state);
	return r < 0 ? r : 0;
}

void rg_dp_adopted(struct rg_dp *dp)
{
	if (dp->earlier.bindings)
		dp->bindings[0].serial = dp->earlier.bindings[0].serial;
}

void rg_dp_earlier_close(struct rg_dp *dp)
{
	struct rg_dp_earlier *earlier = &dp->earlier;

	rg_closep(&earlier->ufrags);
	rg_closep(&earlier->ufrags_long);
	rg_closep(&earlier->flows);
	if (earlier->bindings)
		munmap(earlier->bindings, earlier->n_bindings * sizeof(*earlier->bindings));
	*earlier = (struct rg_dp_earlier){ .ufrags = -1, .ufrags_long = -1, .flows = -1 };
}
