/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the program remembers of remotes: flows of shared endpoints, and those seen lately. */
#include "dataplane/private.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "regiongate.skel.h"

#define BATCH 4096 /* more than any bucket holds */

bool rg_dp_flow_bound(const struct rg_dp *dp, const struct rg_flow *flow)
{
	return flow->binding && flow->binding <= dp->config.max_ufrags && flow->serial &&
	       dp->bindings[flow->binding].serial == flow->serial;
}

int rg_dp_flows(struct rg_dp *dp, rg_dp_flow_fn fn, void *arg, struct rg_err *err)
{
	const struct bpf_map *map = dp->skel->maps.rg_flows;
	_cleanup_(rg_freep) struct rg_flow_key *keys = calloc(BATCH, sizeof(*keys));
	_cleanup_(rg_freep) struct rg_flow *flows = calloc(BATCH, sizeof(*flows));
	void *in = NULL;
	__u32 position;

	if (!keys || !flows)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	for (;;) {
		__u32 n = BATCH;
		int r = bpf_map_lookup_batch(bpf_map__fd(map), in, &position, keys, flows, &n, NULL) ? -errno : 0;

		if (r && r != -ENOENT)
			return rg_err_set(err, r, RG_ERR_KERNEL, "", "cannot read the map rg_flows: %s", strerror(-r));
		for (__u32 i = 0; i < n; i++)
			if (rg_dp_flow_bound(dp, &flows[i]) && !fn(arg, &keys[i], &flows[i]))
				return 0;
		if (r)
			return 0;
		in = &position;
	}
}

void rg_dp_seen(const struct rg_dp *dp, uint32_t meeting, rg_dp_seen_fn fn, void *arg)
{
	for (size_t i = 0; i < (size_t)dp->n_cpus * RG_SEEN_DEFAULT; i++) {
		struct rg_seen seen = dp->seen[i];

		seen.at = (uint32_t)(((uint64_t)seen.at << RG_SEEN_SHIFT) / 1000000000);
		if (seen.reason && (!meeting || seen.meeting == meeting))
			fn(arg, &seen);
	}
}
