/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Given and then for ufrags of shared endpoints, on an engine. Include cmocka first. */
#ifndef RG_TEST_UFRAGS_H
#define RG_TEST_UFRAGS_H

#include "harness/engine.h"

static inline void given_endpoint(const char *name, const char *text)
{
	if (endpoint_put(name, text))
		fail_msg("%s: %s: %s", name, err.pointer, err.detail);
	flush();
}

#define SFU "{\"address\": \"" SERVER "\", \"ports\": \"10000-10010\"}"
#define SFU6 "{\"address\": \"" SERVER6 "\", \"port\": 10000, \"unbound\": \"admit\"}"

static inline int bind(const char *id, const char *endpoint, const char *ufrag)
{
	return rg_engine_ufrag_bind(engine, id, endpoint, ufrag, RG_ANY_REVISION, NULL, NULL, &err);
}

static inline int unbind(const char *id, const char *endpoint, const char *ufrag)
{
	return rg_engine_ufrag_unbind(engine, id, endpoint, ufrag, RG_ANY_REVISION, NULL, &err);
}

static inline void given_bound(const char *id, const char *endpoint, const char *ufrag)
{
	if (bind(id, endpoint, ufrag))
		fail_msg("%s: %s", ufrag, err.detail);
	flush();
}

static inline json_t *explain_ufrag(const char *source, const char *destination, int port, const char *ufrag)
{
	json_t *body = json_pack("{s:s, s:s, s:i, s:s}", "source", source, "destination", destination,
				 "destination_port", port, "ufrag", ufrag);
	json_t *answer = NULL;

	if (rg_engine_explain(engine, body, &answer, &err))
		fail_msg("explain: %s: %s", err.pointer, err.detail);
	json_decref(body);
	return answer;
}

static inline void then_request(const char *source, int port, const char *ufrag, const char *reason, const char *meeting)
{
	json_t *answer = explain_ufrag(source, SERVER, port, ufrag);

	if (strcmp(field(answer, "reason"), reason) || strcmp(field(answer, "meeting"), meeting))
		fail_msg("%s port %d ufrag %s: %s, meeting '%s'", source, port, ufrag, field(answer, "reason"),
			 field(answer, "meeting"));
	json_decref(answer);
}

static inline char *ufrags_of(const char *id)
{
	json_t *body = NULL;
	char *text;

	if (rg_engine_meeting_get(engine, id, &body, NULL, &err))
		fail_msg("%s", err.detail);
	text = json_dumps(json_object_get(body, "ufrags"), JSON_COMPACT);
	json_decref(body);
	return text;
}

static inline void then_ufrags(const char *id, const char *wanted)
{
	char *text = ufrags_of(id);

	assert_string_equal(text, wanted);
	free(text);
}

static inline uint64_t revision_of(const char *id)
{
	uint64_t revision = 0;
	json_t *body = NULL;

	assert_int_equal(rg_engine_meeting_get(engine, id, &body, &revision, &err), 0);
	json_decref(body);
	return revision;
}

#define ONE(text) "{\"endpoint\":\"sfu\",\"ufrag\":\"" text "\"}"

#endif
