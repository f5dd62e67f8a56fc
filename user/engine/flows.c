/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Live flows of a meeting. Shared endpoints have a table of them; of dedicated ones the program keeps
 * a sample of remotes, and of refusals a trace. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include "base/reason.h"
#include "engine/engine_private.h"
#include "engine/frame.h"
#include "policy/json_util.h"

/* Consent is asked for every 5 s and lost after 30 (RFC 7675); entries stay in the table until others
 * need their room. */
#define LIVE_S 60

struct found { /* with its key in front */
	struct key {
		struct rg_addr remote;
		uint16_t remote_port, local_port;
		uint32_t protocol;
	} key;
	struct flow flow;
};

/* The flows met so far, so that each is told once. */
struct walk {
	struct rg_engine *engine;
	uint32_t meeting, now_s;
	flow_fn fn;
	void *arg;
	struct rg_map *seen; /* by key -> struct found */
	struct found **found;
	size_t n, max;
	int error;
};

static uint32_t age(const struct walk *walk, uint32_t at)
{
	return walk->now_s > at ? walk->now_s - at : 0;
}

/* Remember a flow; a later sighting of the same one only makes it younger. */
static bool remember(struct walk *walk, const struct flow *flow)
{
	struct found *found, new = { .key = { flow->remote, flow->remote_port, flow->local_port, flow->protocol },
				     .flow = *flow };

	found = rg_map_get(walk->seen, &new.key, sizeof(new.key));
	if (found) {
		/* what is bound is told by its binding, not by a refusal that came before that */
		if (!found->flow.binding && flow->age_s < found->flow.age_s)
			found->flow = *flow;
		return true;
	}
	found = malloc(sizeof(*found));
	if (!found || rg_map_reserve(walk->seen, 1) ||
	    engine_grow(&walk->found, &walk->max, walk->n + 1, sizeof(*walk->found), NULL)) {
		free(found);
		walk->error = -ENOMEM;
		return false;
	}
	*found = new;
	walk->found[walk->n++] = found;
	rg_map_put(walk->seen, &found->key, sizeof(found->key), found);
	return true;
}

static bool take_flow(void *arg, const struct rg_flow_key *key, const struct rg_flow *at)
{
	struct walk *walk = arg;
	struct flow flow = {
		.remote = key->remote,
		.remote_port = key->remote_port,
		.local_port = key->local_port,
		.protocol = key->protocol,
		.endpoint = key->endpoint,
		.binding = at->binding,
		.age_s = age(walk, at->seen),
		.tie = RG_TIE_FLOW,
	};

	if (at->meeting != walk->meeting || flow.age_s > LIVE_S)
		return true;
	return remember(walk, &flow);
}

static const struct meeting *meeting_at(const struct walk *walk)
{
	return walk->engine->model.by_number[walk->meeting];
}

/* The meeting's own endpoint that a remote talks to; NULL if it is none of its own. */
static const struct endpoint *own_endpoint(const struct walk *walk, const struct flow *flow)
{
	const struct meeting *meeting = meeting_at(walk);

	for (size_t i = 0; i < meeting->spec->n_endpoints; i++) {
		const struct rg_endpoint_key *key = &meeting->endpoints[i].key;

		if (key->port == flow->local_port && key->protocol == flow->protocol &&
		    (rg_addr_is_any(&key->address) ||
		     rg_addr_is_v4(&key->address) == rg_addr_is_v4(&flow->remote)))
			return &meeting->endpoints[i];
	}
	return NULL;
}

/* The shared endpoint that a remote talks to; 0 if there is none any more. */
static uint32_t shared_number(const struct walk *walk, const struct flow *flow)
{
	const struct rg_endpoint_key key = { .port = flow->local_port, .protocol = flow->protocol }; /* of "any" */
	const struct shared *shared = model_shared_overlap(&walk->engine->model, &key);

	return shared ? shared->number : 0;
}

static void take_seen(void *arg, const struct rg_seen *seen)
{
	struct walk *walk = arg;
	struct flow flow = {
		.remote = seen->remote,
		.remote_port = seen->remote_port,
		.local_port = seen->local_port,
		.protocol = seen->protocol,
		.age_s = age(walk, seen->at),
		.region = seen->region,
		.reason = seen->reason < RG_REASON_MAX ? seen->reason : RG_REASON_PASS_NOT_CONFERENCE,
	};

	if (walk->error || flow.age_s > LIVE_S)
		return;
	flow.tie = own_endpoint(walk, &flow) ? RG_TIE_DEDICATED : RG_TIE_UFRAG;
	if (flow.tie == RG_TIE_UFRAG)
		flow.endpoint = shared_number(walk, &flow);
	remember(walk, &flow);
}

/* A local address that a remote of its family may have sent to. One that nothing is known about will
 * do for an endpoint of "any": all others have a table of their own. */
static struct rg_addr local_address(const struct walk *walk, const struct flow *flow)
{
	const struct shared *shared = walk->engine->model.shared_at[flow->endpoint];
	const struct endpoint *own = flow->endpoint ? NULL : own_endpoint(walk, flow);
	struct rg_addr address = { 0 };

	if (flow->endpoint && shared)
		address = shared->spec.address;
	else if (own)
		address = own->key.address;
	if (!rg_addr_is_any(&address))
		return address;
	if (rg_addr_is_v4(&flow->remote))
		rg_addr_from_v4(INADDR_LOOPBACK, &address);
	else
		rg_addr_from_halves(0, 1, &address); /* ::1 */
	return address;
}

/* What the loaded program says of its next packet. */
static int judge(struct walk *walk, struct flow *flow, struct rg_err *err)
{
	struct frame_spec spec = {
		.source = flow->remote,
		.destination = local_address(walk, flow),
		.source_port = flow->remote_port,
		.destination_port = flow->local_port,
		.tcp = flow->protocol == IPPROTO_TCP,
	};
	struct rg_trace trace = { 0 };
	struct frame frame;
	int r;

	if (flow->tie == RG_TIE_UFRAG)
		return 0; /* bound to nothing: what it was refused for is all there is to say */
	frame_build(&spec, &frame);
	r = engine_run(walk->engine, frame.bytes, frame.length, false, &trace, err);
	if (r)
		return r;
	flow->reason = trace.reason;
	flow->region = trace.region;
	return 0;
}

static int tell_all(struct walk *walk, struct rg_err *err)
{
	for (size_t i = 0; i < walk->n; i++) {
		int r = judge(walk, &walk->found[i]->flow, err);

		if (r)
			return r;
		if (!walk->fn(walk->arg, &walk->found[i]->flow))
			break;
	}
	return 0;
}

int flows_each(struct rg_engine *engine, uint32_t meeting, flow_fn fn, void *arg, struct rg_err *err)
{
	struct walk walk = { .engine = engine, .meeting = meeting, .fn = fn, .arg = arg };
	int r;

	walk.now_s = (uint32_t)(rg_dp_now_ns() / 1000000000);
	walk.seen = rg_map_new();
	if (!walk.seen)
		return engine_no_memory(err);
	r = engine->model.ufrags.of[meeting].n ? rg_dp_flows(engine->dp, take_flow, &walk, err) : 0;
	if (!r && !walk.error)
		rg_dp_seen(engine->dp, meeting, take_seen, &walk);
	if (!r && walk.error)
		r = engine_no_memory(err);
	if (!r)
		r = tell_all(&walk, err);
	for (size_t i = 0; i < walk.n; i++)
		free(walk.found[i]);
	free(walk.found);
	rg_map_free(walk.seen);
	return r;
}

static bool count_flow(void *arg, const struct rg_flow_key *key, const struct rg_flow *flow)
{
	(void)key;
	(void)flow;
	++*(uint64_t *)arg;
	return true;
}

int flows_count(struct rg_engine *engine, uint64_t *ret, struct rg_err *err)
{
	*ret = 0;
	return engine->model.ufrags.n ? rg_dp_flows(engine->dp, count_flow, ret, err) : 0;
}

struct list {
	struct rg_engine *engine;
	json_t *flows;
	size_t limit;
	bool more;
};

static json_t *flow_json(struct rg_engine *engine, const struct flow *flow)
{
	const struct ufrags *ufrags = &engine->model.ufrags;
	const struct binding *binding = flow->binding <= ufrags->max ? ufrags->at[flow->binding] : NULL;
	char remote[RG_ADDR_TEXT_MAX];

	return json_pack("{s:s, s:i, s:i, s:s, s:s?, s:s?, s:s?, s:s, s:s, s:s, s:I}",
			 "remote", rg_addr_format(&flow->remote, remote), "remote_port", flow->remote_port,
			 "local_port", flow->local_port, "protocol", flow->protocol == IPPROTO_TCP ? "tcp" : "udp",
			 "endpoint", shared_name(engine, flow->endpoint), "tie", tie_text(flow->tie),
			 "ufrag", binding ? binding->key.text : NULL,
			 "region", rg_engine_region_code(engine, flow->region),
			 "verdict", rg_verdict_text(rg_reason_verdict(flow->reason)),
			 "reason", rg_reason_text(flow->reason), "age_s", (json_int_t)flow->age_s);
}

static bool add_flow(void *arg, const struct flow *flow)
{
	struct list *list = arg;

	list->more = json_array_size(list->flows) == list->limit;
	if (list->more)
		return false;
	return !json_array_append_new(list->flows, flow_json(list->engine, flow));
}

int rg_engine_meeting_flows(struct rg_engine *engine, const char *id, size_t limit, json_t **ret,
			    struct rg_err *err)
{
	const struct meeting *meeting = model_meeting(&engine->model, id);
	_cleanup_(json_decrefp) json_t *flows = json_array();
	struct list list = { .engine = engine, .flows = flows, .limit = limit };
	char quoted[RG_QUOTE_MAX];
	int r;

	if (!meeting)
		return rg_err_set(err, -ENOENT, RG_ERR_NOT_FOUND, NULL, "there is no meeting '%s'",
				  rg_json_quote(id, quoted));
	r = flows ? flows_each(engine, meeting->number, add_flow, &list, err) : engine_no_memory(err);
	if (r)
		return r;
	*ret = json_pack("{s:s, s:O, s:b}", "id", id, "flows", flows, "more", (int)list.more);
	return *ret ? 0 : engine_no_memory(err);
}
