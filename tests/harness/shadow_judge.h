/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How the model judges a packet, and orders. Included by shadow.h. */
#ifndef RG_TEST_SHADOW_JUDGE_H
#define RG_TEST_SHADOW_JUDGE_H

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

	if (sh_sites[m->sites].excludes >> shadow->place & 1)
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

/* The same in the mode that holds. */
static inline const char *sh_reason(const struct shadow *shadow, const struct sh_meeting *m, const char *source)
{
	const char *reason = sh_judge_meeting(shadow, m, source);

	return (shadow->observe || m->observe) && !strncmp(reason, "refuse", 6) ? "observe_refused" : reason;
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

	*ret_meeting = shared < 0 ? sh_meeting_at(shadow, address, port, tcp) :
		       ufrag ? sh_bound(shadow, (unsigned int)shared, ufrag) : -1;
	if (*ret_meeting >= 0)
		return sh_reason(shadow, &shadow->meetings[*ret_meeting], source);
	if (shared < 0)
		return "pass_not_conference";
	if (shadow->shared[shared].admit || (tcp && !ufrag))
		return "admit_flow_unbound";
	return shadow->observe ? "observe_refused" : ufrag ? "refuse_unknown_ufrag" : "refuse_unbound";
}

#endif
