/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The common kind of meeting, read straight from its JSON text: most lines of a batch are such, and so are the
 * bodies that meeting_text.c writes straight for the store. JSON values cost a batch and a start more than all else.
 * Every text of a value is checked by the functions that meeting_json.c checks it with. What is of another kind, or
 * wrong, or in doubt is left to the JSON reader, and so are all errors. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include "base/cleanup.h"
#include "policy/meeting_private.h"

RG_DEFINE_CLEANUP(struct rg_meeting_spec *, rg_meeting_free);

#define WORD_MAX 64
_Static_assert(WORD_MAX == RG_MEETING_ID_MAX && WORD_MAX >= RG_ADDR_TEXT_MAX, "the longest words fit");

/* Where a text is being read; NULL: it is not of the common kind. */
struct reader {
	const char *at, *end;
	bool no_memory;
};

static void fail(struct reader *reader)
{
	reader->at = NULL;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline void skip_space(struct reader *reader)
{
	const char *at = reader->at;

	while (at && at < reader->end && is_space(*at))
		at++;
	reader->at = at;
}

/* Go past white space, and past @c, if that is what stands there. */
static inline bool passes(struct reader *reader, char c)
{
	skip_space(reader);
	if (!reader->at || reader->at == reader->end || *reader->at != c)
		return false;
	reader->at++;
	return true;
}

static inline void expect(struct reader *reader, char c)
{
	if (!passes(reader, c))
		fail(reader);
}

/* A string whose letters all stand for themselves. */
static const char *word(struct reader *reader, char buf[WORD_MAX + 1])
{
	const char *at, *end = reader->end;
	size_t n = 0;

	expect(reader, '"');
	at = reader->at;
	while (at && at < end && n < WORD_MAX && *at >= ' ' && *at <= '~' && *at != '"' && *at != '\\')
		buf[n++] = *at++;
	buf[n] = '\0';
	reader->at = at && at < end && *at == '"' ? at + 1 : NULL;
	return buf;
}

/* Go past the rest of a string, if that is @text. */
static bool is_string(struct reader *reader, const char *text)
{
	const char *at = reader->at;

	while (at && at < reader->end && *text && *at == *text) {
		at++;
		text++;
	}
	if (*text || !at || at == reader->end || *at != '"')
		return false;
	reader->at = at + 1;
	return true;
}

static bool choice(struct reader *reader, const char *no, const char *yes)
{
	bool is_yes;

	expect(reader, '"');
	is_yes = is_string(reader, yes);
	if (!is_yes && !is_string(reader, no))
		fail(reader);
	return is_yes;
}

static char *copy_word(struct reader *reader)
{
	char text[WORD_MAX + 1], *copy;

	copy = strdup(word(reader, text));
	reader->no_memory |= !copy;
	return copy;
}

/* Reads a value into @to. */
typedef void (*read_fn)(struct reader *reader, void *to);

struct field {
	const char *name; /* NULL: there are no more */
	read_fn read;
	bool required;
};

/* Each field at most once, in any order. */
static void read_object(struct reader *reader, const struct field fields[], void *to)
{
	unsigned int seen = 0;

	expect(reader, '{');
	while (reader->at && !passes(reader, '}')) {
		const struct field *field = fields;

		if (seen)
			expect(reader, ',');
		expect(reader, '"');
		while (field->name && (seen & 1u << (field - fields) || !is_string(reader, field->name)))
			field++;
		expect(reader, ':');
		if (!field->name)
			fail(reader);
		if (!reader->at)
			return;
		seen |= 1u << (field - fields);
		field->read(reader, to);
	}
	for (const struct field *field = fields; field->name; field++)
		if (field->required && !(seen & 1u << (field - fields)))
			fail(reader);
}

static void read_list(struct reader *reader, read_fn read, void *to)
{
	bool first = true;

	expect(reader, '[');
	for (; reader->at && !passes(reader, ']'); first = false) {
		if (!first)
			expect(reader, ',');
		if (reader->at)
			read(reader, to);
	}
}

/* One more element at the end of a list, zeroed. NULL: there are too many, or memory is out. */
static void *add(struct reader *reader, void *list, size_t *n, size_t most, size_t size)
{
	bool full = !(*n & (*n - 1)); /* there is room for a power of two */
	void *larger;

	if (*n == most) {
		fail(reader);
		return NULL;
	}
	larger = full ? reallocarray(*(void **)list, *n ? 2 * *n : 1, size) : *(void **)list;
	if (!larger) {
		reader->no_memory = true;
		fail(reader);
		return NULL;
	}
	*(void **)list = larger;
	return memset((char *)larger + (*n)++ * size, 0, size);
}

/* --- endpoints ---------------------------------------------------------------- */

static void read_address(struct reader *reader, void *to)
{
	struct rg_endpoint_spec *endpoint = to;
	char text[WORD_MAX + 1];

	if (rg_local_address_parse(word(reader, text), &endpoint->address, NULL))
		fail(reader);
}

/* Digits without a zero in front; what makes another number of them is no end of a value. */
static void read_port(struct reader *reader, void *to)
{
	struct rg_endpoint_spec *endpoint = to;
	unsigned int number = 0;
	const char *at;

	skip_space(reader);
	at = reader->at;
	while (at && at < reader->end && *at >= '0' && *at <= '9' && number <= 65535 && (number || *at != '0'))
		number = number * 10 + (unsigned int)(*at++ - '0');
	reader->at = number && number <= 65535 ? at : NULL;
	endpoint->port = (__u16)number;
}

static void read_protocol(struct reader *reader, void *to)
{
	struct rg_endpoint_spec *endpoint = to;

	endpoint->protocol = choice(reader, "udp", "tcp") ? IPPROTO_TCP : IPPROTO_UDP;
}

static void read_endpoint(struct reader *reader, void *to)
{
	static const struct field fields[] = {
		{ "address", read_address, true }, { "port", read_port, true }, { "protocol", read_protocol, false }, { 0 },
	};
	struct rg_meeting_spec *meeting = to;
	struct rg_endpoint_spec *endpoint = add(reader, &meeting->endpoints, &meeting->n_endpoints,
						RG_ENDPOINTS_PER_MEETING_MAX, sizeof(*endpoint));

	if (!endpoint)
		return;
	endpoint->protocol = IPPROTO_UDP;
	read_object(reader, fields, endpoint);
}

/* --- ufrags ------------------------------------------------------------------- */

static void read_shared(struct reader *reader, void *to)
{
	struct rg_ufrag_spec *ufrag = to;

	ufrag->endpoint = copy_word(reader);
	if (!ufrag->endpoint || !rg_endpoint_name_ok(ufrag->endpoint))
		fail(reader);
}

static void read_ufrag_text(struct reader *reader, void *to)
{
	struct rg_ufrag_spec *ufrag = to;

	ufrag->text = copy_word(reader);
	if (!ufrag->text || rg_ufrag_check(ufrag->text, NULL))
		fail(reader);
}

static void read_ufrag(struct reader *reader, void *to)
{
	static const struct field fields[] = {
		{ "endpoint", read_shared, true }, { "ufrag", read_ufrag_text, true }, { 0 },
	};
	struct rg_meeting_spec *meeting = to;
	struct rg_ufrag_spec *ufrag = add(reader, &meeting->ufrags, &meeting->n_ufrags, RG_UFRAGS_PER_BODY_MAX,
					  sizeof(*ufrag));

	if (ufrag)
		read_object(reader, fields, ufrag);
}

/* --- rules -------------------------------------------------------------------- */

static void read_rule_id(struct reader *reader, void *to)
{
	struct rg_rule *rule = to;

	rule->id = copy_word(reader);
	if (!rule->id || !rg_meeting_id_ok(rule->id))
		fail(reader);
}

static void read_action(struct reader *reader, void *to)
{
	struct rg_rule *rule = to;

	rule->refuse = choice(reader, "admit", "refuse");
}

static void read_region(struct reader *reader, void *to)
{
	struct rg_rule *rule = to;
	struct rg_region_spec *region = add(reader, &rule->regions, &rule->n_regions, RG_REGIONS_PER_RULE_MAX,
					    sizeof(*region));
	char text[WORD_MAX + 1];

	if (region && rg_region_spec_parse(word(reader, text), region, NULL))
		fail(reader);
}

static void read_regions(struct reader *reader, void *to)
{
	read_list(reader, read_region, to);
}

static void read_rule(struct reader *reader, void *to)
{
	static const struct field fields[] = {
		{ "id", read_rule_id, false }, { "action", read_action, true }, { "regions", read_regions, true }, { 0 },
	};
	struct rg_meeting_spec *meeting = to;
	struct rg_rule *rule = add(reader, &meeting->rules, &meeting->n_rules, RG_RULES_PER_MEETING_MAX, sizeof(*rule));

	if (!rule)
		return;
	rule->window = RG_WINDOW_ALWAYS;
	read_object(reader, fields, rule);
}

/* --- the meeting -------------------------------------------------------------- */

static void read_id(struct reader *reader, void *to)
{
	struct rg_meeting_spec *meeting = to;

	if (!rg_meeting_id_ok(word(reader, meeting->id)))
		fail(reader);
}

static void read_endpoints(struct reader *reader, void *to)
{
	read_list(reader, read_endpoint, to);
}

static void read_ufrags(struct reader *reader, void *to)
{
	read_list(reader, read_ufrag, to);
}

static void read_default(struct reader *reader, void *to)
{
	struct rg_meeting_spec *meeting = to;

	meeting->default_refuse = choice(reader, "admit", "refuse");
}

static void read_rules(struct reader *reader, void *to)
{
	read_list(reader, read_rule, to);
}

static void read_mode(struct reader *reader, void *to)
{
	struct rg_meeting_spec *meeting = to;

	meeting->observe = choice(reader, "enforce", "observe");
}

static void read_meeting(struct reader *reader, struct rg_meeting_spec *meeting)
{
	static const struct field fields[] = {
		{ "id", read_id, false }, { "endpoints", read_endpoints, false }, { "ufrags", read_ufrags, false },
		{ "default", read_default, false }, { "rules", read_rules, false }, { "mode", read_mode, false }, { 0 },
	};

	meeting->window = RG_WINDOW_ALWAYS;
	read_object(reader, fields, meeting);
	skip_space(reader);
	if (reader->at != reader->end)
		fail(reader);
}

/* The id stands in the text, or the caller knows it, or both say the same. */
static bool settle_id(struct rg_meeting_spec *meeting, const char *id)
{
	if (*meeting->id)
		return !id || !strcmp(meeting->id, id);
	if (!id || !rg_meeting_id_ok(id))
		return false;
	strcpy(meeting->id, id);
	return true;
}

static bool rules_differ(const struct rg_meeting_spec *meeting)
{
	for (size_t i = 1; i < meeting->n_rules; i++)
		if (meeting->rules[i].id && rg_rule_by_id(meeting, meeting->rules[i].id) != &meeting->rules[i])
			return false;
	return true;
}

/* What no field tells alone. */
static bool settle(struct rg_meeting_spec *meeting, const char *id)
{
	return settle_id(meeting, id) && !rg_endpoints_check(meeting, NULL) &&
	       !rg_ufrags_check(meeting->ufrags, meeting->n_ufrags, NULL) && rules_differ(meeting) &&
	       !rg_rules_name(meeting, NULL);
}

int rg_meeting_from_text(const char *text, size_t length, const char *id, struct rg_meeting_spec **ret)
{
	_cleanup_(rg_meeting_freep) struct rg_meeting_spec *meeting = calloc(1, sizeof(*meeting));
	struct reader reader = { .at = text, .end = text + length };

	if (!meeting)
		return -ENOMEM;
	read_meeting(&reader, meeting);
	if (reader.no_memory)
		return -ENOMEM;
	if (!reader.at || !settle(meeting, id))
		return -EINVAL;
	*ret = TAKE_PTR(meeting);
	return 0;
}
