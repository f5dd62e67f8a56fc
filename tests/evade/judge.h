/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What may be received, said a second time and independently of the filter; and the filter itself,
 * set up with the meetings that it is about. */
#ifndef RG_EVADE_JUDGE_H
#define RG_EVADE_JUDGE_H

#include "evade/wire.h"

/** Load the program with the meetings of plan.h and attach it in the namespaces @prefix-native and
 *  @prefix-generic, to the interfaces of these names. @pins: a folder in a bpffs. Exits if it can not. */
void judge_open(const char *prefix, const char *pins);
void judge_close(const char *pins);

/** Is this the traffic of an endpoint whose meeting refuses its source? */
bool judge_refuses(const struct got *got);

/** Is an address the one of its family? */
bool judge_is_address(const struct rg_addr *addr, const char *v4, const char *v6);
/** Is a source in DE, by itself or by the IPv4 address in it? */
bool judge_is_in_de(const struct rg_addr *addr);

/** Sources may make more flows again, as if time had gone by. */
void judge_refill(void);
/** Make the filter forget all flows, connections and fragments, and what it knows of how many a source or a ufrag has made. */
void judge_forget(void);

/** Reasons that the loaded program gives for frames, as text. Returns @buf. */
const char *judge_reasons(const struct frame *frames, unsigned int n, char *buf, size_t size);

#endif
