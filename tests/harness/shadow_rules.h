/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The model's rules, orders, times, exceptions and sites: what they are and how they are written. Times are whole hours
 * of the test's own clock, which stands in the middle of one. Included by shadow.h. */
#ifndef RG_TEST_SHADOW_RULES_H
#define RG_TEST_SHADOW_RULES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "policy/time.h"

#define SH_CODES 3      /* regions of a rule */
#define SH_EXCEPTIONS 3
#define SH_HOUR 3600
#define SH_BEGIN 1790000000 /* hour 0, in seconds since 1970 */
#define SH_NO_TIME INT16_MIN

static const char *const sh_codes[] = { "CN", "DE", "US", "NO", "EU", "EEA", "continent:EU", "continent:AS",
					"unknown", "custom:c0", "custom:c1", "custom:c2", "custom:c3",
					"custom:c4" };
#define SH_CODE_CUSTOM 9
static const char *const sh_countries[] = { "", "CN", "DE", "US", "NO" };

/* Jurisdictions of orders; 0: no order. Of each: the bits of its countries, and of the codes inside it. */
static const char *const sh_jurisdictions[] = { "", "CN", "DE", "EU", "EEA" };
static const uint8_t sh_territories[] = { 0, 1 << 1, 1 << 2, 1 << 2, 1 << 2 | 1 << 4 };
static const uint16_t sh_codes_inside[] = { 0, 1 << 0, 1 << 1, 1 << 1 | 1 << 4, 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 };
/* Where the server stands; NULL: nobody knows. */
static const char *const sh_places[] = { "DE", "CN", NULL };
/* Sites of a meeting; 0: any. Of each: the bits of the places that it excludes. */
static const struct { const char *list, *code; uint8_t excludes; } sh_sites[] = {
	{ "", "", 0 }, { "refuse", "CN", 1 << 1 | 1 << 2 }, { "refuse", "DE", 1 << 0 | 1 << 2 },
	{ "refuse", "EU", 1 << 0 | 1 << 2 }, { "allow", "EU", 1 << 1 | 1 << 2 }, { "allow", "CN", 1 << 0 | 1 << 2 },
	{ "allow", "DE", 1 << 1 | 1 << 2 },
};

struct sh_times { int16_t from, until; }; /* SH_NO_TIME: always */
struct sh_rule {
	uint8_t id, n;
	bool refuse;
	uint8_t codes[SH_CODES];
	uint8_t order;             /* its jurisdiction */
	struct sh_times times, order_times;
};
struct sh_exception { uint8_t net; bool refuse; };

static inline bool sh_holds(const struct sh_times *times, int now)
{
	/* the clock stands behind the beginning of an hour */
	return (times->from == SH_NO_TIME || times->from <= now) && (times->until == SH_NO_TIME || times->until > now);
}

/* Is there no time at which both hold? */
static inline bool sh_apart(const struct sh_times *a, const struct sh_times *b)
{
	/* SH_NO_TIME is less than every time */
	int from = a->from > b->from ? a->from : b->from;

	return from != SH_NO_TIME && ((a->until != SH_NO_TIME && a->until <= from) ||
				      (b->until != SH_NO_TIME && b->until <= from));
}

static inline void sh_times_json(json_t *body, const struct sh_times *times)
{
	char text[RG_TIME_TEXT_MAX];

	if (times->from != SH_NO_TIME)
		json_object_set_new(body, "not_before",
				    json_string(rg_time_format(SH_BEGIN + (int64_t)times->from * SH_HOUR, text)));
	if (times->until != SH_NO_TIME)
		json_object_set_new(body, "expires",
				    json_string(rg_time_format(SH_BEGIN + (int64_t)times->until * SH_HOUR, text)));
}

static inline json_t *sh_order_json(const struct sh_rule *rule)
{
	json_t *order = json_pack("{s:s, s:s, s:s, s:s, s:s}", "jurisdiction", sh_jurisdictions[rule->order], "authority",
				  "Ministry", "basis", "Act", "reference", "R-1", "received", "2020-06-03");

	sh_times_json(order, &rule->order_times);
	return order;
}

static inline json_t *sh_rule_json(const struct sh_rule *rule)
{
	json_t *codes = json_array(), *body;
	char id[8];

	for (unsigned int i = 0; i < rule->n; i++)
		json_array_append_new(codes, json_string(sh_codes[rule->codes[i]]));
	snprintf(id, sizeof(id), "x%u", rule->id);
	body = json_pack("{s:s, s:s, s:o}", "id", id, "action", rule->refuse ? "refuse" : "admit", "regions", codes);
	sh_times_json(body, &rule->times);
	if (rule->order)
		json_object_set_new(body, "order", sh_order_json(rule));
	return body;
}

static inline json_t *sh_exception_json(const struct sh_exception *exception, const char *net)
{
	return json_pack("{s:s, s:s, s:s}", "network", net, "action", exception->refuse ? "refuse" : "admit", "reason",
			 "host");
}

#endif
