/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Marks: one family's address space, cut into runs of equal value. Pure.
 *
 * A mark says "from this address on, this value", up to the next mark; the first
 * mark is at address 0. So there are no gaps and no ends to keep in step, and
 * laying one list over another is one merge. Both families use 128-bit addresses
 * in two halves: IPv4 has its 32 bits at the top of the upper half.
 */
#ifndef RG_RANGES_H
#define RG_RANGES_H

#include "geo/geo.h"

struct rg_mark {
	uint64_t hi, lo;
	uint32_t value;
};
/* Zero-initialised is empty, which means "0 everywhere". */
struct rg_marks {
	struct rg_mark *v;
	size_t n, room;
};

void rg_marks_clear(struct rg_marks *marks);

/** Append a mark; addresses never go down. A mark at the last one's address replaces it, and a
 *  mark that changes nothing is not stored. 0 or -ENOMEM. */
int rg_marks_add(struct rg_marks *marks, uint64_t hi, uint64_t lo, uint32_t value);

/** The index of the mark in force at an address; -1 if there are no marks. */
ptrdiff_t rg_marks_find(const struct rg_marks *marks, uint64_t hi, uint64_t lo);

/** Value of a run that has @below in one list and @above in the other. 0 or -errno. */
typedef int (*rg_marks_join_fn)(void *context, uint32_t below, uint32_t above, uint32_t *ret);

/** Join two lists run by run. @ret untouched on failure, else owned by the caller. */
int rg_marks_overlay(const struct rg_marks *below, const struct rg_marks *above,
		     rg_marks_join_fn join, void *context, struct rg_marks *ret);

/** The runs whose value & 0xffff is not 0, as ranges with that region; runs of one region are
 *  merged. *@ret is owned by the caller (free). 0 or -ENOMEM. */
int rg_marks_to_ranges4(const struct rg_marks *marks, struct rg_range4 **ret, size_t *ret_n);
int rg_marks_to_ranges6(const struct rg_marks *marks, struct rg_range6 **ret, size_t *ret_n);

#endif
