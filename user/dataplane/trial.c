/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Links on trial: held by this process alone, so that whatever becomes of it, they come off. */
#include "dataplane/private.h"

#include "base/cleanup.h"

void rg_dp_trials_init(struct rg_dp *dp)
{
	for (size_t i = 0; i < ARRAY_SIZE(dp->trials); i++)
		dp->trials[i].fd = -1;
}

void rg_dp_trials_close(struct rg_dp *dp)
{
	for (size_t i = 0; i < ARRAY_SIZE(dp->trials); i++)
		rg_closep(&dp->trials[i].fd);
}

static struct rg_dp_trial *find(const struct rg_dp *dp, unsigned int ifindex)
{
	for (size_t i = 0; i < ARRAY_SIZE(dp->trials); i++)
		if (dp->trials[i].fd >= 0 && dp->trials[i].ifindex == ifindex)
			return (struct rg_dp_trial *)&dp->trials[i];
	return NULL;
}

bool rg_dp_trials_any(const struct rg_dp *dp)
{
	for (size_t i = 0; i < ARRAY_SIZE(dp->trials); i++)
		if (dp->trials[i].fd >= 0)
			return true;
	return false;
}

int rg_dp_trial_fd(const struct rg_dp *dp, unsigned int ifindex)
{
	const struct rg_dp_trial *trial = find(dp, ifindex);

	return trial ? trial->fd : -1;
}

bool rg_dp_trial_hold(struct rg_dp *dp, unsigned int ifindex, int fd)
{
	for (size_t i = 0; i < ARRAY_SIZE(dp->trials); i++) {
		if (dp->trials[i].fd >= 0)
			continue;
		dp->trials[i] = (struct rg_dp_trial){ .ifindex = ifindex, .fd = fd };
		return true;
	}
	return false;
}

int rg_dp_trial_take(struct rg_dp *dp, unsigned int ifindex)
{
	struct rg_dp_trial *trial = find(dp, ifindex);

	return trial ? TAKE_FD(trial->fd) : -1;
}
