/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Preloaded into the daemon: at a chosen call the kernel refuses, or the daemon is killed. Calls are those of bpf(),
 * and (if asked for) those that change files and talk to netlink. Of a batch the first half is done before it fails.
 * The file that BPF_FAILS names holds struct order. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KILL_BEFORE 1000
#define KILL_AFTER  1001

long syscall(long number, ...);

static struct order {
	uint64_t calls; /* so far */
	uint64_t at;    /* which one; 0: none */
	uint64_t how;   /* an errno, or KILL_*; 0: ENOMEM */
	uint64_t more;  /* how many after it, too */
	uint64_t all;   /* not those of bpf() only */
} *order;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("BPF_FAILS");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*order), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at != MAP_FAILED)
		order = at;
	if (fd >= 0)
		close(fd);
}

static long pass(long number, const long arg[6])
{
	register long r10 __asm__("r10") = arg[3];
	register long r8 __asm__("r8") = arg[4];
	register long r9 __asm__("r9") = arg[5];
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(number), "D"(arg[0]), "S"(arg[1]), "d"(arg[2]), "r"(r10),
			 "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	if (ret >= 0 || ret < -4095)
		return ret;
	errno = (int)-ret;
	return -1;
}

static void die(void)
{
	const long arg[6] = { getpid(), SIGKILL };

	pass(SYS_kill, arg);
}

static long fail(long number, const long arg[6])
{
	union bpf_attr *attr = (union bpf_attr *)arg[1];

	if (number == SYS_bpf && arg[0] == BPF_MAP_UPDATE_BATCH && attr->batch.count > 1) {
		attr->batch.count /= 2;
		pass(number, arg);
	}
	errno = order->how ? (int)order->how : ENOMEM;
	return -1;
}

static long call(long number, const long arg[6])
{
	long ret;
	int mine = order && ++order->calls >= order->at && order->at && order->calls <= order->at + order->more;

	if (mine && order->how == KILL_BEFORE)
		die();
	if (mine && order->how < KILL_BEFORE)
		return fail(number, arg);
	ret = pass(number, arg);
	if (mine)
		die();
	return ret;
}

long syscall(long number, ...)
{
	long arg[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	return number == SYS_bpf ? call(number, arg) : pass(number, arg);
}

/* Of the C library, as far as the daemon uses them where it takes over. */
static long other(long number, long a, long b, long c, long d)
{
	const long arg[6] = { a, b, c, d, 0, 0 };

	return order && order->all ? call(number, arg) : pass(number, arg);
}

int rename(const char *from, const char *to)
{
	return (int)other(SYS_rename, (long)from, (long)to, 0, 0);
}

int unlink(const char *path)
{
	return (int)other(SYS_unlink, (long)path, 0, 0, 0);
}

int mkdir(const char *path, mode_t mode)
{
	return (int)other(SYS_mkdir, (long)path, (long)mode, 0, 0);
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
	return other(SYS_sendto, fd, (long)data, (long)size, flags);
}
