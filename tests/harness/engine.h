/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Steps that the tests of the engine share: one engine on the real program, without
 * pins, with its state in a directory of its own. Include cmocka first. */
#ifndef RG_TEST_ENGINE_H
#define RG_TEST_ENGINE_H

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "engine/engine.h"

static struct rg_engine *engine;
static struct rg_engine_config config;
static char state_dir[64];
static struct rg_err err;

static inline int given_state_dir(void **state)
{
	(void)state;
	memset(&config, 0, sizeof(config));
	memset(&err, 0, sizeof(err));
	snprintf(state_dir, sizeof(state_dir), "/tmp/rg-engine-XXXXXX");
	config.state_dir = mkdtemp(state_dir);
	return config.state_dir ? 0 : -1;
}

static inline int drop_engine(void **state)
{
	static const char *const names[] = { "regiongate.db", "regiongate.db-wal", "regiongate.db-shm",
					     "lock", "a.mmdb", "a.mmdb.new" };
	char path[128];

	(void)state;
	rg_engine_close(engine);
	engine = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", state_dir, names[i]);
		unlink(path);
	}
	return rmdir(state_dir);
}

static inline void given_engine(void)
{
	if (rg_engine_open(&config, &engine, &err))
		fail_msg("%s", err.detail);
}

static inline void when_restarted(void)
{
	rg_engine_close(engine);
	engine = NULL;
	given_engine();
}

static inline void then_error(enum rg_errc code, const char *pointer, const char *words)
{
	if (err.code != code || strcmp(err.pointer, pointer) || !strstr(err.detail, words))
		fail_msg("error %d, pointer '%s', detail '%s'", err.code, err.pointer, err.detail);
	memset(&err, 0, sizeof(err));
}

/* A meeting, region or endpoint. */
static inline int put_by(int (*call)(struct rg_engine *, const char *, const json_t *, uint64_t, bool *, uint64_t *,
				     struct rg_err *),
			 const char *name, const char *text, uint64_t if_match, bool *created, uint64_t *revision)
{
	json_t *body = json_loads(text, JSON_DECODE_ANY, NULL);
	int r;

	assert_non_null(body);
	r = call(engine, name, body, if_match, created, revision, &err);
	json_decref(body);
	return r;
}

static inline int put_if(const char *id, const char *text, uint64_t if_match, bool *created, uint64_t *revision)
{
	return put_by(rg_engine_meeting_put, id, text, if_match, created, revision);
}

static inline int put(const char *id, const char *text)
{
	return put_if(id, text, RG_ANY_REVISION, NULL, NULL);
}

static inline void flush(void)
{
	if (rg_engine_flush(engine, &err))
		fail_msg("%s", err.detail);
}

static inline void given_meeting(const char *id, const char *text)
{
	if (put(id, text))
		fail_msg("%s: %s: %s", id, err.pointer, err.detail);
	flush();
}

static inline int region_put(const char *name, const char *text)
{
	return put_by(rg_engine_region_put, name, text, RG_ANY_REVISION, NULL, NULL);
}

static inline int endpoint_put(const char *name, const char *text)
{
	return put_by(rg_engine_endpoint_put, name, text, RG_ANY_REVISION, NULL, NULL);
}

/* 192.0.2.0/24 and 2001:db8:1::/48 in CN, 198.51.100.0/24 and 2001:db8:2::/48 in DE; the rest is unknown. */
static inline void given_world(void)
{
	assert_int_equal(region_put("cn", "{\"country\": \"CN\", \"networks\": [\"192.0.2.0/24\", \"2001:db8:1::/48\"]}"), 0);
	assert_int_equal(region_put("de", "{\"country\": \"DE\", \"networks\": [\"198.51.100.0/24\", \"2001:db8:2::/48\"]}"), 0);
	flush();
}
#define CN4 "192.0.2.7"
#define DE4 "198.51.100.7"
#define CN6 "2001:db8:1::7"
#define DE6 "2001:db8:2::7"
#define NOWHERE4 "203.0.113.7"

static inline json_t *explain(const char *source, const char *destination, int port, const char *protocol)
{
	json_t *body = json_pack("{s:s, s:s, s:i, s:s}", "source", source, "destination", destination,
				 "destination_port", port, "protocol", protocol);
	json_t *answer = NULL;

	if (rg_engine_explain(engine, body, &answer, &err))
		fail_msg("explain: %s: %s", err.pointer, err.detail);
	json_decref(body);
	return answer;
}

static inline const char *field(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static inline void then_packet(const char *source, const char *destination, int port, const char *reason,
			       const char *meeting)
{
	json_t *answer = explain(source, destination, port, "udp");

	if (strcmp(field(answer, "reason"), reason) || strcmp(field(answer, "meeting"), meeting))
		fail_msg("%s to %s port %d: %s, meeting '%s'", source, destination, port,
			 field(answer, "reason"), field(answer, "meeting"));
	json_decref(answer);
}

/* Everything that the API shows of meetings and custom regions, as one text. */
static inline char *snapshot(void)
{
	json_t *meetings = NULL, *regions = NULL, *all;
	char *text;

	assert_int_equal(rg_engine_meeting_list(engine, "", 100000, &meetings, &err), 0);
	assert_int_equal(rg_engine_region_list(engine, &regions, &err), 0);
	all = json_pack("{s:o, s:O}", "meetings", meetings, "custom", json_object_get(regions, "custom"));
	json_decref(regions);
	text = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	return text;
}

static inline void then_snapshot(char *wanted)
{
	char *now = snapshot();

	assert_string_equal(now, wanted);
	free(now);
	free(wanted);
}

/* A reading of the ledger from its beginning to its end. */
static inline int read_whole(int r, struct rg_reading *reading, json_t **ret, char **ret_text, size_t *ret_length)
{
	if (r)
		return r;
	while ((r = rg_reading_step(reading, &err)) > 0)
		;
	if (!r && ret)
		*ret = json_incref(rg_reading_json(reading));
	if (!r && ret_text)
		*ret_text = rg_reading_take_text(reading, ret_length);
	rg_reading_free(reading);
	return r;
}

static inline int ledger_list(uint64_t after, size_t limit, json_t **ret)
{
	struct rg_reading *reading = NULL;
	int r = rg_engine_ledger_list(engine, after, limit, &reading, &err);

	return read_whole(r, reading, ret, NULL, NULL);
}

static inline int ledger_export(uint64_t after, size_t limit, char **ret, size_t *ret_length)
{
	struct rg_reading *reading = NULL;
	int r = rg_engine_ledger_export(engine, after, limit, &reading, &err);

	return read_whole(r, reading, NULL, ret, ret_length);
}

static inline int report(const char *from, const char *until, json_t **ret)
{
	struct rg_reading *reading = NULL;
	int r = rg_engine_report(engine, from, until, &reading, &err);

	return read_whole(r, reading, ret, NULL, NULL);
}

static inline int ledger_verify(uint64_t after, size_t limit, json_t **ret)
{
	struct rg_reading *reading = NULL;
	int r = rg_engine_ledger_verify(engine, after, limit, &reading, &err);

	return read_whole(r, reading, ret, NULL, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, given_state_dir, drop_engine)
#define AT(address, port) "{\"address\": \"" address "\", \"port\": " #port "}"
#define SERVER "10.0.0.1"
#define SERVER6 "2001:db8::1"
#define REFUSE_CN "\"rules\": [{\"id\": \"r-cn\", \"action\": \"refuse\", \"regions\": [\"CN\"]}]"

#endif
