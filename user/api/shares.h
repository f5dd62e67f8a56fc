/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who may hold how many of the control socket's connections: a share for each user, and a reserve for
 * admins, so that nobody who may connect can lock out those who have to put it right. Pure but for
 * rg_share_refuse(), which writes to the socket. */
#ifndef RG_API_SHARES_H
#define RG_API_SHARES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define RG_SHARE_EACH    128 /* connections of one user */
#define RG_SHARE_RESERVE 32  /* that only admins get */
#define RG_SHARE_TOLD    16  /* refused ones that are kept a moment, to hear why */
#define RG_SHARE_TOLD_S  1

struct rg_shares {
	size_t total;     /* connections that there can be */
	size_t n, n_told; /* those of users who are no admins; refused ones that are being told */
	struct rg_share *users; /* those who have some */
	size_t n_users, max_users;
};
struct rg_share {
	uid_t uid;
	size_t n;
};

/* What becomes of a connection; rg_shares_leave() wants it back. */
enum rg_share_kind {
	RG_SHARE_ADMIN,   /* not counted */
	RG_SHARE_GIVEN,
	RG_SHARE_TOLD_NO, /* refused, and told */
	RG_SHARE_CUT,     /* refused, and there are too many of these already: hang up */
};

/** A connection of @uid has come. Without memory it is cut. */
enum rg_share_kind rg_shares_enter(struct rg_shares *shares, uid_t uid, bool admin);
void rg_shares_leave(struct rg_shares *shares, uid_t uid, enum rg_share_kind kind);
void rg_shares_clear(struct rg_shares *shares);

/** Answer 503 on a fresh connection without waiting for its request, and end its sending side (CUT:
 *  both sides). */
void rg_share_refuse(int fd, enum rg_share_kind kind, uid_t uid);

#endif
