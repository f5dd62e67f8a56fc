/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a packet costs on an interface. All of it happens on one CPU, so the time of sending
 * is that of sending and receiving. Every setup takes its turn in each round. */
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS 7
#define MEETINGS 1000
#define COUNTRY "CN" /* refused by meeting 0 */
#define SETUPS_MAX 16

static const char *const traffic_names[WIRE_TRAFFICS] = {
	[WIRE_REFUSED] = "refused, announced",
	[WIRE_REFUSED_HOT] = "refused, hot",
	[WIRE_ADMITTED_HOT] = "admitted, hot",
};
static const char *const way_names[WIRE_WAYS] = { "live frames", "AF_PACKET" };

/* A figure for a wrong answer is none. */
static void check(const struct wire_setup *setup, enum wire_traffic traffic, unsigned int sent, uint64_t received,
		  uint64_t delivered)
{
	int drops = setup->judges < 0 || (setup->judges && traffic != WIRE_ADMITTED_HOT);
	uint64_t expected = drops ? 0 : sent, slack = sent / 100 + 4;

	if (received + slack >= sent && delivered <= expected + slack && delivered + slack >= expected)
		return;
	fprintf(stderr, "bench: %s, %s: of %u packets %llu were received and %llu delivered, not %llu\n", setup->name,
		traffic_names[traffic], sent, (unsigned long long)received, (unsigned long long)delivered,
		(unsigned long long)expected);
	exit(1);
}

static double measure(struct wire *w, const struct wire_setup *setup, enum wire_traffic traffic, enum wire_way way)
{
	unsigned int packets = (way == WIRE_LIVE ? 200000 : 50000) / (w->options->quick ? 4 : 1);
	uint64_t received, delivered;
	double ns;

	setup->up(w);
	wire_send(w, way, packets / 10);
	received = wire_received();
	delivered = wire_delivered();
	ns = wire_send(w, way, packets);
	check(setup, traffic, packets, wire_received() - received, wire_delivered() - delivered);
	setup->down(w);
	return ns;
}

static void fill_sources(struct wire *w, enum wire_traffic traffic)
{
	bench_sources_country(w->sender.sources, RG_BENCH_SOURCES, &w->world,
			      traffic == WIRE_REFUSED ? BENCH_ANNOUNCED : BENCH_HOT, COUNTRY,
			      traffic != WIRE_ADMITTED_HOT);
	memcpy(w->second.sources, w->sender.sources, RG_BENCH_SOURCES * sizeof(*w->sender.sources));
}

static void report(json_t *rows, enum wire_traffic traffic, enum wire_way way, double ns[][ROUNDS], size_t rounds,
		   double *ret_median)
{
	double floor_ns = bench_median(ns[WIRE_FLOOR], rounds), ours = bench_median(ns[WIRE_FILTER], rounds);

	printf("  %s, %s: ns a packet\n", traffic_names[traffic], way_names[way]);
	for (size_t i = 0; i < wire_n_setups; i++) {
		double median = bench_median(ns[i], rounds);

		printf("    %-30s %7.0f (%.0f to %.0f)  %5.2f x floor  %5.2f x regiongate\n", wire_setups[i].name,
		       median, bench_percentile(ns[i], rounds, 0), bench_percentile(ns[i], rounds, 100),
		       median / floor_ns, median / ours);
		json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:o, s:f, s:f}", "setup", wire_setups[i].name,
						      "traffic", traffic_names[traffic], "way", way_names[way], "ns",
						      bench_spread(ns[i], rounds), "to_floor", median / floor_ns,
						      "to_filter", median / ours));
		ret_median[i] = median;
	}
}

static int judge(json_t *json, enum wire_traffic traffic, enum wire_way way, const double *ns)
{
	double ours = ns[WIRE_FILTER];
	char why[96];
	int missed;

	if (way != WIRE_LIVE || traffic != WIRE_REFUSED)
		return 0;
	missed = bench_bound(json, "on an interface, filter / empty XDP drop", ours / ns[WIRE_FLOOR], "x", 1.45, 0);
	bench_bound_here(json, ns[WIRE_LEAST] / ns[WIRE_FLOOR],
			 "a plain UDP header and one line of memory of each table, told where");
	missed += bench_bound(json, "on an interface, nft's one-country set / filter", ns[WIRE_NETDEV_SET] / ours, "x",
			      7, 1);
	snprintf(why, sizeof(why), "nft is only %.1f times an XDP program that only drops", ns[WIRE_NETDEV_SET] / ns[WIRE_FLOOR]);
	bench_bound_here(json, ns[WIRE_NETDEV_SET] / ns[WIRE_LEAST], why);
	missed += bench_bound(json, "on an interface, nft's full map / filter", ns[WIRE_NETDEV_MAP] / ours, "x", 18, 1);
	snprintf(why, sizeof(why), "nft is only %.1f times an XDP program that only drops", ns[WIRE_NETDEV_MAP] / ns[WIRE_FLOOR]);
	bench_bound_here(json, ns[WIRE_NETDEV_MAP] / ns[WIRE_LEAST], why);
	return missed;
}

/* No cache line is written by two CPUs, so a second receive queue should double the rate. */
static int scaling(struct wire *w, json_t *json)
{
	double gains[WIRE_FILTER + 1] = {};
	unsigned int packets = w->options->quick ? 200000 : 1000000;
	json_t *list = json_array();

	for (int i = WIRE_FLOOR; i <= WIRE_FILTER && sysconf(_SC_NPROCESSORS_ONLN) > 1; i++) {
		double one[ROUNDS], two[ROUNDS], gain;
		size_t rounds = w->options->quick ? 3 : ROUNDS;

		wire_setups[i].up(w);
		for (size_t round = 0; round < rounds; round++) {
			one[round] = wire_send_parallel(w, 1, packets);
			two[round] = wire_send_parallel(w, 2, packets);
		}
		wire_setups[i].down(w);
		gain = bench_median(two, rounds) / bench_median(one, rounds);
		gains[i] = gain;
		printf("  %-30s one queue %.2f, two queues %.2f million packets/s: %.2f x\n", wire_setups[i].name,
		       bench_median(one, rounds) / 1e6, bench_median(two, rounds) / 1e6, gain);
		json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:f}", "setup", wire_setups[i].name, "one_per_s",
						      bench_spread(one, rounds), "two_per_s", bench_spread(two, rounds),
						      "gain", gain));
	}
	json_object_set_new(json, "two_queues", list);
	if (!json_array_size(list))
		return 0;
	/* a line that both CPUs wrote would cost the filter what it does not cost a program that writes nothing */
	return bench_bound(json, "gain by a second receive queue, filter / XDP drop",
			   gains[WIRE_FILTER] / gains[WIRE_FLOOR], "x", 0.95, 1);
}

static int rounds_of(struct wire *w, json_t *json, json_t *rows, enum wire_traffic traffic, enum wire_way way)
{
	double ns[SETUPS_MAX][ROUNDS], median[SETUPS_MAX];
	size_t rounds = w->options->quick ? 3 : ROUNDS;

	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < wire_n_setups; i++)
			ns[i][round] = measure(w, &wire_setups[i], traffic, way);
	report(rows, traffic, way, ns, rounds, median);
	return judge(json, traffic, way, median);
}

int bench_wire(const struct bench_options *options, json_t *json)
{
	struct bench_size size = { MEETINGS, 1u << 15 };
	struct wire w = { .options = options };
	json_t *rows = json_array();
	int missed = 0;

	bench_world_load(&w.world, options->mmdb);
	bench_server_open(&w.server, options, &w.world, &size);
	wire_net_up(&w);
	bench_rivals_open(&w.rivals, &w.world, COUNTRY);
	bench_rivals_load(&w.rivals);
	json_object_set_new(json, "rows", rows);
	for (int traffic = 0; traffic < WIRE_TRAFFICS; traffic++) {
		fill_sources(&w, (enum wire_traffic)traffic);
		for (int way = 0; way < WIRE_WAYS; way++)
			missed += rounds_of(&w, json, rows, (enum wire_traffic)traffic, (enum wire_way)way);
		if (traffic == WIRE_REFUSED_HOT)
			missed += scaling(&w, json);
	}
	bench_rivals_close(&w.rivals);
	wire_net_down(&w);
	bench_server_close(&w.server);
	bench_world_free(&w.world);
	return missed;
}
