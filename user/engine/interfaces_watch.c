/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Interfaces come and go, links are taken off, trials end: what keeps the kernel's interfaces as
 * they were asked for. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "engine/engine_private.h"

#define SECOND_NS 1000000000ull
/* Most changes are told by the kernel; one that takes a link off without a word is found by this. */
#define CHECK_NS  (5 * SECOND_NS)

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

void interface_event(struct rg_engine *engine, const char *name, const enum rg_xdp_mode *mode)
{
	json_t *fields = mode ? json_pack("{s:s, s:s, s:b}", "interface", name, "mode", rg_xdp_mode_text(*mode),
					  "attached", 1)
			      : json_pack("{s:s, s:b}", "interface", name, "attached", 0);

	events_add(engine, EVENT_ATTACHMENT, NULL, fields);
}

/* What is wrong with an interface is said when it begins, not at every look. */
static void set_problem(struct interface *interface, const char *problem)
{
	if (!strncmp(interface->problem, problem, sizeof(interface->problem) - 1))
		return;
	snprintf(interface->problem, sizeof(interface->problem), "%s", problem);
	if (*problem)
		rg_log(RG_LOG_WARNING, "interface '%s' is not attached: %s", interface->name, problem);
	else
		rg_log(RG_LOG_NOTICE, "interface '%s' is attached", interface->name);
}

bool interface_renamed(struct rg_engine *engine, const struct interface *interface, char ret[16])
{
	_cleanup_(rg_freep) struct rg_dp_interface *list = NULL;
	bool found = false;
	size_t n = 0;

	if (!interface->ifindex || rg_dp_interfaces(engine->dp, &list, &n, NULL))
		return false;
	for (size_t i = 0; i < n && !found; i++) {
		found = list[i].ifindex == interface->ifindex && strcmp(list[i].name, interface->name) != 0;
		if (found)
			snprintf(ret, 16, "%.15s", list[i].name);
	}
	return found;
}

/* The interface is gone, or has another name now: then its link is still on it. */
static void look_for_absent(struct rg_engine *engine, struct interface *interface, const struct rg_err *why)
{
	char problem[sizeof(interface->problem)], now[16];

	if (interface_renamed(engine, interface, now))
		snprintf(problem, sizeof(problem), "it is called '%s' now, and the filter is still on it", now);
	else
		snprintf(problem, sizeof(problem), "%.190s", why->detail);
	set_problem(interface, problem);
}

/* Since when it may have been without the filter. */
static int64_t bare_since(const struct rg_engine *engine, const struct interface *interface)
{
	return interface->on_at ? interface->on_at : engine->ledger.alive_before;
}

/* Intervals without a filter go into the ledger, when they begin and when they end. */
static void note_bare(struct rg_engine *engine, struct interface *interface, const char *cause)
{
	if (interface->bare)
		return;
	interface->bare = true;
	ledger_no_filter(engine, interface->name, bare_since(engine, interface), cause);
}

static void note_on(struct rg_engine *engine, struct interface *interface, bool was_off)
{
	if (was_off || interface->bare)
		ledger_no_filter(engine, interface->name, bare_since(engine, interface), NULL);
	interface->bare = false;
	interface->on_at = rg_engine_now(engine);
}

/* Once, when it begins. */
static void note_warning(const struct rg_engine *engine, struct interface *interface,
			 const struct rg_dp_interface *status)
{
	const char *warning = interface_warning(engine, status);

	if (warning && !interface->warned)
		rg_log(RG_LOG_WARNING, "interface '%s': %s", interface->name, warning);
	interface->warned = warning != NULL;
}

bool interface_sends_freely(const struct interface *interface, const struct rg_dp_interface *status)
{
	return interface->egress != RG_EGRESS_OFF && status->egress == RG_EGRESS_OFF;
}

/* Somebody had taken the filter off, or a part of it. */
static void note_again(struct rg_engine *engine, struct interface *interface)
{
	interface->reattached++;
	engine_ledger_now(engine, RG_LEDGER_INTERFACE_ATTACH, interface->name,
			  json_pack("{s:s, s:b}", "mode", rg_xdp_mode_text(interface->mode), "again", 1));
	interface_event(engine, interface->name, &interface->mode);
}

/* @starting: what is attached then was not off. */
static void look_at(struct rg_engine *engine, struct interface *interface, bool starting)
{
	struct rg_dp_interface status = { 0 };
	struct rg_err err = { 0 };
	bool sends_freely;

	if (rg_dp_interface_status(engine->dp, interface->name, &status, &err)) {
		look_for_absent(engine, interface, &err);
		if (err.code == RG_ERR_NOT_FOUND) { /* else it is only not known */
			note_bare(engine, interface, err.detail);
			rg_dp_links_sweep(engine->dp); /* each time: its name goes before its links do */
		}
		return;
	}
	sends_freely = status.attached && interface_sends_freely(interface, &status);
	if (!status.attached) {
		if (rg_dp_attach(engine->dp, interface->name, interface->mode, &err)) {
			set_problem(interface, err.detail);
			note_bare(engine, interface, err.detail);
			return;
		}
		note_on(engine, interface, true);
		if (!starting) {
			rg_log(RG_LOG_WARNING, "the filter was off interface '%s'; it is on again", interface->name);
			note_again(engine, interface);
		}
		rg_dp_interface_status(engine->dp, interface->name, &status, NULL); /* as it is now */
	}
	interface->ifindex = status.ifindex;
	note_on(engine, interface, false);
	note_warning(engine, interface, &status);
	if (rg_dp_egress_attach(engine->dp, interface->name, interface->egress, &err)) {
		set_problem(interface, err.detail);
		return;
	}
	if (sends_freely && !starting) {
		rg_log(RG_LOG_WARNING, "what interface '%s' sends was not filtered; it is again", interface->name);
		note_again(engine, interface);
	}
	set_problem(interface, "");
}

static void take_back(struct rg_engine *engine, struct interface *interface)
{
	rg_dp_trial_end(engine->dp, interface->ifindex);
	engine_ledger_now(engine, RG_LEDGER_INTERFACE_DETACH, interface->name,
			  json_pack("{s:s, s:b}", "mode", rg_xdp_mode_text(interface->mode), "unconfirmed", 1));
	interface_event(engine, interface->name, NULL);
	interface_drop(engine, interface);
}

/* A trial is of the interface that had the name when it began. False: it was over, and is forgotten now. */
static bool trial_goes_on(struct rg_engine *engine, struct interface *interface, struct rg_err *err)
{
	struct rg_err why;

	if (if_nametoindex(interface->name) == interface->ifindex && rg_dp_trial_on(engine->dp, interface->ifindex))
		return true;
	rg_err_set(&why, -ENODEV, RG_ERR_CONFLICT, NULL,
		   "the trial on '%s' is over: it is gone or renamed, or somebody took the filter off", interface->name);
	rg_log(RG_LOG_WARNING, "%s", why.detail);
	if (err)
		*err = why;
	take_back(engine, interface);
	return false;
}

static void look_at_all(struct rg_engine *engine, bool starting)
{
	for (size_t i = engine->n_interfaces; i-- > 0;) {
		struct interface *interface = &engine->interfaces[i];

		if (!interface->confirm_ns)
			look_at(engine, interface, starting);
		else
			(void)trial_goes_on(engine, interface, NULL);
	}
	rg_dp_modes_look(engine->dp);
	engine->interfaces_due_ns = now_ns() + CHECK_NS;
}

void interfaces_attach(struct rg_engine *engine)
{
	look_at_all(engine, true);
}

void rg_engine_interfaces_check(struct rg_engine *engine)
{
	look_at_all(engine, false);
}

int interface_try(struct rg_engine *engine, const char *name, enum rg_xdp_mode mode,
		  enum rg_egress_mode egress, uint64_t within_s, struct rg_err *err)
{
	struct interface *interface = interface_find(engine, name);
	int r;

	if (interface && !interface->confirm_ns)
		return rg_err_set(err, -EEXIST, RG_ERR_CONFLICT, NULL,
				  "'%s' is attached for good already: there is nothing to confirm", name);
	if (interface && !trial_goes_on(engine, interface, NULL))
		interface = NULL;
	if (!interface) {
		unsigned int ifindex;

		r = rg_dp_attach_trial(engine->dp, name, mode, &ifindex, err);
		if (r)
			return r;
		interface = interface_add(engine, name, mode);
		interface->ifindex = ifindex;
		interface->egress = egress; /* from the confirmation on: a filter of clsact outlives this process */
		engine_ledger_later(engine, RG_LEDGER_INTERFACE_ATTACH, name,
				    json_pack("{s:s, s:I}", "mode", rg_xdp_mode_text(mode),
					      "confirm_within_s", (json_int_t)within_s));
		interface_event(engine, name, &mode);
	}
	interface->confirm_ns = now_ns() + within_s * SECOND_NS;
	return 0;
}

/* The store first: a daemon that dies in between attaches it again. */
int interface_confirm(struct rg_engine *engine, struct interface *interface, struct rg_err *err)
{
	int r;

	if (!trial_goes_on(engine, interface, err))
		return -ENODEV;
	r = interface_store(engine, interface->name, interface->mode, interface->egress, err);
	if (r)
		return r;
	r = rg_dp_egress_attach(engine->dp, interface->name, interface->egress, err);
	if (!r)
		r = rg_dp_attach_keep(engine->dp, interface->name, err);
	if (r)
		rg_dp_egress_attach(engine->dp, interface->name, RG_EGRESS_OFF, NULL);
	rg_dp_modes_look(engine->dp);
	if (!r)
		interface->confirm_ns = 0;
	else if (interface_unstore(engine, interface, NULL))
		rg_log(RG_LOG_ERROR, "interface '%s' is in the store, but not confirmed", interface->name);
	return r;
}

uint64_t interface_confirm_s(const struct interface *interface)
{
	uint64_t now = now_ns();

	return now < interface->confirm_ns ? (interface->confirm_ns - now + SECOND_NS - 1) / SECOND_NS : 0;
}

static void time_is_up(struct rg_engine *engine, struct interface *interface)
{
	rg_log(RG_LOG_WARNING, "interface '%s' was not confirmed in time: the filter is off again", interface->name);
	take_back(engine, interface);
}

int rg_engine_interfaces_tick(struct rg_engine *engine)
{
	uint64_t now = now_ns(), due;

	for (size_t i = engine->n_interfaces; i-- > 0;)
		if (engine->interfaces[i].confirm_ns && engine->interfaces[i].confirm_ns <= now)
			time_is_up(engine, &engine->interfaces[i]);
	if (!engine->n_interfaces)
		return -1;
	if (engine->interfaces_due_ns <= now)
		look_at_all(engine, false);
	due = engine->interfaces_due_ns;
	for (size_t i = 0; i < engine->n_interfaces; i++)
		if (engine->interfaces[i].confirm_ns && engine->interfaces[i].confirm_ns < due)
			due = engine->interfaces[i].confirm_ns;
	now = now_ns();
	return due <= now ? 0 : (int)((due - now) / 1000000 + 1);
}

void interfaces_close(struct rg_engine *engine)
{
	for (size_t i = 0; i < engine->n_interfaces; i++)
		if (engine->interfaces[i].confirm_ns)
			rg_log(RG_LOG_WARNING, "interface '%s' was not confirmed: the filter comes off with the daemon",
			       engine->interfaces[i].name);
}
