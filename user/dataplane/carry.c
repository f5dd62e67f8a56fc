/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Flows of an earlier load whose table has another size: they are copied. Before the links are switched all of
 * them; afterwards those that the earlier program has made meanwhile. */
#include "dataplane/private.h"

#include <errno.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "regiongate.skel.h"

#define BATCH 4096 /* more than any bucket holds */

/* What is there stays: this load's program has written it. A flow for which there is no room is learnt again. */
static void copy(struct rg_dp *dp, const struct rg_flow_key *keys, const struct rg_flow *flows, __u32 n)
{
	for (__u32 i = 0; i < n; i++)
		if (rg_dp_flow_bound(dp, &flows[i]))
			bpf_map_update_elem(bpf_map__fd(dp->skel->maps.rg_flows), &keys[i], &flows[i], BPF_NOEXIST);
}

int rg_dp_flows_carry(struct rg_dp *dp)
{
	_cleanup_(rg_freep) struct rg_flow_key *keys = NULL;
	_cleanup_(rg_freep) struct rg_flow *flows = NULL;
	void *in = NULL;
	__u32 position;

	if (dp->earlier.flows < 0)
		return 0;
	keys = calloc(BATCH, sizeof(*keys));
	flows = calloc(BATCH, sizeof(*flows));
	if (!keys || !flows)
		return -ENOMEM;
	for (;;) {
		__u32 n = BATCH;
		int r = bpf_map_lookup_batch(dp->earlier.flows, in, &position, keys, flows, &n, NULL) ? -errno : 0;

		if (r && r != -ENOENT)
			return r;
		copy(dp, keys, flows, n);
		if (r)
			return 0;
		in = &position;
	}
}
