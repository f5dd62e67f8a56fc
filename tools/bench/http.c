/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"

#define TIMEOUT_MS 120000
#define EVENTS 128
#define HEADERS_MAX 512

struct connection {
	int fd;
	unsigned int number;        /* of the request under way */
	uint64_t started;
	char head[HEADERS_MAX];
	size_t head_length, sent;   /* of head and body together */
	struct bench_message message;
	char *in;
	size_t in_length, in_room;
};

struct run {
	struct bench_load *load;
	struct connection *connections;
	int epoll;
	unsigned int next, answered;
};

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		bench_die("connect to the daemon", NULL);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void watch(struct run *run, struct connection *c, int op, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = c };

	epoll_ctl(run->epoll, op, c->fd, &event);
}

/* Write what the socket takes. True: all is written. */
static int write_on(struct connection *c)
{
	size_t total = c->head_length + c->message.length;

	while (c->sent < total) {
		int in_head = c->sent < c->head_length;
		const char *from = in_head ? c->head + c->sent : c->message.body + (c->sent - c->head_length);
		size_t left = in_head ? c->head_length - c->sent : total - c->sent;
		ssize_t n = send(c->fd, from, left, MSG_NOSIGNAL | (in_head && c->message.length ? MSG_MORE : 0));

		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0)
			bench_die("the daemon went away", NULL);
		c->sent += (size_t)n;
	}
	return 1;
}

static void request_next(struct run *run, struct connection *c)
{
	struct bench_load *load = run->load;
	unsigned int index = (unsigned int)(c - run->connections);

	if (run->next == load->requests) {
		watch(run, c, EPOLL_CTL_DEL, 0);
		return;
	}
	c->number = run->next++;
	memset(&c->message, 0, sizeof(c->message));
	load->make(load->arg, c->number, index, &c->message);
	c->head_length = (size_t)snprintf(c->head, sizeof(c->head),
					  "%s %s HTTP/1.1\r\nHost: rg\r\nContent-Length: %zu\r\n\r\n",
					  c->message.method, c->message.path, c->message.length);
	c->sent = c->in_length = 0;
	c->started = bench_now_ns();
	watch(run, c, EPOLL_CTL_MOD, write_on(c) ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

/* The body of a whole answer, NULL if it is not whole yet. */
static const char *whole_answer(const struct connection *c)
{
	const char *body = strstr(c->in, "\r\n\r\n"), *length = strcasestr(c->in, "\r\ncontent-length:");

	if (!body)
		return NULL;
	body += 4;
	if (!length || length > body)
		return body;
	return c->in_length >= (size_t)(body - c->in) + strtoul(length + 17, NULL, 10) ? body : NULL;
}

static void read_on(struct run *run, struct connection *c)
{
	struct bench_load *load = run->load;
	const char *body;
	ssize_t n;

	for (;;) {
		if (c->in_room - c->in_length < 4096) {
			c->in_room = c->in_room ? c->in_room * 2 : 8192;
			c->in = realloc(c->in, c->in_room);
			if (!c->in)
				bench_die("out of memory", NULL);
		}
		n = read(c->fd, c->in + c->in_length, c->in_room - c->in_length - 1);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			bench_die("the daemon hung up", NULL);
		c->in_length += (size_t)n;
	}
	c->in[c->in_length] = '\0';
	body = whole_answer(c);
	if (!body)
		return;
	if (load->answered)
		load->answered(load->arg, c->number, (unsigned int)(c - run->connections), atoi(c->in + 9), body);
	if (load->ms)
		load->ms[c->number] = (double)(bench_now_ns() - c->started) / 1e6;
	run->answered++;
	request_next(run, c);
}

static void turn(struct run *run)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(run->epoll, events, EVENTS, TIMEOUT_MS);

	if (n <= 0)
		bench_die("no answer from the daemon", NULL);
	for (int i = 0; i < n; i++) {
		struct connection *c = events[i].data.ptr;

		if (events[i].events & EPOLLOUT && write_on(c))
			watch(run, c, EPOLL_CTL_MOD, EPOLLIN);
		if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			read_on(run, c);
	}
}

void bench_load_run(struct bench_load *load)
{
	struct run run = { .load = load, .epoll = epoll_create1(EPOLL_CLOEXEC) };
	uint64_t start;

	run.connections = calloc(load->connections, sizeof(*run.connections));
	if (run.epoll < 0 || !run.connections)
		bench_die("out of memory", NULL);
	for (unsigned int i = 0; i < load->connections; i++) {
		run.connections[i].fd = connect_to(load->socket);
		watch(&run, &run.connections[i], EPOLL_CTL_ADD, 0);
	}
	start = bench_now_ns();
	for (unsigned int i = 0; i < load->connections; i++)
		request_next(&run, &run.connections[i]);
	while (run.answered < load->requests)
		turn(&run);
	load->seconds = (double)(bench_now_ns() - start) / 1e9;
	for (unsigned int i = 0; i < load->connections; i++) {
		close(run.connections[i].fd);
		free(run.connections[i].in);
	}
	free(run.connections);
	close(run.epoll);
}
