/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Preloaded into the daemon: the kernel has no memory at a chosen bpf() call. The file that BPF_FAILS
 * names holds two numbers of 8 bytes: how many calls there were, and which one fails (0: none). Of a batch
 * the first half is done before it fails. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

long syscall(long number, ...);

static uint64_t *calls;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("BPF_FAILS");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at != MAP_FAILED)
		calls = at;
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

static long fail(long number, long arg[6])
{
	union bpf_attr *attr = (union bpf_attr *)arg[1];

	if (arg[0] == BPF_MAP_UPDATE_BATCH && attr->batch.count > 1) {
		attr->batch.count /= 2;
		pass(number, arg);
	}
	errno = ENOMEM;
	return -1;
}

long syscall(long number, ...)
{
	long arg[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	return number == SYS_bpf && calls && ++calls[0] == calls[1] ? fail(number, arg) : pass(number, arg);
}
