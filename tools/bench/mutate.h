/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A new source address, destination address and ports before each run, so that
 * BPF_PROG_TEST_RUN's repetitions of one packet are different packets. The same
 * work without the filter behind it is what the filter's figures are reduced by.
 *
 * Every store is as wide as the load by which the parser reads it: a load that covers more
 * than one store waits until they have left the store buffer, and with it, all that came
 * before. Packets of a network card have no such stores in front of them. */
#ifndef RG_BENCH_MUTATE_H
#define RG_BENCH_MUTATE_H

#define RG_BENCH_SOURCES (1u << 20)
#define RG_BENCH_LOOP 64 /* packets of one run of a loop program */

struct bench_source {
	__be32 address[4]; /* IPv4 in the first word */
	__be16 remote_port, local_port;
	__be32 local;      /* the local address, IPv6: its last word */
	union {
		char ufrag[8]; /* for packets that are STUN */
		struct {       /* what a look-up of the address finds, for programs that need none */
			__u32 region;
			__u32 line; /* of the ranges, in which it ends */
		} told;
	};
};
#define RG_BENCH_UFRAG_AT 24 /* in the UDP payload: STUN's header and that of its first attribute */
#define RG_BENCH_TOLD_AT 8 /* there, too: not across two lines of a cache */
_Static_assert(sizeof(struct bench_source) % 8 == 0, "as values of an array lie: user space fills it by mmap");

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RG_BENCH_SOURCES);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct bench_source);
} bench_sources SEC(".maps");

__u32 bench_next; /* one CPU runs it */

static __always_inline void bench_mutate_udp(struct udphdr *udp, const struct bench_source *source)
{
	udp->source = source->remote_port;
	udp->dest = source->local_port;
}

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

		ip->saddr = source->address[0];
		ip->daddr = source->local;
		bench_mutate_udp((void *)(ip + 1), source);
	} else {
		struct ipv6hdr *ip = data + sizeof(*eth);

		__builtin_memcpy(&ip->saddr, source->address, 16);
		ip->daddr.in6_u.u6_addr32[3] = source->local;
		bench_mutate_udp((void *)(ip + 1), source);
	}
	return 0;
}

/* Where the payload tells; NULL if it is too short. */
static __always_inline __u64 *bench_told_at(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	__u64 *payload;

	if (data + sizeof(*eth) > end)
		return NULL;
	payload = data + sizeof(*eth) + sizeof(struct udphdr) + RG_BENCH_TOLD_AT +
		  (eth->h_proto == bpf_htons(0x0800) ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
	return (void *)(payload + 1) > end ? NULL : payload;
}

/* The same, and the payload tells what a look-up finds. */
static __always_inline int bench_mutate_told(struct xdp_md *ctx)
{
	__u32 index = bench_next & (RG_BENCH_SOURCES - 1);
	const struct bench_source *source = bpf_map_lookup_elem(&bench_sources, &index);
	__u64 *told;

	if (!source || bench_mutate(ctx))
		return -1;
	told = bench_told_at(ctx);
	if (!told)
		return -1;
	*told = *(const __u64 *)&source->told;
	return 0;
}

/* The same for a Binding Request, whose first attribute is USERNAME. */
static __always_inline int bench_mutate_stun(struct xdp_md *ctx)
{
	__u32 index = bench_next & (RG_BENCH_SOURCES - 1);
	const struct bench_source *source = bpf_map_lookup_elem(&bench_sources, &index);
	void *data, *end;
	struct ethhdr *eth;
	__u64 *ufrag;

	if (!source || bench_mutate(ctx))
		return -1;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	eth = data;
	if (data + sizeof(*eth) > end)
		return -1;
	ufrag = data + sizeof(*eth) + sizeof(struct udphdr) + RG_BENCH_UFRAG_AT +
		(eth->h_proto == bpf_htons(0x0800) ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
	if ((void *)(ufrag + 1) > end)
		return -1;
	*ufrag = *(const __u64 *)source->ufrag;
	return 0;
}
#endif

#endif
