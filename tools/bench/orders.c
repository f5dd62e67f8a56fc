/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Meetings with many rules, some of them orders: how long a start with them takes, and a push
 * that needs a new policy. */
#include "orders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "meetings.h"

#define RULES 10
#define ORDERS 3
#define LINE_MAX_BYTES 4096
#define LINES 1000
#define PUSHES 2000
#define STARTS 3

/* The rules of a meeting; @seed: which countries. */
static size_t put_rules(char *to, unsigned int seed)
{
	size_t length = (size_t)sprintf(to, "\"rules\":[");

	for (unsigned int i = 0; i < RULES; i++) {
		const char *country = bench_country(seed * 7 + i * 5), *comma = i ? "," : "";

		if (i < ORDERS)
			length += (size_t)sprintf(to + length,
						  "%s{\"action\":\"refuse\",\"regions\":[\"%s\"],\"order\":{\"jurisdiction\":\"%s\","
						  "\"authority\":\"Court\",\"basis\":\"Act 1\",\"reference\":\"R-%u-%u\","
						  "\"received\":\"2026-01-01\"}}", comma, country, country, seed, i);
		else
			length += (size_t)sprintf(to + length, "%s{\"action\":\"%s\",\"regions\":[\"%s\",\"%s\"]}", comma,
						  i % 2 ? "admit" : "refuse", country, bench_country(seed / 54 + i * 11));
	}
	return length + (size_t)sprintf(to + length, "]");
}

static size_t put_meeting(char *to, unsigned int n, unsigned int seed, int with_id)
{
	size_t length = (size_t)sprintf(to, "{");
	unsigned int port;
	char local[16];

	bench_meeting_endpoint(n, local, &port);
	if (with_id)
		length += (size_t)sprintf(to + length, "\"id\":\"o-%u\",", n);
	length += (size_t)sprintf(to + length, "\"endpoints\":[{\"address\":\"%s\",\"port\":%u}],", local, port);
	length += put_rules(to + length, seed);
	return length + (size_t)sprintf(to + length, "}");
}

struct work { char *body; unsigned int n; };

static void batch_make(void *arg, unsigned int n, unsigned int c, struct bench_message *ret)
{
	struct work *work = arg;
	size_t length = 0;

	(void)c;
	for (unsigned int i = n * LINES; i < (n + 1) * LINES; i++) {
		length += put_meeting(work->body + length, i, i, 1);
		work->body[length++] = '\n';
	}
	*ret = (struct bench_message){ "POST", "/v1/meetings:batch", work->body, length };
}

static void push_make(void *arg, unsigned int n, unsigned int c, struct bench_message *ret)
{
	struct work *work = arg;
	size_t length = put_meeting(work->body, 0, 1000000 + n * 54, 0);

	(void)c;
	*ret = (struct bench_message){ "PUT", "/v1/meetings/o-0", work->body, length };
}

static void answered(void *arg, unsigned int n, unsigned int c, int status, const char *body)
{
	(void)arg;
	(void)n;
	(void)c;
	if (status / 100 == 2 && !strstr(body, "\"line\":"))
		return;
	fprintf(stderr, "bench: orders: %d %.400s\n", status, body);
	exit(1);
}

int bench_orders(const struct bench_options *options, json_t *json)
{
	unsigned int meetings = 10000, pushes = options->quick ? 500 : PUSHES;
	struct work work = { .body = malloc((size_t)LINES * LINE_MAX_BYTES) };
	double *ms = malloc(pushes * sizeof(*ms)), empty[STARTS], seconds[STARTS], p99;
	struct bench_daemon daemon;
	struct bench_load batch = { .connections = 1, .requests = meetings / LINES, .make = batch_make,
				    .answered = answered, .arg = &work };
	struct bench_load push = { .connections = 1, .requests = pushes, .make = push_make, .answered = answered,
				   .arg = &work, .ms = ms };
	int missed;

	if (!work.body || !ms)
		bench_die("out of memory", NULL);
	bench_daemon_init(&daemon, options, NULL, 20000);
	for (int i = 0; i < STARTS; i++) { /* one alone is noise, and all that follows is less it */
		if (i)
			bench_daemon_stop(&daemon);
		empty[i] = bench_daemon_start(&daemon);
	}
	batch.socket = push.socket = daemon.socket;
	bench_load_run(&batch);
	for (int i = 0; i < STARTS; i++) {
		bench_daemon_stop(&daemon);
		seconds[i] = bench_daemon_start(&daemon) - bench_median(empty, STARTS);
	}
	bench_load_run(&push);
	p99 = bench_percentile(ms, pushes, 99);
	printf("  %u meetings with %d rules, %d of them orders: pushed in %.1f s; a start with them takes %.2f s more than "
	       "an empty one\n", meetings, RULES, ORDERS, batch.seconds, bench_median(seconds, STARTS));
	json_object_set_new(json, "orders",
			    json_pack("{s:i, s:f, s:o, s:f, s:f}", "meetings", (int)meetings, "pushed_s", batch.seconds,
				      "start_s", bench_spread(seconds, STARTS), "push_p50_ms", bench_median(ms, pushes),
				      "push_p99_ms", p99));
	missed = bench_bound(json, "10k meetings with 10 rules and 3 orders: start", bench_median(seconds, STARTS), "s", 2, 0);
	missed += bench_bound(json, "push of a meeting with a new policy, p99", p99, "ms", 3, 0);
	bench_daemon_remove(&daemon);
	free(work.body);
	free(ms);
	return missed;
}
