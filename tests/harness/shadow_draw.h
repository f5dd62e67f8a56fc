/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random meetings. Included by test_engine_random.c behind its state: shadow, rnd, PORTS and MAX_*. */
#ifndef RG_TEST_SHADOW_DRAW_H
#define RG_TEST_SHADOW_DRAW_H

#include "evade/random.h"
#include "harness/shadow.h"

static void draw_endpoints(struct sh_meeting *m)
{
	m->n_endpoints = (uint8_t)rnd_below(&rnd, SH_ENDPOINTS + 1);
	for (unsigned int i = 0; i < m->n_endpoints; i++) {
		struct sh_endpoint *e = &m->endpoints[i];

		e->address = (uint8_t)(rnd_one_in(&rnd, 8) ? 0 : 1 + rnd_below(&rnd, SH_COUNT(sh_addresses) - 1));
		e->port = (uint8_t)(1 + rnd_below(&rnd, PORTS));
		e->tcp = rnd_one_in(&rnd, 3);
		for (unsigned int j = 0; j < i; j++)
			if (!memcmp(e, &m->endpoints[j], sizeof(*e))) { /* twice: leave it out */
				m->n_endpoints = (uint8_t)i;
				return;
			}
	}
}

/* Around now; mostly none. */
static struct sh_times draw_times(unsigned int one_in)
{
	struct sh_times times = { SH_NO_TIME, SH_NO_TIME };

	if (!rnd_one_in(&rnd, one_in))
		return times;
	if (rnd_one_in(&rnd, 2))
		times.from = (int16_t)(shadow.now - 2 + (int)rnd_below(&rnd, 5));
	if (rnd_one_in(&rnd, 2))
		times.until = (int16_t)((times.from == SH_NO_TIME ? shadow.now - 2 : times.from) + 1 + (int)rnd_below(&rnd, 5));
	return times;
}

/* An order, mostly for what is inside its jurisdiction. */
static void draw_order(struct sh_rule *rule)
{
	rule->order = (uint8_t)(1 + rnd_below(&rnd, SH_COUNT(sh_jurisdictions) - 1));
	rule->order_times = draw_times(4);
	if (rnd_one_in(&rnd, 6))
		return;
	if (rnd_one_in(&rnd, 2)) { /* for what a custom region holds now, and will not always */
		unsigned int i = rnd_below(&rnd, SH_REGIONS), country = shadow.regions[i].country;

		rule->n = 1;
		rule->codes[0] = (uint8_t)(SH_CODE_CUSTOM + i);
		rule->order = (uint8_t)(country == 1 || country == 2 ? country : SH_COUNT(sh_jurisdictions) - 1);
	}
	for (unsigned int i = 0; i < rule->n; i++)
		while (rule->codes[i] < SH_CODE_CUSTOM && !(sh_codes_inside[rule->order] >> rule->codes[i] & 1))
			rule->codes[i] = (uint8_t)rnd_below(&rnd, SH_COUNT(sh_codes));
}

static void draw_exceptions(struct sh_meeting *m)
{
	unsigned int first = rnd_below(&rnd, SH_COUNT(sh_nets));

	m->n_exceptions = (uint8_t)rnd_below(&rnd, SH_EXCEPTIONS + 1);
	for (unsigned int i = 0; i < m->n_exceptions; i++)
		m->exceptions[i] = (struct sh_exception){ (uint8_t)((first + i * 2) % SH_COUNT(sh_nets)), rnd_one_in(&rnd, 2) };
}

static void draw_rules(struct sh_meeting *m)
{
	m->n_rules = (uint8_t)rnd_below(&rnd, SH_RULES + 1);
	for (unsigned int i = 0; i < m->n_rules; i++) {
		struct sh_rule *rule = &m->rules[i];

		rule->id = (uint8_t)(10 + i);
		rule->refuse = rnd_one_in(&rnd, 2);
		rule->n = (uint8_t)rnd_below(&rnd, SH_CODES + 1);
		for (unsigned int j = 0; j < rule->n; j++)
			rule->codes[j] = (uint8_t)rnd_below(&rnd, SH_COUNT(sh_codes));
		rule->times = draw_times(5);
		rule->order_times = (struct sh_times){ SH_NO_TIME, SH_NO_TIME };
		if (rule->refuse && rnd_one_in(&rnd, 3))
			draw_order(rule);
	}
}

/* Mostly such as the shared endpoints can have. */
static uint32_t draw_ufrags(void)
{
	uint32_t bits = 0;

	for (unsigned int bit = 0; bit < SH_SHARED * SH_UFRAGS; bit++)
		if (rnd_one_in(&rnd, sh_ufrag_fits(&shadow, bit) ? 8 : 150))
			bits |= 1u << bit;
	return bits;
}

static void mend_rules(struct sh_meeting *m)
{
	for (unsigned int i = 0; i < m->n_rules; i++) {
		struct sh_rule *rule = &m->rules[i];

		for (unsigned int j = 0; j < rule->n; j++)
			if (rule->codes[j] >= SH_CODE_CUSTOM && !shadow.regions[rule->codes[j] - SH_CODE_CUSTOM].exists)
				rule->codes[j] = (uint8_t)rnd_below(&rnd, SH_CODE_CUSTOM);
		if (sh_rule_exceeds(&shadow, rule) || sh_apart(&rule->times, &rule->order_times)) {
			rule->order = 0;
			rule->order_times = (struct sh_times){ SH_NO_TIME, SH_NO_TIME };
		}
	}
}

/* Take away what another meeting or a shared endpoint is in the way of, so that most calls are good ones. */
static void mend(unsigned int self, struct sh_meeting *m)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < m->n_endpoints; i++) {
		const struct sh_meeting one = { .exists = true, .n_endpoints = 1, .endpoints = { m->endpoints[i] } };

		if (sh_conflict(&shadow, self, &one) < 0 && !sh_meets_shared(&shadow, &one) &&
		    sh_count_locals(&shadow, sh_locals_of(&one)) <= MAX_LOCALS)
			m->endpoints[n++] = m->endpoints[i];
	}
	memset(&m->endpoints[n], 0, (SH_ENDPOINTS - n) * sizeof(*m->endpoints));
	m->n_endpoints = (uint8_t)n;
	mend_rules(m);
	for (unsigned int bit = 0; bit < SH_SHARED * SH_UFRAGS; bit++)
		if (sh_ufrags_error(&shadow, self, m->ufrags & 1u << bit))
			m->ufrags &= ~(1u << bit);
	if (__builtin_popcount(sh_all_ufrags(&shadow) | m->ufrags) > MAX_UFRAGS)
		m->ufrags = 0;
}

/* @self: for which. */
static struct sh_meeting draw_meeting(unsigned int self)
{
	struct sh_meeting m = { .exists = true, .refuse = rnd_one_in(&rnd, 2), .observe = rnd_one_in(&rnd, 4) };

	draw_endpoints(&m);
	draw_rules(&m);
	m.times = draw_times(6);
	if (rnd_one_in(&rnd, 3))
		draw_exceptions(&m);
	if (rnd_one_in(&rnd, 6))
		m.sites = (uint8_t)rnd_below(&rnd, SH_COUNT(sh_sites));
	if (rnd_one_in(&rnd, 2))
		m.ufrags = draw_ufrags();
	if (!rnd_one_in(&rnd, 5))
		mend(self, &m);
	return m;
}

/* Make a good body bad. */
static void spoil(json_t *body)
{
	json_t *list = json_object_get(body, rnd_one_in(&rnd, 2) ? "endpoints" : "rules");

	switch (rnd_below(&rnd, 10)) {
	case 0: json_object_set_new(body, "unknown_field", json_null()); break;
	case 1: json_object_set_new(body, "default", json_string("maybe")); break;
	case 2: json_object_set_new(body, "mode", json_integer(1)); break;
	case 3: json_object_set_new(body, "endpoints", json_object()); break;
	case 4: json_object_set_new(body, "id", json_string("another")); break;
	case 5: json_array_append_new(list, json_string("x")); break;
	case 6: json_array_append_new(json_object_get(body, "endpoints"),
				      json_pack("{s:s, s:i}", "address", "10.0.0.1", "port", 65536)); break;
	case 7: json_array_append_new(json_object_get(body, "endpoints"),
				      json_pack("{s:s, s:i}", "address", "239.0.0.1", "port", 1)); break;
	case 8: json_array_append_new(json_object_get(body, "rules"),
				      json_pack("{s:s, s:[s]}", "action", "refuse", "regions", "XX")); break;
	default: json_array_append_new(json_object_get(body, "rules"),
				       json_pack("{s:s, s:[s]}", "action", "refuse", "regions", "custom:nobody"));
	}
}

#endif
