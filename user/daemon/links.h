/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Interfaces that come, go, change their name or their program, as rtnetlink tells. */
#ifndef RG_LINKS_H
#define RG_LINKS_H

#include "base/err.h"
#include "daemon/loop.h"

struct rg_links;

/** Call @changed after changes of any interface: at once after the first, and at most each 20 ms
 *  while more follow. The network namespace is that of the calling process. */
int rg_links_new(struct rg_loop *loop, void (*changed)(void *arg), void *arg, struct rg_links **ret,
		 struct rg_err *err);
/** Accepts NULL. The loop must not run any more. */
void rg_links_free(struct rg_links *links);

#endif
