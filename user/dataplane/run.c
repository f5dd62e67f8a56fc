/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Run the loaded program on one frame, with a struct rg_trace in front of it. */
#include "dataplane/private.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#define FRAME_MIN 14      /* the kernel runs no frame without an Ethernet header */
#define FRAME_MAX 65535

int rg_dp_run(struct rg_dp *dp, const void *frame, size_t length, uint32_t flags,
	      int *ret_action, struct rg_trace *ret_trace, struct rg_err *err)
{
	const size_t capacity = sizeof(struct rg_trace) + FRAME_MAX;
	struct rg_trace trace = { .cookie = dp->cookie, .flags = flags };
	struct xdp_md ctx = { .data = sizeof(trace), .data_end = (__u32)(sizeof(trace) + length) };
	char *in, *out;

	if (length < FRAME_MIN || length > FRAME_MAX)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "a frame has %d to %d bytes, not %zu",
				  FRAME_MIN, FRAME_MAX, length);
	if (!dp->run_buffer && !(dp->run_buffer = malloc(2 * capacity)))
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	in = dp->run_buffer;
	out = in + capacity;
	memcpy(in, &trace, sizeof(trace));
	memcpy(in + sizeof(trace), frame, length);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_out = out,
		    .data_size_in = ctx.data_end, .data_size_out = (__u32)capacity,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx));
	if (bpf_prog_test_run_opts(dp->prog_fd, &opts))
		return rg_err_set(err, -errno, RG_ERR_KERNEL, "", "the kernel does not run the program: %s",
				  strerror(errno));
	memcpy(ret_trace, out, sizeof(*ret_trace));
	ret_trace->generation -= dp->generation_base;
	*ret_action = (int)opts.retval;
	return 0;
}
