/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* --version: that of the engine which this program is linked with, for replay. */
#include <stdio.h>

#include "cli/cli.h"
#include "engine/engine.h"

void rg_cli_version(void)
{
	char version[RG_VERSION_TEXT_MAX];

	printf("regiongate %s\n", rg_engine_version(version));
}
