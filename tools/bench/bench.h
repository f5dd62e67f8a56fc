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
};

uint64_t bench_now_ns(void);
double bench_median(double *values, size_t n); /* sorts */
double bench_percentile(double *values, size_t n, double p); /* sorts */
void bench_die(const char *what, const struct rg_err *err) __attribute__((noreturn));

/* One section each: prints it and adds its figures to @json. A bound that is not
 * kept is printed as such; the return value is the number of those. */
int bench_decision(const struct bench_options *options, json_t *json);
int bench_load(const struct bench_options *options, json_t *json);
int bench_push(const struct bench_options *options, json_t *json);

/** Print "name: value (bound: at most/least x) ok|MISSED" and note it. Returns 1 if missed. */
int bench_bound(json_t *json, const char *name, double value, const char *unit, double bound, int at_least);

#endif
