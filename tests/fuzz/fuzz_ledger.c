/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any lines as a ledger: an unbroken chain, or one sentence about where it breaks, with the chain
 * then left where it was. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "ledger/chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	struct rg_chain chain = { 0 };

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((stop ? stop : end) - at);
		struct rg_chain before = chain;
		struct rg_err err = { 0 };

		if (rg_chain_add(&chain, at, length, &err)) {
			if (err.code == RG_ERR_NONE || !err.detail[0] || memcmp(&before, &chain, sizeof(chain)))
				abort();
		} else if (before.seq && chain.seq != before.seq + 1) {
			abort();
		}
		at += length + 1;
	}
	return 0;
}
