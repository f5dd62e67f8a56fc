/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include "base/cleanup.h"

static int fail(struct rg_err *err, int error, const char *what, const char *path)
{
	return rg_err_set(err, -error, RG_ERR_INTERNAL, "", "%s %s: %s", what, path,
			  strerror(error));
}

/* Make the directories above @path. */
static int make_parents(const char *path, struct rg_err *err)
{
	_cleanup_(rg_freep) char *parent = strdup(path);

	if (!parent)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	for (char *p = strchr(parent + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(parent, 0755) && errno != EEXIST)
			return fail(err, errno, "the directory", parent);
		*p = '/';
	}
	return 0;
}

/* Remove a socket file that a daemon left behind; refuse to touch anything else. */
static int remove_stale(const struct sockaddr_un *address, struct rg_err *err)
{
	const char *path = address->sun_path;
	_cleanup_(rg_closep) int fd = -1;
	struct stat status;

	if (lstat(path, &status))
		return errno == ENOENT ? 0 : fail(err, errno, "the control socket", path);
	if (!S_ISSOCK(status.st_mode))
		return rg_err_set(err, -EEXIST, RG_ERR_CONFLICT, "",
				  "%s is in the way: it is not a socket", path);
	/* not blocking: a live daemon with a full backlog answers EAGAIN */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(err, errno, "the control socket", path);
	if (!connect(fd, (const struct sockaddr *)address, sizeof(*address)) || errno == EAGAIN)
		return rg_err_set(err, -EADDRINUSE, RG_ERR_CONFLICT, "",
				  "another daemon is listening on %s", path);
	if (errno != ECONNREFUSED)
		return errno == ENOENT ? 0 : fail(err, errno, "the control socket", path);
	if (unlink(path) && errno != ENOENT)
		return fail(err, errno, "the stale socket", path);
	return 0;
}

static bool give_to_group(const char *path)
{
	const struct group *group = getgrnam(RG_SOCKET_GROUP);

	return group && !lchown(path, (uid_t)-1, group->gr_gid);
}

static int make_socket(const char *path, struct rg_socket *ret, struct rg_err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_(rg_closep) int fd = -1;
	struct stat status;
	mode_t mask;
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return fail(err, ENAMETOOLONG, "the control socket", path);
	strcpy(address.sun_path, path);
	r = make_parents(path, err);
	if (!r)
		r = remove_stale(&address, err);
	if (r)
		return r;
	ret->path = strdup(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || !ret->path)
		return fail(err, fd < 0 ? errno : ENOMEM, "the control socket", path);
	mask = umask(0117); /* 0660 from the first moment on */
	r = bind(fd, (struct sockaddr *)&address, sizeof(address)) ? errno : 0;
	umask(mask);
	if (r)
		return fail(err, r, "the control socket", path);
	if (!lstat(path, &status)) {
		ret->device = status.st_dev;
		ret->inode = status.st_ino;
	}
	ret->for_group = give_to_group(path);
	if (listen(fd, SOMAXCONN))
		return fail(err, errno, "the control socket", path);
	ret->fd = TAKE_FD(fd);
	return 0;
}

static int take_from_systemd(int n, struct rg_socket *ret, struct rg_err *err)
{
	int fd = SD_LISTEN_FDS_START;

	if (n != 1 || sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) <= 0)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "the socket unit hands over %d sockets; it takes one listening "
				  "Unix stream socket", n);
	ret->fd = fd;
	return 0;
}

int rg_socket_open(const char *path, struct rg_socket *ret, struct rg_err *err)
{
	struct rg_socket made = { .fd = -1 };
	int n = sd_listen_fds(1);
	int r;

	r = n > 0 ? take_from_systemd(n, &made, err) : make_socket(path, &made, err);
	if (r) {
		rg_socket_close(&made);
		return r;
	}
	*ret = made;
	return 0;
}

void rg_socket_close(struct rg_socket *socket)
{
	struct stat status;

	if (socket->fd >= 0)
		close(socket->fd);
	if (socket->path && socket->inode && !lstat(socket->path, &status) &&
	    status.st_dev == socket->device && status.st_ino == socket->inode)
		unlink(socket->path);
	free(socket->path);
	*socket = (struct rg_socket){ .fd = -1 };
}
