/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the store holds, indexed: meetings, endpoints, ufrags, custom regions. Shared by the engine's files. */
#ifndef RG_ENGINE_MODEL_H
#define RG_ENGINE_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include "base/map.h"
#include "dataplane/dataplane.h"
#include "engine/numbers.h"
#include "engine/rulings.h"
#include "policy/endpoint.h"
#include "policy/meeting.h"

struct rg_engine;
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
	struct ruling ruling;       /* from now on */
	struct policy *policy;      /* that of now: ruling.policy */
	bool revised;               /* by a ufrag in this turn: listed in pending.revised */
	struct endpoint endpoints[]; /* as many as the spec has */
};

/* A shared endpoint. */
struct shared {
	struct rg_shared_spec spec;
	uint32_t number; /* index into rg_shared */
	uint64_t revision;
};

/* A ufrag (or a prefix) of a shared endpoint, and the meeting that it stands for. Found by endpoint
 * and text; both are one string of bytes here. Meetings are told by number, so that a binding outlives
 * the struct of its meeting. */
struct binding {
	struct binding *next, **link; /* of the same meeting */
	uint32_t number;    /* index into rg_bindings */
	uint32_t meeting;   /* 0: given up; the number is free once the kernel has heard */
	uint32_t published; /* the meeting that the kernel has it for; 0: none */
	uint32_t mark;      /* of the body that listed it last */
	bool buried;        /* its number was freed before the turn's end: kept for an undo */
	uint16_t length;    /* of text, which ends with a NUL beyond that */
	struct binding_key {
		uint16_t endpoint; /* number */
		char text[];
	} key;
};
struct bound { /* the bindings of a meeting */
	struct binding *first, **tail;
	size_t n;
};
struct ufrags {
	uint32_t max, max_long;  /* room in the kernel */
	uint32_t n, n_long;      /* numbers that are held, also by bindings that were given up this turn */
	struct numbers numbers;
	uint32_t mark;
	struct binding **at;     /* by number, 1..max */
	struct rg_map *by_key;
	struct bound *of;        /* by number of the meeting */
	size_t of_endpoint[RG_SHARED_MAX]; /* how many, by number of the endpoint */
	struct binding *graves;  /* buried ones */
};

struct custom {
	struct rg_custom_region region;
	uint64_t revision;
};

/* Where endpoints chain up: at most one per local address, so chains are short. */
struct port_chains {
	struct endpoint *first[2][65536]; /* by RG_PROTO_*, port */
};

struct model {
	uint32_t max_meetings;       /* numbers are 1..max_meetings-1 */
	struct rg_map *by_id;        /* -> struct meeting */
	struct meeting **by_number;
	struct numbers numbers;
	struct port_chains *ports;
	size_t n_endpoints;
	struct rulings rulings;
	struct custom *customs;      /* sorted by name */
	size_t n_customs;
	struct rg_map *shared;       /* by name -> struct shared */
	struct shared *shared_at[RG_SHARED_MAX];
	struct numbers shared_numbers;
	struct ufrags ufrags;        /* not read again by model_load(): undone step by step */
};

/* model.c */
int model_init(struct model *model, uint32_t max_meetings, const struct rg_dp_config *config, struct rg_err *err);
void model_clear(struct model *model);
/** Read meetings and custom regions from the store. Parts of rulings keep their numbers. */
int model_load(struct rg_engine *engine, struct rg_err *err);
/** A body of the store that does not parse: written by another version, or by hand. */
int model_bad_body(const char *what, const char *name, struct rg_err *err);
struct meeting *model_meeting(const struct model *model, const char *id);
struct endpoint *model_endpoint(const struct model *model, const struct rg_endpoint_key *key);
struct rg_endpoint_key endpoint_key(const struct rg_endpoint_spec *spec);
struct custom *model_custom(const struct model *model, const char *name);
/** How many numbers wait for a grace period, of all kinds. */
size_t model_numbers_waiting(const struct model *model);
/** A grace period has passed. */
void model_numbers_release(struct model *model);
/** A meeting with its endpoints, not in the model yet. Takes @spec on success. */
int meeting_new(struct rg_meeting_spec *spec, struct meeting **ret, struct rg_err *err);
void meeting_free(struct meeting *meeting);
/** Into the model and out of it. Room in by_id is reserved before; can not fail. */
void model_link(struct model *model, struct meeting *meeting, const struct ruling *ruling);
void model_unlink(struct model *model, struct meeting *meeting);
/** Put a custom region (moved from @region) into the sorted list, or take it out. */
int model_custom_set(struct model *model, struct rg_custom_region *region, uint64_t revision,
		     struct rg_err *err);
void model_custom_remove(struct model *model, struct custom *custom);

/* meetings.c */
/** Does another meeting than @self (NULL: any), or a shared endpoint, hold an endpoint of this body? RG_ERR_CONFLICT. */
int model_endpoints_free(const struct model *model, const struct rg_meeting_spec *spec, const struct meeting *self,
			 struct rg_err *err);

/* endpoints.c */
struct shared *model_shared(const struct model *model, const char *name);
/** A shared endpoint that stands in the way of a dedicated one: with its port, on its address or on
 *  "any", which overlaps with every address. NULL if there is none. */
const struct shared *model_shared_overlap(const struct model *model, const struct rg_endpoint_key *key);
void shared_empty(struct model *model);

#endif
