/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the daemon gives up once it has started. */
#ifndef RG_PRIVILEGES_H
#define RG_PRIVILEGES_H

#include <stdbool.h>
#include "base/err.h"

/** Keep the capabilities to write maps and to attach (CAP_BPF, CAP_NET_ADMIN; with @dispatcher what libxdp
 *  takes, CAP_SYS_ADMIN), give up all others for good, and allow only the system calls that a running
 *  daemon makes (seccomp.c). Programs are loaded, the socket made and users looked up before. Must not be
 *  called twice.
 *  RG_ERR_INTERNAL, with what the kernel said. */
int rg_privileges_drop(bool dispatcher, struct rg_err *err);

/** The system calls alone: a call that is not on the list fails with EPERM, one that starts
 *  another program kills the process. */
int rg_seccomp_install(struct rg_err *err);

#endif
