/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A second, simple model of meetings, shared endpoints and custom regions: what the API must show, what the store must
 * hold, and how a packet must be judged. Everything is picked from small pools, so that meetings get
 * in each other's way; every question is answered by a walk over everything.
 */
#ifndef RG_TEST_SHADOW_H
#define RG_TEST_SHADOW_H

#include <arpa/inet.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "base/err.h"
#include "harness/shadow_rules.h"

#define SH_MEETINGS 9
#define SH_REGIONS 5
#define SH_ENDPOINTS 4
#define SH_RULES 4
#define SH_NETS 4
#define SH_SHARED 3
#define SH_PREFIX 6 /* of shared endpoints with a ufrag_prefix */

static const char *const sh_addresses[] = { "any", "10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8:5::1",
					    "2001:db8:5::2" };
/* Nested and disjoint, both families. */
static const char *const sh_nets[] = { "192.0.2.0/24", "192.0.2.128/25", "192.0.2.200/32",
				       "198.51.100.0/24", "203.0.113.0/25", "2001:db8:1::/48",
				       "2001:db8:1:8000::/49", "2001:db8:1:8000::1/128", "2001:db8::/32" };
/* In and beside them, some with the IPv4 address inside. */
static const char *const sh_sources[] = { "192.0.2.1", "192.0.2.129", "192.0.2.200", "198.51.100.7",
					  "203.0.113.5", "203.0.113.200", "2001:db8:1::5",
					  "2001:db8:1:8000::1", "2001:db8:1:8000::2", "2001:db8:2::1",
					  "2002:c000:281::1", "64:ff9b::192.0.2.200", "2001:4860::1" };
/* Beginnings of each other, of the length of the prefix or not; the last one is a long one. */
static const char *const sh_ufrags[] = { "abcd", "wx/+", "abcdef", "abcdxy", "abcdefgh",
					 "abcdef-0123456789-0123456789-0123456789" };
#define SH_UFRAGS 6
#define SH_LONG_UFRAGS 0x20820u /* in a meeting's bits */
#define SH_COUNT(array) (sizeof(array) / sizeof(*(array)))

struct sh_endpoint { uint8_t address, port; bool tcp; };
struct sh_meeting {
	bool exists, refuse, observe; /* refuse: by default */
	uint8_t n_endpoints, n_rules;
	struct sh_endpoint endpoints[SH_ENDPOINTS];
	struct sh_rule rules[SH_RULES];
	uint8_t n_exceptions, sites;
	struct sh_exception exceptions[SH_EXCEPTIONS];
	struct sh_times times;
	uint32_t ufrags; /* bit: shared endpoint * SH_UFRAGS + ufrag */
	uint64_t revision;
};
struct sh_shared {
	bool exists, tcp, admit, prefix; /* admit: what is unbound */
	uint8_t address, first, last;
	uint64_t revision;
};
struct sh_region {
	bool exists;
	uint8_t country, n_nets, nets[SH_NETS];
	uint64_t revision;
};
struct shadow {
	struct sh_meeting meetings[SH_MEETINGS];
	struct sh_region regions[SH_REGIONS];
	struct sh_shared shared[SH_SHARED];
	int now; /* the hour in whose middle the clock stands */
	bool observe;  /* the global mode */
	uint8_t place; /* of sh_places */
};

/* --- as JSON */

static inline json_t *sh_endpoint_json(const struct sh_endpoint *e)
{
	return json_pack("{s:s, s:i, s:s}", "address", sh_addresses[e->address], "port", (int)e->port,
			 "protocol", e->tcp ? "tcp" : "udp");
}

static inline json_t *sh_ufrags_json(uint32_t bits)
{
	json_t *list = json_array();
	char name[8];

	for (unsigned int bit = 0; bit < SH_SHARED * SH_UFRAGS; bit++) {
		if (!(bits >> bit & 1))
			continue;
		snprintf(name, sizeof(name), "s%u", bit / SH_UFRAGS);
		json_array_append_new(list, json_pack("{s:s, s:s}", "endpoint", name, "ufrag",
						      sh_ufrags[bit % SH_UFRAGS]));
	}
	return list;
}

static inline json_t *sh_shared_json(const struct shadow *shadow, unsigned int i)
{
	const struct sh_shared *s = &shadow->shared[i];
	char name[8], ports[8];

	snprintf(name, sizeof(name), "s%u", i);
	snprintf(ports, sizeof(ports), "%u-%u", s->first, s->last);
	return json_pack("{s:s, s:s, s:o, s:s, s:s, s:o}", "name", name, "address", sh_addresses[s->address],
			 s->first == s->last ? "port" : "ports",
			 s->first == s->last ? json_integer(s->first) : json_string(ports),
			 "protocol", s->tcp ? "tcp" : "udp", "unbound", s->admit ? "admit" : "refuse",
			 "ufrag_prefix", s->prefix ? json_integer(SH_PREFIX) : json_null());
}

static inline json_t *sh_meeting_json(const struct shadow *shadow, unsigned int i)
{
	const struct sh_meeting *m = &shadow->meetings[i];
	json_t *endpoints = json_array(), *rules = json_array(), *exceptions = json_array(), *body;
	char id[8];

	for (unsigned int j = 0; j < m->n_endpoints; j++)
		json_array_append_new(endpoints, sh_endpoint_json(&m->endpoints[j]));
	for (unsigned int j = 0; j < m->n_rules; j++)
		json_array_append_new(rules, sh_rule_json(&m->rules[j]));
	for (unsigned int j = 0; j < m->n_exceptions; j++)
		json_array_append_new(exceptions, sh_exception_json(&m->exceptions[j], sh_nets[m->exceptions[j].net]));
	snprintf(id, sizeof(id), "m-%u", i);
	body = json_pack("{s:s, s:o, s:o, s:s, s:o, s:s}", "id", id, "endpoints", endpoints,
			 "ufrags", sh_ufrags_json(m->ufrags), "default", m->refuse ? "refuse" : "admit",
			 "rules", rules, "mode", m->observe ? "observe" : "enforce");
	if (m->n_exceptions)
		json_object_set(body, "exceptions", exceptions);
	json_decref(exceptions);
	if (m->sites)
		json_object_set_new(body, "sites", json_pack("{s:[s]}", sh_sites[m->sites].list, sh_sites[m->sites].code));
	sh_times_json(body, &m->times);
	return body;
}

static inline json_t *sh_region_json(const struct shadow *shadow, unsigned int i)
{
	const struct sh_region *r = &shadow->regions[i];
	json_t *nets = json_array();

	for (unsigned int j = 0; j < r->n_nets; j++)
		json_array_append_new(nets, json_string(sh_nets[r->nets[j]]));
	return json_pack("{s:s?, s:o}", "country", r->country ? sh_countries[r->country] : NULL, "networks", nets);
}

/* --- what is allowed */

/* Another meeting that holds one of its endpoints ("any" is every address); -1: none. */
static inline int sh_conflict(const struct shadow *shadow, unsigned int self, const struct sh_meeting *wanted)
{
	for (unsigned int i = 0; i < SH_MEETINGS; i++) {
		const struct sh_meeting *m = &shadow->meetings[i];

		for (unsigned int j = 0; m->exists && i != self && j < m->n_endpoints; j++)
			for (unsigned int k = 0; k < wanted->n_endpoints; k++) {
				const struct sh_endpoint *a = &m->endpoints[j], *b = &wanted->endpoints[k];

				if (a->port == b->port && a->tcp == b->tcp &&
				    (a->address == b->address || !a->address || !b->address))
					return (int)i;
			}
	}
	return -1;
}

static inline bool sh_same_shared(const struct sh_shared *a, const struct sh_shared *b)
{
	return a->exists && b->exists && a->tcp == b->tcp && a->admit == b->admit && a->prefix == b->prefix &&
	       a->address == b->address && a->first == b->first && a->last == b->last;
}

/* The shared endpoint but @self that a range of ports meets ("any" is every address); -1: none. */
static inline int sh_shared_overlap(const struct shadow *shadow, unsigned int self, const struct sh_shared *wanted)
{
	for (unsigned int i = 0; i < SH_SHARED; i++) {
		const struct sh_shared *s = &shadow->shared[i];

		if (s->exists && i != self && s->tcp == wanted->tcp && s->first <= wanted->last &&
		    s->last >= wanted->first &&
		    (s->address == wanted->address || !s->address || !wanted->address))
			return (int)i;
	}
	return -1;
}

static inline int sh_shared_at(const struct shadow *shadow, unsigned int address, unsigned int port, bool tcp)
{
	const struct sh_shared wanted = { .address = (uint8_t)address, .first = (uint8_t)port,
					  .last = (uint8_t)port, .tcp = tcp };

	return sh_shared_overlap(shadow, SH_SHARED, &wanted);
}

static inline bool sh_meets_shared(const struct shadow *shadow, const struct sh_meeting *m)
{
	for (unsigned int i = 0; i < m->n_endpoints; i++)
		if (sh_shared_at(shadow, m->endpoints[i].address, m->endpoints[i].port, m->endpoints[i].tcp) >= 0)
			return true;
	return false;
}

static inline bool sh_meets_dedicated(const struct shadow *shadow, const struct sh_shared *s)
{
	for (unsigned int port = s->first; port <= s->last; port++) {
		const struct sh_meeting wanted = { .n_endpoints = 1,
						   .endpoints = { { s->address, (uint8_t)port, s->tcp } } };

		if (sh_conflict(shadow, SH_MEETINGS, &wanted) >= 0)
			return true;
	}
	return false;
}

/* The bits of one shared endpoint's ufrags. */
static inline uint32_t sh_bits_of(unsigned int shared)
{
	return ((1u << SH_UFRAGS) - 1) << shared * SH_UFRAGS;
}

static inline bool sh_ufrag_fits(const struct shadow *shadow, unsigned int bit)
{
	const struct sh_shared *s = &shadow->shared[bit / SH_UFRAGS];

	return s->exists && (!s->prefix || strlen(sh_ufrags[bit % SH_UFRAGS]) == SH_PREFIX);
}

/* The meeting that holds a ufrag, -1: none. */
static inline int sh_holder(const struct shadow *shadow, unsigned int bit)
{
	for (unsigned int i = 0; i < SH_MEETINGS; i++)
		if (shadow->meetings[i].exists && shadow->meetings[i].ufrags >> bit & 1)
			return (int)i;
	return -1;
}

/* Of the first ufrag that meeting @self can not have. */
static inline enum rg_errc sh_ufrags_error(const struct shadow *shadow, unsigned int self, uint32_t bits)
{
	for (unsigned int bit = 0; bit < SH_SHARED * SH_UFRAGS; bit++) {
		int holder = sh_holder(shadow, bit);

		if (!(bits >> bit & 1))
			continue;
		if (!sh_ufrag_fits(shadow, bit))
			return RG_ERR_INVALID;
		if (holder >= 0 && holder != (int)self)
			return RG_ERR_CONFLICT;
	}
	return RG_ERR_NONE;
}

/* Every ufrag that is held. */
static inline uint32_t sh_all_ufrags(const struct shadow *shadow)
{
	uint32_t bits = 0;

	for (unsigned int i = 0; i < SH_MEETINGS; i++)
		bits |= shadow->meetings[i].exists ? shadow->meetings[i].ufrags : 0;
	return bits;
}

static inline bool sh_regions_exist(const struct shadow *shadow, const struct sh_meeting *m)
{
	for (unsigned int i = 0; i < m->n_rules; i++)
		for (unsigned int j = 0; j < m->rules[i].n; j++) {
			unsigned int code = m->rules[i].codes[j];

			if (code >= SH_CODE_CUSTOM && !shadow->regions[code - SH_CODE_CUSTOM].exists)
				return false;
		}
	return true;
}

static inline bool sh_region_used(const struct shadow *shadow, unsigned int region)
{
	struct shadow without = *shadow;

	without.regions[region].exists = false;
	for (unsigned int i = 0; i < SH_MEETINGS; i++)
		if (shadow->meetings[i].exists && !sh_regions_exist(&without, &shadow->meetings[i]))
			return true;
	return false;
}

static inline unsigned int sh_count_meetings(const struct shadow *shadow)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < SH_MEETINGS; i++)
		n += shadow->meetings[i].exists;
	return n;
}

static inline unsigned int sh_count_endpoints(const struct shadow *shadow)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < SH_MEETINGS; i++)
		n += shadow->meetings[i].exists ? shadow->meetings[i].n_endpoints : 0;
	return n;
}

/* Local addresses of a meeting, as bits; "any" is bit 0. */
static inline unsigned int sh_locals_of(const struct sh_meeting *m)
{
	unsigned int bits = 0;

	for (unsigned int i = 0; m->exists && i < m->n_endpoints; i++)
		bits |= 1u << m->endpoints[i].address;
	return bits;
}

/* How many local addresses there are once those with the bits @extra are added, "any" not counted. */
static inline unsigned int sh_count_locals(const struct shadow *shadow, unsigned int extra)
{
	unsigned int bits = extra, n = 0;

	for (unsigned int i = 0; i < SH_MEETINGS; i++)
		bits |= sh_locals_of(&shadow->meetings[i]);
	for (unsigned int i = 0; i < SH_SHARED; i++)
		bits |= shadow->shared[i].exists ? 1u << shadow->shared[i].address : 0;
	for (bits >>= 1; bits; bits >>= 1)
		n += bits & 1;
	return n;
}

#include "harness/shadow_judge.h"

#endif
