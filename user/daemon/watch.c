/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/log.h"

/* Until what has changed is read: other databases may follow at once. A file that was renamed into
 * place is whole; one that was written in place may be written to again. */
#define RENAMED_US 150000
#define WRITTEN_US 1000000
#define EVENTS (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR)

struct rg_watch {
	int inotify_fd, timer_fd;
	char *const *paths;
	size_t n_paths;
	void (*changed)(void *arg);
	void *arg;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void watch_directory_of(struct rg_watch *watch, const char *path)
{
	_cleanup_(rg_freep) char *directory = strdup(path);
	char *slash;

	if (!directory)
		return;
	slash = strrchr(directory, '/');
	if (slash)
		slash[slash == directory] = '\0';
	if (inotify_add_watch(watch->inotify_fd, slash ? directory : ".", EVENTS) < 0)
		rg_log(RG_LOG_WARNING, "changes of %s are not noticed: %s", path, strerror(errno));
}

/* Watch the directories of the files and, where they are symbolic links, of what these point
 * to now. Watching a directory again changes nothing. */
static void watch_all(struct rg_watch *watch)
{
	for (size_t i = 0; i < watch->n_paths; i++) {
		_cleanup_(rg_freep) char *real = realpath(watch->paths[i], NULL);

		watch_directory_of(watch, watch->paths[i]);
		if (real && strcmp(real, watch->paths[i]))
			watch_directory_of(watch, real);
	}
}

/* A file that is being created is not complete yet; a symbolic link is. */
static bool is_link(const char *path)
{
	struct stat status;

	return !lstat(path, &status) && S_ISLNK(status.st_mode);
}

static bool concerns(const struct rg_watch *watch, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW)
		return true;
	if (!event->len)
		return false;
	for (size_t i = 0; i < watch->n_paths; i++) {
		const char *path = watch->paths[i];
		_cleanup_(rg_freep) char *real = realpath(path, NULL);

		if (!strcmp(event->name, base_name(path)) &&
		    (!(event->mask & IN_CREATE) || is_link(path)))
			return true;
		if (real && !strcmp(event->name, base_name(real)) && !(event->mask & IN_CREATE))
			return true;
	}
	return false;
}

static void on_inotify(void *arg)
{
	struct rg_watch *watch = arg;
	char buf[sizeof(struct inotify_event) + NAME_MAX + 1]
		__attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n;

	while ((n = read(watch->inotify_fd, buf, sizeof(buf))) > 0) {
		const struct inotify_event *event;

		for (char *p = buf; p < buf + n; p += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)p;
			if (concerns(watch, event))
				rg_timer_set(watch->timer_fd,
					     event->mask & IN_MOVED_TO ? RENAMED_US : WRITTEN_US, 0);
		}
	}
}

static void on_timer(void *arg)
{
	struct rg_watch *watch = arg;

	rg_timer_ack(watch->timer_fd);
	watch_all(watch);
	watch->changed(watch->arg);
}

int rg_watch_new(struct rg_loop *loop, char *const *paths, size_t n_paths,
		 void (*changed)(void *arg), void *arg, struct rg_watch **ret, struct rg_err *err)
{
	struct rg_watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	*watch = (struct rg_watch){
		.inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK),
		.timer_fd = rg_timer_new(),
		.paths = paths,
		.n_paths = n_paths,
		.changed = changed,
		.arg = arg,
	};
	if (watch->inotify_fd < 0 || watch->timer_fd < 0) {
		r = rg_err_set(err, -errno, RG_ERR_INTERNAL, "", "watching databases: %s",
			       strerror(errno));
		rg_watch_free(watch);
		return r;
	}
	r = rg_loop_watch(loop, watch->inotify_fd, on_inotify, watch, err);
	if (!r)
		r = rg_loop_watch(loop, watch->timer_fd, on_timer, watch, err);
	if (r) {
		rg_watch_free(watch);
		return r;
	}
	watch_all(watch);
	*ret = watch;
	return 0;
}

void rg_watch_free(struct rg_watch *watch)
{
	if (!watch)
		return;
	if (watch->inotify_fd >= 0)
		close(watch->inotify_fd);
	if (watch->timer_fd >= 0)
		close(watch->timer_fd);
	free(watch);
}
