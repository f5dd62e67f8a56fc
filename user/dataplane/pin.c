/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pins: what makes the filter outlive the daemon. How a new load takes them over is in enforce.c. */
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

size_t rg_dp_pins(const struct rg_dp *dp, struct rg_dp_pin ret[RG_DP_PINS_MAX])
{
	struct bpf_map *map;
	size_t n = 0;

	bpf_object__for_each_map(map, dp->skel->obj)
		if (!strncmp(bpf_map__name(map), "rg_", 3) && n < RG_DP_PINS_MAX - 2) /* not .rodata */
			ret[n++] = (struct rg_dp_pin){ bpf_map__name(map), bpf_map__fd(map), false };
	ret[n++] = (struct rg_dp_pin){ "rg_ingress", dp->prog_fd, true };
	ret[n++] = (struct rg_dp_pin){ RG_DP_PIN_LAST, dp->egress_fd, true };
	return n;
}

bool rg_dp_pin_ours(const char *name)
{
	static const char *const prefixes[] = { "rg_", RG_DP_PIN_NEW "rg_", RG_DP_PIN_OLD "rg_" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
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

/* The bpffs is mounted at its usual place if it is not yet. */
int rg_dp_dirs_make(const char *path, struct rg_err *err)
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

bool rg_dp_pins_gone(const struct rg_dp *dp, struct rg_err *err)
{
	char path[512];

	if (!access(rg_dp_pin_path(dp->pin_dir, NULL, "links", path), F_OK))
		return false;
	rg_err_set(err, -ENOENT, RG_ERR_KERNEL, "", "the pins at %s were removed beside the daemon: restart it", dp->pin_dir);
	return true;
}

int rg_dp_dir_lock(struct rg_dp *dp, struct rg_err *err)
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

static bool link_is_dead(const char *path)
{
	struct bpf_link_info info;
	_cleanup_(rg_closep) int fd = rg_dp_link_open(path, &info);

	if (fd == -EINVAL)
		fd = rg_dp_egress_link_open(path, &info);
	return fd < 0 ? rg_dp_egress_pin_dead(path) : !info.xdp.ifindex; /* tcx has it in the same place */
}

void rg_dp_links_sweep(const struct rg_dp *dp)
{
	char links[512], path[512];
	struct dirent *entry;
	DIR *dir;

	snprintf(links, sizeof(links), "%s/links", dp->pin_dir);
	dir = opendir(links);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%.250s/%.250s", links, entry->d_name);
		if (entry->d_name[0] != '.' && link_is_dead(path))
			unlink(path);
	}
	if (dir)
		closedir(dir);
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
		if (links ? remove_link(file) : rg_dp_pin_ours(name))
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
