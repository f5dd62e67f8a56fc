/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Flows of an earlier load whose table has another size: they are copied. So are the meetings of TCP flows, where the
 * earlier load's rg_connections does not serve. Before the links are switched all of them; afterwards those that the
 * earlier program has made meanwhile. */
#include "dataplane/private.h"

#include <errno.h>
#include <netinet/in.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "regiongate.skel.h"

#define BATCH 4096 /* more than any bucket holds */

static void copy_connection(struct rg_dp *dp, const struct rg_flow_key *flow, __u32 meeting)
{
	const struct rg_connection_key key = { .remote = flow->remote, .remote_port = flow->remote_port,
					       .local_port = flow->local_port, .endpoint = flow->endpoint };
	const union rg_connection connection = { .meeting = meeting, .passed = RG_CONNECTION_ANSWERED };

	bpf_map_update_elem(bpf_map__fd(dp->skel->maps.rg_connections), &key, &connection, BPF_NOEXIST);
}

/* What is there stays: this load's program has written it. A flow for which there is no room is learnt again. */
static void copy(struct rg_dp *dp, const struct rg_flow_key *key, const struct rg_flow *flow)
{
	if (dp->earlier.flows >= 0)
		bpf_map_update_elem(bpf_map__fd(dp->skel->maps.rg_flows), key, flow, BPF_NOEXIST);
	if (dp->earlier.no_connections && key->protocol == IPPROTO_TCP)
		copy_connection(dp, key, flow->meeting);
}

int rg_dp_flows_carry(struct rg_dp *dp)
{
	int fd = dp->earlier.flows >= 0 ? dp->earlier.flows : bpf_map__fd(dp->skel->maps.rg_flows);
	_cleanup_(rg_freep) struct rg_flow_key *keys = NULL;
	_cleanup_(rg_freep) struct rg_flow *flows = NULL;
	void *in = NULL;
	__u32 position;

	if (dp->earlier.flows < 0 && !dp->earlier.no_connections)
		return 0;
	keys = calloc(BATCH, sizeof(*keys));
	flows = calloc(BATCH, sizeof(*flows));
	if (!keys || !flows)
		return -ENOMEM;
	for (;;) {
		__u32 n = BATCH;
		int r = bpf_map_lookup_batch(fd, in, &position, keys, flows, &n, NULL) ? -errno : 0;

		if (r && r != -ENOENT)
			return r;
		for (__u32 i = 0; i < n; i++)
			if (rg_dp_flow_bound(dp, &flows[i]))
				copy(dp, &keys[i], &flows[i]);
		if (r)
			return 0;
		in = &position;
	}
}
