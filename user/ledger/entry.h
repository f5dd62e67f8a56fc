/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One entry of the ledger. Pure.
 *
 *   entry.c   an entry -> its text, the bytes that are hashed
 *   chain.c   texts -> an unbroken chain, or the place where it breaks
 *
 * An entry is one line of JSON, its keys sorted, without white space:
 *
 *   {"at":"2020-06-04T12:00:00.250Z","detail":{...},"kind":"meeting-put",
 *    "previous":"<SHA-256 of the entry before>","seq":7,"subject":"m-1989",
 *    "who":{"asserted":"alice","gid":990,"pid":4711,"uid":990}}
 *
 * Its hash is the SHA-256 of exactly these bytes, without a line end. "previous" of
 * entry 1 is 64 zeros. Texts are written once and never made anew.
 */
#ifndef RG_LEDGER_ENTRY_H
#define RG_LEDGER_ENTRY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/peer.h"
#include "base/text.h"
#include "base/sha256.h"

/* What happened. Append-only; the texts are API. X(NAME, "text", reported): reported kinds are
 * those that the transparency report reads. */
#define RG_LEDGER_KINDS(X)                              \
	X(START,            "start", false)             \
	X(START_FAILED,     "start-failed", false)      \
	X(STOP,             "stop", false)              \
	X(MEETING_PUT,      "meeting-put", false)       \
	X(MEETING_DELETE,   "meeting-delete", false)    \
	X(REGION_PUT,       "region-put", false)        \
	X(REGION_DELETE,    "region-delete", false)     \
	X(ENDPOINT_PUT,     "endpoint-put", false)      \
	X(ENDPOINT_DELETE,  "endpoint-delete", false)   \
	X(UFRAGS,           "ufrags", false)            \
	X(INTERFACE_ATTACH, "interface-attach", false)  \
	X(INTERFACE_DETACH, "interface-detach", false)  \
	X(GEOIP_RELOAD,     "geoip-reload", false)      \
	X(MODE,             "mode", false)              \
	X(UNDONE,           "undone", true)             \
	X(ORDER_REFUSED,    "order-refused", true)      \
	X(OVERRIDE,         "override", true)           \
	X(APPROVAL,         "approval", false)          \
	X(REFUSALS,         "refusals", true)           \
	X(CLOCK_STEP,       "clock-step", false)        \
	X(NO_FILTER,        "no-filter", false)         \
	X(STALE_DATABASE,   "stale-database", false)    \
	X(EVENTS_LOST,      "events-lost", false)       \
	X(RETENTION,        "retention", false)          \
	X(SITE_ALARM,       "site-alarm", false)        \
	X(ORDER_NARROWED,   "order-narrowed", false)    \
	X(DRIFT,            "drift", false)

enum rg_ledger_kind {
#define X(name, text, reported) RG_LEDGER_##name,
	RG_LEDGER_KINDS(X)
#undef X
	RG_LEDGER_KIND_MAX
};

#define RG_LEDGER_ASSERTED_MAX 128 /* bytes of an actor's name that a client asserts */

/* Who: what the kernel says of the process that called, and beside it whom that process claims to
 * act for. peer NULL: the daemon itself. */
struct rg_ledger_who {
	bool called; /* by a client; else the daemon acts by itself and peer means nothing */
	struct rg_peer peer;
	char asserted[RG_LEDGER_ASSERTED_MAX + 1]; /* "": none */
};

struct rg_ledger_entry {
	uint64_t seq;          /* 1.. */
	int64_t at_ms;         /* since 1970, UTC */
	enum rg_ledger_kind kind;
	const char *subject;   /* the meeting's id, the interface's name ... */
	const char *who;       /* rg_ledger_who_text() */
	const char *detail;    /* text of a JSON object, keys sorted, compact, without real numbers */
	const char *previous;  /* hash of the entry before, hex */
};

const char *rg_ledger_kind_text(enum rg_ledger_kind kind);
/** RG_LEDGER_KIND_MAX if there is no such kind. */
enum rg_ledger_kind rg_ledger_kind_parse(const char *text);
/** Does the transparency report read this entry? By its kind, or because rules with orders are in it. */
bool rg_ledger_reported(enum rg_ledger_kind kind, const json_t *detail);

/** The entry's text; owned by the caller. NULL if memory is out. Made for thousands of pushes a
 *  second: what is always the same is not built as JSON values first. */
char *rg_ledger_entry_text(const struct rg_ledger_entry *entry);
/** "who" as its text. Owned by the caller; NULL if memory is out. */
char *rg_ledger_who_text(const struct rg_ledger_who *who);
/** A text as a JSON string with its quotes. Owned by the caller; NULL if memory is out or it is not
 *  UTF-8. */
char *rg_ledger_quote(const char *text);
/** The same at the end of @to. */
void rg_ledger_put_quoted(struct rg_text *to, const char *text);

/** Is this a name that a client may assert: 1 to RG_LEDGER_ASSERTED_MAX bytes of UTF-8 without
 *  control characters? */
bool rg_ledger_asserted_ok(const char *name);

#endif
