/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets on an interface: a veth pair, send0 and recv0, in a network namespace of its own. Frames
 * go into send0; what is to be measured sits on recv0.
 *   wire.c         rounds, checks, report
 *   wire_net.c     the pair, the senders, the counters
 *   wire_setups.c  what can sit there: this filter and what an operator could pick instead */
#ifndef RG_BENCH_WIRE_H
#define RG_BENCH_WIRE_H

#include "rivals.h"
#include "server.h"

enum wire_traffic { WIRE_REFUSED, WIRE_REFUSED_HOT, WIRE_ADMITTED_HOT, WIRE_TRAFFICS };
enum wire_way { WIRE_LIVE, WIRE_RAW, WIRE_WAYS }; /* live XDP frames; AF_PACKET */

struct wire {
	const struct bench_options *options;
	int home;              /* the network namespace to go back to */
	int tx, rx;            /* ifindexes */
	unsigned int ksoftirqd; /* pid of the one on the sender's CPU; 0: none seen */
	int udp, raw;          /* sockets: what comes up to the port; AF_PACKET on send0 */
	struct bench_sender sender, second; /* one for each CPU */
	struct bench_world world;
	struct bench_server server;
	struct bench_rivals rivals;
};

struct wire_setup {
	const char *name;
	void (*up)(struct wire *wire);
	void (*down)(struct wire *wire);
	int judges;            /* 1: drops refused packets and those only; -1: drops all; 0: none */
};
extern const struct wire_setup wire_setups[];
extern const size_t wire_n_setups;
/* Places in it. */
enum { WIRE_FLOOR, WIRE_FILTER, WIRE_LEAST, WIRE_LPM, WIRE_XDP_FILTER, WIRE_NETDEV_SET, WIRE_INET_SET, WIRE_NETDEV_MAP,
       WIRE_INET_MAP, WIRE_IPSET, WIRE_STACK };

void wire_net_up(struct wire *wire);
void wire_net_down(struct wire *wire);

/** Send @packets and return when all have been received. Nanoseconds of CPU time a packet. */
double wire_send(struct wire *wire, enum wire_way way, unsigned int packets);
/** Live frames on as many CPUs at once, each into a receive queue of its own. Packets a second. */
double wire_send_parallel(struct wire *wire, unsigned int cpus, unsigned int packets);

uint64_t wire_received(void);  /* packets on recv0 */
uint64_t wire_delivered(void); /* datagrams that came up to a socket, whether it had room or not */

#endif
