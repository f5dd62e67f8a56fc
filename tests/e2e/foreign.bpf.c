/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An XDP program of somebody else. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("xdp.frags")
int foreign(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}
