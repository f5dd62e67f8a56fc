/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The check of a ledger's lines, as "ledger verify" and "report --file" make it. */
#ifndef RG_CLI_LEDGER_CHECK_H
#define RG_CLI_LEDGER_CHECK_H

#include "cli/ledger_lines.h"
#include "ledger/chain.h"

struct rg_ledger_check {
	struct rg_chain chain;
	bool ended; /* the last line was an end line */
};

/** One line more. Says what is wrong with it. */
enum rg_cli_exit rg_ledger_check_line(struct rg_ledger_check *check, enum rg_ledger_line kind,
				      const char *line, size_t length);
/** No line more: was the last one an end line? @what: of what it was not. */
enum rg_cli_exit rg_ledger_check_done(const struct rg_ledger_check *check, const char *what);

#endif
