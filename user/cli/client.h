/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* HTTP over the daemon's Unix socket. client.c is the only includer of curl/curl.h. */
#ifndef RG_CLI_CLIENT_H
#define RG_CLI_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

/* How long there may be no sign of life: no answer, neither to a request nor to a short one beside it. A report of a
 * ledger of millions of entries is made in steps, between which others are answered. */
#define RG_CLIENT_PATIENCE_S 120

struct rg_client_request {
	const char *socket;
	const char *method;
	const char *path;     /* escaped, with its query */
	const char *body;     /* NULL: none */
	size_t length;
	const char *type;     /* of the body */
	const char *if_match; /* NULL: none */
	const char *actor;    /* for whom this is done, as the ledger records it; NULL: nobody says */
	unsigned int patience_s; /* 0: RG_CLIENT_PATIENCE_S */
	bool impatient;          /* the time is up then also if the daemon answers others */
	/* If set: an answer of success is passed on in pieces as they come, with no limit of size or
	 * time. Returns false to end. */
	bool (*take)(void *arg, const char *data, size_t length);
	void *arg;
};

struct rg_client_answer {
	long status;
	char *body; /* NUL terminated; owned; NULL if it is empty */
	size_t length;
	char *etag; /* owned; NULL if there is none */
};

/** Send a request and read the whole answer, whatever its status. -ENOTCONN if there is no
 *  daemon at the socket or it went away; -ETIMEDOUT; -ENOMEM; -EIO otherwise. @ret is untouched
 *  on failure; rg_client_answer_clear() releases it. */
int rg_client_run(const struct rg_client_request *request, struct rg_client_answer *ret,
		  struct rg_err *err);
void rg_client_answer_clear(struct rg_client_answer *answer);

/** Percent-encode one path segment or query value. Owned by the caller; NULL if memory is out. */
char *rg_client_escape(const char *text);

#endif
