/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/roles.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"

#define SEPARATORS " \t,"

static const char *const texts[RG_ROLE_MAX] = {
	[RG_ROLE_NONE] = "none",
	[RG_ROLE_READ] = "read",
	[RG_ROLE_PUSH] = "push",
	[RG_ROLE_ADMIN] = "admin",
};

const char *rg_role_text(enum rg_role role)
{
	return (unsigned int)role < RG_ROLE_MAX ? texts[role] : "?";
}

/* The largest number is (uid_t)-1, which means "nobody" to the kernel's calls. */
static bool parse_id(const char *text, uint32_t *ret)
{
	unsigned long long number;

	if (!*text || text[strspn(text, "0123456789")])
		return false;
	errno = 0;
	number = strtoull(text, NULL, 10);
	if (errno || number >= UINT32_MAX)
		return false;
	*ret = (uint32_t)number;
	return true;
}

static bool find_id(const char *name, bool group, uint32_t *ret)
{
	const struct passwd *passwd;
	const struct group *entry;

	if (parse_id(name, ret))
		return true;
	if (group) {
		entry = getgrnam(name);
		*ret = entry ? entry->gr_gid : 0;
		return entry;
	}
	passwd = getpwnam(name);
	*ret = passwd ? passwd->pw_uid : 0;
	return passwd;
}

static int add_one(struct rg_roles *roles, enum rg_role role, const char *word, struct rg_err *err)
{
	bool group = *word == '@';
	struct rg_role_entry *grown;
	uint32_t id;

	if (!find_id(word + group, group, &id))
		return rg_err_set(err, -ENOENT, RG_ERR_INVALID, "", "the role '%s': there is no %s '%.100s'",
				  rg_role_text(role), group ? "group" : "user", word + group);
	grown = reallocarray(roles->entries, roles->n + 1, sizeof(*grown));
	if (!grown)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	roles->entries = grown;
	grown[roles->n++] = (struct rg_role_entry){ .group = group, .id = id, .role = role };
	return 0;
}

int rg_roles_add(struct rg_roles *roles, enum rg_role role, const char *list, struct rg_err *err)
{
	_cleanup_(rg_freep) char *copy = strdup(list);
	size_t before = roles->n;
	char *rest = copy, *word;
	int r = 0;

	if (!copy)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	while (!r && (word = strsep(&rest, SEPARATORS)))
		if (*word)
			r = add_one(roles, role, word, err);
	if (!r && roles->n == before)
		r = rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "the role '%s' names nobody",
			       rg_role_text(role));
	if (r)
		roles->n = before;
	return r;
}

void rg_roles_clear(struct rg_roles *roles)
{
	free(roles->entries);
	*roles = (struct rg_roles){ 0 };
}

static bool is_one(const struct rg_role_entry *entry, uid_t uid, const gid_t *gids, size_t n_gids)
{
	if (!entry->group)
		return entry->id == uid;
	for (size_t i = 0; i < n_gids; i++)
		if (gids[i] == entry->id)
			return true;
	return false;
}

enum rg_role rg_roles_of(const struct rg_roles *roles, uid_t uid, const gid_t *gids, size_t n_gids)
{
	enum rg_role best = RG_ROLE_NONE;

	if (uid == 0 || uid == geteuid())
		return RG_ROLE_ADMIN;
	for (size_t i = 0; roles && i < roles->n; i++)
		if (roles->entries[i].role > best && is_one(&roles->entries[i], uid, gids, n_gids))
			best = roles->entries[i].role;
	return best;
}
