/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A ledger line by line, from the daemon or from a file that was exported. */
#ifndef RG_CLI_LEDGER_LINES_H
#define RG_CLI_LEDGER_LINES_H

#include <stdint.h>
#include "cli/cli.h"

/* What a line is, by its first characters. */
enum rg_ledger_line {
	RG_LEDGER_LINE_ENTRY,
	RG_LEDGER_LINE_END, /* {"head": {"seq","hash"}, "exported_at", ...}: what is before it is all there was */
};

/** @line has no line end and is NUL terminated. Anything but RG_EXIT_DONE stops, and is returned. */
typedef enum rg_cli_exit (*rg_ledger_line_fn)(void *arg, enum rg_ledger_line kind, const char *line,
					      size_t length);

/** All entries behind @after, and one end line. Says its errors. */
enum rg_cli_exit rg_ledger_lines_fetch(const struct rg_cli *cli, uint64_t after, rg_ledger_line_fn fn,
				       void *arg);
/** Every line of a file ("-": standard input), empty ones left out. Says its errors. */
enum rg_cli_exit rg_ledger_lines_read(const char *path, rg_ledger_line_fn fn, void *arg);

#endif
