/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every command of regiongate(8) shares: the command table's shape, the
 * parsed command line, and the way an answer or an error is said.
 *
 *   main.c      the command table
 *   args.c      argv -> struct rg_cli (pure)
 *   say.c       usage, errors, JSON answers
 *   client.c    HTTP over the Unix socket (the only includer of curl/curl.h)
 *   call.c      one request to the daemon, with its errors said
 *   input.c     bodies from files and standard input
 *   table.c     tables for people (pure)
 *   cmd_*.c     one file a command
 *   capture.c   pcap and pcapng files (the only includer of pcap.h)
 */
#ifndef RG_CLI_H
#define RG_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "base/err.h"

#define RG_CLI_SOCKET "/run/regiongate/regiongate.sock"

/* Exit codes: part of the contract. */
enum rg_cli_exit {
	RG_EXIT_DONE,
	RG_EXIT_REFUSED,   /* the daemon said no, or a file is bad */
	RG_EXIT_USAGE,
	RG_EXIT_NO_DAEMON,
};

#define RG_CLI_OPTIONS_MAX 8 /* of one command, besides --socket, --json and --help */

struct rg_cli_option {
	const char *name;  /* without "--"; of one letter: "-n 5", too */
	const char *value; /* what the usage calls its value; NULL: a flag */
	const char *help;
	bool many;         /* may be given more than once */
};

struct rg_cli;

struct rg_cli_command {
	const char *name;
	const char *verb;     /* "put" of "meeting put"; NULL if the command has none */
	const char *synopsis; /* what follows the name: "IFACE [--mode MODE]" */
	const char *summary;  /* one line of the command list */
	const char *details;  /* more for --help; NULL: none */
	const struct rg_cli_option *options; /* ends with a NULL name; NULL: none */
	size_t min_words, max_words;         /* positional arguments */
	enum rg_cli_exit (*run)(const struct rg_cli *cli);
};

/* One option's values, in the order given. */
struct rg_cli_values {
	const char **values;
	size_t n;
};

/* The parsed command line. Texts point into argv. */
struct rg_cli {
	const struct rg_cli_command *command; /* NULL with help, version: no command was named */
	const char *group;                    /* help on "meeting" without a verb; else NULL */
	const char *socket;
	bool json;
	bool help, version;
	const char **words;
	size_t n_words;
	struct rg_cli_values values[RG_CLI_OPTIONS_MAX];
};

/* version.c */
void rg_cli_version(void);

/* args.c */
/** Parse @argv against @commands (ends with a NULL name). Returns 0, or -EINVAL with one
 *  sentence in @err->detail and, if the command is known by then, @ret->command set for its
 *  usage line. @ret is to be cleared by rg_cli_clear() in both cases. @argv is permuted. */
int rg_cli_parse(int argc, char **argv, const struct rg_cli_command *commands,
		 struct rg_cli *ret, struct rg_err *err);
void rg_cli_clear(struct rg_cli *cli);
/** The last value of an option of this command, "" for a flag; NULL if it was not given. */
const char *rg_cli_option(const struct rg_cli *cli, const char *name);
const struct rg_cli_values *rg_cli_options(const struct rg_cli *cli, const char *name);
/** A number in [min, max], nothing around it. -EINVAL with a sentence that names @what. */
int rg_cli_number(const char *text, const char *what, unsigned long min, unsigned long max,
		  unsigned long *ret, struct rg_err *err);

/* say.c */
void rg_cli_help(FILE *out, const struct rg_cli_command *commands, const struct rg_cli *cli);
void rg_cli_usage_line(FILE *out, const struct rg_cli_command *command);
/** "regiongate: ..." and the command's usage on stderr. Returns RG_EXIT_USAGE. */
enum rg_cli_exit rg_cli_misuse(const struct rg_cli *cli, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/** "regiongate: DETAIL (at POINTER)" on stderr, control characters made visible. */
void rg_cli_say_error(const struct rg_err *err);
void rg_cli_say_json(const json_t *value); /* one line on stdout */
/** Write what is buffered; a full disk or a closed pipe is an error, said here. */
enum rg_cli_exit rg_cli_flush(enum rg_cli_exit code);

/* input.c */
/** Read a file, "-" is standard input. @ret owned by the caller, NUL terminated. Bounded by
 *  RG_CLI_INPUT_MAX. -errno with a sentence that names the file. */
#define RG_CLI_INPUT_MAX (64u << 20)
int rg_cli_read(const char *path, char **ret, size_t *ret_length, struct rg_err *err);
/** The body that the command's word at @index names, or standard input if there is no such word:
 *  then a terminal is a usage error, since nobody means to type JSON. Says its error. */
enum rg_cli_exit rg_cli_read_body(const struct rg_cli *cli, size_t index, char **ret,
				  size_t *ret_length);

/* call.c: each says its error on stderr and returns the exit code. */
struct rg_cli_body {
	const char *data; /* NULL: no body */
	size_t length;
	const char *type; /* NULL: application/json */
};
/** One request. @path starts with "/v1/"; its segments are escaped by rg_cli_path(). @if_match:
 *  NULL: none. @ret (may be NULL) is the answer's JSON, NULL if it has no body; @ret_etag (may be
 *  NULL) is the answer's ETag, owned by the caller. */
enum rg_cli_exit rg_cli_call(const struct rg_cli *cli, const char *method, const char *path,
			     const struct rg_cli_body *body, const char *if_match, json_t **ret,
			     char **ret_etag);
/** May the caller GET this? Only a refusal by role is no error. */
enum rg_cli_exit rg_cli_allowed(const struct rg_cli *cli, const char *path, bool *ret);
/** The same with a JSON body (NULL: none); @body's reference is taken. */
enum rg_cli_exit rg_cli_call_json(const struct rg_cli *cli, const char *method, const char *path,
				  json_t *body, json_t **ret);
/** GET the resource that the first word names, below @base ("/v1/meetings/"), and say it: its JSON with
 *  --json, else by @show, which gets the ETag too (NULL: there is none). */
enum rg_cli_exit rg_cli_get_resource(const struct rg_cli *cli, const char *base,
				     enum rg_cli_exit (*show)(const json_t *resource, const char *etag));
/** DELETE it and say so: its name behind @kind ("custom:"). @if_match: only if it still has this ETag; or NULL. */
enum rg_cli_exit rg_cli_delete_resource(const struct rg_cli *cli, const char *base, const char *kind,
					const char *if_match);
/** NDJSON in, NDJSON out: @ret is the answer's text, owned by the caller. */
enum rg_cli_exit rg_cli_call_text(const struct rg_cli *cli, const char *method, const char *path,
				  const struct rg_cli_body *body, char **ret);
/** GET a stream of lines; @fn gets each without its end, and returns false to end. */
enum rg_cli_exit rg_cli_stream(const struct rg_cli *cli, const char *path, bool (*fn)(void *arg, char *line),
			       void *arg);
/** "/v1/meetings/" + escaped @segment + @rest. NULL if memory is out. Owned by the caller. */
char *rg_cli_path(const char *prefix, const char *segment, const char *rest);

/* Commands, each array ends with a NULL name. */
extern const struct rg_cli_command rg_cmd_endpoint[], rg_cmd_ufrag[], rg_cmd_events[], rg_cmd_top[];
extern const struct rg_cli_command rg_cmd_attach[], rg_cmd_status[], rg_cmd_meeting[],
	rg_cmd_region[], rg_cmd_lookup[], rg_cmd_explain[], rg_cmd_stats[], rg_cmd_geoip[],
	rg_cmd_preview[], rg_cmd_mode[], rg_cmd_replay[], rg_cmd_ledger[], rg_cmd_report[], rg_cmd_approve[];

#endif
