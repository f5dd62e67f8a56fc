/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ledger: look at the record of changes, check it, export it. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/ledger_check.h"
#include "cli/show.h"

#define SHOWN 20    /* entries of a list, if nothing else is asked for */
#define HEADS_MAX 16

/* --- list ------------------------------------------------------------------- */

static const struct rg_table_column columns[] = {
	{ "ENTRY", true }, { "WHEN", false }, { "WHAT", false }, { "OF", false }, { "WHO", false },
	{ "MORE", false },
};

static const char *who_text(const json_t *entry, char buf[RG_SHOW_MAX])
{
	const json_t *who = json_object_get(entry, "who");
	const char *asserted = json_string_value(json_object_get(who, "asserted"));
	const json_t *uid = json_object_get(who, "uid");

	if (!uid)
		return "daemon";
	snprintf(buf, RG_SHOW_MAX, "%s%suid %" JSON_INTEGER_FORMAT, asserted ? asserted : "",
		 asserted ? ", " : "", json_integer_value(uid));
	return buf;
}

/* The most telling part of an entry's detail, on one line. */
static const char *more_text(const json_t *entry, char buf[RG_SHOW_MAX])
{
	const json_t *detail = json_object_get(entry, "detail");
	const json_t *after = json_object_get(detail, "after");
	const json_t *policy = json_object_get(after, "policy");
	_cleanup_(rg_freep) char *text = NULL;

	if (policy) {
		snprintf(buf, RG_SHOW_MAX, "%.80s", json_string_value(policy));
		return buf;
	}
	text = json_dumps(json_is_object(after) ? after : detail, JSON_COMPACT);
	snprintf(buf, RG_SHOW_MAX, "%.80s", text && strcmp(text, "{}") ? text : "-");
	return buf;
}

static enum rg_cli_exit list_print(const json_t *page)
{
	_cleanup_(rg_table_freep) struct rg_table *table = rg_table_new(columns, ARRAY_SIZE(columns));
	char seq[RG_SHOW_MAX], at[RG_SHOW_MAX], kind[RG_SHOW_MAX], subject[RG_SHOW_MAX];
	char who[RG_SHOW_MAX], more[RG_SHOW_MAX];
	const json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(page, "entries"), i, entry)
		RG_TABLE_ROW(table, rg_show_member(entry, "seq", seq), rg_show_member(entry, "at", at),
			     rg_show_member(entry, "kind", kind), rg_show_member(entry, "subject", subject),
			     who_text(entry, who), more_text(entry, more));
	return rg_show_table(table);
}

static enum rg_cli_exit list_fetch(const struct rg_cli *cli, uint64_t after, unsigned long limit, json_t **ret)
{
	char path[96];

	snprintf(path, sizeof(path), "/v1/ledger?after=%" PRIu64 "&limit=%lu", after, limit);
	return rg_cli_call(cli, "GET", path, NULL, NULL, ret, NULL);
}

static uint64_t head_of(const json_t *page)
{
	return (uint64_t)json_integer_value(json_object_get(json_object_get(page, "head"), "seq"));
}

/* Without --after: the last ones. */
static enum rg_cli_exit list_run(const struct rg_cli *cli)
{
	const char *after_text = rg_cli_option(cli, "after"), *limit_text = rg_cli_option(cli, "limit");
	unsigned long after = 0, limit = SHOWN;
	_cleanup_(json_decrefp) json_t *page = NULL, *probe = NULL;
	enum rg_cli_exit code = RG_EXIT_DONE;
	struct rg_err err = { 0 };

	if ((after_text && rg_cli_number(after_text, "--after", 0, INT64_MAX, &after, &err)) ||
	    (limit_text && rg_cli_number(limit_text, "--limit", 1, 1000, &limit, &err)))
		return rg_cli_misuse(cli, "%s", err.detail);
	if (!after_text) {
		code = list_fetch(cli, 0, 1, &probe);
		after = head_of(probe) > limit ? head_of(probe) - limit : 0;
	}
	if (code == RG_EXIT_DONE)
		code = list_fetch(cli, after, limit, &page);
	if (code)
		return code;
	if (!cli->json)
		return list_print(page);
	rg_cli_say_json(page);
	return RG_EXIT_DONE;
}

/* --- export ----------------------------------------------------------------- */

static enum rg_cli_exit print_line(void *arg, enum rg_ledger_line kind, const char *line, size_t length)
{
	(void)arg;
	(void)kind;
	if (fwrite(line, 1, length, stdout) != length || putchar('\n') == EOF)
		return RG_EXIT_REFUSED; /* rg_cli_flush() says why */
	return RG_EXIT_DONE;
}

static enum rg_cli_exit export_run(const struct rg_cli *cli)
{
	const char *after_text = rg_cli_option(cli, "after");
	struct rg_err err = { 0 };
	unsigned long after = 0;

	if (after_text && rg_cli_number(after_text, "--after", 0, INT64_MAX, &after, &err))
		return rg_cli_misuse(cli, "%s", err.detail);
	return rg_ledger_lines_fetch(cli, after, print_line, NULL);
}

/* --- verify ----------------------------------------------------------------- */

/* A hash that somebody kept: it must be that of some entry. */
struct head {
	char hash[RG_SHA256_TEXT];
	uint64_t seq; /* 0: not met yet */
};
struct check {
	struct rg_ledger_check check;
	struct head heads[HEADS_MAX];
	size_t n_heads;
};

static enum rg_cli_exit check_line(void *arg, enum rg_ledger_line kind, const char *line, size_t length)
{
	struct check *check = arg;
	enum rg_cli_exit code = rg_ledger_check_line(&check->check, kind, line, length);
	char hash[RG_SHA256_TEXT];

	if (code || kind == RG_LEDGER_LINE_END || !check->n_heads)
		return code;
	rg_sha256_format(check->check.chain.hash, hash);
	for (size_t i = 0; i < check->n_heads; i++)
		if (!strcmp(check->heads[i].hash, hash))
			check->heads[i].seq = check->check.chain.seq;
	return RG_EXIT_DONE;
}

static int take_heads(const struct rg_cli *cli, struct check *check, struct rg_err *err)
{
	const struct rg_cli_values *values = rg_cli_options(cli, "head");
	unsigned char hash[RG_SHA256_SIZE];

	if (values->n > HEADS_MAX)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "more than %d --head", HEADS_MAX);
	for (size_t i = 0; i < values->n; i++) {
		if (rg_sha256_parse(values->values[i], hash))
			return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
					  "--head is a hash of 64 hex digits, not '%.80s'", values->values[i]);
		rg_sha256_format(hash, check->heads[check->n_heads++].hash);
	}
	return 0;
}

static enum rg_cli_exit check_heads(const struct check *check)
{
	for (size_t i = 0; i < check->n_heads; i++) {
		struct rg_err err = { 0 };

		if (check->heads[i].seq)
			continue;
		rg_err_set(&err, 0, RG_ERR_INVALID, "", "no entry has the hash %s: the ledger was cut off "
			   "before it, or made anew from an earlier entry on", check->heads[i].hash);
		rg_cli_say_error(&err);
		return RG_EXIT_REFUSED;
	}
	return RG_EXIT_DONE;
}

static void verified_say(const struct rg_cli *cli, const struct check *check)
{
	const struct rg_chain *chain = &check->check.chain;
	char hash[RG_SHA256_TEXT];

	rg_sha256_format(chain->hash, hash);
	if (cli->json) {
		json_t *answer = json_pack("{s:b, s:I, s:I, s:s, s:s}", "ok", true, "first", (json_int_t)chain->first,
					   "last", (json_int_t)chain->seq, "hash", hash, "checked_by", "client");

		rg_cli_say_json(answer);
		json_decref(answer);
		return;
	}
	printf("The entries %" PRIu64 " to %" PRIu64 " are an unbroken chain.\nLast hash: %s\n", chain->first,
	       chain->seq, hash);
	for (size_t i = 0; i < check->n_heads; i++)
		printf("Entry %" PRIu64 " has the hash %s\n", check->heads[i].seq, check->heads[i].hash);
	if (!rg_cli_option(cli, "file"))
		puts("Checked here, from the exact texts.");
	if (chain->first > 1)
		printf("What is before entry %" PRIu64 " was not checked.\n", chain->first);
}

/* The daemon's own check, page by page. */
static enum rg_cli_exit verify_by_daemon(const struct rg_cli *cli)
{
	_cleanup_(json_decrefp) json_t *answer = NULL;
	const char *broken = NULL, *hash;
	json_int_t checked = 0, next = 0;
	enum rg_cli_exit code;
	char path[96];

	do {
		snprintf(path, sizeof(path), "/v1/ledger:verify?after=%" JSON_INTEGER_FORMAT, next);
		json_decref(answer);
		answer = NULL;
		code = rg_cli_call(cli, "GET", path, NULL, NULL, &answer, NULL);
		if (code)
			return code;
		checked += json_integer_value(json_object_get(answer, "checked"));
		next = json_integer_value(json_object_get(answer, "next"));
		broken = json_string_value(json_object_get(answer, "broken"));
	} while (next && !broken);
	if (broken || !json_is_true(json_object_get(answer, "ok"))) {
		struct rg_err err = { 0 };

		rg_err_set(&err, 0, RG_ERR_INVALID, "", "%s", broken ? broken : "the daemon does not say that it is whole");
		rg_cli_say_error(&err);
		return RG_EXIT_REFUSED;
	}
	hash = json_string_value(json_object_get(json_object_get(answer, "head"), "hash"));
	if (cli->json) {
		json_t *said = json_pack("{s:b, s:I, s:I, s:s?, s:s}", "ok", true, "first", (json_int_t)1, "last", checked,
					 "hash", hash, "checked_by", "daemon");

		rg_cli_say_json(said);
		json_decref(said);
		return RG_EXIT_DONE;
	}
	printf("The entries 1 to %" JSON_INTEGER_FORMAT " are an unbroken chain.\nLast hash: %s\n"
	       "Checked by the daemon: the exact texts take the role 'push'.\n", checked, hash ? hash : "-");
	return RG_EXIT_DONE;
}

static enum rg_cli_exit verify_run(const struct rg_cli *cli)
{
	static const unsigned char none[RG_SHA256_SIZE];
	const char *file = rg_cli_option(cli, "file");
	struct check check = { 0 };
	struct rg_err err = { 0 };
	enum rg_cli_exit code;

	if (take_heads(cli, &check, &err))
		return rg_cli_misuse(cli, "%s", err.detail);
	if (!file) {
		bool allowed = true;

		/* a hash that was kept can be looked for in the exact texts only */
		code = check.n_heads ? RG_EXIT_DONE : rg_cli_allowed(cli, "/v1/ledger:export?limit=1", &allowed);
		if (code || !allowed)
			return code ? code : verify_by_daemon(cli);
		rg_chain_resume(&check.check.chain, 0, none);
	}
	code = file ? rg_ledger_lines_read(file, check_line, &check)
		    : rg_ledger_lines_fetch(cli, 0, check_line, &check);
	if (code == RG_EXIT_DONE)
		code = rg_ledger_check_done(&check.check, file ? file : "the daemon's answer");
	if (code == RG_EXIT_DONE)
		code = check_heads(&check);
	if (code == RG_EXIT_DONE)
		verified_say(cli, &check);
	return code;
}

static const struct rg_cli_option list_options[] = {
	{ "after", "ENTRY", "from behind this entry on (otherwise: the last ones)", false },
	{ "limit", "N", "at most so many entries (20)", false },
	{ 0 },
};
static const struct rg_cli_option verify_options[] = {
	{ "file", "FILE", "check an export (- is standard input); needs no daemon", false },
	{ "head", "HASH", "an entry with this hash, which was kept elsewhere, must be there", true },
	{ 0 },
};
static const struct rg_cli_option export_options[] = {
	{ "after", "ENTRY", "only what is behind this entry", false },
	{ 0 },
};

const struct rg_cli_command rg_cmd_ledger[] = {
	{ "ledger", "list", "[--after ENTRY] [--limit N]", "Show the record of changes", NULL,
	  list_options, 0, 0, list_run },
	{ "ledger", "verify", "[--file FILE] [--head HASH]...", "Check that nothing in the record was edited",
	  "Finds an entry that was changed, taken out, put in or moved. A ledger that was cut off at its\n"
	  "end, or written anew as a whole, is found by --head only: by a hash that was kept elsewhere.\n"
	  "Who may not read the exact texts (role push) is told what the daemon's own check finds.",
	  verify_options, 0, 0, verify_run },
	{ "ledger", "export", "[--after ENTRY]", "Write the record to standard output",
	  "One entry a line (NDJSON), each exactly as it was hashed, then a line with the last hash: sign\n"
	  "that one, or keep it where whoever can edit this machine can not.",
	  export_options, 0, 0, export_run },
	{ 0 },
};
