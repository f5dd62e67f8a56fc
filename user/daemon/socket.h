/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The control socket: ours, or one that systemd hands over. */
#ifndef RG_SOCKET_H
#define RG_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/err.h"

#define RG_SOCKET_GROUP "regiongate"

struct rg_socket {
	int fd;        /* listening; -1: none */
	char *path;    /* of the file we made; NULL if it is not ours to remove */
	dev_t device;  /* of that file */
	ino_t inode;
	bool for_group; /* the file belongs to RG_SOCKET_GROUP */
};

/** Take the socket of a socket unit, or else make one at @path (mode 0660, group
 *  RG_SOCKET_GROUP if there is one) together with the directory it lies in. A socket file that
 *  nobody listens on is replaced; -EADDRINUSE (RG_ERR_CONFLICT) if somebody does.
 *  On failure nothing is left behind but the directory. */
int rg_socket_open(const char *path, struct rg_socket *ret, struct rg_err *err);
/** Close the fd, unless it was taken (-1), and remove the file if it is still the one we made. */
void rg_socket_close(struct rg_socket *socket);

#endif
