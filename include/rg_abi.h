/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the BPF program and user space share: map keys, map values, constants.
 *
 * Included by bpf/ (after vmlinux.h) and by user/ (after linux/types.h); these
 * structs are defined here and nowhere else. Padding is explicit and zero.
 * Host byte order unless a field says __be. RG_ABI_VERSION changes with any
 * change of layout: a daemon never adopts maps of another version.
 */
#ifndef RG_ABI_H
#define RG_ABI_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif
#include "rg_limits.h"
#include "rg_reason.h"

#define RG_ABI_VERSION 1

/* An IPv6 address, or an IPv4 address as ::ffff:a.b.c.d, in network order. */
struct rg_addr {
	union {
		__u8 bytes[16];
		__be32 words[4];
		__be64 halves[2];
	};
};

enum rg_direction { RG_INGRESS, RG_EGRESS, RG_DIRECTION_MAX };

/* rg_endpoints (HASH): who holds an endpoint. For readers and for bookkeeping;
 * the packet path reads the same facts from rg_ports, laid out by port. */
struct rg_endpoint_key {
	struct rg_addr address; /* all zero: "any" */
	__u16 port;
	__u8 protocol; /* 6 TCP, 17 UDP */
	__u8 pad[5];
};
struct rg_endpoint {
	__u32 meeting; /* index into rg_meetings */
	char id[RG_MEETING_ID_MAX];
	char endpoint[64]; /* the key for readers: "198.51.100.10:10001/udp" */
};

/* rg_locals (ARRAY, two generations of RG_LOCALS_SLOTS): the local addresses
 * that carry endpoints; open addressing, see rg_local_hash(). */
struct rg_local {
	struct rg_addr address;
	__u32 table;     /* its port table, 1..; 0: the slot is empty */
	__u32 protocols; /* RG_PROTO_BIT()s of the endpoints there */
};
#define RG_PROTO_UDP 0
#define RG_PROTO_TCP 1
#define RG_PROTO_BIT(p) (1u << (p))

/** Slot of an address in a generation of rg_locals, where probing starts. */
static inline __attribute__((always_inline)) __u32 rg_local_hash(const struct rg_addr *a)
{
	__u64 x = a->halves[0] ^ (a->halves[1] << 1 | a->halves[1] >> 63);

	return (__u32)(((x ^ x >> 32) * 0x9e3779b97f4a7c15ull) >> 40) & (RG_LOCALS_SLOTS - 1);
}

/* rg_ports (ARRAY): meeting number by (table, protocol, port); 0: no endpoint.
 * 16 ports a value, because array values are rounded up to 8 bytes. */
#define RG_PORTS_PER_BLOCK 16
#define RG_PORT_BLOCKS (65536 / RG_PORTS_PER_BLOCK) /* per (table, protocol) */
struct rg_port_block {
	__u32 meeting[RG_PORTS_PER_BLOCK];
};

/* rg_meetings (ARRAY), index 1..; the first 8 bytes are what a packet needs. */
#define RG_MEETING_OBSERVE 1u /* count what would be refused, refuse nothing */
struct rg_meeting {
	__u32 policy; /* index into rg_policies, 1..; 0: no such meeting */
	__u32 flags;  /* RG_MEETING_* */
	__u64 revision; /* of the body in force */
	char id[RG_MEETING_ID_MAX]; /* NUL padded, not NUL terminated at full length */
};

/* rg_policies (ARRAY), index 1..: two bits a region id, 16 regions a word.
 * A policy's entry is written once, before any meeting points to it. */
#define RG_POLICY_REFUSE  1u /* refuse (else admit) */
#define RG_POLICY_BY_RULE 2u /* a rule decided (else the default) */
#define RG_POLICY_WORDS (RG_REGIONS_MAX / 16)
struct rg_policy_entry {
	char text[64]; /* for readers: "refuse CN; default admit", cut at 63 */
	__u32 bits[RG_POLICY_WORDS];
};

/* rg_regions (ARRAY), index = region id: its text, for readers of dumps. */
struct rg_region_entry {
	char code[RG_REGION_CODE_MAX + 1];
};

/* Counters; all maps that hold them are per CPU. */
struct rg_count {
	__u64 packets;
	__u64 bytes; /* of the frame as the program sees it */
};
/* rg_reason_stat (PERCPU_ARRAY): index = direction * RG_REASON_MAX + reason. One more
 * at the end: packets whose rg_mtg_stat entry could not be made (that map is full). */
#define RG_REASON_STAT_LOST (RG_DIRECTION_MAX * RG_REASON_MAX)
#define RG_REASON_STATS (RG_REASON_STAT_LOST + 1)
/* rg_region_stat (PERCPU_ARRAY): index = region id. */
struct rg_region_stat {
	struct rg_count admit, refuse, observe; /* observe: counted, not enforced */
};
/* rg_mtg_stat (ARRAY): counters by meeting, region and direction; each CPU has a part of its
 * own, in which a slot is found by hash and taken by its first packet. Not a per-CPU hash map,
 * which costs a packet three cache misses where this costs one. */
enum { RG_STAT_ADMIT, RG_STAT_REFUSE, RG_STAT_OBSERVE, RG_STAT_MAX };
struct rg_mtg_stat {
	__u32 meeting; /* 0: the slot is free */
	__u16 region;
	__u16 direction; /* enum rg_direction */
	struct rg_count admit, refuse, observe; /* in the order of RG_STAT_* */
	__u64 pad;
};
/* Its first 8 bytes as one word: the key by which it is found and taken. */
typedef __u64 __attribute__((may_alias)) rg_mtg_stat_word;
static inline __attribute__((always_inline)) rg_mtg_stat_word *rg_mtg_stat_key_at(struct rg_mtg_stat *slot)
{
	return (rg_mtg_stat_word *)slot;
}

/** Key of a slot, as struct rg_mtg_stat has it. */
static inline __attribute__((always_inline)) __u64 rg_mtg_stat_key(__u32 meeting, __u32 region,
								   __u32 direction)
{
	return meeting | (__u64)region << 32 | (__u64)direction << 48;
}
/** Where in a CPU's part the search for a key starts; mask it with the part's size - 1. */
static inline __attribute__((always_inline)) __u32 rg_mtg_stat_hash(__u64 key)
{
	return (__u32)((key ^ key >> 29) * 0x9e3779b97f4a7c15ull >> 32);
}

/* rg_geo (ARRAY_OF_MAPS, one entry): the table in force, replaced whole by a reload.
 * The table is one array of 64-byte blocks: the nodes, then (at blocks fixed when
 * the program is loaded, see struct rg_geo_layout) range entries, splits and lows.
 *
 * A look-up goes down from a root node picked by the first bits of the address:
 *   LEAF    the region id
 *   TABLE   a table of 2^bits nodes, indexed by the address's next bits
 *   RANGES  2^steps sorted ranges; the last one that starts at or before the
 *           address holds its region
 * Keys are 64 bits: the upper half of an IPv6 address, or an IPv4 address
 * shifted left by 32. A range entry is (key << 16) | region: the key's lower 48
 * bits, since the first 16 were used by the root. Both families share nodes and
 * ranges; node 0.. is the IPv4 root, then the IPv6 root, then the tables.
 * A region of RG_GEO_SPLIT + n says that longer prefixes than /64 lie inside:
 * rg_geo_splits[n] names the sorted ranges of the lower half. */
#define RG_GEO_KIND_SHIFT 30
#define RG_GEO_LEAF   0u
#define RG_GEO_TABLE  1u /* bits 25..29: number of index bits, 0..24: first node */
#define RG_GEO_RANGES 2u /* bits 25..29: steps, 0..24: first range */
#define RG_GEO_ARG_SHIFT 25
#define RG_GEO_ARG_MASK 31u
#define RG_GEO_BASE_MASK ((1u << 25) - 1)
#define RG_GEO_SPLIT 0x8000u
#define RG_GEO_ROOT4 0u
#define RG_GEO_ROOT6 (1u << RG_GEO_ROOT4_BITS)
#define RG_GEO_ROOTS (RG_GEO_ROOT6 + (1u << RG_GEO_ROOT6_BITS))

#define RG_GEO_NODES_PER_BLOCK 16
struct rg_geo_split {
	__u32 base;  /* first entry in rg_geo_lows */
	__u32 count; /* >= 1 */
};
struct rg_geo_low {
	__u64 start; /* lower 64 bits of the address, host order */
	__u32 region;
	__u32 pad;
};

union rg_geo_block {
	__u32 nodes[RG_GEO_NODES_PER_BLOCK];
	__u64 ranges[8];
	struct rg_geo_split splits[8];
	struct rg_geo_low lows[4];
};
struct rg_geo_layout { /* in blocks; constants of a load */
	__u32 ranges, splits, lows, end;
};

/* rg_state (ARRAY, one entry): what changes beside the tables. */
struct rg_state {
	__u32 geo_generation;  /* of the table in rg_geo */
	__u32 locals_first;    /* generation of rg_locals in force: 0 or RG_LOCALS_SLOTS */
	__u32 protocols;       /* RG_PROTO_BIT()s of all endpoints */
	__u32 any_protocols;   /* RG_PROTO_BIT()s of the endpoints of "any" */
	__u32 flags;           /* RG_STATE_* */
	__u32 abi_version;     /* RG_ABI_VERSION of all maps of this set */
};
#define RG_STATE_OBSERVE 1u /* global observe mode */

/* What one run of the program found. The program writes it into the packet's
 * metadata when it finds a struct rg_trace there that starts with the cookie of
 * this load (a secret): BPF_PROG_TEST_RUN by explain, replay and the tests.
 * RG_TRACE_DRY: touch no counter. Multiple of 4, at most 32 bytes (the most that
 * XDP metadata holds on the oldest supported kernel). */
#define RG_TRACE_DRY 1u
struct rg_trace {
	__u64 cookie;
	__u32 flags;   /* in: RG_TRACE_* */
	__u32 meeting; /* out: 0 if none */
	__u32 policy;  /* out: 0 if none */
	__u16 region;  /* out: of the remote address, where it was looked up */
	__u8 reason;   /* out: enum rg_reason */
	__u8 stage;    /* out: how far it came, enum rg_stage */
	__u32 generation; /* out: GeoIP generation that was read */
	__u32 pad;
};
enum rg_stage { RG_STAGE_PARSE, RG_STAGE_ENDPOINT, RG_STAGE_REGION, RG_STAGE_POLICY };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the program packs words for little-endian CPUs");
_Static_assert(sizeof(struct rg_addr) == 16, "abi");
_Static_assert(sizeof(struct rg_endpoint_key) == 24, "abi");
_Static_assert(sizeof(struct rg_endpoint) == 132, "abi");
_Static_assert(sizeof(struct rg_local) == 24, "abi");
_Static_assert(sizeof(struct rg_port_block) == 64, "abi");
_Static_assert(sizeof(struct rg_meeting) == 80, "abi");
_Static_assert(sizeof(struct rg_policy_entry) == 64 + RG_REGIONS_MAX / 4, "abi");
_Static_assert(sizeof(struct rg_mtg_stat) == 64, "one cache line");
_Static_assert(sizeof(struct rg_geo_low) == 16, "abi");
_Static_assert(sizeof(union rg_geo_block) == 64, "abi");
_Static_assert(sizeof(struct rg_trace) == 32, "abi");
_Static_assert(RG_REGIONS_MAX <= RG_GEO_SPLIT, "region ids and splits share 16 bits");
_Static_assert(RG_GEO_ROOT4_BITS >= 16 && RG_GEO_ROOT6_BITS >= 16, "range entries hold 48 bits");

#endif
