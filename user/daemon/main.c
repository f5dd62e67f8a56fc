/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "daemon/config.h"
#include "daemon/daemon.h"
#include "daemon/options.h"
#include "dataplane/dataplane.h"
#include "engine/engine.h"

#define EXIT_USAGE 2

/* Does stderr go to the journal? (The variable alone may be inherited; see systemd.exec(5).) */
static bool logs_to_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat status;

	if (!stream || fstat(STDERR_FILENO, &status))
		return false;
	snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	return !strcmp(stream, ours);
}

static int act(enum rg_action action, const struct rg_config *config, struct rg_err *err)
{
	char version[RG_VERSION_TEXT_MAX];
	int r;

	switch (action) {
	case RG_ACTION_HELP:
		fputs(rg_options_help, stdout);
		return 0;
	case RG_ACTION_VERSION:
		printf("regiongated %s\n", rg_engine_version(version));
		return 0;
	case RG_ACTION_CHECK_CONFIG:
		r = rg_daemon_check(config, err);
		if (!r)
			puts("the configuration is good");
		return r;
	case RG_ACTION_DETACH:
		return rg_dp_remove(config->pin_dir, err);
	case RG_ACTION_RUN:
		break;
	}
	return rg_daemon_run(config, err);
}

int main(int argc, char *argv[])
{
	enum rg_action action = RG_ACTION_RUN;
	struct rg_config config;
	struct rg_err err;
	int status = EXIT_SUCCESS;

	if (rg_config_init(&config, &err) || rg_options_parse(argc, argv, &config, &action, &err)) {
		rg_log(RG_LOG_ERROR, "%s", err.detail);
		status = EXIT_USAGE;
	} else {
		rg_log_setup(config.log_level, logs_to_journal());
		if (act(action, &config, &err)) {
			rg_log(RG_LOG_ERROR, "%s", err.detail);
			status = EXIT_FAILURE;
		}
	}
	rg_config_clear(&config);
	return status;
}
