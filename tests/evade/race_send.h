/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is sent in a race (race.h), and how it arrives. */
#ifndef RG_EVADE_RACE_SEND_H
#define RG_EVADE_RACE_SEND_H

#include "evade/wire.h"

#define RACE_BATCH 62 /* what a poll takes, and the marker */
#define RACE_ARRIVALS 3

/* How the packets come: the filter judges so many of them before the server's TCP has the first. */
struct race_arrival {
	const char *text;
	unsigned int path, ahead;
	bool steered; /* the server's TCP is on another CPU */
};
extern const struct race_arrival race_arrivals[RACE_ARRIVALS];
extern const struct race_arrival *arrival; /* of this race */

/* Two connections of the same addresses and ports. */
struct race_pair {
	uint16_t sport;
	uint32_t seq, next;      /* the first connection's, of the client */
	uint32_t isn, server;    /* of its server: the first number, and the next one */
	uint64_t at;             /* when its SYN was sent */
	uint32_t second, cookie; /* of the second connection: the client's number, what to acknowledge */
	int fd;                  /* the first one's, of the server */
};
extern struct race_pair *pair; /* of this race */

/** Add a segment to what is sent at once. */
void race_put(uint8_t flags, uint32_t seq, uint32_t ack, const uint8_t *payload, size_t n);
void race_put_plain(uint8_t flags, uint32_t seq, uint32_t ack);
/** The second connection's first one: a frame of nothing, and a request for the meeting that refuses its source. */
void race_put_payload(uint32_t ack);
/** A request for the one that admits it, with such a one within, where the second connection begins; and how far within. */
void race_put_around(uint32_t ack);
uint32_t race_within(void);
/** A plain request for the one that admits it. Returns its length. */
size_t race_request(uint8_t *to);
/** Send it; at a time of race_clock(). */
void race_send_all(void);
void race_send_at(uint64_t at);
/** Send one segment. */
void race_send(uint8_t flags, uint32_t seq, uint32_t ack);
/** The clock that initial sequence numbers go by, in ns. */
uint64_t race_clock(void);

int race_other_cpu(void);
/** From now on this process comes before all others, and what it sends arrives all together when it sleeps. */
void race_hold_back(const char *prefix);
void race_set_cookies(const char *prefix, const char *value);

#endif
