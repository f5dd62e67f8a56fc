/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bodies of requests in unit tests; after cmocka.h. */
#ifndef RG_TEST_BODY_H
#define RG_TEST_BODY_H

#include <string.h>
#include "policy/meeting.h"

/** New reference. */
static inline json_t *given_json(const char *text)
{
	struct rg_err err = { 0 };
	json_t *json = NULL;

	if (rg_json_parse(text, strlen(text), &json, &err))
		fail_msg("%s: %s", text, err.detail);
	return json;
}

#endif
