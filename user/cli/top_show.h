/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One page of top, of two answers of GET /v1/stats. Pure apart from writing. */
#ifndef RG_CLI_TOP_SHOW_H
#define RG_CLI_TOP_SHOW_H

#include <jansson.h>
#include <stdio.h>

/** Write a page of at most @rows lines (0: as many as there are). @before NULL: sums since the filter
 *  was loaded; else packets a second between the two. 0 or -ENOMEM. */
int rg_top_show(const json_t *before, const json_t *now, unsigned int rows, FILE *out);

#endif
