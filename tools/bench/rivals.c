/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rivals.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "lpm.h"

double bench_shell(const char *format, ...)
{
	uint64_t start = bench_now_ns();
	char command[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	if (system(command))
		bench_die(command, NULL);
	return (double)(bench_now_ns() - start) / 1e9;
}

static FILE *file_open(const struct bench_rivals *rivals, const char *name)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", rivals->dir, name);
	f = fopen(path, "w");
	if (!f)
		bench_die(path, NULL);
	return f;
}

static int is_country(const struct bench_rivals *rivals, unsigned int region)
{
	return !strcmp(rg_classes_get(rivals->world->classes, region)->country, rivals->country);
}

static void put_range(FILE *out, uint32_t first, uint32_t last)
{
	fprintf(out, "%u.%u.%u.%u-%u.%u.%u.%u", first >> 24, first >> 16 & 255, first >> 8 & 255, first & 255,
		last >> 24, last >> 16 & 255, last >> 8 & 255, last & 255);
}

/* @values: a map to marks, the region's number, of all countries; else the set of one country. */
static void put_elements(FILE *out, const struct bench_rivals *rivals, int values)
{
	const struct rg_geo *geo = rivals->world->geo;
	const char *comma = "";

	for (size_t i = 0; i < geo->n4; i++) {
		const struct rg_range4 *r = &geo->v4[i];

		if (!values && !is_country(rivals, r->region))
			continue;
		fputs(comma, out);
		put_range(out, r->start, r->end);
		if (values)
			fprintf(out, " : %u", is_country(rivals, r->region) ? 1u : r->region + 2u);
		comma = ",\n";
	}
}

static void write_nft(const struct bench_rivals *rivals, const char *family, int values)
{
	char name[32];
	FILE *out;

	snprintf(name, sizeof(name), "%s-%s.nft", family, values ? "map" : "set");
	out = file_open(rivals, name);
	fprintf(out, "table %s rg {\n %s { type ipv4_addr%s; flags interval; elements = {\n", family,
		values ? "map geo" : "set country", values ? " : mark" : "");
	put_elements(out, rivals, values);
	fprintf(out, "\n} }\n}\n");
	if (fclose(out))
		bench_die(name, NULL);
}

struct ipset_file { const struct bench_rivals *rivals; FILE *out; };

static void put_prefix(void *arg, uint32_t first, unsigned int length, unsigned int region)
{
	struct ipset_file *file = arg;

	if (is_country(file->rivals, region))
		fprintf(file->out, "add rg %u.%u.%u.%u/%u\n", first >> 24, first >> 16 & 255, first >> 8 & 255,
			first & 255, length);
}

static void write_ipset(const struct bench_rivals *rivals)
{
	struct ipset_file file = { rivals, file_open(rivals, "ipset") };

	fprintf(file.out, "create rg hash:net family inet hashsize 16384 maxelem 1000000\n");
	bench_prefixes4(rivals->world->geo, put_prefix, &file);
	if (fclose(file.out))
		bench_die("ipset's file", NULL);
}

void bench_rivals_open(struct bench_rivals *rivals, const struct bench_world *world, const char *country)
{
	*rivals = (struct bench_rivals){ .dir = "/tmp/regiongate-rivals-XXXXXX", .world = world, .country = country };
	if (!mkdtemp(rivals->dir))
		bench_die("mkdtemp", NULL);
	write_nft(rivals, "netdev", 0);
	write_nft(rivals, "netdev", 1);
	write_nft(rivals, "inet", 0);
	write_nft(rivals, "inet", 1);
	write_ipset(rivals);
}

void bench_rivals_load(struct bench_rivals *rivals)
{
	rivals->nft_set_s = bench_shell("nft -f %s/netdev-set.nft", rivals->dir);
	rivals->nft_map_s = bench_shell("nft -f %s/netdev-map.nft", rivals->dir);
	bench_shell("nft -f %s/inet-set.nft", rivals->dir);
	bench_shell("nft -f %s/inet-map.nft", rivals->dir);
	rivals->ipset_s = bench_shell("ipset restore -f %s/ipset", rivals->dir);
}

void bench_rivals_close(struct bench_rivals *rivals)
{
	bench_shell("rm -rf '%s'", rivals->dir);
}

#define CHANGES 4

/* One element more and one less, each by the tool, as an operator or a script does it. */
static json_t *changes(const char *add, const char *del)
{
	double ms[CHANGES];

	for (int i = 0; i < CHANGES; i++)
		ms[i] = bench_shell("%s", i % 2 ? del : add) * 1e3;
	return bench_spread(ms, CHANGES);
}

/* The whole table again, in one transaction: nft's map, ipset's set by a swap. */
static void reloads(struct bench_rivals *rivals, json_t *json)
{
	double s;

	bench_shell("cd %s && { echo flush map inet rg geo; cat inet-map.nft; } >reload.nft && "
		    "{ sed 's/ rg / rg2 /' ipset; echo swap rg rg2; echo destroy rg2; } >reload.ipset", rivals->dir);
	s = bench_shell("nft -f %s/reload.nft", rivals->dir);
	printf("  nft, full map: atomic reload %.0f ms\n", s * 1e3);
	json_object_set_new(json, "nft_map_reload_ms", json_real(s * 1e3));
	s = bench_shell("ipset restore -f %s/reload.ipset", rivals->dir);
	printf("  ipset, one country: reload by swap %.0f ms\n", s * 1e3);
	json_object_set_new(json, "ipset_reload_ms", json_real(s * 1e3));
}

int bench_rivals(const struct bench_options *options, json_t *json)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	struct bench_rivals rivals;
	struct bench_world world;
	json_t *nft, *ipset;

	bench_world_load(&world, options->mmdb);
	if (home < 0 || unshare(CLONE_NEWNET))
		bench_die("a network namespace", NULL);
	bench_shell("ip link set lo up");
	bench_rivals_open(&rivals, &world, "CN");
	rivals.nft_set_s = bench_shell("nft -f %s/inet-set.nft", rivals.dir);
	rivals.nft_map_s = bench_shell("nft -f %s/inet-map.nft", rivals.dir);
	rivals.ipset_s = bench_shell("ipset restore -f %s/ipset", rivals.dir);
	printf("  nft: load of one country's set %.0f ms, of the full map %.0f ms; ipset: one country %.0f ms\n",
	       rivals.nft_set_s * 1e3, rivals.nft_map_s * 1e3, rivals.ipset_s * 1e3);
	json_object_set_new(json, "nft_set_load_ms", json_real(rivals.nft_set_s * 1e3));
	json_object_set_new(json, "nft_map_load_ms", json_real(rivals.nft_map_s * 1e3));
	json_object_set_new(json, "ipset_load_ms", json_real(rivals.ipset_s * 1e3));
	nft = changes("nft add element inet rg country { 203.0.113.7 }", "nft delete element inet rg country { 203.0.113.7 }");
	ipset = changes("ipset add rg 203.0.113.7", "ipset del rg 203.0.113.7");
	printf("  one change: nft %.1f ms, ipset %.1f ms (each a process of its own; not durable)\n",
	       json_number_value(json_object_get(nft, "median")), json_number_value(json_object_get(ipset, "median")));
	json_object_set_new(json, "nft_change_ms", nft);
	json_object_set_new(json, "ipset_change_ms", ipset);
	reloads(&rivals, json);
	bench_rivals_close(&rivals);
	if (setns(home, CLONE_NEWNET))
		bench_die("back to the own namespace", NULL);
	close(home);
	bench_world_free(&world);
	return 0;
}
