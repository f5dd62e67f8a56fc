/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/ledger_check.h"

#include "base/cleanup.h"

static enum rg_cli_exit refuse(const struct rg_err *err)
{
	rg_cli_say_error(err);
	return RG_EXIT_REFUSED;
}

static enum rg_cli_exit check_end(const struct rg_ledger_check *check, const char *line, size_t length)
{
	_cleanup_(json_decrefp) json_t *end = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
	const json_t *head = json_object_get(end, "head");
	const char *hash = json_string_value(json_object_get(head, "hash"));
	json_int_t seq = json_integer_value(json_object_get(head, "seq"));
	struct rg_err err = { 0 };

	if (!hash || seq < 0) {
		rg_err_set(&err, 0, RG_ERR_INVALID, "", "the line at the end does not say what the last hash is");
		return refuse(&err);
	}
	if (!check->chain.seq) /* nothing was exported: it is only said where the ledger ends */
		return RG_EXIT_DONE;
	return rg_chain_check_head(&check->chain, (uint64_t)seq, hash, &err) ? refuse(&err) : RG_EXIT_DONE;
}

enum rg_cli_exit rg_ledger_check_line(struct rg_ledger_check *check, enum rg_ledger_line kind,
				      const char *line, size_t length)
{
	struct rg_err err = { 0 };

	check->ended = kind == RG_LEDGER_LINE_END;
	if (check->ended)
		return check_end(check, line, length);
	return rg_chain_add(&check->chain, line, length, &err) ? refuse(&err) : RG_EXIT_DONE;
}

enum rg_cli_exit rg_ledger_check_done(const struct rg_ledger_check *check, const char *what)
{
	struct rg_err err = { 0 };

	if (check->ended)
		return RG_EXIT_DONE;
	rg_err_set(&err, 0, RG_ERR_INVALID, "", "'%.200s' does not end with the line that an export ends with: "
		   "its end is missing", what);
	return refuse(&err);
}
