/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet on its way through the stages. */
#ifndef RG_BPF_PACKET_H
#define RG_BPF_PACKET_H

#include "bpf.h"

#define RG_NEXT RG_REASON_MAX /* of a stage: no reason yet, the next one decides */

struct rg_packet {
	struct rg_addr remote; /* the participant: source at ingress */
	struct rg_addr local;  /* this server: destination at ingress */
	__u16 remote_port;     /* host order */
	__u16 local_port;
	__u8 protocols;        /* RG_PROTO_BIT()s that the packet may have; one if parsed */
	__u8 protocol;         /* RG_PROTO_UDP or RG_PROTO_TCP, if parsed; while parsing, IP's number */
	__u8 has_addresses;    /* remote and local are filled */
	__u8 direction;        /* enum rg_direction */
	__u8 network_offset;   /* of the IP header in the frame */
	__u8 hides_route;      /* headers that were not read may hold a source route */
	__u16 route_at;        /* where a source route may stand in the frame, see route.h; 0: nowhere */
	__u32 bytes;           /* of the frame */
	__u32 payload;         /* bytes behind the UDP or TCP header, as far as they are in this packet */
	__u32 fragment_id;     /* of a fragment, as on the wire */
	__u16 transport_at;    /* the UDP or TCP header in the frame */
	__u16 payload_at;      /* in the frame */
	__u8 fragment_protocol; /* what tells datagrams of one id apart: IPv4's protocol */
	__u8 more;             /* it is the first fragment of several */
	/* found by the stages, 0 until then */
	__u32 meeting;
	__u32 stat_line;       /* the meeting's first one in rg_mtg_stat */
	__u32 policy;
	__u16 region;
	__u16 endpoint;        /* index into rg_shared; 0: dedicated, or none */
	__u8 meeting_flags;
	__u8 stage;            /* enum rg_stage */
	__u8 tie;              /* enum rg_tie */
	__u8 region_known;     /* a flow remembered it */
	__u32 generation;      /* of the table that the region comes from, for the flow */
	__u32 binding, serial; /* by which a flow is to be remembered */
	__u32 leaves;          /* meeting that the flow is to leave; 0: none */
	__u32 start;           /* of the connection that it opens, see RG_AFTER_OPEN */
	__u32 offset;          /* from there: what the server's TCP has of it */
	__u32 behind;          /* bytes of its payload which are of that */
	__u8 cut;              /* the request that it begins with goes on in other segments */
	__u8 after;            /* RG_AFTER_*: what is left to do when it is judged */
	__u8 dry;              /* leave no trace: no counter, flow, fragment, event */
};
#define RG_AFTER_BIND     1u /* if it is admitted: rg_flow_bind() */
#define RG_AFTER_REFRESH  2u /* rg_flow_refresh() */
#define RG_AFTER_FRAGMENT 4u /* rg_fragment_remember() */
#define RG_AFTER_BIND_ANY 8u /* rg_flow_bind() also if it is refused */
#define RG_AFTER_OPEN     16u /* rg_connection_open() before the verdict */
#define RG_AFTER_ASK      32u /* rg_connection_only_asks() before it is judged */

/* It is no meeting's after all, and was judged as far as @stage. */
static __always_inline void rg_packet_of_nobody(struct rg_packet *pkt, enum rg_stage stage)
{
	pkt->stage = stage;
	pkt->meeting = pkt->policy = 0;
	pkt->meeting_flags = pkt->region = pkt->tie = 0;
	pkt->after &= RG_AFTER_FRAGMENT;
}

#endif
