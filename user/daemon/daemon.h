/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The daemon: socket, engine, API and loop put together. */
#ifndef RG_DAEMON_H
#define RG_DAEMON_H

#include "base/err.h"
#include "daemon/config.h"

/** Start, serve until SIGTERM or SIGINT, stop; the filter stays in force. Returns 0 after an
 *  orderly stop. If the start fails: -errno, with nothing left behind and every interface that
 *  this start attached detached again. */
int rg_daemon_run(const struct rg_config *config, struct rg_err *err);

/** What a start would refuse of a configuration that was read well: roles of users or groups that do not exist.
 *  INVALID. */
int rg_daemon_check(const struct rg_config *config, struct rg_err *err);

#endif
