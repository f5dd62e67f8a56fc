/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Is a list of entries an unbroken chain? Pure; texts come from the store, the API or a file.
 *
 * Found: an entry that was changed, taken out, put in, or moved. Not found by the chain alone: a
 * ledger that was cut off at its end, or whose entries were all made anew from the place of a
 * change on. Both change the last hash: who kept that one elsewhere finds them, too.
 */
#ifndef RG_LEDGER_CHAIN_H
#define RG_LEDGER_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/sha256.h"

struct rg_chain {
	bool anchored;       /* the first entry must go on where rg_chain_resume() said */
	uint64_t first, seq; /* of the first and the last entry; 0: none yet */
	unsigned char hash[RG_SHA256_SIZE]; /* of the last entry */
};

/** Go on after an entry whose number and hash are known; 0 and zeros: entry 1 must come first. Without
 *  it (a zeroed struct) the first entry may have any number, and what it says of the one before is not
 *  checked. */
void rg_chain_resume(struct rg_chain *chain, uint64_t seq, const unsigned char hash[RG_SHA256_SIZE]);
/** Add the next entry's text (without line end). RG_ERR_INVALID says where the chain breaks, and how;
 *  @chain is then untouched. */
int rg_chain_add(struct rg_chain *chain, const char *text, size_t length, struct rg_err *err);
/** Is @hash that of the last entry? RG_ERR_INVALID. */
int rg_chain_check_head(const struct rg_chain *chain, uint64_t seq, const char *hash, struct rg_err *err);

#endif
