/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "dataplane/libxdp.h"

#include <errno.h>
#include <stdarg.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

#include "dataplane/private.h"

static int print(enum libxdp_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBXDP_WARN)
		rg_dp_words_keep(fmt, ap);
	return 0;
}

bool rg_libxdp_possible(void)
{
	return libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_EXT, NULL) == 1;
}

static enum xdp_attach_mode mode_of(enum rg_xdp_mode mode)
{
	return mode == RG_XDP_NATIVE ? XDP_MODE_NATIVE : XDP_MODE_SKB;
}

int rg_libxdp_join(unsigned int ifindex, enum rg_xdp_mode mode, struct bpf_object *object, const char *name)
{
	DECLARE_LIBXDP_OPTS(xdp_program_opts, opts, .obj = object, .prog_name = name);
	struct xdp_program *program;
	int r;

	libxdp_set_print(print);
	rg_dp_words_clear();
	program = xdp_program__create(&opts);
	r = (int)libxdp_get_error(program);
	if (r)
		return r;
	r = xdp_program__set_xdp_frags_support(program, true);
	if (!r)
		r = xdp_program__attach(program, (int)ifindex, mode_of(mode), 0);
	xdp_program__close(program);
	return r;
}

int rg_libxdp_leave(unsigned int ifindex, enum rg_xdp_mode mode, const char *path)
{
	struct xdp_program *program;
	int r;

	libxdp_set_print(print);
	rg_dp_words_clear();
	program = xdp_program__from_pin(path);
	r = (int)libxdp_get_error(program);
	if (r)
		return r;
	r = xdp_program__detach(program, (int)ifindex, mode_of(mode), 0);
	xdp_program__close(program);
	return r;
}
