/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "engine/engine_private.h"
#include "policy/json_util.h"

#define SHRINK_FACTOR 2 /* a reload may lose at most half of the ranges */
#define TABLE_MAX (1u << 24)

void geo_build_clear(struct geo_build *build)
{
	rg_geo_free(build->geo);
	rg_geo_table_free(build->table);
	memset(build, 0, sizeof(*build));
}

/* FNV-1a by 64-bit words. Tells an equal table from another one; guards nothing. */
static uint64_t hash_array(uint64_t hash, const void *array, size_t bytes)
{
	const char *p = array;
	uint64_t word;

	for (; bytes >= sizeof(word); bytes -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		hash = (hash ^ word) * 0x100000001b3ull;
	}
	for (; bytes; bytes--)
		hash = (hash ^ (unsigned char)*p++) * 0x100000001b3ull;
	return hash;
}

static uint64_t table_hash(const struct rg_geo_table *table)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	hash = hash_array(hash, table->nodes, table->n_nodes * sizeof(*table->nodes));
	hash = hash_array(hash, table->ranges, table->n_ranges * sizeof(*table->ranges));
	hash = hash_array(hash, table->splits, table->n_splits * sizeof(*table->splits));
	return hash_array(hash, table->lows, table->n_lows * sizeof(*table->lows));
}

static int check_capacity(const struct rg_engine *engine, const struct rg_geo_table *table,
			  struct rg_err *err)
{
	if (!engine->dp || (table->n_nodes <= engine->geo_nodes && table->n_ranges <= engine->geo_ranges))
		return 0;
	return rg_err_set(err, -E2BIG, RG_ERR_FULL, NULL,
			  "the table has %zu nodes and %zu ranges, the loaded maps have room for %u and %u; "
			  "a restart makes room", table->n_nodes, table->n_ranges,
			  engine->geo_nodes, engine->geo_ranges);
}

int geo_prepare(struct rg_engine *engine, struct geo_build *ret, struct rg_err *err)
{
	const struct model *model = &engine->model;
	_cleanup_(rg_freep) struct rg_custom_region *customs =
		calloc(model->n_customs + 1, sizeof(*customs));
	_cleanup_(geo_build_clear) struct geo_build build = { 0 };
	struct rg_geo_inputs inputs = {
		.databases = (const char *const *)engine->databases,
		.n_databases = engine->n_databases,
		.registered_country = engine->registered_country,
		.customs = customs,
		.n_customs = model->n_customs,
	};
	int r;

	if (!customs)
		return engine_no_memory(err);
	for (size_t i = 0; i < model->n_customs; i++)
		customs[i] = model->customs[i].region; /* borrowed */
	r = rg_geo_load(&inputs, engine->classes, &build.geo, err);
	if (!r)
		r = rg_geo_table_build(build.geo, &build.table, err);
	if (!r)
		r = check_capacity(engine, build.table, err);
	if (r)
		return r;
	build.hash = table_hash(build.table);
	*ret = build;
	memset(&build, 0, sizeof(build)); /* moved */
	return 0;
}

/* rg_geo_load() leaves new classes in the registry also when it fails, or when what it built is then
 * refused. Kept, they would be stored by the next change, and take the room of others for good. */
void geo_classes_undo(struct rg_engine *engine)
{
	size_t n = engine->classes_stored > engine->classes_compiled ? engine->classes_stored
								     : engine->classes_compiled;
	struct rg_classes *kept;

	if (rg_classes_count(engine->classes) <= n)
		return;
	kept = rg_classes_new();
	for (unsigned int id = 1; kept && id < n; id++) {
		if (!rg_classes_restore(kept, id, rg_classes_get(engine->classes, id)->key))
			continue;
		rg_classes_free(kept); /* out of memory: then they stay */
		kept = NULL;
	}
	if (!kept)
		return;
	rg_classes_limit(kept, rg_classes_most(engine->classes));
	rg_classes_free(engine->classes);
	engine->classes = kept;
	reach_reset(engine);
}

int geo_classes_undo_store(struct rg_engine *engine, struct rg_err *err)
{
	geo_classes_undo(engine); /* what was never stored */
	if (engine->classes_stored <= engine->classes_in_force)
		return 0;
	return rg_store_classes_forget(engine->store, (unsigned int)engine->classes_in_force, err);
}

void geo_classes_undo_kernel(struct rg_engine *engine)
{
	size_t n = engine->classes_in_force;

	if (rg_classes_count(engine->classes) <= n)
		return;
	engine->classes_stored = engine->classes_compiled = n;
	geo_classes_undo(engine);
	rg_dp_regions_forget(engine->dp, (unsigned int)n);
	rulings_write_policies(engine);
}

static uint32_t capacity(size_t needed, uint32_t asked, uint32_t least)
{
	uint32_t n = asked > least ? asked : least;

	while (n < TABLE_MAX && n < needed + needed / 2)
		n = n * 2 < TABLE_MAX ? n * 2 : TABLE_MAX;
	return n;
}

void geo_capacity(const struct geo_build *build, size_t n_classes, struct rg_dp_config *config)
{
	config->geo_nodes = capacity(build->table->n_nodes, config->geo_nodes, RG_GEO_NODES_MIN);
	config->geo_ranges = capacity(build->table->n_ranges, config->geo_ranges, RG_GEO_RANGES_MIN);
	if (config->max_regions < RG_REGIONS_DEFAULT)
		config->max_regions = RG_REGIONS_DEFAULT;
	while (config->max_regions < RG_REGIONS_MAX && config->max_regions < 2 * n_classes)
		config->max_regions *= 2;
}

int geo_install(struct rg_engine *engine, struct geo_build *build, struct rg_err *err)
{
	const struct rg_geo_table *table = build->table;
	struct geo_state *geo = &engine->geo;
	int ret;

	/* An equal table stays in force: no new generation, nothing to switch. */
	if (!geo->geo || build->hash != geo->hash) {
		ret = rg_dp_geo_publish(engine->dp, table, geo->generation + 1, err);
		if (ret)
			return ret;
		geo->generation++;
	}
	engine->classes_in_force = rg_classes_count(engine->classes);
	geo->table_bytes = table->n_nodes * sizeof(*table->nodes) +
			   table->n_ranges * sizeof(*table->ranges) +
			   table->n_splits * sizeof(*table->splits) +
			   table->n_lows * sizeof(*table->lows);
	geo->build_ns = table->build_ns;
	geo->hash = build->hash;
	geo->loaded_at = (time_t)rg_engine_now(engine);
	rg_geo_free(geo->geo);
	geo->geo = TAKE_PTR(build->geo);
	return 0;
}

static uint64_t networks_of(const struct rg_geo *geo)
{
	uint64_t n = 0;

	for (size_t i = 0; i < geo->n_databases; i++)
		n += geo->databases[i].networks;
	return n;
}

/* Custom regions may shrink as they like, so ranges say nothing here. */
int geo_check_networks(const struct rg_engine *engine, const struct geo_build *build, struct rg_err *err)
{
	uint64_t now = networks_of(build->geo), before = networks_of(engine->geo.geo);

	if (now >= before / SHRINK_FACTOR)
		return 0;
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, NULL,
			  "the databases have changed and hold %llu networks instead of %llu: "
			  "reload them first", (unsigned long long)now, (unsigned long long)before);
}

static int check_shrink(const struct rg_geo *before, const struct rg_geo *now, struct rg_err *err)
{
	if (now->n4 >= before->n4 / SHRINK_FACTOR && now->n6 >= before->n6 / SHRINK_FACTOR)
		return 0;
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, NULL,
			  "the new table has %zu IPv4 and %zu IPv6 ranges instead of %zu and %zu; the old one "
			  "stays in force (\"force\" accepts it)", now->n4, now->n6, before->n4, before->n6);
}

static json_t *time_json(time_t when)
{
	char text[32];
	struct tm tm;

	if (!when || !gmtime_r(&when, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return json_null();
	return json_string(text);
}

json_t *engine_text_json(const char *text)
{
	json_t *json = text ? json_string(text) : NULL; /* NULL if it is not UTF-8 */

	return json ? json : json_null();
}

static json_t *pseudo_json(const struct rg_geo_database *db)
{
	json_t *pseudo = json_object();

	for (size_t i = 0; i < db->n_pseudo; i++)
		json_object_set_new(pseudo, db->pseudo[i].code, json_integer((json_int_t)db->pseudo[i].networks));
	if (db->pseudo_other)
		json_object_set_new(pseudo, "other", json_integer((json_int_t)db->pseudo_other));
	return pseudo;
}

static json_t *database_json(const struct rg_geo_database *db)
{
	char hash[RG_SHA256_TEXT];

	return json_pack("{s:o, s:o, s:o, s:s, s:I, s:I, s:o, s:o}", "path", engine_text_json(db->path),
			 "type", engine_text_json(db->type), "build_time", time_json((time_t)db->build_epoch),
			 "sha256", rg_sha256_format(db->sha256, hash),
			 "networks", (json_int_t)db->networks, "unknown", (json_int_t)db->unknown,
			 "pseudo", pseudo_json(db), "attribution", engine_text_json(db->attribution));
}

static double ms(uint64_t ns)
{
	return (double)(ns / 1000) / 1000;
}

int rg_engine_geoip_get(struct rg_engine *engine, json_t **ret, struct rg_err *err)
{
	const struct geo_state *geo = &engine->geo;
	json_t *databases = json_array();

	for (size_t i = 0; i < geo->geo->n_databases; i++)
		json_array_append_new(databases, database_json(&geo->geo->databases[i]));
	*ret = json_pack("{s:I, s:o, s:{s:I, s:I}, s:{s:I, s:f}, s:f, s:o, s:s?}",
			 "generation", (json_int_t)geo->generation, "databases", databases,
			 "ranges", "ipv4", (json_int_t)geo->geo->n4, "ipv6", (json_int_t)geo->geo->n6,
			 "table", "bytes", (json_int_t)geo->table_bytes, "build_ms", ms(geo->build_ns),
			 "load_ms", ms(geo->geo->load_ns), "loaded_at", time_json(geo->loaded_at),
			 "last_error", geo->last_error[0] ? geo->last_error : NULL);
	if (*ret)
		json_object_set(*ret, "held", engine->hold.held ? engine->hold.held : json_null());
	return *ret ? 0 : engine_no_memory(err);
}

/* Many participants of now would be cut off, or let in: somebody should look first. */
static int check_hold(struct rg_engine *engine, size_t flows, size_t changed, json_t *changes, struct rg_err *err)
{
	if (changed * 100 <= flows * engine->hold.share)
		return 0;
	json_decref(engine->hold.held);
	engine->hold.held = json_incref(changes);
	return rg_err_set(err, -EAGAIN, RG_ERR_HELD, NULL,
			  "the new table changes the verdict for %zu of %zu live flows, more than %u %%; the old one "
			  "stays in force (\"confirm\" accepts it)", changed, flows, engine->hold.share);
}

static int reload(struct rg_engine *engine, bool force, bool confirm, bool *ret_changed, json_t **ret_changes,
		  struct rg_err *err)
{
	_cleanup_(geo_build_clear) struct geo_build build = { 0 };
	size_t flows = 0, changed = 0;
	int r = geo_prepare(engine, &build, err);

	if (!r && !force)
		r = check_shrink(engine->geo.geo, build.geo, err);
	if (!r)
		r = changes_of(engine, &build, ret_changes, &flows, &changed, err);
	if (!r && !confirm)
		r = check_hold(engine, flows, changed, *ret_changes, err);
	if (!r)
		r = engine_stage_begin(engine, err);
	if (!r) /* with the commit, the new classes keep their ids */
		r = engine_ledger_commit(engine, RG_LEDGER_GEOIP_RELOAD, "geoip",
					 json_pack("{s:o, s:o, s:b}",
						   "before", engine_ledger_databases(engine->geo.geo),
						   "after", engine_ledger_databases(build.geo),
						   "forced", force), err);
	if (r)
		return r;
	*ret_changed = build.hash != engine->geo.hash;
	r = engine_publish(engine, &build, err);
	if (r)
		ledger_undone_now(engine);
	return r;
}

int rg_engine_geoip_reload(struct rg_engine *engine, bool force, bool confirm, json_t **ret,
			   struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *changes = NULL;
	struct geo_state *geo = &engine->geo;
	struct rg_err why = { 0 };
	bool changed = false;
	int r;

	engine_settle(engine);
	r = reload(engine, force, confirm, &changed, &changes, &why);
	if (r) {
		geo_classes_undo(engine);
		geo->failures++;
		snprintf(geo->last_error, sizeof(geo->last_error), "%s", why.detail);
		events_add(engine, EVENT_RELOAD, NULL, json_pack("{s:o}", "error", engine_text_json(why.detail)));
		if (err)
			*err = why;
		return r;
	}
	geo->last_error[0] = '\0';
	events_add(engine, EVENT_RELOAD, NULL, json_pack("{s:I, s:b}", "generation", (json_int_t)geo->generation,
							 "changed", (int)changed));
	json_decref(engine->hold.held);
	engine->hold.held = NULL;
	r = rg_engine_geoip_get(engine, ret, err);
	if (!r) {
		json_object_set_new(*ret, "changed", json_boolean(changed));
		json_object_set(*ret, "changes", changes);
	}
	return r;
}

static json_t *groups_json(const char *country)
{
	json_t *groups = json_array();

	if (rg_country_in_eu(country))
		json_array_append_new(groups, json_string("EU"));
	if (rg_country_in_eea(country))
		json_array_append_new(groups, json_string("EEA"));
	return groups;
}

static json_t *lookup_database(const struct rg_geo *geo, int index)
{
	const struct rg_geo_database *db;

	if (index < 0 || (size_t)index >= geo->n_databases)
		return json_null();
	db = &geo->databases[index];
	return json_pack("{s:o, s:o}", "path", engine_text_json(db->path), "build_time",
			 time_json((time_t)db->build_epoch));
}

int rg_engine_lookup(struct rg_engine *engine, const char *address, json_t **ret, struct rg_err *err)
{
	char text[RG_ADDR_TEXT_MAX], network[RG_NET_TEXT_MAX], inside[RG_ADDR_TEXT_MAX];
	char quoted[RG_QUOTE_MAX];
	const struct rg_class *class;
	struct rg_geo_answer answer;
	struct rg_addr addr, embedded;
	json_t *customs = json_array();

	if (rg_addr_parse(address, &addr)) {
		json_decref(customs);
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, NULL, "'%s' is not an IP address",
				  rg_json_quote(address, quoted));
	}
	rg_geo_lookup(engine->geo.geo, &addr, &answer);
	class = rg_classes_get(engine->classes, answer.region);
	for (size_t i = 0; i < class->n_customs; i++)
		json_array_append_new(customs, json_string(class->customs[i]));
	*ret = json_pack("{s:s, s:s, s:s?, s:s?, s:o, s:s?, s:o, s:s, s:o}",
			 "address", rg_addr_format(&addr, text), "region", class->label,
			 "country", class->country[0] ? class->country : NULL,
			 "continent", class->country[0] ? rg_country_continent(class->country) : NULL,
			 "groups", groups_json(class->country),
			 "subdivision", class->subdivision[0] ? class->subdivision : NULL,
			 "custom", customs, "network", rg_net_format(&answer.network, network),
			 "database", lookup_database(engine->geo.geo, answer.database));
	if (!*ret)
		return engine_no_memory(err);
	if (rg_addr_embedded_v4(&addr, &embedded))
		json_object_set_new(*ret, "embedded_ipv4", json_string(rg_addr_format(&embedded, inside)));
	return 0;
}
