/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Responses that are made while they are sent. */
#include "api/http_private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define STREAM_BLOCK 16384u

static ssize_t stream_read(void *arg, uint64_t position, char *buf, size_t max)
{
	struct stream *stream = arg;
	long n = stream->http->closing || stream->gone ? -1 : stream->public.read(stream->public.arg, buf, max);

	(void)position;
	if (n < 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (!n) {
		MHD_suspend_connection(stream->connection);
		stream->suspended = true;
	}
	return n;
}

static void stream_free(void *arg)
{
	struct stream *stream = arg;

	*stream->link = stream->next;
	if (stream->next)
		stream->next->link = stream->link;
	stream->public.close(stream->public.arg);
	free(stream);
}

struct MHD_Response *http_stream_response(struct request *request)
{
	struct rg_http_response *response = &request->public.response;
	struct stream *stream = calloc(1, sizeof(*stream));
	struct rg_http *http = request->http;
	struct MHD_Response *reply;

	if (!stream)
		return NULL;
	stream->http = http;
	stream->public = response->stream;
	stream->connection = request->connection;
	stream->socket = rg_http_socket(&request->public);
	reply = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read, stream, stream_free);
	if (!reply) {
		free(stream);
		return NULL;
	}
	stream->next = http->streams;
	stream->link = &http->streams;
	if (stream->next)
		stream->next->link = &stream->next;
	http->streams = stream;
	response->stream = (struct rg_http_stream){ 0 }; /* moved */
	return reply;
}

static void stream_wake(struct stream *stream)
{
	if (!stream->suspended)
		return;
	stream->suspended = false;
	MHD_resume_connection(stream->connection);
}

void rg_http_wake(struct rg_http *http)
{
	for (struct stream *stream = http->streams; stream; stream = stream->next)
		stream_wake(stream);
}

/* Nobody reads from the socket of a suspended connection, so a client that has gone is looked for. */
void http_streams_look(struct rg_http *http)
{
	uint64_t now = http_now_ms();
	char byte;

	if (!http->streams || now - http->looked_ms < RG_HTTP_GONE_MS)
		return;
	http->looked_ms = now;
	for (struct stream *stream = http->streams; stream; stream = stream->next) {
		ssize_t n = recv(stream->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

		if (!stream->suspended || n > 0 || (n < 0 && errno == EAGAIN))
			continue;
		stream->gone = true;
		stream_wake(stream);
	}
}
