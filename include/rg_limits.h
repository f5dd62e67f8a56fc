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

/* Parser bounds: what lies beyond is refuse_unsupported, never guessed at */
#define RG_VLAN_TAGS_MAX    8    /* stacked 802.1Q / 802.1ad tags */
#define RG_IPV6_EXT_MAX     8    /* IPv6 extension headers of one packet */

/* Regions and policies */
#define RG_REGIONS_MAX      8192 /* region ids; two bits each in every policy */
#define RG_POLICIES_MAX     2048 /* distinct policies; 2 KiB each: 4 MiB */

/* Local addresses that carry endpoints. Each has a port table of 2 protocols x
 * 65536 ports x 4 bytes = 512 KiB; table 0 is the table of the address "any". */
#define RG_LOCALS_MAX       64   /* live local addresses (default RG_LOCALS_DEFAULT) */
#define RG_LOCALS_DEFAULT   16
#define RG_LOCALS_SLOTS     256  /* hash slots of one generation of rg_locals */
#define RG_LOCALS_PROBES    8    /* slots that the program looks at, at most */

/* Meetings: 80 bytes in rg_meetings; a store may hold more than a server */
#define RG_MEETINGS_DEFAULT 16384
#define RG_MEETINGS_CAP     (1u << 20)
#define RG_ENDPOINTS_PER_MEETING_MAX 1024
#define RG_RULES_PER_MEETING_MAX     256

/* Counters per (meeting, region, direction): slots of 64 bytes for each CPU, found by
 * hash; a power of two. Twice as many as are in use keep the way short. */
#define RG_MTG_STAT_DEFAULT 32768 /* 2 MiB a CPU */
#define RG_MTG_STAT_PROBES  8     /* slots looked at; none free: counted as lost */

/* Geo table: nodes of 4 bytes, range entries of 8 bytes (see bpf/region.h) */
#define RG_GEO_ROOT4_BITS   18
#define RG_GEO_ROOT6_BITS   16
#define RG_GEO_DEPTH_MAX    4    /* sub-tables on the way of one look-up */
#define RG_GEO_STEPS_MAX    16   /* halvings of one search: 65536 ranges */
#define RG_GEO_NODES_MIN    (1u << 20) /* 4 MiB a generation */
#define RG_GEO_RANGES_MIN   (1u << 20) /* 8 MiB a generation */
#define RG_GEO_SPLITS_MAX   4096       /* IPv6 /64 blocks with longer prefixes inside */
#define RG_GEO_LOWS_MAX     65536      /* ranges of their lower halves, 16 bytes each */

#endif
