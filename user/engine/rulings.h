/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a meeting's rules come to in the kernel: a policy, or a schedule of policies, and a set of
 * exceptions. Meetings share them: equal ones are stored once, each under a number of its map.
 *
 * A number that nothing refers to any more is given up when the flush is through (rulings_sweep()), not
 * earlier: the kernel's meetings refer to it until then.
 */
#ifndef RG_ENGINE_RULINGS_H
#define RG_ENGINE_RULINGS_H

#include "base/map.h"
#include "engine/numbers.h"
#include "policy/policy.h"

struct rg_engine;

struct slot {
	const void *key; /* what it is; inside of the thing that the slot is a part of */
	size_t length;
	uint32_t number, refs;
	bool written;    /* the kernel has it */
};
struct slots {
	struct rg_map *by_key;
	struct slot **at;   /* by number */
	struct numbers numbers;
	uint32_t room;      /* of at */
	uint32_t idle;      /* how many have no refs */
	void (*free)(struct slot *slot);
};

struct policy {
	struct slot slot; /* its key is the text */
	struct rg_policy *rules;
	const char *text;
};
/* Wall clock seconds; the kernel gets them as CLOCK_MONOTONIC. */
struct schedule_step {
	int64_t until;
	uint32_t policy;
	uint32_t flags; /* RG_STEP_* */
};
struct schedule {
	struct slot slot; /* its key are the steps */
	size_t n;
	struct schedule_step steps[RG_SCHEDULE_STEPS_MAX];
	struct policy *policies[RG_SCHEDULE_STEPS_MAX];
};
struct exceptions {
	struct slot slot; /* its key is the set */
	struct rg_exception_set set;
};

struct rulings {
	struct slots policies, schedules, exceptions;
};

struct ruling {
	struct policy *policy;         /* of now */
	struct schedule *schedule;     /* NULL: the policy holds for ever */
	struct exceptions *exceptions; /* NULL: none */
};

/** @max_*: capacities of the maps as far as they are known, else as many as there can be. */
int rulings_init(struct rulings *rulings, const struct rg_dp_config *config, struct rg_err *err);
void rulings_clear(struct rulings *rulings);
/** The maps that are to be loaded: as many as the configuration asks for, or with room to grow. */
void rulings_capacity(struct rulings *rulings, struct rg_dp_config *config);

/** The ruling of a body from @now on; its parts are not referred to yet. RG_ERR_FULL with the
 *  pointer, -ENOMEM. */
int ruling_of(struct rulings *rulings, const struct rg_meeting_spec *spec, int64_t now,
	      struct ruling *ret, struct rg_err *err);
/** Refer to the parts of a ruling, or no longer. */
void ruling_take(struct rulings *rulings, const struct ruling *ruling);
void ruling_drop(struct rulings *rulings, const struct ruling *ruling);
/** Free what nothing refers to. */
void rulings_sweep(struct rulings *rulings);

/** Give the kernel those parts of a ruling that it does not have yet. */
void ruling_write(struct rg_engine *engine, const struct ruling *ruling);
/** The bits of all policies again: classes or origins have changed. */
void rulings_write_policies(struct rg_engine *engine);
/** What the kernel has by this number again, if it has something: somebody else wrote there. */
void rulings_mend(struct rg_engine *engine, struct slots *slots, uint32_t number);
/** The ends of all steps again: the clock's anchor has moved. */
void rulings_write_times(struct rg_engine *engine);

#endif
