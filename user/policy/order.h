/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An order: who demands a rule, under which law, for which territory, until when. Pure.
 *
 *   order_json.c   JSON <-> struct
 *   territory.c    may a refusing rule reach what it names?
 */
#ifndef RG_ORDER_H
#define RG_ORDER_H

#include <jansson.h>
#include <stdbool.h>
#include "base/err.h"
#include "geo/regions.h"
#include "policy/time.h"

#define RG_ORDER_TEXT_MAX 256    /* bytes of each of its texts */
#define RG_GAG_YEARS_MAX  30     /* behind "received": a longer one is taken for one without an end */

struct rg_order {
	struct rg_region_spec jurisdiction; /* a country, a subdivision, or the group EU or EEA */
	char *authority, *basis, *reference;
	int64_t received;                   /* a day */
	int64_t gag_until;                  /* RG_TIME_MIN: there is none */
	char document_sha256[65];           /* "" if none */
	struct rg_window window;
	char *override_reason;              /* NULL: no override of the territorial guard */
	char *override_approved_by;
};

/** RG_ERR_INVALID with the pointer: a field that is missing, empty, unknown or of the wrong type; a
 *  jurisdiction that is none; a gag without an end; times that contradict each other. @ret owned
 *  by the caller. */
int rg_order_parse(const json_t *body, struct rg_order **ret, struct rg_err *err);
void rg_order_free(struct rg_order *order);
/** Canonical JSON; optional fields only where there are some. New reference. */
json_t *rg_order_to_json(const struct rg_order *order);
/** Is the order not to be spoken of at @time? */
bool rg_order_gagged(const struct rg_order *order, int64_t time);

/** Does all that @region names lie inside the territory? False for custom regions, whose networks
 *  have to be looked at, and for "unknown". */
bool rg_territory_holds(const struct rg_region_spec *jurisdiction, const struct rg_region_spec *region);
/** Does a place lie inside the territory? @country "" is nowhere. */
bool rg_territory_holds_place(const struct rg_region_spec *jurisdiction, const char *country,
			      const char *subdivision);

#endif
