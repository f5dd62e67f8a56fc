/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create, seals */
#endif
#include "geo/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include "base/cleanup.h"

#define FILE_SIZE_MAX (2ll << 30)

static int refuse(const char *path, const char *cause, struct rg_err *err)
{
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, NULL, "GeoIP database '%s' is refused: %s",
			  path, cause);
}

static int failed(const char *path, const char *what, struct rg_err *err)
{
	int r = errno == ENOENT ? -ENOENT : errno == ENOMEM ? -ENOMEM : -EINVAL;

	return rg_err_set(err, r, r == -ENOMEM ? RG_ERR_INTERNAL : RG_ERR_INVALID, NULL,
			  "GeoIP database '%s' can not be %s: %s", path, what, strerror(errno));
}

static int open_source(const char *path, struct stat *ret_stat, struct rg_err *err)
{
	/* O_NONBLOCK: a FIFO must not hold the daemon up */
	_cleanup_(rg_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, ret_stat))
		return failed(path, "opened", err);
	if (!S_ISREG(ret_stat->st_mode))
		return refuse(path, "it is not a regular file", err);
	if (ret_stat->st_size == 0)
		return refuse(path, "it is empty", err);
	if (ret_stat->st_size > FILE_SIZE_MAX)
		return refuse(path, "it is larger than 2 GiB", err);
	return TAKE_FD(fd);
}

/* Copy up to @size bytes; *@ret_done is less if the file ends before. */
static int copy_bytes(int from, int to, off_t size, off_t *ret_done)
{
	off_t done = 0;

	while (done < size) {
		ssize_t n = sendfile(to, from, NULL, (size_t)(size - done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += n;
	}
	*ret_done = done;
	return 0;
}

static bool same_file_state(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

int rg_sealed_copy(const char *path, struct rg_err *err)
{
	struct stat before, after;
	_cleanup_(rg_closep) int source = open_source(path, &before, err);
	_cleanup_(rg_closep) int copy = -1;
	off_t done = 0;

	if (source < 0)
		return source;
	copy = memfd_create("geoip", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (copy < 0)
		return failed(path, "copied", err);
	if (copy_bytes(source, copy, before.st_size, &done))
		return failed(path, "read", err);
	if (fstat(source, &after))
		return failed(path, "read", err);
	if (done != before.st_size || !same_file_state(&before, &after))
		return refuse(path, "it changed while it was read", err);
	if (fcntl(copy, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL))
		return failed(path, "sealed in memory", err);
	return TAKE_FD(copy);
}
