/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Events: refusals that the program reports, and the budgets that bound them. */
#include "dataplane/private.h"

#include <errno.h>

#include <bpf/libbpf.h>

static int take(void *ctx, void *data, size_t size)
{
	struct rg_dp *dp = ctx;

	if (size >= sizeof(struct rg_event))
		dp->event_fn(dp->event_arg, data);
	/* an error ends the reading; the ring goes on behind this event all the same */
	return --dp->event_room ? 0 : -ECANCELED;
}

int rg_dp_events_open(struct rg_dp *dp, int map_fd)
{
	dp->events = ring_buffer__new(map_fd, take, dp, NULL);
	return dp->events ? 0 : -errno;
}

void rg_dp_events_close(struct rg_dp *dp)
{
	ring_buffer__free(dp->events);
}

int rg_dp_events_fd(const struct rg_dp *dp)
{
	return ring_buffer__epoll_fd(dp->events);
}

int rg_dp_events_read(struct rg_dp *dp, rg_dp_event_fn fn, void *arg, size_t max)
{
	int r;

	if (!max)
		return 0;
	dp->event_fn = fn;
	dp->event_arg = arg;
	dp->event_room = max;
	r = ring_buffer__consume(dp->events);
	return r == -ECANCELED ? (int)max : r;
}

void rg_dp_events_refill(struct rg_dp *dp)
{
	uint32_t n_blocks = (dp->config.max_meetings + 15) / 16;

	for (uint32_t i = 0; i < n_blocks; i++)
		for (int j = 0; j < 16; j++)
			if (dp->quotas[i].left[j] != RG_EVENTS_PER_MEETING)
				dp->quotas[i].left[j] = RG_EVENTS_PER_MEETING;
	for (uint32_t cpu = 0; cpu < dp->n_cpus; cpu++) {
		dp->budgets[cpu].left = RG_EVENTS_PER_CPU;
		dp->budgets[cpu].over = 0;
	}
}

void rg_dp_events_counts(const struct rg_dp *dp, uint64_t *ret_sent, uint64_t *ret_lost)
{
	*ret_sent = *ret_lost = 0;
	for (uint32_t cpu = 0; cpu < dp->n_cpus; cpu++) {
		*ret_sent += dp->budgets[cpu].sent;
		*ret_lost += dp->budgets[cpu].lost;
	}
}
