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

/* --- how a packet is judged */

struct sh_address { bool v4; uint8_t bytes[16]; };

/* The address that counts: the IPv4 one inside, where there is one. */
static inline struct sh_address sh_address_of(const char *text)
{
	struct sh_address a = { .v4 = !strchr(text, ':') };

	inet_pton(a.v4 ? AF_INET : AF_INET6, text, a.bytes);
	if (!a.v4 && a.bytes[0] == 0x20 && a.bytes[1] == 2) {
		memmove(a.bytes, a.bytes + 2, 4);
		a.v4 = true;
	} else if (!a.v4 && !memcmp(a.bytes, "\0\x64\xff\x9b", 4)) {
		memmove(a.bytes, a.bytes + 12, 4);
		a.v4 = true;
	}
	return a;
}

/* The prefix length if the network holds the address, else -1. */
static inline int sh_net_holds(const char *net, const struct sh_address *address)
{
	char text[64];
	struct sh_address base;
	int length;

	snprintf(text, sizeof(text), "%.*s", (int)strcspn(net, "/"), net);
	base = (struct sh_address){ .v4 = !strchr(text, ':') };
	inet_pton(base.v4 ? AF_INET : AF_INET6, text, base.bytes);
	length = (int)strtol(strchr(net, '/') + 1, NULL, 10);
	if (base.v4 != address->v4)
		return -1;
	for (int bit = 0; bit < length; bit++)
		if ((base.bytes[bit / 8] ^ address->bytes[bit / 8]) >> (7 - bit % 8) & 1)
			return -1;
	return length;
}

/* Which custom regions hold it, and the country that the innermost one with a country says. */
static inline void sh_locate(const struct shadow *shadow, const char *source, unsigned int *ret_customs,
			     unsigned int *ret_country)
{
	struct sh_address address = sh_address_of(source);
	int longest = -1;

	*ret_customs = *ret_country = 0;
	for (unsigned int i = 0; i < SH_REGIONS; i++) {
		const struct sh_region *r = &shadow->regions[i];

		for (unsigned int j = 0; r->exists && j < r->n_nets; j++) {
			int length = sh_net_holds(sh_nets[r->nets[j]], &address);

			if (length < 0)
				continue;
			*ret_customs |= 1u << i;
			if (r->country && length >= longest) { /* of equals, the later name */
				longest = length;
				*ret_country = r->country;
			}
		}
	}
}

static inline bool sh_code_matches(unsigned int code, unsigned int customs, unsigned int country)
{
	/* bits of the countries: none CN DE US NO */
	static const uint8_t countries[] = { 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 2, 1 << 2 | 1 << 4,
					     1 << 2 | 1 << 4, 1 << 1, 1 << 0 };

	return code >= SH_CODE_CUSTOM ? customs >> (code - SH_CODE_CUSTOM) & 1 : countries[code] >> country & 1;
}

/* The exception that holds for an address, if any. */
static inline const struct sh_exception *sh_exception_for(const struct sh_meeting *m, const char *source)
{
	struct sh_address address = sh_address_of(source);
	const struct sh_exception *found = NULL;
	int longest = -1;

	for (unsigned int i = 0; i < m->n_exceptions; i++) {
		int length = sh_net_holds(sh_nets[m->exceptions[i].net], &address);

		if (length > longest) {
			longest = length;
			found = &m->exceptions[i];
		}
	}
	return found;
}

static inline bool sh_rule_names(const struct sh_rule *rule, unsigned int customs, unsigned int country)
{
	for (unsigned int i = 0; i < rule->n; i++)
		if (sh_code_matches(rule->codes[i], customs, country))
			return true;
	return false;
}

static inline bool sh_rule_matches(const struct sh_rule *rule, int now, unsigned int customs, unsigned int country)
{
	if (!sh_holds(&rule->times, now) || !sh_holds(&rule->order_times, now))
		return false;
	if (rule->order && !(sh_territories[rule->order] >> country & 1)) /* an order goes no further */
		return false;
	return sh_rule_names(rule, customs, country);
}

/* The reason's text, as if in mode enforce. */
static inline const char *sh_judge_meeting(const struct shadow *shadow, const struct sh_meeting *m, const char *source)
{
	const struct sh_exception *exception = sh_exception_for(m, source);
	unsigned int customs, country;

	if (sh_sites[m->sites].excludes_de)
		return "refuse_site";
	if (!sh_holds(&m->times, shadow->now))
		return "refuse_expired";
	if (exception)
		return exception->refuse ? "refuse_exception" : "admit_exception";
	sh_locate(shadow, source, &customs, &country);
	for (unsigned int i = 0; i < m->n_rules; i++)
		if (sh_rule_matches(&m->rules[i], shadow->now, customs, country))
			return m->rules[i].refuse ? "refuse_region" : "admit_rule";
	return m->refuse ? "refuse_default" : "admit_default";
}

/* Does the order of a rule reach out of its territory? Each combination of custom regions has an address in
 * sh_sources. */
static inline bool sh_rule_exceeds(const struct shadow *shadow, const struct sh_rule *rule)
{
	unsigned int customs, country;

	for (unsigned int i = 0; rule->order && i < rule->n; i++) {
		if (rule->codes[i] < SH_CODE_CUSTOM && !(sh_codes_inside[rule->order] >> rule->codes[i] & 1))
			return true;
		for (unsigned int j = 0; rule->codes[i] >= SH_CODE_CUSTOM && j < SH_COUNT(sh_sources); j++) {
			sh_locate(shadow, sh_sources[j], &customs, &country);
			if (sh_code_matches(rule->codes[i], customs, country) &&
			    !(sh_territories[rule->order] >> country & 1))
				return true;
		}
	}
	return false;
}

/* An order that holds at no time at which its rule does is none. */
static inline bool sh_orders_never(const struct sh_meeting *m)
{
	for (unsigned int i = 0; i < m->n_rules; i++)
		if (m->rules[i].order && sh_apart(&m->rules[i].times, &m->rules[i].order_times))
			return true;
	return false;
}

/* Has a meeting this rule already, as it is? Then nobody asks again. */
static inline bool sh_rule_stands(const struct sh_meeting *m, const struct sh_rule *rule)
{
	bool same = false;

	for (unsigned int i = 0; m->exists && !same && i < m->n_rules; i++) {
		json_t *a = sh_rule_json(&m->rules[i]), *b = sh_rule_json(rule);

		same = json_equal(a, b);
		json_decref(a);
		json_decref(b);
	}
	return same;
}

/* @self: whose new body it is. */
static inline bool sh_orders_exceed(const struct shadow *shadow, unsigned int self, const struct sh_meeting *m)
{
	for (unsigned int i = 0; i < m->n_rules; i++)
		if (sh_rule_exceeds(shadow, &m->rules[i]) && !sh_rule_stands(&shadow->meetings[self], &m->rules[i]))
			return true;
	return false;
}

/* The meeting that holds an endpoint, -1: none. @address: index, not 0. */
static inline int sh_meeting_at(const struct shadow *shadow, unsigned int address, unsigned int port, bool tcp)
{
	const struct sh_meeting wanted = { .n_endpoints = 1,
					   .endpoints = { { (uint8_t)address, (uint8_t)port, tcp } } };

	return sh_conflict(shadow, SH_MEETINGS, &wanted);
}

/* The meeting that a request with this ufrag is for, -1: none. */
static inline int sh_bound(const struct shadow *shadow, unsigned int shared, const char *ufrag)
{
	for (unsigned int i = 0; i < SH_UFRAGS; i++)
		if (shadow->shared[shared].prefix ? !strncmp(sh_ufrags[i], ufrag, SH_PREFIX) &&
						     strlen(sh_ufrags[i]) == SH_PREFIX :
						     !strcmp(sh_ufrags[i], ufrag))
			return sh_holder(shadow, shared * SH_UFRAGS + i);
	return -1;
}

/* The reason's text for a packet without a flow, with a Binding Request for @ufrag or (NULL) without
 * payload; *ret_meeting: -1 if none. */
static inline const char *sh_judge(const struct shadow *shadow, const char *source, unsigned int address,
				   unsigned int port, bool tcp, const char *ufrag, int *ret_meeting)
{
	int shared = sh_shared_at(shadow, address, port, tcp);
	const struct sh_meeting *m;
	const char *reason;

	*ret_meeting = shared < 0 ? sh_meeting_at(shadow, address, port, tcp) :
		       ufrag ? sh_bound(shadow, (unsigned int)shared, ufrag) : -1;
	if (*ret_meeting < 0 && shared < 0)
		return "pass_not_conference";
	if (*ret_meeting < 0 && (shadow->shared[shared].admit || (tcp && !ufrag)))
		return "admit_flow_unbound";
	if (*ret_meeting < 0)
		return ufrag ? "refuse_unknown_ufrag" : "refuse_unbound";
	m = &shadow->meetings[*ret_meeting];
	reason = sh_judge_meeting(shadow, m, source);
	return m->observe && !strncmp(reason, "refuse", 6) ? "observe_refused" : reason;
}

#endif
