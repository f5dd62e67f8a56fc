/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by the files of dataplane/ only. */
#ifndef RG_DATAPLANE_PRIVATE_H
#define RG_DATAPLANE_PRIVATE_H

#include "dataplane/dataplane.h"

struct bpf_map;
struct bpf_object;
struct regiongate_bpf;
struct names_bpf;

/* An array map that is written through memory. */
struct rg_dp_array {
	void *at;
	size_t bytes;
};

struct rg_dp_local {       /* a local address; its table number is its index + 1 */
	struct rg_addr address;
	uint32_t endpoints[2]; /* by RG_PROTO_*; both 0: free */
};

struct rg_dp {
	struct regiongate_bpf *skel;
	struct names_bpf *names;         /* NULL: other programs have no names */
	struct rg_dp_config config;
	char *pin_dir;
	int prog_fd;
	uint64_t cookie;
	struct rg_geo_layout layout;
	int geo_template;                /* while loading, -1 otherwise */
	int geo_fd;                      /* the table in force, -1: none yet */
	uint32_t geo_key_type, geo_value_type; /* BTF ids */

	struct rg_state *state;
	struct rg_local *slots;          /* two generations */
	struct rg_port_block *ports;
	struct rg_meeting *meetings;
	struct rg_policy_entry *policies;
	struct rg_region_entry *regions;
	struct rg_mtg_stat *mtg_stats;   /* n_cpus parts of max_mtg_stats slots */
	uint32_t n_cpus;
	struct rg_dp_array arrays[7];
	size_t n_arrays;

	struct rg_dp_local locals[RG_LOCALS_MAX];
	uint32_t any_endpoints[2];
	uint32_t n_endpoints;
	uint64_t flipped_ns;             /* when rg_locals was switched last */
	unsigned int n_regions;          /* highest region id set, + 1 */
	void *run_buffer;                /* of rg_dp_run */
	int lock_fd;                     /* of pin_dir, once it is in force; else -1 */
};

/* libbpf's own words about the last failure, "" if it had none. */
void rg_dp_words_clear(void);
const char *rg_dp_words(void);

/** pin_dir/[dir/]name, characters that bpffs refuses written as %XX. Returns @buf. */
const char *rg_dp_pin_path(const char *pin_dir, const char *dir, const char *name, char buf[512]);

struct bpf_link_info;
/** The XDP link pinned at @path: an fd, or -errno (-EINVAL: something else is pinned there).
 *  Its interface is gone if ret->xdp.ifindex is 0. */
int rg_dp_link_open(const char *path, struct bpf_link_info *ret);

/** Be able to name programs that are not ours; without it they have ids only. */
void rg_dp_names_open(struct rg_dp *dp);
void rg_dp_names_close(struct rg_dp *dp);
/** Name of a loaded program, "" if it has none or is not known. */
void rg_dp_prog_name(const struct rg_dp *dp, uint32_t id, char ret[16]);

/** A new map for a geo table: an fd or -errno. @typed: with BTF, once the program is loaded. */
int rg_dp_geo_map(const struct rg_dp *dp, bool typed);

uint64_t rg_dp_now_ns(void); /* CLOCK_MONOTONIC */

/** Forget the counters of a meeting. */
void rg_dp_mtg_stats_clear(struct rg_dp *dp, uint32_t meeting);

/** Room for endpoints in rg_endpoints. */
uint32_t rg_dp_endpoints_max(const struct rg_dp_config *config);

#endif
