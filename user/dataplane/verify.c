/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Are the maps what the rules say? A second set of maps, the shadow, is filled by the same code
 * as this one was; then both are compared entry by entry, and what differs is put back. */
#include "dataplane/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "regiongate.skel.h"

/* Both sets of maps, and where the entry at hand is. */
struct sides {
	struct rg_dp *live;
	const struct rg_dp *shadow;
};

/* Make @want, the shadow's entry, what the live one should be: some parts only the live map knows.
 * False: the entry does not matter. */
typedef bool (*adjust_fn)(const struct sides *sides, uint32_t index, void *want, const void *have);

static bool is_zero(const void *at, size_t size)
{
	const char *p = at;

	return !*p && !memcmp(p, p + 1, size - 1);
}

/* What nothing refers to any more is not cleared. */
#define USED(name, type)                                                                          \
	static bool used_##name(const struct sides *sides, uint32_t index, void *want,            \
				const void *have)                                                 \
	{                                                                                         \
		(void)sides;                                                                      \
		(void)index;                                                                      \
		(void)have;                                                                       \
		return !is_zero(want, sizeof(type));                                              \
	}
USED(policies, struct rg_policy_entry)
USED(schedules, struct rg_schedule)
USED(exceptions, struct rg_exception_set)
USED(regions, struct rg_region_entry)

static bool used_policy_bits(const struct sides *sides, uint32_t index, void *want, const void *have)
{
	(void)want;
	(void)have;
	return sides->shadow->policies[index >> sides->shadow->policy_shift].text[0];
}

static bool adjust_state(const struct sides *sides, uint32_t index, void *want, const void *have)
{
	const struct rg_state *is = have;
	struct rg_state *state = want;

	(void)index;
	state->geo_generation = sides->live->generation;
	state->locals_first = is->locals_first;
	state->flags = sides->live->flags;
	return true;
}

/* The generation in force; the other one nobody reads. */
static bool adjust_locals(const struct sides *sides, uint32_t index, void *want, const void *have)
{
	uint32_t first = sides->live->state->locals_first;

	(void)have;
	if (first > RG_LOCALS_SLOTS || index < first || index >= first + RG_LOCALS_SLOTS)
		return false;
	memcpy(want, &sides->shadow->slots[sides->shadow->state->locals_first + index - first],
	       sizeof(struct rg_local));
	return true;
}

/* Serials are each load's own; a binding that has to be put back gets a new one. */
static bool adjust_bindings(const struct sides *sides, uint32_t index, void *want, const void *have)
{
	struct rg_binding *binding = want;
	const struct rg_binding *is = have;

	if (!index)
		return false;
	if (is->meeting == binding->meeting && !is->serial == !binding->serial)
		*binding = *is;
	else if (binding->meeting)
		binding->serial = rg_dp_next_serial(sides->live);
	return true;
}

enum how { HOW_SKIP, HOW_ARRAY, HOW_HASH };

/* Every map has its line: a new one without it makes the comparison fail, and with it a test. */
static const struct check {
	const char *name;
	enum how how;
	adjust_fn adjust;
} checks[] = {
	{ "rg_state", HOW_ARRAY, adjust_state },
	{ "rg_locals", HOW_ARRAY, adjust_locals },
	{ "rg_ports", HOW_ARRAY, NULL },
	{ "rg_mtg_words", HOW_ARRAY, NULL },
	{ "rg_meetings", HOW_ARRAY, NULL },
	{ "rg_policies", HOW_ARRAY, used_policies },
	{ "rg_policy_bits", HOW_ARRAY, used_policy_bits },
	{ "rg_schedules", HOW_ARRAY, used_schedules },
	{ "rg_exceptions", HOW_ARRAY, used_exceptions },
	{ "rg_regions", HOW_ARRAY, used_regions },
	{ "rg_shared", HOW_ARRAY, NULL },
	{ "rg_bindings", HOW_ARRAY, adjust_bindings },
	{ "rg_endpoints", HOW_HASH, NULL },
	{ "rg_ufrags", HOW_HASH, NULL },
	{ "rg_ufrags_long", HOW_HASH, NULL },
	/* what packets and the clock write; the table of rg_geo is looked at by rg_dp_geo_check() */
	{ "rg_geo", HOW_SKIP, NULL },
	{ "rg_flows", HOW_SKIP, NULL },
	{ "rg_connections", HOW_SKIP, NULL },
	{ "rg_frags", HOW_SKIP, NULL },
	{ "rg_seen", HOW_SKIP, NULL },
	{ "rg_bind_rates", HOW_SKIP, NULL },
	{ "rg_quotas", HOW_SKIP, NULL },
	{ "rg_budgets", HOW_SKIP, NULL },
	{ "rg_events", HOW_SKIP, NULL },
	{ "rg_mtg_stat", HOW_SKIP, NULL },
	{ "rg_reason_stat", HOW_SKIP, NULL },
	{ "rg_region_stat", HOW_SKIP, NULL },
};

static const struct check *check_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		if (!strcmp(checks[i].name, name))
			return &checks[i];
	return NULL;
}

static void *array_at(const struct rg_dp *dp, const char *name)
{
	for (size_t i = 0; i < dp->n_arrays; i++)
		if (!strcmp(bpf_map__name(dp->arrays[i].map), name))
			return dp->arrays[i].at;
	return NULL;
}

/* Packets read meanwhile: each word is whole. */
static void put_back(void *have, const void *want, size_t size)
{
	for (size_t i = 0; i < size / sizeof(__u64); i++)
		__atomic_store_n((__u64 *)have + i, ((const __u64 *)want)[i], __ATOMIC_RELEASE);
}

static int compare_array(const struct sides *sides, const struct check *check, const struct bpf_map *map,
			 struct rg_dp_map_check *result)
{
	size_t stride = ((size_t)bpf_map__value_size(map) + 7) / 8 * 8;
	char *have = array_at(sides->live, check->name), *from = array_at(sides->shadow, check->name);
	_cleanup_(rg_freep) char *want = malloc(stride);

	if (!want)
		return -ENOMEM;
	if (!have || !from)
		return -EINVAL;
	for (uint32_t i = 0; i < bpf_map__max_entries(map); i++, have += stride, from += stride) {
		if (!check->adjust && !memcmp(have, from, stride)) {
			result->compared += !is_zero(have, stride);
			continue;
		}
		memcpy(want, from, stride);
		if (check->adjust && !check->adjust(sides, i, want, have))
			continue;
		result->compared++;
		if (!memcmp(have, want, stride))
			continue;
		result->differences++;
		put_back(have, want, stride);
		rg_dp_wrote(sides->live, have, stride);
		result->repaired++;
	}
	return 0;
}

/* Buffers of one key (two of them: iterating needs the one before) and two values. */
struct entry {
	void *key, *next, *have, *want;
};

static void entry_free(struct entry *entry)
{
	free(entry->key);
	free(entry->next);
	free(entry->have);
	free(entry->want);
}

static int entry_new(const struct bpf_map *map, struct entry *ret)
{
	*ret = (struct entry){
		.key = malloc(bpf_map__key_size(map)),
		.next = malloc(bpf_map__key_size(map)),
		.have = malloc(bpf_map__value_size(map)),
		.want = malloc(bpf_map__value_size(map)),
	};
	return ret->key && ret->next && ret->have && ret->want ? 0 : -ENOMEM;
}

/* Those that should be there. */
static void hash_missing(int live, int shadow, size_t size, struct entry *entry, struct rg_dp_map_check *result)
{
	void *before = NULL;

	while (!bpf_map_get_next_key(shadow, before, entry->next)) {
		void *spare = entry->key;

		entry->key = entry->next;
		entry->next = spare;
		before = entry->key;
		if (bpf_map_lookup_elem(shadow, entry->key, entry->want))
			continue;
		result->compared++;
		if (!bpf_map_lookup_elem(live, entry->key, entry->have) && !memcmp(entry->have, entry->want, size))
			continue;
		result->differences++;
		result->repaired += !bpf_map_update_elem(live, entry->key, entry->want, BPF_ANY);
	}
}

/* Those that should not. The key after one that is deleted has to be known before. */
static void hash_extra(int live, int shadow, struct entry *entry, struct rg_dp_map_check *result)
{
	bool more = !bpf_map_get_next_key(live, NULL, entry->key);

	while (more) {
		void *spare = entry->key;

		more = !bpf_map_get_next_key(live, entry->key, entry->next);
		if (bpf_map_lookup_elem(shadow, entry->key, entry->want)) {
			result->differences++;
			result->repaired += !bpf_map_delete_elem(live, entry->key);
		}
		entry->key = entry->next;
		entry->next = spare;
	}
}

static int compare_hash(const struct sides *sides, const char *name, const struct bpf_map *map,
			struct rg_dp_map_check *result)
{
	int live = bpf_map__fd(map), shadow = bpf_object__find_map_fd_by_name(sides->shadow->skel->obj, name);
	_cleanup_(entry_free) struct entry entry;

	if (entry_new(map, &entry))
		return -ENOMEM;
	hash_missing(live, shadow, bpf_map__value_size(map), &entry, result);
	hash_extra(live, shadow, &entry, result);
	return 0;
}

int rg_dp_compare(struct rg_dp *dp, const struct rg_dp *shadow, struct rg_dp_map_check **ret, size_t *ret_n,
		  struct rg_err *err)
{
	_cleanup_(rg_freep) struct rg_dp_map_check *list = calloc(ARRAY_SIZE(checks), sizeof(*list));
	const struct sides sides = { dp, shadow };
	struct bpf_map *map;
	size_t n = 0;

	if (!list)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	bpf_object__for_each_map(map, dp->skel->obj) {
		const char *name = bpf_map__name(map);
		const struct check *check = check_of(name);
		int r = check ? 0 : -ENOENT;

		if (strncmp(name, "rg_", 3) || (check && check->how == HOW_SKIP))
			continue;
		if (check)
			snprintf(list[n].name, sizeof(list[n].name), "%s", name);
		if (check && check->how == HOW_ARRAY)
			r = compare_array(&sides, check, map, &list[n]);
		else if (check)
			r = compare_hash(&sides, name, map, &list[n]);
		if (r)
			return rg_err_set(err, r, RG_ERR_INTERNAL, "", "the map %s can not be compared: %s", name,
					  strerror(-r));
		n++;
	}
	*ret = TAKE_PTR(list);
	*ret_n = n;
	return 0;
}

static uint32_t id_of(const struct rg_dp_pin *pin, int fd)
{
	struct bpf_map_info map = {};
	struct bpf_prog_info program = {};
	__u32 length = pin->is_program ? sizeof(program) : sizeof(map);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, pin->is_program ? (void *)&program : (void *)&map, &length))
		return 0;
	return pin->is_program ? program.id : map.id;
}

/* The same pin may be something else by now, or nothing. */
static bool is_pinned(const char *path, const struct rg_dp_pin *pin)
{
	_cleanup_(rg_closep) int there = bpf_obj_get(path);
	uint32_t id = id_of(pin, there);

	return id && id == id_of(pin, pin->fd);
}

void rg_dp_pins_check(struct rg_dp *dp, struct rg_dp_map_check *ret)
{
	struct rg_dp_pin pins[RG_DP_PINS_MAX];
	size_t n = dp->pin_dir ? rg_dp_pins(dp, pins) : 0;

	*ret = (struct rg_dp_map_check){ .name = "pins", .compared = (uint32_t)n };
	for (size_t i = 0; i < n; i++) {
		char path[512];

		if (is_pinned(rg_dp_pin_path(dp->pin_dir, NULL, pins[i].name, path), &pins[i]))
			continue;
		ret->differences++;
		unlink(path);
		ret->repaired += !bpf_obj_pin(pins[i].fd, path);
	}
}

/* Is the table in rg_geo the one that was published, and are its words? */
int rg_dp_geo_hash(const struct rg_dp *dp, uint64_t *ret)
{
	size_t bytes = (size_t)dp->layout.end * sizeof(union rg_geo_block);
	void *at = mmap(NULL, bytes, PROT_READ, MAP_SHARED, dp->geo_fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	*ret = rg_dp_hash(at, bytes);
	munmap(at, bytes);
	return 0;
}

void rg_dp_geo_check(struct rg_dp *dp, struct rg_dp_map_check *ret, bool *ret_damaged)
{
	struct bpf_map_info ours = {};
	__u32 zero = 0, id = 0, length = sizeof(ours);
	uint64_t hash;

	*ret = (struct rg_dp_map_check){ .name = "rg_geo", .compared = 1 };
	*ret_damaged = false;
	if (dp->geo_fd < 0 || bpf_obj_get_info_by_fd(dp->geo_fd, &ours, &length))
		return;
	if (bpf_map_lookup_elem(bpf_map__fd(dp->skel->maps.rg_geo), &zero, &id) || id != ours.id) {
		ret->differences++;
		ret->repaired += !bpf_map_update_elem(bpf_map__fd(dp->skel->maps.rg_geo), &zero, &dp->geo_fd,
						      BPF_ANY);
	}
	*ret_damaged = !rg_dp_geo_hash(dp, &hash) && hash != dp->geo_hash;
	ret->differences += *ret_damaged;
}
