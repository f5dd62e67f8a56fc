/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "engine/engine_private.h"
#include "policy/json_util.h"

#define CONFIRM_MAX_S 3600

/* Names become parts of paths below the pin directory. The kernel takes "eth0:x" for eth0 (labels of addresses). */
static int check_name(const char *name, struct rg_err *err)
{
	char quoted[RG_QUOTE_MAX];
	size_t n = strlen(name);

	if (n >= 1 && n <= 15 && !strpbrk(name, "/: \t\n") && strcmp(name, ".") && strcmp(name, ".."))
		return 0;
	return rg_err_set(err, -ENODEV, RG_ERR_NOT_FOUND, NULL, "there is no interface '%s'",
			  rg_json_quote(name, quoted));
}

struct interface *interface_find(const struct rg_engine *engine, const char *name)
{
	for (size_t i = 0; i < engine->n_interfaces; i++)
		if (!strcmp(engine->interfaces[i].name, name))
			return &engine->interfaces[i];
	return NULL;
}

/* Room for one more, so that interface_add() can not fail. */
static int reserve(struct rg_engine *engine, struct rg_err *err)
{
	void *larger = reallocarray(engine->interfaces, engine->n_interfaces + 1,
				    sizeof(*engine->interfaces));

	if (!larger)
		return engine_no_memory(err);
	engine->interfaces = larger;
	return 0;
}

struct interface *interface_add(struct rg_engine *engine, const char *name, enum rg_xdp_mode mode)
{
	struct interface *interface = interface_find(engine, name);

	if (!interface) {
		size_t i = engine->n_interfaces++;

		for (; i > 0 && strcmp(engine->interfaces[i - 1].name, name) > 0; i--)
			engine->interfaces[i] = engine->interfaces[i - 1];
		interface = &engine->interfaces[i];
		*interface = (struct interface){ 0 };
		snprintf(interface->name, sizeof(interface->name), "%.15s", name);
	}
	interface->mode = mode;
	return interface;
}

void interface_drop(struct rg_engine *engine, struct interface *interface)
{
	size_t i = (size_t)(interface - engine->interfaces);

	memmove(interface, interface + 1, (--engine->n_interfaces - i) * sizeof(*interface));
}

static int parse_confirm(const json_t *body, uint64_t *ret_s, struct rg_err *err)
{
	const json_t *within = json_object_get(body, "confirm_within_s");

	*ret_s = 0;
	if (!within)
		return 0;
	if (!json_is_integer(within) || json_integer_value(within) < 1 ||
	    json_integer_value(within) > CONFIRM_MAX_S)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/confirm_within_s",
				  "confirm_within_s is a number of seconds from 1 to %d", CONFIRM_MAX_S);
	*ret_s = (uint64_t)json_integer_value(within);
	return 0;
}

static int parse_body(const json_t *body, enum rg_xdp_mode *ret, enum rg_egress_mode *ret_egress,
		      uint64_t *ret_within_s, struct rg_err *err)
{
	static const char *const known[] = { "mode", "egress", "confirm_within_s", NULL };
	const char *mode = NULL, *egress = NULL;
	char quoted[RG_QUOTE_MAX];
	int r = rg_json_fields(body, known, err);

	if (!r)
		r = rg_json_string(body, "mode", false, &mode, err);
	if (!r)
		r = rg_json_string(body, "egress", false, &egress, err);
	if (r)
		return r;
	*ret = RG_XDP_AUTO;
	*ret_egress = RG_EGRESS_AUTO;
	if (egress && rg_egress_mode_parse(egress, ret_egress))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/egress",
				  "egress is auto, tcx, clsact or off, not '%s'", rg_json_quote(egress, quoted));
	if (mode && rg_xdp_mode_parse(mode, ret))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/mode",
				  "mode is auto, native or generic, not '%s'", rg_json_quote(mode, quoted));
	return parse_confirm(body, ret_within_s, err);
}

static int load_interface(void *arg, const char *name, uint64_t revision, const char *body,
			  struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *json = NULL;
	struct rg_engine *engine = arg;
	enum rg_egress_mode egress;
	enum rg_xdp_mode mode;
	uint64_t within_s;

	(void)revision;
	if (!*name || strlen(name) >= sizeof(engine->interfaces->name) || rg_json_parse(body, strlen(body), &json, err) ||
	    parse_body(json, &mode, &egress, &within_s, err))
		return rg_err_set(err, -EINVAL, RG_ERR_STORE, NULL,
				  "the store's interface '%s' is not acceptable", name);
	if (reserve(engine, err))
		return -ENOMEM;
	interface_add(engine, name, mode)->egress = egress;
	return 0;
}

int interfaces_load(struct rg_engine *engine, struct rg_err *err)
{
	return rg_store_docs(engine->store, RG_STORE_INTERFACE, load_interface, engine, err);
}

bool interfaces_any_attached(struct rg_engine *engine)
{
	_cleanup_(rg_freep) struct rg_dp_interface *list = NULL;
	struct rg_err err = { 0 };
	size_t n = 0;

	/* In doubt the filter stays. */
	return rg_dp_interfaces(engine->dp, &list, &n, &err) || n;
}

const char *interface_warning(const struct rg_engine *engine, const struct rg_dp_interface *status)
{
	bool shared_udp = false;

	for (uint32_t i = 1; i < RG_SHARED_MAX; i++) {
		const struct shared *shared = engine->model.shared_at[i];

		shared_udp |= shared && shared->spec.protocol == IPPROTO_UDP;
	}
	if (!shared_udp || !status->attached || status->mode != RG_XDP_GENERIC || !rg_dp_joins_datagrams(engine->dp, status->name))
		return NULL;
	return "in generic mode datagrams may come here as one packet, of which the first is read: behind it a request "
	       "can be hidden from shared endpoints; use native mode, or attach to the interface below";
}

/* @status NULL: the interface does not exist now. @asked NULL: attached, but not by the store. */
static json_t *interface_json(const struct rg_engine *engine, const char *name, const struct interface *asked,
			      const struct rg_dp_interface *status)
{
	bool attached = status && status->attached, trial = asked && asked->confirm_ns;
	json_t *program = json_null();

	if (status && status->prog_id)
		program = json_pack("{s:I, s:s}", "id", (json_int_t)status->prog_id, "name", status->prog_name);
	return json_pack("{s:s, s:s?, s:b, s:b, s:s?, s:s?, s:s?, s:o, s:o, s:o, s:o, s:I, s:s?, s:s*}", "name", name,
			 "mode", asked ? rg_xdp_mode_text(asked->mode) : NULL, "attached", attached,
			 "dispatcher", attached && status->place == RG_DP_PLACE_OURS,
			 "attached_mode", attached ? rg_xdp_mode_text(status->mode) : NULL,
			 "egress", asked ? rg_egress_mode_text(asked->egress) : NULL,
			 "attached_egress", status && status->egress != RG_EGRESS_OFF ?
						    rg_egress_mode_text(status->egress) : NULL,
			 "ifindex", status ? json_integer(status->ifindex) : json_null(),
			 "program", program,
			 "link_id", attached && status->link_id ? json_integer(status->link_id) : json_null(),
			 "confirm_within_s",
			 trial ? json_integer((json_int_t)interface_confirm_s(asked)) : json_null(),
			 "reattached", (json_int_t)(asked ? asked->reattached : 0),
			 "problem", asked && asked->problem[0] ? asked->problem : NULL,
			 "warning", status ? interface_warning(engine, status) : NULL);
}

int rg_engine_interface_get(struct rg_engine *engine, const char *name, json_t **ret, struct rg_err *err)
{
	const struct interface *interface = interface_find(engine, name);
	struct rg_dp_interface status = { 0 };
	struct rg_err why = { 0 };
	int r = check_name(name, err);

	if (r)
		return r;
	r = rg_dp_interface_status(engine->dp, name, &status, &why);
	if (!interface && (r || !status.attached)) {
		if (r && why.code != RG_ERR_NOT_FOUND) {
			if (err)
				*err = why;
			return r;
		}
		return rg_err_set(err, -ENOENT, RG_ERR_NOT_FOUND, NULL,
				  "the filter is not attached to an interface '%s'", name);
	}
	*ret = interface_json(engine, name, interface, r ? NULL : &status);
	return *ret ? 0 : engine_no_memory(err);
}

/* What was asked for, and what the kernel has now. */
static json_t *attach_json(struct rg_engine *engine, const char *name, enum rg_xdp_mode mode,
			   enum rg_egress_mode egress)
{
	struct rg_dp_interface status = { 0 };
	char tag[17];
	bool attached = !rg_dp_interface_status(engine->dp, name, &status, NULL) && status.attached;

	return json_pack("{s:s, s:s?, s:s, s:s}", "mode", rg_xdp_mode_text(mode),
			 "attached_mode", attached ? rg_xdp_mode_text(status.mode) : NULL,
			 "egress", rg_egress_mode_text(egress),
			 "program", rg_dp_prog_tag(engine->dp, tag));
}

int interface_store(struct rg_engine *engine, const char *name, enum rg_xdp_mode mode,
		    enum rg_egress_mode egress, struct rg_err *err)
{
	char body[64];
	int ret = engine_stage_begin(engine, err);

	snprintf(body, sizeof(body), "{\"mode\":\"%s\",\"egress\":\"%s\"}", rg_xdp_mode_text(mode),
		 rg_egress_mode_text(egress));
	if (!ret)
		ret = rg_store_doc_put(engine->store, RG_STORE_INTERFACE, name, engine->revision, body, err);
	if (ret)
		return ret;
	return engine_ledger_commit(engine, RG_LEDGER_INTERFACE_ATTACH, name, attach_json(engine, name, mode, egress), err);
}

/* The store refused: what is attached must not outlive the error. */
static void attach_undo(struct rg_engine *engine, const struct rg_dp_interface *before)
{
	struct rg_err err = { 0 };
	int ret;

	if (before->attached)
		ret = rg_dp_attach(engine->dp, before->name, before->mode, &err);
	else
		ret = rg_dp_detach(engine->dp, before->name, &err);
	if (!ret && before->attached)
		ret = rg_dp_egress_attach(engine->dp, before->name, before->egress, &err);
	if (ret)
		rg_log(RG_LOG_ERROR, "interface '%s' can not be put back: %s", before->name, err.detail);
}

/* For good: attach, then write it down. */
static int attach(struct rg_engine *engine, const char *name, enum rg_xdp_mode mode,
		  enum rg_egress_mode egress, struct rg_err *err)
{
	struct rg_dp_interface before = { 0 };
	struct interface *interface;
	int r = rg_dp_interface_status(engine->dp, name, &before, err);

	if (!r)
		r = rg_dp_attach(engine->dp, name, mode, err);
	if (r)
		return r;
	r = rg_dp_egress_attach(engine->dp, name, egress, err);
	if (!r)
		r = interface_store(engine, name, mode, egress, err);
	if (r) {
		attach_undo(engine, &before);
		return r;
	}
	interface = interface_add(engine, name, mode);
	interface->egress = egress;
	interface->ifindex = before.ifindex;
	interface->problem[0] = '\0';
	rg_dp_modes_look(engine->dp);
	interface_event(engine, name, &interface->mode);
	return 0;
}

int rg_engine_interface_put(struct rg_engine *engine, const char *name, const json_t *body, json_t **ret,
			    struct rg_err *err)
{
	struct interface *interface;
	enum rg_egress_mode egress;
	enum rg_xdp_mode mode;
	uint64_t within_s;
	int r = check_name(name, err);

	if (!r)
		r = parse_body(body, &mode, &egress, &within_s, err);
	if (r)
		return r;
	engine_settle(engine);
	r = reserve(engine, err);
	if (r)
		return r;
	interface = interface_find(engine, name);
	if (interface && !json_object_get(body, "egress"))
		egress = interface->egress;
	if (interface && interface->confirm_ns && mode != interface->mode)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/mode",
				  "'%s' is on trial in mode %s: confirm that, or detach it, first", name,
				  rg_xdp_mode_text(interface->mode));
	if (within_s)
		r = interface_try(engine, name, mode, egress, within_s, err);
	else if (interface && interface->confirm_ns)
		r = interface_confirm(engine, interface, err);
	else
		r = attach(engine, name, mode, egress, err);
	return r ? r : rg_engine_interface_get(engine, name, ret, err);
}

int rg_engine_interface_confirm(struct rg_engine *engine, const char *name, json_t **ret, struct rg_err *err)
{
	struct interface *interface = interface_find(engine, name);
	int r = check_name(name, err);

	if (!r && !interface)
		r = rg_err_set(err, -ENOENT, RG_ERR_NOT_FOUND, NULL,
			       "there is nothing to confirm: the filter is not attached to '%s' by a call", name);
	if (r)
		return r;
	engine_settle(engine);
	r = interface->confirm_ns ? interface_confirm(engine, interface, err) : 0;
	return r ? r : rg_engine_interface_get(engine, name, ret, err);
}

int interface_unstore(struct rg_engine *engine, const struct interface *interface, struct rg_err *err)
{
	int r = engine_stage_begin(engine, err);

	if (!r)
		r = rg_store_doc_delete(engine->store, RG_STORE_INTERFACE, interface->name, err);
	if (!r)
		r = engine_ledger_commit(engine, RG_LEDGER_INTERFACE_DETACH, interface->name,
					 json_pack("{s:s}", "mode", rg_xdp_mode_text(interface->mode)), err);
	return r;
}

static int take_off(struct rg_engine *engine, const char *name, const struct interface *interface, struct rg_err *err)
{
	char now[16];

	if (interface && interface->confirm_ns) {
		rg_dp_trial_end(engine->dp, interface->ifindex);
		return 0;
	}
	if (interface && interface_renamed(engine, interface, now) && !interface_find(engine, now))
		name = now;
	return rg_dp_detach(engine->dp, name, err);
}

int rg_engine_interface_delete(struct rg_engine *engine, const char *name, struct rg_err *err)
{
	struct interface *interface = interface_find(engine, name);
	struct rg_err why = { 0 };
	int r = check_name(name, err);

	if (r)
		return r;
	engine_settle(engine);
	/* From the store first: what is detached must not come back by a restart. */
	if (interface && !interface->confirm_ns)
		r = interface_unstore(engine, interface, err);
	if (r)
		return r;
	r = take_off(engine, name, interface, &why);
	if (r && !(interface && why.code == RG_ERR_NOT_FOUND)) {
		if (interface && !interface->confirm_ns &&
		    interface_store(engine, name, interface->mode, interface->egress, NULL))
			rg_log(RG_LOG_ERROR, "interface '%s' is attached, but not in the store", name);
		if (err)
			*err = why;
		return r;
	}
	rg_dp_modes_look(engine->dp);
	interface_event(engine, name, NULL);
	if (!interface || interface->confirm_ns) /* not in the store: there was nothing to write before */
		engine_ledger_later(engine, RG_LEDGER_INTERFACE_DETACH, name, json_pack("{s:n}", "mode"));
	if (interface)
		interface_drop(engine, interface);
	return 0;
}

int rg_engine_interface_list(struct rg_engine *engine, json_t **ret, struct rg_err *err)
{
	_cleanup_(rg_freep) struct rg_dp_interface *attached = NULL;
	_cleanup_(json_decrefp) json_t *list = json_array();
	size_t n = 0;
	int r = rg_dp_interfaces(engine->dp, &attached, &n, err);

	if (r)
		return r;
	for (size_t i = 0; i < engine->n_interfaces; i++) {
		json_t *json = NULL;

		r = rg_engine_interface_get(engine, engine->interfaces[i].name, &json, err);
		if (r)
			return r;
		json_array_append_new(list, json);
	}
	for (size_t i = 0; i < n; i++)
		if (!interface_find(engine, attached[i].name))
			json_array_append_new(list, interface_json(engine, attached[i].name, NULL, &attached[i]));
	*ret = json_pack("{s:O}", "interfaces", list);
	return *ret ? 0 : engine_no_memory(err);
}
