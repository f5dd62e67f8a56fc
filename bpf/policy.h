/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: policy. Two bits of the meeting's policy, by the region id. */
#ifndef RG_BPF_POLICY_H
#define RG_BPF_POLICY_H

#include "maps.h"
#include "packet.h"

static __always_inline enum rg_reason rg_policy_judge(const struct rg_packet *pkt)
{
	__u32 region = pkt->region, bits;
	__u32 index = (pkt->policy << rg_policy_shift) + region / RG_POLICY_BLOCK_REGIONS;
	const struct rg_policy_block *block = bpf_map_lookup_elem(&rg_policy_bits, &index);

	if (!block)
		return RG_REASON_REFUSE_DEFAULT;
	bits = block->words[region % RG_POLICY_BLOCK_REGIONS / 16] >> region % 16 * 2;
	if (bits & RG_POLICY_BY_RULE)
		return bits & RG_POLICY_REFUSE ? RG_REASON_REFUSE_REGION : RG_REASON_ADMIT_RULE;
	return bits & RG_POLICY_REFUSE ? RG_REASON_REFUSE_DEFAULT : RG_REASON_ADMIT_DEFAULT;
}

#endif
