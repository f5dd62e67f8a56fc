/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the BPF program and user space share: map keys, map values, constants.
 *
 * Included by bpf/ (after vmlinux.h) and by user/ (after linux/types.h); these
 * structs are defined here and nowhere else. Padding is explicit and zero.
 * Host byte order unless a field says __be. RG_ABI_VERSION changes with any
 * change of layout. A daemon takes over flows, fragments and counters of versions from RG_ABI_TAKEN
 * on: raise that, too, if what changes is rg_state, theirs, or that of ufrags and bindings.
 */
#ifndef RG_ABI_H
#define RG_ABI_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif
#include "rg_limits.h"
#include "rg_reason.h"

#define RG_ABI_VERSION 4
#define RG_ABI_TAKEN   3

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

/* rg_ports (ARRAY): what a local port is, by (table, protocol, port): 0: no endpoint; a meeting
 * number: dedicated; RG_PORT_SHARED | an index into rg_shared: shared.
 * 16 ports a value, because array values are rounded up to 8 bytes. */
#define RG_PORT_SHARED 0x80000000u
#define RG_PORTS_PER_BLOCK 16
#define RG_PORT_BLOCKS (65536 / RG_PORTS_PER_BLOCK) /* per (table, protocol) */
struct rg_port_block {
	__u32 meeting[RG_PORTS_PER_BLOCK];
};

/* rg_shared (ARRAY), index 1..: endpoints whose meeting a flow or an ICE ufrag tells. */
#define RG_SHARED_ADMIT_UNBOUND 1u /* what no meeting can be found for is admitted, else refused */
struct rg_shared {
	__u32 flags;         /* RG_SHARED_* */
	__u16 ufrag_prefix;  /* characters of a ufrag that are its key; 0: all of it */
	__u8 protocol;       /* 6 TCP, 17 UDP */
	__u8 pad;
	__u16 first_port, last_port;
	__u32 pad2;
	struct rg_addr address; /* all zero: "any" */
	char name[RG_ENDPOINT_NAME_MAX]; /* NUL padded; [0] == 0: the entry is free */
};

/* rg_ufrags (HASH): the ufrag that a STUN Binding Request names (its USERNAME up to the first
 * colon, RFC 8445 section 7.2.2) -> binding. rg_ufrags_long holds those of more than
 * RG_UFRAG_SHORT_MAX characters. Text is zero padded, not terminated. */
struct rg_ufrag_key {
	__u16 endpoint; /* index into rg_shared */
	__u16 length;   /* of text */
	char text[RG_UFRAG_SHORT_MAX];
};
struct rg_ufrag_long_key {
	__u16 endpoint, length;
	char text[RG_UFRAG_MAX];
};
struct rg_ufrag {
	__u32 binding; /* index into rg_bindings */
	__u32 meeting; /* for readers; rg_bindings says it to packets */
};

/* rg_bindings (ARRAY), index 1..: what a flow was bound by. A flow remembers index and serial: when
 * the ufrag goes, its entry is cleared or gets another serial, and its flows are unbound from the
 * next packet on, without a walk of the flow table. */
struct rg_binding {
	__u32 meeting; /* 0: the entry is free */
	__u32 serial;  /* never 0, never used again. Of entry 0: the last one given out */
	__u32 tokens;  /* flows that it may still make, see RG_BIND_*; written by the program */
	__u32 filled;  /* when tokens were last filled, seconds CLOCK_MONOTONIC */
};
/* rg_bind_rates (ARRAY), direct mapped by a hash of (source, binding): how many new flows one
 * source may make. Sources that collide share a bucket. */
struct rg_bind_rate {
	__u16 taken;  /* of RG_BIND_SOURCE_BURST; comes down by RG_BIND_SOURCE_PER_SECOND */
	__u16 at;     /* seconds CLOCK_MONOTONIC, lower 16 bits, when taken was right */
	__u32 pad;
};

/* rg_flows (LRU_HASH): flows of shared endpoints. A flow remembers its meeting, not its verdict. */
struct rg_flow_key {
	struct rg_addr remote;
	__u16 remote_port, local_port; /* host order */
	__u16 endpoint;                /* index into rg_shared */
	__u8 protocol;                 /* 6 TCP, 17 UDP */
	__u8 pad;
};
struct rg_flow {
	__u32 meeting;
	__u32 binding, serial; /* good while rg_bindings[binding].serial is that */
	__u32 seen;            /* last Binding Request, seconds CLOCK_MONOTONIC */
	__u64 region;          /* cache: geo generation << 32 | region id, and RG_FLOW_NEVER_ADMITTED; 0: none */
};
#define RG_FLOW_NEVER_ADMITTED (1ull << 31) /* bound by refused requests alone */

/* rg_connections (LRU_HASH): to which meeting the first frames of a TCP connection went; only of endpoints that
 * refuse what is unbound. See bpf/connection.h. */
struct rg_connection_key {
	struct rg_addr remote;
	struct rg_addr local; /* all zero: any, and any start. Was there before they were known: written by an upgrade */
	__u16 remote_port, local_port; /* host order */
	__u16 endpoint;                /* index into rg_shared */
	__u16 pad;
};
union rg_connection {
	struct {
		__u64 start : 32;   /* sequence number of the first byte that the remote sends */
		__u64 meeting : 20; /* 0: nobody knows, what was only observed has passed */
		__u64 passed : 11;  /* bytes, modulo RG_CONNECTION_PASSED, or one of the values below */
		__u64 seen : 1;     /* the egress program has seen something that the server has sent */
		/* sequence number of the first byte that the server sends, and how far behind it its next frame begins,
		 * until it has answered; written by the egress program alone */
		__u32 first;
		__u16 frame; /* RG_CONNECTION_LOST: nobody knows. RG_CONNECTION_ENDED: the server has closed it */
		__u16 at;    /* when something with a payload has passed last; CLOCK_MONOTONIC in ns >> RG_CONNECTION_SHIFT */
		__u64 bound; /* serial << 32 | binding, as a flow has them: by which it is of its meeting */
	};
	__u64 word; /* the first four: changed as a whole */
};
#define RG_CONNECTION_PASSED 0x7fd
#define RG_CONNECTION_ELSEWHERE 0x7fd /* of a connection that another host has. seen: something has passed */
#define RG_CONNECTION_ANSWERED 0x7ff  /* the server has understood what has passed */
#define RG_CONNECTION_SHIFT 24        /* 17 ms */
#define RG_CONNECTION_LOST 0xffff
#define RG_CONNECTION_ENDED 0xfffe

/* rg_seen (ARRAY): remotes seen lately, direct mapped by a hash of the 5-tuple in a part for each CPU:
 * what tells the first refusal of a flow from its later ones, and (sampled) which remotes talk to
 * dedicated endpoints, which need no flow to be judged. */
struct rg_seen {
	struct rg_addr remote;
	__u16 remote_port, local_port; /* host order */
	__u32 meeting;                 /* 0: none */
	__u16 region;
	__u8 protocol;                 /* 6 TCP, 17 UDP, 0 unknown */
	__u8 reason;                   /* enum rg_reason; 0 (no packet of ours has it): free */
	__u32 at;                      /* CLOCK_MONOTONIC in units of 2^RG_SEEN_SHIFT ns: a packet pays no division */
};
#define RG_SEEN_SHIFT 30

/* rg_mtg_words (ARRAY), index 1..: all that a packet needs of a meeting, in one word, so that no packet
 * sees a part of a change. Apart from the text that readers need: 100,000 meetings are 0.8 MB here
 * and stay in a CPU's caches, and 8 MB there. */
#define RG_MEETING_OBSERVE      1u /* count what would be refused, refuse nothing */
#define RG_MEETING_SITE_REFUSED 2u /* may not be on this site: all is refused */
#define RG_MEETING_TIMED        4u /* its policy is the one that its schedule says for now */
#define RG_MEETING_EXCEPTIONS   8u /* networks of its exception set come before the policy */
union rg_meeting_word {
	struct {
		__u64 policy : 20;     /* index into rg_policies, 1..; 0: no such meeting.
					* The one of now for readers, if timed */
		__u64 schedule : 20;   /* index into rg_schedules; 0: none */
		__u64 exceptions : 16; /* index into rg_exceptions; 0: none */
		__u64 flags : 8;       /* RG_MEETING_* */
	};
	__u64 word;
};
/* rg_meetings (ARRAY), same index: the same for readers, with the meeting's name. */
struct rg_meeting {
	union {
		struct {
			__u64 policy : 20;
			__u64 schedule : 20;
			__u64 exceptions : 16;
			__u64 flags : 8;
		};
		__u64 word;
	};
	__u64 revision; /* of the body in force */
	char id[RG_MEETING_ID_MAX]; /* NUL padded, not NUL terminated at full length */
};

/* rg_policies (ARRAY), index 1..: the text of a policy, for readers. */
struct rg_policy_entry {
	char text[64]; /* "refuse CN; default admit", cut at 63 */
};
/* rg_policy_bits (ARRAY): two bits a region id, 256 regions a block (one cache line). Block of a
 * region: (policy << rg_policy_shift) + region / 256. A policy's blocks are written before any
 * meeting points to it. */
#define RG_POLICY_REFUSE  1u /* refuse (else admit) */
#define RG_POLICY_BY_RULE 2u /* a rule decided (else the default) */
#define RG_POLICY_BLOCK_REGIONS 256
struct rg_policy_block {
	__u32 words[RG_POLICY_BLOCK_REGIONS / 16];
};

/* rg_schedules (ARRAY), index 1..: which policy a timed meeting has when. The first step whose end
 * is later than now holds; the last one has no end (~0). Interned: equal schedules are stored once,
 * and an entry is not changed while a meeting points to it, but for the steps' ends when the
 * wall clock was set. */
#define RG_STEP_EXPIRED 1u /* the meeting is not in force then: refuse_expired */
struct rg_step {
	__u64 until_ns; /* CLOCK_MONOTONIC */
	__u32 policy;
	__u32 flags;    /* RG_STEP_* */
};
struct rg_schedule {
	struct rg_step steps[RG_SCHEDULE_STEPS_MAX];
};

/* rg_exceptions (ARRAY), index 1..: networks that come before a meeting's rules, as sorted ranges:
 * the last one that starts at or before the address says what holds. Interned like policies. */
enum rg_exception_action { RG_EXCEPTION_NONE, RG_EXCEPTION_ADMIT, RG_EXCEPTION_REFUSE };
struct rg_exception_range {
	__u64 hi, lo;  /* first address of the range, host order (IPv4: ::ffff:a.b.c.d) */
	__u32 action;  /* enum rg_exception_action */
	__u32 pad;
};
struct rg_exception_set {
	__u32 steps;   /* 2^steps ranges, padded at the end with the last one; the first starts at :: */
	__u32 pad;
	char text[56]; /* for readers: "admit 203.0.113.7/32", cut at 55 */
	struct rg_exception_range ranges[RG_EXCEPTION_RANGES_MAX];
};

/* rg_frags (LRU_HASH): what the first fragment of a datagram was judged as; later fragments, which
 * have no ports, are judged alike. */
struct rg_frag_key {
	struct rg_addr remote, local;
	__u32 id;        /* of the datagram, as on the wire */
	__u8 protocol;   /* IPv4: in its header; IPv6: 0, datagrams are told apart without it */
	__u8 direction;  /* enum rg_direction */
	__u8 pad[2];
};
struct rg_frag {
	__u32 meeting; /* judged by its policy again; 0: reason holds */
	__u32 reason;  /* enum rg_reason of the first fragment */
	__u64 at;      /* seconds CLOCK_MONOTONIC; good for RG_FRAG_SECONDS */
};

/* rg_events (RINGBUF): the first refusal of a flow on a CPU (a NIC keeps a flow on one), as far as the
 * budgets reach. */
struct rg_event {
	__u64 at_ns; /* CLOCK_MONOTONIC */
	struct rg_addr remote, local;
	__u16 remote_port, local_port; /* host order */
	__u32 meeting;  /* 0: none */
	__u16 endpoint; /* index into rg_shared; 0: dedicated or none */
	__u16 region;
	__u8 reason;    /* enum rg_reason; observe_refused counts as a refusal */
	__u8 direction; /* enum rg_direction */
	__u8 protocol;  /* 6 TCP, 17 UDP, 0 unknown */
	__u8 pad;
};
/* rg_quotas (ARRAY): events that a meeting (index; 0: no meeting) may still send. rg_budgets (ARRAY, an
 * entry a CPU): events that a CPU may still send, and what became of them. The daemon refills both
 * once a second, so the path reads no clock; without a daemon nobody reads events. */
struct rg_quota_block {
	__u32 left[16];
};
struct rg_budget {
	__u64 left;
	__u64 sent, lost; /* lost: beyond quota or budget (in a flood each packet), or the ring was full */
	/* the clock of rg_seen for a while, written by the program */
	__u64 seen_ticks; /* jiffies in units of 2^RG_SEEN_TICKS_SHIFT, when it was read */
	__u64 seen_at;    /* as rg_seen.at */
	__u32 over;       /* by the program: 1 + a meeting whose quota it found used up; 0: none, after each refill */
	__u32 pad;
	__u64 pad2[2];
};
#define RG_SEEN_TICKS_SHIFT 6 /* 64 ms to 640 ms, by the kernel's HZ */

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
/* rg_region_stat (PERCPU_ARRAY): index = region id. Ingress only: rg_mtg_stat has both directions. */
struct rg_region_stat {
	struct rg_count admit, refuse, observe; /* observe: counted, not enforced */
};
/* rg_mtg_stat (ARRAY): counters by meeting, region, direction and verdict; each CPU has a part of its
 * own. A line of it holds counters of one meeting. Where the first one stands is told by the meeting
 * alone, so that it can be on its way while the region is looked up; what has no room there goes to
 * lines found by hash. Each line and counter is taken by its first packet. Not a per-CPU hash map,
 * which costs a packet three cache misses where this costs one. */
enum { RG_STAT_ADMIT, RG_STAT_REFUSE, RG_STAT_OBSERVE, RG_STAT_MAX };
union rg_mtg_tag { /* what a counter is of, beside the meeting; its packets in the same word */
	struct {
		__u64 region : 13;
		__u64 direction : 1; /* enum rg_direction */
		__u64 verdict : 2;   /* RG_STAT_* */
		__u64 packets : 48;  /* 0: the counter is free */
	};
	__u64 word;
};
#define RG_MTG_STAT_PACKETS_SHIFT 16
struct rg_mtg_count {
	union rg_mtg_tag tag;
	__u64 bytes;
};
#define RG_MTG_STAT_COUNTS 3
struct rg_mtg_stat {
	__u32 meeting; /* 0: the line is free */
	__u32 pad;
	struct rg_mtg_count counts[RG_MTG_STAT_COUNTS]; /* the first free one ends them */
	__u64 pad2;
};

/** Word of a counter with no packets. */
static inline __attribute__((always_inline)) __u64 rg_mtg_tag(__u32 region, __u32 direction, __u32 verdict)
{
	return region | direction << 13 | verdict << 14;
}
/** Where in a CPU's part further lines of a meeting are searched, after the first one, which is at
 *  meeting & mask; @tag as rg_mtg_tag() says, of which region and direction matter. Mask it. */
static inline __attribute__((always_inline)) __u32 rg_mtg_stat_hash(__u32 meeting, __u64 tag)
{
	__u64 key = meeting | (tag & 0x3fff) << 32;

	return (__u32)((key ^ key >> 29) * 0x9e3779b97f4a7c15ull >> 32);
}

/* rg_geo (ARRAY_OF_MAPS, one entry): the table in force, replaced whole by a reload.
 * The table is one array of 64-byte blocks: the nodes, then (at blocks fixed when
 * the program is loaded, see struct rg_geo_layout) range entries, splits and lows.
 *
 * A look-up goes down from a root node picked by the first bits of the address:
 *   LEAF    the region id
 *   TABLE   a table of 2^bits nodes, indexed by the address's next bits
 *   RANGES  a cache line of 8 sorted ranges (2^steps lines of them, if the ways down end);
 *           the last one that starts at or before the address holds its region
 * A line holds ranges of several neighbouring nodes, and is searched as a whole: the number of
 * ranges of a node, which a CPU can not guess, does not change what the program does.
 * Keys are 64 bits: the upper half of an IPv6 address, or an IPv4 address
 * shifted left by 32. A range entry is (key << 15) | region: the key's lower 48
 * bits, since the first 16 were used by the root; the sign stays free for the difference of two.
 * Both families share nodes and ranges; node 0.. is the IPv4 root, then the IPv6 root, then the tables.
 * A region of RG_GEO_SPLIT + n says that longer prefixes than /64 lie inside:
 * rg_geo_splits[n] names the sorted ranges of the lower half. */
#define RG_GEO_KIND_SHIFT 30
#define RG_GEO_LEAF   0u
#define RG_GEO_TABLE  1u /* bits 25..29: number of index bits, 0..24: first node */
#define RG_GEO_RANGES 2u /* bits 25..29: steps, 0..24: first line */
#define RG_GEO_ARG_SHIFT 25
#define RG_GEO_ARG_MASK 31u
#define RG_GEO_BASE_MASK ((1u << 25) - 1)
#define RG_GEO_SPLIT 0x4000u
#define RG_GEO_RANGE_SHIFT 15
#define RG_GEO_RANGE_REGION ((1u << RG_GEO_RANGE_SHIFT) - 1) /* of an entry, and of a leaf */
#define RG_GEO_LINE 8 /* entries */
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
	__u64 ranges[RG_GEO_LINE];
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
#define RG_STATE_GENERIC 2u /* the program was put on an interface in generic mode */
#define RG_STATE_ANSWERS 4u /* the egress program is on each interface where the program is */

/* What one run of the program found. The program writes it into the packet's
 * metadata when it finds a struct rg_trace there that starts with the cookie of
 * this load (a secret): BPF_PROG_TEST_RUN by explain, replay and the tests.
 * RG_TRACE_DRY: touch no counter, flow, fragment or event. Multiple of 4, at most 32 bytes (the most that
 * XDP metadata holds on the oldest supported kernel). */
#define RG_TRACE_DRY 1u
#define RG_TRACE_EGRESS 2u /* of rg_dp_run() only: which program runs */
struct rg_trace {
	__u64 cookie;
	__u32 flags;   /* in: RG_TRACE_* */
	__u32 meeting; /* out: 0 if none */
	__u32 policy;  /* out: 0 if none */
	__u16 region;  /* out: of the remote address, where it was looked up */
	__u8 reason;   /* out: enum rg_reason */
	__u8 stage;    /* out: how far it came, enum rg_stage */
	__u32 generation; /* out: GeoIP generation that was read */
	__u16 endpoint; /* out: index into rg_shared; 0: dedicated, or none */
	__u8 tie;      /* out: enum rg_tie */
	__u8 pad;
};
/* At egress the program finds the trace's first 12 bytes in skb->cb, and leaves there: meeting; policy;
 * region, reason << 16, stage << 24; generation; endpoint, tie << 16. */
enum rg_stage { RG_STAGE_PARSE, RG_STAGE_ENDPOINT, RG_STAGE_MEETING, RG_STAGE_REGION, RG_STAGE_POLICY };
/* How a packet's meeting was found. */
enum rg_tie { RG_TIE_NONE, RG_TIE_DEDICATED, RG_TIE_FLOW, RG_TIE_UFRAG, RG_TIE_FRAGMENT, RG_TIE_MAX };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the program packs words for little-endian CPUs");
_Static_assert(sizeof(struct rg_addr) == 16, "abi");
_Static_assert(sizeof(struct rg_endpoint_key) == 24, "abi");
_Static_assert(sizeof(struct rg_endpoint) == 132, "abi");
_Static_assert(sizeof(struct rg_local) == 24, "abi");
_Static_assert(sizeof(struct rg_port_block) == 64, "abi");
_Static_assert(sizeof(struct rg_shared) == 32 + RG_ENDPOINT_NAME_MAX, "abi");
_Static_assert(sizeof(struct rg_ufrag_key) == 36, "abi");
_Static_assert(sizeof(struct rg_ufrag_long_key) == 260, "abi");
_Static_assert(sizeof(struct rg_binding) == 16, "abi");
_Static_assert(sizeof(struct rg_bind_rate) == 8, "abi");
_Static_assert(sizeof(struct rg_flow_key) == 24, "abi");
_Static_assert(sizeof(struct rg_flow) == 24, "abi");
_Static_assert(sizeof(struct rg_connection_key) == 40, "abi");
_Static_assert(sizeof(union rg_connection) == 24 && RG_MEETINGS_CAP <= 1u << 20, "abi");
_Static_assert(sizeof(struct rg_seen) == 32, "abi");
_Static_assert(sizeof(struct rg_meeting) == 80, "abi");
_Static_assert(sizeof(union rg_meeting_word) == 8, "abi");
_Static_assert(RG_POLICIES_CAP <= 1u << 20 && RG_SCHEDULES_CAP <= 1u << 20 && RG_EXCEPTION_SETS_CAP <= 1u << 16,
	       "numbers fit their part of a meeting's word");
_Static_assert(sizeof(struct rg_policy_block) == 64, "one cache line");
_Static_assert(sizeof(struct rg_exception_set) == 64 + 24 * RG_EXCEPTION_RANGES_MAX, "abi");
_Static_assert(sizeof(struct rg_frag_key) == 40, "abi");
_Static_assert(sizeof(struct rg_event) == 56, "abi");
_Static_assert(sizeof(struct rg_quota_block) == 64, "abi");
_Static_assert(sizeof(struct rg_budget) == 64, "one cache line");
_Static_assert(sizeof(struct rg_mtg_stat) == 64, "one cache line");
_Static_assert(RG_REGIONS_MAX <= 1u << 13 && RG_DIRECTION_MAX <= 2 && RG_STAT_MAX <= 4, "they fit a counter's tag");
_Static_assert(sizeof(struct rg_geo_low) == 16, "abi");
_Static_assert(sizeof(union rg_geo_block) == 64, "abi");
_Static_assert(sizeof(struct rg_trace) == 32, "abi");
_Static_assert(RG_REGIONS_MAX <= RG_GEO_SPLIT && RG_GEO_SPLITS_MAX <= RG_GEO_SPLIT, "region ids and splits share 15 bits");
_Static_assert(RG_GEO_ROOT4_BITS >= 16 && RG_GEO_ROOT6_BITS >= 16, "range entries hold 48 bits");

#endif
