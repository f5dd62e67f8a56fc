/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by the files of the engine, and by nothing else.
 *
 *   engine.c      flush (commit, publish, undo); open.c: open and close
 *   model.c       what the store holds, indexed; policies and their slots (model.h)
 *   numbers.c     numbers that are given out again only after a grace period (numbers.h)
 *   rulings.c     what meetings' rules come to, interned (rulings.h)
 *   clock.c       which clock is believed (clock.h); timing.c: what time does to meetings
 *   guard.c       orders reach no further than their territory
 *   publish.c     model -> kernel, in an order that misjudges no packet
 *   ledger.c      what is recorded of each change (ledger.h)
 *   ledger_read.c ledger_tick.c tally.c: the ledger read; what it learns by looking
 *   ufrags.c      bindings of ICE ufrags: model, staging, publishing, undo
 *   judge.c       what an address would get, and why; live.c: the flows of now
 *   interfaces.c interfaces_watch.c: what the filter is attached to (interfaces.h)
 *   admission.c preview.c meetings.c endpoints.c regions.c
 *   geoip.c changes.c explain.c flows.c events.c site.c mode.c stats.c status.c metrics.c
 *
 * A staging call checks first, then takes all memory, then writes to the store,
 * and only then changes the model, which can not fail.
 */
#ifndef RG_ENGINE_PRIVATE_H
#define RG_ENGINE_PRIVATE_H

#include <errno.h>
#include <time.h>
#include "base/cleanup.h"
#include "base/map.h"
#include "engine/clock.h"
#include "engine/engine.h"
#include "engine/interfaces.h"
#include "engine/ledger.h"
#include "engine/model.h"
#include "policy/judge.h"
#include "store/store.h"

RG_DEFINE_CLEANUP(struct rg_meeting_spec *, rg_meeting_free);
RG_DEFINE_CLEANUP(struct rg_geo *, rg_geo_free);
RG_DEFINE_CLEANUP(struct rg_geo_table *, rg_geo_table_free);

/* One staged write, and what stood there before. */
enum undo_kind { UNDO_MEETING, UNDO_REVISION, UNDO_REGION, UNDO_ENDPOINT };
struct undo {
	enum undo_kind kind;
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
	struct ufrag_undo {
		struct binding *binding;
		uint32_t before; /* its meeting */
		bool entered;    /* it was not in the model before */
	} *ufrags;               /* also what is to be published */
	size_t n_ufrags, max_ufrags;
	uint32_t *revised;       /* meetings whose body stays but whose revision does not */
	size_t n_revised, max_revised;
	bool shared[RG_SHARED_MAX]; /* endpoints, by number */
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

/* Orders that reach less than they name, since that lies outside of their territory now. */
struct narrowed {
	size_t n;
	json_t *list; /* [{"meeting","rule","jurisdiction","reference","regions"}], the first ones */
	bool stale;   /* meetings changed since */
};

/* Where this server stands, and media that should not be here. */
struct site {
	bool known;
	struct rg_region_spec place;
	uint64_t refused;    /* packets by reason refuse_site, when last looked at */
	uint64_t raised;     /* alarms */
	struct site_alarm *alarms; /* that stand; of each meeting one */
	size_t n_alarms, max_alarms;
	bool changed;        /* since they were stored */
};

/* A reload of the databases that waits for somebody to confirm it. */
struct geo_hold {
	unsigned int share;  /* percent of the live flows that may change their verdict */
	json_t *held;        /* what it would change; NULL: nothing waits */
};

struct rg_engine {
	struct rg_store *store;
	struct rg_dp *dp;
	struct rg_classes *classes;
	size_t classes_stored, classes_compiled;
	size_t classes_in_force; /* those that a table in force may have said */
	struct rg_reach *reach;  /* of classes, and of the origins in geo.geo */
	struct model model;
	struct pending pending;
	struct geo_state geo;
	struct interface *interfaces; /* sorted by name */
	size_t n_interfaces;
	uint64_t interfaces_due_ns; /* when they are looked at next */
	uint64_t revision;       /* the last one given out */
	struct rg_err failed;    /* of a flush in between (engine_settle); code 0: none */
	bool broken;             /* the model could not be read back: writes are refused */
	bool observe;            /* global */
	bool observe_config;     /* as the configuration says; observe may have been pushed */
	bool in_force;           /* rg_dp_enforce() is through */
	char *pin_dir;
	char **databases;
	size_t n_databases;
	bool registered_country;
	uint32_t geo_nodes, geo_ranges, max_endpoints; /* capacities of the loaded maps */
	size_t n_endpoints;      /* in the kernel, after the last flush */
	struct clock clock;
	struct narrowed narrowed;
	struct site site;
	struct geo_hold hold;
	char *blocked_by;
	bool watch_maps, accepted;
	unsigned int n_reports;  /* that are being made */
	uint64_t drifted;        /* entries that somebody else had changed */
	struct engine_ledger ledger;
	struct rg_ledger_config ledger_config;
	struct tally *tally;
	struct rg_policy_block *policy_blocks; /* to compile one into, rg_dp_policy_blocks() */
	struct rg_shared shared[RG_SHARED_MAX]; /* as the kernel has them; no name: none */
	struct rg_shared shared_former[RG_SHARED_MAX]; /* while a turn is published: whose ports are still to be cleared */
	struct events *events;
	struct timespec started;
};

static inline int engine_no_memory(struct rg_err *err)
{
	return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, NULL, "out of memory");
}
/** RG_ERR_NOT_FOUND: there is no meeting with that id. */
int meeting_not_found(const char *id, struct rg_err *err);

/* engine.c */
/** Flush what is staged, so that a call that takes effect at once has the store for itself.
 *  A failure is kept for the next rg_engine_flush(), whose callers it concerns. */
void engine_settle(struct rg_engine *engine);
/** Make room in a full table: put what is staged in force now, if it gives something up, and wait until
 *  no packet reads by numbers that were given up. It can still be undone by this turn's flush. False: no
 *  more room than before, and if that failed, all of it is undone (the model was read anew) and the next
 *  rg_engine_flush() says so. */
bool engine_make_room(struct rg_engine *engine);
/** Wait for a grace period, if numbers wait for one; they are free then. False: there are no more than before. */
bool engine_grace(struct rg_engine *engine);
/** A call failed with only a part of its writes in the open transaction: nothing of this turn may
 *  pass. Returns @ret. */
int engine_doom(struct rg_engine *engine, int ret, const struct rg_err *err);
/** Open the transaction of this turn. RG_ERR_STORE. */
int engine_stage_begin(struct rg_engine *engine, struct rg_err *err);
/** 0, or the error for an If-Match that does not hold (see RG_ANY_REVISION). */
int engine_precondition(bool exists, uint64_t revision, uint64_t if_match, struct rg_err *err);
/** Write new classes and the revision into the open transaction, and commit it. */
int engine_commit(struct rg_engine *engine, struct rg_err *err);
/** The flush is over, well or not. */
void engine_flush_done(struct rg_engine *engine);

/* open.c */
/** The first half of rg_engine_open(): the engine with all that the store holds; no program is loaded. */
int engine_read(const struct rg_engine_config *config, struct rg_engine **ret, struct rg_err *err);

/* timing.c */
/** The clock was set, and is believed: deadlines and rulings anew. */
void timing_set(struct rg_engine *engine);

/* guard.c */
/** May the orders of a body be put in force? INVALID, FORBIDDEN, EXCEEDS, APPROVAL with the pointer; then
 *  the order is put into the ledger, if @record. @old: the body in force, or NULL: its orders are not asked about again. */
int guard_check(struct rg_engine *engine, const struct rg_meeting_spec *spec,
		const struct rg_meeting_spec *old, bool record, struct rg_err *err);
/** Record the overrides that are new in a body that is being staged. */
int guard_ledger(struct rg_engine *engine, const struct rg_meeting_spec *spec,
		 const struct rg_meeting_spec *old, struct rg_err *err);
/** Does the check need a table with the custom regions that are staged now? */
bool guard_needs_table(const struct rg_meeting_spec *spec);
/** Which standing orders are narrowed; those that were not before are reported. */
void guard_look(struct rg_engine *engine);

/* approvals.c */
/** Does a text name this user: its name, its number, or "uid:" and its number? */
bool approval_names(const char *text, uid_t uid);
/** What is approved: the SHA-256 of {"meeting", "rule"}, compact, keys sorted. */
int approval_digest(const char *meeting, const struct rg_rule *rule, char ret[RG_SHA256_TEXT],
		    struct rg_err *err);
/** Has the user whom the rule's override names, another one than calls, approved the rule? APPROVAL, with the
 *  digest in its detail. */
int approval_check(struct rg_engine *engine, const char *meeting, const struct rg_rule *rule,
		   const char *pointer, struct rg_err *err);
/** Use it up, in the open transaction. @ret: new reference. */
int approval_use(struct rg_engine *engine, const char *meeting, const struct rg_rule *rule, json_t **ret,
		 struct rg_err *err);

/* judge.c */
/** A judge of a body at a time, by @reach. */
struct rg_judge engine_judge(const struct rg_engine *engine, const struct rg_meeting_spec *spec, int64_t time,
			     struct rg_reach *reach);
bool engine_site_refuses(const struct rg_engine *engine, const struct rg_meeting_spec *spec);

/* live.c */
struct live {
	uint32_t meeting;
	struct rg_addr remote;
	uint16_t remote_port, local_port;
};
/** The flows of a meeting (0: of all) that were seen lately, each once, sorted by meeting and remote.
 *  @ret is the caller's (free). RG_ERR_KERNEL, -ENOMEM. */
int live_collect(struct rg_engine *engine, uint32_t meeting, struct live **ret, size_t *ret_n,
		 struct rg_err *err);

/* changes.c */
/** What another GeoIP table changes for live flows. @ret: {"flows","changed","meetings":[...]}. */
int changes_of(struct rg_engine *engine, const struct geo_build *build, json_t **ret, size_t *ret_flows,
	       size_t *ret_changed, struct rg_err *err);

/* meetings.c */
/** Could a body be put? INVALID, CONFLICT, EXCEEDS, FORBIDDEN. @old: as it is, or NULL. @record: put a
 *  refused order into the ledger. */
int meeting_check(struct rg_engine *engine, const struct rg_meeting_spec *spec, const struct meeting *old,
		  bool record, struct rg_err *err);

/* verify.c */
/** Look at a piece of the maps; compare all if somebody has written there. */
void drift_note(struct rg_engine *engine, const struct rg_dp_map_check *check);

/* mend.c */
void drift_tick(struct rg_engine *engine);

/* site.c */
/** Those that stand, as the daemon before knew them. The clock is open. RG_ERR_STORE, -ENOMEM. */
int site_open(struct rg_engine *engine, struct rg_err *err);
/** From now on @meeting, which was there before, excludes this site: what was refused of it until now is no alarm. */
void site_begins(struct rg_engine *engine, const struct meeting *meeting);
/** Once a second: raise what is to be raised. */
void site_look(struct rg_engine *engine);
/** Those that stand, into the open transaction, if they changed. If that is not committed: @changed again. */
int site_write(struct rg_engine *engine, struct rg_err *err);
json_t *site_json(const struct rg_engine *engine);

/* mode.c */
/** The mode that was pushed last, unless the configuration has changed since. */
int mode_open(struct rg_engine *engine, struct rg_err *err);

/* publish.c */
/** The reach is that of the table in force. */
void reach_reset(struct rg_engine *engine);
/** Write one meeting's entry and what it points to. */
void publish_meeting(struct rg_engine *engine, const struct meeting *meeting);
/** Room for that many further entries; after it the pending_*() calls can not fail. */
int pending_reserve(struct pending *pending, size_t n_keys, struct rg_err *err);
void pending_meeting(struct pending *pending, uint32_t number);
void pending_key(struct pending *pending, const struct rg_endpoint_key *key);
/** Remember what stood there. Takes @body. */
void pending_undo(struct pending *pending, enum undo_kind kind, const char *name, char *body,
		  uint32_t number, uint64_t revision);
/** Grow an array to hold @wanted elements. */
int engine_grow(void *array, size_t *max, size_t wanted, size_t size, struct rg_err *err);
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
/** After a commit whose table did not come in force: take the classes that it brought out of the store, and
 *  when that is committed, out of model and kernel. */
int geo_classes_undo_store(struct rg_engine *engine, struct rg_err *err);
void geo_classes_undo_kernel(struct rg_engine *engine);
/** Switch to a table that was prepared. */
int geo_install(struct rg_engine *engine, struct geo_build *build, struct rg_err *err);
/** Sizes of a load: for a table and so many classes, with room to grow. */
void geo_capacity(const struct geo_build *build, size_t n_classes, struct rg_dp_config *config);
/** RG_ERR_INVALID if the databases lost more than half of their networks. */
int geo_check_networks(const struct rg_engine *engine, const struct geo_build *build, struct rg_err *err);

/* explain.c */
/** Run the loaded program on a frame, touching nothing. */
int engine_run(struct rg_engine *engine, const void *frame, size_t length, bool egress, struct rg_trace *ret,
	       struct rg_err *err);
/** "flow" ..., NULL for none. */
const char *tie_text(unsigned int tie);

/* flows.c */
/* A remote that talks to a meeting. */
struct flow {
	struct rg_addr remote;
	uint16_t remote_port, local_port;
	uint8_t protocol;     /* IPPROTO_* */
	uint32_t endpoint;    /* number of the shared one; 0: dedicated */
	uint32_t binding;     /* what ties it; 0: none */
	uint32_t age_s;       /* since its last Binding Request; dedicated: since a packet was sampled */
	unsigned int region;  /* id */
	enum rg_reason reason; /* of its next packet; of its last one if it is bound to nothing */
	unsigned int tie;     /* enum rg_tie */
};
typedef bool (*flow_fn)(void *arg, const struct flow *flow); /* false: enough */
/** The live flows of a meeting: those of shared endpoints whose remote has asked for consent lately,
 *  and remotes seen lately at dedicated endpoints. Each once, in no order. */
int flows_each(struct rg_engine *engine, uint32_t meeting, flow_fn fn, void *arg, struct rg_err *err);
/** How many flows of shared endpoints are bound: the fill of rg_flows. */
int flows_count(struct rg_engine *engine, uint64_t *ret, struct rg_err *err);

/* events.c */
#define EVENT_KINDS(X) X(REFUSAL, "refusal") X(RULES, "rules") X(RELOAD, "reload") X(ATTACHMENT, "attachment") \
	X(LOST, "lost") X(ALARM, "alarm") X(CLOCK, "clock") X(ORDER, "order")
enum event_kind {
#define X(name, text) EVENT_##name,
	EVENT_KINDS(X)
#undef X
	EVENT_KIND_MAX
};
struct events; /* the last EVENTS_KEPT of them */
int events_init(struct rg_engine *engine, struct rg_err *err);
void events_free(struct rg_engine *engine);
/** Tell readers. @meeting: its id, or NULL. Takes @fields (NULL: none). Never fails: an event that
 *  there is no memory for counts as lost. */
void events_add(struct rg_engine *engine, enum event_kind kind, const char *meeting, json_t *fields);
/** What this turn's flush put in force. */
void events_of_flush(struct rg_engine *engine);

/* endpoints.c */
/** By number; NULL if there is none. */
const char *shared_name(const struct rg_engine *engine, uint32_t number);
int shared_load(void *arg, const char *name, uint32_t number, uint64_t revision, const char *body,
		struct rg_err *err);
/** Those that are gone from the model; then those that are new or changed. */
void shared_clear_gone(struct rg_engine *engine);
int shared_publish(struct rg_engine *engine, struct rg_err *err);
void shared_free_unused(struct rg_engine *engine);

/* meetings.c */
/** One more local address, unless it is known: @n counts those of pending.locals that are in use once
 *  the call is staged. RG_ERR_FULL with the pointer "/address". */
int engine_local_room(struct rg_engine *engine, const struct rg_addr *address, size_t *n, struct rg_err *err);

/* ufrags.c */
int ufrags_init(struct ufrags *ufrags, const struct rg_dp_config *config, uint32_t max_meetings,
		struct rg_err *err);
void ufrags_clear(struct ufrags *ufrags);
/** Read all from the store, once meetings and endpoints are there. */
int ufrags_load(struct rg_engine *engine, struct rg_err *err);
/** Are these ufrags acceptable for a meeting (number 0: a new one)? @ret_differs: they are not those
 *  that it has. INVALID, CONFLICT, FULL with the pointer; after it ufrags_put() fails only if the
 *  store or memory does. */
int ufrags_check(struct rg_engine *engine, const struct rg_meeting_spec *spec, uint32_t meeting,
		 bool *ret_differs, struct rg_err *err);
/** Bind those that are new, unbind those that are not listed. On failure the turn is lost: see
 *  engine_doom(). */
int ufrags_put(struct rg_engine *engine, const struct rg_meeting_spec *spec, uint32_t meeting,
	       struct rg_err *err);
/** Unbind all of a meeting. As ufrags_put(). */
int ufrags_drop(struct rg_engine *engine, uint32_t meeting, struct rg_err *err);
/** [{"endpoint", "ufrag"}, ...]. New reference or NULL. */
json_t *ufrags_json(const struct rg_engine *engine, uint32_t meeting);
/** All of the model is pending. */
int ufrags_pend_all(struct rg_engine *engine, struct rg_err *err);
int ufrags_publish(struct rg_engine *engine, struct rg_err *err);
void ufrags_clear_gone(struct rg_engine *engine);
/** Give up the numbers that the kernel no longer refers to. */
void ufrags_free_unused(struct rg_engine *engine);
/** Write revisions that moved without a body into the open transaction. */
int ufrags_write_revisions(struct rg_engine *engine, struct rg_err *err);
/** Back to what was before this turn: the store (in a transaction), the model. */
int ufrags_undo_store(struct rg_engine *engine, struct rg_err *err);
void ufrags_undo(struct rg_engine *engine);
/** Instead, if the store could not be put back: what it has now. */
int ufrags_reload(struct rg_engine *engine, struct rg_err *err);
void ufrags_flush_done(struct rg_engine *engine);

/* status.c */
int maps_json(struct rg_engine *engine, json_t **ret, struct rg_err *err);
int counts_json(struct rg_engine *engine, json_t **ret_verdicts, json_t **ret_reasons, struct rg_err *err);
json_t *count_to_json(const struct rg_count *count);

/* geoip.c */
json_t *engine_text_json(const char *text); /* null for what is not UTF-8 */

#endif
