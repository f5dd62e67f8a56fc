/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How long the command line waits for a daemon: as long as it answers others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "cli/client.h"

static char path[] = "/tmp/rg-test-client-XXXXXX";

static void answer(int client)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
	char request[4096];

	if (client >= 0 && read(client, request, sizeof(request)) > 0 && write(client, text, sizeof(text) - 1) < 0)
		_exit(1);
}

/* Answers the first connection behind @others that come while it waits. */
static void serve(int listener, unsigned int others)
{
	int first = accept(listener, NULL, NULL);

	for (; others; others--)
		answer(accept(listener, NULL, NULL));
	answer(first);
}

static pid_t given_daemon(unsigned int others)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	assert_true(listener >= 0);
	unlink(path);
	strcpy(address.sun_path, path);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 8), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		serve(listener, others);
		_exit(0);
	}
	close(listener);
	return pid;
}

static void daemon_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlink(path);
}

static int request(struct rg_client_answer *ret, struct rg_err *err)
{
	struct rg_client_request request = { .socket = path, .method = "GET", .path = "/v1/report", .patience_s = 1 };

	return rg_client_run(&request, ret, err);
}

static void a_daemon_that_answers_others_is_waited_for(void **state)
{
	pid_t pid = given_daemon(2);
	struct rg_client_answer answer;
	struct rg_err err = { 0 };

	(void)state;
	assert_int_equal(request(&answer, &err), 0);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.body, "{}");
	rg_client_answer_clear(&answer);
	daemon_end(pid);
}

static void a_daemon_that_answers_nobody_is_given_up(void **state)
{
	pid_t pid = given_daemon(0);
	struct rg_client_answer answer = { .status = 1 };
	struct rg_err err = { 0 };

	(void)state;
	kill(pid, SIGSTOP);
	assert_int_equal(request(&answer, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.detail, "has not answered in 1 s"));
	assert_int_equal(answer.status, 1);
	daemon_end(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_daemon_that_answers_others_is_waited_for),
		cmocka_unit_test(a_daemon_that_answers_nobody_is_given_up),
	};
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
