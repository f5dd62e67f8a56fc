/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/shares.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static struct rg_share *find(struct rg_shares *shares, uid_t uid)
{
	for (size_t i = 0; i < shares->n_users; i++)
		if (shares->users[i].uid == uid)
			return &shares->users[i];
	return NULL;
}

static struct rg_share *add(struct rg_shares *shares, uid_t uid)
{
	if (shares->n_users == shares->max_users) {
		size_t max = shares->max_users ? shares->max_users * 2 : 8;
		struct rg_share *users = reallocarray(shares->users, max, sizeof(*users));

		if (!users)
			return NULL;
		shares->users = users;
		shares->max_users = max;
	}
	shares->users[shares->n_users] = (struct rg_share){ .uid = uid };
	return &shares->users[shares->n_users++];
}

static enum rg_share_kind refuse(struct rg_shares *shares)
{
	if (shares->n_told >= RG_SHARE_TOLD)
		return RG_SHARE_CUT;
	shares->n_told++;
	return RG_SHARE_TOLD_NO;
}

enum rg_share_kind rg_shares_enter(struct rg_shares *shares, uid_t uid, bool admin)
{
	struct rg_share *share;

	if (admin)
		return RG_SHARE_ADMIN;
	share = find(shares, uid);
	if ((share && share->n >= RG_SHARE_EACH) || shares->n + RG_SHARE_RESERVE >= shares->total)
		return refuse(shares);
	if (!share)
		share = add(shares, uid);
	if (!share)
		return RG_SHARE_CUT;
	share->n++;
	shares->n++;
	return RG_SHARE_GIVEN;
}

void rg_shares_leave(struct rg_shares *shares, uid_t uid, enum rg_share_kind kind)
{
	struct rg_share *share;

	if (kind == RG_SHARE_TOLD_NO)
		shares->n_told--;
	if (kind != RG_SHARE_GIVEN)
		return;
	shares->n--;
	share = find(shares, uid);
	if (share && !--share->n)
		*share = shares->users[--shares->n_users];
}

void rg_shares_clear(struct rg_shares *shares)
{
	free(shares->users);
	*shares = (struct rg_shares){ 0 };
}

void rg_share_refuse(int fd, enum rg_share_kind kind, uid_t uid)
{
	char body[256], answer[512];
	int n;

	if (kind == RG_SHARE_CUT) {
		shutdown(fd, SHUT_RDWR);
		return;
	}
	n = snprintf(body, sizeof(body),
		     "{\"type\":\"urn:regiongate:problem:busy\",\"title\":\"Too many connections\",\"status\":503,"
		     "\"detail\":\"user %u holds its share of %d connections, or all but those for admins are in use\"}",
		     (unsigned int)uid, RG_SHARE_EACH);
	n = snprintf(answer, sizeof(answer),
		     "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
		     "Content-Type: application/problem+json\r\nContent-Length: %d\r\n\r\n%s", n, body);
	if (send(fd, answer, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		shutdown(fd, SHUT_RDWR);
	else
		shutdown(fd, SHUT_WR);
}
