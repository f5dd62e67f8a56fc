/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* GeoIP: databases and custom regions -> disjoint ranges of region ids. Pure apart
 * from reading the database files.
 *
 *   sealed.c   a private copy of a file that nobody can truncate
 *   mmdb.c     walks one MMDB's search tree   (the only includer of maxminddb.h)
 *   labels.c   the places that databases name, numbered for the time of a load
 *   ranges.c   marks: a family's address space as runs of equal value; overlays
 *   customs.c  custom regions -> marks of the sets of them
 *   geo.c      databases in order, then custom regions -> struct rg_geo
 *   table.c    ranges -> nodes and range entries of the BPF maps
 */
#ifndef RG_GEO_H
#define RG_GEO_H

#include <stdint.h>
#include "base/err.h"
#include "base/ip.h"
#include "base/sha256.h"
#include "geo/regions.h"

/* A range [start, end] (both included, host order) of one region id. Ranges of
 * one family are sorted, disjoint, and adjacent ones of the same id are merged.
 * Addresses in no range are region 0. */
struct rg_range4 { uint32_t start, end; uint16_t region; };
struct rg_range6 { uint64_t start_hi, start_lo, end_hi, end_lo; uint16_t region; };

/* One custom region: networks, and optionally the country in which they are
 * placed (for documentation, private and mislocated networks). */
struct rg_custom_region {
	char name[RG_CUSTOM_NAME_MAX + 1];
	char country[3]; /* "" or a normalised code that overrides the databases' */
	struct rg_net *networks;
	size_t n_networks;
};

struct rg_geo_inputs {
	const char *const *databases; /* paths; a later one overrides the earlier ones where it has data */
	size_t n_databases;
	bool registered_country;      /* fall back to registered_country where country is absent */
	const struct rg_custom_region *customs;
	size_t n_customs;
};

struct rg_geo_database {       /* what one database file gave */
	char *path;
	char *type;            /* metadata.database_type */
	char *attribution;     /* metadata.description.en, which carries the vendor's terms */
	uint64_t build_epoch;  /* seconds */
	unsigned char sha256[RG_SHA256_SIZE]; /* of the file */
	uint64_t networks;     /* leaves with data */
	uint64_t unknown;      /* leaves without a usable country code */
	struct { char code[9]; uint64_t networks; } pseudo[32]; /* codes that became unknown */
	size_t n_pseudo;
	uint64_t pseudo_other; /* networks of pseudo codes beyond 32 */
};

/* Where the databases place addresses of a class that custom regions have a part in: a custom region
 * may say another country, and the territory of an order goes by the databases where they know one. */
struct rg_geo_origin {
	uint16_t region;
	char country[3];       /* "": no database knows one */
	char subdivision[8];
};

struct rg_geo {
	struct rg_range4 *v4;
	size_t n4;
	struct rg_range6 *v6;
	size_t n6;
	struct rg_geo_database *databases;
	size_t n_databases;
	struct rg_geo_origin *origins; /* sorted by region; may repeat */
	size_t n_origins;
	uint64_t load_ns;      /* wall time of rg_geo_load */
	void *private;         /* which database placed an address, for rg_geo_lookup */
};

/** Read every database and lay the custom regions over them. New classes are interned into
 *  @classes (they stay there also on failure; that is harmless). A record without a usable
 *  country is no data: an earlier database's answer stays. Files are copied to private
 *  memory first: a file that is overwritten or truncated meanwhile can not kill the process.
 *  No databases at all is fine (custom regions only). A file that is missing, malformed,
 *  hostile (cycles, depth, counts) or has no country data is refused with one sentence that
 *  names it. -EINVAL/-ENOENT/-ENOMEM/-ENOSPC; nothing to free on failure. */
int rg_geo_load(const struct rg_geo_inputs *inputs, struct rg_classes *classes,
		struct rg_geo **ret, struct rg_err *err);
void rg_geo_free(struct rg_geo *geo);

struct rg_geo_answer {
	uint16_t region;
	struct rg_net network;     /* the longest network around the address with one answer */
	int database;              /* index into geo->databases, -1: none (custom region or unknown) */
};
/** What the table says about an address (embedded IPv4 addresses as in rg_addr_embedded_v4). */
void rg_geo_lookup(const struct rg_geo *geo, const struct rg_addr *addr, struct rg_geo_answer *ret);

/* The compiled table, laid out as in rg_abi.h ("rg_geo"). */
struct rg_geo_table {
	uint32_t *nodes;          /* n_nodes, a multiple of RG_GEO_NODES_PER_BLOCK; roots first */
	size_t n_nodes;
	uint64_t *ranges;
	size_t n_ranges;
	struct rg_geo_split *splits;
	size_t n_splits;
	struct rg_geo_low *lows;
	size_t n_lows;
	uint64_t build_ns;
};

/** Compile. Deterministic. -E2BIG with RG_ERR_FULL if a bound of rg_limits.h (depth, steps,
 *  splits, lows, 2^24 nodes or ranges) can not be kept; -ENOMEM. */
int rg_geo_table_build(const struct rg_geo *geo, struct rg_geo_table **ret, struct rg_err *err);
void rg_geo_table_free(struct rg_geo_table *table);

#endif
