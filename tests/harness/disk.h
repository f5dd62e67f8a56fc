/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A disk without room: no file grows. Include cmocka first. */
#ifndef RG_TEST_DISK_H
#define RG_TEST_DISK_H

#include <signal.h>
#include <sys/resource.h>

static struct rlimit file_limit;

static inline void given_full_disk(void)
{
	struct rlimit none;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &file_limit), 0);
	none = file_limit;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
}

static inline void given_room_on_disk(void)
{
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &file_limit), 0);
}

#endif
