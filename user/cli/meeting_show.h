/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Meetings as tables. Pure apart from writing to stdout. */
#ifndef RG_CLI_MEETING_SHOW_H
#define RG_CLI_MEETING_SHOW_H

#include <jansson.h>
#include "cli/cli.h"

/** One meeting (the API's body). @etag may be NULL. Returns RG_EXIT_DONE or says its error. */
enum rg_cli_exit rg_meeting_show(const json_t *meeting, const char *etag);
/** An array of meetings, one a row. */
enum rg_cli_exit rg_meeting_list_show(const json_t *meetings);

#endif
