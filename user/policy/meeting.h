/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A meeting as the API sees it: the struct, its JSON, its policy. Pure.
 *
 *   meeting_json.c    JSON <-> struct, with a pointer to every field that is wrong
 *   meeting_text.c    struct -> text, for the store; meeting_read.c: text -> struct, the common kind
 *   endpoint_json.c   ufrags and shared endpoints (endpoint.h)
 *   rule_json.c       rules, with their orders (order.h)
 *   exception_json.c  exceptions; sites_json.c: sites
 *   region_json.c     custom regions
 *   policy.h          rules -> two bits per region id; judge.h: the same, and why
 */
#ifndef RG_MEETING_H
#define RG_MEETING_H

#include <jansson.h>
#include <stdbool.h>
#include "base/err.h"
#include "base/ip.h"
#include "geo/geo.h"
#include "policy/endpoint.h"
#include "policy/order.h"
#include "policy/time.h"
#include "rg_abi.h"

#define RG_REGIONS_PER_RULE_MAX 1024
#define RG_EXCEPTION_REASON_MAX 256 /* bytes */
#define RG_SITES_MAX 256            /* regions of a meeting's sites */

struct rg_endpoint_spec {
	struct rg_addr address; /* all zero: "any" */
	__u16 port;             /* 1..65535 */
	__u8 protocol;          /* IPPROTO_UDP or IPPROTO_TCP */
};

struct rg_rule {
	char *id;               /* unique in the meeting; "r1", "r2" ... if the client gave none */
	bool refuse;            /* action: refuse, else admit */
	struct rg_region_spec *regions;
	size_t n_regions;       /* 0 is legal and matches nothing */
	struct rg_window window;
	struct rg_order *order; /* NULL: the meeting owner's own choice */
};

/* A network that is judged ahead of the rules; of those around an address the longest one holds. */
struct rg_exception {
	struct rg_net network;
	bool refuse;            /* else admit */
	char *reason;
};

/* Where the meeting's media may be: a server whose site it excludes refuses all of it. */
struct rg_sites {
	bool given, allow;      /* allow: only these; else all but these */
	struct rg_region_spec *regions; /* no custom ones, and not "unknown" */
	size_t n_regions;
};

struct rg_meeting_spec {
	char id[RG_MEETING_ID_MAX + 1];
	struct rg_endpoint_spec *endpoints;
	size_t n_endpoints;
	struct rg_ufrag_spec *ufrags;
	size_t n_ufrags;
	bool default_refuse;
	struct rg_rule *rules;  /* in order; the first match wins */
	size_t n_rules;
	struct rg_exception *exceptions; /* no network twice */
	size_t n_exceptions;
	struct rg_sites sites;
	bool observe;           /* mode "observe", else "enforce" */
	struct rg_window window; /* outside of it all is refused (refuse_expired) */
};

/** Parse a PUT body. @id: from the path (then "id" in the body may be absent but must be
 *  equal), or NULL (then it is required). Defaults: endpoints [], ufrags [], default "admit", rules [],
 *  mode "enforce", protocol "udp". RG_ERR_INVALID with the pointer for: unknown fields (each
 *  object), wrong types, ids that are not 1-64 of A-Z a-z 0-9 . _ : -, bad addresses, ports
 *  outside 1..65535, unknown regions, duplicate rule ids, an endpoint listed twice, "::" or
 *  "0.0.0.0" (say "any"), multicast addresses, more than RG_*_PER_MEETING_MAX, orders (order.h),
 *  contradicting times, more times than a schedule has steps, a network that is excepted twice.
 *  @ret owned by the caller. */
int rg_meeting_parse(const json_t *body, const char *id, struct rg_meeting_spec **ret,
		     struct rg_err *err);
void rg_meeting_free(struct rg_meeting_spec *meeting);
/** Canonical JSON: the fields that have a default are all there, the others where they were given;
 *  addresses and times in canonical text. New reference. */
json_t *rg_meeting_to_json(const struct rg_meeting_spec *meeting);
/** The same as a compact text, as the store keeps it: byte for byte what a dump of that JSON is. Owned
 *  by the caller; NULL if memory is out. */
char *rg_meeting_to_text(const struct rg_meeting_spec *meeting);
/** What rg_json_parse() and then rg_meeting_parse() make of a text, without JSON values, if it is of the common
 *  kind: no times, orders, exceptions and sites, no escapes. -EINVAL: it is not, or it is wrong; those two tell.
 *  -ENOMEM. @ret owned by the caller, untouched on failure. */
int rg_meeting_from_text(const char *text, size_t length, const char *id, struct rg_meeting_spec **ret);
bool rg_meeting_id_ok(const char *id);

/** Parse a custom region's PUT body: a list of networks, or {"networks": [...], "country": "CN"}.
 *  RG_ERR_INVALID with the pointer. @ret->networks owned by the caller (rg_custom_region_clear). */
int rg_custom_region_parse(const json_t *body, const char *name, struct rg_custom_region *ret,
			   struct rg_err *err);
void rg_custom_region_clear(struct rg_custom_region *region);
json_t *rg_custom_region_to_json(const struct rg_custom_region *region);

/** When a rule holds: in its own window and in that of its order. */
struct rg_window rg_rule_window(const struct rg_rule *rule);
/** Under which law: the order's basis, or "owner". */
const char *rg_rule_basis(const struct rg_rule *rule);
/** May the territorial guard cut what the rule reaches? Refusing, with an order, not overridden. */
bool rg_rule_bounded(const struct rg_rule *rule);
/** Canonical JSON of a rule. New reference. */
json_t *rg_rule_to_json(const struct rg_rule *rule);

/** Does the meeting exclude @site (NULL: it is not known where this server stands, so whatever
 *  restricts sites excludes it)? Of a site that is known by its country only, a refused subdivision of
 *  that country may be the one. */
bool rg_sites_exclude(const struct rg_sites *sites, const struct rg_region_spec *site);

/** JSON text -> value: duplicate keys refused, depth bounded by jansson. RG_ERR_SYNTAX with
 *  line and column. New reference in @ret. */
int rg_json_parse(const char *text, size_t length, json_t **ret, struct rg_err *err);

#endif
