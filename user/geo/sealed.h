/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A private copy of a file that nobody can change any more.
 *
 * Mapping a file that another process truncates ends in SIGBUS; a sealed memory
 * file can be mapped without that danger.
 */
#ifndef RG_SEALED_H
#define RG_SEALED_H

#include "base/err.h"

/** Copy the GeoIP database at @path (a regular file of 1 byte to 2 GiB that does not change
 *  meanwhile) into sealed memory. Returns an fd, or -ENOENT, -EINVAL, -ENOMEM with a sentence. */
int rg_sealed_copy(const char *path, struct rg_err *err);

#endif
