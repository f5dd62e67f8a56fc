/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/peer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int rg_peer_of(int fd, struct rg_peer *ret, struct rg_err *err)
{
	struct ucred credentials;
	socklen_t length = sizeof(credentials);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length))
		return rg_err_set(err, -errno, RG_ERR_INTERNAL, "",
				  "the kernel does not say who calls: %s", strerror(errno));
	*ret = (struct rg_peer){
		.uid = credentials.uid,
		.gid = credentials.gid,
		.pid = credentials.pid,
	};
	return 0;
}
