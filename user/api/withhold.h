/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the role read does not see: the particulars of an order until the end of its gag. Pure. */
#ifndef RG_WITHHOLD_H
#define RG_WITHHOLD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** Of every order in @body (any JSON of the API) whose gag_until lies behind @now (seconds), set what
 *  tells about it to null: authority, basis, reference, received, document_sha256, override; its basis too where
 *  it stands beside the order or in a list of bases. "withheld": true says so. @body is not changed.
 *  @ret: a new reference to the copy, or to @body itself if there was nothing to withhold.
 *  Returns 0 or -ENOMEM. */
int rg_withhold(const json_t *body, int64_t now, json_t **ret);

#endif
