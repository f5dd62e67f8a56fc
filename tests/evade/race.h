/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Connections that end, and next ones of the same addresses and ports that begin, between the moment at which the
 * filter judges a segment and that at which the server's TCP has it. */
#ifndef RG_EVADE_RACE_H
#define RG_EVADE_RACE_H

#include <stdint.h>

/** So many @tries of each sequence. Returns how many holes there were, and clients lost. */
unsigned int race_run(const char *prefix, uint64_t seed, unsigned int tries);

#endif
