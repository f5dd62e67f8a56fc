/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A second, simple model of meetings and custom regions: what the API must show, what the store must
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

#define SH_MEETINGS 9
#define SH_REGIONS 5
#define SH_ENDPOINTS 4
#define SH_RULES 4
#define SH_CODES 3 /* regions of a rule */
#define SH_NETS 4

static const char *const sh_addresses[] = { "any", "10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8:5::1",
					    "2001:db8:5::2" };
static const char *const sh_codes[] = { "CN", "DE", "US", "NO", "EU", "EEA", "continent:EU", "continent:AS",
					"unknown", "custom:c0", "custom:c1", "custom:c2", "custom:c3",
					"custom:c4" };
#define SH_CODE_CUSTOM 9
static const char *const sh_countries[] = { "", "CN", "DE", "US", "NO" };
/* Nested and disjoint, both families. */
static const char *const sh_nets[] = { "192.0.2.0/24", "192.0.2.128/25", "192.0.2.200/32",
				       "198.51.100.0/24", "203.0.113.0/25", "2001:db8:1::/48",
				       "2001:db8:1:8000::/49", "2001:db8:1:8000::1/128", "2001:db8::/32" };
/* In and beside them, some with the IPv4 address inside. */
static const char *const sh_sources[] = { "192.0.2.1", "192.0.2.129", "192.0.2.200", "198.51.100.7",
					  "203.0.113.5", "203.0.113.200", "2001:db8:1::5",
					  "2001:db8:1:8000::1", "2001:db8:1:8000::2", "2001:db8:2::1",
					  "2002:c000:281::1", "64:ff9b::192.0.2.200", "2001:4860::1" };
#define SH_COUNT(array) (sizeof(array) / sizeof(*(array)))

struct sh_endpoint { uint8_t address, port; bool tcp; };
struct sh_rule { uint8_t id, n; bool refuse; uint8_t codes[SH_CODES]; };
struct sh_meeting {
	bool exists, refuse, observe; /* refuse: by default */
	uint8_t n_endpoints, n_rules;
	struct sh_endpoint endpoints[SH_ENDPOINTS];
	struct sh_rule rules[SH_RULES];
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
};

/* --- as JSON */

static inline json_t *sh_rule_json(const struct sh_rule *rule)
{
	json_t *codes = json_array();
	char id[8];

	for (unsigned int i = 0; i < rule->n; i++)
		json_array_append_new(codes, json_string(sh_codes[rule->codes[i]]));
	snprintf(id, sizeof(id), "x%u", rule->id);
	return json_pack("{s:s, s:s, s:o}", "id", id, "action", rule->refuse ? "refuse" : "admit", "regions", codes);
}

static inline json_t *sh_endpoint_json(const struct sh_endpoint *e)
{
	return json_pack("{s:s, s:i, s:s}", "address", sh_addresses[e->address], "port", (int)e->port,
			 "protocol", e->tcp ? "tcp" : "udp");
}

static inline json_t *sh_meeting_json(const struct shadow *shadow, unsigned int i)
{
	const struct sh_meeting *m = &shadow->meetings[i];
	json_t *endpoints = json_array(), *rules = json_array();
	char id[8];

	for (unsigned int j = 0; j < m->n_endpoints; j++)
		json_array_append_new(endpoints, sh_endpoint_json(&m->endpoints[j]));
	for (unsigned int j = 0; j < m->n_rules; j++)
		json_array_append_new(rules, sh_rule_json(&m->rules[j]));
	snprintf(id, sizeof(id), "m-%u", i);
	return json_pack("{s:s, s:o, s:s, s:o, s:s}", "id", id, "endpoints", endpoints, "default",
			 m->refuse ? "refuse" : "admit", "rules", rules, "mode", m->observe ? "observe" : "enforce");
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

/* How many local addresses there are once @extra is added, "any" not counted. */
static inline unsigned int sh_count_locals(const struct shadow *shadow, const struct sh_meeting *extra)
{
	unsigned int bits = extra ? sh_locals_of(extra) : 0, n = 0;

	for (unsigned int i = 0; i < SH_MEETINGS; i++)
		bits |= sh_locals_of(&shadow->meetings[i]);
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

/* The meeting that holds an endpoint, -1: none. @address: index, not 0. */
static inline int sh_meeting_at(const struct shadow *shadow, unsigned int address, unsigned int port, bool tcp)
{
	const struct sh_meeting wanted = { .n_endpoints = 1,
					   .endpoints = { { (uint8_t)address, (uint8_t)port, tcp } } };

	return sh_conflict(shadow, SH_MEETINGS, &wanted);
}

/* The reason's text for a packet; *ret_meeting: -1 if none. */
static inline const char *sh_judge(const struct shadow *shadow, const char *source, unsigned int address,
				   unsigned int port, bool tcp, int *ret_meeting)
{
	unsigned int customs, country;
	const struct sh_meeting *m;

	*ret_meeting = sh_meeting_at(shadow, address, port, tcp);
	if (*ret_meeting < 0)
		return "pass_not_conference";
	m = &shadow->meetings[*ret_meeting];
	sh_locate(shadow, source, &customs, &country);
	for (unsigned int i = 0; i < m->n_rules; i++)
		for (unsigned int j = 0; j < m->rules[i].n; j++)
			if (sh_code_matches(m->rules[i].codes[j], customs, country))
				return !m->rules[i].refuse ? "admit_rule" :
				       m->observe ? "observe_refused" : "refuse_region";
	return !m->refuse ? "admit_default" : m->observe ? "observe_refused" : "refuse_default";
}

#endif
