/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/dataplane.h"
#include "engine/engine.h"
#include "lpm.h"
#include "meetings.h"

#define FLUSH_EVERY 20000

static void add_meeting(struct rg_engine *engine, unsigned int n)
{
	char id[16], local4[16], local6[40];
	unsigned int port;
	struct rg_err err;
	json_t *body;

	snprintf(id, sizeof(id), "m-%u", n);
	bench_meeting_endpoint(n, local4, &port);
	snprintf(local6, sizeof(local6), "2001:db8:ffff::%x", (unsigned int)atoi(strrchr(local4, '.') + 1));
	body = json_pack("{s:[{s:s,s:i,s:s},{s:s,s:i,s:s}], s:[{s:s,s:[s]}]}",
			 "endpoints", "address", local4, "port", (int)port, "protocol", "udp",
			 "address", local6, "port", (int)port, "protocol", "udp",
			 "rules", "action", "refuse", "regions", bench_country(n));
	if (!body || rg_engine_meeting_put(engine, id, body, RG_ANY_REVISION, NULL, NULL, &err))
		bench_die("meeting", &err);
	json_decref(body);
}

static void add_meetings(struct rg_engine *engine, unsigned int meetings)
{
	struct rg_err err;

	for (unsigned int n = 0; n < meetings; n++) {
		add_meeting(engine, n);
		if ((n + 1) % FLUSH_EVERY && n + 1 < meetings)
			continue;
		if (rg_engine_flush(engine, &err))
			bench_die("flush", &err);
	}
}

void bench_server_open(struct bench_server *server, const struct bench_options *options,
		       const struct bench_world *world, const struct bench_size *size)
{
	struct rg_engine_config config = {
		.databases = &options->mmdb, .n_databases = 1,
		.dp = { .max_mtg_stats = size->counters, .max_locals = 2 + 2 * (size->meetings / 65000),
			.max_meetings = size->meetings + 1 },
	};
	struct rg_err err;

	if (rg_engine_open(&config, &server->engine, &err))
		bench_die("engine", &err);
	server->dp = rg_engine_dp(server->engine);
	add_meetings(server->engine, size->meetings);
	server->filter = bench_object_open(server->dp, options->build, "filter");
	server->lpm = bench_object_open(server->dp, options->build, "lpm");
	bench_lpm_fill4(bench_object_map(&server->lpm, "bench_lpm4"), world->geo);
	bench_lpm_fill6(bench_object_map(&server->lpm, "bench_lpm6"), world->geo);
}

void bench_server_close(struct bench_server *server)
{
	bench_object_close(&server->filter);
	bench_object_close(&server->lpm);
	rg_engine_close(server->engine);
}

void bench_server_sources(struct bench_server *server, const struct bench_world *world, int v4,
			  enum bench_mix mix, unsigned int meetings)
{
	bench_sources_fill(server->filter.sources, RG_BENCH_SOURCES, world, v4, mix, meetings);
	memcpy(server->lpm.sources, server->filter.sources, RG_BENCH_SOURCES * sizeof(*server->lpm.sources));
}
