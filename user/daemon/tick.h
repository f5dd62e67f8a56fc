/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls back once a second, and at once when the wall clock was set or the machine has slept. */
#ifndef RG_TICK_H
#define RG_TICK_H

#include "base/err.h"
#include "daemon/loop.h"

struct rg_tick;

/** @ret is freed by rg_tick_free() before the loop. */
int rg_tick_new(struct rg_loop *loop, void (*tick)(void *arg), void *arg, struct rg_tick **ret,
		struct rg_err *err);
void rg_tick_free(struct rg_tick *tick);

#endif
