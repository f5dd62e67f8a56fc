/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Capacities and bounds, each with what it costs.
 *
 * "default" ones are sizes of maps that the configuration may change before
 * the program is loaded; the others are compiled into the program.
 */
#ifndef RG_LIMITS_H
#define RG_LIMITS_H

/* Text */
#define RG_MEETING_ID_MAX   64   /* characters of a meeting id, no NUL */
#define RG_REGION_CODE_MAX  63   /* characters of a region class's text, no NUL */
#define RG_ENDPOINT_NAME_MAX 64  /* characters of a shared endpoint's name, no NUL */

/* Parser bounds: what lies beyond is refuse_unsupported, never guessed at */
#define RG_VLAN_TAGS_MAX    8    /* stacked 802.1Q / 802.1ad tags */
#define RG_IPV6_EXT_MAX     8    /* IPv6 extension headers of one packet */

/* Regions and policies. A policy takes 64 bytes for each 256 region ids that the load has room
 * for, and 64 for its text. */
#define RG_REGIONS_MAX      8192 /* region ids */
#define RG_REGIONS_DEFAULT  1024 /* room at least; twice as many as are known at start, if that is more */
#define RG_POLICIES_DEFAULT 65536 /* distinct policies: 320 bytes each with room for 1024 regions */
#define RG_POLICIES_CAP     (1u << 20)

/* Time: steps of a meeting's schedule, 16 bytes each; 512 bytes a schedule */
#define RG_SCHEDULE_STEPS_MAX 32
#define RG_SCHEDULES_DEFAULT  16384 /* 8 MiB */
#define RG_SCHEDULES_CAP      (1u << 20)
/* Exceptions: ranges of a set, 24 bytes each; two for each network and one more */
#define RG_EXCEPTION_RANGES_MAX 128
#define RG_EXCEPTIONS_PER_MEETING_MAX 63
#define RG_EXCEPTION_SETS_DEFAULT 1024 /* 3.1 MiB */
#define RG_EXCEPTION_SETS_CAP 65536

/* Shared endpoints, ufrags, flows */
#define RG_SHARED_MAX        256  /* shared endpoints; 96 bytes each */
#define RG_UFRAG_MIN         4    /* RFC 8839 section 5.4 */
#define RG_UFRAG_MAX         256
#define RG_UFRAG_SHORT_MAX   32   /* of rg_ufrags; longer ones are in rg_ufrags_long */
#define RG_UFRAGS_DEFAULT    262144 /* allocated as they come: about 100 bytes each; 16 more in rg_bindings */
#define RG_UFRAGS_CAP        (1u << 22)
#define RG_UFRAGS_LONG_DEFAULT 4096 /* about 330 bytes each */
#define RG_FLOWS_DEFAULT     131072 /* and as many connections: about 230 bytes for both, allocated at load */
#define RG_FLOWS_CAP         (1u << 22)
#define RG_SEEN_DEFAULT      8192 /* slots a CPU, 32 bytes each; a power of two */
#define RG_SEEN_SAMPLE       64   /* of so many admitted packets to dedicated endpoints one is noted; a power of two */
#define RG_FRAGS_DEFAULT     8192 /* about 110 bytes each */
#define RG_FRAG_SECONDS      30   /* as long as hosts wait for the rest of a datagram */
#define RG_STUN_ATTRIBUTES_MAX 64 /* looked at for USERNAME; more are refuse_unsupported */
/* New flows by Binding Requests: beyond these a request is judged, but no flow is remembered */
#define RG_BIND_BURST        4096 /* of one binding; a prefix may stand for a whole meeting */
#define RG_BIND_PER_SECOND   256
#define RG_BIND_SOURCE_BURST 64   /* of one binding and source (IPv6: /64) */
#define RG_BIND_SOURCE_PER_SECOND 8
#define RG_BIND_RATES        65536 /* buckets of 8 bytes */

/* Events */
#define RG_EVENTS_BYTES      (1u << 20) /* ring buffer */
#define RG_EVENTS_PER_MEETING 20  /* a second */
#define RG_EVENTS_PER_CPU    2000 /* a second */

/* Local addresses that carry endpoints. Each has a port table of 2 protocols x
 * 65536 ports x 4 bytes = 512 KiB; table 0 is the table of the address "any". */
#define RG_LOCALS_MAX       64   /* live local addresses (default RG_LOCALS_DEFAULT) */
#define RG_LOCALS_DEFAULT   16
#define RG_LOCALS_SLOTS     256  /* hash slots of one generation of rg_locals */
#define RG_LOCALS_PROBES    8    /* slots that the program looks at, at most */

/* Meetings: 80 bytes in rg_meetings and 8 in rg_mtg_words; a store may hold more than a server */
#define RG_MEETINGS_DEFAULT 16384
#define RG_MEETINGS_CAP     (1u << 20)
#define RG_ENDPOINTS_PER_MEETING_MAX 1024
#define RG_RULES_PER_MEETING_MAX     256

/* Counters per (meeting, region, direction, verdict): lines of 64 bytes for each CPU with room for
 * three of one meeting; a power of two. Twice as many as meetings keep the way short. */
#define RG_MTG_STAT_DEFAULT 32768 /* 2 MiB a CPU */
#define RG_MTG_STAT_CAP     (1u << 22)
#define RG_MTG_STAT_PROBES  8     /* further lines looked at; none with room: counted as lost */

/* Geo table: nodes of 4 bytes, range entries of 8 bytes (see bpf/region.h) */
#define RG_GEO_ROOT4_BITS   18
#define RG_GEO_ROOT6_BITS   16
#define RG_GEO_DEPTH_MAX    4    /* sub-tables on the way of one look-up */
#define RG_GEO_STEPS_MAX    13   /* halvings of a search among lines of 8 ranges: 65536 ranges */
#define RG_GEO_NODES_MIN    (1u << 20) /* 4 MiB a generation */
#define RG_GEO_RANGES_MIN   (1u << 20) /* 8 MiB a generation */
#define RG_GEO_SPLITS_MAX   4096       /* IPv6 /64 blocks with longer prefixes inside */
#define RG_GEO_LOWS_MAX     65536      /* ranges of their lower halves, 16 bytes each */

#endif
