/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* link_update ID PROGRAM: give a link another program, which is pinned. */
#include <stdio.h>
#include <stdlib.h>

#include <bpf/bpf.h>

int main(int argc, char *argv[])
{
	int link = argc == 3 ? bpf_link_get_fd_by_id((__u32)atoi(argv[1])) : -1;
	int program = argc == 3 ? bpf_obj_get(argv[2]) : -1;

	if (link >= 0 && program >= 0 && !bpf_link_update(link, program, NULL))
		return 0;
	perror("link_update");
	return 1;
}
