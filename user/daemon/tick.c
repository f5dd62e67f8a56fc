/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/tick.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define TICK_US 1000000
#define FAR_S   (1ll << 40)

struct rg_tick {
	int timer_fd, set_fd;
	void (*tick)(void *arg);
	void *arg;
};

/* A timer of the wall clock that never fires: it is cancelled when that clock is set. */
static int arm(int fd)
{
	struct itimerspec spec = { .it_value.tv_sec = FAR_S };

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, NULL) ? -errno : 0;
}

static void on_timer(void *arg)
{
	struct rg_tick *tick = arg;

	rg_timer_ack(tick->timer_fd);
	tick->tick(tick->arg);
}

static void on_set(void *arg)
{
	struct rg_tick *tick = arg;
	uint64_t expirations;

	/* ECANCELED says that it was set; armed first, so that no change goes unseen */
	if (read(tick->set_fd, &expirations, sizeof(expirations)) < 0 && errno == EAGAIN)
		return;
	arm(tick->set_fd);
	tick->tick(tick->arg);
}

static int open_timers(struct rg_tick *tick)
{
	int r;

	tick->timer_fd = rg_timer_new();
	if (tick->timer_fd < 0)
		return tick->timer_fd;
	tick->set_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (tick->set_fd < 0)
		return -errno;
	r = rg_timer_set(tick->timer_fd, TICK_US, TICK_US);
	return r ? r : arm(tick->set_fd);
}

int rg_tick_new(struct rg_loop *loop, void (*fn)(void *arg), void *arg, struct rg_tick **ret,
		struct rg_err *err)
{
	struct rg_tick *tick = calloc(1, sizeof(*tick));
	int r;

	if (!tick)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	*tick = (struct rg_tick){ .timer_fd = -1, .set_fd = -1, .tick = fn, .arg = arg };
	r = open_timers(tick);
	if (r)
		rg_err_set(err, r, RG_ERR_INTERNAL, "", "timers: %s", strerror(-r));
	else
		r = rg_loop_watch(loop, tick->timer_fd, on_timer, tick, err);
	if (!r)
		r = rg_loop_watch(loop, tick->set_fd, on_set, tick, err);
	if (r) {
		rg_tick_free(tick);
		return r;
	}
	*ret = tick;
	return 0;
}

void rg_tick_free(struct rg_tick *tick)
{
	if (!tick)
		return;
	if (tick->timer_fd >= 0)
		close(tick->timer_fd);
	if (tick->set_fd >= 0)
		close(tick->set_fd);
	free(tick);
}
