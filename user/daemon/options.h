/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The daemon's command line. */
#ifndef RG_OPTIONS_H
#define RG_OPTIONS_H

#include "base/err.h"
#include "daemon/config.h"

enum rg_action {
	RG_ACTION_RUN,
	RG_ACTION_CHECK_CONFIG,
	RG_ACTION_DETACH,
	RG_ACTION_VERSION,
	RG_ACTION_HELP,
};

/** Read options, and the configuration file that they name (or the default one, if it is
 *  there): options override the file. @config as rg_config_init() left it.
 *  RG_ERR_INVALID for a mistake in either; nothing is printed. */
int rg_options_parse(int argc, char *argv[], struct rg_config *config, enum rg_action *ret_action,
		     struct rg_err *err);

/** The text of --help. */
extern const char rg_options_help[];

#endif
