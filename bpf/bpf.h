/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every stage includes: kernel types, helpers, the ABI. */
#ifndef RG_BPF_H
#define RG_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "rg_abi.h"

/* bpf_helpers.h has one that is no constant expression */
#undef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)

/* macros in the kernel, so not in its BTF */
#define TC_ACT_UNSPEC (-1)
#define TC_ACT_SHOT 2

#endif
