/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The full real table against two oracles that share no code with it: a linear
 * scan of the text that the database was made from, and libmaxminddb's own
 * look-ups, at every range boundary and one address to each side of it. What is
 * tested is the way of a packet: the compiled table, searched by bpf/region.h.
 *
 * RG_TEST_MMDB names the database (default build/geoip.mmdb, made if it is not there).
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <maxminddb.h>
#include <unistd.h>
#include "harness/geo.h"

#define SOURCE4 "/usr/share/tor/geoip"
#define SOURCE6 "/usr/share/tor/geoip6"
#define LOOKUP_EVERY 8 /* the slower rg_geo_lookup() is asked at each 8th probe */

/* A line of the source, in the 128-bit form. */
struct line {
	struct rg_addr first, last;
	char code[3];
};
struct source {
	struct line *lines;
	size_t n;
	size_t at; /* of the scan */
};

static struct world world;
static MMDB_s db;
static size_t n_probes, n_known, n_split;

static struct line line_of(const char *text, bool v4)
{
	struct line line = { 0 };
	char first[64], last[64];

	if (v4) {
		unsigned int from, to;

		assert_int_equal(sscanf(text, "%u,%u,%2s", &from, &to, line.code), 3);
		rg_addr_from_v4(from, &line.first);
		rg_addr_from_v4(to, &line.last);
		return line;
	}
	assert_int_equal(sscanf(text, "%63[^,],%63[^,],%2s", first, last, line.code), 3);
	line.first = addr_of(first);
	line.last = addr_of(last);
	return line;
}

static struct source source_read(const char *path, bool v4)
{
	struct source source = { calloc(1u << 20, sizeof(*source.lines)), 0, 0 };
	FILE *f = fopen(path, "r");
	char text[256];

	if (!f)
		fail_msg("%s is missing: package tor-geoipdb", path);
	assert_non_null(source.lines);
	while (fgets(text, sizeof(text), f)) {
		if (text[0] == '#' || text[0] == '\n')
			continue;
		assert_true(source.n < 1u << 20);
		source.lines[source.n] = line_of(text, v4);
		if (source.n) /* a linear scan needs it sorted */
			assert_true(rg_addr_cmp(&source.lines[source.n - 1].last,
						&source.lines[source.n].first) < 0);
		source.n++;
	}
	fclose(f);
	return source;
}

/* A code of the source as it must come out: written down here, not taken from regions.c. */
static const char *region_of_code(const char *code)
{
	static const char *const pseudo[] = { "??", "EU", "AP", "AN", "CS", "SU", "ZZ", "AB", "OS", "UN" };

	for (size_t i = 0; i < sizeof(pseudo) / sizeof(pseudo[0]); i++)
		if (!strcmp(code, pseudo[i]))
			return "unknown";
	return strcmp(code, "UK") ? code : "GB";
}

/* The oracle that scans: probes come in ascending order, or one step back. */
static const char *scan(struct source *source, const struct rg_addr *addr)
{
	while (source->at && rg_addr_cmp(addr, &source->lines[source->at].first) < 0)
		source->at--;
	while (source->at + 1 < source->n &&
	       rg_addr_cmp(addr, &source->lines[source->at + 1].first) >= 0)
		source->at++;
	if (rg_addr_cmp(addr, &source->lines[source->at].first) < 0 ||
	    rg_addr_cmp(addr, &source->lines[source->at].last) > 0)
		return "unknown";
	return region_of_code(source->lines[source->at].code);
}

/* The oracle that asks libmaxminddb. */
static const char *ask(const struct rg_addr *addr)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	const struct sockaddr *sa = (const void *)&in6;
	MMDB_lookup_result_s found;
	MMDB_entry_data_s data;
	static char code[3];
	int status;

	memcpy(&in6.sin6_addr, addr, 16);
	if (rg_addr_is_v4(addr)) {
		in4.sin_addr.s_addr = htonl(rg_addr_v4(addr));
		sa = (const void *)&in4;
	}
	found = MMDB_lookup_sockaddr(&db, sa, &status);
	assert_int_equal(status, MMDB_SUCCESS);
	if (!found.found_entry)
		return "unknown";
	assert_int_equal(MMDB_get_value(&found.entry, &data, "country", "iso_code", NULL), 0);
	assert_int_equal(data.data_size, 2);
	memcpy(code, data.utf8_string, 2);
	return region_of_code(code);
}

static bool inside(const struct rg_net *net, const struct rg_addr *addr)
{
	struct rg_addr first, last;

	rg_net_bounds(net, &first, &last);
	return rg_addr_cmp(&first, addr) <= 0 && rg_addr_cmp(addr, &last) <= 0;
}

static void probe(struct source *source, const struct rg_addr *addr)
{
	__u32 region = rg_geo_find(world.table, rg_addr_hi(addr), rg_addr_lo(addr));
	const struct rg_class *class = rg_classes_get(world.classes, region);
	const char *scanned = scan(source, addr), *asked = ask(addr);
	char text[RG_ADDR_TEXT_MAX];

	if (!class || strcmp(class->key, scanned) || strcmp(class->key, asked))
		fail_msg("%s: table %s, scan %s, libmaxminddb %s", rg_addr_format(addr, text),
			 class ? class->key : "?", scanned, asked);
	if (n_probes++ % LOOKUP_EVERY == 0) {
		struct rg_geo_answer answer;

		rg_geo_lookup(world.geo, addr, &answer);
		assert_int_equal(answer.region, region);
		assert_int_equal(answer.database, region ? 0 : -1);
		assert_true(inside(&answer.network, addr));
	}
	n_known += region != 0;
	n_split += rg_addr_lo(addr) + 1 > 1 && !rg_addr_is_v4(addr);
}

static void probe_beside(struct source *source, const struct rg_addr *addr, int step)
{
	uint64_t hi = rg_addr_hi(addr), lo = rg_addr_lo(addr);
	struct rg_addr beside, v4;

	if (step > 0)
		hi += ++lo == 0;
	else if (step < 0)
		hi -= lo-- == 0;
	rg_addr_from_halves(hi, lo, &beside);
	/* beyond the end of the family, and where the IPv4 address inside decides */
	if (rg_addr_is_v4(addr) != rg_addr_is_v4(&beside) || rg_addr_embedded_v4(&beside, &v4))
		return;
	probe(source, &beside);
}

static void then_every_boundary_agrees(const char *path, bool v4)
{
	struct source source = source_read(path, v4);

	n_probes = n_known = n_split = 0;
	assert_true(source.n > 200000); /* it is the full table */
	for (size_t i = 0; i < source.n; i++) {
		for (int step = -1; step <= 1; step++)
			probe_beside(&source, &source.lines[i].first, step);
		for (int step = -1; step <= 1; step++)
			probe_beside(&source, &source.lines[i].last, step);
	}
	assert_true(n_probes > source.n * 5);
	assert_true(n_known > source.n * 4);
	if (!v4)
		assert_true(n_split > 1000); /* it has prefixes longer than /64 */
	free(source.lines);
}

static void ipv4_boundaries_agree_with_both_oracles(void **state)
{
	(void)state;
	then_every_boundary_agrees(SOURCE4, true);
}

static void ipv6_boundaries_agree_with_both_oracles(void **state)
{
	(void)state;
	then_every_boundary_agrees(SOURCE6, false);
}

static void addresses_with_ipv4_inside_agree_with_it(void **state)
{
	static const char *const pairs[][2] = {
		{ "1.0.1.1", "2002:0100:0101::1" },
		{ "1.0.1.1", "64:ff9b::1.0.1.1" },
		{ "1.0.1.1", "2001::feff:fefe" },
		{ "8.8.8.8", "2002:0808:0808:ffff::" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct rg_addr addr = addr_of(pairs[i][0]);

		then_region(&world, pairs[i][0], ask(&addr));
		then_region(&world, pairs[i][1], ask(&addr));
	}
	then_region(&world, "1.0.1.1", "CN");
}

/* The world table must fit the maps as they are loaded without options. */
static void the_real_table_fits_the_default_maps(void **state)
{
	(void)state;
	assert_true(world.table->n_nodes <= RG_GEO_NODES_MIN);
	assert_true(world.table->n_ranges <= RG_GEO_RANGES_MIN);
	assert_true(world.table->n_splits > 0);
}

static const char *database_path(void)
{
	const char *path = getenv("RG_TEST_MMDB");

	return path ? path : "build/geoip.mmdb";
}

static int setup(void **state)
{
	const char *path = database_path();
	const struct rg_geo_inputs inputs = { .databases = &path, .n_databases = 1 };
	char command[512];

	(void)state;
	if (access(path, R_OK)) {
		snprintf(command, sizeof(command), "tools/geoip-import '%s' >&2", path);
		if (system(command)) {
			fprintf(stderr, "%s can not be made\n", path);
			return -1;
		}
	}
	world_load(&world, &inputs);
	return MMDB_open(path, MMDB_MODE_MMAP, &db);
}

static int teardown(void **state)
{
	(void)state;
	MMDB_close(&db);
	world_clear(&world);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_boundaries_agree_with_both_oracles),
		cmocka_unit_test(ipv6_boundaries_agree_with_both_oracles),
		cmocka_unit_test(addresses_with_ipv4_inside_agree_with_it),
		cmocka_unit_test(the_real_table_fits_the_default_maps),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
