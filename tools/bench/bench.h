/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by the files of tools/bench. */
#ifndef RG_BENCH_H
#define RG_BENCH_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define BENCH_ROUNDS 7

struct bench_options {
	const char *mmdb;      /* the world table */
	const char *build;     /* where regiongated and the bench objects are */
	int quick;             /* fewer rounds and sizes: to try the bench out */
};

uint64_t bench_now_ns(void);
uint64_t bench_cpu_ns(void); /* of this thread */
double bench_percentile(const double *values, size_t n, double p);
double bench_median(const double *values, size_t n);
void bench_die(const char *what, const struct rg_err *err) __attribute__((noreturn));
/** The same pseudo-random numbers in each run. */
uint64_t bench_random(void);

/* One section each: prints it and fills @json with its figures. A bound that is not kept is
 * printed as such; the return value is the number of those. */
int bench_decision(const struct bench_options *options, json_t *json);
int bench_parts(const struct bench_options *options, json_t *json);
int bench_paths(const struct bench_options *options, json_t *json);
int bench_wire(const struct bench_options *options, json_t *json);
int bench_load(const struct bench_options *options, json_t *json);
int bench_push(const struct bench_options *options, json_t *json);
int bench_start(const struct bench_options *options, json_t *json);
int bench_rivals(const struct bench_options *options, json_t *json);

/** Print "name: value (at most/least bound) ok|MISSED" and add it to @json's "bounds".
 *  Returns 1 if missed. */
int bench_bound(json_t *json, const char *name, double value, const char *unit, double bound, int at_least);
/** Of the goal that was added last: the best that could be had here, as this run measured it, and why. */
void bench_bound_here(json_t *json, double here, const char *why);

/** Figures of @values: {"median", "low", "high", "n"}: the spread is that of all rounds. */
json_t *bench_spread(const double *values, size_t n);

#endif
