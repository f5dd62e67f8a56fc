/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A second reader of STUN requests, written from the RFCs and independent of bpf/stun.h: what a
 * payload names. Slow and plain; reads one byte at a time.
 *
 * RFC 8489 (STUN), RFC 8445 section 7.2.2 (USERNAME in ICE), RFC 4571 (framing on TCP). */
#ifndef RG_TEST_ORACLE_STUN_H
#define RG_TEST_ORACLE_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum oracle_stun {
	ORACLE_STUN_NONE,      /* no request, or it names nobody, or not all of the name is there */
	ORACLE_STUN_NAMED,
	ORACLE_STUN_MALFORMED, /* a request by type and cookie, but not by its lengths; or two names */
	ORACLE_STUN_BEYOND,    /* more than RG_STUN_ATTRIBUTES_MAX attributes */
};

struct oracle_name {
	size_t length;  /* of the ufrag: the name up to its first colon */
	uint8_t text[600];
};

/** The request that a payload starts with. @ret: for ORACLE_STUN_NAMED. */
enum oracle_stun oracle_stun(const uint8_t *payload, size_t n, bool tcp, struct oracle_name *ret);

#endif
