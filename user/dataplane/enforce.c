/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a load takes over from the one before. Whenever this process is killed, or the kernel refuses a call,
 * each link has one of the two programs, and the pins tell the next start what both of them left:
 *
 *   its set is pinned as "new_...", RG_DP_PIN_LAST at the end   the former set is in force
 *   links are switched, one after the other                     both are: they judge by equal rules
 *   the pins get their names, RG_DP_PIN_LAST at the end         the new one is
 *
 * A start that finds "new_..." whole goes on from there, since it may be in force (rg_dp_former_settle()). */
#include "dataplane/private.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"

static const char *new_path(const char *pin_dir, const char *name, char buf[512])
{
	char whole[300];

	snprintf(whole, sizeof(whole), RG_DP_PIN_NEW "%.250s", name);
	return rg_dp_pin_path(pin_dir, NULL, whole, buf);
}

/* Give a new pin its name. */
static int name_pin(const char *pin_dir, const char *name)
{
	char from[512], to[512];

	return rename(new_path(pin_dir, name, from), rg_dp_pin_path(pin_dir, NULL, name, to)) ? -errno : 0;
}

/* A program that reads this state was in force, or may still be in a dispatcher: let the next start know. */
static void keep_state(const char *pin_dir, const char *from)
{
	char path[512], old[512];

	rename(rg_dp_pin_path(pin_dir, NULL, from, path), rg_dp_pin_path(pin_dir, NULL, RG_DP_PIN_OLD "rg_state", old));
}

/* --- what a start that died has left ------------------------------------------------- */

/* Names behind "new_" of the pins that are there. */
static size_t list_new(const char *pin_dir, char ret[RG_DP_PINS_MAX][64])
{
	DIR *dir = opendir(pin_dir);
	struct dirent *entry;
	size_t n = 0;

	while (dir && n < RG_DP_PINS_MAX && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, RG_DP_PIN_NEW "rg_", strlen(RG_DP_PIN_NEW "rg_")) &&
		    strlen(entry->d_name) < 64)
			snprintf(ret[n++], 64, "%s", entry->d_name + strlen(RG_DP_PIN_NEW));
	if (dir)
		closedir(dir);
	return n;
}

static int name_all(const char *pin_dir, char names[RG_DP_PINS_MAX][64], size_t n, struct rg_err *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < n; i++) {
		if (!strcmp(names[i], RG_DP_PIN_LAST))
			continue;
		if (!strcmp(names[i], "rg_state"))
			keep_state(pin_dir, "rg_state");
		r = name_pin(pin_dir, names[i]);
	}
	if (!r)
		r = name_pin(pin_dir, RG_DP_PIN_LAST);
	if (r)
		return rg_err_set(err, r, RG_ERR_KERNEL, "", "the pins of a start that was broken off, in %s, can not be "
				  "renamed: %s", pin_dir, strerror(-r));
	return 0;
}

int rg_dp_former_settle(struct rg_dp *dp, struct rg_err *err)
{
	char names[RG_DP_PINS_MAX][64], path[512];
	size_t n;
	int r;

	if (dp->pin_dir && access(dp->pin_dir, F_OK) && errno == EPERM)
		return rg_err_set(err, -EPERM, RG_ERR_INVALID, "", "the pin directory %s: a bpffs has no names with dots",
				  dp->pin_dir);
	if (!dp->pin_dir || access(dp->pin_dir, F_OK))
		return 0;
	r = rg_dp_dir_lock(dp, err);
	if (r)
		return r;
	rg_dp_dispatchers_former(dp);
	n = list_new(dp->pin_dir, names);
	if (!access(new_path(dp->pin_dir, RG_DP_PIN_LAST, path), F_OK))
		return name_all(dp->pin_dir, names, n, err);
	while (n--)
		unlink(new_path(dp->pin_dir, names[n], path));
	return 0;
}

/* --- pins ------------------------------------------------------------------------------ */

static int pin_new(const struct rg_dp *dp, const struct rg_dp_pin *pin, struct rg_err *err)
{
	char path[512];
	struct stat there;

	/* what naming it could not replace */
	if (!stat(rg_dp_pin_path(dp->pin_dir, NULL, pin->name, path), &there) && S_ISDIR(there.st_mode))
		return rg_err_set(err, -EISDIR, RG_ERR_KERNEL, "", "cannot pin %s: it is a directory", path);
	unlink(new_path(dp->pin_dir, pin->name, path));
	if (bpf_obj_pin(pin->fd, path))
		return rg_err_set(err, -errno, RG_ERR_KERNEL, "", "cannot pin %s: %s", path, strerror(errno));
	return 0;
}

static void unpin_new(const struct rg_dp *dp, const struct rg_dp_pin *pins, size_t n)
{
	char path[512];

	while (n--)
		unlink(new_path(dp->pin_dir, pins[n].name, path));
}

/* This load is in force, so there is no way back: what can not be named now keeps its "new_", and the next
 * start names it, or rg_dp_pins_check() pins it anew. */
static void name_pins(struct rg_dp *dp, const struct rg_dp_pin *pins, size_t n)
{
	struct rg_dp_map_check check;
	char path[512];

	for (size_t i = 0; i < n; i++) {
		if (!name_pin(dp->pin_dir, pins[i].name))
			continue;
		rg_dp_pins_check(dp, &check);
		return;
	}
	unlink(rg_dp_pin_path(dp->pin_dir, NULL, RG_DP_PIN_OLD "rg_state", path));
}

/* --- links ----------------------------------------------------------------------------- */

/* A program by its id: without CAP_SYS_ADMIN only one that is pinned can be had. */
static int program_open(const struct rg_dp *dp, uint32_t id)
{
	static const char *const names[] = { "rg_ingress", RG_DP_PIN_LAST };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[512];
		int fd = bpf_obj_get(rg_dp_pin_path(dp->pin_dir, NULL, names[i], path));
		struct bpf_prog_info info = {};
		__u32 length = sizeof(info);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &length) && info.id == id)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return bpf_prog_get_fd_by_id(id);
}

struct switched {
	char path[512];
	int old; /* the program that it had, for the way back; -1: not known */
	bool done;
};

/* Switch one link, or let it be if its interface is gone. */
static int switch_link(const struct rg_dp *dp, struct switched *link)
{
	struct bpf_link_info info;
	_cleanup_(rg_closep) int fd = rg_dp_link_open(link->path, &info);
	int prog_fd = dp->prog_fd, r;

	if (fd == -EINVAL) {
		fd = rg_dp_egress_link_open(link->path, &info);
		prog_fd = dp->egress_fd;
	}
	if (fd == -EINVAL)
		return rg_dp_egress_switch(link->path, dp->egress_fd, &link->old, &link->done);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd; /* it had another name when the directory was read */
	if (!info.xdp.ifindex) { /* its interface is gone, and the link with it */
		unlink(link->path);
		return 0;
	}
	link->old = program_open(dp, info.prog_id);
	r = bpf_link_update(fd, prog_fd, NULL) ? -errno : 0;
	link->done = !r;
	return r;
}

/* Back to the program that it had: 0, or it keeps the new one. */
static int switch_back(const struct switched *link)
{
	struct bpf_link_info info;
	_cleanup_(rg_closep) int fd = -1;

	if (link->old < 0)
		return -ENOENT;
	fd = rg_dp_link_open_any(link->path, &info);
	if (fd == -EINVAL)
		return rg_dp_egress_switch(link->path, link->old, NULL, NULL);
	if (fd < 0)
		return fd;
	return bpf_link_update(fd, link->old, NULL) ? -errno : 0;
}

/* All of them, or none. @ret_touched: one was switched, be it for a moment; @ret_stuck: and can not go back. */
static int switch_links(struct rg_dp *dp, const char *links, bool *ret_touched, bool *ret_stuck, struct rg_err *err)
{
	_cleanup_(rg_freep) struct switched *list = NULL;
	struct dirent *entry;
	size_t n = 0;
	int r = 0;
	DIR *dir = opendir(links);

	if (!dir)
		return rg_err_set(err, -errno, RG_ERR_KERNEL, "", "cannot read %s: %s", links, strerror(errno));
	while (!r && (entry = readdir(dir))) {
		struct switched *grown = realloc(list, (n + 1) * sizeof(*list));

		if (!grown) {
			r = rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
			break;
		}
		list = grown;
		if (entry->d_name[0] == '.')
			continue;
		list[n] = (struct switched){ .old = -1 };
		snprintf(list[n].path, sizeof(list[n].path), "%.250s/%.250s", links, entry->d_name);
		r = switch_link(dp, &list[n]);
		if (r)
			rg_err_set(err, r, RG_ERR_KERNEL, "", "cannot switch the link %s: %s", list[n].path, strerror(-r));
		*ret_touched |= list[n].done;
		n++;
	}
	closedir(dir);
	while (n--) {
		if (r && list[n].done && switch_back(&list[n]))
			*ret_stuck = true;
		if (list[n].old >= 0)
			close(list[n].old);
	}
	return r;
}

/* The first time all flows, the second time those that came meanwhile: what has no room, or can not be read then,
 * is learnt again. */
static int carry_flows(struct rg_dp *dp, struct rg_err *err)
{
	int r = rg_dp_flows_carry(dp);

	return r ? rg_err_set(err, r, RG_ERR_KERNEL, "", "the flows can not be carried over: %s", strerror(-r)) : 0;
}

bool rg_dp_prog_foreign(const struct rg_dp *dp, int own_fd, uint32_t there)
{
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info);

	return dp->in_force && !bpf_obj_get_info_by_fd(own_fd, &info, &length) && info.id != there;
}

/* --- all together ------------------------------------------------------------------------ */

/* The former load is in force as before; if it could not be had back everywhere, the pins of both stay, and
 * the next start goes on from there. */
static void give_up(const struct rg_dp *dp, const struct rg_dp_pin *pins, size_t n, bool touched, bool stuck)
{
	if (stuck)
		return;
	if (touched)
		keep_state(dp->pin_dir, RG_DP_PIN_NEW "rg_state");
	unpin_new(dp, pins, n);
}

int rg_dp_enforce(struct rg_dp *dp, struct rg_err *err)
{
	struct rg_dp_pin pins[RG_DP_PINS_MAX];
	bool touched = false, stuck = false;
	size_t n = rg_dp_pins(dp, pins);
	char links[512];
	int r;

	if (!dp->pin_dir)
		return 0;
	snprintf(links, sizeof(links), "%.500s/links", dp->pin_dir);
	r = rg_dp_dirs_make(dp->pin_dir, err);
	if (!r && dp->lock_fd < 0)
		r = rg_dp_dir_lock(dp, err);
	if (r)
		return r;
	r = rg_dp_dirs_make(links, err);
	if (!r)
		r = carry_flows(dp, err);
	for (size_t i = 0; !r && i < n; i++)
		r = pin_new(dp, &pins[i], err);
	rg_dp_modes_look(dp);
	if (!r)
		r = rg_dp_dispatchers_enter(dp, err);
	if (!r)
		r = switch_links(dp, links, &touched, &stuck, err);
	rg_dp_dispatchers_leave(dp, !r);
	if (!r) {
		dp->in_force = true;
		carry_flows(dp, NULL);
		name_pins(dp, pins, n);
		rg_dp_earlier_close(dp); /* what the store has was set before */
		return 0;
	}
	give_up(dp, pins, n, touched, stuck);
	rmdir(links); /* only goes if it is empty: if nothing was in force before */
	rmdir(dp->pin_dir);
	return r;
}
