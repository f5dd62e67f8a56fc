/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The filter as one program of several in a libxdp dispatcher. libxdp's pins say which programs are in one; ours are
 * those that read an rg_state of ours: that of this load, or one that is pinned as "rg_state", or as "new_rg_state" or
 * "old_rg_state" by a daemon that died while it took over. No further state is kept, that could be wrong. */
#include "dataplane/private.h"

#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "dataplane/libxdp.h"
#include "regiongate.skel.h"

#define MAPS_MAX 64 /* of one program */
#define STATES ARRAY_SIZE(((struct rg_dp *)0)->former_states)

static bool any_state(const uint32_t states[STATES])
{
	for (size_t i = 0; i < STATES; i++)
		if (states[i])
			return true;
	return false;
}

static const char *const modes[] = {
	[RG_DISPATCHER_NO] = "no", [RG_DISPATCHER_AUTO] = "auto", [RG_DISPATCHER_YES] = "yes",
};

int rg_dispatcher_parse(const char *text, enum rg_dispatcher *ret)
{
	int i = rg_dp_word(modes, ARRAY_SIZE(modes), text);

	if (i < 0)
		return i;
	*ret = (enum rg_dispatcher)i;
	return 0;
}

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &length) ? 0 : info.id;
}

static uint32_t own_state(const struct rg_dp *dp)
{
	return map_id(bpf_map__fd(dp->skel->maps.rg_state));
}

/* The ids of what is pinned as rg_state; 0: nothing. */
static void pinned_states(const char *pin_dir, uint32_t ret[STATES])
{
	static const char *const names[STATES] = { "rg_state", RG_DP_PIN_NEW "rg_state", RG_DP_PIN_OLD "rg_state" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[512];
		_cleanup_(rg_closep) int fd = bpf_obj_get(rg_dp_pin_path(pin_dir, NULL, names[i], path));

		ret[i] = map_id(fd);
	}
}

/* Does the program pinned at @path read one of these maps? */
static bool has_map(const char *path, const uint32_t *maps, size_t n)
{
	_cleanup_(rg_closep) int fd = bpf_obj_get(path);
	uint32_t ids[MAPS_MAX] = {};
	struct bpf_prog_info info = { .nr_map_ids = MAPS_MAX, .map_ids = (uintptr_t)ids };
	__u32 length = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &length))
		return false;
	for (size_t i = 0; i < info.nr_map_ids && i < MAPS_MAX; i++)
		for (size_t j = 0; j < n; j++)
			if (maps[j] && ids[i] == maps[j])
				return true;
	return false;
}

/* A program with one of these maps among those of a dispatcher, and where it is pinned. */
static enum rg_dp_place find_member(unsigned int ifindex, uint32_t dispatcher, const uint32_t *maps, size_t n,
				    char ret_path[512])
{
	enum rg_dp_place place = RG_DP_PLACE_OTHERS;
	struct dirent *entry;
	char folder[64];
	DIR *dir;

	snprintf(folder, sizeof(folder), RG_LIBXDP_PINS "/dispatch-%u-%u", ifindex, dispatcher);
	dir = opendir(folder);
	if (!dir)
		return RG_DP_PLACE_NONE;
	while (place != RG_DP_PLACE_OURS && (entry = readdir(dir))) {
		if (!strstr(entry->d_name, "-prog"))
			continue;
		snprintf(ret_path, 512, "%s/%.250s", folder, entry->d_name);
		if (has_map(ret_path, maps, n))
			place = RG_DP_PLACE_OURS;
	}
	closedir(dir);
	return place;
}

enum rg_dp_place rg_dp_dispatcher_look(const struct rg_dp *dp, unsigned int ifindex, uint32_t dispatcher)
{
	uint32_t state = own_state(dp);
	char path[512];

	return find_member(ifindex, dispatcher, &state, 1, path);
}

/* The program on an interface; 0: none, and no mode. */
static uint32_t on_interface(unsigned int ifindex, enum rg_xdp_mode *ret_mode)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if (bpf_xdp_query((int)ifindex, 0, &query))
		return 0;
	*ret_mode = query.drv_prog_id ? RG_XDP_NATIVE : RG_XDP_GENERIC;
	return query.drv_prog_id ? query.drv_prog_id : query.skb_prog_id;
}

/* The program once more, opened on the maps of this load. */
static struct regiongate_bpf *open_again(const struct rg_dp *dp)
{
	struct regiongate_bpf *skel = regiongate_bpf__open();
	struct bpf_map *map, *other = NULL;
	struct bpf_program *program;
	int r = 0;

	if (!skel)
		return NULL;
	bpf_object__for_each_map(map, skel->obj) {
		other = bpf_object__next_map(dp->skel->obj, other);
		if (!r)
			r = bpf_map__reuse_fd(map, bpf_map__fd(other));
	}
	bpf_object__for_each_program(program, skel->obj)
		bpf_program__set_autoload(program, program == skel->progs.regiongate);
	if (!r)
		return skel;
	regiongate_bpf__destroy(skel);
	errno = -r;
	return NULL;
}

static int join(struct rg_dp *dp, unsigned int ifindex, enum rg_xdp_mode mode)
{
	struct regiongate_bpf *skel = open_again(dp);
	int r;

	if (mode == RG_XDP_GENERIC)
		rg_dp_generic_note(dp);
	rg_dp_answers_note(dp, false);
	r = skel ? rg_libxdp_join(ifindex, mode, skel->obj, "regiongate") : -errno;

	regiongate_bpf__destroy(skel);
	return r;
}

static int join_error(const char *ifname, int r, struct rg_err *err)
{
	const char *words = rg_dp_words();

	if (r == -EPERM)
		return rg_err_set(err, r, RG_ERR_KERNEL, "", "cannot join the dispatcher of '%s': the daemon has no "
				  "CAP_SYS_ADMIN, which libxdp needs", ifname);
	return rg_err_set(err, r, RG_ERR_KERNEL, "", "cannot join the dispatcher of '%s': %s%s%s%s", ifname,
			  r == -EOPNOTSUPP ? "the kernel refuses programs of type EXT" : strerror(-r),
			  words[0] ? " (" : "", words, words[0] ? ")" : "");
}

int rg_dp_dispatcher_join(struct rg_dp *dp, unsigned int ifindex, const char *ifname, enum rg_xdp_mode mode,
			  struct rg_err *err)
{
	int r = -EOPNOTSUPP;

	rg_dp_words_clear();
	if (!rg_libxdp_possible())
		return join_error(ifname, r, err);
	if (mode != RG_XDP_GENERIC)
		r = join(dp, ifindex, RG_XDP_NATIVE);
	if (mode == RG_XDP_GENERIC || (r && r != -EBUSY && r != -EPERM && mode == RG_XDP_AUTO))
		r = join(dp, ifindex, RG_XDP_GENERIC);
	return r ? join_error(ifname, r, err) : 0;
}

/* Every program with one of these maps. -ENOENT: there was none. */
static int leave(unsigned int ifindex, const char *ifname, const uint32_t *maps, size_t n, struct rg_err *err)
{
	char path[512];
	int r = -ENOENT;

	for (;;) {
		enum rg_xdp_mode mode;
		uint32_t id = on_interface(ifindex, &mode);
		int left;

		if (!id || find_member(ifindex, id, maps, n, path) != RG_DP_PLACE_OURS)
			break;
		left = rg_libxdp_leave(ifindex, mode, path);
		if (left)
			return rg_err_set(err, left, RG_ERR_KERNEL, "", "cannot leave the dispatcher of '%s': %s%s", ifname,
					  strerror(-left), left == -EPERM ?
					  " (libxdp needs CAP_SYS_ADMIN; 'regiongated --detach' has it)" : "");
		r = 0;
	}
	return r ? rg_err_set(err, r, RG_ERR_NOT_FOUND, "", "the filter is not attached to '%s'", ifname) : 0;
}

int rg_dp_dispatcher_leave(const struct rg_dp *dp, const char *ifname, struct rg_err *err)
{
	uint32_t state = own_state(dp);

	return leave(if_nametoindex(ifname), ifname, &state, 1, err);
}

size_t rg_dp_dispatcher_list(unsigned int ret[RG_DP_DISPATCHERS_MAX])
{
	DIR *dir = opendir(RG_LIBXDP_PINS);
	struct dirent *entry;
	size_t n = 0;

	while (dir && n < RG_DP_DISPATCHERS_MAX && (entry = readdir(dir))) {
		unsigned int ifindex, id;
		enum rg_xdp_mode mode;

		if (sscanf(entry->d_name, "dispatch-%u-%u", &ifindex, &id) == 2 && on_interface(ifindex, &mode) == id)
			ret[n++] = ifindex;
	}
	if (dir)
		closedir(dir);
	return n;
}

void rg_dp_dispatchers_former(struct rg_dp *dp)
{
	pinned_states(dp->pin_dir, dp->former_states);
}

int rg_dp_dispatchers_enter(struct rg_dp *dp, struct rg_err *err)
{
	unsigned int list[RG_DP_DISPATCHERS_MAX];
	char ifname[IF_NAMESIZE], path[512];
	int r = 0;

	if (!any_state(dp->former_states))
		return 0;
	for (size_t n = rg_dp_dispatcher_list(list); !r && n--; ) {
		enum rg_xdp_mode mode;
		uint32_t id = on_interface(list[n], &mode);

		if (id && if_indextoname(list[n], ifname) &&
		    find_member(list[n], id, dp->former_states, STATES, path) == RG_DP_PLACE_OURS)
			r = rg_dp_dispatcher_join(dp, list[n], ifname, mode, err);
	}
	if (r)
		rg_dp_dispatchers_leave(dp, false);
	return r;
}

void rg_dp_dispatchers_leave(const struct rg_dp *dp, bool former)
{
	uint32_t own[STATES] = { own_state(dp) };
	unsigned int list[RG_DP_DISPATCHERS_MAX];

	if (!any_state(dp->former_states))
		return;
	for (size_t n = rg_dp_dispatcher_list(list); n--; )
		leave(list[n], "", former ? dp->former_states : own, STATES, NULL);
}

void rg_dp_dispatchers_remove(const char *pin_dir)
{
	unsigned int list[RG_DP_DISPATCHERS_MAX];
	uint32_t states[STATES];

	pinned_states(pin_dir, states);
	for (size_t n = any_state(states) ? rg_dp_dispatcher_list(list) : 0; n--; )
		leave(list[n], "", states, STATES, NULL);
}
