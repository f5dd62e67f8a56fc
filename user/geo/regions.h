/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Region codes, and region classes: one small stable id per combination. Pure.
 *
 * An address is in one country (or none known), maybe in one of its
 * subdivisions, and in any number of custom regions. Each combination that
 * occurs is a class; its index in the registry is the region id that the packet
 * path works with. Id 0 is the class of addresses about which nothing is known.
 * Continent and group (EU, EEA) follow from the country by a table here.
 */
#ifndef RG_REGIONS_H
#define RG_REGIONS_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "rg_limits.h"

/** Normalise a country code of a database: upper case, UK -> GB, EL -> GR.
 *  Writes two letters and NUL. False for pseudo-codes (EU, AP, A1, A2, O1, ZZ, XX,
 *  ??, former countries AN CS SU YU ...) and everything not in ISO 3166-1 (XK, Kosovo,
 *  is accepted: the vendors use it). */
bool rg_country_normalise(const char *text, size_t length, char ret_code[3]);

/** "AF AN AS EU NA OC SA" by ISO 3166-1 code; NULL if there is no such country. */
const char *rg_country_continent(const char code[3]);
bool rg_country_in_eu(const char code[3]);
bool rg_country_in_eea(const char code[3]); /* EU + IS LI NO */
/** The i-th country's code, sorted; NULL past the end. For the catalogue. */
const char *rg_country_at(size_t i);

/* What a rule may name (DESIGN section 1). */
enum rg_region_kind {
	RG_REGION_COUNTRY,     /* "CN" */
	RG_REGION_SUBDIVISION, /* "US-CA" */
	RG_REGION_CONTINENT,   /* "continent:AS" */
	RG_REGION_GROUP,       /* "EU", "EEA" */
	RG_REGION_CUSTOM,      /* "custom:partners" */
	RG_REGION_UNKNOWN,     /* "unknown": no country known */
};
#define RG_CUSTOM_NAME_MAX 32
struct rg_region_spec {
	enum rg_region_kind kind;
	char name[RG_CUSTOM_NAME_MAX + 1]; /* without its prefix; country codes normalised */
};

/** Parse what a rule names. -EINVAL with RG_ERR_INVALID if it is none of them ("unknown
 *  region 'XX'; ..."). Does not know which custom regions exist. "UK" parses as "GB". */
int rg_region_spec_parse(const char *text, struct rg_region_spec *ret, struct rg_err *err);
/** "CN", "continent:AS", "custom:partners"; static buffer-free: writes to buf, returns it. */
const char *rg_region_spec_format(const struct rg_region_spec *spec, char buf[64]);
/** True for 1 to 32 of A-Z a-z 0-9 . _ - */
bool rg_custom_name_ok(const char *name);

struct rg_class {
	char *key;            /* "US-CA+partners+staff"; "unknown"; stable, stored */
	char *label;          /* for answers: "US-CA", "CN", "custom:partners", "unknown"; several
			       * classes may share one */
	char country[3];      /* "" if none is known */
	char subdivision[8];  /* "US-CA" or "" */
	char **customs;       /* sorted names */
	size_t n_customs;
};
struct rg_classes; /* the registry: grows, never renumbers */

/** A registry with the class "unknown" at id 0. NULL if memory is out. */
struct rg_classes *rg_classes_new(void);
void rg_classes_free(struct rg_classes *classes);
size_t rg_classes_count(const struct rg_classes *classes);
const struct rg_class *rg_classes_get(const struct rg_classes *classes, unsigned int id);
/** At most so many from now on (RG_REGIONS_MAX at first): as the loaded maps have room for. */
void rg_classes_limit(struct rg_classes *classes, size_t most);
size_t rg_classes_most(const struct rg_classes *classes);
/** The id of a class, added if new. @country "" or a normalised code, @subdivision "" or
 *  "US-CA", @customs sorted. Returns the id, or -ENOSPC (see rg_classes_limit()), -ENOMEM. */
int rg_classes_intern(struct rg_classes *classes, const char *country, const char *subdivision,
		      const char *const *customs, size_t n_customs);
/** Put a stored class back under its number (ids arrive in order). -EINVAL if key or id is off. */
int rg_classes_restore(struct rg_classes *classes, unsigned int id, const char *key);

/** Does a class lie inside what a rule names? */
bool rg_region_matches(const struct rg_region_spec *spec, const struct rg_class *class);

#endif
