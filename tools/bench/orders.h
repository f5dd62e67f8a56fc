/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RG_BENCH_ORDERS_H
#define RG_BENCH_ORDERS_H

#include "bench.h"

/** Adds "orders" to @json. Returns the number of bounds missed. */
int bench_orders(const struct bench_options *options, json_t *json);

#endif
