/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Does everything say what the model says: the API, the store's file, the loaded program? Included by
 * test_engine_random.c behind its state: shadow, rnd, wrong(), PORTS and PROBES. */
#ifndef RG_TEST_SHADOW_COMPARE_H
#define RG_TEST_SHADOW_COMPARE_H

#include <sqlite3.h>
#include "base/reason.h"
#include "evade/random.h"
#include "harness/engine.h"
#include "harness/packet.h"
#include "harness/shadow.h"
#include "harness/stun_message.h"

/* Ufrags come in any order. */
static bool same_field(const char *name, const json_t *got, const json_t *wanted)
{
	size_t i, j, n = 0;
	json_t *a, *b;

	if (strcmp(name, "ufrags"))
		return json_equal(got, wanted);
	json_array_foreach(wanted, i, a)
		json_array_foreach(got, j, b)
			n += (size_t)json_equal(a, b);
	return json_is_array(got) && n == json_array_size(wanted) && n == json_array_size(got);
}

/* @got has every field of @wanted, with its value; it may have more. */
static void then_body(const char *where, const json_t *got, json_t *wanted)
{
	const char *field;
	json_t *value;

	json_object_foreach(wanted, field, value)
		if (!same_field(field, json_object_get(got, field), value)) {
			char *a = json_dumps(got, JSON_COMPACT), *b = json_dumps(wanted, JSON_COMPACT);

			wrong("%s has %s, wanted %s", where, a ? a : "nothing", b);
		}
	json_decref(wanted);
}

static void then_api(void)
{
	json_t *meetings = NULL, *regions = NULL, *endpoints = NULL, *list;
	size_t n = 0;

	assert_int_equal(rg_engine_meeting_list(engine, "", 1000, &meetings, &err), 0);
	list = json_object_get(meetings, "meetings");
	for (unsigned int i = 0; i < SH_MEETINGS; i++)
		if (shadow.meetings[i].exists)
			then_body("the API", json_array_get(list, n++), sh_meeting_json(&shadow, i));
	if (json_array_size(list) != n)
		wrong("the API shows %zu meetings of %zu", json_array_size(list), n);
	json_decref(meetings);
	assert_int_equal(rg_engine_region_list(engine, &regions, &err), 0);
	list = json_object_get(regions, "custom");
	n = 0;
	for (unsigned int i = 0; i < SH_REGIONS; i++)
		if (shadow.regions[i].exists)
			then_body("the API", json_array_get(list, n++), sh_region_json(&shadow, i));
	if (json_array_size(list) != n)
		wrong("the API shows %zu custom regions of %zu", json_array_size(list), n);
	json_decref(regions);
	assert_int_equal(rg_engine_endpoint_list(engine, &endpoints, &err), 0);
	list = json_object_get(endpoints, "endpoints");
	n = 0;
	for (unsigned int i = 0; i < SH_SHARED; i++)
		if (shadow.shared[i].exists)
			then_body("the API", json_array_get(list, n++), sh_shared_json(&shadow, i));
	if (json_array_size(list) != n)
		wrong("the API shows %zu shared endpoints of %zu", json_array_size(list), n);
	json_decref(endpoints);
}

/* The next row's body; NULL at the end. New reference. */
static json_t *next_body(sqlite3_stmt *rows, uint64_t *ret_revision)
{
	if (sqlite3_step(rows) != SQLITE_ROW)
		return NULL;
	*ret_revision = (uint64_t)sqlite3_column_int64(rows, 1);
	return json_loads((const char *)sqlite3_column_text(rows, 0), 0, NULL);
}

static void then_row(sqlite3_stmt *rows, json_t *wanted, uint64_t wanted_revision)
{
	uint64_t revision = 0;
	json_t *body = next_body(rows, &revision);

	then_body("the store", body, wanted);
	if (revision != wanted_revision)
		wrong("the store has revision %llu, not %llu", (unsigned long long)revision,
		      (unsigned long long)wanted_revision);
	json_decref(body);
}

/* A meeting's body in the store is without its ufrags: they have a table of their own. */
static json_t *stored_meeting(unsigned int i)
{
	json_t *body = sh_meeting_json(&shadow, i);

	json_object_del(body, "ufrags");
	return body;
}

static void then_stored_ufrags(sqlite3 *db)
{
	sqlite3_stmt *rows = NULL;
	uint32_t bits = 0;
	int n = 0;

	assert_int_equal(sqlite3_prepare_v2(db, "SELECT e.name, m.id, u.ufrag FROM ufrags u LEFT JOIN endpoints e "
					    "ON e.number = u.endpoint LEFT JOIN meetings m ON m.number = u.meeting",
					    -1, &rows, NULL), 0);
	for (; sqlite3_step(rows) == SQLITE_ROW; n++) {
		const char *name = (const char *)sqlite3_column_text(rows, 0);
		const char *id = (const char *)sqlite3_column_text(rows, 1);
		const char *text = (const char *)sqlite3_column_text(rows, 2);

		if (!name || !id || !text)
			wrong("the store has a ufrag of no meeting or no endpoint");
		for (unsigned int u = 0; u < SH_UFRAGS; u++) {
			unsigned int bit = (unsigned int)(name[1] - '0') * SH_UFRAGS + u;

			if (!strcmp(text, sh_ufrags[u]) && sh_holder(&shadow, bit) == id[2] - '0')
				bits |= 1u << bit;
		}
	}
	sqlite3_finalize(rows);
	if (bits != sh_all_ufrags(&shadow) || n != __builtin_popcount(bits))
		wrong("the store has ufrags %x of %d, wanted %x", bits, n, sh_all_ufrags(&shadow));
}

static void then_stored_endpoints(sqlite3 *db)
{
	sqlite3_stmt *rows = NULL;
	uint64_t revision;

	assert_int_equal(sqlite3_prepare_v2(db, "SELECT body, revision FROM endpoints ORDER BY name", -1, &rows,
					    NULL), 0);
	for (unsigned int i = 0; i < SH_SHARED; i++)
		if (shadow.shared[i].exists)
			then_row(rows, sh_shared_json(&shadow, i), shadow.shared[i].revision);
	if (next_body(rows, &revision))
		wrong("the store has a shared endpoint more");
	sqlite3_finalize(rows);
}

/* The file, read by another connection: what is durable. */
static void then_store(void)
{
	sqlite3_stmt *rows = NULL;
	uint64_t revision;
	sqlite3 *db = NULL;
	char path[128];

	snprintf(path, sizeof(path), "%s/regiongate.db", state_dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT body, revision FROM meetings ORDER BY id", -1, &rows, NULL), 0);
	for (unsigned int i = 0; i < SH_MEETINGS; i++)
		if (shadow.meetings[i].exists)
			then_row(rows, stored_meeting(i), shadow.meetings[i].revision);
	if (next_body(rows, &revision))
		wrong("the store has a meeting more");
	sqlite3_finalize(rows);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT body, revision FROM regions ORDER BY name", -1, &rows, NULL), 0);
	for (unsigned int i = 0; i < SH_REGIONS; i++)
		if (shadow.regions[i].exists)
			then_row(rows, sh_region_json(&shadow, i), shadow.regions[i].revision);
	if (next_body(rows, &revision))
		wrong("the store has a custom region more");
	sqlite3_finalize(rows);
	then_stored_endpoints(db);
	then_stored_ufrags(db);
	sqlite3_close(db);
}

/* What a client sends first, on TCP with a length in front. */
static void put_request(struct pkt *packet, bool tcp, const char *ufrag)
{
	static struct stun message;
	char name[80];
	size_t at;

	snprintf(name, sizeof(name), "%s:remote", ufrag);
	stun_chromium(&message, name);
	if (tcp)
		stun_frame(&message);
	at = packet->length;
	pkt_payload(packet, message.length);
	memcpy(packet->data + at, message.data, message.length);
}

/* A packet to try. */
struct aim {
	const char *source, *ufrag; /* NULL: no request */
	unsigned int address, port;
	bool tcp;
	uint16_t from;              /* its port; 0: one that no flow has */
};

/* @meeting: -1: of none. */
static void then_packet_is(const struct aim *aim, uint32_t flags, const char *reason, int meeting)
{
	static struct pkt packet;
	struct rg_trace trace = { 0 };
	char wanted[16] = "";
	const char *id;
	int action;

	pkt_begin(&packet);
	(strchr(aim->source, ':') ? pkt_ip6 : pkt_ip4)(&packet, aim->source, sh_addresses[aim->address]);
	(aim->tcp ? pkt_tcp : pkt_udp)(&packet, aim->from ? aim->from : 40000, (uint16_t)aim->port);
	if (aim->ufrag)
		put_request(&packet, aim->tcp, aim->ufrag);
	pkt_end(&packet);
	assert_int_equal(rg_dp_run(rg_engine_dp(engine), packet.data, packet.length, flags, &action, &trace, &err), 0);
	if (meeting >= 0)
		snprintf(wanted, sizeof(wanted), "m-%d", meeting);
	id = trace.meeting ? rg_engine_meeting_id(engine, trace.meeting) : "";
	if (strcmp(rg_reason_text(trace.reason), reason) || strcmp(id, wanted))
		wrong("%s port %u to %s port %u %s, %s, is %s of '%s', wanted %s of '%s'", aim->source, aim->from,
		      sh_addresses[aim->address], aim->port, aim->tcp ? "tcp" : "udp",
		      aim->ufrag ? aim->ufrag : "no request", rg_reason_text(trace.reason), id, reason, wanted);
}

/* Without a flow. */
static void then_judged(const struct aim *aim)
{
	int meeting;
	const char *reason = sh_judge(&shadow, aim->source, aim->address, aim->port, aim->tcp, aim->ufrag, &meeting);

	then_packet_is(aim, RG_TRACE_DRY, reason, meeting);
}

/* At a meeting, as far as the family of the address allows: most random packets meet none. */
static void aim_at(struct aim *aim, const struct sh_meeting *m)
{
	unsigned int bit = rnd_below(&rnd, SH_SHARED * SH_UFRAGS), address;
	const struct sh_endpoint *e = &m->endpoints[rnd_below(&rnd, SH_ENDPOINTS)];
	const struct sh_shared *s;

	if (!m->exists)
		return;
	for (unsigned int i = 0; m->ufrags && !(m->ufrags >> bit & 1) && i < SH_SHARED * SH_UFRAGS; i++)
		bit = (bit + 1) % (SH_SHARED * SH_UFRAGS);
	s = &shadow.shared[bit / SH_UFRAGS];
	if (e < m->endpoints + m->n_endpoints) {
		*aim = (struct aim){ aim->source, aim->ufrag, aim->address, e->port, e->tcp, 0 };
		address = e->address;
	} else if (m->ufrags) {
		*aim = (struct aim){ aim->source, sh_ufrags[bit % SH_UFRAGS], aim->address, s->first, s->tcp, 0 };
		address = s->address;
	} else {
		return;
	}
	if (address && !strchr(sh_addresses[address], ':') == !strchr(aim->source, ':'))
		aim->address = address;
}

static struct aim draw_aim(void)
{
	struct aim aim = { .source = sh_sources[rnd_below(&rnd, SH_COUNT(sh_sources))] };
	unsigned int first6 = 4, n6 = SH_COUNT(sh_addresses) - first6;

	aim.address = strchr(aim.source, ':') ? first6 + rnd_below(&rnd, n6) : 1 + rnd_below(&rnd, first6 - 1);
	aim.port = 1 + rnd_below(&rnd, PORTS);
	aim.tcp = rnd_one_in(&rnd, 3);
	aim.ufrag = rnd_one_in(&rnd, 2) ? sh_ufrags[rnd_below(&rnd, SH_UFRAGS)] : NULL;
	if (!rnd_one_in(&rnd, 3))
		aim_at(&aim, &shadow.meetings[rnd_below(&rnd, SH_MEETINGS)]);
	return aim;
}

static void then_entries(const struct rg_dp_map_info *map, const char *name, unsigned int wanted)
{
	if (!strcmp(map->name, name) && map->entries != wanted)
		wrong("%s has %u entries, not %u", name, map->entries, wanted);
}

/* Whom an order names but must not reach. */
static void then_orders_are_bounded(const struct sh_meeting *m, const struct sh_rule *rule)
{
	unsigned int customs, country;

	for (unsigned int i = 0; i < SH_COUNT(sh_sources); i++) {
		struct aim aim = { .source = sh_sources[i], .address = strchr(sh_sources[i], ':') ? 4 : 1, .port = 1 };

		sh_locate(&shadow, sh_sources[i], &customs, &country);
		if (!sh_rule_names(rule, customs, country) || sh_territories[rule->order] >> country & 1)
			continue;
		aim_at(&aim, m);
		then_judged(&aim);
	}
}

static void then_kernel(void)
{
	uint32_t ufrags = sh_all_ufrags(&shadow);
	struct rg_dp_map_info *maps = NULL;
	size_t n = 0;

	for (unsigned int i = 0; i < PROBES; i++) {
		struct aim aim = draw_aim();

		then_judged(&aim);
	}
	for (unsigned int i = 0; i < SH_MEETINGS; i++)
		for (unsigned int j = 0; shadow.meetings[i].exists && j < shadow.meetings[i].n_rules; j++)
			if (shadow.meetings[i].rules[j].order)
				then_orders_are_bounded(&shadow.meetings[i], &shadow.meetings[i].rules[j]);
	assert_int_equal(rg_dp_maps(rg_engine_dp(engine), &maps, &n, &err), 0);
	for (size_t i = 0; i < n; i++) {
		then_entries(&maps[i], "rg_endpoints", sh_count_endpoints(&shadow));
		then_entries(&maps[i], "rg_ufrags", (unsigned int)__builtin_popcount(ufrags & ~SH_LONG_UFRAGS));
		then_entries(&maps[i], "rg_ufrags_long", (unsigned int)__builtin_popcount(ufrags & SH_LONG_UFRAGS));
	}
	free(maps);
}

static void then_all_agree(void)
{
	then_api();
	then_store();
	then_kernel();
}

#endif
