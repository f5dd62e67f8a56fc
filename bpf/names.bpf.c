/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ids and names of all loaded programs, one a line: how the daemon names the program that
 * another one attached. To open a program by its id would take CAP_SYS_ADMIN; to read an
 * iterator that was attached at the start takes no more than the daemon keeps. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("iter/bpf_prog")
int rg_names(struct bpf_iter__bpf_prog *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct bpf_prog *prog = ctx->prog;

	if (prog)
		BPF_SEQ_PRINTF(seq, "%u %s\n", prog->aux->id, prog->aux->name);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
