/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any rows in a store, its ledger tampered with or not: the daemon reads them all or refuses with one sentence.
 * What it has read is sound in itself, is written back as it was read, and is the same after a restart; its
 * ledger is found to be whole if it is, and broken if it is not, also behind a new entry. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/log.h"
#include "engine/engine_private.h"
#include "engine/reading.h"
#include "fuzz/rows.h"
#include "store/settings.h"
#include "store/tally.h"

#define ROOM 32       /* for meetings, ufrags */
#define INPUT_MAX 16384
#define PAGES_MAX 200 /* there are fewer entries */
#define NOW 1600000000ll

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(holds) do { if (!(holds)) { fprintf(stderr, "%d: %s\n", __LINE__, #holds); abort(); } } while (0)

static int64_t fixed_clock(void *arg, int id)
{
	(void)arg;
	return (id == CLOCK_REALTIME ? NOW : 1000) * 1000000000ll;
}

static void check_error(const struct rg_err *err)
{
	must(err->code != RG_ERR_NONE && err->detail[0]);
}

static struct rg_engine *open_engine(void)
{
	const struct rg_engine_config config = {
		.state_dir = rows_directory(), .clock = fixed_clock, .boot_id = "boot-1",
		.dp = { .max_meetings = ROOM, .max_policies = ROOM, .max_ufrags = ROOM, .max_ufrags_long = 4 },
	};
	struct rg_engine *engine = NULL;
	struct rg_err err = { 0 };

	if (engine_read(&config, &engine, &err))
		check_error(&err);
	return engine;
}

/* --- what was read is sound ----------------------------------------------------- */

static void check_meeting(struct rg_engine *engine, const struct meeting *meeting)
{
	struct rg_meeting_spec *again = NULL;
	struct rg_err err = { 0 };
	json_t *a, *b;

	must(rg_meeting_id_ok(meeting->spec->id) && model_meeting(&engine->model, meeting->spec->id) == meeting);
	for (size_t i = 0; i < meeting->spec->n_endpoints; i++) {
		struct endpoint *endpoint = model_endpoint(&engine->model, &meeting->endpoints[i].key);

		must(endpoint && endpoint->meeting == meeting);
		must(!model_shared_overlap(&engine->model, &meeting->endpoints[i].key));
	}
	a = rg_meeting_to_json(meeting->spec);
	must(a && !rg_meeting_parse(a, meeting->spec->id, &again, &err));
	b = rg_meeting_to_json(again);
	must(json_equal(a, b));
	rg_meeting_free(again);
	json_decref(a);
	json_decref(b);
}

static int count_row(void *arg, const char *name, uint32_t number, uint64_t revision, const char *body,
		     struct rg_err *err)
{
	(void)name, (void)number, (void)revision, (void)body, (void)err;
	++*(size_t *)arg;
	return 0;
}

static int count_doc(void *arg, const char *name, uint64_t revision, const char *body, struct rg_err *err)
{
	(void)name, (void)revision, (void)body, (void)err;
	++*(size_t *)arg;
	return 0;
}

static int count_ufrag(void *arg, const struct rg_store_ufrag *ufrag, struct rg_err *err)
{
	(void)ufrag, (void)err;
	++*(size_t *)arg;
	return 0;
}

static void check_model(struct rg_engine *engine)
{
	size_t meetings = 0, endpoints = 0, ufrags = 0, wanted = 0;
	struct rg_err err = { 0 };

	for (uint32_t i = 1; i < ROOM; i++)
		if (engine->model.by_number[i]) {
			must(engine->model.by_number[i]->number == i);
			check_meeting(engine, engine->model.by_number[i]);
			meetings++;
		}
	for (uint32_t i = 1; i < RG_SHARED_MAX; i++)
		if (engine->model.shared_at[i]) {
			must(engine->model.shared_at[i]->number == i);
			must(model_shared(&engine->model, engine->model.shared_at[i]->spec.name) ==
			     engine->model.shared_at[i]);
			endpoints++;
		}
	for (uint32_t i = 1; i <= ROOM; i++)
		ufrags += engine->model.ufrags.at[i] != NULL;
	must(!rg_store_meetings(engine->store, count_row, &wanted, &err) && meetings == wanted);
	wanted = 0;
	must(!rg_store_endpoints(engine->store, count_row, &wanted, &err) && endpoints == wanted);
	wanted = 0;
	must(!rg_store_ufrags(engine->store, count_ufrag, &wanted, &err) && ufrags == wanted);
	wanted = 0;
	must(!rg_store_docs(engine->store, RG_STORE_INTERFACE, count_doc, &wanted, &err) &&
	     engine->n_interfaces == wanted);
	wanted = 0;
	must(!rg_store_docs(engine->store, RG_STORE_REGION, count_doc, &wanted, &err) &&
	     engine->model.n_customs == wanted);
}

/* --- it is written back as it was read -------------------------------------------- */

struct copy {
	FILE *out;             /* what is read, as text */
	struct rg_store *into; /* and written, if there is such a store */
	bool away;             /* rather taken out of it */
	enum rg_store_kind kind; /* of the documents that are read */
	struct rg_err err;
};

static int copy_meeting(void *arg, const char *id, uint32_t number, uint64_t revision, const char *body,
			struct rg_err *err)
{
	struct copy *copy = arg;

	(void)err;
	fprintf(copy->out, "m %s %u %llu %s\n", id, number, (unsigned long long)revision, body);
	if (copy->away)
		return rg_store_meeting_revise(copy->into, id, 7, &copy->err) ?: rg_store_meeting_delete(copy->into, id, &copy->err);
	return copy->into ? rg_store_meeting_put(copy->into, id, number, revision, body, &copy->err) : 0;
}

static int copy_endpoint(void *arg, const char *name, uint32_t number, uint64_t revision, const char *body,
			 struct rg_err *err)
{
	struct copy *copy = arg;

	(void)err;
	fprintf(copy->out, "e %s %u %llu %s\n", name, number, (unsigned long long)revision, body);
	if (copy->away)
		return rg_store_endpoint_delete(copy->into, name, &copy->err);
	return copy->into ? rg_store_endpoint_put(copy->into, name, number, revision, body, &copy->err) : 0;
}

static int copy_ufrag(void *arg, const struct rg_store_ufrag *ufrag, struct rg_err *err)
{
	struct copy *copy = arg;

	(void)err;
	fprintf(copy->out, "u %u %u %u %s\n", ufrag->binding, ufrag->endpoint, ufrag->meeting, ufrag->text);
	if (copy->away)
		return rg_store_ufrag_delete(copy->into, ufrag->binding, &copy->err);
	return copy->into ? rg_store_ufrag_put(copy->into, ufrag, &copy->err) : 0;
}

/* A custom region, or an interface. */
static int copy_doc(void *arg, const char *name, uint64_t revision, const char *body, struct rg_err *err)
{
	struct copy *copy = arg;

	(void)err;
	fprintf(copy->out, "d%d %s %llu %s\n", copy->kind, name, (unsigned long long)revision, body);
	if (copy->away)
		return rg_store_doc_delete(copy->into, copy->kind, name, &copy->err);
	return copy->into ? rg_store_doc_put(copy->into, copy->kind, name, revision, body, &copy->err) : 0;
}

static int copy_class(void *arg, unsigned int id, const char *key, struct rg_err *err)
{
	struct copy *copy = arg;

	(void)err;
	fprintf(copy->out, "c %u %s\n", id, key);
	if (copy->away)
		return rg_store_classes_forget(copy->into, id, &copy->err);
	return copy->into ? rg_store_class_put(copy->into, id, key, &copy->err) : 0;
}

static int copy_tally(void *arg, const struct rg_store_tally *tally, struct rg_err *err)
{
	struct copy *copy = arg;

	(void)err;
	if (copy->away) /* its meeting is gone, so it is swept */
		return 0;
	fprintf(copy->out, "y %s %u %llu %llu\n", tally->meeting, tally->region, (unsigned long long)tally->packets,
		(unsigned long long)tally->bytes);
	return copy->into ? rg_store_tally_put(copy->into, tally, &copy->err) : 0;
}

/* All that @from holds, as text; into @into, or (@away) out of it, if it is given. */
static char *text_of(struct rg_store *from, struct rg_store *into, bool away)
{
	struct copy copy = { .into = into, .away = away };
	struct rg_err err = { 0 };
	uint64_t revision = 0, alive = 0;
	char *text = NULL;
	size_t length;

	copy.out = open_memstream(&text, &length);
	must(!into || !rg_store_begin(into, &err));
	must(!rg_store_meetings(from, copy_meeting, &copy, &err));
	must(!rg_store_endpoints(from, copy_endpoint, &copy, &err));
	must(!rg_store_ufrags(from, copy_ufrag, &copy, &err));
	copy.kind = RG_STORE_REGION;
	must(!rg_store_docs(from, copy.kind, copy_doc, &copy, &err));
	copy.kind = RG_STORE_INTERFACE;
	must(!rg_store_docs(from, copy.kind, copy_doc, &copy, &err));
	must(!rg_store_classes(from, copy_class, &copy, &err));
	must(!rg_store_tallies(from, copy_tally, &copy, &err));
	must(!rg_store_revision(from, &revision, &err) && !rg_store_alive(from, &alive, &err));
	fprintf(copy.out, "k %llu %llu\n", (unsigned long long)revision, (unsigned long long)alive);
	fclose(copy.out);
	must(!away || !rg_store_tallies_sweep(into, &err));
	must(!into || (!rg_store_revision_set(into, revision, &err) && !rg_store_alive_set(into, alive, &err) &&
		       !rg_store_commit(into, &err)));
	return text;
}

/* Beside the ledger, what can be erased; and settings. */
static void check_remotes(struct rg_store *store)
{
	const struct rg_store_remote remote = { "m-1", 1, 9, "192.0.2.0/24", 100 }, later = { "m-1", 1, 9, "192.0.2.0/24", 200 };
	struct rg_err err = { 0 };
	bool first = false, again = true;
	char *body = NULL;
	uint64_t n = 0;

	must(!rg_store_begin(store, &err));
	must(!rg_store_remote_put(store, &remote, &first, &err) && first);
	must(!rg_store_remote_put(store, &later, &again, &err) && !again);
	must(!rg_store_remotes_erase(store, 200, &n, &err) && !n);
	must(!rg_store_remotes_erase(store, 201, &n, &err) && n == 1);
	must(!rg_store_setting_put(store, "mode", "{}", &err) && !rg_store_setting_get(store, "mode", &body, &err));
	must(!strcmp(body, "{}"));
	free(body);
	rg_store_rollback(store);
	must(!rg_store_setting_get(store, "mode", &body, &err) && !body);
}

static void check_written_back(struct rg_engine *engine)
{
	struct rg_store *other = NULL;
	struct rg_err err = { 0 };
	char *first, *second;

	must(!rg_store_open(NULL, &other, &err));
	first = text_of(engine->store, other, false);
	second = text_of(other, NULL, false);
	must(!strcmp(first, second));
	free(first);
	free(second);
	free(text_of(engine->store, other, true));
	first = text_of(other, NULL, false);
	must(!strncmp(first, "k ", 2)); /* nothing else is left */
	free(first);
	check_remotes(other);
	rg_store_close(other);
}

/* What clients would be told. */
static char *answers_of(struct rg_engine *engine)
{
	json_t *meetings = NULL, *endpoints = NULL, *regions = NULL, *all;
	struct rg_err err = { 0 };
	char *text;

	must(!rg_engine_meeting_list(engine, "", 1000, &meetings, &err));
	must(!rg_engine_endpoint_list(engine, &endpoints, &err));
	must(!rg_engine_region_list(engine, &regions, &err));
	all = json_pack("{s:o, s:o, s:o}", "meetings", meetings, "endpoints", endpoints, "regions", regions);
	for (size_t i = 0; i < engine->n_interfaces; i++)
		json_object_set_new(all, engine->interfaces[i].name, json_integer(engine->interfaces[i].mode));
	text = json_dumps(all, JSON_SORT_KEYS | JSON_ENSURE_ASCII);
	must(text);
	json_decref(all);
	return text;
}

/* --- the ledger --------------------------------------------------------------------- */

/* To its end. */
static int read_through(struct rg_reading *reading, struct rg_err *err)
{
	int r;

	while ((r = rg_reading_step(reading, err)) > 0)
		;
	return r;
}

static bool verify(struct rg_engine *engine, size_t limit)
{
	uint64_t after = 0;
	bool whole = true;

	for (int i = 0; whole && i < PAGES_MAX; i++) {
		struct rg_reading *reading = NULL;
		struct rg_err err = { 0 };
		const json_t *answer;

		must(!rg_engine_ledger_verify(engine, after, limit, &reading, &err));
		must(!read_through(reading, &err));
		answer = rg_reading_json(reading);
		whole = json_is_true(json_object_get(answer, "ok"));
		must(whole == json_is_null(json_object_get(answer, "broken")));
		must(whole || json_is_null(json_object_get(answer, "next")));
		after = (uint64_t)json_integer_value(json_object_get(answer, "next"));
		rg_reading_free(reading);
		if (!after)
			return whole;
	}
	return whole;
}

/* How many entries pages of @limit list; -1 if one of them is not JSON. */
static int64_t list(struct rg_engine *engine, size_t limit)
{
	uint64_t after = 0;
	int64_t n = 0;

	for (int i = 0; i < PAGES_MAX; i++) {
		struct rg_reading *reading = NULL;
		struct rg_err err = { 0 };

		must(!rg_engine_ledger_list(engine, after, limit, &reading, &err));
		if (read_through(reading, &err)) {
			check_error(&err);
			rg_reading_free(reading);
			return -1;
		}
		n += (int64_t)json_array_size(json_object_get(rg_reading_json(reading), "entries"));
		after = (uint64_t)json_integer_value(json_object_get(rg_reading_json(reading), "next"));
		rg_reading_free(reading);
		if (!after)
			break;
	}
	return n;
}

/* A whole one is whole where it is read without the daemon, too. */
static void check_export(struct rg_engine *engine, const struct rows_ledger *ledger)
{
	struct rg_chain chain = { 0 };
	struct rg_reading *reading = NULL;
	struct rg_err err = { 0 };
	char *text, *line = NULL, *rest;
	size_t length;

	must(!rg_engine_ledger_export(engine, 0, 1000, &reading, &err) && !read_through(reading, &err));
	rest = text = rg_reading_take_text(reading, &length);
	rg_reading_free(reading);
	while (ledger->whole && (line = strsep(&rest, "\n")) && strncmp(line, "{\"head\":", 8))
		must(!rg_chain_add(&chain, line, strlen(line), &err));
	must(!ledger->whole || (line && chain.seq == ledger->n));
	free(text);
}

static int count_entry(void *arg, const struct rg_store_entry *entry, struct rg_err *err)
{
	(void)entry, (void)err;
	++*(uint64_t *)arg;
	return 0;
}

/* As a push does; then as a full disk does: it is not there. */
static bool append(struct rg_engine *engine, bool commit)
{
	struct rg_err err = { 0 };
	int r;

	must(!engine_stage_begin(engine, &err));
	r = engine_ledger(engine, RG_LEDGER_MODE, "\"m\\-1\x7f", json_pack("{s:s}", "mode", "observe"), &err);
	if (r)
		check_error(&err);
	engine->failed.code = RG_ERR_NONE;
	if (!r && commit)
		must(!rg_store_commit(engine->store, &err));
	rg_store_rollback(engine->store);
	return !r;
}

static void check_ledger(struct rg_engine *engine, const struct rows_ledger *ledger, size_t limit)
{
	struct rg_store_head before, after;
	struct rg_err err = { 0 };
	uint64_t reported = 0;
	bool appended;

	must(!rg_store_ledger_head(engine->store, &before, &err) && (int64_t)before.seq == ledger->last);
	must(verify(engine, limit) == ledger->whole);
	if (ledger->last >= 0)
		must(list(engine, limit) == (ledger->json ? (int64_t)ledger->n : -1));
	must(!rg_store_ledger_page(engine->store, true, 0, 1000, count_entry, &reported, &err) &&
	     reported == ledger->reported);
	check_export(engine, ledger);
	append(engine, false);
	must(!rg_store_ledger_head(engine->store, &after, &err) && !memcmp(&before, &after, sizeof(before)));
	appended = append(engine, true);
	must(appended == (ledger->last >= 0 && ledger->last < INT64_MAX));
	must(!rg_store_ledger_head(engine->store, &after, &err) && after.seq == before.seq + appended);
	must(verify(engine, limit) == ledger->whole);
	if (appended) {
		rows_append(after.seq + 1);
		must(!verify(engine, limit));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rg_engine *engine;
	struct rows_ledger ledger;
	char *first, *second;

	rg_log_setup(0, -1);
	if (size > INPUT_MAX)
		return 0;
	rows_directory();
	rows_write(data, size);
	ledger = rows_ledger();
	engine = open_engine();
	if (!engine)
		return 0;
	check_model(engine);
	check_written_back(engine);
	first = answers_of(engine);
	check_ledger(engine, &ledger, size % 4 + 1);
	rg_engine_close(engine);
	engine = open_engine();
	must(engine);
	second = answers_of(engine);
	must(!strcmp(first, second));
	must(verify(engine, 1000) == rows_ledger().whole);
	rg_engine_close(engine);
	free(first);
	free(second);
	return 0;
}
