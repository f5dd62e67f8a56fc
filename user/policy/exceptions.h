/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Exceptions -> sorted ranges, as the packet path searches them. Pure. */
#ifndef RG_EXCEPTIONS_H
#define RG_EXCEPTIONS_H

#include "policy/meeting.h"

/** Compile: of the networks around an address the longest one holds. Deterministic: equal exceptions
 *  in any order give equal sets. @n: at most RG_EXCEPTIONS_PER_MEETING_MAX, no network twice. */
void rg_exceptions_compile(const struct rg_exception *exceptions, size_t n, struct rg_exception_set *ret);
/** The exception that holds for an address, or NULL. */
const struct rg_exception *rg_exception_for(const struct rg_exception *exceptions, size_t n,
					    const struct rg_addr *address);

#endif
