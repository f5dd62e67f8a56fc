/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Conditional requests (RFC 9110, section 13) on revisions. Pure.
 *
 * The entity tag of a resource is its revision in quotes: "17".
 */
#ifndef RG_CONDITIONS_H
#define RG_CONDITIONS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

/** What If-Match and If-None-Match (NULL if absent) ask of a change, as the engine takes it:
 *  RG_ANY_REVISION, RG_NO_RESOURCE, RG_SOME_RESOURCE or a revision. A condition that no
 *  revision can meet or that is not understood is RG_ERR_PRECONDITION (-EINVAL): a condition is
 *  never dropped. */
int rg_conditions_parse(const char *if_match, const char *if_none_match, uint64_t *ret,
			struct rg_err *err);

/** Does If-None-Match (NULL if absent) list this revision? Then a GET is answered by 304. */
bool rg_conditions_unchanged(const char *if_none_match, uint64_t revision);

/** Writes "17" with its quotes. */
void rg_etag_format(uint64_t revision, char ret[32]);

#endif
