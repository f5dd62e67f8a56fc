/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any bytes as a GeoIP database: a table or one sentence, never a crash or a hang. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "geo/geo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libmaxminddb 1.7 leaks a few KiB when MMDB_open() fails on damaged metadata. A database
 * that we fail to close is seen by test_mmdb, which suppresses nothing. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libmaxminddb.so\n";
}

static void load(const char *path)
{
	const struct rg_geo_inputs inputs = { .databases = &path, .n_databases = 1,
					      .registered_country = true };
	struct rg_classes *classes = rg_classes_new();
	struct rg_geo_table *table = NULL;
	struct rg_geo *geo = NULL;
	struct rg_err err = { 0 };

	if (!classes)
		abort();
	if (rg_geo_load(&inputs, classes, &geo, &err)) {
		if (!err.detail[0] || geo)
			abort();
	} else if (rg_geo_table_build(geo, &table, &err) && (err.code != RG_ERR_FULL || table)) {
		abort();
	}
	rg_geo_table_free(table);
	rg_geo_free(geo);
	rg_classes_free(classes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char path[32];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	load(path);
	close(fd);
	return 0;
}
