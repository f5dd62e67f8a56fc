/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A new source address and destination port before each run, so that
 * BPF_PROG_TEST_RUN's repetitions of one packet are different packets. The same
 * work without the filter behind it is what the filter's figures are reduced by. */
#ifndef RG_BENCH_MUTATE_H
#define RG_BENCH_MUTATE_H

#define RG_BENCH_SOURCES (1u << 20)

struct bench_source {
	__be32 address[4]; /* IPv4 in the first word */
	__be16 port;
	__be16 pad;
};

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RG_BENCH_SOURCES);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct bench_source);
} bench_sources SEC(".maps");

__u32 bench_next; /* one CPU runs it */

static __always_inline int bench_mutate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 index = bench_next++ & (RG_BENCH_SOURCES - 1);
	const struct bench_source *source = bpf_map_lookup_elem(&bench_sources, &index);
	struct ethhdr *eth = data;

	if (!source || data + sizeof(*eth) + sizeof(struct ipv6hdr) + sizeof(struct udphdr) > end)
		return -1;
	if (eth->h_proto == bpf_htons(0x0800)) {
		struct iphdr *ip = data + sizeof(*eth);
		struct udphdr *udp = (void *)(ip + 1);

		ip->saddr = source->address[0];
		udp->dest = source->port;
	} else {
		struct ipv6hdr *ip = data + sizeof(*eth);
		struct udphdr *udp = (void *)(ip + 1);

		__builtin_memcpy(&ip->saddr, source->address, 16);
		udp->dest = source->port;
	}
	return 0;
}
#endif

#endif
