/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The interfaces that the filter is attached to, or should be. Shared by the engine's files. */
#ifndef RG_ENGINE_INTERFACES_H
#define RG_ENGINE_INTERFACES_H

#include <stdbool.h>
#include <stdint.h>
#include "dataplane/dataplane.h"

struct rg_engine;
struct interface {
	char name[16];
	enum rg_xdp_mode mode; /* as asked for */
	enum rg_egress_mode egress;
	uint64_t confirm_ns;   /* taken off then (CLOCK_MONOTONIC), unless confirmed; 0: for good */
	unsigned int ifindex;  /* where it was attached last; 0: nowhere yet */
	uint64_t reattached;   /* how often it was found off and put on again */
	int64_t on_at;         /* when the filter was last seen on it, seconds since 1970; 0: not by this daemon */
	bool bare;             /* the ledger says that it is without the filter */
	bool warned;           /* of interface_warning() */
	char problem[200];     /* why it is not attached; "" if it is */
};

/* interfaces.c */
int interfaces_load(struct rg_engine *engine, struct rg_err *err);
bool interfaces_any_attached(struct rg_engine *engine);
struct interface *interface_find(const struct rg_engine *engine, const char *name);
/** Add one, or set its mode; room for it is reserved before. */
struct interface *interface_add(struct rg_engine *engine, const char *name, enum rg_xdp_mode mode);
void interface_drop(struct rg_engine *engine, struct interface *interface);
/** Into the store, and the ledger. */
int interface_store(struct rg_engine *engine, const char *name, enum rg_xdp_mode mode,
		    enum rg_egress_mode egress, struct rg_err *err);
int interface_unstore(struct rg_engine *engine, const struct interface *interface, struct rg_err *err);

/* interfaces_watch.c */
/** Attach what the store names; what can not be attached is logged. */
void interfaces_attach(struct rg_engine *engine);
/** Attach on trial, or give a trial more time. */
int interface_try(struct rg_engine *engine, const char *name, enum rg_xdp_mode mode,
		  enum rg_egress_mode egress, uint64_t within_s,
		  struct rg_err *err);
/** A trial becomes an interface like others. CONFLICT: it was over. */
int interface_confirm(struct rg_engine *engine, struct interface *interface, struct rg_err *err);
/** Was it asked to filter what it sends, and does not? */
bool interface_sends_freely(const struct interface *interface, const struct rg_dp_interface *status);
/** Has it another name now, with the filter still on it? */
bool interface_renamed(struct rg_engine *engine, const struct interface *interface, char ret[16]);
/** Seconds that are left to confirm, rounded up. */
uint64_t interface_confirm_s(const struct interface *interface);
/** What is to be said of an interface that is attached; NULL: nothing. */
const char *interface_warning(const struct rg_engine *engine, const struct rg_dp_interface *status);
/** Tell readers of events: attached in @mode, or (NULL) detached. */
void interface_event(struct rg_engine *engine, const char *name, const enum rg_xdp_mode *mode);
/** Say which trials end with the daemon. */
void interfaces_close(struct rg_engine *engine);

#endif
