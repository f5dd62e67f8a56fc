/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The truth: SQLite (WAL, synchronous=FULL). The only includer of sqlite3.h.
 *
 * Everything is written inside rg_store_begin() .. rg_store_commit(); commit is
 * the one fsync. The schema carries its version (PRAGMA user_version).
 */
#ifndef RG_STORE_H
#define RG_STORE_H

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

struct rg_store;

/** Open or create <dir>/regiongate.db (dir is created, 0750). Migrates older schemas; refuses a
 *  newer one, a corrupt file, another program's file, and a store that another daemon holds (an
 *  exclusive flock on <dir>/lock), each with its own sentence; such a file is left as it is.
 *  @dir NULL: in memory only. RG_ERR_STORE. */
int rg_store_open(const char *dir, struct rg_store **ret, struct rg_err *err);
void rg_store_close(struct rg_store *store);

int rg_store_begin(struct rg_store *store, struct rg_err *err);   /* no-op if begun */
int rg_store_commit(struct rg_store *store, struct rg_err *err);  /* durable when it returns 0 */
void rg_store_rollback(struct rg_store *store);                   /* no-op if not begun */

/* Meetings: number = index into the BPF map, stable while the meeting exists; the caller keeps it unique. */
int rg_store_meeting_put(struct rg_store *store, const char *id, uint32_t number,
			 uint64_t revision, const char *body, struct rg_err *err);
int rg_store_meeting_delete(struct rg_store *store, const char *id, struct rg_err *err);
typedef int (*rg_store_meeting_fn)(void *arg, const char *id, uint32_t number,
				   uint64_t revision, const char *body, struct rg_err *err);
/** In order of id. Stops at the first non-zero return, which it returns. */
int rg_store_meetings(struct rg_store *store, rg_store_meeting_fn fn, void *arg, struct rg_err *err);
/** The same for at most @limit meetings with ids after @after ("": from the start). */
int rg_store_meetings_page(struct rg_store *store, const char *after, size_t limit,
			   rg_store_meeting_fn fn, void *arg, struct rg_err *err);

/** The revision of a meeting whose body stays as it is. */
int rg_store_meeting_revise(struct rg_store *store, const char *id, uint64_t revision, struct rg_err *err);

/* Shared endpoints: number = index into the BPF map, as with meetings. */
int rg_store_endpoint_put(struct rg_store *store, const char *name, uint32_t number, uint64_t revision,
			  const char *body, struct rg_err *err);
int rg_store_endpoint_delete(struct rg_store *store, const char *name, struct rg_err *err);
/** In order of name. */
int rg_store_endpoints(struct rg_store *store, rg_store_meeting_fn fn, void *arg, struct rg_err *err);

/* Ufrags, by the number of their binding, which flows of the kernel refer to. */
struct rg_store_ufrag {
	uint32_t binding, endpoint, meeting; /* numbers */
	const char *text;
};
int rg_store_ufrag_put(struct rg_store *store, const struct rg_store_ufrag *ufrag, struct rg_err *err);
int rg_store_ufrag_delete(struct rg_store *store, uint32_t binding, struct rg_err *err);
typedef int (*rg_store_ufrag_fn)(void *arg, const struct rg_store_ufrag *ufrag, struct rg_err *err);
/** In order of binding. */
int rg_store_ufrags(struct rg_store *store, rg_store_ufrag_fn fn, void *arg, struct rg_err *err);

/* Named JSON documents: custom regions, interfaces. */
enum rg_store_kind { RG_STORE_REGION, RG_STORE_INTERFACE };
int rg_store_doc_put(struct rg_store *store, enum rg_store_kind kind, const char *name,
		     uint64_t revision, const char *body, struct rg_err *err);
int rg_store_doc_delete(struct rg_store *store, enum rg_store_kind kind, const char *name,
			struct rg_err *err);
typedef int (*rg_store_doc_fn)(void *arg, const char *name, uint64_t revision, const char *body,
			       struct rg_err *err);
int rg_store_docs(struct rg_store *store, enum rg_store_kind kind, rg_store_doc_fn fn, void *arg,
		  struct rg_err *err);

/* Region classes: id -> key, so that ids survive restarts and reloads. */
int rg_store_class_put(struct rg_store *store, unsigned int id, const char *key, struct rg_err *err);
/* Those with ids from here on, which were never in force. */
int rg_store_classes_forget(struct rg_store *store, unsigned int from, struct rg_err *err);
typedef int (*rg_store_class_fn)(void *arg, unsigned int id, const char *key, struct rg_err *err);
int rg_store_classes(struct rg_store *store, rg_store_class_fn fn, void *arg, struct rg_err *err);

/** The largest revision ever given out (also of what was deleted since). */
int rg_store_revision(struct rg_store *store, uint64_t *ret, struct rg_err *err);
int rg_store_revision_set(struct rg_store *store, uint64_t revision, struct rg_err *err);

/** When the daemon was last known to be alive, in seconds since 1970; 0 after a stop in order. */
int rg_store_alive(struct rg_store *store, uint64_t *ret, struct rg_err *err);
int rg_store_alive_set(struct rg_store *store, uint64_t seconds, struct rg_err *err);

#endif
