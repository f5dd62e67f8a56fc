/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The other way of meeting_text.c: the texts that it writes straight from the struct, read straight into
 * one. A start reads as many of them as there are meetings, and JSON values cost it more than all else.
 * What is not such a text to the byte is left to the JSON reader. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include "base/cleanup.h"
#include "policy/meeting_private.h"

RG_DEFINE_CLEANUP(struct rg_meeting_spec *, rg_meeting_free);

#define WORD_MAX 64
_Static_assert(WORD_MAX == RG_MEETING_ID_MAX && WORD_MAX >= RG_ADDR_TEXT_MAX, "the longest words fit");

/* Where a text is being read; NULL: it is not one of ours. */
struct reader {
	const char *at;
	bool no_memory;
};

static void fail(struct reader *reader)
{
	reader->at = NULL;
}

/* Go past @literal, if that is what stands there. */
static bool passes(struct reader *reader, const char *literal)
{
	size_t n = strlen(literal);

	if (!reader->at || strncmp(reader->at, literal, n))
		return false;
	reader->at += n;
	return true;
}

static void expect(struct reader *reader, const char *literal)
{
	if (!passes(reader, literal))
		fail(reader);
}

/* Letters that stand for themselves, up to the end of the string. */
static const char *word(struct reader *reader, char buf[WORD_MAX + 1])
{
	size_t n = 0;

	*buf = '\0';
	while (reader->at && n <= WORD_MAX && rg_is_plain(reader->at[n]))
		n++;
	if (!n || n > WORD_MAX || reader->at[n] != '"') {
		fail(reader);
		return buf;
	}
	memcpy(buf, reader->at, n);
	buf[n] = '\0';
	reader->at += n + 1;
	return buf;
}

/* One of two strings, their first quotation mark is behind. */
static bool choice(struct reader *reader, const char *no, const char *yes)
{
	char text[WORD_MAX + 1];

	word(reader, text);
	if (strcmp(text, no) && strcmp(text, yes))
		fail(reader);
	return !strcmp(text, yes);
}

static __u16 port(struct reader *reader)
{
	unsigned int number = 0;
	size_t n = reader->at ? strspn(reader->at, "0123456789") : 0;

	if (!n || n > 5 || *reader->at == '0') {
		fail(reader);
		return 0;
	}
	for (; n; n--)
		number = number * 10 + (unsigned int)(*reader->at++ - '0');
	if (number > 65535)
		fail(reader);
	return (__u16)number;
}

/* One more element at the end of a list, zeroed. NULL: the text is not one of ours, or @reader has become
 * aware of that before. */
static void *add(struct reader *reader, void *list, size_t *n, size_t most, size_t size)
{
	void *larger = reader->at && *n < most ? reallocarray(*(void **)list, *n + 1, size) : NULL;

	if (!larger) {
		reader->no_memory |= reader->at && *n < most;
		fail(reader);
		return NULL;
	}
	*(void **)list = larger;
	return memset((char *)larger + (*n)++ * size, 0, size);
}

static void read_endpoints(struct reader *reader, struct rg_meeting_spec *meeting)
{
	while (reader->at && !passes(reader, "]")) {
		const char *head = meeting->n_endpoints ? ",{\"address\":\"" : "{\"address\":\"";
		struct rg_endpoint_spec *endpoint = add(reader, &meeting->endpoints, &meeting->n_endpoints,
							RG_ENDPOINTS_PER_MEETING_MAX, sizeof(*endpoint));
		char text[WORD_MAX + 1];

		if (!endpoint)
			return;
		expect(reader, head);
		if (rg_local_address_parse(word(reader, text), &endpoint->address, NULL))
			fail(reader);
		expect(reader, ",\"port\":");
		endpoint->port = port(reader);
		expect(reader, ",\"protocol\":\"");
		endpoint->protocol = choice(reader, "udp", "tcp") ? IPPROTO_TCP : IPPROTO_UDP;
		expect(reader, "}");
	}
}

static void read_regions(struct reader *reader, struct rg_rule *rule)
{
	while (reader->at && !passes(reader, "]")) {
		const char *head = rule->n_regions ? ",\"" : "\"";
		struct rg_region_spec *region = add(reader, &rule->regions, &rule->n_regions, RG_REGIONS_PER_RULE_MAX,
						    sizeof(*region));
		char text[WORD_MAX + 1];

		if (!region)
			return;
		expect(reader, head);
		if (rg_region_spec_parse(word(reader, text), region, NULL))
			fail(reader);
	}
}

static void read_rules(struct reader *reader, struct rg_meeting_spec *meeting)
{
	while (reader->at && !passes(reader, "]")) {
		const char *head = meeting->n_rules ? ",{\"id\":\"" : "{\"id\":\"";
		struct rg_rule *rule = add(reader, &meeting->rules, &meeting->n_rules, RG_RULES_PER_MEETING_MAX,
					   sizeof(*rule));
		char text[WORD_MAX + 1];

		if (!rule)
			return;
		expect(reader, head);
		rule->window = RG_WINDOW_ALWAYS;
		rule->id = strdup(word(reader, text));
		reader->no_memory |= !rule->id;
		expect(reader, ",\"action\":\"");
		rule->refuse = choice(reader, "admit", "refuse");
		expect(reader, ",\"regions\":[");
		read_regions(reader, rule);
		expect(reader, "}");
	}
}

static void read_meeting(struct reader *reader, struct rg_meeting_spec *meeting)
{
	char text[WORD_MAX + 1];

	meeting->window = RG_WINDOW_ALWAYS;
	expect(reader, "{\"id\":\"");
	strcpy(meeting->id, word(reader, text));
	expect(reader, ",\"endpoints\":[");
	read_endpoints(reader, meeting);
	expect(reader, ",\"ufrags\":[],\"default\":\"");
	meeting->default_refuse = choice(reader, "admit", "refuse");
	expect(reader, ",\"rules\":[");
	read_rules(reader, meeting);
	expect(reader, ",\"mode\":\"");
	meeting->observe = choice(reader, "enforce", "observe");
	expect(reader, "}");
	if (reader->at && *reader->at)
		fail(reader);
}

/* Each rule has an id of its own. */
static bool rules_differ(const struct rg_meeting_spec *meeting)
{
	for (size_t i = 1; i < meeting->n_rules; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(meeting->rules[i].id, meeting->rules[j].id))
				return false;
	return true;
}

int rg_meeting_from_text(const char *text, const char *id, struct rg_meeting_spec **ret)
{
	_cleanup_(rg_meeting_freep) struct rg_meeting_spec *meeting = calloc(1, sizeof(*meeting));
	struct reader reader = { .at = text };

	if (!meeting)
		return -ENOMEM;
	read_meeting(&reader, meeting);
	if (reader.no_memory)
		return -ENOMEM;
	if (!reader.at || strcmp(meeting->id, id) || rg_endpoints_check(meeting, NULL) || !rules_differ(meeting))
		return -EINVAL;
	*ret = TAKE_PTR(meeting);
	return 0;
}
