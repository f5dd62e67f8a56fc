/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What libxdp's dispatcher reads about a program of ours (BTF of the section .xdp_run_config). */
#ifndef RG_BPF_DISPATCH_H
#define RG_BPF_DISPATCH_H

#include <xdp/xdp_helpers.h>

/* After programs that scrub floods (xdp-filter has 10), before those that spread load (50 is the default). What
 * the filter lets through goes on to the next program; nothing else does. */
#define RG_RUN_PRIORITY 20
#define RG_RUN_CONFIG(function)                    \
	struct {                                   \
		__uint(priority, RG_RUN_PRIORITY); \
		__uint(XDP_PASS, 1);               \
	} XDP_RUN_CONFIG(function)

#endif
