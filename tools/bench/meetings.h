/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Meetings by the million: meeting n has one endpoint of its own and one rule. */
#ifndef RG_BENCH_MEETINGS_H
#define RG_BENCH_MEETINGS_H

#include <stddef.h>

#include "daemon.h"

#define MEETING_BODY_MAX 320

/** Local address and port of meeting @n: 65,000 ports an address, from 198.51.100.10 on. */
void bench_meeting_endpoint(unsigned int n, char local[16], unsigned int *ret_port);
/** The body of meeting @n, refusing one of 200 countries; @with_id: as a line of a batch. */
size_t bench_meeting_body(char *buf, unsigned int n, int with_id, const char *country);
const char *bench_country(unsigned int n);

/** Push meetings @from .. @to - 1 in batches of @lines. Returns the seconds taken. */
double bench_meetings_batch(const struct bench_daemon *daemon, unsigned int from, unsigned int to,
			    unsigned int lines);

#define UFRAGS_PER_MEETING 100
/** Bind @n ufrags of the shared endpoint "sfu" by batch, UFRAGS_PER_MEETING to a meeting. Seconds. */
double bench_ufrags_batch(const struct bench_daemon *daemon, unsigned int n);

#endif
