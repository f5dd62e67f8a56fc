/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The control API: the HTTP server, the routes and the engine put together. */
#ifndef RG_API_H
#define RG_API_H

#include "api/roles.h"
#include "base/err.h"
#include "engine/engine.h"

struct rg_api;

/** Serve the engine's resources on @listen_fd, which the API owns from here on, also on
 *  failure. The engine and @roles (NULL: nobody but admins) must outlive the API. */
int rg_api_open(struct rg_engine *engine, const struct rg_roles *roles, int listen_fd,
		struct rg_api **ret, struct rg_err *err);
/** Answer what has begun to arrive, for a second at most; close every connection. */
void rg_api_close(struct rg_api *api);

/** Becomes readable when rg_api_run() has something to do. */
int rg_api_fd(const struct rg_api *api);
/** Read, stage, flush once, answer. Never blocks on clients. Returns the milliseconds after
 *  which it wants to run again at the latest, -1: when its fd is readable. */
int rg_api_run(struct rg_api *api);

#endif
