/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pins: what makes the filter outlive the daemon, and how a new load takes over. */
#include "dataplane/private.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "regiongate.skel.h"

#define BPFFS "/sys/fs/bpf"

const char *rg_dp_pin_path(const char *pin_dir, const char *dir, const char *name, char buf[512])
{
	int n = snprintf(buf, 512, "%s/%s%s", pin_dir, dir ? dir : "", dir ? "/" : "");

	for (; *name && n < 500; name++) {
		/* bpffs keeps names with dots for itself */
		if (isalnum((unsigned char)*name) || strchr("_-", *name))
			buf[n++] = *name;
		else
			n += snprintf(buf + n, 4, "%%%02x", (unsigned char)*name);
	}
	buf[n] = '\0';
	return buf;
}

static bool is_bpffs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == BPF_FS_MAGIC;
}

/* Would a directory that is made at @path lie on a bpffs? */
static bool belongs_to_bpffs(const char *path)
{
	char part[512];

	snprintf(part, sizeof(part), "%s", path);
	while (access(part, F_OK)) {
		char *slash = strrchr(part, '/');

		if (!slash || slash == part)
			return is_bpffs(slash ? "/" : ".");
		*slash = '\0';
	}
	return is_bpffs(part);
}

/* Every directory of the path; the last ones must lie on a bpffs, which is mounted
 * at its usual place if it is not yet. */
static int make_dirs(const char *path, struct rg_err *err)
{
	char part[512];

	if (!strncmp(path, BPFFS, strlen(BPFFS)) && !is_bpffs(BPFFS))
		(void)mount("bpf", BPFFS, "bpf", 0, NULL);
	if (!belongs_to_bpffs(path))
		return rg_err_set(err, -EINVAL, RG_ERR_KERNEL, "",
				  "the pin directory %s is not on a bpffs (mount -t bpf bpf %s)", path, BPFFS);
	for (const char *p = path; p; ) {
		p = strchr(p + 1, '/');
		snprintf(part, sizeof(part), "%.*s", p ? (int)(p - path) : (int)strlen(path), path);
		if (mkdir(part, 0755) && errno != EEXIST)
			return rg_err_set(err, -errno, RG_ERR_KERNEL, "", "cannot make the pin directory %s: %s",
					  part, strerror(errno));
	}
	return 0;
}

/* One daemon has a pin directory: another would take its interfaces away from it. */
static int lock_dir(struct rg_dp *dp, struct rg_err *err)
{
	_cleanup_(rg_closep) int fd = open(dp->pin_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return rg_err_set(err, -errno, RG_ERR_KERNEL, "", "cannot open the pin directory %s: %s",
				  dp->pin_dir, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB))
		return rg_err_set(err, -EBUSY, RG_ERR_CONFLICT, "", "the pins at %s belong to another running daemon",
				  dp->pin_dir);
	rg_closep(&dp->lock_fd);
	dp->lock_fd = TAKE_FD(fd);
	return 0;
}

/* Pin under a name of its own first, so that a rename replaces the old pin in one step. */
static int pin_maps(struct rg_dp *dp, const char *prefix, bool in_place, struct rg_err *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, dp->skel->obj) {
		char name[64], from[512], to[512];
		struct stat there;

		if (strncmp(bpf_map__name(map), "rg_", 3)) /* .rodata */
			continue;
		snprintf(name, sizeof(name), "%s%s", prefix, bpf_map__name(map));
		rg_dp_pin_path(dp->pin_dir, NULL, name, from);
		if (in_place) {
			if (rename(from, rg_dp_pin_path(dp->pin_dir, NULL, bpf_map__name(map), to)))
				return rg_err_set(err, -errno, RG_ERR_KERNEL, "", "cannot rename the pin %s: %s",
						  from, strerror(errno));
			continue;
		}
		unlink(from);
		/* what the rename below could not replace */
		if (!stat(rg_dp_pin_path(dp->pin_dir, NULL, bpf_map__name(map), to), &there) &&
		    S_ISDIR(there.st_mode))
			return rg_err_set(err, -EISDIR, RG_ERR_KERNEL, "", "cannot pin %s: it is a directory", to);
		if (bpf_obj_pin(bpf_map__fd(map), from))
			return rg_err_set(err, -errno, RG_ERR_KERNEL, "", "cannot pin %s: %s", from,
					  strerror(errno));
	}
	return 0;
}

static void unpin_maps(struct rg_dp *dp, const char *prefix)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, dp->skel->obj) {
		char name[64], path[512];

		snprintf(name, sizeof(name), "%s%s", prefix, bpf_map__name(map));
		unlink(rg_dp_pin_path(dp->pin_dir, NULL, name, path));
	}
}

/* Switch one link; *ret_old is the program it had (an fd), for the way back. */
static int switch_link(const char *path, int xdp_fd, int egress_fd, int *ret_old)
{
	struct bpf_link_info info;
	_cleanup_(rg_closep) int fd = rg_dp_link_open(path, &info);
	int prog_fd = xdp_fd;

	if (fd == -EINVAL) {
		fd = rg_dp_egress_link_open(path, &info);
		prog_fd = egress_fd;
	}
	if (fd == -EINVAL)
		return rg_dp_egress_switch(path, egress_fd, ret_old);
	if (fd < 0)
		return fd;
	if (!info.xdp.ifindex) { /* its interface is gone, and the link with it */
		unlink(path);
		return 0;
	}
	if (ret_old)
		*ret_old = bpf_prog_get_fd_by_id(info.prog_id);
	return bpf_link_update(fd, prog_fd, NULL) ? -errno : 0;
}

struct switched {
	char path[512];
	int old; /* program */
};

/* All of them, or none. */
static int switch_links(struct rg_dp *dp, const char *links, struct rg_err *err)
{
	struct switched *done = NULL;
	struct dirent *entry;
	size_t n = 0;
	int r = 0;
	DIR *dir = opendir(links);

	if (!dir)
		return rg_err_set(err, -errno, RG_ERR_KERNEL, "", "cannot read %s: %s", links, strerror(errno));
	while (!r && (entry = readdir(dir))) {
		struct switched *grown = realloc(done, (n + 1) * sizeof(*done));

		if (!grown) {
			r = rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
			break;
		}
		done = grown;
		if (entry->d_name[0] == '.')
			continue;
		snprintf(done[n].path, sizeof(done[n].path), "%.250s/%.250s", links, entry->d_name);
		done[n].old = -1;
		r = switch_link(done[n].path, dp->prog_fd, dp->egress_fd, &done[n].old);
		if (r)
			rg_err_set(err, r, RG_ERR_KERNEL, "", "cannot switch the link %s: %s",
				   done[n].path, strerror(-r));
		n++;
	}
	closedir(dir);
	while (n--) {
		if (r && done[n].old >= 0)
			switch_link(done[n].path, done[n].old, done[n].old, NULL);
		if (done[n].old >= 0)
			close(done[n].old);
	}
	free(done);
	return r;
}

int rg_dp_enforce(struct rg_dp *dp, struct rg_err *err)
{
	char links[512];
	int r;

	if (!dp->pin_dir)
		return 0;
	snprintf(links, sizeof(links), "%.500s/links", dp->pin_dir);
	r = make_dirs(dp->pin_dir, err);
	if (!r)
		r = lock_dir(dp, err);
	if (r)
		return r;
	r = make_dirs(links, err);
	if (!r)
		rg_dp_dispatchers_former(dp);
	if (!r)
		r = pin_maps(dp, "new_", false, err);
	if (!r)
		r = rg_dp_dispatchers_enter(dp, err);
	if (!r)
		r = switch_links(dp, links, err);
	if (!r)
		r = pin_maps(dp, "new_", true, err);
	rg_dp_dispatchers_leave(dp, !r);
	if (!r)
		rg_dp_earlier_close(dp); /* what the store has was set before */
	if (r) {
		unpin_maps(dp, "new_");
		rmdir(links); /* only goes if it is empty: if nothing was in force before */
		rmdir(dp->pin_dir);
	}
	return r;
}

/* A link that is only unpinned holds its interface until the kernel frees it. */
static bool remove_link(const char *path)
{
	struct bpf_link_info info;
	_cleanup_(rg_closep) int fd = rg_dp_link_open(path, &info);

	if (fd == -EINVAL)
		fd = rg_dp_egress_link_open(path, &info);
	if (fd < 0)
		return rg_dp_egress_remove(path);
	bpf_link_detach(fd);
	return true;
}

/* What is ours: the directory may be shared with others. */
static void remove_pins(const char *path, bool links)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		const char *name = entry->d_name;
		char file[512];

		if (name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%.250s/%.250s", path, name);
		if (links ? remove_link(file) : !strncmp(name, "rg_", 3) || !strncmp(name, "new_rg_", 7))
			unlink(file);
	}
	closedir(dir);
}

int rg_dp_remove(const char *pin_dir, struct rg_err *err)
{
	char links[512];

	if (access(pin_dir, F_OK))
		return rg_err_set(err, -ENOENT, RG_ERR_NOT_FOUND, "", "there is no filter pinned at %s", pin_dir);
	if (!is_bpffs(pin_dir))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "%s is not on a bpffs", pin_dir);
	snprintf(links, sizeof(links), "%.500s/links", pin_dir);
	rg_dp_dispatchers_remove(pin_dir);
	remove_pins(links, true);
	rmdir(links);
	remove_pins(pin_dir, false);
	/* a directory that holds something else, that is the mount point, or that was made for us stays */
	if (rmdir(pin_dir) && errno != ENOTEMPTY && errno != EBUSY && errno != EROFS)
		return rg_err_set(err, -errno, RG_ERR_KERNEL, "", "cannot remove %s: %s", pin_dir, strerror(errno));
	return 0;
}
