/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Links on trial: held by this process alone, so that whatever becomes of it, they come off. */
#include "dataplane/private.h"

#include <bpf/bpf.h>

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

bool rg_dp_trial_on(const struct rg_dp *dp, unsigned int ifindex)
{
	int fd = rg_dp_trial_fd(dp, ifindex);
	struct bpf_link_info info = {};
	__u32 length = sizeof(info);

	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &length) && info.xdp.ifindex == ifindex &&
	       !rg_dp_prog_foreign(dp, dp->prog_fd, info.prog_id);
}

void rg_dp_trial_end(struct rg_dp *dp, unsigned int ifindex)
{
	_cleanup_(rg_closep) int fd = rg_dp_trial_take(dp, ifindex);

	if (fd >= 0)
		bpf_link_detach(fd); /* at once: the kernel would let go of it some time later */
}

int rg_dp_trial_take(struct rg_dp *dp, unsigned int ifindex)
{
	struct rg_dp_trial *trial = find(dp, ifindex);

	return trial ? TAKE_FD(trial->fd) : -1;
}
