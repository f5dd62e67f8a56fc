/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One epoll loop, one thread. */
#ifndef RG_LOOP_H
#define RG_LOOP_H

#include "base/err.h"

struct rg_loop;

int rg_loop_new(struct rg_loop **ret, struct rg_err *err);
/** Does not close the fds it watches. */
void rg_loop_free(struct rg_loop *loop);

/** Call @fn each time @fd is readable; NULL: only wake the loop, so that turn() runs. */
int rg_loop_watch(struct rg_loop *loop, int fd, void (*fn)(void *arg), void *arg,
		  struct rg_err *err);
/** Call @turn before each wait; it returns the longest wait in milliseconds, -1: any. */
void rg_loop_on_turn(struct rg_loop *loop, int (*turn)(void *arg), void *arg);

/** Run until rg_loop_stop(). 0, or -errno if epoll fails. */
int rg_loop_run(struct rg_loop *loop, struct rg_err *err);
void rg_loop_stop(struct rg_loop *loop);

/** A timer's fd, for rg_loop_watch. -errno on failure. */
int rg_timer_new(void);
/** Fire after @first_us, then each @every_us (0: once). Replaces what was set. */
int rg_timer_set(int fd, unsigned long long first_us, unsigned long long every_us);
/** Take note that it fired. */
void rg_timer_ack(int fd);

#endif
