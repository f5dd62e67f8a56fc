/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "meetings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

#define PORTS_PER_ADDRESS 65000

/* Countries with many addresses first; enough of them that policies differ. */
static const char countries[][3] = {
	"CN", "US", "JP", "DE", "GB", "KR", "BR", "FR", "CA", "IT", "AU", "NL", "RU", "IN", "TW", "ES", "SE", "MX",
	"BE", "PL", "ZA", "CH", "AR", "ID", "CO", "VN", "TR", "EG", "NO", "FI", "DK", "IR", "AT", "UA", "MA", "SA",
	"CL", "RO", "TH", "CZ", "HK", "IL", "MY", "VE", "HU", "TN", "PT", "NZ", "SG", "KE", "IE", "BG", "PK", "GR",
};
#define COUNTRIES (sizeof(countries) / sizeof(countries[0]))

const char *bench_country(unsigned int n)
{
	return countries[n % COUNTRIES];
}

void bench_meeting_endpoint(unsigned int n, char local[16], unsigned int *ret_port)
{
	snprintf(local, 16, "198.51.100.%u", (10 + n / PORTS_PER_ADDRESS) & 255);
	*ret_port = 1 + n % PORTS_PER_ADDRESS;
}

size_t bench_meeting_body(char *buf, unsigned int n, int with_id, const char *country)
{
	char local[16], id[32] = "";
	unsigned int port;

	bench_meeting_endpoint(n, local, &port);
	if (with_id)
		snprintf(id, sizeof(id), "\"id\":\"m-%u\",", n);
	return (size_t)snprintf(buf, MEETING_BODY_MAX,
				"{%s\"endpoints\":[{\"address\":\"%s\",\"port\":%u,\"protocol\":\"udp\"}],"
				"\"default\":\"admit\",\"rules\":[{\"id\":\"r1\",\"action\":\"refuse\",\"regions\":"
				"[\"%s\"]}],\"mode\":\"enforce\"}", id, local, port, country);
}

struct batch {
	unsigned int from, to, lines;
	char *body;
};

static void batch_make(void *arg, unsigned int n, unsigned int c, struct bench_message *ret)
{
	struct batch *batch = arg;
	unsigned int first = batch->from + n * batch->lines;
	size_t length = 0;

	(void)c;
	for (unsigned int i = first; i < first + batch->lines && i < batch->to; i++) {
		length += bench_meeting_body(batch->body + length, i, 1, bench_country(i));
		batch->body[length++] = '\n';
	}
	*ret = (struct bench_message){ "POST", "/v1/meetings:batch", batch->body, length };
}

static void batch_answered(void *arg, unsigned int n, unsigned int c, int status, const char *body)
{
	(void)arg;
	(void)n;
	(void)c;
	if (status == 200 && !strstr(body, "\"line\":")) /* only failures carry their line */
		return;
	fprintf(stderr, "bench: batch: %d %.400s\n", status, body);
	exit(1);
}

double bench_meetings_batch(const struct bench_daemon *daemon, unsigned int from, unsigned int to,
			    unsigned int lines)
{
	struct batch batch = { from, to, lines, malloc((size_t)lines * (MEETING_BODY_MAX + 1)) };
	struct bench_load load = { .socket = daemon->socket, .connections = 1,
				   .requests = (to - from + lines - 1) / lines, .make = batch_make,
				   .answered = batch_answered, .arg = &batch };

	if (!batch.body)
		bench_die("out of memory", NULL);
	bench_load_run(&load);
	free(batch.body);
	return load.seconds;
}

/* A meeting with its ufrags, as a line of a batch. */
static size_t ufrags_line(char *to, unsigned int meeting)
{
	size_t length = (size_t)sprintf(to, "{\"id\":\"u-%u\",\"ufrags\":[", meeting);

	for (unsigned int i = 0; i < UFRAGS_PER_MEETING; i++)
		length += (size_t)sprintf(to + length, "%s{\"endpoint\":\"sfu\",\"ufrag\":\"uf%07u\"}", i ? "," : "",
					  meeting * UFRAGS_PER_MEETING + i);
	return length + (size_t)sprintf(to + length, "],\"rules\":[{\"action\":\"refuse\",\"regions\":[\"%s\"]}]}\n",
					bench_country(meeting));
}

static void ufrags_make(void *arg, unsigned int n, unsigned int c, struct bench_message *ret)
{
	struct batch *batch = arg;
	size_t length = 0;

	(void)c;
	for (unsigned int i = n * batch->lines; i < (n + 1) * batch->lines && i < batch->to; i++)
		length += ufrags_line(batch->body + length, i);
	*ret = (struct bench_message){ "POST", "/v1/meetings:batch", batch->body, length };
}

double bench_ufrags_batch(const struct bench_daemon *daemon, unsigned int n)
{
	struct batch batch = { 0, n / UFRAGS_PER_MEETING, 200, malloc(200 * (UFRAGS_PER_MEETING + 4) * 48) };
	struct bench_load load = { .socket = daemon->socket, .connections = 1,
				   .requests = (batch.to + batch.lines - 1) / batch.lines, .make = ufrags_make,
				   .answered = batch_answered, .arg = &batch };

	if (!batch.body)
		bench_die("out of memory", NULL);
	bench_load_run(&load);
	free(batch.body);
	return load.seconds;
}
