/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pins: what makes the filter outlive the daemon, and how a new load takes over. */
#include "dataplane/private.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
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

/* Every directory of the path; the last ones must lie on a bpffs, which is mounted
 * at its usual place if it is not yet. */
static int make_dirs(const char *path, struct rg_err *err)
{
	char part[512];

	if (!strncmp(path, BPFFS, strlen(BPFFS)) && !is_bpffs(BPFFS))
		(void)mount("bpf", BPFFS, "bpf", 0, NULL);
	for (const char *p = path; p; ) {
		p = strchr(p + 1, '/');
		snprintf(part, sizeof(part), "%.*s", p ? (int)(p - path) : (int)strlen(path), path);
		if (mkdir(part, 0755) && errno != EEXIST)
			return rg_err_set(err, -errno, RG_ERR_KERNEL, "", "cannot make the pin directory %s: %s",
					  part, strerror(errno));
	}
	if (!is_bpffs(path)) {
		rmdir(path);
		return rg_err_set(err, -EINVAL, RG_ERR_KERNEL, "",
				  "the pin directory %s is not on a bpffs (mount -t bpf bpf %s)", path, BPFFS);
	}
	return 0;
}

/* Pin under a name of its own first, so that a rename replaces the old pin in one step. */
static int pin_maps(struct rg_dp *dp, const char *prefix, bool in_place, struct rg_err *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, dp->skel->obj) {
		char name[64], from[512], to[512];

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
static int switch_link(const char *path, int prog_fd, int *ret_old)
{
	_cleanup_(rg_closep) int fd = bpf_obj_get(path);
	struct bpf_link_info info = {};
	__u32 length = sizeof(info);

	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return -errno;
	if (!info.xdp.ifindex) { /* its interface is gone, and the link with it */
		unlink(path);
		return 0;
	}
	if (ret_old)
		*ret_old = bpf_prog_get_fd_by_id(info.prog_id);
	return bpf_link_update(fd, prog_fd, NULL) ? -errno : 0;
}

static int switch_links(struct rg_dp *dp, const char *links, struct rg_err *err)
{
	char paths[64][512];
	int old[64], n = 0, r = 0;
	DIR *dir = opendir(links);
	struct dirent *entry;

	if (!dir)
		return rg_err_set(err, -errno, RG_ERR_KERNEL, "", "cannot read %s: %s", links, strerror(errno));
	while (!r && n < 64 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(paths[n], sizeof(paths[n]), "%.250s/%.250s", links, entry->d_name);
		old[n] = -1;
		r = switch_link(paths[n], dp->prog_fd, &old[n]);
		n++;
	}
	closedir(dir);
	if (r)
		rg_err_set(err, r, RG_ERR_KERNEL, "", "cannot switch the link %s: %s", paths[n - 1], strerror(-r));
	while (n--) {
		if (r && old[n] >= 0)
			switch_link(paths[n], old[n], NULL);
		if (old[n] >= 0)
			close(old[n]);
	}
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
		r = make_dirs(links, err);
	if (!r)
		r = pin_maps(dp, "new_", false, err);
	if (!r)
		r = switch_links(dp, links, err);
	if (!r)
		r = pin_maps(dp, "new_", true, err);
	if (r) {
		unpin_maps(dp, "new_");
		rmdir(links); /* only goes if it is empty: if nothing was in force before */
		rmdir(dp->pin_dir);
	}
	return r;
}

/* A link that is only unpinned holds its interface until the kernel frees it. */
static void detach_link(const char *path)
{
	_cleanup_(rg_closep) int fd = bpf_obj_get(path);

	if (fd >= 0)
		bpf_link_detach(fd);
}

static void remove_files(const char *path, bool links)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		char file[512];

		if (entry->d_name[0] == '.' && strlen(entry->d_name) < 3)
			continue;
		snprintf(file, sizeof(file), "%.250s/%.250s", path, entry->d_name);
		if (links)
			detach_link(file);
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
	remove_files(links, true);
	rmdir(links);
	remove_files(pin_dir, false);
	if (rmdir(pin_dir))
		return rg_err_set(err, -errno, RG_ERR_KERNEL, "", "cannot remove %s: %s", pin_dir, strerror(errno));
	return 0;
}
