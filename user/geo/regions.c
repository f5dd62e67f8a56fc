/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "geo/regions.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"

/* ISO 3166-1, sorted, with XK. Continents as in GeoNames, which the databases'
 * vendors use. EU: the member states and the parts of their territory that have a
 * code of their own and belong to the Union (Treaty on the Functioning of the EU,
 * articles 349 and 355: AX GF GP MF MQ RE YT); EEA: these and IS, LI, NO. */
#define EU 1
#define EEA 2
static const struct {
	char code[3];
	char continent[3];
	unsigned char groups;
} countries[] = {
	{ "AD", "EU", 0 }, { "AE", "AS", 0 }, { "AF", "AS", 0 }, { "AG", "NA", 0 },
	{ "AI", "NA", 0 }, { "AL", "EU", 0 }, { "AM", "AS", 0 }, { "AO", "AF", 0 },
	{ "AQ", "AN", 0 }, { "AR", "SA", 0 }, { "AS", "OC", 0 }, { "AT", "EU", EU },
	{ "AU", "OC", 0 }, { "AW", "NA", 0 }, { "AX", "EU", EU }, { "AZ", "AS", 0 },
	{ "BA", "EU", 0 }, { "BB", "NA", 0 }, { "BD", "AS", 0 }, { "BE", "EU", EU },
	{ "BF", "AF", 0 }, { "BG", "EU", EU }, { "BH", "AS", 0 }, { "BI", "AF", 0 },
	{ "BJ", "AF", 0 }, { "BL", "NA", 0 }, { "BM", "NA", 0 }, { "BN", "AS", 0 },
	{ "BO", "SA", 0 }, { "BQ", "NA", 0 }, { "BR", "SA", 0 }, { "BS", "NA", 0 },
	{ "BT", "AS", 0 }, { "BV", "AN", 0 }, { "BW", "AF", 0 }, { "BY", "EU", 0 },
	{ "BZ", "NA", 0 }, { "CA", "NA", 0 }, { "CC", "AS", 0 }, { "CD", "AF", 0 },
	{ "CF", "AF", 0 }, { "CG", "AF", 0 }, { "CH", "EU", 0 }, { "CI", "AF", 0 },
	{ "CK", "OC", 0 }, { "CL", "SA", 0 }, { "CM", "AF", 0 }, { "CN", "AS", 0 },
	{ "CO", "SA", 0 }, { "CR", "NA", 0 }, { "CU", "NA", 0 }, { "CV", "AF", 0 },
	{ "CW", "NA", 0 }, { "CX", "OC", 0 }, { "CY", "EU", EU }, { "CZ", "EU", EU },
	{ "DE", "EU", EU }, { "DJ", "AF", 0 }, { "DK", "EU", EU }, { "DM", "NA", 0 },
	{ "DO", "NA", 0 }, { "DZ", "AF", 0 }, { "EC", "SA", 0 }, { "EE", "EU", EU },
	{ "EG", "AF", 0 }, { "EH", "AF", 0 }, { "ER", "AF", 0 }, { "ES", "EU", EU },
	{ "ET", "AF", 0 }, { "FI", "EU", EU }, { "FJ", "OC", 0 }, { "FK", "SA", 0 },
	{ "FM", "OC", 0 }, { "FO", "EU", 0 }, { "FR", "EU", EU }, { "GA", "AF", 0 },
	{ "GB", "EU", 0 }, { "GD", "NA", 0 }, { "GE", "AS", 0 }, { "GF", "SA", EU },
	{ "GG", "EU", 0 }, { "GH", "AF", 0 }, { "GI", "EU", 0 }, { "GL", "NA", 0 },
	{ "GM", "AF", 0 }, { "GN", "AF", 0 }, { "GP", "NA", EU }, { "GQ", "AF", 0 },
	{ "GR", "EU", EU }, { "GS", "AN", 0 }, { "GT", "NA", 0 }, { "GU", "OC", 0 },
	{ "GW", "AF", 0 }, { "GY", "SA", 0 }, { "HK", "AS", 0 }, { "HM", "AN", 0 },
	{ "HN", "NA", 0 }, { "HR", "EU", EU }, { "HT", "NA", 0 }, { "HU", "EU", EU },
	{ "ID", "AS", 0 }, { "IE", "EU", EU }, { "IL", "AS", 0 }, { "IM", "EU", 0 },
	{ "IN", "AS", 0 }, { "IO", "AS", 0 }, { "IQ", "AS", 0 }, { "IR", "AS", 0 },
	{ "IS", "EU", EEA }, { "IT", "EU", EU }, { "JE", "EU", 0 }, { "JM", "NA", 0 },
	{ "JO", "AS", 0 }, { "JP", "AS", 0 }, { "KE", "AF", 0 }, { "KG", "AS", 0 },
	{ "KH", "AS", 0 }, { "KI", "OC", 0 }, { "KM", "AF", 0 }, { "KN", "NA", 0 },
	{ "KP", "AS", 0 }, { "KR", "AS", 0 }, { "KW", "AS", 0 }, { "KY", "NA", 0 },
	{ "KZ", "AS", 0 }, { "LA", "AS", 0 }, { "LB", "AS", 0 }, { "LC", "NA", 0 },
	{ "LI", "EU", EEA }, { "LK", "AS", 0 }, { "LR", "AF", 0 }, { "LS", "AF", 0 },
	{ "LT", "EU", EU }, { "LU", "EU", EU }, { "LV", "EU", EU }, { "LY", "AF", 0 },
	{ "MA", "AF", 0 }, { "MC", "EU", 0 }, { "MD", "EU", 0 }, { "ME", "EU", 0 },
	{ "MF", "NA", EU }, { "MG", "AF", 0 }, { "MH", "OC", 0 }, { "MK", "EU", 0 },
	{ "ML", "AF", 0 }, { "MM", "AS", 0 }, { "MN", "AS", 0 }, { "MO", "AS", 0 },
	{ "MP", "OC", 0 }, { "MQ", "NA", EU }, { "MR", "AF", 0 }, { "MS", "NA", 0 },
	{ "MT", "EU", EU }, { "MU", "AF", 0 }, { "MV", "AS", 0 }, { "MW", "AF", 0 },
	{ "MX", "NA", 0 }, { "MY", "AS", 0 }, { "MZ", "AF", 0 }, { "NA", "AF", 0 },
	{ "NC", "OC", 0 }, { "NE", "AF", 0 }, { "NF", "OC", 0 }, { "NG", "AF", 0 },
	{ "NI", "NA", 0 }, { "NL", "EU", EU }, { "NO", "EU", EEA }, { "NP", "AS", 0 },
	{ "NR", "OC", 0 }, { "NU", "OC", 0 }, { "NZ", "OC", 0 }, { "OM", "AS", 0 },
	{ "PA", "NA", 0 }, { "PE", "SA", 0 }, { "PF", "OC", 0 }, { "PG", "OC", 0 },
	{ "PH", "AS", 0 }, { "PK", "AS", 0 }, { "PL", "EU", EU }, { "PM", "NA", 0 },
	{ "PN", "OC", 0 }, { "PR", "NA", 0 }, { "PS", "AS", 0 }, { "PT", "EU", EU },
	{ "PW", "OC", 0 }, { "PY", "SA", 0 }, { "QA", "AS", 0 }, { "RE", "AF", EU },
	{ "RO", "EU", EU }, { "RS", "EU", 0 }, { "RU", "EU", 0 }, { "RW", "AF", 0 },
	{ "SA", "AS", 0 }, { "SB", "OC", 0 }, { "SC", "AF", 0 }, { "SD", "AF", 0 },
	{ "SE", "EU", EU }, { "SG", "AS", 0 }, { "SH", "AF", 0 }, { "SI", "EU", EU },
	{ "SJ", "EU", 0 }, { "SK", "EU", EU }, { "SL", "AF", 0 }, { "SM", "EU", 0 },
	{ "SN", "AF", 0 }, { "SO", "AF", 0 }, { "SR", "SA", 0 }, { "SS", "AF", 0 },
	{ "ST", "AF", 0 }, { "SV", "NA", 0 }, { "SX", "NA", 0 }, { "SY", "AS", 0 },
	{ "SZ", "AF", 0 }, { "TC", "NA", 0 }, { "TD", "AF", 0 }, { "TF", "AN", 0 },
	{ "TG", "AF", 0 }, { "TH", "AS", 0 }, { "TJ", "AS", 0 }, { "TK", "OC", 0 },
	{ "TL", "OC", 0 }, { "TM", "AS", 0 }, { "TN", "AF", 0 }, { "TO", "OC", 0 },
	{ "TR", "AS", 0 }, { "TT", "NA", 0 }, { "TV", "OC", 0 }, { "TW", "AS", 0 },
	{ "TZ", "AF", 0 }, { "UA", "EU", 0 }, { "UG", "AF", 0 }, { "UM", "OC", 0 },
	{ "US", "NA", 0 }, { "UY", "SA", 0 }, { "UZ", "AS", 0 }, { "VA", "EU", 0 },
	{ "VC", "NA", 0 }, { "VE", "SA", 0 }, { "VG", "NA", 0 }, { "VI", "NA", 0 },
	{ "VN", "AS", 0 }, { "VU", "OC", 0 }, { "WF", "OC", 0 }, { "WS", "OC", 0 },
	{ "XK", "EU", 0 }, { "YE", "AS", 0 }, { "YT", "AF", EU }, { "ZA", "AF", 0 },
	{ "ZM", "AF", 0 }, { "ZW", "AF", 0 },
};
_Static_assert(ARRAY_SIZE(countries) == 249 + 1, "ISO 3166-1 has 249 countries; and XK");

static const char *const continents[] = { "AF", "AN", "AS", "EU", "NA", "OC", "SA" };

static int country_cmp(const void *code, const void *entry)
{
	return memcmp(code, entry, 2);
}

/* Index into countries[], -1 if there is none. */
static int country_find(const char *code)
{
	const char *entry;

	if (!code[0] || !code[1])
		return -1;
	entry = bsearch(code, countries, ARRAY_SIZE(countries), sizeof(countries[0]), country_cmp);
	return entry ? (int)((entry - (const char *)countries) / (ptrdiff_t)sizeof(countries[0])) : -1;
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool rg_country_normalise(const char *text, size_t length, char ret_code[3])
{
	char code[3] = "";

	if (length != 2)
		return false;
	code[0] = upper(text[0]);
	code[1] = upper(text[1]);
	if (!memcmp(code, "UK", 2))
		memcpy(code, "GB", 2);
	else if (!memcmp(code, "EL", 2))
		memcpy(code, "GR", 2);
	if (country_find(code) < 0)
		return false;
	memcpy(ret_code, code, 3);
	return true;
}

const char *rg_country_continent(const char code[3])
{
	int i = country_find(code);

	return i < 0 ? NULL : countries[i].continent;
}

bool rg_country_in_eu(const char code[3])
{
	int i = country_find(code);

	return i >= 0 && countries[i].groups == EU;
}

bool rg_country_in_eea(const char code[3])
{
	int i = country_find(code);

	return i >= 0 && countries[i].groups;
}

const char *rg_country_at(size_t i)
{
	return i < ARRAY_SIZE(countries) ? countries[i].code : NULL;
}

bool rg_custom_name_ok(const char *name)
{
	size_t n = strlen(name);

	if (n < 1 || n > RG_CUSTOM_NAME_MAX)
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("._-", *name))
			return false;
	return true;
}

/* "US-CA" in any case -> "US-CA"; the part is one to three letters or digits. */
static bool subdivision_normalise(const char *text, char ret[8])
{
	size_t n = strlen(text);
	char country[3];

	if (n < 4 || n > 6 || text[2] != '-' || !rg_country_normalise(text, 2, country))
		return false;
	for (size_t i = 3; i < n; i++)
		if (!isalnum((unsigned char)text[i]))
			return false;
	snprintf(ret, 8, "%s-%s", country, text + 3);
	for (char *p = ret; *p; p++)
		*p = upper(*p);
	return true;
}

static bool continent_normalise(const char *text, char ret[3])
{
	if (strlen(text) != 2)
		return false;
	ret[0] = upper(text[0]);
	ret[1] = upper(text[1]);
	ret[2] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(continents); i++)
		if (!strcmp(continents[i], ret))
			return true;
	return false;
}

int rg_region_spec_parse(const char *text, struct rg_region_spec *ret, struct rg_err *err)
{
	struct rg_region_spec spec = { 0 };

	if (!strcmp(text, "unknown")) {
		spec.kind = RG_REGION_UNKNOWN;
	} else if (!strcasecmp(text, "EU") || !strcasecmp(text, "EEA")) {
		spec.kind = RG_REGION_GROUP;
		strcpy(spec.name, text[2] ? "EEA" : "EU");
	} else if (rg_country_normalise(text, strlen(text), spec.name)) {
		spec.kind = RG_REGION_COUNTRY;
	} else if (subdivision_normalise(text, spec.name)) {
		spec.kind = RG_REGION_SUBDIVISION;
	} else if (!strncmp(text, "continent:", 10) && continent_normalise(text + 10, spec.name)) {
		spec.kind = RG_REGION_CONTINENT;
	} else if (!strncmp(text, "custom:", 7) && rg_custom_name_ok(text + 7)) {
		spec.kind = RG_REGION_CUSTOM;
		strcpy(spec.name, text + 7);
	} else {
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, NULL,
				  "unknown region '%.64s'; a region is a country (CN), a subdivision (US-CA), "
				  "continent:AS, EU, EEA, custom:NAME or unknown", text);
	}
	*ret = spec;
	return 0;
}

_Static_assert(sizeof("continent:") + RG_CUSTOM_NAME_MAX < 64, "a text fits");

/* Called for every region of every rule: without printf. */
const char *rg_region_spec_format(const struct rg_region_spec *spec, char buf[64])
{
	const char *prefix = spec->kind == RG_REGION_CONTINENT ? "continent:" :
			     spec->kind == RG_REGION_CUSTOM    ? "custom:" : "";

	strcpy(stpcpy(buf, prefix), spec->kind == RG_REGION_UNKNOWN ? "unknown" : spec->name);
	return buf;
}

static bool has_custom(const struct rg_class *class, const char *name)
{
	for (size_t i = 0; i < class->n_customs; i++)
		if (!strcmp(class->customs[i], name))
			return true;
	return false;
}

bool rg_region_matches(const struct rg_region_spec *spec, const struct rg_class *class)
{
	const char *continent;

	switch (spec->kind) {
	case RG_REGION_COUNTRY:
		return !strcmp(spec->name, class->country);
	case RG_REGION_SUBDIVISION:
		return !strcmp(spec->name, class->subdivision);
	case RG_REGION_CONTINENT:
		continent = rg_country_continent(class->country);
		return continent && !strcmp(spec->name, continent);
	case RG_REGION_GROUP:
		return spec->name[2] ? rg_country_in_eea(class->country) :
				       rg_country_in_eu(class->country);
	case RG_REGION_CUSTOM:
		return has_custom(class, spec->name);
	case RG_REGION_UNKNOWN:
		return !class->country[0];
	}
	return false;
}
