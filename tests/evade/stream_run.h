/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Streams sent down all paths, what their servers heard compared, findings minimised. */
#ifndef RG_EVADE_STREAM_RUN_H
#define RG_EVADE_STREAM_RUN_H

#include "evade/stream.h"

struct stream_sums {
	uint64_t frames, streams;
	uint64_t accepted, bytes; /* behind the filter */
	uint64_t orderly; /* clients whose streams must be heard in full, at shared endpoints that refuse what is unbound */
	unsigned int findings;
};
extern struct stream_sums stream_sums;

/** One stream down the paths. */
void stream_run(const struct stream *stream);
/** The same, told in full. */
void stream_show(const struct stream *stream);
/** The name in the first frame of what a server reads: it gives the connection to that transport. */
enum plan_name stream_first_name(const uint8_t *data, size_t n);
/** The sums as a comment, then an "ok" or "not ok" line. */
void stream_print_sums(void);

#endif
