/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Errors as RFC 9457 problem details. Pure. */
#ifndef RG_PROBLEM_H
#define RG_PROBLEM_H

#include <jansson.h>
#include "base/err.h"

#define RG_PROBLEM_TYPE "application/problem+json"

/** {"type","title","status","detail","pointer","regions"}; pointer and regions are left out if empty.
 *  New reference, NULL if memory is out. */
json_t *rg_problem_to_json(const struct rg_err *err);

#endif
