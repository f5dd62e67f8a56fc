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

/* Ingress: the trace stands in the metadata in front of the frame. */
static int run_ingress(struct rg_dp *dp, const void *frame, size_t length, struct rg_trace *trace, uint32_t *ret_action)
{
	const size_t capacity = sizeof(*trace) + FRAME_MAX;
	struct xdp_md ctx = { .data = sizeof(*trace), .data_end = (__u32)(sizeof(*trace) + length) };
	char *in = dp->run_buffer, *out = in + capacity;

	memcpy(in, trace, sizeof(*trace));
	memcpy(in + sizeof(*trace), frame, length);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_out = out,
		    .data_size_in = ctx.data_end, .data_size_out = (__u32)capacity,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx));
	if (bpf_prog_test_run_opts(dp->prog_fd, &opts))
		return -errno;
	memcpy(trace, out, sizeof(*trace));
	*ret_action = opts.retval;
	return 0;
}

/* Egress: in skb->cb, in the places that rg_abi.h names. */
static int run_egress(struct rg_dp *dp, const void *frame, size_t length, struct rg_trace *trace, uint32_t *ret_action)
{
	struct __sk_buff ctx = { .cb = { (__u32)trace->cookie, (__u32)(trace->cookie >> 32), trace->flags } };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (__u32)length, .data_out = dp->run_buffer,
		    .data_size_out = FRAME_MAX, .ctx_in = &ctx, .ctx_size_in = sizeof(ctx),
		    .ctx_out = &ctx, .ctx_size_out = sizeof(ctx));

	if (bpf_prog_test_run_opts(dp->egress_fd, &opts))
		return -errno;
	trace->meeting = ctx.cb[0];
	trace->policy = ctx.cb[1];
	trace->region = (__u16)ctx.cb[2];
	trace->reason = (__u8)(ctx.cb[2] >> 16);
	trace->stage = (__u8)(ctx.cb[2] >> 24);
	trace->generation = ctx.cb[3];
	trace->endpoint = (__u16)ctx.cb[4];
	trace->tie = (__u8)(ctx.cb[4] >> 16);
	*ret_action = opts.retval;
	return 0;
}

int rg_dp_run(struct rg_dp *dp, const void *frame, size_t length, uint32_t flags,
	      int *ret_action, struct rg_trace *ret_trace, struct rg_err *err)
{
	struct rg_trace trace = { .cookie = dp->cookie, .flags = flags & RG_TRACE_DRY };
	uint32_t action = 0;
	int r;

	if (length < FRAME_MIN || length > FRAME_MAX)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "a frame has %d to %d bytes, not %zu",
				  FRAME_MIN, FRAME_MAX, length);
	if (!dp->run_buffer && !(dp->run_buffer = malloc(2 * (sizeof(trace) + FRAME_MAX))))
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	r = flags & RG_TRACE_EGRESS ? run_egress(dp, frame, length, &trace, &action) :
				      run_ingress(dp, frame, length, &trace, &action);
	if (r)
		return rg_err_set(err, r, RG_ERR_KERNEL, "", "the kernel does not run the program: %s", strerror(-r));
	trace.generation -= dp->generation_base;
	*ret_trace = trace;
	*ret_action = (int)action;
	return 0;
}
