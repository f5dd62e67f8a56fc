/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rivals.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
