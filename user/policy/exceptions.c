/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "policy/exceptions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(2 * RG_EXCEPTIONS_PER_MEETING_MAX + 1 <= RG_EXCEPTION_RANGES_MAX,
	       "a network begins one range and lets what is around it go on in another");

struct item {
	const struct rg_exception *exception;
	struct rg_addr first, last;
};

/* By first address; of equal ones the wider network first. */
static int item_cmp(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int diff = rg_addr_cmp(&x->first, &y->first);

	return diff ? diff : (int)x->exception->network.length - (int)y->exception->network.length;
}

/* From @address on, @exception holds (NULL: none). A range at the last one's start replaces it. */
static void add_range(struct rg_exception_set *set, size_t *n, const struct rg_addr *address,
		      const struct rg_exception *exception)
{
	struct rg_exception_range range = {
		.hi = rg_addr_hi(address),
		.lo = rg_addr_lo(address),
		.action = !exception ? RG_EXCEPTION_NONE
			  : exception->refuse ? RG_EXCEPTION_REFUSE : RG_EXCEPTION_ADMIT,
	};

	if (*n && set->ranges[*n - 1].hi == range.hi && set->ranges[*n - 1].lo == range.lo)
		--*n;
	if (*n && set->ranges[*n - 1].action == range.action)
		return; /* it goes on */
	set->ranges[(*n)++] = range;
}

/* Networks nest or are disjoint. Close the innermost one that is open. */
static void close_one(struct rg_exception_set *set, size_t *n, struct item **open, size_t *n_open)
{
	const struct item *item = open[--*n_open];
	__u64 hi = rg_addr_hi(&item->last), lo = rg_addr_lo(&item->last) + 1;
	struct rg_addr next;

	hi += !lo;
	if (!hi && !lo)
		return; /* it reached the end of the address space */
	rg_addr_from_halves(hi, lo, &next);
	add_range(set, n, &next, *n_open ? open[*n_open - 1]->exception : NULL);
}

/* "admit 203.0.113.7/32, refuse 192.0.2.0/24", cut. */
static void write_text(const struct item *items, size_t n, char *text, size_t room)
{
	char network[RG_NET_TEXT_MAX];
	size_t used = 0;

	for (size_t i = 0; i < n && used < room; i++)
		used += (size_t)snprintf(text + used, room - used, "%s%s %s", i ? ", " : "",
					 items[i].exception->refuse ? "refuse" : "admit",
					 rg_net_format(&items[i].exception->network, network));
}

/* The search halves as often as the set says, so the number of ranges is a power of two. */
static void pad(struct rg_exception_set *set, size_t n)
{
	while (1u << set->steps < n)
		set->steps++;
	for (size_t i = n; i < 1u << set->steps; i++)
		set->ranges[i] = set->ranges[n - 1];
}

void rg_exceptions_compile(const struct rg_exception *exceptions, size_t n, struct rg_exception_set *ret)
{
	struct item items[RG_EXCEPTIONS_PER_MEETING_MAX], *open[RG_EXCEPTIONS_PER_MEETING_MAX];
	const struct rg_addr zero = { 0 };
	size_t n_open = 0, n_ranges = 0;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < n; i++) {
		items[i].exception = &exceptions[i];
		rg_net_bounds(&exceptions[i].network, &items[i].first, &items[i].last);
	}
	qsort(items, n, sizeof(*items), item_cmp);
	add_range(ret, &n_ranges, &zero, NULL);
	for (size_t i = 0; i < n; i++) {
		while (n_open && rg_addr_cmp(&open[n_open - 1]->last, &items[i].first) < 0)
			close_one(ret, &n_ranges, open, &n_open);
		open[n_open++] = &items[i];
		add_range(ret, &n_ranges, &items[i].first, items[i].exception);
	}
	while (n_open)
		close_one(ret, &n_ranges, open, &n_open);
	pad(ret, n_ranges);
	write_text(items, n, ret->text, sizeof(ret->text));
}

const struct rg_exception *rg_exception_for(const struct rg_exception *exceptions, size_t n,
					    const struct rg_addr *address)
{
	const struct rg_exception *best = NULL;

	for (size_t i = 0; i < n; i++) {
		struct rg_addr first, last;

		rg_net_bounds(&exceptions[i].network, &first, &last);
		if (rg_addr_cmp(&first, address) <= 0 && rg_addr_cmp(address, &last) <= 0 &&
		    (!best || best->network.length < exceptions[i].network.length))
			best = &exceptions[i];
	}
	return best;
}
