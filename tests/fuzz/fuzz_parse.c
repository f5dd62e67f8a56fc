/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any frame: bpf/parse.h and the oracle must agree, whole and split; and the program and
 * user space must find the same IPv4 address in an IPv6 one.
 *
 * The first two bytes say how long the linear part is; the rest is the frame. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "harness/parse_compare.h"
#include "base/ip.h"
#include "embedded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_frame(const uint8_t *frame, size_t linear, size_t length)
{
	struct oracle_packet oracle;
	const char *difference = parse_compare(frame, linear, length, &oracle);

	if (!difference)
		return;
	fprintf(stderr, "%zu of %zu bytes linear: oracle %s, parser differs: %s\n", linear, length,
		oracle_result_text(oracle.result), difference);
	abort();
}

static void check_embedded(const uint8_t bytes[16])
{
	struct rg_addr address, inner;
	__u32 in_program = 0, in_user_space = 0;
	bool found;

	memcpy(address.bytes, bytes, 16);
	if (rg_addr_is_v4(&address)) { /* user space has these as IPv4 already */
		found = true;
		in_user_space = rg_addr_v4(&address);
	} else {
		found = rg_addr_embedded_v4(&address, &inner);
		if (found)
			in_user_space = rg_addr_v4(&inner);
	}
	if (rg_embedded_v4(rg_addr_hi(&address), rg_addr_lo(&address), &in_program) != found ||
	    in_program != in_user_space) {
		fprintf(stderr, "the IPv4 address inside: program %08x, user space %08x\n", in_program,
			in_user_space);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t linear;

	if (size < 2)
		return 0;
	linear = (size_t)data[0] << 8 | data[1];
	data += 2;
	size -= 2;
	check_frame(data, size, size);
	check_frame(data, linear < size ? linear : size, size);
	for (size_t i = 0; i + 16 <= size && i < 256; i++)
		check_embedded(data + i);
	return 0;
}
