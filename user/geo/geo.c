/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "geo/geo.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/cleanup.h"
#include "geo/customs.h"
#include "geo/labels.h"
#include "geo/mmdb.h"
#include "geo/ranges.h"

/* A mark's value: the number of the database that placed it, from 1, above 16
 * bits of label, and later of region. */
#define TAG_SHIFT 16
#define DATABASES_MAX 0xffff

RG_DEFINE_CLEANUP(struct rg_geo *, rg_geo_free);

/* geo->private: which database placed an address. Runs of one database are one mark. */
struct sources {
	struct rg_marks v4, v6; /* value: database number from 1; 0: none */
};

/* What a load works on. */
struct load {
	const struct rg_geo_inputs *inputs;
	struct rg_classes *classes;
	struct rg_labels labels;
	struct rg_customs customs;
	struct rg_marks v4, v6;   /* of the databases */
	struct rg_map64 regions;  /* (label, set) -> region id */
	struct rg_geo_origin *origins;
	size_t n_origins, origins_room;
	struct rg_err *err;
};

static void load_clear(struct load *load)
{
	rg_labels_clear(&load->labels);
	rg_customs_clear(&load->customs);
	rg_marks_clear(&load->v4);
	rg_marks_clear(&load->v6);
	rg_map64_clear(&load->regions);
	free(load->origins);
}

static int out_of_memory(struct rg_err *err)
{
	return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, NULL, "out of memory while loading GeoIP data");
}

/* --- databases ----------------------------------------------------------- */

/* A later database wins where it knows a country. */
static int join_databases(void *context, uint32_t below, uint32_t above, uint32_t *ret)
{
	(void)context;
	*ret = above ? above : below;
	return 0;
}

/* Lay @above over *@marks; takes @above over. */
static int lay_over(struct rg_marks *marks, struct rg_marks *above)
{
	struct rg_marks joined;
	int r = 0;

	if (!marks->n) {
		*marks = *above;
		*above = (struct rg_marks){ 0 };
		return 0;
	}
	r = rg_marks_overlay(marks, above, join_databases, NULL, &joined);
	rg_marks_clear(above);
	if (r)
		return r;
	rg_marks_clear(marks);
	*marks = joined;
	return 0;
}

static int load_database(struct load *load, size_t i, struct rg_geo_database *ret_info)
{
	const struct rg_mmdb_request request = {
		.path = load->inputs->databases[i],
		.registered_country = load->inputs->registered_country,
		.tag = (uint32_t)(i + 1) << TAG_SHIFT,
		.labels = &load->labels,
	};
	_cleanup_(rg_marks_clear) struct rg_marks v4 = { 0 }, v6 = { 0 };
	int r = rg_mmdb_read(&request, &v4, &v6, ret_info, load->err);

	if (r)
		return r;
	if (lay_over(&load->v4, &v4) || lay_over(&load->v6, &v6))
		return out_of_memory(load->err);
	return 0;
}

static int load_databases(struct load *load, struct rg_geo *geo)
{
	size_t n = load->inputs->n_databases;

	if (n > DATABASES_MAX)
		return rg_err_set(load->err, -ENOSPC, RG_ERR_FULL, NULL, "more than %d GeoIP databases",
				  DATABASES_MAX);
	geo->databases = calloc(n ? n : 1, sizeof(*geo->databases));
	if (!geo->databases)
		return out_of_memory(load->err);
	for (size_t i = 0; i < n; i++) {
		int r;

		geo->n_databases = i + 1; /* so that rg_geo_free() sees what a failure leaves */
		r = load_database(load, i, &geo->databases[i]);
		if (r)
			return r;
	}
	return 0;
}

/* --- custom regions and region ids --------------------------------------- */

/* The region id of a label inside a set of custom regions. */
static int intern(struct load *load, const struct rg_label *label, uint32_t set)
{
	const char *override = load->customs.sets[set].country;
	const char *country = *override ? override : label->country;
	/* a subdivision stays only inside the country that it belongs to */
	const char *subdivision = strcmp(country, label->country) ? "" : label->subdivision;
	_cleanup_(rg_freep) const char **names = NULL;
	size_t n_names;
	int r = rg_customs_names(&load->customs, set, &names, &n_names);

	if (r)
		return r;
	return rg_classes_intern(load->classes, country, subdivision, names, n_names);
}

/* Remember that a class of custom regions has addresses under a label. */
static int note_origin(struct load *load, uint32_t region, const struct rg_label *label)
{
	struct rg_geo_origin *origin;

	if (load->n_origins == load->origins_room) {
		size_t room = load->origins_room ? 2 * load->origins_room : 64;

		origin = reallocarray(load->origins, room, sizeof(*origin));
		if (!origin)
			return -ENOMEM;
		load->origins = origin;
		load->origins_room = room;
	}
	origin = &load->origins[load->n_origins++];
	memset(origin, 0, sizeof(*origin)); /* so that equal ones have equal bytes */
	origin->region = (uint16_t)region;
	memcpy(origin->country, label->country, strlen(label->country));
	memcpy(origin->subdivision, label->subdivision, strlen(label->subdivision));
	return 0;
}

static int origin_cmp(const void *a, const void *b)
{
	const struct rg_geo_origin *x = a, *y = b;

	return x->region != y->region ? x->region - y->region : memcmp(x, y, sizeof(*x));
}

/* below: tag and label; above: set of custom regions. Result: tag and region; no tag where a
 * custom region, and not a database, says the country. */
static int join_customs(void *context, uint32_t below, uint32_t above, uint32_t *ret)
{
	struct load *load = context;
	uint32_t number = below & ((1u << TAG_SHIFT) - 1), tag = below - number, region;
	uint64_t key = (uint64_t)number << 32 | above;
	int r;

	if (!below && !above) {
		*ret = 0;
		return 0;
	}
	if (!rg_map64_get(&load->regions, key, &region)) {
		r = intern(load, &load->labels.items[number], above);
		if (r < 0)
			return r;
		region = (uint32_t)r;
		if (rg_map64_put(&load->regions, key, region) ||
		    (above && note_origin(load, region, &load->labels.items[number])))
			return -ENOMEM;
	}
	*ret = region | (load->customs.sets[above].country[0] ? 0 : tag);
	return 0;
}

static int note_sources(const struct rg_marks *marks, struct rg_marks *ret)
{
	int r = 0;

	for (size_t i = 0; i < marks->n && !r; i++)
		r = rg_marks_add(ret, marks->v[i].hi, marks->v[i].lo, marks->v[i].value >> TAG_SHIFT);
	return r;
}

static int place_family(struct load *load, struct rg_marks *databases,
			const struct rg_marks *customs, struct rg_marks *ret_sources,
			struct rg_marks *ret)
{
	int r = rg_marks_overlay(databases, customs, join_customs, load, ret);

	rg_marks_clear(databases);
	return r ? r : note_sources(ret, ret_sources);
}

static int place(struct load *load, struct rg_geo *geo)
{
	_cleanup_(rg_marks_clear) struct rg_marks v4 = { 0 }, v6 = { 0 };
	struct sources *sources = calloc(1, sizeof(*sources));
	int r;

	if (!sources)
		return -ENOMEM;
	geo->private = sources;
	r = rg_customs_build(load->inputs->customs, load->inputs->n_customs, &load->customs);
	if (!r)
		r = place_family(load, &load->v4, &load->customs.v4, &sources->v4, &v4);
	if (!r)
		r = rg_marks_to_ranges4(&v4, &geo->v4, &geo->n4);
	rg_marks_clear(&v4);
	if (!r)
		r = place_family(load, &load->v6, &load->customs.v6, &sources->v6, &v6);
	return r ? r : rg_marks_to_ranges6(&v6, &geo->v6, &geo->n6);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

int rg_geo_load(const struct rg_geo_inputs *inputs, struct rg_classes *classes,
		struct rg_geo **ret, struct rg_err *err)
{
	_cleanup_(load_clear) struct load load = { .inputs = inputs, .classes = classes, .err = err };
	_cleanup_(rg_geo_freep) struct rg_geo *geo = calloc(1, sizeof(*geo));
	uint64_t start = now_ns();
	int r;

	if (!geo || rg_labels_init(&load.labels))
		return out_of_memory(err);
	r = load_databases(&load, geo);
	if (r)
		return r;
	r = place(&load, geo);
	if (r == -ENOSPC)
		return rg_err_set(err, r, RG_ERR_FULL, NULL,
				  "the GeoIP data and custom regions make more than %zu combinations of "
				  "regions, and those of deleted custom regions keep their ids: use names again",
				  rg_classes_most(classes));
	if (r)
		return out_of_memory(err);
	if (load.n_origins)
		qsort(load.origins, load.n_origins, sizeof(*load.origins), origin_cmp);
	geo->origins = TAKE_PTR(load.origins);
	geo->n_origins = load.n_origins;
	geo->load_ns = now_ns() - start;
	*ret = TAKE_PTR(geo);
	return 0;
}

void rg_geo_free(struct rg_geo *geo)
{
	struct sources *sources;

	if (!geo)
		return;
	sources = geo->private;
	if (sources) {
		rg_marks_clear(&sources->v4);
		rg_marks_clear(&sources->v6);
		free(sources);
	}
	for (size_t i = 0; i < geo->n_databases; i++)
		rg_mmdb_info_clear(&geo->databases[i]);
	free(geo->databases);
	free(geo->origins);
	free(geo->v4);
	free(geo->v6);
	free(geo);
}

/* --- look-up ------------------------------------------------------------- */

/* A run of addresses, both ends included, in the 128-bit form. */
struct run {
	uint64_t first_hi, first_lo, last_hi, last_lo;
};

/* The part of the IPv6 space that is looked up by an IPv4 address inside, and the mapped
 * addresses themselves: no IPv6 network of an answer reaches into it. */
static const struct run v4_space[] = {
	{ 0, 0xffff00000000ull, 0, 0xffffffffffffull },                               /* ::ffff:0:0/96 */
	{ 0x0064ff9b00000000ull, 0, 0x0064ff9b00000000ull, 0xffffffffull },           /* 64:ff9b::/96 */
	{ 0x2001000000000000ull, 0, 0x20010000ffffffffull, UINT64_MAX },              /* 2001::/32 */
	{ 0x2002000000000000ull, 0, 0x2002ffffffffffffull, UINT64_MAX },              /* 2002::/16 */
};

static int cmp128(uint64_t a_hi, uint64_t a_lo, uint64_t b_hi, uint64_t b_lo)
{
	if (a_hi != b_hi)
		return a_hi < b_hi ? -1 : 1;
	return a_lo < b_lo ? -1 : a_lo > b_lo;
}

/* Let @run begin behind @hi:@lo, or end before it. */
static void run_after(struct run *run, uint64_t hi, uint64_t lo)
{
	run->first_lo = lo + 1;
	run->first_hi = hi + (run->first_lo == 0);
}

static void run_before(struct run *run, uint64_t hi, uint64_t lo)
{
	run->last_lo = lo - 1;
	run->last_hi = hi - (lo == 0);
}

static uint16_t find4(const struct rg_geo *geo, uint32_t address, uint32_t *ret_first,
		      uint32_t *ret_last)
{
	size_t below = 0, above = geo->n4; /* the first range that ends at or after the address */

	while (below < above) {
		size_t middle = below + (above - below) / 2;

		if (geo->v4[middle].end < address)
			below = middle + 1;
		else
			above = middle;
	}
	if (below < geo->n4 && geo->v4[below].start <= address) {
		*ret_first = geo->v4[below].start;
		*ret_last = geo->v4[below].end;
		return geo->v4[below].region;
	}
	*ret_first = below ? geo->v4[below - 1].end + 1 : 0;
	*ret_last = below < geo->n4 ? geo->v4[below].start - 1 : UINT32_MAX;
	return 0;
}

static uint16_t find6(const struct rg_geo *geo, uint64_t hi, uint64_t lo, struct run *ret)
{
	const struct rg_range6 *ranges = geo->v6;
	size_t below = 0, above = geo->n6;

	while (below < above) {
		size_t middle = below + (above - below) / 2;

		if (cmp128(ranges[middle].end_hi, ranges[middle].end_lo, hi, lo) < 0)
			below = middle + 1;
		else
			above = middle;
	}
	if (below < geo->n6 && cmp128(ranges[below].start_hi, ranges[below].start_lo, hi, lo) <= 0) {
		*ret = (struct run){ ranges[below].start_hi, ranges[below].start_lo,
				     ranges[below].end_hi, ranges[below].end_lo };
		return ranges[below].region;
	}
	*ret = (struct run){ 0, 0, UINT64_MAX, UINT64_MAX };
	if (below)
		run_after(ret, ranges[below - 1].end_hi, ranges[below - 1].end_lo);
	if (below < geo->n6)
		run_before(ret, ranges[below].start_hi, ranges[below].start_lo);
	return 0;
}

/* Cut @run, which holds an address outside of v4_space, where v4_space begins. */
static void cut_v4_space(struct run *run, uint64_t hi, uint64_t lo)
{
	for (size_t i = 0; i < ARRAY_SIZE(v4_space); i++) {
		const struct run *hole = &v4_space[i];

		if (cmp128(hole->last_hi, hole->last_lo, hi, lo) < 0) {
			if (cmp128(hole->last_hi, hole->last_lo, run->first_hi, run->first_lo) >= 0)
				run_after(run, hole->last_hi, hole->last_lo);
		} else if (cmp128(hole->first_hi, hole->first_lo, run->last_hi, run->last_lo) <= 0) {
			run_before(run, hole->first_hi, hole->first_lo);
		}
	}
}

/* The widest network around an address that lies inside @run. */
static void widest_network(const struct rg_addr *addr, const struct run *run, struct rg_net *ret)
{
	uint64_t hi = rg_addr_hi(addr), lo = rg_addr_lo(addr);

	for (unsigned int length = 0; length <= 128; length++) {
		uint64_t host_hi = length == 0 ? ~0ull : length >= 64 ? 0 : ~0ull >> length;
		uint64_t host_lo = length <= 64 ? ~0ull : length == 128 ? 0 : ~0ull >> (length - 64);

		if (cmp128(hi & ~host_hi, lo & ~host_lo, run->first_hi, run->first_lo) < 0 ||
		    cmp128(hi | host_hi, lo | host_lo, run->last_hi, run->last_lo) > 0)
			continue;
		rg_addr_from_halves(hi & ~host_hi, lo & ~host_lo, &ret->address);
		ret->length = length;
		return;
	}
}

static int source_at(const struct rg_marks *marks, uint64_t hi, uint64_t lo)
{
	ptrdiff_t i = rg_marks_find(marks, hi, lo);

	return i < 0 ? -1 : (int)marks->v[i].value - 1;
}

void rg_geo_lookup(const struct rg_geo *geo, const struct rg_addr *addr, struct rg_geo_answer *ret)
{
	const struct sources *sources = geo->private;
	struct rg_addr at = *addr;
	uint64_t hi, lo;
	struct run run;

	if (!rg_addr_is_v4(&at))
		rg_addr_embedded_v4(addr, &at);
	hi = rg_addr_hi(&at);
	lo = rg_addr_lo(&at);
	if (rg_addr_is_v4(&at)) {
		uint32_t v4 = rg_addr_v4(&at), first, last;

		ret->region = find4(geo, v4, &first, &last);
		ret->database = source_at(&sources->v4, (uint64_t)v4 << 32, 0);
		run = (struct run){ 0, 0xffff00000000ull | first, 0, 0xffff00000000ull | last };
	} else {
		ret->region = find6(geo, hi, lo, &run);
		ret->database = source_at(&sources->v6, hi, lo);
		cut_v4_space(&run, hi, lo);
	}
	widest_network(&at, &run, &ret->network);
}
