/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An HTTP/1.1 server on a listening stream socket, without a thread of its own.
 * http_private.h is the only includer of microhttpd.h.
 *
 * One turn (rg_http_run) reads what clients have sent. Each request that is whole
 * goes through stage(); after all of them commit() runs once; then answer() fills
 * each response. So all requests of a turn share what commit() costs. An answer that takes
 * long is made in steps, one a turn, so that others are answered between them.
 */
#ifndef RG_HTTP_H
#define RG_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define RG_HTTP_CONNECTIONS_MAX 512
#define RG_HTTP_TIMEOUT_S       30           /* without a byte from or to the client */
#define RG_HTTP_BODY_MAX        (1u << 20)
#define RG_HTTP_GONE_MS         5000         /* after that long a client of a silent stream is missed */
#define RG_HTTP_DRAIN_MAX       (256u << 20) /* of a body that is not wanted, before hanging up */

struct rg_http;

/* A body that is made while it is sent, and may have no end. */
struct rg_http_stream {
	/** Write at most @max bytes. Returns how many; 0: none now, rg_http_wake() tells when; -1: the end. */
	long (*read)(void *arg, char *buf, size_t max);
	/** The response is over, or was never begun. */
	void (*close)(void *arg);
	void *arg;
};

struct rg_http_request;
/* An answer that takes long. */
struct rg_http_later {
	/** Go on for a millisecond or so. True: the request's response is filled. */
	bool (*step)(void *arg, struct rg_http_request *request);
	/** It is, or the request is over before. */
	void (*close)(void *arg);
	void *arg;
};

struct rg_http_response {
	unsigned int status;      /* 0: not answered yet */
	struct rg_http_later later; /* with the status 0, if step is set: who answers */
	const char *content_type; /* a constant; NULL without a body */
	char *body;               /* owned (malloc), NULL if empty */
	size_t length;
	struct rg_http_stream stream; /* instead of a body, if read is set */
	char etag[32];            /* with its quotes; "" for none */
	char allow[64];           /* methods of a 405; "" for none */
};

struct rg_http_request {
	const char *method;
	char *path;            /* as it was sent, still percent-encoded, without the query */
	bool encoding_ok;      /* each % of path and query starts two hex digits, and is not %00 */
	const char *body;      /* NUL terminated, "" if there is none */
	size_t body_length;
	size_t body_limit;     /* set by open(); a longer body is not passed on */
	bool too_large;        /* the body is longer than that; body is empty then */
	void *context;         /* of open() .. close() */
	struct rg_http_response response;
};

struct rg_http_ops {
	/** The headers are in. Sets context and body_limit; may answer (set the response), then
	 *  the body is read but not kept. Returns 0, or -ENOMEM: hang up. */
	int (*open)(void *arg, struct rg_http_request *request);
	/** The request is whole, or too large. May answer. */
	void (*stage)(void *arg, struct rg_http_request *request);
	/** Make what stage() did this turn hold. */
	void (*commit)(void *arg);
	/** Answer, or replace the answer of stage(); or say who answers later. */
	void (*answer)(void *arg, struct rg_http_request *request);
	/** The request is over; release context. Called once for each open() that returned 0. */
	void (*close)(void *arg, struct rg_http_request *request);
	/** May whoever connected this socket use the connections that are kept in reserve (shares.h)?
	 *  NULL: anybody. */
	bool (*privileged)(void *arg, int socket);
};

/** Serve on @listen_fd, which the server owns from here on, also on failure. */
int rg_http_open(int listen_fd, const struct rg_http_ops *ops, void *arg, struct rg_http **ret,
		 struct rg_err *err);
/** Answer what has begun to arrive, for @drain_ms at most, then close every connection. */
void rg_http_close(struct rg_http *http, unsigned int drain_ms);

/** Becomes readable when rg_http_run() has something to do. */
int rg_http_fd(const struct rg_http *http);
/** Milliseconds after which rg_http_run() wants to run at the latest; -1: any time. */
int rg_http_timeout_ms(struct rg_http *http);
/** There may be something to read for streams that had nothing. */
void rg_http_wake(struct rg_http *http);
/** One turn, with one step of one answer that takes long; never blocks. */
void rg_http_run(struct rg_http *http);

/** The socket of a request's connection. */
int rg_http_socket(const struct rg_http_request *request);
/** Value of a header (any case of @name); NULL if absent, "" if it has no value. */
const char *rg_http_header(const struct rg_http_request *request, const char *name);
/** Decoded value of a query argument; NULL if absent, "" if it has no value. */
const char *rg_http_query(const struct rg_http_request *request, const char *name);
/** Is it there more than once? Of such a one the two calls above know but one value. */
bool rg_http_header_repeated(const struct rg_http_request *request, const char *name);
bool rg_http_query_repeated(const struct rg_http_request *request, const char *name);
/** Calls @fn with each query argument's name until it returns non-zero, which is returned. */
int rg_http_query_names(const struct rg_http_request *request,
			int (*fn)(void *arg, const char *name), void *arg);

/** Decode the percent-encoding of @text in place. */
void rg_http_decode(char *text);
/** Is each % followed by two hex digits that are not 00? (A NUL would cut the text short.) */
bool rg_http_encoding_ok(const char *text);

#endif
