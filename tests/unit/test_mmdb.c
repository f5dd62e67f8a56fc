/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "harness/geo.h"

static void given(struct world *world, const char *database, bool registered_country)
{
	const struct rg_geo_inputs inputs = { .databases = &database, .n_databases = 1,
					      .registered_country = registered_country };

	world_load(world, &inputs);
}

/* A load that must fail: with this return value, and a sentence with the path and @cause. */
static void then_refused(const char *path, int ret, const char *cause)
{
	const struct rg_geo_inputs inputs = { .databases = &path, .n_databases = 1 };
	struct rg_err err = { 0 };
	struct world world;

	assert_int_equal(world_try(&world, &inputs, &err), ret);
	assert_null(world.geo);
	if (!strstr(err.detail, path) || !strstr(err.detail, cause))
		fail_msg("'%s' does not say '%s'", err.detail, cause);
	world_clear(&world);
}

static void nested_countries_are_read(void **state)
{
	struct world world;

	(void)state;
	given(&world, CORPUS("nested"), false);
	then_region(&world, "192.0.2.1", "DE");
	then_region(&world, "192.0.2.127", "DE");
	then_region(&world, "192.0.2.128", "GB");
	then_region(&world, "192.0.3.0", "unknown");
	then_region(&world, "203.0.113.1", "unknown"); /* registered_country is not asked for */
	then_region(&world, "203.0.113.128", "CN");
	then_region(&world, "2001:db8::1", "HK");
	then_region(&world, "2001:db7:ffff::", "unknown");
	world_clear(&world);
}

static void prefixes_longer_than_64_are_kept(void **state)
{
	struct world world;

	(void)state;
	given(&world, CORPUS("nested"), false);
	then_region(&world, "2001:db8::ffff", "HK");
	then_region(&world, "2001:db8:0:1::7fff", "US");
	then_region(&world, "2001:db8:0:1::8000", "CN");
	then_region(&world, "2001:db8:0:1::ffff", "CN");
	then_region(&world, "2001:db8:0:1::1:0", "US");
	then_region(&world, "2001:db8:0:1:fffe:ffff:ffff:ffff", "US");
	then_region(&world, "2001:db8:0:1:ffff::", "JP");
	then_region(&world, "2001:db8:0:1:ffff:ffff:ffff:ffff", "JP");
	then_region(&world, "2001:db8:0:2::", "HK");
	assert_int_equal(world.table->n_splits, 1);
	world_clear(&world);
}

static void aliases_of_ipv4_are_looked_up_but_not_stored(void **state)
{
	struct world world;

	(void)state;
	given(&world, CORPUS("nested"), false);
	then_region(&world, "::ffff:192.0.2.1", "DE");
	then_region(&world, "2002:c000:0201::5", "DE");
	then_region(&world, "64:ff9b::192.0.2.200", "GB");
	then_region(&world, "2001:0:1:2:3:4:3fff:fdfe", "DE"); /* Teredo: bits inverted */
	then_region(&world, "::192.0.2.1", "unknown");
	for (size_t i = 0; i < world.geo->n6; i++)
		assert_int_equal(world.geo->v6[i].start_hi >> 32, 0x20010db8);
	world_clear(&world);
}

static void pseudo_codes_are_unknown_and_counted(void **state)
{
	const struct rg_geo_database *database;
	struct world world;

	(void)state;
	given(&world, CORPUS("nested"), false);
	then_region(&world, "198.51.100.1", "unknown");
	then_region(&world, "198.51.100.64", "unknown");
	database = &world.geo->databases[0];
	assert_int_equal(database->n_pseudo, 2);
	assert_string_equal(database->pseudo[0].code, "EU");
	assert_int_equal(database->pseudo[0].networks, 2); /* /26 and /25 around the ?? */
	assert_string_equal(database->pseudo[1].code, "??");
	assert_int_equal(database->pseudo[1].networks, 1);
	assert_int_equal(database->unknown, 4);            /* and 203.0.113.0/25 */
	assert_string_equal(database->type, "Test");
	assert_string_equal(database->attribution, "documentation networks");
	assert_true(database->build_epoch > 1600000000);
	world_clear(&world);
}

static void registered_country_is_read_only_when_asked_for(void **state)
{
	struct world world;

	(void)state;
	given(&world, CORPUS("nested"), true);
	then_region(&world, "203.0.113.1", "FR");
	then_region(&world, "192.0.2.1", "DE"); /* registered in US, and it has a country */
	world_clear(&world);
}

static void flat_shapes_are_read(void **state)
{
	struct world world;

	(void)state;
	given(&world, CORPUS("flat-code"), false);
	then_region(&world, "192.0.2.1", "DE");
	then_region(&world, "2001:db8::", "TD");
	then_region(&world, "2001:db9::", "unknown"); /* country is a name: Mali, not ML */
	world_clear(&world);
	given(&world, CORPUS("flat-country"), false);
	then_region(&world, "192.0.2.1", "CN");
	then_region(&world, "198.51.100.1", "unknown"); /* an empty text */
	then_region(&world, "2001:db8::", "HK");
	world_clear(&world);
}

static void subdivisions_are_read(void **state)
{
	struct world world;

	(void)state;
	given(&world, CORPUS("city"), false);
	then_region(&world, "192.0.2.1", "US-CA");
	then_region(&world, "192.0.2.129", "GB-ENG");
	then_region(&world, "198.51.100.1", "US");
	then_region(&world, "203.0.113.1", "FR-75");
	world_clear(&world);
}

static void trees_of_every_form_are_walked(void **state)
{
	struct world world;

	(void)state;
	given(&world, CORPUS("ipv4"), false);
	then_region(&world, "192.0.2.1", "DE");
	then_region(&world, "203.0.113.255", "US");
	then_region(&world, "2001:db8::", "unknown");
	then_region(&world, "2002:c000:0201::", "DE");
	world_clear(&world);
	given(&world, CORPUS("no-ipv4-tree"), false); /* one record holds all of IPv4 */
	then_region(&world, "0.0.0.0", "SE");
	then_region(&world, "255.255.255.255", "SE");
	then_region(&world, "2001:db8::", "DE");
	world_clear(&world);
	given(&world, CORPUS("whole"), false);
	then_region(&world, "192.0.2.1", "SE");
	then_region(&world, "::", "SE");
	then_region(&world, "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "SE");
	then_region(&world, "8000::", "NO");
	then_region(&world, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "NO");
	world_clear(&world);
}

static void databases_without_countries_are_refused(void **state)
{
	(void)state;
	then_refused(CORPUS("asn"), -EINVAL, "no country data (its type is 'Test')");
	then_refused(CORPUS("not-texts"), -EINVAL, "no country data");
}

static void files_that_are_no_database_are_refused(void **state)
{
	char directory[] = "/tmp/rg-mmdb-XXXXXX", path[64];
	FILE *f;

	(void)state;
	then_refused("/nonexistent/x.mmdb", -ENOENT, "No such file");
	then_refused("/dev/null", -EINVAL, "not a regular file");
	assert_non_null(mkdtemp(directory));
	then_refused(directory, -EINVAL, "not a regular file");
	snprintf(path, sizeof(path), "%s/x", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	then_refused(path, -EINVAL, "not a regular file");
	unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	then_refused(path, -EINVAL, "it is empty");
	assert_int_equal(truncate(path, (2ll << 30) + 1), 0);
	then_refused(path, -EINVAL, "larger than 2 GiB");
	assert_int_equal(truncate(path, 4096), 0);
	then_refused(path, -EINVAL, "no MaxMind DB file");
	unlink(path);
	rmdir(directory);
}

struct bytes {
	unsigned char *data;
	size_t n;
};

static struct bytes bytes_of(const char *path)
{
	struct bytes bytes = { malloc(1 << 16), 0 };
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	assert_non_null(bytes.data);
	bytes.n = fread(bytes.data, 1, 1 << 16, f);
	fclose(f);
	return bytes;
}

/* Load a database from memory. */
static int load_bytes(const unsigned char *data, size_t n, struct rg_err *err)
{
	int fd = memfd_create("test", MFD_CLOEXEC), r;
	char path[32], *database = path;
	const struct rg_geo_inputs inputs = { .databases = (const char *const *)&database,
					      .n_databases = 1 };
	struct rg_classes *classes = rg_classes_new();
	struct rg_geo *geo = NULL;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, n), (ssize_t)n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = rg_geo_load(&inputs, classes, &geo, err);
	assert_true(r ? !geo : geo != NULL);
	rg_geo_free(geo);
	rg_classes_free(classes);
	close(fd);
	return r;
}

static void every_truncation_is_refused(void **state)
{
	static const char *const paths[] = { CORPUS("nested"), CORPUS("flat-country"), CORPUS("ipv4") };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct bytes bytes = bytes_of(paths[i]);

		for (size_t n = 0; n < bytes.n; n++) {
			struct rg_err err = { 0 };

			if (!load_bytes(bytes.data, n, &err))
				fail_msg("%s cut to %zu bytes is accepted", paths[i], n);
			assert_string_not_equal(err.detail, "");
		}
		assert_int_equal(load_bytes(bytes.data, bytes.n, NULL), 0);
		free(bytes.data);
	}
}

/* Any verdict is right, as long as there is one and it has a reason. */
static void any_damaged_byte_ends_in_a_table_or_a_sentence(void **state)
{
	static const unsigned char values[] = { 0x00, 0xff, 0x20, 0x80 };
	struct bytes bytes = bytes_of(CORPUS("nested"));
	size_t refused = 0;

	(void)state;
	for (size_t i = 0; i < bytes.n; i++) {
		unsigned char kept = bytes.data[i];

		for (size_t v = 0; v < sizeof(values); v++) {
			struct rg_err err = { 0 };

			bytes.data[i] = values[v];
			if (load_bytes(bytes.data, bytes.n, &err)) {
				refused++;
				assert_string_not_equal(err.detail, "");
			}
		}
		bytes.data[i] = kept;
	}
	assert_true(refused > bytes.n / 8);
	free(bytes.data);
}

/* Set the left or right record of a node in a tree of 24-bit records. */
static void set_record(struct bytes *bytes, unsigned int node, int right, unsigned int to)
{
	unsigned char *p = bytes->data + 6 * node + 3 * right;

	p[0] = (unsigned char)(to >> 16);
	p[1] = (unsigned char)(to >> 8);
	p[2] = (unsigned char)to;
}

static void cyclic_trees_are_refused(void **state)
{
	struct bytes bytes = bytes_of(CORPUS("ipv4"));
	struct rg_err err = { 0 };

	(void)state;
	set_record(&bytes, 1, 0, 1);
	assert_int_equal(load_bytes(bytes.data, bytes.n, &err), -EINVAL);
	if (!strstr(err.detail, "deeper than an address"))
		fail_msg("%s", err.detail);
	free(bytes.data);
}

static void trees_that_share_nodes_without_end_are_refused(void **state)
{
	struct bytes bytes = bytes_of(CORPUS("nested"));
	struct rg_err err = { 0 };

	(void)state;
	/* both children of every node on the way down are the next node: 2^64 paths */
	for (unsigned int node = 0; node < 64; node++)
		for (int right = 0; right < 2; right++)
			set_record(&bytes, node, right, node + 1);
	assert_int_equal(load_bytes(bytes.data, bytes.n, &err), -EINVAL);
	assert_non_null(strstr(err.detail, "repeats itself"));
	free(bytes.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nested_countries_are_read),
		cmocka_unit_test(prefixes_longer_than_64_are_kept),
		cmocka_unit_test(aliases_of_ipv4_are_looked_up_but_not_stored),
		cmocka_unit_test(pseudo_codes_are_unknown_and_counted),
		cmocka_unit_test(registered_country_is_read_only_when_asked_for),
		cmocka_unit_test(flat_shapes_are_read),
		cmocka_unit_test(subdivisions_are_read),
		cmocka_unit_test(trees_of_every_form_are_walked),
		cmocka_unit_test(databases_without_countries_are_refused),
		cmocka_unit_test(files_that_are_no_database_are_refused),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(any_damaged_byte_ends_in_a_table_or_a_sentence),
		cmocka_unit_test(cyclic_trees_are_refused),
		cmocka_unit_test(trees_that_share_nodes_without_end_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
