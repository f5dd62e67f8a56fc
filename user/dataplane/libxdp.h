/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* libxdp: one dispatcher on an interface calls the programs of several owners. libxdp.c is the only includer
 * of its header. To look at the programs of others it opens them by their ids, which takes CAP_SYS_ADMIN. */
#ifndef RG_LIBXDP_H
#define RG_LIBXDP_H

#include "dataplane/dataplane.h"

struct bpf_object;

/* Where libxdp pins what it attached: dispatch-IFINDEX-PROGRAM/progN-prog, and links. */
#define RG_LIBXDP_PINS "/sys/fs/bpf/xdp"

/** Does the kernel let this process load programs of type EXT? Without them libxdp attaches no dispatcher, but the
 *  program alone, by netlink. */
bool rg_libxdp_possible(void);
/** Load @name of an opened @object, whose metadata say its place, as a program of type EXT, and add it to the
 *  dispatcher of an interface, which is made if there is none. libxdp attaches the new dispatcher in place of the
 *  former one in one step. Only if that is possible; native or generic. 0, -EPERM or another -errno; rg_dp_words()
 *  has libxdp's. */
int rg_libxdp_join(unsigned int ifindex, enum rg_xdp_mode mode, struct bpf_object *object, const char *name);
/** Take the program pinned at @path out; without others the dispatcher goes, too. @mode: the dispatcher's. */
int rg_libxdp_leave(unsigned int ifindex, enum rg_xdp_mode mode, const char *path);

#endif
