/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Listening TCP sockets at the ends of the paths, and what the sender learns of their answers. */
#ifndef RG_EVADE_LISTEN_H
#define RG_EVADE_LISTEN_H

#include "evade/wire.h"

/* What a server got of one stream. */
struct heard {
	bool accepted, ended; /* ended: by the client's FIN */
	size_t n;
	uint8_t data[65536];
};

/** Listen in the namespaces of the paths, at the targets of streams, and watch what the sender receives. */
void listen_open(const char *prefix);
/** The number that the server's answer to a first segment asks for, 0 if there is no answer. @expected: wait for it. */
uint32_t listen_answer(unsigned int path, uint16_t sport, bool expected);
/** The last connection from @sport, or -1; others are closed. */
int listen_connection(unsigned int path, uint16_t sport);
/** If what has come from @sport begins with a request, its server says that it has understood it. */
void listen_respond(unsigned int path, uint16_t sport);
/** All that has come from @sport, at whichever socket; its connection is closed. */
void listen_read(unsigned int path, uint16_t sport, struct heard *ret);

#endif
