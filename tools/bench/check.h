/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RG_BENCH_CHECK_H
#define RG_BENCH_CHECK_H

#include "bench.h"

/** Compare with the baseline at @path (or write it, if @update). Returns the number of figures
 *  that are worse than their margin allows. */
int bench_check(const struct bench_options *options, const char *path, int update);

#endif
