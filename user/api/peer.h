/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The caller of a request. */
#ifndef RG_API_PEER_H
#define RG_API_PEER_H

#include "base/err.h"
#include "base/peer.h"

/** Ask the kernel who connected the Unix socket @fd. */
int rg_peer_of(int fd, struct rg_peer *ret, struct rg_err *err);

#endif
