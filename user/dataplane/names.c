/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of other programs (bpf/names.bpf.c). Where the kernel has no such iterator they have none. */
#include "dataplane/private.h"

#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "names.skel.h"

void rg_dp_names_open(struct rg_dp *dp)
{
	dp->names = names_bpf__open_and_load();
	if (dp->names && !names_bpf__attach(dp->names))
		return;
	rg_dp_names_close(dp);
}

void rg_dp_names_close(struct rg_dp *dp)
{
	names_bpf__destroy(dp->names);
	dp->names = NULL;
}

void rg_dp_prog_name(const struct rg_dp *dp, uint32_t id, char ret[16])
{
	int fd = dp->names ? bpf_iter_create(bpf_link__fd(dp->names->links.rg_names)) : -1;
	_cleanup_(rg_fclosep) FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	char name[16], line[64];
	unsigned int of;

	ret[0] = '\0';
	if (!f && fd >= 0)
		close(fd);
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%u %15s", &of, name) == 2 && of == id) {
			snprintf(ret, 16, "%s", name);
			return;
		}
}
