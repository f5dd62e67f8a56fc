/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Owners that clean up after themselves when they leave scope.
 *
 *   _cleanup_(rg_freep) char *text = strdup("...");
 *   *ret_text = TAKE_PTR(text);   // ownership visibly leaves
 */
#ifndef RG_CLEANUP_H
#define RG_CLEANUP_H

#include <stdlib.h>
#include <stdio.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

#define TAKE_PTR(p) ({ typeof(p) *_take = &(p), _kept = *_take; *_take = NULL; _kept; })
#define TAKE_FD(fd) ({ int *_take = &(fd), _kept = *_take; *_take = -1; _kept; })

static inline void rg_freep(void *p)
{
	free(*(void **)p);
}
static inline void rg_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
static inline void rg_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

/* Cleanup function for a pointer type with a free function that accepts NULL. */
#define RG_DEFINE_CLEANUP(type, free_fn)                          \
	static inline void free_fn##p(type *p) { free_fn(*p); }   \
	struct rg_cleanup_semicolon

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
