/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Has somebody else written to the arrays that decide? Each is cut into chunks; a walk goes round them,
 * a few at a time, and remembers a hash of each. Whatever this process writes makes the chunk unknown
 * again (rg_dp_wrote()), so a hash that differs is somebody else's doing. */
#include "dataplane/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "base/cleanup.h"

#define CHUNK 65536u

/* What packets write, too. */
static bool is_watched(const struct rg_dp_array *array)
{
	static const char *const packets[] = { "rg_bindings", "rg_mtg_stat", "rg_seen", "rg_quotas", "rg_budgets" };

	for (size_t i = 0; i < ARRAY_SIZE(packets); i++)
		if (!strcmp(bpf_map__name(array->map), packets[i]))
			return false;
	return true;
}

size_t rg_dp_stride(const struct rg_dp_array *array)
{
	return ((size_t)bpf_map__value_size(array->map) + 7) / 8 * 8;
}

static size_t n_chunks(const struct rg_dp_array *array)
{
	return (array->bytes + CHUNK - 1) / CHUNK;
}

uint64_t rg_dp_hash(const void *at, size_t bytes)
{
	const uint64_t *words = at;
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < bytes / sizeof(*words); i++)
		hash = (hash ^ words[i]) * 0x100000001b3u;
	return hash;
}

/* Never 0, which stands for "not known". */
static uint64_t hash_of(const struct rg_dp_array *array, size_t chunk)
{
	size_t from = chunk * CHUNK, end = from + CHUNK < array->bytes ? from + CHUNK : array->bytes;
	uint64_t hash = rg_dp_hash((const char *)array->at + from, end - from);

	return hash ? hash : 1;
}

void rg_dp_wrote(struct rg_dp *dp, const void *at, size_t size)
{
	/* writes what was there first: a hash that is known stays right, of the piece and of all else */
	if (dp->mending)
		return;
	for (size_t i = 0; i < dp->n_arrays; i++) {
		struct rg_dp_array *array = &dp->arrays[i];
		size_t from = (size_t)((const char *)at - (const char *)array->at);

		if ((const char *)at < (const char *)array->at || from >= array->bytes)
			continue;
		for (size_t chunk = from / CHUNK; array->hashes && chunk <= (from + size - 1) / CHUNK; chunk++)
			array->hashes[chunk] = 0;
		return;
	}
}

/* The next chunk that is looked at; false: it differs from what it was. */
static bool look(struct rg_dp *dp, struct rg_dp_array *array)
{
	uint64_t hash, *known;

	if (!array->hashes)
		array->hashes = calloc(n_chunks(array), sizeof(*array->hashes));
	if (!array->hashes)
		return true; /* another time */
	known = &array->hashes[dp->drift_chunk];
	hash = hash_of(array, dp->drift_chunk);
	if (*known && *known != hash) {
		*known = 0;
		return false;
	}
	*known = hash;
	return true;
}

void rg_dp_drift_known(struct rg_dp *dp, const struct rg_dp_piece *piece)
{
	struct rg_dp_array *array = &dp->arrays[piece->array];

	if (array->hashes)
		array->hashes[piece->chunk] = hash_of(array, piece->chunk);
}

/* The entries of a chunk, also those that lie in it in part only. */
static void piece_of(const struct rg_dp *dp, size_t chunk, struct rg_dp_piece *ret)
{
	const struct rg_dp_array *array = &dp->arrays[dp->drift_array];
	size_t stride = rg_dp_stride(array), end = ((chunk + 1) * CHUNK + stride - 1) / stride;

	snprintf(ret->map, sizeof(ret->map), "%s", bpf_map__name(array->map));
	ret->array = dp->drift_array;
	ret->chunk = chunk;
	ret->first = (uint32_t)(chunk * CHUNK / stride);
	if (end > bpf_map__max_entries(array->map))
		end = bpf_map__max_entries(array->map);
	ret->n = (uint32_t)end - ret->first;
}

bool rg_dp_drift_look(struct rg_dp *dp, size_t bytes, struct rg_dp_piece *ret)
{
	for (size_t passed = 0, skipped = 0; passed < bytes && skipped <= dp->n_arrays;) {
		struct rg_dp_array *array = &dp->arrays[dp->drift_array];

		if (!is_watched(array) || dp->drift_chunk >= n_chunks(array)) {
			dp->drift_array = (dp->drift_array + 1) % dp->n_arrays;
			dp->drift_chunk = 0;
			skipped++;
			continue;
		}
		if (!look(dp, array)) {
			piece_of(dp, dp->drift_chunk++, ret);
			return false;
		}
		dp->drift_chunk++;
		passed += CHUNK;
	}
	return true;
}
