/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The caller of a request, and what it may do. */
#ifndef RG_API_PEER_H
#define RG_API_PEER_H

#include "api/roles.h"
#include "base/err.h"
#include "base/peer.h"

/** Ask the kernel who connected the Unix socket @fd, with all its groups, and give it its role.
 *  @roles may be NULL. */
int rg_peer_of(int fd, const struct rg_roles *roles, struct rg_peer *ret, struct rg_err *err);

/** 0, or RG_ERR_FORBIDDEN (-EACCES) that names the role that is needed. */
int rg_peer_check(const struct rg_peer *peer, enum rg_role needed, struct rg_err *err);

#endif
