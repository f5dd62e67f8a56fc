/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: endpoint. Is the local address ours to guard, and whose port is it? */
#ifndef RG_BPF_ENDPOINT_H
#define RG_BPF_ENDPOINT_H

#include "maps.h"
#include "packet.h"

static __always_inline const struct rg_local *rg_local_find(const struct rg_state *state,
							    const struct rg_addr *address)
{
	__u32 hash = rg_local_hash(address);

	for (__u32 i = 0; i < RG_LOCALS_PROBES; i++) {
		__u32 slot = state->locals_first + ((hash + i) & (RG_LOCALS_SLOTS - 1));
		const struct rg_local *local = bpf_map_lookup_elem(&rg_locals, &slot);

		if (!local || !local->table)
			return NULL;
		if (local->address.halves[0] == address->halves[0] &&
		    local->address.halves[1] == address->halves[1])
			return local;
	}
	return NULL;
}

/* What a port is in a table, as rg_ports has it; 0 if it is no endpoint. */
static __always_inline __u32 rg_port_value(__u32 table, const struct rg_packet *pkt)
{
	__u32 index = (table * 2 + pkt->protocol) * RG_PORT_BLOCKS +
		      pkt->local_port / RG_PORTS_PER_BLOCK;
	const struct rg_port_block *block = bpf_map_lookup_elem(&rg_ports, &index);

	return block ? block->meeting[pkt->local_port % RG_PORTS_PER_BLOCK] : 0;
}

/** What the local endpoint is, as rg_ports has it; 0 if there is none. The address's own table comes
 *  before that of "any" (table 0). */
static __always_inline __u32 rg_endpoint_value(const struct rg_state *state, const struct rg_local *local,
					       const struct rg_packet *pkt)
{
	__u32 bit = RG_PROTO_BIT(pkt->protocol), value = 0;

	if (local && local->protocols & bit)
		value = rg_port_value(local->table, pkt);
	if (!value && state->any_protocols & bit)
		value = rg_port_value(0, pkt);
	return value;
}

/** May this packet, which could not be classified, be meant for an endpoint? */
static __always_inline int rg_endpoint_possible(const struct rg_state *state,
						const struct rg_packet *pkt)
{
	const struct rg_local *local;

	if (state->any_protocols & pkt->protocols)
		return 1;
	if (!pkt->has_addresses)
		return 0;
	local = rg_local_find(state, &pkt->local);
	return local && local->protocols & pkt->protocols;
}

#endif
