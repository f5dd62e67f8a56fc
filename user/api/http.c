/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/http_private.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include "base/cleanup.h"
#include "base/log.h"

/* Memory of one connection: its headers, and the piece of a body that is read at a time. */
#define CONNECTION_MEMORY (64u << 10)
#define BODY_FIRST        4096u

uint64_t http_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void log_mhd(void *arg, const char *fmt, va_list ap)
{
	char line[512];
	size_t n;

	(void)arg;
	vsnprintf(line, sizeof(line), fmt, ap);
	n = strlen(line);
	while (n && line[n - 1] == '\n')
		line[--n] = '\0';
	rg_log(RG_LOG_DEBUG, "http: %s", line);
}

/* The request line is in. The path is kept here, before decoding, so that an encoded slash
 * stays inside its path part. What is returned becomes on_access()'s context. */
static void *on_uri(void *arg, const char *uri, struct MHD_Connection *connection)
{
	struct rg_http *http = arg;
	struct request *request = calloc(1, sizeof(*request));

	if (!request)
		return NULL;
	request->http = http;
	request->connection = connection;
	request->public.encoding_ok = rg_http_encoding_ok(uri);
	request->public.body = "";
	request->public.body_limit = RG_HTTP_BODY_MAX;
	request->public.path = strndup(uri, strcspn(uri, "?"));
	if (!request->public.path) {
		free(request);
		return NULL;
	}
	http->n_requests++;
	return request;
}

static void enqueue(struct queue *queue, struct request *request)
{
	request->queue = queue;
	request->next = NULL;
	request->link = queue->last;
	*queue->last = request;
	queue->last = &request->next;
}

static void dequeue(struct request *request)
{
	if (!request->queue)
		return;
	*request->link = request->next;
	if (request->next)
		request->next->link = request->link;
	else
		request->queue->last = request->link;
	request->queue = NULL;
}

static void later_close(struct rg_http_later *later)
{
	if (later->close)
		later->close(later->arg);
	*later = (struct rg_http_later){ 0 };
}

/* Also called when the client has gone; what its request staged is committed all the same. */
static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
			 enum MHD_RequestTerminationCode code)
{
	struct rg_http *http = arg;
	struct request *request = *context;

	(void)connection;
	(void)code;
	if (!request)
		return;
	dequeue(request);
	later_close(&request->later);
	if (request->opened)
		http->ops->close(http->arg, &request->public);
	free(request->public.response.body);
	if (request->public.response.stream.close) /* never begun */
		request->public.response.stream.close(request->public.response.stream.arg);
	free(request->public.path);
	free(request->body);
	free(request);
	*context = NULL;
	http->n_requests--;
}

static void add_headers(struct MHD_Response *reply, const struct rg_http_response *response)
{
	if (response->content_type)
		MHD_add_response_header(reply, MHD_HTTP_HEADER_CONTENT_TYPE, response->content_type);
	if (*response->etag)
		MHD_add_response_header(reply, MHD_HTTP_HEADER_ETAG, response->etag);
	if (*response->allow)
		MHD_add_response_header(reply, MHD_HTTP_HEADER_ALLOW, response->allow);
}

static enum MHD_Result queue_response(struct request *request)
{
	struct rg_http_response *response = &request->public.response;
	struct MHD_Response *reply;
	enum MHD_Result ok;

	assert(response->status);
	request->queued = true;
	/* libmicrohttpd frees the body, also if it is sent only in part */
	if (response->stream.read)
		reply = http_stream_response(request);
	else
		reply = MHD_create_response_from_buffer(response->length, response->body,
							response->body ? MHD_RESPMEM_MUST_FREE
								       : MHD_RESPMEM_PERSISTENT);
	if (!reply)
		return MHD_NO;
	response->body = NULL;
	add_headers(reply, response);
	ok = MHD_queue_response(request->connection, response->status, reply);
	MHD_destroy_response(reply);
	return ok;
}

static bool announced_too_large(const struct request *request)
{
	const char *length = rg_http_header(&request->public, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return length && strtoull(length, NULL, 10) > request->public.body_limit;
}

static enum MHD_Result open_request(struct request *request, const char *method)
{
	struct rg_http *http = request->http;
	struct rg_http_request *public = &request->public;
	const char *expect;

	public->method = method;
	if (http->ops->open(http->arg, public))
		return MHD_NO;
	request->opened = true;
	if (!public->response.status && announced_too_large(request)) {
		public->too_large = true;
		http->ops->stage(http->arg, public);
	}
	/* A client that waits for leave to send is answered now; any other one might not read
	 * an answer before all of its body is written, so the body is read first. */
	expect = rg_http_header(public, MHD_HTTP_HEADER_EXPECT);
	if (public->response.status && expect && !strcasecmp(expect, "100-continue"))
		return queue_response(request);
	return MHD_YES;
}

static bool grow_body(struct request *request, size_t need)
{
	size_t capacity = request->capacity ? request->capacity : BODY_FIRST;
	char *body;

	while (capacity < need)
		capacity *= 2;
	if (capacity == request->capacity)
		return true;
	body = realloc(request->body, capacity);
	if (!body)
		return false;
	request->body = body;
	request->capacity = capacity;
	return true;
}

static void drop_body(struct request *request)
{
	free(request->body);
	request->body = NULL;
	request->capacity = 0;
	request->public.body = "";
	request->public.body_length = 0;
}

static enum MHD_Result take_body(struct request *request, const char *data, size_t *size)
{
	struct rg_http_request *public = &request->public;
	size_t n = *size;

	*size = 0;
	if (!public->response.status && n > public->body_limit - public->body_length) {
		public->too_large = true;
		drop_body(request);
		request->http->ops->stage(request->http->arg, public);
	}
	if (public->response.status) {
		request->drained += n;
		return request->drained > RG_HTTP_DRAIN_MAX ? MHD_NO : MHD_YES;
	}
	if (!grow_body(request, public->body_length + n + 1))
		return MHD_NO;
	memcpy(request->body + public->body_length, data, n);
	public->body_length += n;
	request->body[public->body_length] = '\0';
	public->body = request->body;
	return MHD_YES;
}

/* The request is whole. Without a response libmicrohttpd neither reads nor writes, and asks
 * again in its next run; by then answer_held() has come between. (Suspending the connection
 * would do as well, but a resumed one is read first in 0.9.75, and a client that has shut
 * down its sending side is taken for gone.) */
static enum MHD_Result end_request(struct request *request)
{
	struct rg_http *http = request->http;

	if (request->queue)
		return MHD_YES;
	if (request->public.response.status)
		return queue_response(request);
	enqueue(&http->held, request);
	http->ops->stage(http->arg, &request->public);
	return MHD_YES;
}

static enum MHD_Result on_access(void *arg, struct MHD_Connection *connection, const char *url,
				 const char *method, const char *version, const char *data,
				 size_t *size, void **context)
{
	struct request *request = *context;

	(void)arg;
	(void)connection;
	(void)url;
	(void)version;
	if (!request || request->queued) /* out of memory, or the response was lost: hang up */
		return MHD_NO;
	if (!request->opened)
		return open_request(request, method);
	if (*size)
		return take_body(request, data, size);
	return end_request(request);
}

/* Its client may wait for longer than it may be silent. */
static void answer_later(struct rg_http *http, struct request *request)
{
	request->later = request->public.response.later;
	request->public.response.later = (struct rg_http_later){ 0 };
	MHD_set_connection_option(request->connection, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
	enqueue(&http->later, request);
}

static void answer_held(struct rg_http *http)
{
	struct request *request;

	if (!http->held.first)
		return;
	http->ops->commit(http->arg);
	while ((request = http->held.first)) {
		dequeue(request);
		http->ops->answer(http->arg, &request->public);
		if (!request->public.response.status)
			answer_later(http, request);
	}
}

/* One step of one answer, in turn. */
static void step_later(struct rg_http *http)
{
	struct request *request = http->later.first;

	if (!request)
		return;
	dequeue(request);
	if (!request->later.step(request->later.arg, &request->public)) {
		enqueue(&http->later, request);
		return;
	}
	later_close(&request->later);
	MHD_set_connection_option(request->connection, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned int)RG_HTTP_TIMEOUT_S);
}

static unsigned int n_connections(const struct rg_http *http)
{
	return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
}

/* At its limit of connections (or of file descriptors) libmicrohttpd 0.9.75 stops watching the
 * listening socket, and watches it again only at the start of a later run. Nothing would wake the
 * loop for that one if the last connections went in this one: so it follows at once. */
void rg_http_run(struct rg_http *http)
{
	unsigned int before;

	http_streams_look(http);
	do {
		before = n_connections(http);
		if (MHD_run(http->daemon) != MHD_YES)
			rg_log(RG_LOG_WARNING, "http: the server failed to run");
		answer_held(http);
	} while (n_connections(http) < before);
	step_later(http);
}

/* What a connection's context points to. */
struct holder {
	uid_t uid;
	enum rg_share_kind kind;
};

/* One that is refused is answered here; what becomes of it is MHD's timeout, or that it reads the end. */
static void connection_begin(struct rg_http *http, struct MHD_Connection *connection, void **context)
{
	int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	struct holder *holder = malloc(sizeof(*holder));
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t length = sizeof(peer);

	if (!holder) {
		rg_share_refuse(fd, RG_SHARE_CUT, 0);
		return;
	}
	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length);
	holder->uid = peer.uid;
	holder->kind = rg_shares_enter(&http->shares, peer.uid,
				       !http->ops->privileged || http->ops->privileged(http->arg, fd));
	*context = holder;
	if (holder->kind != RG_SHARE_TOLD_NO && holder->kind != RG_SHARE_CUT)
		return;
	MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned int)RG_SHARE_TOLD_S);
	rg_share_refuse(fd, holder->kind, peer.uid);
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct rg_http *http = arg;
	struct holder *holder = *context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		connection_begin(http, connection, context);
		return;
	}
	if (holder)
		rg_shares_leave(&http->shares, holder->uid, holder->kind);
	free(holder);
	*context = NULL;
}

int rg_http_open(int listen_fd, const struct rg_http_ops *ops, void *arg, struct rg_http **ret,
		 struct rg_err *err)
{
	_cleanup_(rg_freep) struct rg_http *http = calloc(1, sizeof(*http));

	if (!http) {
		close(listen_fd);
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	}
	http->ops = ops;
	http->arg = arg;
	http->held.last = &http->held.first;
	http->later.last = &http->later.first;
	http->shares.total = RG_HTTP_CONNECTIONS_MAX;
	errno = 0;
	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
		on_access, http,
		MHD_OPTION_EXTERNAL_LOGGER, log_mhd, NULL,
		MHD_OPTION_LISTEN_SOCKET, listen_fd,
		MHD_OPTION_URI_LOG_CALLBACK, on_uri, http,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)RG_HTTP_CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)RG_HTTP_TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_END);
	if (!http->daemon) {
		int error = errno ? errno : EIO;

		close(listen_fd);
		return rg_err_set(err, -error, RG_ERR_INTERNAL, "",
				  "the HTTP server could not start: %s", strerror(error));
	}
	*ret = TAKE_PTR(http);
	return 0;
}

void rg_http_close(struct rg_http *http, unsigned int drain_ms)
{
	uint64_t now = http_now_ms(), end = now + drain_ms;
	int listen_fd;

	if (!http)
		return;
	listen_fd = MHD_quiesce_daemon(http->daemon);
	http->closing = true;
	rg_http_wake(http); /* streams end; a suspended connection could not be closed */
	rg_http_run(http);
	now = http_now_ms();
	for (; http->n_requests && now < end; now = http_now_ms()) {
		struct pollfd fd = { .fd = rg_http_fd(http), .events = POLLIN };
		int timeout = rg_http_timeout_ms(http);

		if (timeout < 0 || (uint64_t)timeout > end - now)
			timeout = (int)(end - now);
		poll(&fd, 1, timeout);
		rg_http_run(http);
	}
	MHD_stop_daemon(http->daemon);
	if (listen_fd >= 0)
		close(listen_fd);
	rg_shares_clear(&http->shares);
	free(http);
}

int rg_http_fd(const struct rg_http *http)
{
	return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int rg_http_timeout_ms(struct rg_http *http)
{
	MHD_UNSIGNED_LONG_LONG timeout;
	int most = http->streams ? RG_HTTP_GONE_MS : 60000;

	if (http->later.first)
		return 0;
	if (MHD_get_timeout(http->daemon, &timeout) != MHD_YES)
		return http->streams ? most : -1;
	return timeout > (unsigned int)most ? most : (int)timeout;
}
