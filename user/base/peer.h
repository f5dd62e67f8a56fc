/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who calls: the process at the other end of the control socket, as the kernel names it. */
#ifndef RG_PEER_H
#define RG_PEER_H

#include <sys/types.h>

/* What a caller may do; each role holds those before it. */
enum rg_role {
	RG_ROLE_NONE,
	RG_ROLE_READ,  /* look: state, counters, explain */
	RG_ROLE_PUSH,  /* change what is judged: meetings, regions, endpoints */
	RG_ROLE_ADMIN, /* change how: interfaces, databases, repairs */
	RG_ROLE_MAX
};

struct rg_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;         /* of the process that connected; it may have handed the socket on */
	enum rg_role role;
};

#endif
