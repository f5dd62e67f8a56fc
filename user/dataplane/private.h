/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by the files of dataplane/ only. */
#ifndef RG_DATAPLANE_PRIVATE_H
#define RG_DATAPLANE_PRIVATE_H

#include <stdarg.h>
#include "dataplane/dataplane.h"

struct bpf_map;
struct bpf_object;
struct regiongate_bpf;
struct names_bpf;

/* An array map that is written through memory. */
struct rg_dp_array {
	const struct bpf_map *map;
	void *at;
	size_t bytes;
	uint64_t *hashes;      /* of its chunks; 0: not known (drift.c) */
};

struct rg_dp_local {       /* a local address; its table number is its index + 1 */
	struct rg_addr address;
	uint32_t ports[2];     /* that are endpoints, by RG_PROTO_*; both 0: free */
	uint32_t published;    /* RG_PROTO_BIT()s in rg_locals */
};

/* What an earlier daemon's maps say of the flows that were taken over from it: until
 * rg_dp_enforce(), see ufrags.c. */
struct rg_dp_earlier {
	int ufrags, ufrags_long; /* fds, -1 */
	int flows, connections;  /* of another size than ours; -1: it is ours, or there is none */
	bool no_connections;     /* there is none: a load that did not ask where connections began has left the flows */
	struct rg_binding *bindings;
	size_t n_bindings;
};
#define RG_DP_EARLIER_NONE \
	(struct rg_dp_earlier){ .ufrags = -1, .ufrags_long = -1, .flows = -1, .connections = -1 }

/* A link that is not pinned: it goes with this process. */
struct rg_dp_trial {
	unsigned int ifindex;
	int fd;
};

struct rg_dp {
	struct regiongate_bpf *skel;
	struct names_bpf *names;         /* NULL: other programs have no names */
	struct rg_dp_config config;
	char *pin_dir;
	int prog_fd, egress_fd;
	bool in_force;                   /* rg_dp_enforce() has switched the links */
	uint64_t cookie;
	struct rg_geo_layout layout;
	int geo_template;                /* while loading, -1 otherwise */
	int geo_fd;                      /* the table in force, -1: none yet */
	uint64_t geo_hash;               /* of its words */
	uint32_t geo_key_type, geo_value_type; /* BTF ids */
	uint32_t former_states[3];       /* ids of maps: see rg_dp_dispatchers_enter() */
	uint32_t generation;             /* of the table in force, as rg_state has it */
	uint32_t generation_base;        /* of the loads whose flows were taken over: they cache regions */

	struct rg_state *state;
	struct rg_local *slots;          /* two generations */
	struct rg_port_block *ports;
	union rg_meeting_word *words;    /* of the meetings, for packets */
	struct rg_meeting *meetings;     /* for readers */
	struct rg_policy_entry *policies;
	struct rg_policy_block *policy_bits;
	struct rg_schedule *schedules;
	struct rg_exception_set *exceptions;
	struct rg_region_entry *regions;
	struct rg_shared *shared;
	struct rg_binding *bindings;
	struct rg_mtg_stat *mtg_stats;   /* n_cpus parts of max_mtg_stats lines */
	struct rg_seen *seen;            /* n_cpus parts of RG_SEEN_DEFAULT slots */
	struct rg_quota_block *quotas;
	struct rg_budget *budgets;
	uint32_t n_cpus, policy_shift;
	struct rg_dp_array arrays[16];
	size_t n_arrays, drift_array, drift_chunk; /* where the walk of drift.c is */
	bool mending;                    /* while rg_dp_mend() writes entries */

	struct rg_dp_local locals[RG_LOCALS_MAX], any; /* any: table 0 */
	uint32_t n_endpoints, n_ufrags, n_ufrags_long;
	bool flipped;                    /* rg_locals was switched, and no grace period has passed since */
	uint64_t n_graces;
	unsigned int n_regions;          /* highest region id set, + 1 */
	struct rg_dp_earlier earlier;
	struct ring_buffer *events;
	rg_dp_event_fn event_fn;         /* while rg_dp_events_read() runs */
	void *event_arg;
	size_t event_room;
	struct rg_dp_trial trials[8];    /* fd -1: free */
	uint32_t flags;                  /* what rg_state's are to be */
	void *run_buffer;                /* of rg_dp_run */
	int lock_fd;                     /* of pin_dir, once it is in force; else -1 */
};

/* libbpf's own words about the last failure, "" if it had none. */
void rg_dp_words_clear(void);
const char *rg_dp_words(void);
void rg_dp_words_keep(const char *fmt, va_list ap); /* unless there are some */

/** The place of @text among @n words; -EINVAL if it is none of them. */
int rg_dp_word(const char *const *words, size_t n, const char *text);

/** pin_dir/[dir/]name, characters that bpffs refuses written as %XX. Returns @buf. */
const char *rg_dp_pin_path(const char *pin_dir, const char *dir, const char *name, char buf[512]);

/* pin.c. What is pinned: each map, then the programs. A start pins its own as "new_..." and renames them when
 * they are in force; RG_DP_PIN_LAST is the last one both times, so that it says whether all the others are
 * there. "old_rg_state" is what a former program counted GeoIP generations in, until no program reads it. */
#define RG_DP_PINS_MAX 40
#define RG_DP_PIN_NEW "new_"
#define RG_DP_PIN_OLD "old_"
#define RG_DP_PIN_LAST "rg_egress"
struct rg_dp_pin {
	const char *name;
	int fd;
	bool is_program;
};
size_t rg_dp_pins(const struct rg_dp *dp, struct rg_dp_pin ret[RG_DP_PINS_MAX]);
/** Is a name in the pin directory one that a load gives? */
bool rg_dp_pin_ours(const char *name);
/** Every directory of the path; the last ones must lie on a bpffs. */
int rg_dp_dirs_make(const char *path, struct rg_err *err);
/** Is there nothing to pin into any more? Then @err says so. */
bool rg_dp_pins_gone(const struct rg_dp *dp, struct rg_err *err);
/** One daemon has a pin directory: another would take its interfaces away from it. CONFLICT. */
int rg_dp_dir_lock(struct rg_dp *dp, struct rg_err *err);

/* enforce.c */
/** Has somebody put another program, with the id @there, where this one of ours was? Not before rg_dp_enforce(): until
 *  then what is there is the former load's. */
bool rg_dp_prog_foreign(const struct rg_dp *dp, int own_fd, uint32_t there);
/** Before anything is taken over from the pins: lock them, if there are any, and end what a start that died
 *  half-way had begun. Its set goes if it was not complete; else it may be in force already, and has its
 *  names then. */
int rg_dp_former_settle(struct rg_dp *dp, struct rg_err *err);

/* Trials (trial.c) */
void rg_dp_trials_init(struct rg_dp *dp);
void rg_dp_trials_close(struct rg_dp *dp);
bool rg_dp_trials_any(const struct rg_dp *dp);
/** The trial's link on an interface (its fd stays the trial's), or -1. */
int rg_dp_trial_fd(const struct rg_dp *dp, unsigned int ifindex);
/** Hold @fd for it; false, @fd still the caller's: no room. */
bool rg_dp_trial_hold(struct rg_dp *dp, unsigned int ifindex, int fd);
/** Give its fd back to the caller, or -1. */
int rg_dp_trial_take(struct rg_dp *dp, unsigned int ifindex);

struct bpf_link_info;
/** The XDP link pinned at @path: an fd, or -errno (-EINVAL: something else is pinned there).
 *  Its interface is gone if ret->xdp.ifindex is 0. */
int rg_dp_link_open(const char *path, struct bpf_link_info *ret);
/** A link of any type. */
int rg_dp_link_open_any(const char *path, struct bpf_link_info *ret);

/* egress.c */
/** The tcx link pinned at @path: an fd, or -errno (-EINVAL: something else is pinned there). */
int rg_dp_egress_link_open(const char *path, struct bpf_link_info *ret);
/** Switch the filter of clsact that a pin of its program stands for; 0 if @path is no such pin.
 *  @ret_old: the program it had (an fd); @ret_done: it was switched; both may be NULL. All or nothing: on
 *  failure @ret_done says whether it has the new program nevertheless. */
int rg_dp_egress_switch(const char *path, int prog_fd, int *ret_old, bool *ret_done);
/** Is it such a pin, and its interface gone? */
bool rg_dp_egress_pin_dead(const char *path);
/** Take that filter off. False if @path is no such pin. */
bool rg_dp_egress_remove(const char *path);

/* dispatcher.c */
#define RG_DP_DISPATCHERS_MAX 64
/** Is @dispatcher, the program on an interface, libxdp's, and is this load in it? */
enum rg_dp_place rg_dp_dispatcher_look(const struct rg_dp *dp, unsigned int ifindex, uint32_t dispatcher);
/** Join one, or make one. -EOPNOTSUPP: the kernel has no dispatchers, nothing is changed. */
int rg_dp_dispatcher_join(struct rg_dp *dp, unsigned int ifindex, const char *ifname, enum rg_xdp_mode mode,
			  struct rg_err *err);
int rg_dp_dispatcher_leave(const struct rg_dp *dp, const char *ifname, struct rg_err *err);
/** Indices of the interfaces of this network namespace that have a dispatcher; how many. */
size_t rg_dp_dispatcher_list(unsigned int ret[RG_DP_DISPATCHERS_MAX]);
/** Take over. First of all, before pins are replaced: whose programs are former ones? Then this load
 *  enters all dispatchers that a former one is in, or none; then the former ones (or, to go back, this
 *  one) leave. In between both judge. */
void rg_dp_dispatchers_former(struct rg_dp *dp);
int rg_dp_dispatchers_enter(struct rg_dp *dp, struct rg_err *err);
void rg_dp_dispatchers_leave(const struct rg_dp *dp, bool former);
/** Leave all, without a daemon. */
void rg_dp_dispatchers_remove(const char *pin_dir);

/** Be able to name programs that are not ours; without it they have ids only. */
void rg_dp_names_open(struct rg_dp *dp);
void rg_dp_names_close(struct rg_dp *dp);
/** Name of a loaded program, "" if it has none or is not known. */
void rg_dp_prog_name(const struct rg_dp *dp, uint32_t id, char ret[16]);

/** Hash of the words of the table in force. 0 or -errno. */
int rg_dp_geo_hash(const struct rg_dp *dp, uint64_t *ret);

/** A serial that no binding of this set of maps had. */
uint32_t rg_dp_next_serial(struct rg_dp *dp);

/** A new map for a geo table: an fd or -errno. @typed: with BTF, once the program is loaded. */
int rg_dp_geo_map(const struct rg_dp *dp, bool typed);

/** Forget the counters of a meeting. */
void rg_dp_mtg_stats_clear(struct rg_dp *dp, uint32_t meeting);

/* config.c */
/** One more than the highest number that a CPU may have: what has a part for each CPU has so many. Not how many
 *  CPUs there may be: the mask may have gaps ("0-3,8-11"). (The kernel's own per-CPU maps have no gaps.) */
uint32_t rg_dp_cpu_ids(void);
#define RG_CPUS_CAP 8192
uint32_t rg_dp_cpu_ids_parse(const char *list);
/** Room for endpoints in rg_endpoints. */
uint32_t rg_dp_endpoints_max(const struct rg_dp_config *config);
/** Replace what is 0 by its default, round up. -EINVAL if something is beyond its cap. */
int rg_dp_config_fill(struct rg_dp_config *config, struct rg_err *err);
/** Size the maps and fill the program's constants, before the load. */
int rg_dp_config_apply(struct rg_dp *dp);

/* entries.c */
/** The program comes to an interface in generic mode: before it does. It then looks for joined datagrams. */
void rg_dp_generic_note(struct rg_dp *dp);
/** Does the egress program see all that servers answer? Said no before it is so, and yes when it is. */
void rg_dp_answers_note(struct rg_dp *dp, bool seen);

/* adopt.c */
/** Before the load: take over the counters and flows that an earlier daemon pinned. */
int rg_dp_adopt(struct rg_dp *dp, struct rg_err *err);
/** After it: what was the earlier maps' last word. */
void rg_dp_adopted(struct rg_dp *dp);
void rg_dp_earlier_close(struct rg_dp *dp);

/* flows.c */
/** Does its binding stand for it still? */
bool rg_dp_flow_bound(const struct rg_dp *dp, const struct rg_flow *flow);

/* carry.c */
/** Copy what is not in ours: flows and connections of earlier tables of another size. 0 or -errno. */
int rg_dp_flows_carry(struct rg_dp *dp);

/* drift.c */
/** FNV-1a over 64-bit words: tells changes, proves nothing. */
uint64_t rg_dp_hash(const void *at, size_t bytes);
/** Bytes from one entry of an array to the next. */
size_t rg_dp_stride(const struct rg_dp_array *array);
/** The piece was put right: what is there now is as it should be. */
void rg_dp_drift_known(struct rg_dp *dp, const struct rg_dp_piece *piece);
/** This process wrote to an array: no drift. */
void rg_dp_wrote(struct rg_dp *dp, const void *at, size_t size);

/* events.c */
int rg_dp_events_open(struct rg_dp *dp, int map_fd);
void rg_dp_events_close(struct rg_dp *dp);

/* locals.c: the table of ports of each local address */
/** The table of an address; NULL if there is none, and no room to @add it. It is in use from the
 *  first port on that is put there. */
struct rg_dp_local *rg_dp_home(struct rg_dp *dp, const struct rg_addr *address, bool add);
uint32_t rg_dp_port(struct rg_dp *dp, const struct rg_dp_local *home, uint8_t protocol, uint16_t port);
/** As rg_ports has it; 0: no endpoint. */
void rg_dp_port_put(struct rg_dp *dp, struct rg_dp_local *home, uint8_t protocol, uint16_t port, uint32_t value);
/** The address of a table of rg_ports (0: that of "any"); NULL: it is nobody's. */
const struct rg_addr *rg_dp_table_address(const struct rg_dp *dp, size_t table);
/** rg_state and rg_locals anew, whatever is in them. -ENOSPC. */
int rg_dp_locals_mend(struct rg_dp *dp);
/** Publish which addresses have endpoints of which protocols, if that changed. -ENOSPC. */
int rg_dp_locals_sync(struct rg_dp *dp);

#endif
