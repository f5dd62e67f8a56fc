/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The differential evasion test (see tests/evade/run).
 *
 * Disguised datagrams go down three paths: through the filter in native and in generic mode, and
 * down a bare one. Findings are
 *   a hole  a socket behind the filter received what belongs to an endpoint whose meeting refuses
 *           its source;
 *   a loss  it did not receive what the bare path's did, which is sent what the model admits (model.h);
 *   a surplus  it received what the model refuses, though no meeting does.
 * Then streams of TCP segments, to listening sockets (stream.h), and races of connections (race.h).
 * A finding is made as plain as it can be and printed with its frames.
 *
 * -r: nothing but races, so many of each sequence.
 *
 *	evade -p PREFIX -b PINS [-n FRAMES] [-s SEED] [-c NUMBER | -t NUMBER | -r TRIES]
 */
#include <getopt.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "evade/batch.h"
#include "evade/die.h"
#include "evade/judge.h"
#include "evade/listen.h"
#include "evade/race.h"
#include "evade/random.h"
#include "evade/stream_run.h"

struct options {
	const char *prefix, *pins;
	uint64_t frames, seed;
	long only, only_stream; /* this number of the seed; -1: all */
	unsigned int races;     /* of each sequence */
};

static uint64_t number_of(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (!*text || *end)
		die("%s is no number", text);
	return value;
}

static struct options options_of(int argc, char **argv)
{
	struct options options = { .frames = 1000000, .seed = 1, .only = -1, .only_stream = -1, .races = 50 };
	int c;

	while ((c = getopt(argc, argv, "p:b:n:s:c:t:r:")) != -1) {
		switch (c) {
		case 'p': options.prefix = optarg; break;
		case 'b': options.pins = optarg; break;
		case 'n': options.frames = number_of(optarg); break;
		case 's': options.seed = number_of(optarg); break;
		case 'c': options.only = (long)number_of(optarg); break;
		case 't': options.only_stream = (long)number_of(optarg); break;
		case 'r': options.races = (unsigned int)number_of(optarg), options.frames = 0; break;
		default: exit(2);
		}
	}
	if (!options.prefix || !options.pins || optind != argc)
		die("usage: evade -p PREFIX -b PINS [-n FRAMES] [-s SEED] [-c NUMBER | -t NUMBER | -r TRIES]");
	return options;
}

/* One CPU for sending and receiving: then every path keeps its order. */
static void stay_on_one_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("can not stay on one CPU");
}

static void run_all(const struct options *options)
{
	struct rnd r = rnd_of(options->seed, ~0ull);
	struct plan plan;

	for (uint32_t number = 0; batch_sums.frames < options->frames; number++) {
		plan_draw(options->seed, number, &plan);
		if (batch_add(&plan))
			continue;
		batch_run(wire_has_vlan() && rnd_one_in(&r, 3));
		if (!batch_add(&plan))
			die("number %u does not fit", number);
		if (batch_sums.findings >= BATCH_FINDINGS_MAX)
			break;
	}
	batch_run(false);
}

/* So many of the frames are of streams: each of them waits for answers. */
#define STREAMS_PART 40

static void run_streams(const struct options *options)
{
	struct stream stream;

	for (uint32_t number = 0; stream_sums.frames < options->frames / STREAMS_PART; number++) {
		stream_draw(options->seed, number, &stream);
		stream_run(&stream);
		if (stream_sums.findings >= BATCH_FINDINGS_MAX)
			break;
	}
}

static void show_one(const struct options *options)
{
	struct stream stream;
	struct plan plan;

	if (options->only_stream >= 0) {
		stream_draw(options->seed, (uint32_t)options->only_stream, &stream);
		stream_show(&stream);
		return;
	}
	plan_draw(options->seed, (uint32_t)options->only, &plan);
	batch_show(&plan);
}

int main(int argc, char **argv)
{
	struct options options = options_of(argc, argv);
	time_t start = time(NULL);
	unsigned int races_lost = 0;

	stay_on_one_cpu();
	wire_open(options.prefix);
	judge_open(options.prefix, options.pins);
	listen_open(options.prefix);
	if (options.only >= 0 || options.only_stream >= 0) {
		show_one(&options);
	} else {
		run_all(&options);
		run_streams(&options);
		races_lost = race_run(options.prefix, options.seed, options.races);
	}
	batch_print_sums();
	stream_print_sums();
	printf("# seed %" PRIu64 ", %ld s%s%s\n", options.seed, (long)(time(NULL) - start),
	       wire_has_vlan() ? "" : ", no VLAN devices in this kernel",
	       wire_has_udplite() ? "" : ", no UDP-Lite in this kernel");
	judge_close(options.pins);
	return races_lost || batch_sums.findings || stream_sums.findings;
}
