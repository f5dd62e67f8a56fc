/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every stage includes: kernel types, helpers, the ABI. */
#ifndef RG_BPF_H
#define RG_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "rg_abi.h"

#endif
