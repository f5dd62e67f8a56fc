/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sockets of one receiver: bound ones of UDP and UDP-Lite at every target, and raw ones, which
 * receive what the host takes for UDP, UDP-Lite or TCP at all, of any port. */
#ifndef RG_EVADE_SOCKS_H
#define RG_EVADE_SOCKS_H

#include <poll.h>
#include "evade/wire.h"

#define SOCKS_MAX 48

struct sock {
	uint8_t protocol;
	bool v6, raw;
	uint16_t port;         /* bound ones */
	struct rg_addr address; /* bound ones; all zero: any */
};

struct socks {
	struct sock all[SOCKS_MAX];
	struct pollfd fds[SOCKS_MAX];
	unsigned int n;
	bool has_udplite;
};

/** Open them in the namespace of the thread. Exits if it can not. */
void socks_open(struct socks *ret);
/** Read all that they have, sorted by key. */
void socks_read(struct socks *socks, struct gots *ret);

#endif
