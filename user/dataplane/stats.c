/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counters and sizes, read from the kernel's maps and summed over its CPUs. */
#include "dataplane/private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "regiongate.skel.h"

#define BATCH 4096

static int read_error(const struct bpf_map *map, int r, struct rg_err *err)
{
	return rg_err_set(err, r, RG_ERR_KERNEL, "", "cannot read the map %s: %s", bpf_map__name(map), strerror(-r));
}

/* Add up a value that consists of 64-bit counters only, one copy a CPU. */
static void sum(const uint64_t *cpus, size_t n_cpus, size_t size, uint64_t *ret)
{
	memset(ret, 0, size);
	for (size_t cpu = 0; cpu < n_cpus; cpu++)
		for (size_t i = 0; i < size / sizeof(uint64_t); i++)
			ret[i] += cpus[cpu * size / sizeof(uint64_t) + i];
}

typedef void (*entry_fn)(void *arg, const void *key, const void *summed);

/* The first @limit entries of a per-CPU array, by batches. */
static int for_each(const struct bpf_map *map, size_t limit, entry_fn fn, void *arg, struct rg_err *err)
{
	size_t n_cpus = (size_t)libbpf_num_possible_cpus(), size = bpf_map__value_size(map);
	size_t key_size = bpf_map__key_size(map), seen = 0;
	_cleanup_(rg_freep) char *keys = malloc(BATCH * key_size);
	_cleanup_(rg_freep) char *values = malloc(BATCH * size * n_cpus);
	_cleanup_(rg_freep) uint64_t *summed = malloc(size);
	__u64 position = 0;
	void *in = NULL;

	if (!keys || !values || !summed)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	for (;;) {
		__u32 n = (__u32)(limit - seen < BATCH ? limit - seen : BATCH);
		int r = bpf_map_lookup_batch(bpf_map__fd(map), in, &position, keys, values, &n, NULL);

		if (r && errno != ENOENT)
			return read_error(map, -errno, err);
		for (size_t i = 0; i < n; i++) {
			sum((uint64_t *)(values + i * size * n_cpus), n_cpus, size, summed);
			fn(arg, keys + i * key_size, summed);
		}
		seen += n;
		if (r || seen >= limit || !n)
			return 0;
		in = &position;
	}
}

static void keep_reason(void *arg, const void *key, const void *summed)
{
	((struct rg_count *)arg)[*(const __u32 *)key] = *(const struct rg_count *)summed;
}

int rg_dp_reason_counts(struct rg_dp *dp, enum rg_direction direction,
			struct rg_count ret[RG_REASON_MAX], struct rg_err *err)
{
	struct rg_count all[RG_REASON_STATS] = {};
	int r = for_each(dp->skel->maps.rg_reason_stat, RG_REASON_STATS, keep_reason, all, err);

	if (!r)
		memcpy(ret, all + direction * RG_REASON_MAX, RG_REASON_MAX * sizeof(*ret));
	return r;
}

int rg_dp_stat_lost(struct rg_dp *dp, uint64_t *ret, struct rg_err *err)
{
	struct rg_count all[RG_REASON_STATS] = {};
	int r = for_each(dp->skel->maps.rg_reason_stat, RG_REASON_STATS, keep_reason, all, err);

	if (!r)
		*ret = all[RG_REASON_STAT_LOST].packets;
	return r;
}

struct region_stats { struct rg_region_stat *ret; size_t n; };

static void keep_region(void *arg, const void *key, const void *summed)
{
	struct region_stats *stats = arg;

	if (*(const __u32 *)key < stats->n)
		stats->ret[*(const __u32 *)key] = *(const struct rg_region_stat *)summed;
}

int rg_dp_region_stats(struct rg_dp *dp, struct rg_region_stat *ret, size_t n, struct rg_err *err)
{
	struct region_stats stats = { ret, n };

	return for_each(dp->skel->maps.rg_region_stat, n, keep_region, &stats, err);
}

/* --- rg_mtg_stat: the layout is known here and in bpf/stat.h ---------------------- */

struct mtg_stats { rg_dp_mtg_stat_fn fn; void *arg; };

static void give_count(const struct mtg_stats *stats, uint32_t meeting, const struct rg_mtg_count *count)
{
	union rg_mtg_tag tag = { .word = __atomic_load_n(&count->tag.word, __ATOMIC_RELAXED) };
	struct rg_dp_mtg_stat stat = { .meeting = meeting, .region = tag.region,
				       .direction = tag.direction ? RG_EGRESS : RG_INGRESS };
	struct rg_count *of = tag.verdict == RG_STAT_REFUSE ? &stat.refuse :
			      tag.verdict == RG_STAT_OBSERVE ? &stat.observe : &stat.admit;

	if (!tag.packets)
		return;
	of->packets = tag.packets;
	of->bytes = __atomic_load_n(&count->bytes, __ATOMIC_RELAXED);
	stats->fn(stats->arg, &stat);
}

/* Of the counters of a line those of a tag's region and direction, or all if @tag is NULL. */
static void give_line(const struct mtg_stats *stats, uint32_t meeting, const struct rg_mtg_stat *line,
		      const uint64_t *tag)
{
	const uint64_t both = rg_mtg_tag(RG_REGIONS_MAX - 1, RG_DIRECTION_MAX - 1, 0);

	for (size_t i = 0; i < RG_MTG_STAT_COUNTS; i++)
		if (!tag || (line->counts[i].tag.word & both) == *tag)
			give_count(stats, meeting, &line->counts[i]);
}

static void clear_line(struct rg_mtg_stat *line)
{
	/* The meeting alone: who takes the line clears the rest. */
	__atomic_store_n(&line->meeting, 0, __ATOMIC_RELAXED);
}

/* The lines of one meeting on one CPU are found as the program finds them, region by region: they are
 * few, while all lines are many. A line that several regions lead to comes once for each of them, so
 * each takes its own counters from there. @stats: NULL to clear them. */
static void meeting_lines(const struct rg_dp *dp, uint32_t cpu, uint32_t meeting, const struct mtg_stats *stats)
{
	uint32_t mask = dp->config.max_mtg_stats - 1;
	struct rg_mtg_stat *part = dp->mtg_stats + (size_t)cpu * dp->config.max_mtg_stats;
	struct rg_mtg_stat *first = &part[meeting & mask];

	if (first->meeting == meeting && stats)
		give_line(stats, meeting, first, NULL);
	else if (first->meeting == meeting)
		clear_line(first);
	for (uint32_t i = 0; i < dp->n_regions * RG_DIRECTION_MAX; i++) {
		uint64_t tag = rg_mtg_tag(i / RG_DIRECTION_MAX, i % RG_DIRECTION_MAX, 0);
		uint32_t hash = rg_mtg_stat_hash(meeting, tag);

		/* all probes: a line before it may have been freed, and a counter then taken twice */
		for (uint32_t probe = 0; probe < RG_MTG_STAT_PROBES; probe++) {
			struct rg_mtg_stat *line = &part[(hash + probe) & mask];

			if (line == first || line->meeting != meeting)
				continue;
			if (stats)
				give_line(stats, meeting, line, &tag);
			else
				clear_line(line);
		}
	}
}

void rg_dp_mtg_stats(const struct rg_dp *dp, uint32_t meeting, rg_dp_mtg_stat_fn fn, void *arg)
{
	const struct mtg_stats stats = { fn, arg };

	for (uint32_t cpu = 0; meeting && cpu < dp->n_cpus; cpu++)
		meeting_lines(dp, cpu, meeting, &stats);
	for (size_t i = 0; !meeting && i < (size_t)dp->n_cpus * dp->config.max_mtg_stats; i++) {
		uint32_t of = __atomic_load_n(&dp->mtg_stats[i].meeting, __ATOMIC_RELAXED);

		if (of)
			give_line(&stats, of, &dp->mtg_stats[i], NULL);
	}
}

void rg_dp_mtg_stats_clear(struct rg_dp *dp, uint32_t meeting)
{
	for (uint32_t cpu = 0; cpu < dp->n_cpus; cpu++)
		meeting_lines(dp, cpu, meeting, NULL);
}

static uint32_t lines_taken(const struct rg_dp *dp)
{
	uint32_t n = 0;

	for (size_t i = 0; i < (size_t)dp->n_cpus * dp->config.max_mtg_stats; i++)
		n += dp->mtg_stats[i].meeting != 0;
	return n;
}

/* What the kernel charges for a map: "memlock:" of its file descriptor. */
static uint64_t map_bytes(int fd)
{
	char path[64], line[128];
	uint64_t bytes = 0;
	_cleanup_(rg_fclosep) FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "memlock: %" SCNu64, &bytes) == 1)
			break;
	return bytes;
}

static uint32_t map_entries(const struct rg_dp *dp, const struct bpf_map *map)
{
	if (map == dp->skel->maps.rg_endpoints)
		return dp->n_endpoints;
	if (map == dp->skel->maps.rg_ufrags)
		return dp->n_ufrags;
	if (map == dp->skel->maps.rg_ufrags_long)
		return dp->n_ufrags_long;
	return map == dp->skel->maps.rg_mtg_stat ? lines_taken(dp) : UINT32_MAX;
}

int rg_dp_maps(struct rg_dp *dp, struct rg_dp_map_info **ret, size_t *ret_n, struct rg_err *err)
{
	_cleanup_(rg_freep) struct rg_dp_map_info *list = calloc(32, sizeof(*list));
	struct bpf_map *map;
	size_t n = 0;

	if (!list)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	bpf_object__for_each_map(map, dp->skel->obj) {
		struct rg_dp_map_info *info = &list[n];
		struct bpf_map_info kernel = {};
		__u32 length = sizeof(kernel);

		if (strncmp(bpf_map__name(map), "rg_", 3) || n == 32)
			continue;
		if (bpf_obj_get_info_by_fd(bpf_map__fd(map), &kernel, &length))
			return read_error(map, -errno, err);
		snprintf(info->name, sizeof(info->name), "%s", kernel.name);
		info->id = kernel.id;
		info->max_entries = kernel.max_entries;
		info->bytes = map_bytes(bpf_map__fd(map));
		if (map == dp->skel->maps.rg_geo)
			info->bytes += map_bytes(dp->geo_fd); /* the table in it */
		info->entries = map_entries(dp, map);
		n++;
	}
	*ret = TAKE_PTR(list);
	*ret_n = n;
	return 0;
}
