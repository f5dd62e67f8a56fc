/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Beside the ledger: how much of each counter is in it already, and from which networks somebody was
 * refused. The networks are not in the chain, so that they can be erased. */
#ifndef RG_STORE_TALLY_H
#define RG_STORE_TALLY_H

#include <stdbool.h>
#include "store/store.h"

/* Of one meeting and region: what entries of the ledger have counted. */
struct rg_store_tally {
	const char *meeting;
	unsigned int region;
	uint64_t packets, bytes;
};
int rg_store_tally_put(struct rg_store *store, const struct rg_store_tally *tally, struct rg_err *err);
/** Forget those of meetings that are no more. */
int rg_store_tallies_sweep(struct rg_store *store, struct rg_err *err);
typedef int (*rg_store_tally_fn)(void *arg, const struct rg_store_tally *tally, struct rg_err *err);
int rg_store_tallies(struct rg_store *store, rg_store_tally_fn fn, void *arg, struct rg_err *err);

/* A network from which somebody was refused, for a cause (a hash of the order). */
struct rg_store_remote {
	const char *meeting;
	unsigned int region;
	int64_t cause;
	const char *network;
	int64_t at; /* seconds since 1970 */
};
/** @ret_new: it was not known. A known one gets the later time. */
int rg_store_remote_put(struct rg_store *store, const struct rg_store_remote *remote, bool *ret_new,
			struct rg_err *err);
/** Erase those that were last seen before @time. @ret_n: how many. */
int rg_store_remotes_erase(struct rg_store *store, int64_t time, uint64_t *ret_n, struct rg_err *err);

#endif
