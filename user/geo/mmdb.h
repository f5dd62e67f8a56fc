/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One MaxMind DB file -> marks of both families. The only user of libmaxminddb.
 *
 * The search tree is walked node by node; a record that many networks share is
 * decoded once. The aliases of the IPv4 tree inside the IPv6 tree are not
 * followed. Shapes of a country: country.iso_code; country_code; country, if it
 * is a code and not a name. Of a subdivision: subdivisions[0].iso_code;
 * region_code.
 */
#ifndef RG_MMDB_H
#define RG_MMDB_H

#include "geo/labels.h"
#include "geo/ranges.h"

struct rg_mmdb_request {
	const char *path;
	bool registered_country; /* read registered_country.iso_code where country is absent */
	uint32_t tag;            /* put into every mark that has a label */
	struct rg_labels *labels;
};

/** Read a database. Marks hold tag | label where the country is known, else 0. The file is
 *  copied to sealed memory first, so that nobody can change it under the reader. -ENOENT,
 *  -ENOMEM, -ENOSPC (too many labels), -EINVAL (one sentence with the file and the cause).
 *  On success the caller owns the marks and @ret_info (rg_mmdb_info_clear); untouched on failure. */
int rg_mmdb_read(const struct rg_mmdb_request *request, struct rg_marks *ret_v4,
		 struct rg_marks *ret_v6, struct rg_geo_database *ret_info, struct rg_err *err);
void rg_mmdb_info_clear(struct rg_geo_database *info);

#endif
