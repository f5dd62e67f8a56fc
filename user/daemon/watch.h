/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Notices when files are replaced or written. */
#ifndef RG_WATCH_H
#define RG_WATCH_H

#include <stddef.h>
#include "base/err.h"
#include "daemon/loop.h"

struct rg_watch;

/** Call @changed, a second after the last change, when one of the files is replaced (renamed
 *  into place, or a symbolic link to it made) or closed after writing. @paths must outlive the
 *  watch. A directory that can not be watched is logged, not an error: reloads on demand go on
 *  working. */
int rg_watch_new(struct rg_loop *loop, char *const *paths, size_t n_paths,
		 void (*changed)(void *arg), void *arg, struct rg_watch **ret, struct rg_err *err);
void rg_watch_free(struct rg_watch *watch);

#endif
