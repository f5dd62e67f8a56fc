/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parts of a meeting's body, each in its own file; shared by these and by nothing else. */
#ifndef RG_MEETING_PRIVATE_H
#define RG_MEETING_PRIVATE_H

#include "policy/meeting.h"

/* Read a field of the body into @meeting, which is cleared by rg_meeting_free() also on failure. */
int rg_rules_parse(const json_t *body, struct rg_meeting_spec *meeting, struct rg_err *err);
int rg_exceptions_parse(const json_t *body, struct rg_meeting_spec *meeting, struct rg_err *err);
int rg_sites_parse(const json_t *body, struct rg_meeting_spec *meeting, struct rg_err *err);

/* Is an endpoint, a ufrag listed twice? INVALID with the pointer. */
int rg_endpoints_check(const struct rg_meeting_spec *meeting, struct rg_err *err);
int rg_ufrags_check(const struct rg_ufrag_spec *ufrags, size_t n, struct rg_err *err);

/* The first one; NULL: none. */
const struct rg_rule *rg_rule_by_id(const struct rg_meeting_spec *meeting, const char *id);
/* Rules without an id get "r" and their place, or the next number that is free. -ENOMEM. */
int rg_rules_name(struct rg_meeting_spec *meeting, struct rg_err *err);

void rg_rules_clear(struct rg_meeting_spec *meeting);
void rg_exceptions_clear(struct rg_meeting_spec *meeting);

/* Write a field, if there is something to write. 0, or -1 if memory is out. */
int rg_exceptions_write(json_t *body, const struct rg_meeting_spec *meeting);
int rg_sites_write(json_t *body, const struct rg_meeting_spec *meeting);

/** Parse a list of region codes, at most @max; @pointer is that of the list. @ret owned by the
 *  caller, also on failure. */
int rg_region_list_parse(const json_t *list, struct rg_region_spec **ret, size_t *ret_n, struct rg_err *err);
json_t *rg_region_list_to_json(const struct rg_region_spec *regions, size_t n);

#endif
