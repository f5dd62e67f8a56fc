/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Objects of the bench over the maps of a loaded dataplane. */
#ifndef RG_BENCH_OBJECTS_H
#define RG_BENCH_OBJECTS_H

#include <linux/types.h>

#include "bench.h"
#include "mutate.h"

struct rg_dp;
struct bpf_object;

/* BENCH_ONE: one packet a run. BENCH_LOOPED: RG_BENCH_LOOP of them. BENCH_CHAINED: one a run, each
 * after the verdict on the one before (the filter only). */
enum bench_way { BENCH_ONE, BENCH_LOOPED, BENCH_CHAINED, BENCH_WAYS };

struct bench_object {
	struct bpf_object *obj;
	int empty[BENCH_WAYS], floor[BENCH_WAYS], filter[BENCH_WAYS]; /* program fds */
	int bare;              /* the filter alone */
	struct bench_source *sources;
};

struct bench_frame { unsigned char bytes[256]; unsigned int length; };

/** Load build/bench/NAME.bpf.o with the dataplane's maps and constants. */
struct bench_object bench_object_open(const struct rg_dp *dp, const char *build, const char *name);
int bench_object_program(const struct bench_object *object, const char *name); /* fd */
int bench_object_map(const struct bench_object *object, const char *name); /* fd */
void bench_object_close(struct bench_object *object);

/** build/bench/wire.bpf.o, sending into @ifindex: the programs' fds and the sources. */
struct bench_sender {
	struct bpf_object *obj;
	int send, drop;
	struct bench_source *sources;
};
struct bench_sender bench_sender_open(const char *build, int ifindex);
void bench_sender_close(struct bench_sender *sender);

/** A UDP packet to 198.51.100.0 or 2001:db8:ffff::, addresses and ports to be mutated. */
struct bench_frame bench_frame_udp(int v4, const void *payload, unsigned int length);

/** Nanoseconds a packet, of this thread's CPU time: what else the machine does counts less. (The
 *  kernel's own figure is wall time, in whole nanoseconds.) */
double bench_run(int prog_fd, enum bench_way way, const struct bench_frame *frame, unsigned int packets);

#endif
