/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "geo/labels.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABELS_ROOM_MIN 512

int rg_labels_init(struct rg_labels *labels)
{
	*labels = (struct rg_labels){ 0 };
	labels->items = calloc(LABELS_ROOM_MIN, sizeof(*labels->items));
	if (!labels->items)
		return -ENOMEM;
	labels->room = LABELS_ROOM_MIN;
	labels->n = 1;
	return 0;
}

void rg_labels_clear(struct rg_labels *labels)
{
	free(labels->items);
	rg_map64_clear(&labels->numbers);
	*labels = (struct rg_labels){ 0 };
}

static int grow(struct rg_labels *labels)
{
	struct rg_label *items;

	if (labels->n == RG_LABELS_MAX)
		return -ENOSPC;
	if (labels->n < labels->room)
		return 0;
	items = realloc(labels->items, 2 * labels->room * sizeof(*items));
	if (!items)
		return -ENOMEM;
	labels->items = items;
	labels->room *= 2;
	return 0;
}

int rg_labels_number(struct rg_labels *labels, const char *country, const char *part,
		     uint32_t *ret)
{
	char packed[8] = { country[0], country[1] };
	struct rg_label *label;
	uint64_t key;
	int r;

	memcpy(packed + 2, part, strnlen(part, 3));
	memcpy(&key, packed, sizeof(key));
	if (rg_map64_get(&labels->numbers, key, ret))
		return 0;
	r = grow(labels);
	if (r)
		return r;
	r = rg_map64_put(&labels->numbers, key, (uint32_t)labels->n);
	if (r)
		return r;
	label = &labels->items[labels->n];
	snprintf(label->country, sizeof(label->country), "%.2s", country);
	label->subdivision[0] = '\0';
	if (*part)
		snprintf(label->subdivision, sizeof(label->subdivision), "%.2s-%.3s", country, part);
	*ret = (uint32_t)labels->n++;
	return 0;
}
