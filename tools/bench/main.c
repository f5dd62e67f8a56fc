/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* make bench: what a decision, a packet on an interface, a reload and a push cost.
 * Alternatives interleaved in one run, medians and spread, ratios first. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t bench_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t bench_cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t bench_random(void)
{
	static uint64_t seed = 88172645463325252ull;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_percentile(const double *values, size_t n, double p)
{
	double *sorted = malloc(n * sizeof(*sorted)), ret;

	if (!sorted || !n)
		bench_die("out of memory", NULL);
	memcpy(sorted, values, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_value);
	ret = sorted[(size_t)((double)(n - 1) * p / 100)];
	free(sorted);
	return ret;
}

double bench_median(const double *values, size_t n)
{
	return bench_percentile(values, n, 50);
}

json_t *bench_spread(const double *values, size_t n)
{
	return json_pack("{s:f, s:f, s:f, s:i}", "median", bench_median(values, n),
			 "low", bench_percentile(values, n, 0), "high", bench_percentile(values, n, 100),
			 "n", (int)n);
}

void bench_die(const char *what, const struct rg_err *err)
{
	fprintf(stderr, "bench: %s%s%s\n", what, err ? ": " : "", err ? err->detail : "");
	exit(1);
}

int bench_bound(json_t *json, const char *name, double value, const char *unit, double bound, int at_least)
{
	int missed = at_least ? value < bound : value > bound;
	json_t *bounds = json_object_get(json, "bounds");

	printf("  %-56s %8.2f %-3s (at %s %g) %s\n", name, value, unit, at_least ? "least" : "most", bound,
	       missed ? "MISSED" : "ok");
	if (!bounds) {
		bounds = json_array();
		json_object_set_new(json, "bounds", bounds);
	}
	json_array_append_new(bounds, json_pack("{s:s, s:f, s:s, s:f, s:b}", "name", name, "value", value,
						"unit", unit, at_least ? "at_least" : "at_most", bound,
						"kept", !missed));
	return missed;
}

void bench_bound_here(json_t *json, double here, const char *why)
{
	json_t *bounds = json_object_get(json, "bounds"), *last = json_array_get(bounds, json_array_size(bounds) - 1);

	printf("  %56s %8.2f     %s\n", "bound here:", here, why);
	json_object_set_new(last, "here", json_real(here));
	json_object_set_new(last, "why", json_string(why));
}

/* The machine, so that a figure is never read without it. */
static json_t *machine(void)
{
	char model[128] = "?", line[256], when[32];
	FILE *f = fopen("/proc/cpuinfo", "r");
	time_t now = time(NULL);
	struct utsname name;
	double load = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "model name : %127[^\n]", model) == 1)
			break;
	if (f)
		fclose(f);
	uname(&name);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	if (getloadavg(&load, 1) != 1)
		load = -1;
	return json_pack("{s:s, s:i, s:s, s:s, s:f}", "cpu", model, "cpus", (int)sysconf(_SC_NPROCESSORS_ONLN),
			 "kernel", name.release, "when", when, "load_before", load);
}

static const struct {
	const char *name;
	int (*run)(const struct bench_options *options, json_t *json);
} sections[] = {
	{ "decision", bench_decision }, { "parts", bench_parts }, { "paths", bench_paths }, { "wire", bench_wire }, { "load", bench_load }, { "push", bench_push },
	{ "start", bench_start }, { "rivals", bench_rivals },
};
#define N_SECTIONS (sizeof(sections) / sizeof(sections[0]))

static int usage(void)
{
	fprintf(stderr, "usage: bench [-q] WORLD.mmdb BUILD_DIR OUT.json [SECTION...]\nsections:");
	for (size_t i = 0; i < N_SECTIONS; i++)
		fprintf(stderr, " %s", sections[i].name);
	fprintf(stderr, "\n-q: quick, to try it out\n"
		"       bench -c BASELINE.json|-u BASELINE.json WORLD.mmdb BUILD_DIR: compare with it, write it\n");
	return 2;
}

static int wanted(const char *name, char **names, int n)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return 1;
	return !n;
}

int main(int argc, char **argv)
{
	struct bench_options options = {};
	int opt, missed = 0, known = 0, update = 0;
	const char *baseline = NULL;
	json_t *json;

	while ((opt = getopt(argc, argv, "qc:u:")) != -1) {
		if (opt == '?')
			return usage();
		if (opt == 'q')
			options.quick = 1;
		else
			baseline = optarg;
		update = opt == 'u';
	}
	argc -= optind;
	argv += optind;
	if (argc < (baseline ? 2 : 3))
		return usage();
	options.mmdb = argv[0];
	options.build = argv[1];
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (baseline)
		return bench_check(&options, baseline, update) != 0;
	/* a run of one section keeps what the file has of the others */
	json = json_load_file(argv[2], 0, NULL);
	if (!json_is_object(json))
		json = json_object();
	for (size_t i = 0; i < N_SECTIONS; i++) {
		json_t *section;

		if (!wanted(sections[i].name, argv + 3, argc - 3))
			continue;
		known++;
		section = json_pack("{s:o, s:b}", "machine", machine(), "quick", options.quick);
		printf("\n== %s\n", sections[i].name);
		missed += sections[i].run(&options, section);
		json_object_set_new(json, sections[i].name, section);
		json_dump_file(json, argv[2], JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	}
	json_decref(json);
	if (!known)
		return usage();
	printf("\nfigures as JSON: %s; bounds missed: %d\n", argv[2], missed);
	return 0;
}
