/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The only writer of state: validate -> store -> compile -> publish.
 *
 * A change is staged by its call (validated against the model, written into the
 * open transaction, applied to the model), and takes effect in rg_engine_flush():
 * commit (durable), then kernel. The API answers after the flush, so one fsync
 * serves all requests of a turn of the loop (group commit). If a flush fails,
 * everything staged since the last one is undone in model and store, and each of
 * those requests is answered with its error.
 *
 * A call that fails changes nothing. One thread; no locks.
 */
#ifndef RG_ENGINE_H
#define RG_ENGINE_H

#include <jansson.h>
#include "base/err.h"
#include "base/peer.h"
#include "dataplane/dataplane.h"
#include "geo/geo.h"
#include "policy/meeting.h"

struct rg_engine;

/* What is kept of the addresses of participants that were refused: beside the ledger, never in it. */
enum rg_ledger_addresses { RG_LEDGER_ADDRESSES_TRUNCATED, RG_LEDGER_ADDRESSES_NONE, RG_LEDGER_ADDRESSES_FULL };
struct rg_ledger_config {
	enum rg_ledger_addresses addresses; /* truncated: /24 of IPv4, /48 of IPv6 */
	unsigned int retention_days; /* 0: 30 */
	unsigned int interval_s;     /* between two looks at the counters; 0: 60 */
	unsigned int stale_days;     /* a database older than that is stale; 0: none is */
};

struct rg_engine_config {
	const char *state_dir;            /* NULL: in memory only (replay, tests) */
	struct rg_dp_config dp;
	const char *const *databases;     /* MMDB paths, in order */
	size_t n_databases;
	bool registered_country;
	unsigned int hold_share;          /* percent of live flows that a reload may change unconfirmed; 0: 10 */
	const struct rg_region_spec *site; /* a country or subdivision; NULL: not known where this server stands */
	struct rg_ledger_config ledger;
	bool accepted;   /* what is put was accepted elsewhere: an override needs no approval here (replay) */
	bool watch_maps; /* notice when somebody else writes to them */
	const char *blocked_by;           /* URI of who blocks, for RFC 7725; NULL: urn:regiongate:operator */
	/* For tests: clocks (CLOCK_* -> ns; NULL: the kernel's) and boot id (NULL: the kernel's). */
	int64_t (*clock)(void *arg, int id);
	void *clock_arg;
	const char *boot_id;
};

/** Which build this is: "0.1.0 (program 0123456789abcdef, ABI 3)", the hash of the BPF object and the version of
 *  its maps' layout. Returns @ret. */
#define RG_VERSION_TEXT_MAX 80
const char *rg_engine_version(char ret[RG_VERSION_TEXT_MAX]);

/** Open the store, load geo data, load the program, fill every map from the store, put it in
 *  force. On failure nothing is left behind and what was in force before still is. */
int rg_engine_open(const struct rg_engine_config *config, struct rg_engine **ret, struct rg_err *err);
/** Look at clocks, schedules and alarms: once a second, and when a clock was set. */
void rg_engine_tick(struct rg_engine *engine);
/** What the ledger learns by looking. Returns the milliseconds after which it wants to look again. */
int rg_engine_ledger_tick(struct rg_engine *engine);
/** What is attached stays attached; if nothing is, the pins are removed too. */
void rg_engine_close(struct rg_engine *engine);

/** Who makes the calls that follow, for the ledger: a client's process and whom it says that it acts
 *  for (NULL: nobody; else rg_ledger_asserted_ok()). @peer NULL: the daemon itself. */
void rg_engine_actor_set(struct rg_engine *engine, const struct rg_peer *peer, const char *asserted);

/** Commit and publish what is staged. On failure: undone, @err says why. No-op if nothing is. */
int rg_engine_flush(struct rg_engine *engine, struct rg_err *err);

/* If-Match: RG_ANY_REVISION = no condition; RG_NO_RESOURCE = must not exist (If-None-Match: *);
 * RG_SOME_RESOURCE = must exist (If-Match: *); else the revision that it must have
 * (RG_ERR_PRECONDITION). */
#define RG_ANY_REVISION 0
#define RG_NO_RESOURCE UINT64_MAX
#define RG_SOME_RESOURCE (UINT64_MAX - 1)

/* Meetings. Bodies are the API's. @ret_revision may be NULL. */
/** Create or replace. PUT of an equal body is a success without a new revision.
 *  CONFLICT names the endpoint and both meetings; FULL; INVALID (custom regions that do not exist). */
int rg_engine_meeting_put(struct rg_engine *engine, const char *id, const json_t *body,
			  uint64_t if_match, bool *ret_created, uint64_t *ret_revision, struct rg_err *err);
/** The same of a body that was read already. Takes @spec, also on failure. */
int rg_engine_meeting_put_spec(struct rg_engine *engine, struct rg_meeting_spec *spec, uint64_t if_match,
			       bool *ret_created, uint64_t *ret_revision, struct rg_err *err);
/** RFC 7396 merge patch of the canonical body, then as put. NOT_FOUND. */
int rg_engine_meeting_patch(struct rg_engine *engine, const char *id, const json_t *patch,
			    uint64_t if_match, uint64_t *ret_revision, struct rg_err *err);
int rg_engine_meeting_delete(struct rg_engine *engine, const char *id, uint64_t if_match, struct rg_err *err);
/** Canonical body, new reference. NOT_FOUND. */
int rg_engine_meeting_get(struct rg_engine *engine, const char *id, json_t **ret_body,
			  uint64_t *ret_revision, struct rg_err *err);
/** {"meetings": [body, ...], "next": "last id" | null}, ids after @after ("" = start), at most @limit. */
int rg_engine_meeting_list(struct rg_engine *engine, const char *after, size_t limit, json_t **ret,
			   struct rg_err *err);
/** {"id", "packets", "bytes", "verdicts": {"admit": {"packets","bytes"}, "refuse", "observe_refused"},
 *   "regions": {"CN": {"refuse": {"packets","bytes"}, ...}}, "egress": {the same}}: what participants
 *  sent, and under "egress" what they were sent. NOT_FOUND. */
int rg_engine_meeting_stats(struct rg_engine *engine, const char *id, json_t **ret, struct rg_err *err);

/** Tie a ufrag of a shared endpoint to a meeting; flows that a Binding Request with it makes are then
 *  judged by the meeting's policy. Bound already: a success without a new revision. NOT_FOUND (the
 *  meeting); INVALID ("/endpoint", "/ufrag"); CONFLICT names the meeting that holds it; FULL. */
int rg_engine_ufrag_bind(struct rg_engine *engine, const char *id, const char *endpoint, const char *ufrag,
			 uint64_t if_match, bool *ret_created, uint64_t *ret_revision, struct rg_err *err);
/** NOT_FOUND if the meeting does not hold it. */
int rg_engine_ufrag_unbind(struct rg_engine *engine, const char *id, const char *endpoint, const char *ufrag,
			   uint64_t if_match, uint64_t *ret_revision, struct rg_err *err);

/* Shared endpoints. CONFLICT names both if a dedicated or another shared endpoint overlaps, if
 * meetings hold ufrags that a new ufrag_prefix does not fit, or (delete) hold any. */
int rg_engine_endpoint_put(struct rg_engine *engine, const char *name, const json_t *body,
			   uint64_t if_match, bool *ret_created, uint64_t *ret_revision, struct rg_err *err);
int rg_engine_endpoint_delete(struct rg_engine *engine, const char *name, uint64_t if_match,
			      struct rg_err *err);
/** The canonical body, new reference. NOT_FOUND. */
int rg_engine_endpoint_get(struct rg_engine *engine, const char *name, json_t **ret, uint64_t *ret_revision,
			   struct rg_err *err);
/** {"endpoints": [...]}, by name. */
int rg_engine_endpoint_list(struct rg_engine *engine, json_t **ret, struct rg_err *err);

/** {"id", "flows": [{"remote","remote_port","local_port","protocol","endpoint","tie","ufrag","region",
 *  "verdict","reason","age_s"}], "more": bool}: live flows, at most @limit; the verdict is what the
 *  loaded program says of the flow's next packet. NOT_FOUND. */
int rg_engine_meeting_flows(struct rg_engine *engine, const char *id, size_t limit, json_t **ret,
			    struct rg_err *err);

/* Custom regions. Deleting one that a rule names is a CONFLICT that names the meeting. A change
 * rebuilds and publishes the geo table at flush. */
int rg_engine_region_put(struct rg_engine *engine, const char *name, const json_t *body,
			 uint64_t if_match, bool *ret_created, uint64_t *ret_revision, struct rg_err *err);
int rg_engine_region_delete(struct rg_engine *engine, const char *name, uint64_t if_match, struct rg_err *err);
int rg_engine_region_get(struct rg_engine *engine, const char *name, json_t **ret, uint64_t *ret_revision,
			 struct rg_err *err);
/** The catalogue: {"custom": [...], "countries": [{"code","continent","groups"}], "classes":
 *  [{"id","code"}]}. */
int rg_engine_region_list(struct rg_engine *engine, json_t **ret, struct rg_err *err);

/* Interfaces: kept in the store, re-attached at start. Immediate (not staged). Body {"mode": "auto"};
 * with "confirm_within_s" it is a trial: not in the store, and off again then, or with the daemon.
 * Answer: {"name","mode" (asked for),"attached","attached_mode","ifindex","program":{"id","name"},"link_id",
 * "confirm_within_s","reattached","problem"},
 * null where there is none; the list is {"interfaces": [...]}. */
int rg_engine_interface_put(struct rg_engine *engine, const char *name, const json_t *body, json_t **ret,
			    struct rg_err *err);
/** End a trial (body {"confirm_within_s": n}) well: the filter stays. NOT_FOUND. */
int rg_engine_interface_confirm(struct rg_engine *engine, const char *name, json_t **ret, struct rg_err *err);
int rg_engine_interface_delete(struct rg_engine *engine, const char *name, struct rg_err *err);
int rg_engine_interface_get(struct rg_engine *engine, const char *name, json_t **ret, struct rg_err *err);
int rg_engine_interface_list(struct rg_engine *engine, json_t **ret, struct rg_err *err);
/** Interfaces changed: attach those that came (back), say which went. */
void rg_engine_interfaces_check(struct rg_engine *engine);
/** Take back what was not confirmed in time; look at all interfaces now and then. Returns the
 *  milliseconds until it wants to run again, -1: not before an interface is attached. */
int rg_engine_interfaces_tick(struct rg_engine *engine);

/* GeoIP */
/** {"generation", "databases": [{"path","type","build_time","sha256","networks","unknown","pseudo","attribution"}],
 *   "ranges": {"ipv4","ipv6"}, "table": {"bytes","build_ms"}, "load_ms", "loaded_at", "last_error"} */
int rg_engine_geoip_get(struct rg_engine *engine, json_t **ret, struct rg_err *err);
/** Read the databases again and switch. A table that shrinks to less than half of its ranges is
 *  refused unless @force. Answer: as get, plus "changed": false if the files are the same. */
int rg_engine_geoip_reload(struct rg_engine *engine, bool force, bool confirm, json_t **ret,
			   struct rg_err *err);
/** {"address","region","country","continent","groups","subdivision","custom":[],"network",
 *   "embedded_ipv4"?, "database": {"path","build_time"}|null} */
int rg_engine_lookup(struct rg_engine *engine, const char *address, json_t **ret, struct rg_err *err);

/** May somebody take part? Body: {"meeting": id, "address": "a", "at"?: time}. Answer: {"meeting","address",
 *  "at","region","verdict","reason","rule","basis","order","exception","status","show"}: "status" and "show" are
 *  what to answer the participant with (RFC 7725). NOT_FOUND, INVALID. */
int rg_engine_admission(struct rg_engine *engine, const json_t *body, json_t **ret, struct rg_err *err);
/** What a body would do to the flows of now, at the time @at (NULL: now). Refused as a put would be. Answer:
 *  {"meeting","exists","at","site_refused":{"before","after"},"mode","flows":{"total","cut","admitted",
 *  "unchanged"},"regions":{"CN":{"flows","cut","admitted","before":{reason: n},"after":{},"rules":{}}}}. */
int rg_engine_preview(struct rg_engine *engine, const char *id, const json_t *body, const char *at,
		      json_t **ret, struct rg_err *err);

/** The caller approves a rule of a meeting with an override, by its SHA-256: {"meeting", "sha256", "reason"}.
 *  Answer: {"meeting","sha256","uid","reason","expires"}. Immediate. INVALID, FORBIDDEN, FULL. */
int rg_engine_approve(struct rg_engine *engine, const json_t *body, json_t **ret, struct rg_err *err);

/** The global mode: {"mode": "enforce" | "observe", "config"}. Put is immediate. */
int rg_engine_mode_get(struct rg_engine *engine, json_t **ret, struct rg_err *err);
int rg_engine_mode_put(struct rg_engine *engine, const json_t *body, json_t **ret, struct rg_err *err);
/** {"believed","wall","stepped","step_s","noticed_at"}; accept: believe the wall clock as it is. */
int rg_engine_clock_get(struct rg_engine *engine, json_t **ret, struct rg_err *err);
int rg_engine_clock_accept(struct rg_engine *engine, json_t **ret, struct rg_err *err);

/** Run the loaded program on a packet, touching no counter and no flow. Body: {"source": "a",
 *  "source_port": n, "destination": "b", "destination_port": n, "protocol": "udp", "ufrag": "x" or
 *  "username": "x:y" (then it is a STUN Binding Request)} or {"frame": "hex"}, and "direction":
 *  "ingress" | "egress". Answer: {"verdict","reason","direction","endpoint" (shared),"tie","meeting",
 *  "region","rule","policy","stage","generation"}. */
int rg_engine_explain(struct rg_engine *engine, const json_t *body, json_t **ret, struct rg_err *err);

/* Readings of the ledger. A long one takes seconds, so it is done in slices, and others are answered between
 * them; it reads the ledger as it was when it began, whatever is appended meanwhile. The engine must outlive it. */
struct rg_reading;
/** Read on. 1: there is more to read; 0: the result is there; else why not. */
int rg_reading_step(struct rg_reading *reading, struct rg_err *err);
/** The result: JSON (the reading's), or a text (the caller's from here on). NULL: it is the other one. */
json_t *rg_reading_json(const struct rg_reading *reading);
char *rg_reading_take_text(struct rg_reading *reading, size_t *ret_length);
void rg_reading_free(struct rg_reading *reading);

/** A page of the ledger, entries with a number greater than @after: {"entries": [...], "next": number of
 *  the last one | null, "head": {"seq","hash"}}. Only texts that parse are entries; one that does not
 *  (somebody edited the file) is RG_ERR_STORE. */
int rg_engine_ledger_list(struct rg_engine *engine, uint64_t after, size_t limit, struct rg_reading **ret,
			  struct rg_err *err);
/** The same as NDJSON, each line the exact bytes that were hashed, and a last line {"head", "next",
 *  "exported_at"}. */
int rg_engine_ledger_export(struct rg_engine *engine, uint64_t after, size_t limit, struct rg_reading **ret,
			    struct rg_err *err);
/** Check at most @limit entries after @after: {"ok", "checked", "next" (go on after it) | null, "head",
 *  "broken": sentence | null}. */
int rg_engine_ledger_verify(struct rg_engine *engine, uint64_t after, size_t limit, struct rg_reading **ret,
			    struct rg_err *err);
/** The transparency report of the days @from to @until (rg_report_to_json(), with "ledger": the head).
 *  RG_ERR_INVALID for days that are none, RG_ERR_FULL if many are being made. */
int rg_engine_report(struct rg_engine *engine, const char *from, const char *until, struct rg_reading **ret,
		     struct rg_err *err);

/* Events: the last some thousands are kept; readers are told how many they missed. */
/** Readable when rg_engine_events_take() has something to take from the kernel. */
int rg_engine_events_fd(const struct rg_engine *engine);
/** Take them. True: call rg_engine_events_tick() in a second. */
bool rg_engine_events_take(struct rg_engine *engine);
/** Let the kernel send more, and tell what it could not send. True: again in a second. */
bool rg_engine_events_tick(struct rg_engine *engine);
/** Moves when there are new events for readers. */
uint64_t rg_engine_events_last(const struct rg_engine *engine);

struct rg_event_filter {
	const char *meeting; /* NULL: all */
	const char *kinds;   /* "refusal,rules"; NULL: all. What was lost is always told */
	size_t last;         /* begin with so many of the past ones */
	bool follow;         /* go on with those that come */
};
struct rg_event_reader;
/** INVALID; FULL if there are too many readers. The engine must outlive the reader. */
int rg_event_reader_open(struct rg_engine *engine, const struct rg_event_filter *filter,
			 struct rg_event_reader **ret, struct rg_err *err);
void rg_event_reader_close(struct rg_event_reader *reader);
/** Lines of JSON. Returns bytes written to @buf, 0: none now, -1: there will be none. */
long rg_event_reader_read(struct rg_event_reader *reader, char *buf, size_t max);

/** {"time_ms" (monotonic), "total" (meetings), "flows" (bound ones), "verdicts", "reasons" (as in the status), "regions": {"CN": {"admit":
 *  {"packets","bytes"}, "refuse", "observe_refused"}}, "meetings": [{"id","admit","refuse",
 *  "observe_refused" (packets)}] (at most @limit, the busiest first), "maps", "events": {"sent","lost"}}. */
int rg_engine_stats(struct rg_engine *engine, size_t limit, json_t **ret, struct rg_err *err);

/** The time that is believed, in seconds since 1970: the wall clock's, less a step that nobody has accepted. */
int64_t rg_engine_now(const struct rg_engine *engine);

/** Health, read from the kernel: {"version","pid","uptime_s","mode","site","program":{"id"},
 *  "interfaces":[...],"meetings","policies","regions","geoip":{...},"maps":[...],
 *   "verdicts": {"admit": {"packets","bytes"}, "refuse", "pass"}, "reasons": {"refuse_region": {...}, ...}}: both
 *  directions together, reasons that occurred; "clock" as rg_engine_clock_get(), "site_alarms":
 *  {"alarms","meetings"}, "orders_narrowed": {"orders","first":[...]}. */
int rg_engine_status(struct rg_engine *engine, json_t **ret, struct rg_err *err);
/** Compare the kernel's maps, pins and interfaces with what the store says, and put back what differs.
 *  Immediate. {"compared","differences","repaired","checks": [{"name", the same}]}. Takes as long as
 *  filling the maps at a start. */
int rg_engine_verify(struct rg_engine *engine, json_t **ret, struct rg_err *err);
/** Prometheus text format, version 0.0.4. @ret owned by the caller (free). */
int rg_engine_metrics(struct rg_engine *engine, char **ret, struct rg_err *err);

/* Direct access for replay and the tests. */
/** Time stands still at @time (seconds since 1970) until it is set again, for the loaded program, too. @ret:
 *  within that window it makes no difference to what meetings say. For an engine without interfaces. */
void rg_engine_time_set(struct rg_engine *engine, int64_t time, struct rg_window *ret);
struct rg_dp *rg_engine_dp(struct rg_engine *engine);
/** Id of a meeting by its number, label of a region id, "" / "unknown" if there is none. */
const char *rg_engine_meeting_id(struct rg_engine *engine, uint32_t number);
const char *rg_engine_region_code(struct rg_engine *engine, unsigned int region);

#endif
