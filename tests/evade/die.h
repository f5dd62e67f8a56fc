/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The test itself can not go on: say why, exit 2. */
#ifndef RG_EVADE_DIE_H
#define RG_EVADE_DIE_H

#include <stdio.h>
#include <stdlib.h>

#define die(...) (fprintf(stderr, "evade: " __VA_ARGS__), fputc('\n', stderr), exit(2))

#endif
