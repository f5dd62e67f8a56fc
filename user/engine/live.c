/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who takes part now, as the kernel saw it: flows of shared endpoints, and the remotes that talk to
 * dedicated ones (a sample: the busiest of them are there). */
#include <stdlib.h>
#include <string.h>
#include "engine/engine_private.h"

#define LIVE_S 60 /* consent checks come every 5 s; media more often */

struct collector {
	struct rg_engine *engine;
	struct live *items;
	size_t n, room;
	uint32_t meeting, now_s;
	bool failed;
};

static void add(struct collector *c, const struct live *item)
{
	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 256;
		struct live *items = reallocarray(c->items, room, sizeof(*items));

		if (!items) {
			c->failed = true;
			return;
		}
		c->items = items;
		c->room = room;
	}
	c->items[c->n++] = *item;
}

static bool concerns(const struct collector *c, uint32_t meeting, uint32_t seen_s)
{
	return meeting && (!c->meeting || meeting == c->meeting) && c->now_s - seen_s <= LIVE_S &&
	       meeting < c->engine->model.max_meetings && c->engine->model.by_number[meeting];
}

static bool add_flow(void *arg, const struct rg_flow_key *key, const struct rg_flow *flow)
{
	struct collector *c = arg;
	struct live item = { flow->meeting, key->remote, key->remote_port, key->local_port };

	if (concerns(c, flow->meeting, flow->seen))
		add(c, &item);
	return !c->failed;
}

static void add_seen(void *arg, const struct rg_seen *seen)
{
	struct collector *c = arg;
	struct live item = { seen->meeting, seen->remote, seen->remote_port, seen->local_port };

	if (concerns(c, seen->meeting, seen->at) && !c->failed)
		add(c, &item);
}

static int live_cmp(const void *a, const void *b)
{
	const struct live *x = a, *y = b;
	int diff = (x->meeting > y->meeting) - (x->meeting < y->meeting);

	if (!diff)
		diff = rg_addr_cmp(&x->remote, &y->remote);
	if (!diff)
		diff = x->remote_port - y->remote_port;
	return diff ? diff : x->local_port - y->local_port;
}

/* One CPU each may have seen a remote. */
static size_t unique(struct live *items, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!kept || live_cmp(&items[kept - 1], &items[i]))
			items[kept++] = items[i];
	return kept;
}

int live_collect(struct rg_engine *engine, uint32_t meeting, struct live **ret, size_t *ret_n,
		 struct rg_err *err)
{
	struct collector c = { .engine = engine, .meeting = meeting,
			       .now_s = (uint32_t)(rg_dp_now_ns() / 1000000000u) };
	int r = rg_dp_flows(engine->dp, add_flow, &c, err);

	if (!r)
		rg_dp_seen(engine->dp, meeting, add_seen, &c);
	if (!r && c.failed)
		r = engine_no_memory(err);
	if (r) {
		free(c.items);
		return r;
	}
	if (c.n)
		qsort(c.items, c.n, sizeof(*c.items), live_cmp);
	*ret = c.items;
	*ret_n = unique(c.items, c.n);
	return 0;
}
