/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* JSON values of the daemon's answers as cells of a table. Pure. */
#ifndef RG_CLI_SHOW_H
#define RG_CLI_SHOW_H

#include <jansson.h>
#include "cli/table.h"

#define RG_SHOW_MAX 512

/** A value as a person reads it: text as it is, numbers, yes/no, a list with commas; "-" for
 *  null and for what is not there. Cut at RG_SHOW_MAX - 1. Returns @buf. */
const char *rg_show(const json_t *value, char buf[RG_SHOW_MAX]);
/** The same of a member of an object. */
const char *rg_show_member(const json_t *object, const char *key, char buf[RG_SHOW_MAX]);

/** Add a row "label  value" to a table of two columns. */
void rg_show_row(struct rg_table *table, const char *label, const json_t *value);
/** Add a row "name  packets  bytes" for every counter ({"packets", "bytes"}, or a bare number)
 *  inside @counters, however deep; the name is made of the keys above it. */
void rg_show_counters(struct rg_table *table, const json_t *counters);
/** A meeting's "regions" in the order of their rows: who is refused most first, then by name; of each region what was
 *  refused first. New reference; empty if memory is out. */
json_t *rg_show_regions(const json_t *regions);
/** Print a table and say if memory was out. Returns an exit code. */
int rg_show_table(const struct rg_table *table);

#endif
