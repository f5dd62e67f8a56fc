/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A real regiongated with a store on disk, in a directory of its own below /tmp. */
#ifndef RG_BENCH_DAEMON_H
#define RG_BENCH_DAEMON_H

#include <jansson.h>
#include <sys/types.h>

#include "bench.h"

struct bench_daemon {
	const struct bench_options *options;
	char dir[64], socket[80];
	char geoip[512];       /* its database */
	unsigned int max_meetings, max_ufrags;
	pid_t pid;
	int prog_fd;           /* of the program that it loaded */
};

/** Make the directory. @geoip NULL: the world table. */
void bench_daemon_init(struct bench_daemon *daemon, const struct bench_options *options, const char *geoip,
		       unsigned int max_meetings);
/** Start it on what its store holds. Returns the seconds until it answered. */
double bench_daemon_start(struct bench_daemon *daemon);
void bench_daemon_stop(struct bench_daemon *daemon);
/** Stop it and remove its directory. */
void bench_daemon_remove(struct bench_daemon *daemon);

/** One request; the program ends if the answer is not 2xx. The answer as JSON, NULL if it is none. */
json_t *bench_daemon_call(const struct bench_daemon *daemon, const char *method, const char *path,
			  const char *body);

/** A line "NAME: n kB" of /proc/PID/status, in MB. */
double bench_daemon_memory(const struct bench_daemon *daemon, const char *name);
/** CPU time that it has taken, in seconds. */
double bench_daemon_cpu(const struct bench_daemon *daemon);
/** Set the peak (VmHWM) back to what is resident now. */
void bench_daemon_memory_reset(const struct bench_daemon *daemon);

/** What the daemon's program does with a UDP packet from a Chinese address: true if it drops it. */
int bench_daemon_refuses(const struct bench_daemon *daemon, const char *local, unsigned int port);

#endif
