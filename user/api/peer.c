/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "base/cleanup.h"

#define GROUPS_USUAL 64

static int fail(struct rg_err *err)
{
	return rg_err_set(err, -errno, RG_ERR_INTERNAL, "", "the kernel does not say who calls: %s",
			  strerror(errno));
}

/* The supplementary groups, with room in front for the one that SO_PEERCRED names. */
static int read_groups(int fd, gid_t **ret, size_t *ret_n, struct rg_err *err)
{
	socklen_t bytes = GROUPS_USUAL * sizeof(gid_t), had;
	_cleanup_(rg_freep) gid_t *gids = NULL;
	int r;

	do { /* too little room: the kernel says how much it takes */
		gid_t *larger = realloc(gids, sizeof(gid_t) + bytes);

		if (!larger)
			return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
		gids = larger;
		had = bytes;
		r = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, gids + 1, &bytes);
	} while (r && errno == ERANGE && bytes > had);
	if (r)
		return fail(err);
	*ret = TAKE_PTR(gids);
	*ret_n = bytes / sizeof(gid_t) + 1;
	return 0;
}

int rg_peer_of(int fd, const struct rg_roles *roles, struct rg_peer *ret, struct rg_err *err)
{
	_cleanup_(rg_freep) gid_t *gids = NULL;
	struct ucred credentials;
	socklen_t length = sizeof(credentials);
	size_t n;
	int r;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length))
		return fail(err);
	r = read_groups(fd, &gids, &n, err);
	if (r)
		return r;
	gids[0] = credentials.gid;
	*ret = (struct rg_peer){
		.uid = credentials.uid,
		.gid = credentials.gid,
		.pid = credentials.pid,
		.role = rg_roles_of(roles, credentials.uid, gids, n),
	};
	return 0;
}

int rg_peer_check(const struct rg_peer *peer, enum rg_role needed, struct rg_err *err)
{
	/* a route without a role is a mistake of ours: nobody but admins gets past it */
	if (peer->role >= (needed ? needed : RG_ROLE_ADMIN))
		return 0;
	return rg_err_set(err, -EACCES, RG_ERR_FORBIDDEN, "",
			  "this call needs the role '%s'; the role of user %u is '%s'",
			  rg_role_text(needed ? needed : RG_ROLE_ADMIN), peer->uid, rg_role_text(peer->role));
}
