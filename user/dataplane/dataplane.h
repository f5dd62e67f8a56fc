/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The BPF program and its maps. The only code that includes libbpf.
 *
 * A dataplane is one loaded program with one set of maps. It is opened unpinned,
 * filled, and then put in force in one step (rg_dp_enforce): existing links are
 * switched to it atomically, pins are replaced. Until then the program of an
 * earlier daemon goes on judging. Maps are only written by their one owner, the
 * engine; nothing here locks.
 */
#ifndef RG_DATAPLANE_H
#define RG_DATAPLANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "geo/geo.h"
#include "rg_abi.h"

struct rg_dp;

/* How the filter shares an interface with other XDP programs, by libxdp: not at all; where a dispatcher is
 * there already; always. */
enum rg_dispatcher { RG_DISPATCHER_NO, RG_DISPATCHER_AUTO, RG_DISPATCHER_YES };
int rg_dispatcher_parse(const char *text, enum rg_dispatcher *ret); /* "no" ...: 0 or -EINVAL */

struct rg_dp_config {
	const char *pin_dir;       /* NULL: never pinned (replay, tests, bench) */
	uint32_t max_meetings;     /* 0: RG_MEETINGS_DEFAULT */
	uint32_t max_locals;       /* 0: RG_LOCALS_DEFAULT; at most RG_LOCALS_MAX */
	uint32_t max_mtg_stats;    /* lines a CPU; 0: RG_MTG_STAT_DEFAULT; rounded up to a power of two */
	uint32_t max_regions;      /* room for region ids; 0: RG_REGIONS_DEFAULT; rounded up to 256 << n */
	uint32_t max_policies;     /* 0: RG_POLICIES_DEFAULT */
	uint32_t max_schedules;    /* 0: RG_SCHEDULES_DEFAULT */
	uint32_t max_exceptions;   /* sets; 0: RG_EXCEPTION_SETS_DEFAULT */
	uint32_t max_ufrags;       /* and bindings; 0: RG_UFRAGS_DEFAULT */
	uint32_t max_ufrags_long;  /* 0: RG_UFRAGS_LONG_DEFAULT */
	uint32_t max_flows;        /* 0: RG_FLOWS_DEFAULT */
	uint32_t geo_nodes;        /* capacity of a table; 0: RG_GEO_NODES_MIN */
	uint32_t geo_ranges;       /* 0: RG_GEO_RANGES_MIN */
	enum rg_dispatcher dispatcher;
	bool observe;              /* global observe mode */
};

/** Load the program. Counters and flows pinned by an earlier daemon of the same layout are taken
 *  over. RG_ERR_KERNEL, with the verifier's last line. */
int rg_dp_open(const struct rg_dp_config *config, struct rg_dp **ret, struct rg_err *err);
/** Closes fds. What is pinned stays in force. */
void rg_dp_close(struct rg_dp *dp);
/** Put in force: switch the links pinned under pin_dir/links, replace the pins. CONFLICT if another running
 *  daemon has them. On failure the former load is in force as before. */
int rg_dp_enforce(struct rg_dp *dp, struct rg_err *err);
/** Remove our pins under @pin_dir and with them the filter from all interfaces. No daemon needed. */
int rg_dp_remove(const char *pin_dir, struct rg_err *err);

/* Geo tables */
/** Switch to a table, atomically. -E2BIG (RG_ERR_FULL) if it exceeds this load's capacity. */
int rg_dp_geo_publish(struct rg_dp *dp, const struct rg_geo_table *table, uint32_t generation,
		      struct rg_err *err);

/* Entries. Numbers: meetings 1..max_meetings-1, policies 1..max_policies-1, schedules and exception sets likewise. These write
 * through mmap and can not fail, but for endpoints (a hash and a table of addresses). */
void rg_dp_region_set(struct rg_dp *dp, unsigned int region, const char *code);
/** Those with ids from here on: no table has said them. */
void rg_dp_regions_forget(struct rg_dp *dp, unsigned int from);
/** @text: for readers. @blocks: rg_dp_policy_blocks() of them. */
void rg_dp_policy_set(struct rg_dp *dp, uint32_t number, const char *text, const struct rg_policy_block *blocks);
/** Global observe mode on or off, from the next packet on. */
void rg_dp_observe_set(struct rg_dp *dp, bool observe);
size_t rg_dp_policy_blocks(const struct rg_dp *dp);
void rg_dp_schedule_set(struct rg_dp *dp, uint32_t number, const struct rg_schedule *schedule);
void rg_dp_exceptions_set(struct rg_dp *dp, uint32_t number, const struct rg_exception_set *set);
void rg_dp_meeting_set(struct rg_dp *dp, uint32_t number, const struct rg_meeting *meeting);
void rg_dp_meeting_clear(struct rg_dp *dp, uint32_t number); /* its counters, too */
#define RG_DP_ENDPOINTS_BATCH 128
struct rg_dp_endpoint {
	struct rg_endpoint_key key;
	uint32_t meeting;
	const char *id;            /* of the meeting */
};
/** Give endpoints, at most RG_DP_ENDPOINTS_BATCH, to meetings, in one call of the kernel. Replaces what they
 *  were given to. -ENOSPC (RG_ERR_FULL) if there is no room for one more local address, -ENOMEM and others
 *  (RG_ERR_KERNEL): then some may be set, and the texts in rg_endpoints of those that were set before may be
 *  the new ones. */
int rg_dp_endpoints_set(struct rg_dp *dp, const struct rg_dp_endpoint *list, size_t n, struct rg_err *err);
int rg_dp_endpoint_clear(struct rg_dp *dp, const struct rg_endpoint_key *key);

/* Shared endpoints, ufrags. Numbers: endpoints 1..RG_SHARED_MAX-1, bindings 1..max_ufrags. */
/** Put a shared endpoint on all its ports. @shared: as the map has it. FULL as rg_dp_endpoints_set().
 *  Replaces what has that number; ports that no longer belong to it are cleared by rg_dp_shared_trim(): not
 *  before whoever gets them has them, or packets would pass in between. */
int rg_dp_shared_put(struct rg_dp *dp, uint32_t number, const struct rg_shared *shared, struct rg_err *err);
void rg_dp_shared_trim(struct rg_dp *dp, uint32_t number, const struct rg_shared *former);
/** Both. */
int rg_dp_shared_set(struct rg_dp *dp, uint32_t number, const struct rg_shared *shared, struct rg_err *err);
void rg_dp_shared_clear(struct rg_dp *dp, uint32_t number);
/** Flags, prefix or name only, with the ports as they are. */
void rg_dp_shared_update(struct rg_dp *dp, uint32_t number, const struct rg_shared *shared);
/** Tie a ufrag (or prefix) of an endpoint to a meeting by a binding: the binding gets a new serial,
 *  whatever was bound by that number before is unbound. Nothing happens if it is tied so already; a
 *  load that took over flows keeps those of ufrags that are tied as they were before rg_dp_enforce().
 *  4 to 256 characters. FULL, KERNEL. */
int rg_dp_ufrag_set(struct rg_dp *dp, uint32_t endpoint, const char *text, size_t length, uint32_t binding,
		    uint32_t meeting, struct rg_err *err);
/** Untie it: its flows are unbound from the next packet on. */
void rg_dp_ufrag_clear(struct rg_dp *dp, uint32_t endpoint, const char *text, size_t length, uint32_t binding);
/** The flow table as it is now; flows whose binding is gone are left out. @fn returns false to stop. */
typedef bool (*rg_dp_flow_fn)(void *arg, const struct rg_flow_key *key, const struct rg_flow *flow);
int rg_dp_flows(struct rg_dp *dp, rg_dp_flow_fn fn, void *arg, struct rg_err *err);
/** Remotes seen lately at dedicated endpoints of @meeting (0: all), and refused ones; may repeat (one a CPU).
 *  "at" comes in seconds. */
typedef void (*rg_dp_seen_fn)(void *arg, const struct rg_seen *seen);
void rg_dp_seen(const struct rg_dp *dp, uint32_t meeting, rg_dp_seen_fn fn, void *arg);

/* Events */
typedef void (*rg_dp_event_fn)(void *arg, const struct rg_event *event);
int rg_dp_events_fd(const struct rg_dp *dp);   /* readable when there are some */
/** Consume at most @max. Returns how many, or -errno. */
int rg_dp_events_read(struct rg_dp *dp, rg_dp_event_fn fn, void *arg, size_t max);
void rg_dp_events_refill(struct rg_dp *dp);    /* quotas and budgets; call once a second */
void rg_dp_events_counts(const struct rg_dp *dp, uint64_t *ret_sent, uint64_t *ret_lost);
/** CLOCK_MONOTONIC, as deadlines and events have it. */
uint64_t rg_dp_now_ns(void);

/** Wait until every packet that is on its way through the program now has left it: some 10 to 30 ms. False:
 *  the kernel refused. */
bool rg_dp_grace(struct rg_dp *dp);
uint64_t rg_dp_graces(const struct rg_dp *dp); /* how often that was done */

/** Would this many further local addresses fit? (Beyond those that have endpoints now.) */
uint32_t rg_dp_locals_free(const struct rg_dp *dp);
bool rg_dp_local_known(const struct rg_dp *dp, const struct rg_addr *address);

/* Interfaces */
enum rg_xdp_mode { RG_XDP_AUTO, RG_XDP_NATIVE, RG_XDP_GENERIC };
const char *rg_xdp_mode_text(enum rg_xdp_mode mode);              /* "auto" ... */
int rg_xdp_mode_parse(const char *text, enum rg_xdp_mode *ret);   /* 0 or -EINVAL */
/* How what the interface sends is filtered. auto: tcx (kernel 6.6), else clsact. */
enum rg_egress_mode { RG_EGRESS_AUTO, RG_EGRESS_TCX, RG_EGRESS_CLSACT, RG_EGRESS_OFF };
const char *rg_egress_mode_text(enum rg_egress_mode mode);
int rg_egress_mode_parse(const char *text, enum rg_egress_mode *ret); /* 0 or -EINVAL */
/* A libxdp dispatcher on an interface: there is none; it has others' programs; ours is among them. */
enum rg_dp_place { RG_DP_PLACE_NONE, RG_DP_PLACE_OTHERS, RG_DP_PLACE_OURS };
struct rg_dp_interface {       /* as the kernel has it now, not as it was asked for */
	char name[16];
	unsigned int ifindex;
	bool attached;         /* our program is on it */
	enum rg_xdp_mode mode; /* native or generic; meaningful if attached */
	uint32_t prog_id;      /* of the XDP program on it, ours or another's; 0: none */
	char prog_name[16];
	uint32_t link_id;      /* of ours; 0: none, or in a dispatcher */
	enum rg_dp_place place;
	enum rg_egress_mode egress; /* tcx, clsact or off: where our egress program is */
};
/** Attach (pinned if the dataplane is). auto: native, else generic. Errors, nothing changed:
 *  -ENODEV (NOT_FOUND), -EBUSY (CONFLICT, names the other program), -EOPNOTSUPP (INVALID: the
 *  NIC's driver refuses native mode, with its words), other (KERNEL). Joins a dispatcher as the configuration
 *  has it; where the kernel can not have one of our own, the filter attaches without it. Attaching again with the
 *  same mode is a success; with another mode re-attaches. */
int rg_dp_attach(struct rg_dp *dp, const char *ifname, enum rg_xdp_mode mode, struct rg_err *err);
/** The same, but not pinned: the filter comes off when the process ends, or by rg_dp_trial_end(). What is
 *  attached already is a CONFLICT, a trial too. */
int rg_dp_attach_trial(struct rg_dp *dp, const char *ifname, enum rg_xdp_mode mode, unsigned int *ret_ifindex,
		       struct rg_err *err);
/** Is the filter of the trial still there? No: the interface is gone, or somebody took it off, or gave it another program. */
bool rg_dp_trial_on(const struct rg_dp *dp, unsigned int ifindex);
/** Off again, whatever the interface is called now. */
void rg_dp_trial_end(struct rg_dp *dp, unsigned int ifindex);
/** Pin the link of a trial: no packet notices. NOT_FOUND if there is none; a trial that can not be
 *  pinned stays one. */
int rg_dp_attach_keep(struct rg_dp *dp, const char *ifname, struct rg_err *err);
/** Filter what the interface sends, or (off) stop that. Nothing happens if it is so already. INVALID if
 *  the kernel can not, CONFLICT if another filter of clsact has the place: nothing is changed then. */
int rg_dp_egress_attach(struct rg_dp *dp, const char *ifname, enum rg_egress_mode mode, struct rg_err *err);
/** How what it sends is filtered now. 0 or -errno: the kernel does not say, and @ret is off. */
int rg_dp_egress_look(const struct rg_dp *dp, unsigned int ifindex, enum rg_egress_mode *ret);
void rg_dp_egress_detach(struct rg_dp *dp, unsigned int ifindex);
/** Tell the program how it is attached now: RG_STATE_GENERIC, RG_STATE_ANSWERS. Without this it learns of what becomes
 *  less than it was, not of what becomes more. */
void rg_dp_modes_look(struct rg_dp *dp);
/** Unpin links whose interfaces are gone; whoever attaches does it, too. */
void rg_dp_links_sweep(const struct rg_dp *dp);
/** Both directions. -ENOENT (NOT_FOUND) if it is not attached. */
int rg_dp_detach(struct rg_dp *dp, const char *ifname, struct rg_err *err);
int rg_dp_interface_status(struct rg_dp *dp, const char *ifname, struct rg_dp_interface *ret,
			   struct rg_err *err);
/** May the program in generic mode get several datagrams as one packet there, and not know it? For a NIC the kernel
 *  joins none while it has such a program; on interfaces of software they come joined by a device below, or by a
 *  sender on this machine (UDP_SEGMENT). The program knows, unless the kernel forbids it to read (lockdown). In
 *  doubt: yes. */
bool rg_dp_joins_datagrams(const struct rg_dp *dp, const char *ifname);
/** Every interface with a link of ours. @ret owned by the caller (free). */
int rg_dp_interfaces(struct rg_dp *dp, struct rg_dp_interface **ret, size_t *ret_n, struct rg_err *err);

/* Counters, summed over CPUs, read from the kernel */
int rg_dp_reason_counts(struct rg_dp *dp, enum rg_direction direction,
			struct rg_count ret[RG_REASON_MAX], struct rg_err *err);
/** Packets judged but not counted per meeting, because rg_mtg_stat was full. */
int rg_dp_stat_lost(struct rg_dp *dp, uint64_t *ret, struct rg_err *err);
int rg_dp_region_stats(struct rg_dp *dp, struct rg_region_stat *ret, size_t n, struct rg_err *err);
/* One CPU's counters of one (meeting, region, direction), or some of them: the caller adds up. */
struct rg_dp_mtg_stat {
	uint32_t meeting;
	uint32_t region;
	enum rg_direction direction;
	struct rg_count admit, refuse, observe;
};
typedef void (*rg_dp_mtg_stat_fn)(void *arg, const struct rg_dp_mtg_stat *stat);
/** All counters of @meeting, or of all meetings if it is 0. */
void rg_dp_mtg_stats(const struct rg_dp *dp, uint32_t meeting, rg_dp_mtg_stat_fn fn, void *arg);

struct rg_dp_map_info { char name[16]; uint32_t id, entries, max_entries; uint64_t bytes; };
/** Name, fill and kernel memory of each map; entries is UINT32_MAX where the type has no fill. */
int rg_dp_maps(struct rg_dp *dp, struct rg_dp_map_info **ret, size_t *ret_n, struct rg_err *err);
/* Drift: see drift.c, mend.c */
struct rg_dp_piece { char map[16]; size_t array, chunk; uint32_t first, n; }; /* entries of an array */
/** Look at the next @bytes of the arrays that decide. False: somebody else has written to @ret since the walk
 *  came by last (or, seldom, it seems so). */
bool rg_dp_drift_look(struct rg_dp *dp, size_t bytes, struct rg_dp_piece *ret);
/* What should be there. */
struct rg_dp_mend {
	void *arg;
	/** Write entry @index of @map by the functions above. False: it should be all zero. */
	bool (*entry)(void *arg, const char *map, uint32_t index);
	/** The value of a port, as rg_ports has it. */
	uint32_t (*port)(void *arg, const struct rg_addr *address, uint8_t protocol, uint16_t port);
};
/** Put a piece right while packets read it. 0 or -ENOMEM. @ret: how many entries differed. */
struct rg_dp_map_check;
int rg_dp_mend(struct rg_dp *dp, const struct rg_dp_piece *piece, const struct rg_dp_mend *mend,
	       struct rg_dp_map_check *ret);
/* Verification: see verify.c */
/** A second set of maps: no program, no pins. To be filled as @dp should be; close it as usual. */
int rg_dp_shadow_open(const struct rg_dp *dp, struct rg_dp **ret, struct rg_err *err);
struct rg_dp_map_check { char name[16]; uint32_t compared, differences, repaired; };
/** Compare all that rules decide with a filled shadow, and put back what differs. @ret is the
 *  caller's (free). RG_ERR_INTERNAL: no memory, or a map that nobody said how to compare. */
int rg_dp_compare(struct rg_dp *dp, const struct rg_dp *shadow, struct rg_dp_map_check **ret, size_t *ret_n,
		  struct rg_err *err);
/** Are the maps pinned that are in force? Pins those that are not. */
void rg_dp_pins_check(struct rg_dp *dp, struct rg_dp_map_check *ret);
/** Is the geo table in force the one that was published? Puts it back; @ret_damaged: its content is
 *  another, which only rg_dp_geo_publish() puts right (not counted as repaired). */
void rg_dp_geo_check(struct rg_dp *dp, struct rg_dp_map_check *ret, bool *ret_damaged);

/** The first 8 bytes of the SHA-256 of the object that is loaded, in hex: which build of the program this is. Returns
 *  @ret. */
const char *rg_dp_object_hash(char ret[17]);
uint32_t rg_dp_prog_id(const struct rg_dp *dp);
/** The kernel's hash over the loaded program's instructions, in hex; "" if it does not say. Equal for
 *  equal programs, whoever loaded them. Returns @ret. */
const char *rg_dp_prog_tag(const struct rg_dp *dp, char ret[17]);

/** Run the loaded program on one Ethernet frame (BPF_PROG_TEST_RUN). @flags: RG_TRACE_DRY (touch no
 *  counter, flow, event), RG_TRACE_EGRESS (run the egress program).
 *  @ret_action: XDP_PASS, XDP_DROP ...; of the egress program TC_ACT_UNSPEC, TC_ACT_SHOT; @ret_trace: what it found. The frame is not changed.
 *  -EINVAL (INVALID) if the frame is shorter than 14 or longer than 65535 bytes less headroom. */
int rg_dp_run(struct rg_dp *dp, const void *frame, size_t length, uint32_t flags,
	      int *ret_action, struct rg_trace *ret_trace, struct rg_err *err);

#endif
