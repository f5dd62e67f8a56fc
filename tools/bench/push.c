/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pushes to a real daemon, each answered when it is durable and in the kernel: from the
 * request to the first packet judged by it, with 1, 10 and 100 clients; sustained rates. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "http.h"
#include "meetings.h"

#define MEETINGS 10000
#define CLIENTS_MAX 100

/* Client c changes meeting c, to and fro between refusing China and Japan. */
struct clients {
	const struct bench_daemon *daemon;
	char path[CLIENTS_MAX][40], body[CLIENTS_MAX][MEETING_BODY_MAX];
	unsigned int pushes[CLIENTS_MAX];
	int check;              /* run a packet after each answer */
	unsigned int wrong;     /* packets judged by the old rule */
};

static void client_make(void *arg, unsigned int n, unsigned int c, struct bench_message *ret)
{
	struct clients *clients = arg;
	int refuse = clients->pushes[c]++ % 2 == 0;
	size_t length = bench_meeting_body(clients->body[c], c, 0, refuse ? "CN" : "JP");

	(void)n;
	snprintf(clients->path[c], sizeof(clients->path[c]), "/v1/meetings/m-%u", c);
	*ret = (struct bench_message){ "PUT", clients->path[c], clients->body[c], length };
}

static void client_answered(void *arg, unsigned int n, unsigned int c, int status, const char *body)
{
	struct clients *clients = arg;
	int refusing = clients->pushes[c] % 2 == 1;
	unsigned int port;
	char local[16];

	(void)n;
	if (status / 100 != 2) {
		fprintf(stderr, "bench: push: %d %s\n", status, body);
		exit(1);
	}
	if (!clients->check)
		return;
	bench_meeting_endpoint(c, local, &port);
	clients->wrong += bench_daemon_refuses(clients->daemon, local, port) != refusing;
}

static struct bench_load load_of(struct clients *clients, unsigned int connections, unsigned int requests,
				 double *ms)
{
	memset(clients->pushes, 0, sizeof(clients->pushes));
	return (struct bench_load){ .socket = clients->daemon->socket, .connections = connections,
				    .requests = requests, .make = client_make, .answered = client_answered,
				    .arg = clients, .ms = ms };
}

static int latency(struct clients *clients, unsigned int connections, unsigned int requests, json_t *json)
{
	double *ms = malloc(requests * sizeof(*ms)), p50, p99;
	struct bench_load load = load_of(clients, connections, requests, ms);
	char name[80];
	int missed = 0;

	if (!ms)
		bench_die("out of memory", NULL);
	clients->check = 1;
	bench_load_run(&load);
	clients->check = 0;
	p50 = bench_median(ms, requests);
	p99 = bench_percentile(ms, requests, 99);
	printf("  %3u clients: push to enforced p50 %.2f ms, p99 %.2f ms; %.0f pushes/s\n", connections, p50, p99,
	       requests / load.seconds);
	json_array_append_new(json_object_get(json, "latency"),
			      json_pack("{s:i, s:f, s:f, s:f, s:f}", "clients", (int)connections, "p50_ms", p50,
					"p99_ms", p99, "max_ms", bench_percentile(ms, requests, 100), "per_s",
					requests / load.seconds));
	snprintf(name, sizeof(name), "push to enforced, p99, %u clients", connections);
	if (connections == 10)
		missed = bench_bound(json, name, p99, "ms", 5, 0);
	free(ms);
	return missed;
}

static int sustained(struct clients *clients, unsigned int requests, json_t *json)
{
	struct bench_load load = load_of(clients, CLIENTS_MAX, requests, NULL);
	unsigned int batched = clients->daemon->options->quick ? 20000 : 200000;
	const struct bench_daemon *daemon = clients->daemon;
	double single, batch, cpu = bench_daemon_cpu(daemon), single_us, batch_us;
	int missed;

	bench_load_run(&load);
	single = requests / load.seconds;
	single_us = (bench_daemon_cpu(daemon) - cpu) * 1e6 / requests;
	cpu = bench_daemon_cpu(daemon);
	batch = batched / bench_meetings_batch(clients->daemon, MEETINGS, MEETINGS + batched, 10000);
	batch_us = (bench_daemon_cpu(daemon) - cpu) * 1e6 / batched;
	printf("  CPU time of the daemon: %.1f us a single push, %.1f us a meeting of a batch\n", single_us, batch_us);
	json_object_set_new(json, "single_cpu_us", json_real(single_us));
	json_object_set_new(json, "batch_cpu_us", json_real(batch_us));
	json_object_set_new(json, "single_per_s", json_real(single));
	json_object_set_new(json, "batch_per_s", json_real(batch));
	missed = bench_bound(json, "durable pushes a second, single, 100 connections", single, "/s", 5000, 1) +
		 bench_bound(json, "durable meetings a second, batches of 10,000", batch, "/s", 50000, 1);
	bench_bound_here(json, 1e6 / batch_us, "the daemon's CPU time: one thread, with a CPU of its own");
	return missed;
}

int bench_push(const struct bench_options *options, json_t *json)
{
	unsigned int requests = options->quick ? 1000 : 5000;
	struct clients *clients = calloc(1, sizeof(*clients));
	struct bench_daemon daemon;
	int missed = 0;

	if (!clients)
		bench_die("out of memory", NULL);
	bench_daemon_init(&daemon, options, NULL, 300000);
	bench_daemon_start(&daemon);
	clients->daemon = &daemon;
	bench_meetings_batch(&daemon, 0, MEETINGS, 10000);
	json_object_set_new(json, "latency", json_array());
	missed += latency(clients, 1, requests, json);
	missed += latency(clients, 10, requests * 2, json);
	missed += latency(clients, 100, requests * 4, json);
	missed += bench_bound(json, "packets judged by the old rule after the answer", clients->wrong, "", 0, 0);
	missed += sustained(clients, requests * 6, json);
	bench_daemon_remove(&daemon);
	free(clients);
	return missed;
}
