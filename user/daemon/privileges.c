/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "base/cleanup.h"

/* The last one is for libxdp alone: it opens programs of others by their ids. (It stands for CAP_PERFMON, which
 * loading a program of type EXT takes, too.) */
static const unsigned int kept[] = { CAP_BPF, CAP_NET_ADMIN, CAP_SYS_ADMIN };
#define KEPT_ALWAYS 2

static int drop_capabilities(size_t n, struct rg_err *err)
{
	bool had[ARRAY_SIZE(kept)], bounds;

	if (capng_get_caps_process())
		return rg_err_set(err, -EPERM, RG_ERR_INTERNAL, "", "the own capabilities can not be read");
	for (size_t i = 0; i < n; i++)
		had[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]);
	/* without CAP_SETPCAP the bounding set stays: whoever started us has narrowed it, or not */
	bounds = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	capng_clear(CAPNG_SELECT_ALL);
	for (size_t i = 0; i < n; i++)
		if (had[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i]);
	if (capng_apply(bounds ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS))
		return rg_err_set(err, -EPERM, RG_ERR_INTERNAL, "", "capabilities can not be given up: %s",
				  strerror(errno));
	return 0;
}

int rg_privileges_drop(bool dispatcher, struct rg_err *err)
{
	int r = drop_capabilities(dispatcher ? ARRAY_SIZE(kept) : KEPT_ALWAYS, err);

	return r ? r : rg_seccomp_install(err);
}
