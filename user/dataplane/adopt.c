/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a load takes over from the maps that an earlier daemon pinned: counters, flows and connections. Their keys
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

/* Only what is not there, or is nothing of BPF's, may be done without. What can not be read for another reason
 * (no memory, say) would be forgotten, flows and counters: then the start fails, and what is in force stays so. */
#define ABSENT(error) ((error) == -ENOENT || (error) == -EACCES)

static int pinned(const struct rg_dp *dp, const char *name)
{
	char path[512];
	int fd = bpf_obj_get(rg_dp_pin_path(dp->pin_dir, NULL, name, path));

	return fd < 0 ? -errno : fd;
}

/* The pinned map, if it is of our map's kind and sizes, its number of entries apart: 1, 0 or -errno. */
static int open_alike(const struct rg_dp *dp, const struct bpf_map *map, const char *name, int *ret_fd,
		      struct bpf_map_info *ret_info)
{
	_cleanup_(rg_closep) int fd = pinned(dp, name);
	__u32 length = sizeof(*ret_info);

	memset(ret_info, 0, sizeof(*ret_info));
	if (fd < 0)
		return ABSENT(fd) ? 0 : fd;
	if (bpf_obj_get_info_by_fd(fd, ret_info, &length))
		return -errno;
	if (ret_info->type != bpf_map__type(map) || ret_info->key_size != bpf_map__key_size(map) ||
	    ret_info->value_size != bpf_map__value_size(map))
		return 0;
	*ret_fd = TAKE_FD(fd);
	return 1;
}

/* May an earlier daemon's pinned map serve as ours? */
static bool same_layout(const struct bpf_map_info *info, const struct bpf_map *map)
{
	return info->max_entries == bpf_map__max_entries(map) && info->map_flags == bpf_map__map_flags(map);
}

/* 1, 0 (there is none of this layout) or -errno. The layout first: a look-up writes as many bytes as the map's
 * values have. */
static int read_state(const struct rg_dp *dp, const char *name, struct rg_state *ret)
{
	const struct bpf_map *map = dp->skel->maps.rg_state;
	_cleanup_(rg_closep) int fd = -1;
	struct bpf_map_info info;
	__u32 zero = 0;
	int r = open_alike(dp, map, name, &fd, &info);

	if (r <= 0)
		return r;
	if (!same_layout(&info, map))
		return 0;
	return bpf_map_lookup_elem(fd, &zero, ret) ? -errno : 1;
}

/* 1: it serves as ours from now on; 0: there is none that could; or -errno. */
static int adopt(const struct rg_dp *dp, struct bpf_map *map)
{
	_cleanup_(rg_closep) int fd = -1;
	struct bpf_map_info info;
	int r = open_alike(dp, map, bpf_map__name(map), &fd, &info);

	if (r <= 0)
		return r;
	if (!same_layout(&info, map))
		return 0;
	r = bpf_map__reuse_fd(map, fd);
	return r ? r : 1;
}

/* 1: it serves as ours, or is @ret_fd, for another number of entries: see carry.c; 0: there is none; or -errno. */
static int adopt_or_open(const struct rg_dp *dp, struct bpf_map *map, int *ret_fd)
{
	struct bpf_map_info info;
	int r = adopt(dp, map);

	return r ? r : open_alike(dp, map, bpf_map__name(map), ret_fd, &info);
}

/* The bindings that the flows were made by; there may have been room for more or fewer of them. 1, 0 or -errno. */
static int bindings_open(struct rg_dp *dp)
{
	const struct bpf_map *map = dp->skel->maps.rg_bindings;
	_cleanup_(rg_closep) int fd = -1;
	struct bpf_map_info info;
	void *at;
	int r = open_alike(dp, map, bpf_map__name(map), &fd, &info);

	if (r <= 0)
		return r;
	if (!(info.map_flags & BPF_F_MMAPABLE))
		return 0;
	at = mmap(NULL, info.max_entries * sizeof(struct rg_binding), PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	dp->earlier.bindings = at;
	dp->earlier.n_bindings = info.max_entries;
	return 1;
}

/* The last generation that flows of this table may remember: a program that was in force for a moment only
 * (it was switched back, or killed) has counted in a map of its own. */
static int last_generation(struct rg_dp *dp, const struct rg_state *state)
{
	struct rg_state other = {};
	int r = read_state(dp, RG_DP_PIN_OLD "rg_state", &other);

	if (r < 0)
		return r;
	dp->generation_base = other.geo_generation > state->geo_generation ? other.geo_generation : state->geo_generation;
	return 0;
}

/* All that says which flows were of which ufrag: 1, 0 or -errno. */
static int earlier_open(struct rg_dp *dp)
{
	struct rg_dp_earlier *earlier = &dp->earlier;
	const struct bpf_map *ufrags = dp->skel->maps.rg_ufrags, *ufrags_long = dp->skel->maps.rg_ufrags_long;
	struct bpf_map_info info;
	int r = open_alike(dp, ufrags, bpf_map__name(ufrags), &earlier->ufrags, &info);

	if (r > 0)
		r = open_alike(dp, ufrags_long, bpf_map__name(ufrags_long), &earlier->ufrags_long, &info);
	return r > 0 ? bindings_open(dp) : r;
}

/* 1, also if there are none, or -errno. */
static int adopt_connections(struct rg_dp *dp)
{
	int r = adopt_or_open(dp, dp->skel->maps.rg_connections, &dp->earlier.connections);

	dp->earlier.no_connections = !r;
	return r < 0 ? r : 1;
}

/* Flows mean nothing without the bindings that made them, and cache regions of that load's table. */
static int adopt_flows(struct rg_dp *dp, const struct rg_state *state)
{
	int r = earlier_open(dp);

	if (r > 0)
		r = adopt_or_open(dp, dp->skel->maps.rg_flows, &dp->earlier.flows);
	if (r > 0)
		r = adopt_connections(dp);
	if (r > 0)
		return last_generation(dp, state);
	rg_dp_earlier_close(dp);
	return r;
}

int rg_dp_adopt(struct rg_dp *dp, struct rg_err *err)
{
	struct bpf_map *maps[] = { dp->skel->maps.rg_reason_stat, dp->skel->maps.rg_region_stat,
				   dp->skel->maps.rg_mtg_stat, dp->skel->maps.rg_seen,
				   dp->skel->maps.rg_frags, dp->skel->maps.rg_bind_rates,
				   dp->skel->maps.rg_budgets };
	struct rg_state state;
	int r = dp->pin_dir ? read_state(dp, "rg_state", &state) : 0;

	if (r > 0 && (state.abi_version < RG_ABI_TAKEN || state.abi_version > RG_ABI_VERSION))
		return 0;
	if (r > 0) {
		for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(maps); i++)
			r = adopt(dp, maps[i]);
		if (r >= 0)
			r = adopt_flows(dp, &state);
	}
	if (r >= 0)
		return 0;
	return rg_err_set(err, r, RG_ERR_KERNEL, "", "what is pinned in %s can not be taken over: %s", dp->pin_dir,
			  strerror(-r));
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
	rg_closep(&earlier->connections);
	if (earlier->bindings)
		munmap(earlier->bindings, earlier->n_bindings * sizeof(*earlier->bindings));
	*earlier = RG_DP_EARLIER_NONE;
}
