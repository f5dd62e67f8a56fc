/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any payload: bpf/stun.h and the oracle must agree, and on the key that they find.
 *
 * The first byte says which transport (its lowest bit: TCP) and prefix (the rest, times 3); the rest
 * is the payload. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "harness/stun_compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct oracle_name name;
	enum oracle_stun result;
	const char *difference;
	uint32_t prefix;

	if (size < 1 || size > 0x10000)
		return 0;
	prefix = (uint32_t)(data[0] >> 1) * 3;
	if (prefix < RG_UFRAG_MIN || prefix > RG_UFRAG_MAX)
		prefix = 0;
	difference = stun_compare(data + 1, size - 1, data[0] & 1, prefix, &result, &name);
	if (!difference)
		return 0;
	fprintf(stderr, "%zu bytes: oracle %d, differs: %s\n", size - 1, result, difference);
	abort();
}
