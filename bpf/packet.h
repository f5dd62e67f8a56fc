/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet on its way through the stages. */
#ifndef RG_BPF_PACKET_H
#define RG_BPF_PACKET_H

#include "bpf.h"

struct rg_packet {
	struct rg_addr remote; /* the participant: source at ingress */
	struct rg_addr local;  /* this server: destination at ingress */
	__u16 remote_port;     /* host order */
	__u16 local_port;
	__u8 protocols;        /* RG_PROTO_BIT()s that the packet may have; one if parsed */
	__u8 protocol;         /* RG_PROTO_UDP or RG_PROTO_TCP, if parsed */
	__u8 has_addresses;    /* remote and local are filled */
	__u8 direction;        /* enum rg_direction */
	__u8 network_offset;   /* of the IP header in the frame */
	__u8 hides_route;      /* headers that were not read may hold a source route */
	__u16 route_at;        /* where a source route may stand in the frame, see route.h; 0: nowhere */
	__u32 bytes;           /* of the frame */
	/* found by the stages, 0 until then */
	__u32 meeting;
	__u32 policy;
	__u32 meeting_flags;
	__u16 region;
	__u8 stage;            /* enum rg_stage */
};

#endif
