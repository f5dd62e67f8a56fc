/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The paths on which frames are sent, and the sockets at their ends. */
#ifndef RG_EVADE_WIRE_H
#define RG_EVADE_WIRE_H

#include "base/ip.h"
#include "evade/build.h"

/* Each filter's path, and one without a filter to compare it with. */
enum { PATH_NATIVE, PATH_GENERIC, PATH_FILTERS, PATH_BARE_NATIVE = PATH_FILTERS, PATH_BARE_GENERIC, PATH_MAX };
#define PATH_BARE_OF(path) ((path) + PATH_FILTERS)
extern const char *const path_names[PATH_MAX];

/* What a socket received. */
struct got {
	uint64_t key;            /* of socket, source and bytes: equal on all paths */
	struct rg_addr source, dest;
	uint16_t sport, dport;   /* 0: too short to have them */
	uint8_t protocol;
	bool raw;
	bool names_guarded;      /* a request for m-guarded */
	uint32_t length;
	uint32_t payload;        /* bytes behind the UDP or TCP header */
	uint32_t id;             /* of the sending, from the payload; 0: too short to have one */
};

struct gots { struct got *all; size_t n, room; };

/** Open sockets in the namespaces @prefix-send, -native, -generic, -bare1, -bare2. Exits if it can not. */
void wire_open(const char *prefix);
/** Open a namespace's file and enter it; wire_home() goes back. */
void wire_enter(const char *prefix, const char *name);
void wire_home(void);
/** Has the kernel VLAN devices? Then frames may be sent through one. */
bool wire_has_vlan(void);
bool wire_has_udplite(void);

/** Send all frames on a path (through the sender's VLAN device if @vlan), and read all that its
 *  sockets receive, in order of key, into @ret (reused). Exits if the path loses what it must not. */
void wire_exchange(unsigned int path, bool vlan, const struct frame *frames, unsigned int n,
		   struct gots *ret);

#endif
