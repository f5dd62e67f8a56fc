/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The daemon's configuration: defaults, then the INI file, then options. config.c is the only
 * includer of ini.h.
 *
 * Every setting is one line of RG_CONFIG_KEYS; file and options set it by the same
 * function, so both know the same values and refuse the same mistakes.
 */
#ifndef RG_CONFIG_H
#define RG_CONFIG_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "base/err.h"
#include "base/log.h"
#include "base/peer.h"
#include "dataplane/dataplane.h"
#include "engine/engine.h"
#include "geo/regions.h"

#define RG_CONFIG_PATH "/etc/regiongate/regiongate.conf"

struct rg_config_interface {
	char name[IF_NAMESIZE];
	enum rg_xdp_mode mode;
	enum rg_egress_mode egress;
	bool egress_given; /* else it stays as it was asked for */
};

struct rg_config {
	char *socket;   /* path of the control socket */
	char *state;    /* directory of the store */
	char *pin_dir;  /* directory in a bpffs */
	enum rg_log_level log_level;
	char **databases; /* MMDB files; a later one overrides the earlier ones */
	size_t n_databases;
	bool registered_country;
	bool watch_maps; /* notice when somebody else writes to the maps */
	bool watch;     /* reload databases when their files change */
	struct rg_config_interface *interfaces;
	size_t n_interfaces;
	uint32_t max_meetings;  /* how many meetings fit */
	uint32_t max_addresses; /* how many local addresses can carry endpoints */
	uint32_t max_ufrags;    /* how many ufrags fit, of all endpoints */
	uint32_t max_ufrags_long; /* how many of them may have more than 32 characters */
	uint32_t max_flows;     /* how many flows of shared endpoints are remembered */
	uint32_t max_policies, max_schedules, max_exception_sets; /* distinct ones; 0: by what the store needs */
	uint32_t max_mtg_stats; /* lines of counters by meeting, a CPU */
	uint32_t hold_share; /* percent of live flows that a reload of databases may change unconfirmed */
	bool site_known;
	struct rg_region_spec site; /* where this server stands: a country or subdivision */
	char *blocked_by;    /* URI of who blocks, for those who are refused; NULL: the default */
	enum rg_dispatcher dispatcher; /* of libxdp */
	bool observe;   /* count what would be refused, refuse nothing */
	struct rg_ledger_config ledger;
	char *roles[RG_ROLE_MAX]; /* users and @groups of each role; NULL: the default */
	uint32_t given; /* bits of enum rg_config_key: set by the source that is being read */
};

/* X(KEY, section, name): every key of the file. [interfaces] has names of interfaces as keys. */
#define RG_CONFIG_KEYS(X)                                     \
	X(SOCKET,             "daemon",  "socket")            \
	X(STATE,              "daemon",  "state")             \
	X(PIN_DIR,            "daemon",  "pin_dir")           \
	X(WATCH_MAPS,         "daemon",  "watch_maps")        \
	X(LOG_LEVEL,          "daemon",  "log_level")         \
	X(DATABASE,           "geoip",   "database")          \
	X(REGISTERED_COUNTRY, "geoip",   "registered_country") \
	X(WATCH,              "geoip",   "watch")             \
	X(MAX_MEETINGS,       "limits",  "max_meetings")      \
	X(MAX_ADDRESSES,      "limits",  "max_addresses")     \
	X(MAX_UFRAGS,         "limits",  "max_ufrags")        \
	X(MAX_UFRAGS_LONG,    "limits",  "max_ufrags_long")   \
	X(MAX_FLOWS,          "limits",  "max_flows")         \
	X(MAX_POLICIES,       "limits",  "max_policies")      \
	X(MAX_SCHEDULES,      "limits",  "max_schedules")     \
	X(MAX_EXCEPTION_SETS, "limits",  "max_exception_sets") \
	X(MAX_MTG_STATS,      "limits",  "max_mtg_stats")     \
	X(HOLD_SHARE,         "geoip",   "hold_share")        \
	X(STALE_DAYS,         "geoip",   "stale_days")        \
	X(SITE,               "filter",  "site")              \
	X(BLOCKED_BY,         "filter",  "blocked_by")        \
	X(LEDGER_ADDRESSES,   "ledger",  "addresses")         \
	X(LEDGER_RETENTION,   "ledger",  "retention_days")    \
	X(LEDGER_INTERVAL,    "ledger",  "interval_s")        \
	X(FILTER_MODE,        "filter",  "mode")              \
	X(DISPATCHER,         "filter",  "dispatcher")        \
	X(ROLE_READ,          "roles",   "read")              \
	X(ROLE_PUSH,          "roles",   "push")              \
	X(ROLE_ADMIN,         "roles",   "admin")

enum rg_config_key {
#define X(key, section, name) RG_CONFIG_##key,
	RG_CONFIG_KEYS(X)
#undef X
	RG_CONFIG_KEY_MAX
};

/** Fill with the defaults. -ENOMEM. rg_config_clear() also after a failure. */
int rg_config_init(struct rg_config *config, struct rg_err *err);
void rg_config_clear(struct rg_config *config);

/** Begin to read a source (the file, the options): what it gives replaces, as a whole, what
 *  earlier sources gave for the same key; within one source only databases repeat. */
void rg_config_begin(struct rg_config *config);
/** Set one key from text. RG_ERR_INVALID: a bad value, or a key that was given already. */
int rg_config_set(struct rg_config *config, enum rg_config_key key, const char *value,
		  struct rg_err *err);
/** Add an interface. RG_ERR_INVALID: not a name of one, or listed already. */
int rg_config_interface_add(struct rg_config *config, const char *name, enum rg_xdp_mode mode,
			    struct rg_err *err);
/** The same, of text as the file has it: "MODE" or "MODE, egress HOW". */
int rg_config_interface_set(struct rg_config *config, const char *name, const char *value,
			    struct rg_err *err);
/** Forget all interfaces (before those of the options are added). */
void rg_config_interfaces_clear(struct rg_config *config);

/** Read an INI file. @name stands in front of messages ("regiongate.conf:12: ..."). A key or
 *  section that does not exist, a bad value, a line that is not INI or is too long:
 *  -EINVAL with RG_ERR_INVALID for the first of them; @config is then of no use. */
int rg_config_read(FILE *file, const char *name, struct rg_config *config, struct rg_err *err);

#endif
