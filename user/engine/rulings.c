/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <string.h>
#include "engine/engine_private.h"
#include "policy/exceptions.h"
#include "policy/timeline.h"

RG_DEFINE_CLEANUP(struct rg_policy *, rg_policy_free);

/* --- slots ------------------------------------------------------------------- */

static int slots_init(struct slots *slots, uint32_t max, void (*free_slot)(struct slot *))
{
	slots->free = free_slot;
	slots->by_key = rg_map_new();
	return slots->by_key ? numbers_init(&slots->numbers, max) : -ENOMEM;
}

static void slot_remove(struct slots *slots, uint32_t number)
{
	struct slot *slot = slots->at[number];

	rg_map_remove(slots->by_key, slot->key, slot->length);
	slots->at[number] = NULL;
	numbers_give_up(&slots->numbers, number);
	slots->free(slot);
}

static void slots_sweep(struct slots *slots)
{
	for (uint32_t i = 1; i < slots->numbers.end && slots->idle; i++) {
		if (!slots->at[i] || slots->at[i]->refs)
			continue;
		slot_remove(slots, i);
		slots->idle--;
	}
}

static void slots_clear(struct slots *slots)
{
	for (uint32_t i = 1; i < slots->numbers.end; i++)
		if (slots->at[i])
			slot_remove(slots, i);
	rg_map_free(slots->by_key);
	numbers_clear(&slots->numbers);
	free(slots->at);
	memset(slots, 0, sizeof(*slots));
}

static int slots_room(struct slots *slots, uint32_t number)
{
	uint32_t room = slots->room ? slots->room : 64;
	struct slot **at;

	if (rg_map_reserve(slots->by_key, 1))
		return -ENOMEM;
	while (room <= number)
		room *= 2;
	if (room == slots->room)
		return 0;
	at = reallocarray(slots->at, room, sizeof(*at));
	if (!at)
		return -ENOMEM;
	memset(at + slots->room, 0, (room - slots->room) * sizeof(*at));
	slots->at = at;
	slots->room = room;
	return 0;
}

/* Give a new slot a number. -ENOSPC, -ENOMEM: it is the caller's still. */
static int slots_add(struct slots *slots, struct slot *slot, const void *key, size_t length)
{
	uint32_t number = numbers_next(&slots->numbers);

	if (!number)
		return -ENOSPC;
	if (slots_room(slots, number))
		return -ENOMEM;
	*slot = (struct slot){ .key = key, .length = length, .number = number };
	slots->at[number] = slot;
	slots->idle++;
	numbers_hold(&slots->numbers, number);
	rg_map_put(slots->by_key, key, length, slot);
	return 0;
}

static void slot_take(struct slots *slots, struct slot *slot)
{
	if (!slot->refs++)
		slots->idle--;
}

static void slot_drop(struct slots *slots, struct slot *slot)
{
	if (!--slot->refs)
		slots->idle++;
}

/* --- what the slots hold --------------------------------------------------------- */

static void policy_free(struct slot *slot)
{
	struct policy *policy = (struct policy *)slot;

	rg_policy_free(policy->rules);
	free(policy);
}

static void plain_free(struct slot *slot)
{
	free(slot);
}

int rulings_init(struct rulings *rulings, const struct rg_dp_config *config, struct rg_err *err)
{
	uint32_t policies = config->max_policies ? config->max_policies : RG_POLICIES_CAP;
	uint32_t schedules = config->max_schedules ? config->max_schedules : RG_SCHEDULES_CAP;
	uint32_t exceptions = config->max_exceptions ? config->max_exceptions : RG_EXCEPTION_SETS_CAP;

	if (slots_init(&rulings->policies, policies, policy_free) ||
	    slots_init(&rulings->schedules, schedules, plain_free) ||
	    slots_init(&rulings->exceptions, exceptions, plain_free))
		return engine_no_memory(err);
	return 0;
}

void rulings_clear(struct rulings *rulings)
{
	slots_clear(&rulings->exceptions);
	slots_clear(&rulings->schedules);
	slots_clear(&rulings->policies);
}

static uint32_t capacity(struct slots *slots, uint32_t asked, uint32_t least, uint32_t most)
{
	uint32_t end = slots->numbers.end;

	if (!asked)
		asked = end < most / 2 && 2 * end > least ? 2 * end : end > least ? most : least;
	slots->numbers.max = asked;
	return asked;
}

void rulings_capacity(struct rulings *rulings, struct rg_dp_config *config)
{
	config->max_policies = capacity(&rulings->policies, config->max_policies, RG_POLICIES_DEFAULT,
					RG_POLICIES_CAP);
	config->max_schedules = capacity(&rulings->schedules, config->max_schedules, RG_SCHEDULES_DEFAULT,
					 RG_SCHEDULES_CAP);
	config->max_exceptions = capacity(&rulings->exceptions, config->max_exceptions,
					  RG_EXCEPTION_SETS_DEFAULT, RG_EXCEPTION_SETS_CAP);
}

/* The error of slots_add(). */
static int not_added(int ret, const struct slots *slots, const char *what, const char *pointer,
		     struct rg_err *err)
{
	if (ret != -ENOSPC)
		return engine_no_memory(err);
	return rg_err_set(err, -ENOSPC, RG_ERR_FULL, pointer,
			  "all %u %s are in use, and none is equal to this one", slots->numbers.max - 1, what);
}

static int policy_of(struct rulings *rulings, const struct rg_meeting_spec *spec, int64_t time,
		     struct policy **ret, struct rg_err *err)
{
	_cleanup_(rg_policy_freep) struct rg_policy *rules = rg_policy_new(spec, time);
	struct policy *policy;
	int r;

	if (!rules)
		return engine_no_memory(err);
	policy = rg_map_get(rulings->policies.by_key, rules->text, strlen(rules->text));
	if (!policy) {
		policy = calloc(1, sizeof(*policy));
		if (!policy)
			return engine_no_memory(err);
		r = slots_add(&rulings->policies, &policy->slot, rules->text, strlen(rules->text));
		if (r) {
			free(policy);
			return not_added(r, &rulings->policies, "policies", "/rules", err);
		}
		policy->text = rules->text;
		policy->rules = TAKE_PTR(rules);
	}
	*ret = policy;
	return 0;
}

/* Neighbours that judge alike are one step. */
static int steps_of(struct rulings *rulings, const struct rg_meeting_spec *spec, int64_t now,
		    struct schedule *ret, struct rg_err *err)
{
	struct rg_timeline line;

	rg_timeline_of(spec, now, &line);
	for (size_t i = 0; i < line.n; i++) {
		struct schedule_step step = { .until = line.steps[i].until,
					      .flags = line.steps[i].expired ? RG_STEP_EXPIRED : 0 };
		struct policy *policy = NULL;
		int r = policy_of(rulings, spec, line.steps[i].from, &policy, err);

		if (r)
			return r;
		step.policy = policy->slot.number;
		if (ret->n && ret->steps[ret->n - 1].policy == step.policy &&
		    ret->steps[ret->n - 1].flags == step.flags)
			ret->n--;
		ret->policies[ret->n] = policy;
		ret->steps[ret->n++] = step;
	}
	return 0;
}

static int schedule_of(struct rulings *rulings, const struct schedule *wanted, struct schedule **ret,
		       struct rg_err *err)
{
	size_t length = wanted->n * sizeof(*wanted->steps);
	struct schedule *schedule = rg_map_get(rulings->schedules.by_key, wanted->steps, length);
	int r;

	if (!schedule) {
		schedule = malloc(sizeof(*schedule));
		if (!schedule)
			return engine_no_memory(err);
		*schedule = *wanted;
		r = slots_add(&rulings->schedules, &schedule->slot, schedule->steps, length);
		if (r) {
			free(schedule);
			return not_added(r, &rulings->schedules, "schedules", "/rules", err);
		}
	}
	*ret = schedule;
	return 0;
}

/* Bytes that tell a set from others, up to its last range in use: all are hashed, and most sets use few ranges. */
static size_t set_length(const struct rg_exception_set *set)
{
	return offsetof(struct rg_exception_set, ranges) + (sizeof(set->ranges[0]) << set->steps);
}

static int exceptions_of(struct rulings *rulings, const struct rg_meeting_spec *spec,
			 struct exceptions **ret, struct rg_err *err)
{
	struct rg_exception_set set;
	struct exceptions *exceptions;
	int r;

	*ret = NULL;
	if (!spec->n_exceptions)
		return 0;
	rg_exceptions_compile(spec->exceptions, spec->n_exceptions, &set);
	exceptions = rg_map_get(rulings->exceptions.by_key, &set, set_length(&set));
	if (!exceptions) {
		exceptions = malloc(sizeof(*exceptions));
		if (!exceptions)
			return engine_no_memory(err);
		exceptions->set = set;
		r = slots_add(&rulings->exceptions, &exceptions->slot, &exceptions->set, set_length(&set));
		if (r) {
			free(exceptions);
			return not_added(r, &rulings->exceptions, "sets of exceptions", "/exceptions", err);
		}
	}
	*ret = exceptions;
	return 0;
}

int ruling_of(struct rulings *rulings, const struct rg_meeting_spec *spec, int64_t now,
	      struct ruling *ret, struct rg_err *err)
{
	struct schedule steps = { .n = 0 };
	struct ruling ruling = { 0 };
	int r = steps_of(rulings, spec, now, &steps, err);

	if (r)
		return r;
	ruling.policy = steps.policies[0];
	if (steps.n > 1 || steps.steps[0].flags)
		r = schedule_of(rulings, &steps, &ruling.schedule, err);
	if (!r)
		r = exceptions_of(rulings, spec, &ruling.exceptions, err);
	if (!r)
		*ret = ruling;
	return r;
}

void ruling_take(struct rulings *rulings, const struct ruling *ruling)
{
	slot_take(&rulings->policies, &ruling->policy->slot);
	if (ruling->exceptions)
		slot_take(&rulings->exceptions, &ruling->exceptions->slot);
	if (!ruling->schedule)
		return;
	slot_take(&rulings->schedules, &ruling->schedule->slot);
	for (size_t i = 0; i < ruling->schedule->n; i++)
		slot_take(&rulings->policies, &ruling->schedule->policies[i]->slot);
}

void ruling_drop(struct rulings *rulings, const struct ruling *ruling)
{
	slot_drop(&rulings->policies, &ruling->policy->slot);
	if (ruling->exceptions)
		slot_drop(&rulings->exceptions, &ruling->exceptions->slot);
	if (!ruling->schedule)
		return;
	for (size_t i = 0; i < ruling->schedule->n; i++)
		slot_drop(&rulings->policies, &ruling->schedule->policies[i]->slot);
	slot_drop(&rulings->schedules, &ruling->schedule->slot);
}

/* A schedule that nothing refers to refers to nothing: the order does not matter. */
void rulings_sweep(struct rulings *rulings)
{
	slots_sweep(&rulings->schedules);
	slots_sweep(&rulings->policies);
	slots_sweep(&rulings->exceptions);
}

/* --- into the kernel --------------------------------------------------------------- */

static void write_policy(struct rg_engine *engine, struct policy *policy)
{
	if (policy->slot.written)
		return;
	rg_policy_compile(policy->rules, engine->reach, engine->policy_blocks, rg_dp_policy_blocks(engine->dp));
	rg_dp_policy_set(engine->dp, policy->slot.number, policy->text, engine->policy_blocks);
	policy->slot.written = true;
}

static void write_schedule(struct rg_engine *engine, const struct schedule *schedule)
{
	struct rg_schedule entry = { 0 };

	for (size_t i = 0; i < RG_SCHEDULE_STEPS_MAX; i++) {
		const struct schedule_step *step = &schedule->steps[i < schedule->n ? i : schedule->n - 1];

		entry.steps[i] = (struct rg_step){
			.until_ns = clock_deadline(engine, step->until),
			.policy = step->policy,
			.flags = step->flags,
		};
	}
	rg_dp_schedule_set(engine->dp, schedule->slot.number, &entry);
}

void ruling_write(struct rg_engine *engine, const struct ruling *ruling)
{
	struct schedule *schedule = ruling->schedule;

	write_policy(engine, ruling->policy);
	for (size_t i = 0; schedule && i < schedule->n; i++)
		write_policy(engine, schedule->policies[i]);
	if (schedule && !schedule->slot.written) {
		write_schedule(engine, schedule);
		schedule->slot.written = true;
	}
	if (ruling->exceptions && !ruling->exceptions->slot.written) {
		rg_dp_exceptions_set(engine->dp, ruling->exceptions->slot.number, &ruling->exceptions->set);
		ruling->exceptions->slot.written = true;
	}
}

void rulings_mend(struct rg_engine *engine, struct slots *slots, uint32_t number)
{
	struct rulings *rulings = &engine->model.rulings;
	struct slot *slot = number < slots->numbers.end ? slots->at[number] : NULL;

	if (!slot || !slot->written)
		return;
	if (slots == &rulings->policies) {
		slot->written = false;
		write_policy(engine, (struct policy *)slot);
	} else if (slots == &rulings->schedules) {
		write_schedule(engine, (struct schedule *)slot);
	} else {
		rg_dp_exceptions_set(engine->dp, number, &((struct exceptions *)slot)->set);
	}
}

void rulings_write_policies(struct rg_engine *engine)
{
	struct slots *policies = &engine->model.rulings.policies;

	for (uint32_t i = 1; i < policies->numbers.end; i++) {
		if (!policies->at[i])
			continue;
		policies->at[i]->written = false;
		write_policy(engine, (struct policy *)policies->at[i]);
	}
}

void rulings_write_times(struct rg_engine *engine)
{
	struct slots *schedules = &engine->model.rulings.schedules;

	for (uint32_t i = 1; i < schedules->numbers.end; i++)
		if (schedules->at[i] && schedules->at[i]->written)
			write_schedule(engine, (struct schedule *)schedules->at[i]);
}
