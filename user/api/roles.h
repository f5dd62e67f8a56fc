/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which user and which group has which role. */
#ifndef RG_ROLES_H
#define RG_ROLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/peer.h"

struct rg_roles {
	struct rg_role_entry {
		bool group;      /* id is that of a group; else of a user */
		uint32_t id;
		enum rg_role role;
	} *entries;
	size_t n;
};

/** "read", "push", "admin"; "none". */
const char *rg_role_text(enum rg_role role);

/** Give @role to those that @list names: users and @groups, by name or number, between spaces or
 *  commas. RG_ERR_INVALID, nothing added: one that does not exist, or a list without any. */
int rg_roles_add(struct rg_roles *roles, enum rg_role role, const char *list, struct rg_err *err);
void rg_roles_clear(struct rg_roles *roles);

/** The highest role of a user and its groups. Root and the user that this process runs as are
 *  admins whatever the list says. Pure but for geteuid(). @roles may be NULL. */
enum rg_role rg_roles_of(const struct rg_roles *roles, uid_t uid, const gid_t *gids, size_t n_gids);

#endif
