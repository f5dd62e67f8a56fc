/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the ledger learns by looking: refusals, intervals without a filter, old databases, events that
 * were lost; and what is erased when its time is over. */
#include <string.h>
#include "base/log.h"
#include "base/utc.h"
#include "engine/engine_private.h"
#include "engine/tally.h"
#include "store/ledger.h"
#include "store/tally.h"

#define DAY_S  86400
#define HOUR_S 3600

static uint64_t now_ns(const struct rg_engine *engine)
{
	return (uint64_t)engine->clock.read(engine->clock.arg, CLOCK_MONOTONIC);
}

const char *ledger_network_text(const struct rg_addr *address, enum rg_ledger_addresses how,
				char buf[RG_NET_TEXT_MAX])
{
	struct rg_net net = { *address, 128 };

	if (how == RG_LEDGER_ADDRESSES_FULL)
		return rg_net_format(&net, buf);
	net.length = rg_addr_is_v4(address) ? 96 + 24 : 48;
	memset(net.address.bytes + net.length / 8, 0, sizeof(net.address.bytes) - net.length / 8);
	return rg_net_format(&net, buf);
}

/* An interface is without the filter, or has it again: @since, seconds since 1970 (0: not known). */
void ledger_no_filter(struct rg_engine *engine, const char *interface, int64_t since, const char *cause)
{
	char from[RG_UTC_TEXT_MAX], until[RG_UTC_TEXT_MAX];

	engine_ledger_now(engine, RG_LEDGER_NO_FILTER, interface,
			  json_pack("{s:s?, s:s?, s:s?}", "since", since ? rg_utc_format(since, from) : NULL,
				    "until", cause ? NULL : rg_utc_format(rg_engine_now(engine), until),
				    "cause", cause));
}

static bool any_stale(const struct rg_engine *engine, int64_t now)
{
	const struct rg_geo *geo = engine->geo.geo;
	int64_t oldest = now - (int64_t)engine->ledger_config.stale_days * DAY_S;

	for (size_t i = 0; engine->ledger_config.stale_days && i < geo->n_databases; i++)
		if ((int64_t)geo->databases[i].build_epoch < oldest)
			return true;
	return false;
}

/* Said when it begins (or is so at the start), and when it ends. */
static int look_for_stale(struct rg_engine *engine, int64_t now, struct rg_err *err)
{
	bool stale = any_stale(engine, now);
	int ret;

	if (stale == engine->ledger.stale)
		return 0;
	ret = engine_ledger(engine, RG_LEDGER_STALE_DATABASE, "geoip",
			    json_pack("{s:b, s:i, s:o}", "stale", stale, "days",
				      (int)engine->ledger_config.stale_days, "databases",
				      engine_ledger_databases(engine->geo.geo)), err);
	if (!ret)
		engine->ledger.stale = stale;
	return ret;
}

static int look_for_lost(struct rg_engine *engine, struct rg_err *err)
{
	uint64_t sent, lost;
	int ret;

	rg_dp_events_counts(engine->dp, &sent, &lost);
	if (lost <= engine->ledger.lost) {
		engine->ledger.lost = lost;
		return 0;
	}
	ret = engine_ledger(engine, RG_LEDGER_EVENTS_LOST, "events",
			    json_pack("{s:I}", "count", (json_int_t)(lost - engine->ledger.lost)), err);
	if (!ret)
		engine->ledger.lost = lost;
	return ret;
}

static int erase_old(struct rg_engine *engine, int64_t now, struct rg_err *err)
{
	int64_t before = now - (int64_t)engine->ledger_config.retention_days * DAY_S;
	char text[RG_UTC_TEXT_MAX];
	uint64_t n = 0;
	int ret = rg_store_remotes_erase(engine->store, before, &n, err);

	if (ret || !n)
		return ret;
	return engine_ledger(engine, RG_LEDGER_RETENTION, "networks",
			     json_pack("{s:I, s:s}", "erased", (json_int_t)n, "last_seen_before",
				       rg_utc_format(before, text)), err);
}

static int write_all(struct rg_engine *engine, bool hourly, struct rg_err *err)
{
	int64_t now = rg_engine_now(engine); /* a step of the clock erases nothing and makes nothing old */
	int ret = engine_stage_begin(engine, err);

	if (!ret)
		ret = tally_write(engine, false, err);
	if (!ret)
		ret = look_for_stale(engine, now, err);
	if (!ret && hourly)
		ret = look_for_lost(engine, err);
	if (!ret && hourly)
		ret = erase_old(engine, now, err);
	if (!ret)
		ret = rg_store_tallies_sweep(engine->store, err);
	if (!ret)
		ret = site_write(engine, err);
	if (!ret)
		ret = rg_store_alive_set(engine->store, (uint64_t)rg_engine_now(engine), err);
	return ret ? ret : rg_store_commit(engine->store, err);
}

int ledger_write(struct rg_engine *engine, bool hourly)
{
	struct rg_err err = { 0 };
	int ret;

	engine_settle(engine);
	rg_engine_actor_set(engine, NULL, NULL);
	tally_look(engine);
	ret = write_all(engine, hourly, &err);
	if (!ret)
		return 0;
	rg_store_rollback(engine->store);
	engine->failed.code = RG_ERR_NONE; /* nothing was staged */
	engine->site.changed = true;
	tally_load(engine, NULL);
	rg_log(RG_LOG_ERROR, "the ledger could not be written: %s", err.detail);
	return ret;
}

void ledger_write_last(struct rg_engine *engine)
{
	struct rg_err err = { 0 };
	int ret;

	rg_store_rollback(engine->store);
	tally_look(engine);
	ret = engine_stage_begin(engine, &err);
	if (!ret)
		ret = tally_write(engine, true, &err);
	if (!ret)
		ret = look_for_lost(engine, &err);
	if (!ret)
		ret = site_write(engine, &err);
	if (!ret)
		ret = rg_store_commit(engine->store, &err);
	if (ret)
		rg_log(RG_LOG_ERROR, "the last refusals are not in the ledger: %s", err.detail);
}

int rg_engine_ledger_tick(struct rg_engine *engine)
{
	uint64_t now = now_ns(engine), interval = engine->ledger_config.interval_s * 1000000000ull;
	bool hourly = now >= engine->ledger.hourly_ns;

	if (now >= engine->ledger.due_ns) {
		if (!ledger_write(engine, hourly) && hourly)
			engine->ledger.hourly_ns = now + HOUR_S * 1000000000ull;
		now = now_ns(engine);
		engine->ledger.due_ns = now + interval;
	}
	return (int)((engine->ledger.due_ns - now) / 1000000 + 1);
}
