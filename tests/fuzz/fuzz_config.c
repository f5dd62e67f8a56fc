/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any bytes as a configuration file: accepted whole or refused with one sentence. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "daemon/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *file = size ? fmemopen((void *)data, size, "r") : NULL;
	struct rg_config config;
	struct rg_err err;

	if (!file)
		return 0;
	memset(&err, 0, sizeof(err));
	if (!rg_config_init(&config, &err)) {
		if (rg_config_read(file, "fuzz.conf", &config, &err))
			assert(!strncmp(err.detail, "fuzz.conf:", 10));
		else
			assert(*config.socket && *config.state && *config.pin_dir &&
			       config.max_meetings && config.max_addresses);
	}
	rg_config_clear(&config);
	fclose(file);
	return 0;
}
