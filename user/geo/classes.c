/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The registry of region classes (regions.h): numbers by key. */
#include "geo/regions.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"

#define KEY_SLOTS (2 * RG_REGIONS_MAX) /* never more than half full */
_Static_assert((KEY_SLOTS & (KEY_SLOTS - 1)) == 0, "a mask picks the slot");
_Static_assert(RG_REGIONS_MAX < UINT16_MAX, "slots hold id + 1");

struct rg_classes {
	struct rg_class *items;
	size_t n, room;
	size_t most; /* of them */
	uint16_t slots[KEY_SLOTS]; /* id + 1; 0: empty */
};

static void class_clear(struct rg_class *class)
{
	for (size_t i = 0; i < class->n_customs; i++)
		free(class->customs[i]);
	free(class->customs);
	free(class->key);
	free(class->label);
	*class = (struct rg_class){ 0 };
}

/* The slot of a key, or the empty slot where it belongs. */
static uint16_t *slot_of(struct rg_classes *classes, const char *key)
{
	uint64_t hash = 0xcbf29ce484222325ull;
	size_t i;

	for (const char *p = key; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 0x100000001b3ull;
	i = (size_t)(hash ^ hash >> 32) & (KEY_SLOTS - 1);
	while (classes->slots[i] && strcmp(classes->items[classes->slots[i] - 1].key, key))
		i = (i + 1) & (KEY_SLOTS - 1);
	return &classes->slots[i];
}

static const char *place_text(const char *country, const char *subdivision)
{
	return *subdivision ? subdivision : *country ? country : "unknown";
}

/* "US-CA+partners+staff" */
static char *key_of(const char *place, const char *const *customs, size_t n_customs)
{
	size_t length = strlen(place) + 1;
	char *key, *p;

	for (size_t i = 0; i < n_customs; i++)
		length += strlen(customs[i]) + 1;
	key = malloc(length);
	if (!key)
		return NULL;
	p = stpcpy(key, place);
	for (size_t i = 0; i < n_customs; i++) {
		*p++ = '+';
		p = stpcpy(p, customs[i]);
	}
	return key;
}

/* Where it is, if that is known; else which custom regions it lies in. */
static char *label_of(const char *country, const char *subdivision, const char *const *customs,
		      size_t n_customs)
{
	char *label;

	if (*country || !n_customs)
		return strdup(place_text(country, subdivision));
	label = key_of("custom:", customs, n_customs);
	if (label) /* "custom:+a+b" */
		memmove(label + strlen("custom:"), label + strlen("custom:+"),
			strlen(label + strlen("custom:+")) + 1);
	return label;
}

static int class_fill(struct rg_class *class, char *key, const char *country,
		      const char *subdivision, const char *const *customs, size_t n_customs)
{
	*class = (struct rg_class){ .key = key };
	snprintf(class->country, sizeof(class->country), "%s", country);
	snprintf(class->subdivision, sizeof(class->subdivision), "%s", subdivision);
	class->label = label_of(country, subdivision, customs, n_customs);
	if (!class->label)
		return -ENOMEM;
	class->customs = calloc(n_customs ? n_customs : 1, sizeof(*class->customs));
	if (!class->customs)
		return -ENOMEM;
	for (; class->n_customs < n_customs; class->n_customs++) {
		class->customs[class->n_customs] = strdup(customs[class->n_customs]);
		if (!class->customs[class->n_customs])
			return -ENOMEM;
	}
	return 0;
}

static int grow(struct rg_classes *classes)
{
	size_t room = classes->room ? 2 * classes->room : 64;
	struct rg_class *items;

	if (classes->n < classes->room)
		return 0;
	items = realloc(classes->items, room * sizeof(*items));
	if (!items)
		return -ENOMEM;
	classes->items = items;
	classes->room = room;
	return 0;
}

int rg_classes_intern(struct rg_classes *classes, const char *country, const char *subdivision,
		      const char *const *customs, size_t n_customs)
{
	_cleanup_(rg_freep) char *key = key_of(place_text(country, subdivision), customs, n_customs);
	struct rg_class class;
	uint16_t *slot;

	if (!key)
		return -ENOMEM;
	slot = slot_of(classes, key);
	if (*slot)
		return *slot - 1;
	if (classes->n >= classes->most)
		return -ENOSPC;
	if (grow(classes))
		return -ENOMEM;
	if (class_fill(&class, TAKE_PTR(key), country, subdivision, customs, n_customs)) {
		class_clear(&class);
		return -ENOMEM;
	}
	classes->items[classes->n++] = class;
	*slot = (uint16_t)classes->n;
	return (int)classes->n - 1;
}

/* Split a key at '+' in place. Returns the number of parts, 0 if they are too many. */
static size_t key_split(char *key, const char **parts, size_t room)
{
	char *save = NULL;
	size_t n = 0;

	for (char *part = strtok_r(key, "+", &save); part; part = strtok_r(NULL, "+", &save)) {
		if (n == room)
			return 0;
		parts[n++] = part;
	}
	return n;
}

static bool customs_ok(const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!rg_custom_name_ok(names[i]) || (i && strcmp(names[i - 1], names[i]) >= 0))
			return false;
	return true;
}

int rg_classes_restore(struct rg_classes *classes, unsigned int id, const char *key)
{
	size_t room = strlen(key) / 2 + 1, n;
	_cleanup_(rg_freep) const char **parts = calloc(room, sizeof(*parts));
	_cleanup_(rg_freep) char *copy = strdup(key);
	_cleanup_(rg_freep) char *canonical = NULL;
	const char *subdivision;
	struct rg_region_spec place;
	char country[3] = "";
	int r;

	if (!parts || !copy)
		return -ENOMEM;
	n = key_split(copy, parts, room);
	if (!n || rg_region_spec_parse(parts[0], &place, NULL) || !customs_ok(parts + 1, n - 1))
		return -EINVAL;
	if (place.kind == RG_REGION_COUNTRY || place.kind == RG_REGION_SUBDIVISION)
		memcpy(country, place.name, 2);
	else if (place.kind != RG_REGION_UNKNOWN)
		return -EINVAL;
	if (id != classes->n && !(id == 0 && !strcmp(key, "unknown")))
		return -EINVAL;
	subdivision = place.kind == RG_REGION_SUBDIVISION ? place.name : "";
	canonical = key_of(place_text(country, subdivision), parts + 1, n - 1);
	if (!canonical)
		return -ENOMEM;
	if (strcmp(canonical, key) || (id != 0 && *slot_of(classes, key)))
		return -EINVAL;
	r = rg_classes_intern(classes, country, subdivision, parts + 1, n - 1);
	return r < 0 ? r : 0;
}

struct rg_classes *rg_classes_new(void)
{
	struct rg_classes *classes = calloc(1, sizeof(*classes));

	if (!classes)
		return NULL;
	classes->most = RG_REGIONS_MAX;
	if (rg_classes_intern(classes, "", "", NULL, 0) < 0) {
		rg_classes_free(classes);
		return NULL;
	}
	return classes;
}

void rg_classes_limit(struct rg_classes *classes, size_t most)
{
	classes->most = most < RG_REGIONS_MAX ? most : RG_REGIONS_MAX;
}

size_t rg_classes_most(const struct rg_classes *classes)
{
	return classes->most;
}

void rg_classes_free(struct rg_classes *classes)
{
	if (!classes)
		return;
	for (size_t i = 0; i < classes->n; i++)
		class_clear(&classes->items[i]);
	free(classes->items);
	free(classes);
}

size_t rg_classes_count(const struct rg_classes *classes)
{
	return classes->n;
}

const struct rg_class *rg_classes_get(const struct rg_classes *classes, unsigned int id)
{
	return id < classes->n ? &classes->items[id] : NULL;
}
