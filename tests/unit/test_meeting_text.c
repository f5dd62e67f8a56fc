/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bodies as the store keeps them, and as requests have them: written with and without JSON values they are the same
 * text, read with and without them the same meeting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "harness/body.h"
#include "policy/meeting.h"

static unsigned int chance(unsigned int n)
{
	static uint32_t seed = 2463534242u;

	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

/* 1 to @max letters that ids may have, mostly short, sometimes as long as can be. */
static char *random_id(char *to, size_t max)
{
	static const char letters[] = "ABCXYZabcxyz0189._-";
	size_t n = chance(4) ? 1 + chance(8) : max;

	for (size_t i = 0; i < n; i++)
		to[i] = letters[chance(sizeof(letters) - 1)];
	to[n] = '\0';
	return to;
}

static json_t *random_endpoint(unsigned int i)
{
	static const char *const addresses[] = { "any", "192.0.2.1", "255.255.254.253", "2001:db8::1",
						 "2001:db8:1111:2222:3333:4444:5555:6666" };

	return json_pack("{s:s, s:i, s:s}", "address", addresses[chance(5)], "port", (int)(65535 - i),
			 "protocol", chance(2) ? "udp" : "tcp");
}

static json_t *random_rule(unsigned int i)
{
	static const char *const codes[] = { "CN", "us-ca", "continent:AS", "EU", "eea", "unknown" };
	json_t *regions = json_array(), *rule;
	char id[80], name[40], text[64];

	for (unsigned int n = chance(6); n; n--) {
		snprintf(text, sizeof(text), "custom:%s", random_id(name, RG_CUSTOM_NAME_MAX));
		json_array_append_new(regions, json_string(chance(2) ? text : codes[chance(6)]));
	}
	rule = json_pack("{s:s, s:o}", "action", chance(2) ? "admit" : "refuse", "regions", regions);
	snprintf(text, sizeof(text), "%u-%s", i, random_id(id, RG_MEETING_ID_MAX - 3));
	if (chance(2)) {
		snprintf(id, sizeof(id), "%s", text);
		json_object_set_new(rule, "id", json_string(id));
	}
	if (!chance(8))
		json_object_set_new(rule, "expires", json_string("2030-01-02T03:04:05Z"));
	return rule;
}

static json_t *random_meeting(void)
{
	json_t *endpoints = json_array(), *rules = json_array();

	for (unsigned int i = chance(5); i; i--)
		json_array_append_new(endpoints, random_endpoint(i));
	for (unsigned int i = chance(5); i; i--)
		json_array_append_new(rules, random_rule(i));
	return json_pack("{s:o, s:o, s:s, s:s}", "endpoints", endpoints, "rules", rules,
			 "default", chance(2) ? "admit" : "refuse", "mode", chance(2) ? "enforce" : "observe");
}

static void the_stored_text_is_the_dump_of_the_json_and_reads_back_the_same(void **state)
{
	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct rg_meeting_spec *meeting = NULL;
		struct rg_err err = { 0 };
		char id[RG_MEETING_ID_MAX + 1];
		json_t *body = random_meeting();
		char *text, *stored;

		if (rg_meeting_parse(body, random_id(id, RG_MEETING_ID_MAX), &meeting, &err))
			fail_msg("%s: %s", err.pointer, err.detail);
		json_decref(body);
		body = rg_meeting_to_json(meeting);
		text = json_dumps(body, JSON_COMPACT);
		json_decref(body);
		rg_meeting_free(meeting);

		body = given_json(text);
		assert_int_equal(rg_meeting_parse(body, id, &meeting, &err), 0);
		json_decref(body);
		stored = rg_meeting_to_text(meeting);
		assert_string_equal(stored, text);
		free(stored);
		free(text);
		rg_meeting_free(meeting);
	}
}

/* A text as it is in the store, and its meeting's id. */
static char *random_text(char id[RG_MEETING_ID_MAX + 1])
{
	struct rg_meeting_spec *meeting = NULL;
	struct rg_err err = { 0 };
	json_t *body = random_meeting();
	char *text;

	if (rg_meeting_parse(body, random_id(id, RG_MEETING_ID_MAX), &meeting, &err))
		fail_msg("%s: %s", err.pointer, err.detail);
	json_decref(body);
	text = rg_meeting_to_text(meeting);
	assert_non_null(text);
	rg_meeting_free(meeting);
	return text;
}

static bool same_window(const struct rg_window *a, const struct rg_window *b)
{
	return a->from == b->from && a->until == b->until;
}

static bool same_rule(const struct rg_rule *a, const struct rg_rule *b)
{
	bool same = !strcmp(a->id, b->id) && a->refuse == b->refuse && a->n_regions == b->n_regions &&
		    same_window(&a->window, &b->window) && !a->order == !b->order;

	for (size_t i = 0; same && i < a->n_regions; i++)
		same = a->regions[i].kind == b->regions[i].kind && !strcmp(a->regions[i].name, b->regions[i].name);
	return same;
}

/* All that a plain text can say. */
static bool same_meeting(const struct rg_meeting_spec *a, const struct rg_meeting_spec *b)
{
	bool same = !strcmp(a->id, b->id) && a->n_endpoints == b->n_endpoints && a->n_ufrags == b->n_ufrags &&
		    a->default_refuse == b->default_refuse && a->n_rules == b->n_rules &&
		    a->n_exceptions == b->n_exceptions && a->sites.given == b->sites.given &&
		    a->observe == b->observe && same_window(&a->window, &b->window);

	for (size_t i = 0; same && i < a->n_endpoints; i++)
		same = !memcmp(&a->endpoints[i], &b->endpoints[i], sizeof(a->endpoints[i]));
	for (size_t i = 0; same && i < a->n_rules; i++)
		same = same_rule(&a->rules[i], &b->rules[i]);
	for (size_t i = 0; same && i < a->n_ufrags; i++)
		same = !strcmp(a->ufrags[i].endpoint, b->ufrags[i].endpoint) &&
		       !strcmp(a->ufrags[i].text, b->ufrags[i].text);
	return same;
}

/* What the reader without JSON accepts, the other one accepts, and as the same meeting. Behind the text there is
 * nothing that may be read. */
static bool then_readers_agree_on(const char *text, size_t length, const char *id)
{
	struct rg_meeting_spec *meeting = NULL, *other = NULL;
	struct rg_err err = { 0 };
	json_t *body = NULL;
	char *bytes = malloc(length + !length);
	int r;

	assert_non_null(bytes);
	memcpy(bytes, text, length);
	r = rg_meeting_from_text(bytes, length, id, &meeting);
	free(bytes);
	if (r) {
		assert_int_equal(r, -EINVAL);
		assert_null(meeting);
		return false;
	}
	if (rg_json_parse(text, length, &body, &err) || rg_meeting_parse(body, id, &other, &err))
		fail_msg("%s: %s: %s", text, err.pointer, err.detail);
	if (!same_meeting(meeting, other))
		fail_msg("read differently: %s", text);
	json_decref(body);
	rg_meeting_free(meeting);
	rg_meeting_free(other);
	return true;
}

static bool then_readers_agree(const char *text, const char *id)
{
	return then_readers_agree_on(text, strlen(text), id);
}

static void both_readers_read_a_stored_text_alike(void **state)
{
	char id[RG_MEETING_ID_MAX + 1];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		char *text = random_text(id);

		/* those with times are left to JSON */
		if (then_readers_agree(text, id) == (strstr(text, "expires\":\"") != NULL))
			fail_msg("%s", text);
		assert_false(then_readers_agree(text, "another"));
		free(text);
	}
}

static void mutate(char *text, size_t room)
{
	static const char letters[] = "\"\"\\{}[],:019aZ .-_\x01\xc3";
	static const char *const words[] = { "udp", "refuse", "admit", "\"CN\"", "any", "65535", "00", "observe" };
	size_t n = strlen(text), at = chance((unsigned int)n);
	const char *word = words[chance(ARRAY_SIZE(words))];

	switch (chance(4)) {
	case 0:
		text[at] = letters[chance(sizeof(letters) - 1)];
		break;
	case 1:
		memmove(text + at, text + at + 1, n - at);
		break;
	case 2: /* a piece of it twice */
		if (n + 8 < room && at + 8 < n)
			memmove(text + at + 8, text + at, n - at + 1);
		break;
	default:
		if (at + strlen(word) < n)
			memcpy(text + at, word, strlen(word));
	}
}

static void a_damaged_text_is_never_read_otherwise_than_as_json(void **state)
{
	char id[RG_MEETING_ID_MAX + 1], damaged[8192];
	unsigned int accepted = 0;

	(void)state;
	for (int i = 0; i < 500; i++) {
		char *text = random_text(id);

		for (int j = 0; j < 200; j++) {
			assert_true(strlen(text) + 16 < sizeof(damaged));
			strcpy(damaged, text);
			for (unsigned int k = 1 + chance(2); k; k--)
				mutate(damaged, sizeof(damaged));
			accepted += then_readers_agree(damaged, id);
		}
		free(text);
	}
	assert_in_range(accepted, 100, 99900); /* some are other meetings, most are nothing */
}

static void no_truncation_and_no_tail_but_white_space_is_read(void **state)
{
	char id[RG_MEETING_ID_MAX + 1], *text = NULL, longer[8192];

	(void)state;
	do {
		free(text);
		text = random_text(id);
	} while (strlen(text) < 200 || strstr(text, "expires"));
	for (int c = 0; c < 256; c++) {
		size_t n = (size_t)snprintf(longer, sizeof(longer), "%s%c", text, c) + !c;

		assert_true(then_readers_agree_on(longer, n, id) == (c && strchr(" \t\r\n", c)));
	}
	for (size_t n = strlen(text); n-- > 0;) {
		text[n] = '\0';
		assert_false(then_readers_agree(text, id));
	}
	free(text);
}

#define HEAD "{\"id\":\"m\",\"endpoints\":["
#define MIDDLE "],\"ufrags\":[],\"default\":\"admit\",\"rules\":["
#define TAIL "],\"mode\":\"enforce\"}"
#define ENDPOINT(port) "{\"address\":\"any\",\"port\":" port ",\"protocol\":\"udp\"}"
#define RULE(id, regions) "{\"id\":\"" id "\",\"action\":\"refuse\",\"regions\":[" regions "]}"
#define BARE "{\"action\":\"admit\",\"regions\":[]}"
#define UFRAG(endpoint, text) "{\"endpoint\":\"" endpoint "\",\"ufrag\":\"" text "\"}"
#define UFRAGS(list) "{\"id\":\"m\",\"ufrags\":[" list "]}"
#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

struct example { bool read; const char *text; };

static void then_read_are(const struct example *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (then_readers_agree(cases[i].text, "m") != cases[i].read)
			fail_msg("%s", cases[i].text);
		then_readers_agree(cases[i].text, NULL);
	}
}

static void wrong_and_uncommon_meetings_are_left_to_json(void **state)
{
	static const struct example cases[] = {
		{ true, HEAD MIDDLE TAIL }, { true, "{}" }, { true, "{\"id\":\"m\"}" },
		{ true, HEAD ENDPOINT("1") "," ENDPOINT("2") MIDDLE RULE("a", "") "," RULE("b", "\"CN\",\"EU\"") TAIL },
		{ true, HEAD ENDPOINT("65535") MIDDLE RULE("r2", "") "," BARE "," BARE TAIL },
		{ true, HEAD MIDDLE BARE "," RULE("r1", "\"uk\"") "," BARE TAIL },
		{ true, "{\"mode\":\"observe\",\"rules\":[],\"default\":\"refuse\"}" },
		{ true, HEAD "{\"port\":7,\"address\":\"::ffff:192.0.2.1\"}" MIDDLE TAIL },
		{ false, HEAD ENDPOINT("1") "," ENDPOINT("1") MIDDLE TAIL },
		{ false, HEAD "{\"port\":7}" MIDDLE TAIL }, { false, HEAD "{\"address\":\"any\"}" MIDDLE TAIL },
		{ false, HEAD MIDDLE RULE("a", "") "," RULE("a", "") TAIL },
		{ false, HEAD MIDDLE "{\"action\":\"admit\"}" TAIL }, { false, HEAD MIDDLE "{\"regions\":[]}" TAIL },
		{ false, HEAD MIDDLE RULE("a", "\"XX\"") TAIL }, { false, HEAD MIDDLE RULE("", "") TAIL },
		{ false, HEAD MIDDLE RULE("a b", "") TAIL }, { false, HEAD MIDDLE RULE("a/b", "") TAIL },
		{ false, HEAD "{\"address\":\"224.0.0.1\",\"port\":1,\"protocol\":\"udp\"}" MIDDLE TAIL },
		{ false, HEAD "{\"address\":\"::\",\"port\":1,\"protocol\":\"udp\"}" MIDDLE TAIL },
		{ false, HEAD "{\"address\":\"any\",\"port\":1,\"protocol\":\"UDP\"}" MIDDLE TAIL },
		{ true, UFRAGS(UFRAG("sfu", "a+/=") "," UFRAG("sfu", "abcd") "," UFRAG("sfv", "abcd")) },
		{ false, UFRAGS(UFRAG("sfu", "abcd") "," UFRAG("sfu", "abcd")) }, { false, UFRAGS(UFRAG("sfu", "abc")) },
		{ false, UFRAGS(UFRAG("sfu", "ab:d")) }, { false, UFRAGS(UFRAG("sfu", "ab d")) },
		{ false, UFRAGS(UFRAG("s/u", "abcd")) }, { false, UFRAGS("{\"ufrag\":\"abcd\"}") },
		{ true, UFRAGS(UFRAG("sfu", SIXTY "1234")) }, { false, UFRAGS(UFRAG("sfu", SIXTY "12345")) },
		{ false, "{\"id\":\"n\"}" }, { false, "{\"id\":\"\"}" }, { false, "{\"id\":\"" SIXTY "12345\"}" },
		{ false, "{\"op\":\"delete\",\"id\":\"m\"}" }, { false, "{\"id\":\"m\",\"mode\":\"enforced\"}" },
		{ false, "{\"id\":\"m\",\"expires\":\"2030-01-02T03:04:05Z\"}" },
		{ false, "{\"id\":\"m\",\"exceptions\":[]}" }, { false, "{\"id\":\"m\",\"sites\":{\"refuse\":[]}}" },
		{ false, HEAD MIDDLE "{\"action\":\"admit\",\"regions\":[],\"order\":{}}" TAIL },
	};

	(void)state;
	then_read_are(cases, ARRAY_SIZE(cases));
}

static void other_json_and_what_is_no_json_is_left_to_json(void **state)
{
	static const struct example cases[] = {
		{ true, " {\t\"id\" :\r\"m\"\n, \"rules\" : [ ] } \n" },
		{ true, HEAD " { \"address\" : \"any\" , \"port\" : 1 } , " ENDPOINT("\t2\n") MIDDLE TAIL },
		{ false, HEAD ENDPOINT("0") MIDDLE TAIL }, { false, HEAD ENDPOINT("65536") MIDDLE TAIL },
		{ false, HEAD ENDPOINT("01") MIDDLE TAIL }, { false, HEAD ENDPOINT("") MIDDLE TAIL },
		{ false, HEAD ENDPOINT("-0") MIDDLE TAIL }, { false, HEAD ENDPOINT("-1") MIDDLE TAIL },
		{ false, HEAD ENDPOINT("+1") MIDDLE TAIL }, { false, HEAD ENDPOINT("1e0") MIDDLE TAIL },
		{ false, HEAD ENDPOINT("1.0") MIDDLE TAIL }, { false, HEAD ENDPOINT("1 2") MIDDLE TAIL },
		{ false, HEAD ENDPOINT("0x1") MIDDLE TAIL }, { false, HEAD ENDPOINT("\"1\"") MIDDLE TAIL },
		{ false, HEAD ENDPOINT("18446744073709551617") MIDDLE TAIL }, { false, HEAD ENDPOINT("null") MIDDLE TAIL },
		{ false, HEAD ENDPOINT("4294967297") MIDDLE TAIL }, { false, HEAD ENDPOINT("1,\"port\":1") MIDDLE TAIL },
		{ false, HEAD ENDPOINT("1") "," MIDDLE TAIL }, { false, HEAD "," MIDDLE TAIL },
		{ false, HEAD ENDPOINT("1") " " ENDPOINT("2") MIDDLE TAIL },
		{ false, HEAD MIDDLE RULE("a", "\"CN\",") TAIL }, { false, HEAD MIDDLE RULE("a", "[]") TAIL },
		{ false, HEAD MIDDLE RULE("a", "\"\\u0043N\"") TAIL }, { false, HEAD MIDDLE RULE("a", "'CN'") TAIL },
		{ false, "{\"id\":\"m\",\"id\":\"m\"}" }, { false, "{\"\\u0069d\":\"m\"}" },
		{ false, "{\"id\":\"m\",}" }, { false, "{,\"id\":\"m\"}" }, { false, "{\"id\":\"m\" \"mode\":\"observe\"}" },
		{ false, "{\"id\" \"m\"}" }, { false, "{\"id\":m}" }, { false, "{id:\"m\"}" }, { false, "{\"id\":null}" },
		{ false, "{\"id\":\"m\"" }, { false, "{\"id\":\"m" }, { false, "{\"id\":\"m\"}}" }, { false, "{}{}" },
		{ false, "{\"id\":\"m\xc3\xa4\"}" }, { false, "{\"id\":\"m\xff\"}" }, { false, "{\"\x7f\":\"m\"}" },
		{ false, "{\"id\":\"m\x01\"}" }, { false, "{\"id\":\"m\\u0000\"}" }, { false, "\xef\xbb\xbf{\"id\":\"m\"}" },
		{ false, "\v{}" }, { false, "{\f}" }, { false, "{\xc2\xa0}" }, { false, "{/**/}" }, { false, "" },
		{ false, " " }, { false, "[]" }, { false, "[{}]" }, { false, "null" }, { false, "\"m\"" }, { false, "1" },
	};
	static const char nul[] = "{\"id\":\"m\"}\0", inside[] = "{\"id\":\"m\0\"}";

	(void)state;
	then_read_are(cases, ARRAY_SIZE(cases));
	assert_false(then_readers_agree_on(nul, sizeof(nul) - 1, "m"));
	assert_false(then_readers_agree_on(inside, sizeof(inside) - 1, "m"));
}

static bool has_default(const char *field)
{
	return !strcmp(field, "ufrags") || !strcmp(field, "default") || !strcmp(field, "mode") || !strcmp(field, "protocol");
}

/* Each array and each object of a body as a client may write it: fields in another order, some of those that
 * have a default left out. */
static json_t *rewritten(const json_t *value)
{
	json_t *copy, *part;
	const char *names[16], *name;
	size_t n = 0, i;

	if (json_is_array(value)) {
		copy = json_array();
		json_array_foreach((json_t *)value, i, part)
			json_array_append_new(copy, rewritten(part));
		return copy;
	}
	if (!json_is_object(value))
		return json_copy((json_t *)value);
	json_object_foreach((json_t *)value, name, part)
		names[n++] = name;
	copy = json_object();
	for (; n; names[i] = names[--n]) {
		i = chance((unsigned int)n);
		if (chance(6) || !has_default(names[i]))
			json_object_set_new(copy, names[i], rewritten(json_object_get(value, names[i])));
	}
	return copy;
}

static void both_readers_read_a_request_alike(void **state)
{
	static const size_t forms[] = { 0, JSON_COMPACT, JSON_INDENT(3), JSON_SORT_KEYS, JSON_ENSURE_ASCII };
	char id[RG_MEETING_ID_MAX + 1], *text;
	json_t *body, *other;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		text = random_text(id);
		body = given_json(text);
		if (!chance(3))
			json_object_set_new(body, "ufrags", json_pack("[{s:s,s:s}]", "endpoint", "sfu", "ufrag", "abcd"));
		free(text);
		other = rewritten(body);
		text = json_dumps(other, forms[chance(ARRAY_SIZE(forms))]);
		if (then_readers_agree(text, NULL) == (strstr(text, "\"expires\"") != NULL))
			fail_msg("%s", text);
		json_object_del(other, "id");
		free(text);
		text = json_dumps(other, JSON_COMPACT);
		assert_false(then_readers_agree(text, NULL));
		if (then_readers_agree(text, id) == (strstr(text, "\"expires\"") != NULL))
			fail_msg("%s", text);
		free(text);
		json_decref(body);
		json_decref(other);
	}
}

static void more_than_the_limits_is_left_to_json(void **state)
{
	static char text[200 * (RG_RULES_PER_MEETING_MAX + 2)];
	char *to;

	(void)state;
	for (int n = RG_RULES_PER_MEETING_MAX; n <= RG_RULES_PER_MEETING_MAX + 1; n++) {
		to = stpcpy(text, HEAD MIDDLE);
		for (int i = 0; i < n; i++)
			to += sprintf(to, "%s{\"id\":\"%d\",\"action\":\"admit\",\"regions\":[]}", i ? "," : "", i);
		strcpy(to, TAIL);
		assert_true(then_readers_agree(text, "m") == (n == RG_RULES_PER_MEETING_MAX));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_stored_text_is_the_dump_of_the_json_and_reads_back_the_same),
		cmocka_unit_test(both_readers_read_a_stored_text_alike),
		cmocka_unit_test(a_damaged_text_is_never_read_otherwise_than_as_json),
		cmocka_unit_test(no_truncation_and_no_tail_but_white_space_is_read),
		cmocka_unit_test(wrong_and_uncommon_meetings_are_left_to_json),
		cmocka_unit_test(other_json_and_what_is_no_json_is_left_to_json),
		cmocka_unit_test(both_readers_read_a_request_alike),
		cmocka_unit_test(more_than_the_limits_is_left_to_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
