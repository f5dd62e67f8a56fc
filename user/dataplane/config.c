/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sizes of the maps and constants of the program, from the configuration. */
#include "dataplane/private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "regiongate.skel.h"

int rg_dp_word(const char *const *words, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(words[i], text))
			return (int)i;
	return -EINVAL;
}

uint32_t rg_dp_cpu_ids_parse(const char *list)
{
	unsigned long highest = 0;

	for (const char *p = list; *p;) {
		char *end;
		unsigned long id = strtoul(p, &end, 10);

		if (end == p)
			break;
		if (id > highest)
			highest = id;
		p = end + (*end == ',' || *end == '-');
	}
	return (uint32_t)(highest < RG_CPUS_CAP ? highest + 1 : RG_CPUS_CAP);
}

uint32_t rg_dp_cpu_ids(void)
{
	_cleanup_(rg_fclosep) FILE *f = fopen("/sys/devices/system/cpu/possible", "r");
	int counted = libbpf_num_possible_cpus();
	char list[4096];

	if (f && fgets(list, sizeof(list), f))
		return rg_dp_cpu_ids_parse(list);
	return counted > 0 ? (uint32_t)counted : 1;
}

uint32_t rg_dp_endpoints_max(const struct rg_dp_config *config)
{
	uint64_t ports = ((uint64_t)config->max_locals + 1) * 2 * 65536;
	uint64_t want = 4ull * config->max_meetings;

	return (uint32_t)(want < ports ? want : ports);
}

static uint32_t power_of_two(uint32_t n)
{
	uint32_t power = 1;

	while (power < n && power < 1u << 31)
		power *= 2;
	return power;
}

int rg_dp_config_fill(struct rg_dp_config *config, struct rg_err *err)
{
	const struct { const char *what; uint32_t *value, least, cap; } numbers[] = {
		{ "meetings", &config->max_meetings, RG_MEETINGS_DEFAULT, RG_MEETINGS_CAP },
		{ "local addresses", &config->max_locals, RG_LOCALS_DEFAULT, RG_LOCALS_MAX },
		{ "counters", &config->max_mtg_stats, RG_MTG_STAT_DEFAULT, 1u << 24 },
		{ "regions", &config->max_regions, RG_REGIONS_DEFAULT, RG_REGIONS_MAX },
		{ "policies", &config->max_policies, RG_POLICIES_DEFAULT, RG_POLICIES_CAP },
		{ "schedules", &config->max_schedules, RG_SCHEDULES_DEFAULT, RG_SCHEDULES_CAP },
		{ "exception sets", &config->max_exceptions, RG_EXCEPTION_SETS_DEFAULT, RG_EXCEPTION_SETS_CAP },
		{ "ufrags", &config->max_ufrags, RG_UFRAGS_DEFAULT, RG_UFRAGS_CAP },
		{ "long ufrags", &config->max_ufrags_long, RG_UFRAGS_LONG_DEFAULT, RG_UFRAGS_CAP },
		{ "flows", &config->max_flows, RG_FLOWS_DEFAULT, RG_FLOWS_CAP },
		{ "geo nodes", &config->geo_nodes, RG_GEO_NODES_MIN, RG_GEO_BASE_MASK },
		{ "geo ranges", &config->geo_ranges, RG_GEO_RANGES_MIN, RG_GEO_BASE_MASK },
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (!*numbers[i].value)
			*numbers[i].value = numbers[i].least;
		if (*numbers[i].value > numbers[i].cap)
			return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "room for more than %u %s",
					  numbers[i].cap, numbers[i].what);
	}
	config->max_mtg_stats = power_of_two(config->max_mtg_stats);
	if (config->max_regions < RG_POLICY_BLOCK_REGIONS)
		config->max_regions = RG_POLICY_BLOCK_REGIONS;
	config->max_regions = power_of_two(config->max_regions);
	return 0;
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
		{ skel->maps.rg_mtg_words, c->max_meetings },
		{ skel->maps.rg_meetings, c->max_meetings },
		{ skel->maps.rg_endpoints, rg_dp_endpoints_max(c) },
		{ skel->maps.rg_mtg_stat, c->max_mtg_stats * dp->n_cpus },
		{ skel->maps.rg_policies, c->max_policies },
		{ skel->maps.rg_policy_bits, c->max_policies << dp->policy_shift },
		{ skel->maps.rg_schedules, c->max_schedules },
		{ skel->maps.rg_exceptions, c->max_exceptions },
		{ skel->maps.rg_ufrags, c->max_ufrags },
		{ skel->maps.rg_ufrags_long, c->max_ufrags_long },
		{ skel->maps.rg_bindings, c->max_ufrags + 1 },
		{ skel->maps.rg_flows, c->max_flows },
		{ skel->maps.rg_connections, c->max_flows },
		{ skel->maps.rg_seen, RG_SEEN_DEFAULT * dp->n_cpus },
		{ skel->maps.rg_quotas, (c->max_meetings + 15) / 16 },
		{ skel->maps.rg_budgets, dp->n_cpus },
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

int rg_dp_config_apply(struct rg_dp *dp)
{
	int r;

	dp->layout = geo_layout(&dp->config);
	while ((uint32_t)RG_POLICY_BLOCK_REGIONS << dp->policy_shift < dp->config.max_regions)
		dp->policy_shift++;
	dp->skel->rodata->rg_cookie = dp->cookie;
	dp->skel->rodata->rg_mtg_stat_slots = dp->config.max_mtg_stats;
	dp->skel->rodata->rg_seen_slots = RG_SEEN_DEFAULT;
	/* not under lockdown=confidentiality; in doubt it loads all the same */
	dp->skel->rodata->rg_reads_kernel = libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_probe_read_kernel, NULL) == 1;
	dp->skel->rodata->rg_region_mask = dp->config.max_regions - 1;
	dp->skel->rodata->rg_policy_shift = dp->policy_shift;
	memcpy((void *)&dp->skel->rodata->rg_layout, &dp->layout, sizeof(dp->layout));
	r = set_sizes(dp);
	return r ? r : set_geo_size(dp);
}
