/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ranges -> the nodes and range entries that bpf/region.h searches (rg_abi.h, "rg_geo").
 *
 * The address space below a root slot is cut as finely as its ranges need: a slot
 * of one region is a leaf, up to 8 ranges are a part of a cache line, more of them are
 * a table of sub-slots. The lines are filled in the order of the addresses, so that a line
 * is sorted as a whole and can be searched without knowing whose part is where.
 */
#include "geo/geo.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include "base/cleanup.h"

#define SLOT_STEPS 2u               /* a table has a slot for about every 4 ranges */
#define TABLE_BITS_MAX 16u
#define COUNT_MAX (1u << 24)        /* nodes, and ranges */
_Static_assert(COUNT_MAX <= RG_GEO_BASE_MASK, "a node can name every node and range");

RG_DEFINE_CLEANUP(struct rg_geo_table *, rg_geo_table_free);

/* "From this key on, this region (or split)", up to the next step. */
struct step {
	uint64_t key;
	uint32_t region;
};

struct builder {
	struct rg_geo_table *table;
	size_t nodes_room, ranges_room, splits_room, lows_room;
	size_t line_used;           /* entries of the last line; RG_GEO_LINE: no room there */
	uint64_t line_top;          /* the first 16 bits of their keys, which entries do not hold */
	struct step *steps;         /* of one family */
	size_t n_steps;
	unsigned int key_bits;      /* bits of a key that can differ: 32 or 64 */
	struct rg_err *err;
};

static int full(struct builder *builder, const char *what, size_t max)
{
	return rg_err_set(builder->err, -E2BIG, RG_ERR_FULL, NULL,
			  "the GeoIP table is full: more than %zu %s", max, what);
}

static int out_of_memory(struct builder *builder)
{
	return rg_err_set(builder->err, -ENOMEM, RG_ERR_INTERNAL, NULL,
			  "out of memory while building the GeoIP table");
}

/* Make room for @want items; new memory is zero. */
static int reserve(struct builder *builder, void *array, size_t *room, size_t want, size_t item)
{
	size_t more = *room ? *room : 4096;
	char *items;

	if (want <= *room)
		return 0;
	while (more < want)
		more += more / 2;
	memcpy(&items, array, sizeof(items));
	items = realloc(items, more * item);
	if (!items)
		return out_of_memory(builder);
	memset(items + *room * item, 0, (more - *room) * item);
	memcpy(array, &items, sizeof(items));
	*room = more;
	return 0;
}

/* --- ranges -> steps ----------------------------------------------------- */

static void step_add(struct builder *builder, uint64_t key, uint32_t region)
{
	struct step *last = builder->n_steps ? &builder->steps[builder->n_steps - 1] : NULL;

	if (last && last->key == key)
		last->region = region;
	else if (!last || last->region != region)
		builder->steps[builder->n_steps++] = (struct step){ .key = key, .region = region };
}

static int steps_from_v4(struct builder *builder, const struct rg_geo *geo)
{
	builder->steps = calloc(2 * geo->n4 + 1, sizeof(*builder->steps));
	if (!builder->steps)
		return out_of_memory(builder);
	step_add(builder, 0, 0);
	for (size_t i = 0; i < geo->n4; i++) {
		const struct rg_range4 *range = &geo->v4[i];

		step_add(builder, (uint64_t)range->start << 32, range->region);
		if (range->end != UINT32_MAX)
			step_add(builder, ((uint64_t)range->end + 1) << 32, 0);
	}
	return 0;
}

/* One /64 whose lower half is cut, while it is being filled. */
struct cut {
	bool open;
	uint64_t key;
	uint32_t region; /* that goes on behind the last boundary */
};

static int low_add(struct builder *builder, uint64_t start, uint32_t region)
{
	struct rg_geo_table *table = builder->table;
	struct rg_geo_split *split = &table->splits[table->n_splits - 1];
	struct rg_geo_low *last = split->count ? &table->lows[table->n_lows - 1] : NULL;

	if (last && last->start == start) {
		last->region = region;
		return 0;
	}
	if (table->n_lows == RG_GEO_LOWS_MAX)
		return full(builder, "ranges of IPv6 prefixes longer than /64", RG_GEO_LOWS_MAX);
	if (reserve(builder, &table->lows, &builder->lows_room, table->n_lows + 1,
		    sizeof(*table->lows)))
		return -ENOMEM;
	table->lows[table->n_lows++] = (struct rg_geo_low){ .start = start, .region = region };
	split->count++;
	return 0;
}

static int cut_open(struct builder *builder, struct cut *cut, uint64_t key)
{
	struct rg_geo_table *table = builder->table;
	uint32_t number = (uint32_t)table->n_splits;

	if (number == RG_GEO_SPLITS_MAX)
		return full(builder, "IPv6 /64 networks with longer prefixes inside", RG_GEO_SPLITS_MAX);
	if (reserve(builder, &table->splits, &builder->splits_room, table->n_splits + 1,
		    sizeof(*table->splits)))
		return -ENOMEM;
	table->splits[table->n_splits++] = (struct rg_geo_split){ .base = (uint32_t)table->n_lows };
	step_add(builder, key, RG_GEO_SPLIT + number);
	cut->open = true;
	cut->key = key;
	return low_add(builder, 0, cut->region);
}

static void cut_close(struct builder *builder, struct cut *cut)
{
	if (cut->open && cut->key != UINT64_MAX)
		step_add(builder, cut->key + 1, cut->region);
	cut->open = false;
}

/* From hi:lo on, this region. */
static int boundary6(struct builder *builder, struct cut *cut, uint64_t hi, uint64_t lo,
		     uint32_t region)
{
	int r = 0;

	if (cut->open && cut->key != hi)
		cut_close(builder, cut);
	if (!cut->open && lo) {
		r = cut_open(builder, cut, hi);
		if (r)
			return r;
	}
	if (cut->open)
		r = low_add(builder, lo, region);
	else
		step_add(builder, hi, region);
	cut->region = region;
	return r;
}

static int steps_from_v6(struct builder *builder, const struct rg_geo *geo)
{
	struct cut cut = { 0 };
	int r = 0;

	/* each boundary may close one cut and open another */
	builder->steps = calloc(4 * geo->n6 + 2, sizeof(*builder->steps));
	if (!builder->steps)
		return out_of_memory(builder);
	step_add(builder, 0, 0);
	for (size_t i = 0; i < geo->n6 && !r; i++) {
		const struct rg_range6 *range = &geo->v6[i];
		uint64_t lo = range->end_lo + 1, hi = range->end_hi + (lo == 0);
		bool adjacent = i + 1 < geo->n6 && geo->v6[i + 1].start_hi == hi &&
				geo->v6[i + 1].start_lo == lo;

		r = boundary6(builder, &cut, range->start_hi, range->start_lo, range->region);
		if (!r && (hi || lo) && !adjacent)
			r = boundary6(builder, &cut, hi, lo, 0);
	}
	cut_close(builder, &cut);
	return r;
}

/* --- steps -> nodes and blocks ------------------------------------------- */

static int add_nodes(struct builder *builder, unsigned int bits, uint32_t *ret_base)
{
	struct rg_geo_table *table = builder->table;
	size_t n = 1ul << bits;
	size_t align = n < RG_GEO_NODES_PER_BLOCK ? n : RG_GEO_NODES_PER_BLOCK;
	size_t base = (table->n_nodes + align - 1) & ~(align - 1);

	if (base + n > COUNT_MAX)
		return full(builder, "nodes", COUNT_MAX);
	if (reserve(builder, &table->nodes, &builder->nodes_room, base + n, sizeof(*table->nodes)))
		return -ENOMEM;
	table->n_nodes = base + n;
	*ret_base = (uint32_t)base;
	return 0;
}

/* Room for @n lines; their number is *ret_line. */
static int add_lines(struct builder *builder, size_t n, uint32_t *ret_line)
{
	struct rg_geo_table *table = builder->table;
	size_t end = table->n_ranges + n * RG_GEO_LINE;

	if (end > COUNT_MAX)
		return full(builder, "ranges", COUNT_MAX);
	if (reserve(builder, &table->ranges, &builder->ranges_room, end, sizeof(*table->ranges)))
		return -ENOMEM;
	*ret_line = (uint32_t)(table->n_ranges / RG_GEO_LINE);
	table->n_ranges = end;
	return 0;
}

static uint64_t entry_of(uint64_t key, uint32_t region)
{
	return (key & ((1ull << 48) - 1)) << RG_GEO_RANGE_SHIFT | region;
}

/* Write the steps that begin before or in the slot that starts at @key, the first of them as if it
 * began there. What is left up to @end repeats the last one: a search may end on any copy of it. */
static void fill_entries(uint64_t *at, const uint64_t *end, const struct step *steps, size_t n, uint64_t key)
{
	uint64_t entry = 0;

	for (size_t i = 0; at < end; i++, at++) {
		if (i < n)
			entry = entry_of(i ? steps[i].key : key, steps[i].region);
		*at = entry;
	}
}

/* Up to a line of steps: behind those of the slots before, if they leave room. */
static int part_node(struct builder *builder, const struct step *steps, size_t n, uint64_t key, uint32_t *ret_node)
{
	uint32_t line = (uint32_t)(builder->table->n_ranges / RG_GEO_LINE) - 1;
	uint64_t *entries;

	if (builder->line_used + n > RG_GEO_LINE || builder->line_top != key >> 48) {
		int r = add_lines(builder, 1, &line);

		if (r)
			return r;
		builder->line_used = 0;
		builder->line_top = key >> 48;
	}
	entries = builder->table->ranges + (size_t)line * RG_GEO_LINE;
	fill_entries(entries + builder->line_used, entries + RG_GEO_LINE, steps, n, key);
	builder->line_used += n;
	*ret_node = RG_GEO_RANGES << RG_GEO_KIND_SHIFT | line;
	return 0;
}

/* More than a line of steps, where no further table may be: lines of their own. */
static int lines_node(struct builder *builder, const struct step *steps, size_t n, uint64_t key, uint32_t *ret_node)
{
	unsigned int log2 = 64 - (unsigned int)__builtin_clzll((n - 1) / RG_GEO_LINE);
	uint64_t *entries;
	uint32_t line = 0;
	int r;

	if (log2 > RG_GEO_STEPS_MAX)
		return full(builder, "ranges in one block", RG_GEO_LINE << RG_GEO_STEPS_MAX);
	r = add_lines(builder, 1ul << log2, &line);
	if (r)
		return r;
	builder->line_used = RG_GEO_LINE;
	entries = builder->table->ranges + (size_t)line * RG_GEO_LINE;
	fill_entries(entries, entries + (RG_GEO_LINE << log2), steps, n, key);
	*ret_node = RG_GEO_RANGES << RG_GEO_KIND_SHIFT | log2 << RG_GEO_ARG_SHIFT | line;
	return 0;
}

static unsigned int table_bits(size_t n, unsigned int bits_left)
{
	unsigned int bits = 64 - (unsigned int)__builtin_clzll(n - 1) - SLOT_STEPS;

	if (bits > TABLE_BITS_MAX)
		bits = TABLE_BITS_MAX;
	return bits < bits_left ? bits : bits_left;
}

static int fill_slots(struct builder *builder, const struct step *steps, size_t n, uint64_t key,
		      unsigned int bits_left, unsigned int depth, unsigned int bits, uint32_t base);

/* The node of the slot that starts at @key and spans @bits_left bits of the key (of key_bits).
 * @steps: the one in force at its start, and those that begin inside. */
static int slot_node(struct builder *builder, const struct step *steps, size_t n, uint64_t key,
		     unsigned int bits_left, unsigned int depth, uint32_t *ret_node)
{
	unsigned int bits;
	uint32_t base = 0;
	int r;

	if (n == 1) {
		*ret_node = RG_GEO_LEAF << RG_GEO_KIND_SHIFT | steps->region;
		return 0;
	}
	if (n <= RG_GEO_LINE)
		return part_node(builder, steps, n, key, ret_node);
	if (depth == RG_GEO_DEPTH_MAX)
		return lines_node(builder, steps, n, key, ret_node);
	bits = table_bits(n, bits_left);
	r = add_nodes(builder, bits, &base);
	if (r)
		return r;
	*ret_node = RG_GEO_TABLE << RG_GEO_KIND_SHIFT | bits << RG_GEO_ARG_SHIFT | base;
	return fill_slots(builder, steps, n, key, bits_left, depth + 1, bits, base);
}

/* The 2^bits nodes at @base, which divide the space of the slot at @key. */
static int fill_slots(struct builder *builder, const struct step *steps, size_t n, uint64_t key,
		      unsigned int bits_left, unsigned int depth, unsigned int bits, uint32_t base)
{
	unsigned int shift = bits_left - bits + 64 - builder->key_bits;
	size_t at = 0;

	for (uint32_t slot = 0; slot < 1u << bits; slot++) {
		uint64_t start = key + ((uint64_t)slot << shift);
		uint64_t last = start + ((1ull << shift) - 1);
		size_t first, end;
		uint32_t node = 0;
		int r;

		while (at + 1 < n && steps[at + 1].key <= start)
			at++;
		first = end = at;
		while (end + 1 < n && steps[end + 1].key <= last)
			end++;
		r = slot_node(builder, steps + first, end - first + 1, start, bits_left - bits, depth,
			      &node);
		if (r)
			return r;
		builder->table->nodes[base + slot] = node; /* the array may have moved */
		at = end;
	}
	return 0;
}

static int build_family(struct builder *builder, const struct rg_geo *geo, bool v4, uint32_t root)
{
	int r;

	builder->n_steps = 0;
	builder->line_used = RG_GEO_LINE;
	builder->key_bits = v4 ? 32 : 64;
	r = v4 ? steps_from_v4(builder, geo) : steps_from_v6(builder, geo);
	if (!r)
		r = fill_slots(builder, builder->steps, builder->n_steps, 0, builder->key_bits, 0,
			       v4 ? RG_GEO_ROOT4_BITS : RG_GEO_ROOT6_BITS, root);
	free(builder->steps);
	builder->steps = NULL;
	return r;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

int rg_geo_table_build(const struct rg_geo *geo, struct rg_geo_table **ret, struct rg_err *err)
{
	_cleanup_(rg_geo_table_freep) struct rg_geo_table *table = calloc(1, sizeof(*table));
	struct builder builder = { .table = table, .err = err };
	uint64_t start = now_ns();
	int r;

	if (!table || reserve(&builder, &table->nodes, &builder.nodes_room, RG_GEO_ROOTS,
			      sizeof(*table->nodes)))
		return out_of_memory(&builder);
	table->n_nodes = RG_GEO_ROOTS;
	r = build_family(&builder, geo, true, RG_GEO_ROOT4);
	if (!r)
		r = build_family(&builder, geo, false, RG_GEO_ROOT6);
	if (!r) {
		table->n_nodes = (table->n_nodes + RG_GEO_NODES_PER_BLOCK - 1) /
				 RG_GEO_NODES_PER_BLOCK * RG_GEO_NODES_PER_BLOCK;
		r = reserve(&builder, &table->nodes, &builder.nodes_room, table->n_nodes,
			    sizeof(*table->nodes));
	}
	if (r)
		return r;
	table->build_ns = now_ns() - start;
	*ret = TAKE_PTR(table);
	return 0;
}

void rg_geo_table_free(struct rg_geo_table *table)
{
	if (!table)
		return;
	free(table->nodes);
	free(table->ranges);
	free(table->splits);
	free(table->lows);
	free(table);
}
