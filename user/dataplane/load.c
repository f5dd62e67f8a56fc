/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Load the program, map its arrays into memory. */
#include "dataplane/private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "regiongate.skel.h"

static char words[512];

void rg_dp_words_clear(void)
{
	words[0] = '\0';
}

const char *rg_dp_words(void)
{
	return words;
}

/* Keep the first complaint of libbpf: the ones after it only repeat that it failed. */
static int keep_words(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[sizeof(words)];
	const char *text = line, *message;

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), fmt, ap);
	message = strstr(line, "Kernel error message: ");
	if (message)
		text = message + strlen("Kernel error message: ");
	else if (words[0] || level != LIBBPF_WARN)
		return 0;
	snprintf(words, sizeof(words), "%s", text);
	words[strcspn(words, "\n")] = '\0';
	return 0;
}

uint64_t rg_dp_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint32_t rg_dp_endpoints_max(const struct rg_dp_config *config)
{
	uint64_t ports = ((uint64_t)config->max_locals + 1) * 2 * 65536;
	uint64_t want = 4ull * config->max_meetings;

	return (uint32_t)(want < ports ? want : ports);
}

static void fill_defaults(struct rg_dp_config *config)
{
	if (!config->max_meetings)
		config->max_meetings = RG_MEETINGS_DEFAULT;
	if (!config->max_locals)
		config->max_locals = RG_LOCALS_DEFAULT;
	if (!config->max_mtg_stats)
		config->max_mtg_stats = RG_MTG_STAT_DEFAULT;
	while (config->max_mtg_stats & (config->max_mtg_stats - 1)) /* up to the next power of two */
		config->max_mtg_stats += config->max_mtg_stats & -config->max_mtg_stats;
	if (!config->geo_nodes)
		config->geo_nodes = RG_GEO_NODES_MIN;
	if (!config->geo_ranges)
		config->geo_ranges = RG_GEO_RANGES_MIN;
}

static uint32_t blocks(size_t n, size_t size)
{
	return (uint32_t)((n * size + sizeof(union rg_geo_block) - 1) / sizeof(union rg_geo_block));
}

static struct rg_geo_layout geo_layout(const struct rg_dp_config *config)
{
	struct rg_geo_layout l;

	l.ranges = blocks(config->geo_nodes, sizeof(uint32_t));
	l.splits = l.ranges + blocks(config->geo_ranges, sizeof(uint64_t));
	l.lows = l.splits + blocks(RG_GEO_SPLITS_MAX, sizeof(struct rg_geo_split));
	l.end = l.lows + blocks(RG_GEO_LOWS_MAX, sizeof(struct rg_geo_low));
	return l;
}

static int set_sizes(struct rg_dp *dp)
{
	const struct rg_dp_config *c = &dp->config;
	struct regiongate_bpf *skel = dp->skel;
	const struct { struct bpf_map *map; uint32_t entries; } sizes[] = {
		{ skel->maps.rg_ports, (c->max_locals + 1) * 2 * RG_PORT_BLOCKS },
		{ skel->maps.rg_meetings, c->max_meetings },
		{ skel->maps.rg_endpoints, rg_dp_endpoints_max(c) },
		{ skel->maps.rg_mtg_stat, c->max_mtg_stats * dp->n_cpus },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int r = bpf_map__set_max_entries(sizes[i].map, sizes[i].entries);

		if (r)
			return r;
	}
	return 0;
}

/* The size of the tables in rg_geo, by a template: libbpf 1.1 can not set an inner map's size. */
static int set_geo_size(struct rg_dp *dp)
{
	struct bpf_map *geo = dp->skel->maps.rg_geo;
	const struct bpf_map *inner = bpf_map__inner_map(geo);

	dp->geo_key_type = bpf_map__btf_key_type_id(inner);
	dp->geo_value_type = bpf_map__btf_value_type_id(inner);
	dp->geo_template = rg_dp_geo_map(dp, false);
	return dp->geo_template < 0 ? dp->geo_template : bpf_map__set_inner_map_fd(geo, dp->geo_template);
}

/* May an earlier daemon's pinned map serve as ours? Same kind and sizes, same ABI. */
static bool same_layout(int fd, const struct bpf_map *map)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &length) && info.type == bpf_map__type(map) &&
	       info.key_size == bpf_map__key_size(map) && info.value_size == bpf_map__value_size(map) &&
	       info.max_entries == bpf_map__max_entries(map) && info.map_flags == bpf_map__map_flags(map);
}

/* The layout first: a look-up writes as many bytes as the map's values have. */
static bool same_abi(const struct rg_dp *dp)
{
	const struct bpf_map *map = dp->skel->maps.rg_state;
	char path[512];
	_cleanup_(rg_closep) int fd =
		bpf_obj_get(rg_dp_pin_path(dp->pin_dir, NULL, bpf_map__name(map), path));
	struct rg_state state;
	__u32 zero = 0;

	return fd >= 0 && same_layout(fd, map) && !bpf_map_lookup_elem(fd, &zero, &state) &&
	       state.abi_version == RG_ABI_VERSION;
}

/* Counters go on across a restart: their keys (meeting numbers, region ids) are stored. */
static int adopt_counters(struct rg_dp *dp)
{
	struct bpf_map *maps[] = { dp->skel->maps.rg_reason_stat, dp->skel->maps.rg_region_stat,
				   dp->skel->maps.rg_mtg_stat };

	if (!dp->pin_dir || !same_abi(dp))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		char path[512];
		_cleanup_(rg_closep) int fd =
			bpf_obj_get(rg_dp_pin_path(dp->pin_dir, NULL, bpf_map__name(maps[i]), path));

		if (fd >= 0 && same_layout(fd, maps[i])) {
			int r = bpf_map__reuse_fd(maps[i], fd);

			if (r)
				return r;
		}
	}
	return 0;
}

static int map_array(struct rg_dp *dp, const struct bpf_map *map, void **ret)
{
	size_t size = ((size_t)bpf_map__value_size(map) + 7) / 8 * 8 * bpf_map__max_entries(map);
	size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = (size + page - 1) / page * page;
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (at == MAP_FAILED)
		return -errno;
	dp->arrays[dp->n_arrays++] = (struct rg_dp_array){ at, bytes };
	*ret = at;
	return 0;
}

static int map_arrays(struct rg_dp *dp)
{
	struct regiongate_bpf *skel = dp->skel;
	const struct { const struct bpf_map *map; void **ret; } arrays[] = {
		{ skel->maps.rg_state, (void **)&dp->state },
		{ skel->maps.rg_locals, (void **)&dp->slots },
		{ skel->maps.rg_ports, (void **)&dp->ports },
		{ skel->maps.rg_meetings, (void **)&dp->meetings },
		{ skel->maps.rg_policies, (void **)&dp->policies },
		{ skel->maps.rg_regions, (void **)&dp->regions },
		{ skel->maps.rg_mtg_stat, (void **)&dp->mtg_stats },
	};
	_Static_assert(ARRAY_SIZE(arrays) == ARRAY_SIZE(dp->arrays), "room for each");

	for (size_t i = 0; i < ARRAY_SIZE(arrays); i++) {
		int r = map_array(dp, arrays[i].map, arrays[i].ret);

		if (r)
			return r;
	}
	return 0;
}

static int load(struct rg_dp *dp)
{
	int r;

	dp->skel = regiongate_bpf__open();
	if (!dp->skel)
		return -errno;
	dp->layout = geo_layout(&dp->config);
	if (getrandom(&dp->cookie, sizeof(dp->cookie), 0) != sizeof(dp->cookie))
		return -errno;
	dp->n_cpus = (uint32_t)libbpf_num_possible_cpus();
	dp->skel->rodata->rg_cookie = dp->cookie;
	dp->skel->rodata->rg_mtg_stat_slots = dp->config.max_mtg_stats;
	memcpy((void *)&dp->skel->rodata->rg_layout, &dp->layout, sizeof(dp->layout));
	r = set_sizes(dp);
	if (!r)
		r = set_geo_size(dp);
	if (!r)
		r = adopt_counters(dp);
	if (!r)
		r = regiongate_bpf__load(dp->skel);
	if (!r)
		r = map_arrays(dp);
	rg_closep(&dp->geo_template);
	dp->geo_template = -1;
	if (r)
		return r;
	dp->prog_fd = bpf_program__fd(dp->skel->progs.regiongate);
	dp->state->abi_version = RG_ABI_VERSION;
	dp->state->flags = dp->config.observe ? RG_STATE_OBSERVE : 0;
	return 0;
}

int rg_dp_open(const struct rg_dp_config *config, struct rg_dp **ret, struct rg_err *err)
{
	struct rg_dp *dp = calloc(1, sizeof(*dp));
	int r;

	if (!dp)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	dp->config = *config;
	dp->prog_fd = dp->geo_template = dp->geo_fd = dp->lock_fd = -1;
	fill_defaults(&dp->config);
	if (dp->config.max_locals > RG_LOCALS_MAX || dp->config.max_meetings > RG_MEETINGS_CAP) {
		free(dp);
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "more than %u local addresses or %u meetings",
				  RG_LOCALS_MAX, RG_MEETINGS_CAP);
	}
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(keep_words);
	rg_dp_words_clear();
	dp->pin_dir = config->pin_dir ? strdup(config->pin_dir) : NULL;
	dp->config.pin_dir = dp->pin_dir;
	r = config->pin_dir && !dp->pin_dir ? -ENOMEM : load(dp);
	if (r) {
		rg_dp_close(dp);
		return rg_err_set(err, r, RG_ERR_KERNEL, "", "the kernel does not load the program: %s%s%s%s",
				  strerror(-r), words[0] ? " (" : "", words, words[0] ? ")" : "");
	}
	if (dp->pin_dir)
		rg_dp_names_open(dp);
	*ret = dp;
	return 0;
}

void rg_dp_close(struct rg_dp *dp)
{
	if (!dp)
		return;
	for (size_t i = 0; i < dp->n_arrays; i++)
		munmap(dp->arrays[i].at, dp->arrays[i].bytes);
	regiongate_bpf__destroy(dp->skel);
	rg_dp_names_close(dp);
	rg_closep(&dp->geo_fd);
	rg_closep(&dp->lock_fd);
	free(dp->run_buffer);
	free(dp->pin_dir);
	free(dp);
}

const char *rg_dp_prog_tag(const struct rg_dp *dp, char ret[17])
{
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info);

	*ret = '\0';
	if (!bpf_obj_get_info_by_fd(dp->prog_fd, &info, &length))
		for (size_t i = 0; i < sizeof(info.tag); i++)
			snprintf(ret + 2 * i, 3, "%02x", info.tag[i]);
	return ret;
}

uint32_t rg_dp_prog_id(const struct rg_dp *dp)
{
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info);

	return bpf_obj_get_info_by_fd(dp->prog_fd, &info, &length) ? 0 : info.id;
}
