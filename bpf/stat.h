/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counters by meeting, see rg_abi.h ("rg_mtg_stat"). Nobody else writes to this CPU's part: a CPU runs
 * one packet at a time. */
#ifndef RG_BPF_STAT_H
#define RG_BPF_STAT_H

#include "maps.h"
#include "packet.h"

static __always_inline struct rg_mtg_stat *rg_stat_line(__u32 index)
{
	return bpf_map_lookup_elem(&rg_mtg_stat, &index);
}

/* Have the meeting's first line on its way: what it is needed for comes after the region, and at many
 * meetings it is in no cache. */
static __always_inline void rg_stat_begin(struct rg_packet *pkt)
{
	const struct rg_mtg_stat *line;

	pkt->stat_line = bpf_get_smp_processor_id() * rg_mtg_stat_slots +
			 (pkt->meeting & (rg_mtg_stat_slots - 1));
	line = rg_stat_line(pkt->stat_line);
	if (line)
		(void)*(const volatile __u32 *)&line->meeting;
}

/* 1: counted in this line; 0: it is another meeting's, or full. */
static __always_inline int rg_stat_count(struct rg_mtg_stat *line, __u32 meeting, __u64 tag, __u32 bytes)
{
	if (!line)
		return 0;
	if (line->meeting != meeting) {
		if (line->meeting)
			return 0;
		__builtin_memset(line, 0, sizeof(*line));
		line->meeting = meeting;
	}
	for (int i = 0; i < RG_MTG_STAT_COUNTS; i++) {
		struct rg_mtg_count *count = &line->counts[i];
		__u64 word = count->tag.word;

		if (!word)
			word = tag;
		if ((__u16)word != tag)
			continue;
		count->tag.word = word + (1ull << RG_MTG_STAT_PACKETS_SHIFT);
		count->bytes += bytes;
		return 1;
	}
	return 0;
}

/** The first line did not do: count in one of those where the hash leads to. A global function: few
 *  packets come here, and the verifier checks it once. 0: no room there, either. */
__attribute__((noinline)) int rg_stat_further(const struct rg_packet *pkt, __u64 tag)
{
	__u32 part = bpf_get_smp_processor_id() * rg_mtg_stat_slots;
	__u32 hash;

	if (!pkt)
		return 0;
	hash = rg_mtg_stat_hash(pkt->meeting, tag);
	for (__u32 i = 0; i < RG_MTG_STAT_PROBES; i++)
		if (rg_stat_count(rg_stat_line(part + ((hash + i) & (rg_mtg_stat_slots - 1))),
				  pkt->meeting, tag, pkt->bytes))
			return 1;
	return 0;
}

#endif
