/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by the files of the engine, and by nothing else.
 *
 *   engine.c      open, close, flush (commit, publish, undo)
 *   model.c       what the store holds, indexed; policies and their slots
 *   publish.c     model -> kernel, in an order that misjudges no packet
 *   ledger.c      what is recorded of each change (ledger.h)
 *   meetings.c regions.c interfaces.c geoip.c explain.c status.c metrics.c
 *
 * A staging call checks first, then takes all memory, then writes to the store,
 * and only then changes the model, which can not fail.
 */
#ifndef RG_ENGINE_PRIVATE_H
#define RG_ENGINE_PRIVATE_H

#include <time.h>
#include "base/cleanup.h"
#include "base/map.h"
#include "engine/engine.h"
#include "engine/ledger.h"
#include "store/store.h"

RG_DEFINE_CLEANUP(struct rg_meeting_spec *, rg_meeting_free);
RG_DEFINE_CLEANUP(struct rg_geo *, rg_geo_free);
RG_DEFINE_CLEANUP(struct rg_geo_table *, rg_geo_table_free);

/* A slot of rg_policies. Its text (rg_policy_text) is its identity. A slot that no
 * meeting refers to any more is freed when the flush is through, not earlier: the
 * kernel's meetings refer to it until then. */
struct policy {
	char *text;
	uint32_t number, refs;
	bool written; /* for the classes that are known now */
};

struct meeting;
struct endpoint {
	struct rg_endpoint_key key;
	struct meeting *meeting;
	struct endpoint *next; /* with the same protocol and port */
};
struct meeting {
	struct rg_meeting_spec *spec;
	uint32_t number;
	uint64_t revision;
	struct policy *policy;
	struct endpoint *endpoints; /* as many as the spec has */
};

struct custom {
	struct rg_custom_region region;
	uint64_t revision;
};

struct interface {
	char name[16];
	enum rg_xdp_mode mode; /* as asked for */
};

/* Where endpoints chain up: at most one per local address, so chains are short. */
struct port_chains {
	struct endpoint *first[2][65536]; /* by RG_PROTO_*, port */
};

struct model {
	uint32_t max_meetings;       /* numbers are 1..max_meetings-1 */
	struct rg_map *by_id;        /* -> struct meeting */
	struct meeting **by_number;
	bool *number_busy;           /* held, or given up since the last flush */
	uint32_t lowest_free;        /* no lower number is free */
	struct port_chains *ports;
	size_t n_endpoints;
	struct rg_map *policies;     /* by text -> struct policy */
	struct policy **policy_at;   /* by number, 1..max_policies-1 */
	uint32_t max_policies;
	uint32_t policy_free;        /* no lower number is free */
	uint32_t policy_end;         /* no number from here on was ever taken */
	struct custom *customs;      /* sorted by name */
	size_t n_customs;
};

/* One staged write, and what stood there before. */
struct undo {
	bool region;             /* a custom region; else a meeting */
	char name[RG_MEETING_ID_MAX + 1];
	char *body;              /* NULL: there was none */
	uint32_t number;
	uint64_t revision;
};

/* What differs from the kernel. Entries may repeat; what is published for each is
 * what the model then says. */
struct pending {
	bool any;
	bool geo;                /* custom regions changed */
	bool gives_up;           /* something staged makes room once it is in the kernel */
	unsigned int n_settled;  /* how often that was put in force before the turn's flush */
	uint32_t *meetings;
	size_t n_meetings, max_meetings;
	struct rg_endpoint_key *keys;
	size_t n_keys, max_keys;
	struct undo *undos;
	size_t n_undos, max_undos;
	struct rg_addr locals[RG_LOCALS_MAX]; /* local addresses that will be new */
	size_t n_locals;
	size_t n_new;            /* keys that the kernel does not have yet, at most */
};

/* A geo table that is built but not in force. */
struct geo_build {
	struct rg_geo *geo;
	struct rg_geo_table *table;
	uint64_t hash;           /* of the table */
};

struct geo_state {
	struct rg_geo *geo;
	uint64_t table_bytes, build_ns, hash;
	uint32_t generation;     /* 1.. */
	time_t loaded_at;
	char last_error[512];    /* of the last reload; "" if it went well */
	uint64_t failures;
};

struct rg_engine {
	struct rg_store *store;
	struct rg_dp *dp;
	struct rg_classes *classes;
	size_t classes_stored, classes_compiled;
	struct model model;
	struct pending pending;
	struct geo_state geo;
	struct interface *interfaces; /* sorted by name */
	size_t n_interfaces;
	uint64_t revision;       /* the last one given out */
	struct rg_err failed;    /* of a flush in between (engine_settle); code 0: none */
	bool broken;             /* the model could not be read back: writes are refused */
	bool observe;            /* global */
	bool in_force;           /* rg_dp_enforce() is through */
	char *pin_dir;
	char **databases;
	size_t n_databases;
	bool registered_country;
	uint32_t geo_nodes, geo_ranges, max_endpoints; /* capacities of the loaded maps */
	size_t n_endpoints;      /* in the kernel, after the last flush */
	struct engine_ledger ledger;
	struct rg_policy_block *policy_blocks; /* to compile one into, rg_dp_policy_blocks() */
	struct timespec started;
};

int engine_no_memory(struct rg_err *err);

/* engine.c */
/** Flush what is staged, so that a call that takes effect at once has the store for itself.
 *  A failure is kept for the next rg_engine_flush(), whose callers it concerns. */
void engine_settle(struct rg_engine *engine);
/** Put what is staged in force now, if that makes room in a full table. It can still be undone by
 *  this turn's flush. False: no more room than before, and if that failed, all of it is undone (the
 *  model was read anew) and the next rg_engine_flush() says so. */
bool engine_make_room(struct rg_engine *engine);
/** Open the transaction of this turn. RG_ERR_STORE. */
int engine_stage_begin(struct rg_engine *engine, struct rg_err *err);
/** 0, or the error for an If-Match that does not hold (see RG_ANY_REVISION). */
int engine_precondition(bool exists, uint64_t revision, uint64_t if_match, struct rg_err *err);
/** Write new classes and the revision into the open transaction, and commit it. */
int engine_commit(struct rg_engine *engine, struct rg_err *err);

/* model.c */
int model_init(struct model *model, uint32_t max_meetings, uint32_t max_policies, struct rg_err *err);
void model_clear(struct model *model);
/** Read meetings and custom regions from the store. Policies keep their slots. */
int model_load(struct rg_engine *engine, struct rg_err *err);
struct meeting *model_meeting(const struct model *model, const char *id);
struct endpoint *model_endpoint(const struct model *model, const struct rg_endpoint_key *key);
struct rg_endpoint_key endpoint_key(const struct rg_endpoint_spec *spec);
struct custom *model_custom(const struct model *model, const char *name);
/** Smallest free number, or 0. */
uint32_t model_number_free(struct model *model);
/** The policy for a body, with a slot; refs is not changed. RG_ERR_FULL. */
int model_policy(struct model *model, const struct rg_meeting_spec *spec, struct policy **ret,
		 struct rg_err *err);
/** Free the slots that nothing refers to. */
void model_policies_sweep(struct model *model);
/** A meeting with its endpoints, not in the model yet. Takes @spec on success. */
int meeting_new(struct rg_meeting_spec *spec, struct meeting **ret, struct rg_err *err);
void meeting_free(struct meeting *meeting);
/** Into the model and out of it. Room in by_id is reserved before; can not fail. */
void model_link(struct model *model, struct meeting *meeting, struct policy *policy);
void model_unlink(struct model *model, struct meeting *meeting);
/** Put a custom region (moved from @region) into the sorted list, or take it out. */
int model_custom_set(struct model *model, struct rg_custom_region *region, uint64_t revision,
		     struct rg_err *err);
void model_custom_remove(struct model *model, struct custom *custom);

/* publish.c */
/** Room for that many further entries; after it the pending_*() calls can not fail. */
int pending_reserve(struct pending *pending, size_t n_keys, struct rg_err *err);
void pending_meeting(struct pending *pending, uint32_t number);
void pending_key(struct pending *pending, const struct rg_endpoint_key *key);
/** Remember what stood there. Takes @body. */
void pending_undo(struct pending *pending, bool region, const char *name, char *body,
		  uint32_t number, uint64_t revision);
void pending_clear(struct pending *pending);
void pending_free(struct pending *pending);
/** Bring the kernel in line with the model for everything pending; @build may be NULL, else it is
 *  put in force and taken over. On failure the kernel is partly changed. */
int engine_publish(struct rg_engine *engine, struct geo_build *build, struct rg_err *err);
/** The same for a model that is back at what it was: what is to go makes room first, if need be. */
int engine_publish_back(struct rg_engine *engine, struct rg_err *err);
/** Everything in the model is pending. */
int engine_pend_all(struct rg_engine *engine, struct rg_err *err);

/* geoip.c */
/** Read databases, lay the model's custom regions over them, build the table, check that it fits
 *  the maps (if they are loaded). Changes nothing but the registry of classes. */
int geo_prepare(struct rg_engine *engine, struct geo_build *ret, struct rg_err *err);
void geo_build_clear(struct geo_build *build);
/** After a build that is not put in force: take the classes back that are new with it. */
void geo_classes_undo(struct rg_engine *engine);
/** Switch to a table that was prepared. */
int geo_install(struct rg_engine *engine, struct geo_build *build, struct rg_err *err);
/** Sizes of a load: for a table and so many classes, with room to grow. */
void geo_capacity(const struct geo_build *build, size_t n_classes, struct rg_dp_config *config);
/** RG_ERR_INVALID if the databases lost more than half of their networks. */
int geo_check_networks(const struct rg_engine *engine, const struct geo_build *build, struct rg_err *err);

/* interfaces.c */
int interfaces_load(struct rg_engine *engine, struct rg_err *err);
/** Attach what the store names; what can not be attached is logged. */
void interfaces_attach(struct rg_engine *engine);
bool interfaces_any_attached(struct rg_engine *engine);

/* status.c */
json_t *count_to_json(const struct rg_count *count);

/* geoip.c */
json_t *engine_text_json(const char *text); /* null for what is not UTF-8 */

#endif
