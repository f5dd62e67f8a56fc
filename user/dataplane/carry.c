/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Flows and TCP connections of an earlier load whose tables have another size: they are copied. If it had no connections,
 * they are made of its TCP flows, each as if its server had answered. Before the links are switched all of them;
 * afterwards those that the earlier program has made meanwhile. */
#include "dataplane/private.h"

#include <errno.h>
#include <netinet/in.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "regiongate.skel.h"

#define BATCH 4096 /* more than any bucket holds */

/* What is there stays: this load's program has written it. A flow for which there is no room is learnt again. */
static void copy_flow(struct rg_dp *dp, const void *key, const void *value)
{
	if (rg_dp_flow_bound(dp, value))
		bpf_map_update_elem(bpf_map__fd(dp->skel->maps.rg_flows), key, value, BPF_NOEXIST);
}

/* Here, too, unless the earlier program has seen the server's answer since the first time:
 * this load's does not know where to look for the next one. */
static void copy_connection(struct rg_dp *dp, const void *key, const void *value)
{
	int fd = bpf_map__fd(dp->skel->maps.rg_connections);
	const union rg_connection *theirs = value;
	union rg_connection ours;

	if (!bpf_map_update_elem(fd, key, value, BPF_NOEXIST) || theirs->passed != RG_CONNECTION_ANSWERED)
		return;
	if (!bpf_map_lookup_elem(fd, key, &ours) && ours.start == theirs->start && ours.passed != RG_CONNECTION_ANSWERED)
		bpf_map_update_elem(fd, key, value, BPF_EXIST);
}

static void make_connection(struct rg_dp *dp, const void *key, const void *value)
{
	const struct rg_flow_key *from = key;
	const struct rg_flow *flow = value;
	const struct rg_connection_key made = { .remote = from->remote, .remote_port = from->remote_port,
						.local_port = from->local_port, .endpoint = from->endpoint };
	const union rg_connection connection = { .meeting = flow->meeting, .passed = RG_CONNECTION_ANSWERED,
						 .bound = (__u64)flow->serial << 32 | flow->binding };

	if (from->protocol == IPPROTO_TCP && rg_dp_flow_bound(dp, flow))
		bpf_map_update_elem(bpf_map__fd(dp->skel->maps.rg_connections), &made, &connection, BPF_NOEXIST);
}

/* @fd: like @map, in another size or itself; -1: nothing to do. 0 or -errno. */
static int each(struct rg_dp *dp, int fd, const struct bpf_map *map,
		void (*copy)(struct rg_dp *dp, const void *key, const void *value))
{
	size_t key_size = bpf_map__key_size(map), value_size = bpf_map__value_size(map);
	_cleanup_(rg_freep) char *keys = NULL;
	_cleanup_(rg_freep) char *values = NULL;
	void *in = NULL;
	__u32 position;

	if (fd < 0)
		return 0;
	keys = calloc(BATCH, key_size);
	values = calloc(BATCH, value_size);
	if (!keys || !values)
		return -ENOMEM;
	for (;;) {
		__u32 n = BATCH;
		int r = bpf_map_lookup_batch(fd, in, &position, keys, values, &n, NULL) ? -errno : 0;

		if (r && r != -ENOENT)
			return r;
		for (__u32 i = 0; i < n; i++)
			copy(dp, keys + i * key_size, values + i * value_size);
		if (r)
			return 0;
		in = &position;
	}
}

int rg_dp_flows_carry(struct rg_dp *dp)
{
	const struct bpf_map *flows = dp->skel->maps.rg_flows, *connections = dp->skel->maps.rg_connections;
	const struct rg_dp_earlier *earlier = &dp->earlier;
	int r = each(dp, earlier->flows, flows, copy_flow);

	if (!r)
		r = each(dp, earlier->connections, connections, copy_connection);
	if (!r && earlier->no_connections)
		r = each(dp, earlier->flows < 0 ? bpf_map__fd(flows) : earlier->flows, flows, make_connection);
	return r;
}
