/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Custom regions -> marks of the sets of them that hold an address. Pure.
 *
 * Networks either nest or are disjoint, so a sweep with a stack of the networks
 * that are open finds the set of each run. A set is the set around it plus one
 * custom region; its country is that of the innermost region that has one.
 */
#ifndef RG_CUSTOMS_H
#define RG_CUSTOMS_H

#include "geo/ranges.h"

struct rg_custom_set {
	uint32_t around;      /* the enclosing set, 0: none */
	uint32_t custom;      /* index of the region that it adds */
	char country[3];      /* in force here, "" if no region says one */
};
struct rg_customs {
	const struct rg_custom_region *regions; /* the caller's */
	struct rg_custom_set *sets;             /* 1..n_sets-1 */
	size_t n_sets, room;
	struct rg_marks v4, v6;                 /* values are set numbers; 0: no custom region */
};

/** Lay out all custom regions. Of networks of equal length, the region whose name sorts later
 *  is the inner one. @regions must outlive @ret. 0 or -ENOMEM (nothing to clear). */
int rg_customs_build(const struct rg_custom_region *regions, size_t n, struct rg_customs *ret);
void rg_customs_clear(struct rg_customs *customs);

/** The names in a set, sorted, each once; *@ret is the caller's (free), the names are not. */
int rg_customs_names(const struct rg_customs *customs, uint32_t set, const char ***ret,
		     size_t *ret_n);

#endif
