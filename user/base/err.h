/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a function says why it failed.
 *
 * A fallible function returns 0 or a negative errno and takes `struct rg_err *err`
 * as its last argument; on failure it fills it, on success it leaves it alone.
 * The pure core never logs: the daemon, the API and the CLI say an error once.
 */
#ifndef RG_ERR_H
#define RG_ERR_H

#include <stdarg.h>

/* RG_ERRS(X): X(NAME, http status, "problem type", "title"). The type is the last
 * part of the problem+json "type" URI (tag "urn:regiongate:problem:"). */
#define RG_ERRS(X)                                                              \
	X(SYNTAX,       400, "syntax",       "The body is not JSON")            \
	X(FORBIDDEN,    403, "forbidden",    "The caller may not do this")    \
	X(NOT_FOUND,    404, "not-found",    "No such resource")                \
	X(METHOD,       405, "method",       "The resource has no such method") \
	X(CONFLICT,     409, "conflict",     "Another resource holds it")       \
	X(HELD,         409, "held",         "The change needs a confirmation") \
	X(PRECONDITION, 412, "precondition", "The resource has changed")        \
	X(TOO_LARGE,    413, "too-large",    "The body is too large")           \
	X(INVALID,      422, "invalid",      "The request is not acceptable")   \
	X(EXCEEDS,      422, "order-exceeds-jurisdiction", "The order exceeds its jurisdiction") \
	X(APPROVAL,     422, "approval-needed", "The override needs another admin's approval") \
	X(INTERNAL,     500, "internal",     "The daemon failed")               \
	X(KERNEL,       503, "kernel",       "The kernel refused")              \
	X(STORE,        503, "store",        "The store refused")               \
	X(FULL,         507, "full",         "A table is full")

enum rg_errc {
	RG_ERR_NONE,
#define X(name, status, type, title) RG_ERR_##name,
	RG_ERRS(X)
#undef X
	RG_ERR_MAX
};

struct rg_err {
	enum rg_errc code;
	char pointer[192]; /* RFC 6901, to the offending field; "" if none */
	char detail[512];  /* one sentence for a person */
	char regions[768]; /* EXCEEDS: the regions that exceed, "HK,custom:here", as many as fit */
};

/** Fill @err (may be NULL). Its texts are UTF-8 whatever they quote, cut between characters where they do not fit. */
void rg_err_fill(struct rg_err *err, enum rg_errc code, const char *pointer, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/** The same, and the value is @ret, so that `return rg_err_set(...)` reads well. A macro: so compilers and
 *  analyzers see that what is returned with an error is not 0. */
#define rg_err_set(err, ret, ...) ({ int _ret = (ret); rg_err_fill(err, __VA_ARGS__); _ret; })

/** Put @prefix ("/rules/0") in front of @err's pointer. */
void rg_err_prefix(struct rg_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

int rg_errc_status(enum rg_errc code);         /* HTTP status */
const char *rg_errc_type(enum rg_errc code);   /* "conflict" */
const char *rg_errc_title(enum rg_errc code);

#endif
