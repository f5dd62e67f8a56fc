/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "geo/customs.h"

#include <errno.h>
#include <string.h>
#include "base/cleanup.h"
#include "geo/map64.h"

/* A custom network, in the addresses of its family's marks. */
struct item {
	uint64_t hi, lo;
	uint64_t end_hi, end_lo; /* last address */
	const char *name;
	uint32_t custom;
	uint32_t set;            /* while it is open: the set of its inside */
};

struct sweep {
	struct rg_customs *customs;
	struct rg_marks *marks;
	struct item **open;      /* networks around the current address, innermost last */
	size_t n_open;
	struct rg_map64 *inner;  /* (set around, custom) -> set */
};

static int cmp64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* By start; of equal starts the wider one first; of equal networks by name. */
static int item_cmp(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;
	int r = cmp64(a->hi, b->hi);

	if (!r)
		r = cmp64(a->lo, b->lo);
	if (!r)
		r = cmp64(b->end_hi, a->end_hi);
	if (!r)
		r = cmp64(b->end_lo, a->end_lo);
	return r ? r : strcmp(a->name, b->name);
}

static struct item item_of(const struct rg_net *net, bool v4)
{
	struct rg_addr first, last;

	rg_net_bounds(net, &first, &last);
	if (v4)
		return (struct item){ .hi = (uint64_t)rg_addr_v4(&first) << 32,
				      .end_hi = (uint64_t)rg_addr_v4(&last) << 32 | UINT32_MAX,
				      .end_lo = UINT64_MAX };
	return (struct item){ .hi = rg_addr_hi(&first), .lo = rg_addr_lo(&first),
			      .end_hi = rg_addr_hi(&last), .end_lo = rg_addr_lo(&last) };
}

static bool net_is_v4(const struct rg_net *net)
{
	return net->length >= 96 && rg_addr_is_v4(&net->address);
}

/* The networks of one family, sorted. */
static int collect(const struct rg_custom_region *regions, size_t n, bool v4, struct item **ret,
		   size_t *ret_n)
{
	size_t n_items = 0, at = 0;
	struct item *items;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < regions[i].n_networks; k++)
			n_items += net_is_v4(&regions[i].networks[k]) == v4;
	items = calloc(n_items ? n_items : 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < regions[i].n_networks; k++) {
			if (net_is_v4(&regions[i].networks[k]) != v4)
				continue;
			items[at] = item_of(&regions[i].networks[k], v4);
			items[at].name = regions[i].name;
			items[at++].custom = (uint32_t)i;
		}
	qsort(items, n_items, sizeof(*items), item_cmp);
	*ret = items;
	*ret_n = n_items;
	return 0;
}

/* The set @around plus one region. */
static int set_inside(struct sweep *sweep, uint32_t around, uint32_t custom, uint32_t *ret)
{
	struct rg_customs *customs = sweep->customs;
	uint64_t key = (uint64_t)around << 32 | custom;
	const char *country = customs->regions[custom].country;
	struct rg_custom_set *set;

	if (rg_map64_get(sweep->inner, key, ret))
		return 0;
	if (customs->n_sets == customs->room) {
		size_t room = 2 * customs->room;
		struct rg_custom_set *sets = realloc(customs->sets, room * sizeof(*sets));

		if (!sets)
			return -ENOMEM;
		customs->sets = sets;
		customs->room = room;
	}
	if (rg_map64_put(sweep->inner, key, (uint32_t)customs->n_sets))
		return -ENOMEM;
	set = &customs->sets[customs->n_sets];
	*set = (struct rg_custom_set){ .around = around, .custom = custom };
	memcpy(set->country, *country ? country : customs->sets[around].country,
	       sizeof(set->country));
	*ret = (uint32_t)customs->n_sets++;
	return 0;
}

/* Close the innermost network: what is around it goes on behind its last address. */
static int close_one(struct sweep *sweep)
{
	const struct item *item = sweep->open[--sweep->n_open];
	uint32_t around = sweep->n_open ? sweep->open[sweep->n_open - 1]->set : 0;
	uint64_t lo = item->end_lo + 1, hi = item->end_hi + (lo == 0);

	if (!hi && !lo)
		return 0; /* it reached the end of the address space */
	return rg_marks_add(sweep->marks, hi, lo, around);
}

static int open_one(struct sweep *sweep, struct item *item)
{
	uint32_t around = sweep->n_open ? sweep->open[sweep->n_open - 1]->set : 0;
	int r = set_inside(sweep, around, item->custom, &item->set);

	if (r)
		return r;
	sweep->open[sweep->n_open++] = item;
	return rg_marks_add(sweep->marks, item->hi, item->lo, item->set);
}

static int run(struct sweep *sweep, struct item *items, size_t n)
{
	int r = rg_marks_add(sweep->marks, 0, 0, 0);

	for (size_t i = 0; i < n && !r; i++) {
		while (!r && sweep->n_open) {
			const struct item *top = sweep->open[sweep->n_open - 1];

			if (top->end_hi > items[i].hi ||
			    (top->end_hi == items[i].hi && top->end_lo >= items[i].lo))
				break;
			r = close_one(sweep);
		}
		if (!r)
			r = open_one(sweep, &items[i]);
	}
	while (!r && sweep->n_open)
		r = close_one(sweep);
	return r;
}

static int build_family(struct rg_customs *customs, size_t n, bool v4, struct rg_map64 *inner)
{
	_cleanup_(rg_freep) struct item *items = NULL;
	_cleanup_(rg_freep) struct item **open = NULL;
	struct sweep sweep = { .customs = customs, .inner = inner,
			       .marks = v4 ? &customs->v4 : &customs->v6 };
	size_t n_items;
	int r = collect(customs->regions, n, v4, &items, &n_items);

	if (r)
		return r;
	open = calloc(n_items ? n_items : 1, sizeof(*open));
	if (!open)
		return -ENOMEM;
	sweep.open = open;
	return run(&sweep, items, n_items);
}

int rg_customs_build(const struct rg_custom_region *regions, size_t n, struct rg_customs *ret)
{
	_cleanup_(rg_customs_clear) struct rg_customs customs = { .regions = regions, .n_sets = 1,
								  .room = 64 };
	_cleanup_(rg_map64_clear) struct rg_map64 inner = { 0 };
	int r;

	customs.sets = calloc(customs.room, sizeof(*customs.sets));
	if (!customs.sets)
		return -ENOMEM;
	r = build_family(&customs, n, true, &inner);
	if (!r)
		r = build_family(&customs, n, false, &inner);
	if (r)
		return r;
	*ret = customs;
	customs = (struct rg_customs){ 0 };
	return 0;
}

void rg_customs_clear(struct rg_customs *customs)
{
	free(customs->sets);
	rg_marks_clear(&customs->v4);
	rg_marks_clear(&customs->v6);
	*customs = (struct rg_customs){ 0 };
}

static int name_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int rg_customs_names(const struct rg_customs *customs, uint32_t set, const char ***ret,
		     size_t *ret_n)
{
	const char **names;
	size_t n = 0, unique = 0;

	for (uint32_t s = set; s; s = customs->sets[s].around)
		n++;
	names = calloc(n ? n : 1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	n = 0;
	for (uint32_t s = set; s; s = customs->sets[s].around)
		names[n++] = customs->regions[customs->sets[s].custom].name;
	qsort(names, n, sizeof(*names), name_cmp);
	for (size_t i = 0; i < n; i++)
		if (!unique || strcmp(names[unique - 1], names[i]))
			names[unique++] = names[i];
	*ret = names;
	*ret_n = unique;
	return 0;
}
