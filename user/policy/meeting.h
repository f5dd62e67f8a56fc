/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A meeting as the API sees it: the struct, its JSON, its policy. Pure.
 *
 *   meeting_json.c  JSON <-> struct, with a pointer to every field that is wrong
 *   endpoint_json.c the same for ufrags and shared endpoints (endpoint.h)
 *   region_json.c   the same for custom regions
 *   compile.c       rules -> two bits per region id
 */
#ifndef RG_MEETING_H
#define RG_MEETING_H

#include <jansson.h>
#include <stdbool.h>
#include "base/err.h"
#include "base/ip.h"
#include "geo/geo.h"
#include "policy/endpoint.h"
#include "rg_abi.h"

#define RG_REGIONS_PER_RULE_MAX 1024

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
	bool observe;           /* mode "observe", else "enforce" */
};

/** Parse a PUT body. @id: from the path (then "id" in the body may be absent but must be
 *  equal), or NULL (then it is required). Defaults: endpoints [], ufrags [], default "admit", rules [],
 *  mode "enforce", protocol "udp". RG_ERR_INVALID with the pointer for: unknown fields (each
 *  object), wrong types, ids that are not 1-64 of A-Z a-z 0-9 . _ : -, bad addresses, ports
 *  outside 1..65535, unknown regions, duplicate rule ids, an endpoint listed twice, "::" or
 *  "0.0.0.0" (say "any"), multicast addresses, more than RG_*_PER_MEETING_MAX.
 *  @ret owned by the caller. */
int rg_meeting_parse(const json_t *body, const char *id, struct rg_meeting_spec **ret,
		     struct rg_err *err);
void rg_meeting_free(struct rg_meeting_spec *meeting);
/** Canonical JSON: every field present, addresses in canonical text. New reference. */
json_t *rg_meeting_to_json(const struct rg_meeting_spec *meeting);
bool rg_meeting_id_ok(const char *id);

/** Parse a custom region's PUT body: a list of networks, or {"networks": [...], "country": "CN"}.
 *  RG_ERR_INVALID with the pointer. @ret->networks owned by the caller (rg_custom_region_clear). */
int rg_custom_region_parse(const json_t *body, const char *name, struct rg_custom_region *ret,
			   struct rg_err *err);
void rg_custom_region_clear(struct rg_custom_region *region);
json_t *rg_custom_region_to_json(const struct rg_custom_region *region);

/** Compile a meeting's rules for the classes known now: first match wins, then the default.
 *  Only classes [0, rg_classes_count) that @blocks have room for get bits; compile again when
 *  classes are added. */
void rg_policy_compile(const struct rg_meeting_spec *meeting, const struct rg_classes *classes,
		       struct rg_policy_block *blocks, size_t n_blocks);

/** The first rule that matches a class, or NULL (then the default decides). */
const struct rg_rule *rg_meeting_rule_for(const struct rg_meeting_spec *meeting,
					  const struct rg_class *class);
/** The rules in normal form, "refuse CN,HK; admit EU; default refuse": neighbours of one action
 *  merged, regions sorted. Meetings with one text have one policy, whatever classes there will
 *  be. Owned by the caller; NULL if memory is out. */
char *rg_policy_text(const struct rg_meeting_spec *meeting);

/** JSON text -> value: duplicate keys refused, depth bounded by jansson. RG_ERR_SYNTAX with
 *  line and column. New reference in @ret. */
int rg_json_parse(const char *text, size_t length, json_t **ret, struct rg_err *err);

#endif
