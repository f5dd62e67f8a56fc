/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The HTTP server on a real Unix socket: turns, limits, and clients that misbehave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "api/http.h"
#include "base/cleanup.h"

#define BODY_LIMIT 16
#define TURNS_MAX  200

static struct rg_http *http;
static struct sockaddr_un address;
static int n_staged, n_commits, n_answered, n_open;
static char last_body[BODY_LIMIT + 1];

static void respond(struct rg_http_request *request, unsigned int status, const char *text)
{
	request->response.status = status;
	request->response.content_type = "text/plain";
	request->response.body = strdup(text);
	request->response.length = strlen(text);
}

static int on_open(void *arg, struct rg_http_request *request)
{
	(void)arg;
	n_open++;
	request->body_limit = BODY_LIMIT;
	if (!strcmp(request->path, "/nothing"))
		respond(request, 404, "nothing");
	return 0;
}

static void on_stage(void *arg, struct rg_http_request *request)
{
	(void)arg;
	if (request->too_large) {
		respond(request, 413, "large");
		return;
	}
	n_staged++;
	snprintf(last_body, sizeof(last_body), "%s", request->body);
}

static void on_commit(void *arg)
{
	(void)arg;
	n_commits++;
}

/* An answer of some steps. What was answered when it was: the order of events. */
#define STEPS 50
static int n_steps, n_closed_later, answered_between;

static bool step(void *arg, struct rg_http_request *request)
{
	int *left = arg;

	n_steps++;
	if (--*left)
		return false;
	answered_between = n_answered;
	respond(request, 200, "late");
	return true;
}

static void close_later(void *arg)
{
	n_closed_later++;
	free(arg);
}

static void answer_later(struct rg_http_request *request)
{
	int *left = malloc(sizeof(*left));

	assert_non_null(left);
	*left = STEPS;
	request->response.later = (struct rg_http_later){ step, close_later, left };
}

static void on_answer(void *arg, struct rg_http_request *request)
{
	(void)arg;
	assert_true(n_commits > 0);
	if (!strcmp(request->path, "/later")) {
		answer_later(request);
		return;
	}
	n_answered++;
	respond(request, 200, "done");
}

static void on_close(void *arg, struct rg_http_request *request)
{
	(void)arg;
	(void)request;
	n_open--;
}

static const struct rg_http_ops ops = { on_open, on_stage, on_commit, on_answer, on_close, NULL };

static int setup(void **state)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof(sa_family_t); /* an abstract address that the kernel picks */
	struct rg_err err;

	(void)state;
	n_staged = n_commits = n_answered = n_open = 0;
	n_steps = n_closed_later = answered_between = 0;
	address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) || listen(fd, 64))
		return -1;
	length = sizeof(address);
	getsockname(fd, (struct sockaddr *)&address, &length);
	return rg_http_open(fd, &ops, NULL, &http, &err);
}

static int teardown(void **state)
{
	(void)state;
	rg_http_close(http, 0);
	return n_open; /* each request that was opened is closed */
}

static int connect_client(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(sa_family_t) + 6), 0);
	return fd;
}

static void send_text(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Turn the server as the daemon's loop does, until the client has something to read. */
static void then_answer(int fd, const char *start)
{
	struct pollfd client = { .fd = fd, .events = POLLIN };
	char answer[1024];
	ssize_t n;

	for (int i = 0; i < TURNS_MAX && poll(&client, 1, 0) < 1; i++) {
		struct pollfd server = { .fd = rg_http_fd(http), .events = POLLIN };
		int timeout_ms = rg_http_timeout_ms(http);

		poll(&server, 1, timeout_ms >= 0 && timeout_ms < 20 ? timeout_ms : 20);
		rg_http_run(http);
	}
	n = recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT);
	answer[n < 0 ? 0 : n] = '\0';
	if (strncmp(answer, start, strlen(start)))
		fail_msg("'%s' does not start with '%s'", answer, start);
}

/* Then, with a loop that runs the server only when it is woken. */
static void then_woken_answer(int fd, const char *start)
{
	struct pollfd server = { .fd = rg_http_fd(http), .events = POLLIN };

	assert_int_equal(poll(&server, 1, 5000), 1);
	then_answer(fd, start);
}

static void requests_of_one_turn_share_a_commit(void **state)
{
	int fds[8];

	(void)state;
	for (int i = 0; i < 8; i++) {
		fds[i] = connect_client();
		send_text(fds[i], "GET / HTTP/1.1\r\nHost: x\r\n");
	}
	for (int i = 0; i < 20; i++)
		rg_http_run(http); /* all of them are accepted and half read */
	for (int i = 0; i < 8; i++)
		send_text(fds[i], "\r\n");
	for (int i = 0; i < 8; i++) {
		then_answer(fds[i], "HTTP/1.1 200 ");
		close(fds[i]);
	}
	assert_int_equal(n_staged, 8);
	assert_int_equal(n_answered, 8);
	assert_int_equal(n_commits, 1);
}

static void a_body_arrives_whole(void **state)
{
	_cleanup_(rg_closep) int fd = connect_client();

	(void)state;
	send_text(fd, "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	for (int i = 0; i < 5; i++)
		rg_http_run(http);
	assert_int_equal(n_staged, 0);
	send_text(fd, "2\r\nde\r\n0\r\n\r\n");
	then_answer(fd, "HTTP/1.1 200 ");
	assert_string_equal(last_body, "abcde");
}

static void a_body_of_the_limit_is_taken_and_a_longer_one_is_not(void **state)
{
	_cleanup_(rg_closep) int fits = connect_client(), announced = connect_client(),
				 chunked = connect_client();

	(void)state;
	send_text(announced, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n0123456789abcdefg");
	then_answer(announced, "HTTP/1.1 413 ");
	send_text(chunked, "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
			   "11\r\n0123456789abcdefg\r\n0\r\n\r\n");
	then_answer(chunked, "HTTP/1.1 413 ");
	assert_int_equal(n_staged, 0);
	send_text(fits, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\n\r\n0123456789abcdef");
	then_answer(fits, "HTTP/1.1 200 ");
	assert_string_equal(last_body, "0123456789abcdef");
}

/* What docs/api.md says of them: the library's own statuses, and the end of the connection. */
static void what_is_no_http_is_answered_by_the_library(void **state)
{
	static const struct { const char *before; size_t fill; const char *status; } cases[] = {
		{ "GET /\r\n\r\n", 0, "HTTP/1.1 400 " },
		{ "GET / HTTP/1.1\r\nno colon\r\n\r\n", 0, "HTTP/1.1 400 " },
		{ "PUT / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 0, "HTTP/1.1 400 " },
		{ "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 0, "HTTP/1.1 400 " },
		{ "PUT / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 0, "HTTP/1.1 413 " },
		{ "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 0, "HTTP/1.1 413 " },
		{ "GET /", 65536, "HTTP/1.1 414 " },
		{ "GET / HTTP/1.1\r\nX: ", 65536, "HTTP/1.1 431 " },
		{ "GET / HTTP/2.0\r\n\r\n", 0, "HTTP/1.1 505 " },
	};
	char fill[65537], rest[8192];
	ssize_t n = -1;

	(void)state;
	memset(fill, 'x', sizeof(fill) - 1);
	fill[sizeof(fill) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(rg_closep) int fd = connect_client();

		send_text(fd, cases[i].before);
		send_text(fd, fill + sizeof(fill) - 1 - cases[i].fill);
		then_answer(fd, cases[i].status);
		for (int turn = 0; turn < TURNS_MAX; turn++) {
			rg_http_run(http);
			n = recv(fd, rest, sizeof(rest), MSG_DONTWAIT);
			if (n == 0 || (n < 0 && errno != EAGAIN))
				break;
		}
		assert_true(n == 0 || errno == ECONNRESET);
	}
	assert_int_equal(n_staged, 0);
}

static void a_client_that_asks_first_is_told_before_it_sends(void **state)
{
	_cleanup_(rg_closep) int fits = connect_client(), large = connect_client(),
				 nowhere = connect_client();

	(void)state;
	send_text(fits, "PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	then_answer(fits, "HTTP/1.1 100 ");
	send_text(fits, "ab");
	then_answer(fits, "HTTP/1.1 200 ");
	send_text(large, "PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99\r\n\r\n");
	then_answer(large, "HTTP/1.1 413 ");
	send_text(nowhere, "PUT /nothing HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
			   "Content-Length: 2\r\n\r\n");
	then_answer(nowhere, "HTTP/1.1 404 ");
}

static void a_client_that_has_sent_all_and_shut_down_is_answered(void **state)
{
	_cleanup_(rg_closep) int other = connect_client(), fd = connect_client();

	(void)state;
	send_text(other, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	then_answer(other, "HTTP/1.1 200 ");
	send_text(fd, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab");
	shutdown(fd, SHUT_WR);
	then_answer(fd, "HTTP/1.1 200 ");
}

static void a_client_that_leaves_early_leaves_nothing(void **state)
{
	static const char request[] = "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab";

	(void)state;
	for (size_t n = 0; n < sizeof(request) - 1; n++) {
		int fd = connect_client();

		assert_int_equal(send(fd, request, n, MSG_NOSIGNAL), n);
		rg_http_run(http);
		close(fd);
		for (int i = 0; i < 3; i++)
			rg_http_run(http);
	}
	assert_int_equal(n_staged, 0);
	assert_int_equal(n_open, 0);
}

static void others_are_answered_between_the_steps_of_one_that_takes_long(void **state)
{
	_cleanup_(rg_closep) int slow = connect_client(), other = connect_client();

	(void)state;
	send_text(slow, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
	while (!n_steps)
		rg_http_run(http);
	for (int i = 1; i <= 3; i++) {
		send_text(other, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1");
		then_answer(other, "HTTP/1.1 200 ");
		assert_int_equal(n_answered, i);
	}
	assert_true(n_steps < STEPS);
	assert_int_equal(n_closed_later, 0);
	then_answer(slow, "HTTP/1.1 200 ");
	assert_int_equal(answered_between, 3);
	assert_int_equal(n_steps, STEPS);
	assert_int_equal(n_closed_later, 1);
	send_text(slow, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); /* the connection goes on */
	then_answer(slow, "HTTP/1.1 200 ");
}

static void answers_that_take_long_take_turns(void **state)
{
	int fds[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		fds[i] = connect_client();
		send_text(fds[i], "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
	}
	while (n_steps < 3 * (STEPS - 1))
		rg_http_run(http);
	assert_int_equal(n_closed_later, 0); /* all of them are nearly there */
	for (int i = 0; i < 3; i++) {
		then_answer(fds[i], "HTTP/1.1 200 ");
		close(fds[i]);
	}
	assert_int_equal(n_closed_later, 3);
}

static void a_server_that_closes_leaves_no_answer_in_the_making(void **state)
{
	_cleanup_(rg_closep) int gone = connect_client(), fd = connect_client();

	send_text(gone, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
	send_text(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
	while (n_steps < 3)
		rg_http_run(http);
	rg_closep(&gone);
	gone = -1;
	assert_int_equal(teardown(state), 0);
	assert_int_equal(n_closed_later, 2);
	assert_int_equal(setup(state), 0);
}

static void clients_that_filled_the_server_and_left_lock_nobody_out(void **state)
{
	static int fds[RG_HTTP_CONNECTIONS_MAX];
	struct rlimit limit;
	int fd;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int i = 0; i < RG_HTTP_CONNECTIONS_MAX; i++) {
		fds[i] = connect_client();
		send_text(fds[i], "GET / HT");
		rg_http_run(http);
	}
	for (int i = 0; i < 5; i++)
		rg_http_run(http); /* at the limit, nobody else is let in */
	for (int i = 0; i < RG_HTTP_CONNECTIONS_MAX; i++)
		close(fds[i]);
	rg_http_run(http);
	fd = connect_client();
	send_text(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	then_woken_answer(fd, "HTTP/1.1 200 ");
	close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(requests_of_one_turn_share_a_commit),
		TEST(a_body_arrives_whole),
		TEST(a_body_of_the_limit_is_taken_and_a_longer_one_is_not),
		TEST(what_is_no_http_is_answered_by_the_library),
		TEST(a_client_that_asks_first_is_told_before_it_sends),
		TEST(a_client_that_has_sent_all_and_shut_down_is_answered),
		TEST(a_client_that_leaves_early_leaves_nothing),
		TEST(others_are_answered_between_the_steps_of_one_that_takes_long),
		TEST(answers_that_take_long_take_turns),
		TEST(a_server_that_closes_leaves_no_answer_in_the_making),
		TEST(clients_that_filled_the_server_and_left_lock_nobody_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
