/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Put a compiled geo table into a map of its own and switch to it. */
#include "dataplane/private.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "regiongate.skel.h"

int rg_dp_geo_map(const struct rg_dp *dp, bool typed)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int fd;

	if (typed) {
		opts.btf_fd = (__u32)bpf_object__btf_fd(dp->skel->obj);
		opts.btf_key_type_id = dp->geo_key_type;
		opts.btf_value_type_id = dp->geo_value_type;
	}
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "rg_geo_table", sizeof(__u32), sizeof(union rg_geo_block),
			    dp->layout.end, &opts);
	return fd < 0 ? -errno : fd;
}

static void fill(union rg_geo_block *at, const struct rg_geo_layout *layout,
		 const struct rg_geo_table *table)
{
	memcpy(at, table->nodes, table->n_nodes * sizeof(*table->nodes));
	if (table->n_ranges)
		memcpy(at + layout->ranges, table->ranges, table->n_ranges * sizeof(*table->ranges));
	if (table->n_splits)
		memcpy(at + layout->splits, table->splits, table->n_splits * sizeof(*table->splits));
	if (table->n_lows)
		memcpy(at + layout->lows, table->lows, table->n_lows * sizeof(*table->lows));
}

int rg_dp_geo_publish(struct rg_dp *dp, const struct rg_geo_table *table, uint32_t generation,
		      struct rg_err *err)
{
	size_t bytes = (size_t)dp->layout.end * sizeof(union rg_geo_block);
	_cleanup_(rg_closep) int fd = -1;
	__u32 zero = 0;
	void *at;

	if (table->n_nodes > dp->config.geo_nodes || table->n_ranges > dp->config.geo_ranges ||
	    table->n_splits > RG_GEO_SPLITS_MAX || table->n_lows > RG_GEO_LOWS_MAX)
		return rg_err_set(err, -E2BIG, RG_ERR_FULL, "",
				  "the geo table needs %zu nodes and %zu ranges, more than this load's %u and %u: "
				  "restart the daemon, which sizes it anew",
				  table->n_nodes, table->n_ranges, dp->config.geo_nodes, dp->config.geo_ranges);
	fd = rg_dp_geo_map(dp, true);
	if (fd < 0)
		return rg_err_set(err, fd, RG_ERR_KERNEL, "", "cannot make a map for the geo table: %s",
				  strerror(-fd));
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return rg_err_set(err, -errno, RG_ERR_KERNEL, "", "cannot map the geo table: %s", strerror(errno));
	fill(at, &dp->layout, table);
	munmap(at, bytes);
	if (bpf_map_update_elem(bpf_map__fd(dp->skel->maps.rg_geo), &zero, &fd, BPF_ANY))
		return rg_err_set(err, -errno, RG_ERR_KERNEL, "", "cannot switch to the new geo table: %s",
				  strerror(errno));
	rg_closep(&dp->geo_fd);
	dp->geo_fd = TAKE_FD(fd);
	rg_dp_geo_hash(dp, &dp->geo_hash);
	dp->generation = dp->generation_base + generation;
	__atomic_store_n(&dp->state->geo_generation, dp->generation, __ATOMIC_RELEASE);
	rg_dp_wrote(dp, dp->state, sizeof(*dp->state));
	return 0;
}
