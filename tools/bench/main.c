/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* make bench: what a decision, a reload and a push cost. Figures of one run,
 * alternatives interleaved in it, medians; ratios first. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t bench_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_percentile(double *values, size_t n, double p)
{
	qsort(values, n, sizeof(*values), by_value);
	return values[(size_t)((double)(n - 1) * p / 100)];
}

double bench_median(double *values, size_t n)
{
	return bench_percentile(values, n, 50);
}

void bench_die(const char *what, const struct rg_err *err)
{
	fprintf(stderr, "bench: %s%s%s\n", what, err ? ": " : "", err ? err->detail : "");
	exit(1);
}

int bench_bound(json_t *json, const char *name, double value, const char *unit, double bound, int at_least)
{
	int missed = at_least ? value < bound : value > bound;

	printf("  %-52s %8.2f %-3s (at %s %g) %s\n", name, value, unit, at_least ? "least" : "most", bound,
	       missed ? "MISSED" : "ok");
	json_object_set_new(json, name, json_pack("{s:f, s:s, s:f, s:b}", "value", value, "unit", unit,
						  at_least ? "at_least" : "at_most", bound, "kept", !missed));
	return missed;
}

static const struct {
	const char *name;
	int (*run)(const struct bench_options *options, json_t *json);
} sections[] = { { "decision", bench_decision }, { "load", bench_load }, { "push", bench_push } };

int main(int argc, char **argv)
{
	struct bench_options options = { .mmdb = "build/geoip.mmdb", .build = "build" };
	json_t *json = json_object();
	int missed = 0;

	if (argc != 4 && argc != 5) {
		fprintf(stderr, "usage: bench WORLD.mmdb BUILD_DIR OUT.json [decision|load|push]\n");
		return 2;
	}
	options.mmdb = argv[1];
	options.build = argv[2];
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (argc == 4 || !strcmp(argv[4], sections[i].name))
			missed += sections[i].run(&options, json);
	json_dump_file(json, argv[3], JSON_INDENT(2));
	printf("\nfigures as JSON: %s; bounds missed: %d\n", argv[3], missed);
	json_decref(json);
	return 0;
}
