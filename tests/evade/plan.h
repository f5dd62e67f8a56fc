/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A plan says how one datagram is disguised, in terms that can be taken back one by one: that is
 * how a finding is minimised. Plans are drawn from a seed and a number, so that each can be drawn
 * again. What makes two sendings of a plan differ (source host, port, fragment id) is no part of it.
 */
#ifndef RG_EVADE_PLAN_H
#define RG_EVADE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAN_TAGS 12    /* more than the parser's bound */
#define PLAN_EXTS 12
#define PLAN_PIECES 24
#define PLAN_POKES 6
#define PLAN_BIG 60000  /* bytes of payload, at most */

/* Where it says that it comes from. Refused: CN and unknown; admitted: DE. */
enum plan_source {
	FROM_DE, FROM_CN, FROM_NOWHERE,
	/* IPv6 only: an IPv4 address inside */
	FROM_6TO4_DE, FROM_6TO4_CN, FROM_NAT64_DE, FROM_NAT64_CN, FROM_TEREDO_DE, FROM_TEREDO_CN,
	FROM_MAPPED_DE, FROM_MAPPED_CN,
	FROM_MAX,
};

/* Where to. The address "guarded" has endpoints of m-guarded on 10001 and of m-open on 10002; on "open"
 * port 10001 is m-open's; "plain" has no endpoint; port 10005 of every address is m-any's. 10006 to 10008
 * of "guarded" are shared endpoints: "one" with the ufrag of m-guarded only, "two" with m-open's besides,
 * and "lax" with both, which admits what is unbound. */
enum plan_target {
	TO_GUARDED, TO_GUARDED_OPEN, TO_GUARDED_OTHER, TO_OPEN, TO_PLAIN, TO_ANY_GUARDED, TO_ANY_PLAIN,
	TO_SHARED_ONE, TO_SHARED_TWO, TO_SHARED_LAX,
	TO_MAX,
};
#define PORT_GUARDED 10001
#define PORT_OPEN 10002
#define PORT_OTHER 10003
#define PORT_ANY 10005
#define PORT_SHARED_ONE 10006
#define PORT_SHARED_TWO 10007
#define PORT_SHARED_LAX 10008
#define UFRAG_GUARDED "good"
#define UFRAG_OPEN "open"

/* What of a Binding Request is odd; one of them in a plan. */
enum plan_odd {
	ODD_NOTHING, ODD_NAME_LAST, ODD_NAME_TWICE, ODD_NO_PADDING, ODD_SHORT_LENGTH, ODD_LONG_LENGTH,
	ODD_TRAILING, ODD_INDICATION, ODD_MANY, ODD_NO_COLON, ODD_MAX,
};
enum plan_name { NAME_NONE, NAME_GUARDED, NAME_OPEN, NAME_UNKNOWN, NAME_MAX }; /* NONE: no request at all */
#define REQUEST_MAX 400

enum plan_sum { SUM_GOOD, SUM_NONE, SUM_BAD, SUM_MAX };

/* Extension headers: their protocol numbers, and two with a form of their own. */
#define EXT_HOP 0
#define EXT_ROUTING 43
#define EXT_AH 51
#define EXT_OPTIONS 60
#define EXT_ATOMIC 44   /* a fragment header of a whole datagram */
#define EXT_SEGMENT 200 /* a segment routing header towards the guarded address */
#define EXT_JUMBO 201

struct plan_tag { uint16_t type, tci; };
struct plan_ext { uint8_t type, units; };
/* Bytes [from, from + length) of what may be fragmented. */
struct plan_piece {
	uint16_t from, length, port; /* port: instead of the target's, if it is in there and this is not 0 */
	bool more;
	uint8_t next;                /* 0: the true protocol */
};
/* After all is built: a byte of one frame. */
struct plan_poke { uint8_t frame; uint16_t at; uint8_t value; };

struct plan {
	uint64_t seed;
	uint32_t number;
	bool v6;
	uint8_t source, target, protocol, sum;
	int8_t udp_lie;          /* added to the UDP length */
	uint8_t tcp_flags;
	uint8_t n_tags, n_exts, n_pieces, n_pokes;
	uint8_t options;         /* words of IPv4 options */
	uint8_t route, pointer;  /* kind of an IPv4 source route to the guarded address; 0: none */
	uint8_t fragment_at;     /* extension headers before the fragment header */
	uint8_t cut;             /* bytes cut from the end of the last frame */
	uint8_t pad;
	uint16_t payload;
	uint8_t before;          /* enum plan_name: a plain request is sent ahead, from the same tuple */
	uint8_t name, odd;       /* the payload begins with a request; of @payload bytes in all, if they are more */
	struct plan_tag tags[PLAN_TAGS];
	struct plan_ext exts[PLAN_EXTS];
	struct plan_piece pieces[PLAN_PIECES];
	struct plan_poke pokes[PLAN_POKES];
};

void plan_draw(uint64_t seed, uint32_t number, struct plan *ret);
/** Bytes of the transport header and payload. */
size_t plan_transport_length(const struct plan *plan);
/** Take back the @step-th of the things that are special about it. Returns false if there is no
 *  such step; a step may find nothing to do (then @plan is unchanged). */
bool plan_simplify(struct plan *plan, unsigned int step);
/** One line of text. Returns @buf. */
const char *plan_text(const struct plan *plan, char *buf, size_t size);

#endif
