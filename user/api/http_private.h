/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by http.c, http_request.c and http_stream.c, and by nothing else. */
#ifndef RG_HTTP_PRIVATE_H
#define RG_HTTP_PRIVATE_H

#include <microhttpd.h>
#include "api/http.h"
#include "api/shares.h"

/* Requests in order. */
struct queue {
	struct request *first, **last;
};

struct request {
	struct rg_http_request public; /* first: the two are cast into each other */
	struct rg_http *http;
	struct MHD_Connection *connection;
	struct queue *queue;          /* in which it is; NULL: none */
	struct request *next, **link; /* in it: the next one, and what points to this one */
	struct rg_http_later later;   /* who answers it, of those in http->later */
	char *body;
	size_t capacity;
	size_t drained;
	bool opened, queued;
};

/* A response that is made while it is sent. While it has nothing to say its connection is suspended:
 * libmicrohttpd would ask it again and again. */
struct stream {
	struct rg_http *http;
	struct rg_http_stream public;
	struct MHD_Connection *connection;
	int socket;
	bool suspended, gone; /* gone: the client is */
	struct stream *next, **link;
};

struct rg_http {
	struct MHD_Daemon *daemon;
	const struct rg_http_ops *ops;
	void *arg;
	struct queue held;                 /* staged and not answered yet, in order of arrival */
	struct queue later;                /* whose answers are being made */
	unsigned int n_requests;           /* begun and not over */
	struct stream *streams;
	struct rg_shares shares;           /* who holds the connections */
	uint64_t looked_ms;                /* when clients of suspended streams were last looked at */
	bool closing;
};

uint64_t http_now_ms(void);

/* http_stream.c */
/** The response of a request whose response has a stream, which is moved; NULL without memory. */
struct MHD_Response *http_stream_response(struct request *request);
/** Wake those of clients that have gone, now and then. */
void http_streams_look(struct rg_http *http);

#endif
