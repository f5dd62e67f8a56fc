/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a running daemon can still do. Each test is a child, since there is no way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "daemon/privileges.h"

/* The exit status of a child that runs @fn without privileges; the number of a signal, negative. */
static int in_child_with(bool dispatcher, int (*fn)(void))
{
	struct rg_err err;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(rg_privileges_drop(dispatcher, &err) ? 99 : fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int in_child(int (*fn)(void))
{
	return in_child_with(false, fn);
}

static int refused(int r)
{
	return r < 0 && errno == EPERM ? 0 : 1;
}

static int child_files(void)
{
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	char c;

	return fd >= 0 && read(fd, &c, 1) == 1 && !close(fd) ? 0 : 1;
}

static int child_sockets(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) < 0 || socket(AF_NETLINK, SOCK_RAW, 0) < 0;
}

static int child_inet(void)
{
	return refused(socket(AF_INET, SOCK_DGRAM, 0)) || refused(socket(AF_INET6, SOCK_STREAM, 0)) ||
	       refused(socket(AF_PACKET, SOCK_RAW, 0));
}

static int child_exec_memory(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || refused(mprotect(at, 4096, PROT_READ | PROT_EXEC)))
		return 1;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static int child_others(void)
{
	return refused(chdir("/")) || refused(setuid(0)) || refused(chroot("/"));
}

static int child_exec(void)
{
	char *const argv[] = { "true", NULL };

	execve("/bin/true", argv, argv + 1);
	return 1;
}

static int child_mount(void)
{
	return mount("none", "/", "tmpfs", 0, NULL) ? 1 : 2;
}

static int beyond(unsigned long long most)
{
	_cleanup_(rg_fclosep) FILE *f = fopen("/proc/self/status", "re");
	unsigned long long have = ~0ull;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "CapEff: %llx", &have) == 1)
			break;
	return (have & ~most) != 0;
}

static const unsigned long long kept = 1ull << 12 | 1ull << 39; /* CAP_NET_ADMIN, CAP_BPF */

static int child_capabilities(void)
{
	return beyond(kept);
}

static int child_dispatcher(void)
{
	return beyond(kept | 1ull << 21); /* CAP_SYS_ADMIN */
}

static void it_reads_files_and_serves_sockets(void **state)
{
	(void)state;
	assert_int_equal(in_child(child_files), 0);
	assert_int_equal(in_child(child_sockets), 0);
}

static void it_has_no_capability_that_it_does_not_need(void **state)
{
	(void)state;
	assert_int_equal(in_child(child_capabilities), 0);
	assert_int_equal(in_child_with(true, child_dispatcher), 0);
}

static void it_sends_no_packets(void **state)
{
	(void)state;
	assert_int_equal(in_child(child_inet), 0);
}

static void it_makes_no_new_code(void **state)
{
	(void)state;
	assert_int_equal(in_child(child_exec_memory), 0);
}

static void other_calls_fail(void **state)
{
	(void)state;
	assert_int_equal(in_child(child_others), 0);
}

static void what_only_an_intruder_does_kills(void **state)
{
	(void)state;
	assert_int_equal(in_child(child_exec), -SIGSYS);
	assert_int_equal(in_child(child_mount), -SIGSYS);
	assert_int_equal(in_child_with(true, child_mount), -SIGSYS); /* whatever the capabilities allow */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_reads_files_and_serves_sockets),
		cmocka_unit_test(it_has_no_capability_that_it_does_not_need),
		cmocka_unit_test(it_sends_no_packets),
		cmocka_unit_test(it_makes_no_new_code),
		cmocka_unit_test(other_calls_fail),
		cmocka_unit_test(what_only_an_intruder_does_kills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
