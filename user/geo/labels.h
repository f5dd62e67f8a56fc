/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Labels: the places that databases name, numbered while a load runs.
 *
 * A label is what a database says about a network before custom regions are
 * laid over it. Label 0 is "no usable country". Labels that end up on no
 * address never become a region class.
 */
#ifndef RG_LABELS_H
#define RG_LABELS_H

#include "geo/map64.h"

#define RG_LABELS_MAX 65536 /* labels share a 32-bit value with a database's number */

struct rg_label {
	char country[3];     /* "" only in label 0 */
	char subdivision[8]; /* "US-CA" or "" */
};
/* Zero-initialised is empty; call rg_labels_init before use. */
struct rg_labels {
	struct rg_label *items;
	size_t n, room;
	struct rg_map64 numbers;
};

/** 0 or -ENOMEM. */
int rg_labels_init(struct rg_labels *labels);
void rg_labels_clear(struct rg_labels *labels);
/** The number of a label, added if new. @country: two letters; @part: the subdivision's own
 *  part, at most three characters, or "". -ENOSPC beyond RG_LABELS_MAX; -ENOMEM. */
int rg_labels_number(struct rg_labels *labels, const char *country, const char *part,
		     uint32_t *ret);

#endif
