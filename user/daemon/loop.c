/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include "base/cleanup.h"

#define WATCHES_MAX 16

struct watch {
	void (*fn)(void *arg);
	void *arg;
};

struct rg_loop {
	int epoll_fd;
	bool stopping;
	int (*turn)(void *arg);
	void *turn_arg;
	struct watch watches[WATCHES_MAX];
	size_t n_watches;
};

static int fail(struct rg_err *err, int error)
{
	return rg_err_set(err, -error, RG_ERR_INTERNAL, "", "the event loop: %s", strerror(error));
}

int rg_loop_new(struct rg_loop **ret, struct rg_err *err)
{
	_cleanup_(rg_freep) struct rg_loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return fail(err, ENOMEM);
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return fail(err, errno);
	*ret = TAKE_PTR(loop);
	return 0;
}

void rg_loop_free(struct rg_loop *loop)
{
	if (!loop)
		return;
	close(loop->epoll_fd);
	free(loop);
}

int rg_loop_watch(struct rg_loop *loop, int fd, void (*fn)(void *arg), void *arg,
		  struct rg_err *err)
{
	struct watch *watch = &loop->watches[loop->n_watches];
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = watch };

	if (loop->n_watches == WATCHES_MAX)
		return fail(err, ENOSPC);
	*watch = (struct watch){ .fn = fn, .arg = arg };
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event))
		return fail(err, errno);
	loop->n_watches++;
	return 0;
}

void rg_loop_on_turn(struct rg_loop *loop, int (*turn)(void *arg), void *arg)
{
	loop->turn = turn;
	loop->turn_arg = arg;
}

int rg_loop_run(struct rg_loop *loop, struct rg_err *err)
{
	struct epoll_event events[WATCHES_MAX];

	for (;;) {
		int timeout = loop->turn ? loop->turn(loop->turn_arg) : -1;
		int n;

		if (loop->stopping)
			return 0;
		n = epoll_wait(loop->epoll_fd, events, WATCHES_MAX, timeout);
		if (n < 0 && errno != EINTR)
			return fail(err, errno);
		for (int i = 0; i < n; i++) {
			struct watch *watch = events[i].data.ptr;

			if (watch->fn)
				watch->fn(watch->arg);
		}
		if (loop->stopping)
			return 0;
	}
}

void rg_loop_stop(struct rg_loop *loop)
{
	loop->stopping = true;
}

int rg_timer_new(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

static struct timespec from_us(unsigned long long us)
{
	return (struct timespec){
		.tv_sec = (time_t)(us / 1000000),
		.tv_nsec = (long)(us % 1000000) * 1000,
	};
}

int rg_timer_set(int fd, unsigned long long first_us, unsigned long long every_us)
{
	struct itimerspec spec = { .it_value = from_us(first_us), .it_interval = from_us(every_us) };

	return timerfd_settime(fd, 0, &spec, NULL) ? -errno : 0;
}

void rg_timer_ack(int fd)
{
	uint64_t expirations;

	if (read(fd, &expirations, sizeof(expirations)) < 0)
		return; /* EAGAIN: it was set anew meanwhile */
}
