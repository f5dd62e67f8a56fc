/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared endpoints and ICE ufrags as the API sees them: structs and JSON. Pure. */
#ifndef RG_POLICY_ENDPOINT_H
#define RG_POLICY_ENDPOINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "base/ip.h"
#include "rg_abi.h"

#define RG_UFRAGS_PER_BODY_MAX 65536 /* more are bound one by one or by batch */

/* A port or a range of ports whose packets belong to many meetings. */
struct rg_shared_spec {
	char name[RG_ENDPOINT_NAME_MAX + 1];
	struct rg_addr address;        /* all zero: "any" */
	__u16 first_port, last_port;   /* 1..65535 */
	__u8 protocol;                 /* IPPROTO_UDP or IPPROTO_TCP */
	bool admit_unbound;            /* "unbound": "admit", else "refuse" */
	__u16 ufrag_prefix;            /* characters; 0: the whole ufrag */
};

struct rg_ufrag_spec {
	char *endpoint; /* name of a shared endpoint */
	char *text;
};

bool rg_endpoint_name_ok(const char *name);

/** Parse a PUT body. @name: from the path; "name" in the body may be absent but must be equal.
 *  Defaults: protocol "udp", classify "ufrag", unbound "refuse", no ufrag_prefix. RG_ERR_INVALID with
 *  the pointer for: unknown fields, wrong types, a name that is not 1-64 of A-Z a-z 0-9 . _ : -, both
 *  or none of "port" and "ports", a range that is not "FIRST-LAST", a prefix outside 4..256, and
 *  addresses as of meetings' endpoints. @ret untouched on failure. */
int rg_shared_parse(const json_t *body, const char *name, struct rg_shared_spec *ret, struct rg_err *err);
/** Canonical JSON: one port is "port", a range "ports"; "ufrag_prefix" is null if there is none. */
json_t *rg_shared_to_json(const struct rg_shared_spec *shared);
/** The same as the map has it. */
struct rg_shared rg_shared_entry(const struct rg_shared_spec *shared);
bool rg_shared_equal(const struct rg_shared_spec *a, const struct rg_shared_spec *b);

/** RG_ERR_INVALID unless @text can be a ufrag: RG_UFRAG_MIN to RG_UFRAG_MAX visible ASCII characters
 *  without ':'. RFC 8839 allows only A-Z a-z 0-9 + / ; what else a client may be made to send is
 *  compared byte by byte all the same, and the colon ends the ufrag in a USERNAME. */
int rg_ufrag_check(const char *text, struct rg_err *err);
/** The same for a ufrag of an endpoint, which may want an exact length. */
int rg_ufrag_check_prefix(const char *text, const struct rg_shared_spec *shared, struct rg_err *err);

/** The "ufrags" of a meeting's body: [{"endpoint", "ufrag"}]; absent: none. Listed twice is refused.
 *  @ret owned by the caller (rg_ufrags_free), untouched on failure. */
int rg_ufrags_parse(const json_t *body, struct rg_ufrag_spec **ret, size_t *ret_n, struct rg_err *err);
void rg_ufrags_free(struct rg_ufrag_spec *ufrags, size_t n);
json_t *rg_ufrags_to_json(const struct rg_ufrag_spec *ufrags, size_t n);

/** A local address: IPv4, IPv6 or "any" (all zero in @ret). RG_ERR_INVALID at "/address" for what no
 *  host has as its own: multicast, "0.0.0.0" and "::". */
int rg_local_address_parse(const char *text, struct rg_addr *ret, struct rg_err *err);

#endif
