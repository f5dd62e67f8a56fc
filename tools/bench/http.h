/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests to the control socket over many connections at once, each kept open and
 * with one request under way: what the meeting services of a site do to a daemon. */
#ifndef RG_BENCH_HTTP_H
#define RG_BENCH_HTTP_H

#include <stddef.h>
#include <stdint.h>

struct bench_message {
	const char *method, *path;
	const char *body;      /* NULL: none; stays valid until its answer */
	size_t length;
};

struct bench_load {
	const char *socket;
	unsigned int connections, requests;
	/** Fill request number @n, which goes out on connection @c. */
	void (*make)(void *arg, unsigned int n, unsigned int c, struct bench_message *ret);
	/** Its answer is there. @body is NUL terminated. May be NULL. */
	void (*answered)(void *arg, unsigned int n, unsigned int c, int status, const char *body);
	void *arg;
	/* out */
	double *ms;            /* of each request up to the end of answered(); the caller's, may be NULL */
	double seconds;        /* of all */
};

/** Runs all requests; ends the program if one gets no answer. */
void bench_load_run(struct bench_load *load);

#endif
