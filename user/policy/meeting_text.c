/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The canonical body as a text, written straight from the struct where nothing in it can need an escape:
 * building and dumping JSON values takes more CPU time than all else that a push does. */
#include <jansson.h>
#include <netinet/in.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/text.h"
#include "policy/meeting_private.h"

#define HEAD_MAX (RG_MEETING_ID_MAX + 128)         /* all that is no endpoint and no rule */
#define ENDPOINT_MAX (RG_ADDR_TEXT_MAX + 64)
#define RULE_MAX (RG_MEETING_ID_MAX + 64)
#define REGION_MAX (64 + 3)

static bool is_always(const struct rg_window *window)
{
	return window->from == RG_TIME_MIN && window->until == RG_TIME_MAX;
}

/* Only ids, addresses and region codes, whose letters need no escapes. */
static bool is_plain(const struct rg_meeting_spec *meeting)
{
	if (meeting->n_ufrags || meeting->n_exceptions || meeting->sites.given || !is_always(&meeting->window))
		return false;
	for (size_t i = 0; i < meeting->n_rules; i++)
		if (meeting->rules[i].order || !is_always(&meeting->rules[i].window))
			return false;
	return true;
}

static size_t room_of(const struct rg_meeting_spec *meeting)
{
	size_t room = HEAD_MAX + meeting->n_endpoints * ENDPOINT_MAX;

	for (size_t i = 0; i < meeting->n_rules; i++)
		room += RULE_MAX + meeting->rules[i].n_regions * REGION_MAX;
	return room;
}

static char *put_endpoint(char *to, const struct rg_endpoint_spec *endpoint)
{
	char text[RG_ADDR_TEXT_MAX];

	to = stpcpy(to, "{\"address\":\"");
	to = stpcpy(to, rg_addr_is_any(&endpoint->address) ? "any" : rg_addr_format(&endpoint->address, text));
	to = rg_digits(stpcpy(to, "\",\"port\":"), endpoint->port);
	return stpcpy(to, endpoint->protocol == IPPROTO_TCP ? ",\"protocol\":\"tcp\"}" : ",\"protocol\":\"udp\"}");
}

static char *put_rule(char *to, const struct rg_rule *rule)
{
	char text[64];

	to = stpcpy(stpcpy(to, "{\"id\":\""), rule->id);
	to = stpcpy(to, rule->refuse ? "\",\"action\":\"refuse\",\"regions\":[" : "\",\"action\":\"admit\",\"regions\":[");
	for (size_t i = 0; i < rule->n_regions; i++) {
		to = stpcpy(to, i ? ",\"" : "\"");
		to = stpcpy(stpcpy(to, rg_region_spec_format(&rule->regions[i], text)), "\"");
	}
	return stpcpy(to, "]}");
}

static char *plain_text(const struct rg_meeting_spec *meeting)
{
	_cleanup_(rg_freep) char *room = malloc(room_of(meeting));
	char *to = room;

	if (!room)
		return NULL;
	to = stpcpy(stpcpy(to, "{\"id\":\""), meeting->id);
	to = stpcpy(to, "\",\"endpoints\":[");
	for (size_t i = 0; i < meeting->n_endpoints; i++)
		to = put_endpoint(i ? stpcpy(to, ",") : to, &meeting->endpoints[i]);
	to = stpcpy(to, "],\"ufrags\":[],\"default\":\"");
	to = stpcpy(to, meeting->default_refuse ? "refuse" : "admit");
	to = stpcpy(to, "\",\"rules\":[");
	for (size_t i = 0; i < meeting->n_rules; i++)
		to = put_rule(i ? stpcpy(to, ",") : to, &meeting->rules[i]);
	stpcpy(to, meeting->observe ? "],\"mode\":\"observe\"}" : "],\"mode\":\"enforce\"}");
	return strdup(room); /* it may be kept until the turn's end: no larger than it is */
}

char *rg_meeting_to_text(const struct rg_meeting_spec *meeting)
{
	_cleanup_(json_decrefp) json_t *json = NULL;

	if (is_plain(meeting))
		return plain_text(meeting);
	json = rg_meeting_to_json(meeting);
	return json ? json_dumps(json, JSON_COMPACT) : NULL;
}
