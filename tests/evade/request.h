/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Binding Requests of plans, built, and read as the most lenient server could. */
#ifndef RG_EVADE_REQUEST_H
#define RG_EVADE_REQUEST_H

#include "evade/plan.h"

/** A request for a name, framed if the plan is one of TCP; its transaction id begins with @id. @to: REQUEST_MAX
 *  bytes, or NULL. Returns its length. */
size_t build_request(const struct plan *plan, enum plan_name name, enum plan_odd odd, uint32_t id, uint8_t *to);
/** Does a message (unframed) name the ufrag of m-guarded in a request? @goes_on: its rest is to come in the next
 *  segment, so a name that is cut is none yet (docs/sfu.md; streams are put together in stream.h). Ret_id: what
 *  build_request() was given; untouched if it is no STUN message. */
bool request_names_guarded(const uint8_t *data, size_t n, bool goes_on, uint32_t *ret_id);

#endif
