/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The territorial guard: an order reaches nobody outside of its jurisdiction.
 *
 * Asked when an order is pushed: then what it names must lie inside, or it is refused, unless an admin
 * overrides that with a second one's approval. A standing order can not reach further either, since its
 * rule is compiled with its bound (policy.h); that it is narrowed is reported. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "engine/engine_private.h"
#include "policy/json_util.h"

#define NARROWED_LIST_MAX 100
#define PLACES_TEXT_MAX 160

/* What of a rule exceeds. */
struct excess {
	size_t n;
	char regions[sizeof(((struct rg_err *)0)->regions)]; /* "HK,custom:here" */
	char words[PLACES_TEXT_MAX + 64]; /* " (custom:here has addresses in US)" */
};

/* Where addresses of a custom region lie that are outside. */
struct outside {
	const struct rg_region_spec *jurisdiction;
	char places[PLACES_TEXT_MAX]; /* "JP, US" */
};

static void note_place(void *arg, const char *country, const char *subdivision)
{
	struct outside *outside = arg;
	const char *place = *subdivision ? subdivision : *country ? country : "unknown";
	size_t used = strlen(outside->places);

	if (rg_territory_holds_place(outside->jurisdiction, country, subdivision) ||
	    strstr(outside->places, place))
		return;
	snprintf(outside->places + used, sizeof(outside->places) - used, "%s%s", used ? ", " : "", place);
}

static void custom_outside(const struct rg_engine *engine, const struct rg_region_spec *region,
			   struct outside *outside)
{
	for (unsigned int id = 0; id < rg_reach_count(engine->reach); id++)
		if (rg_region_matches(region, rg_classes_get(engine->classes, id)))
			rg_reach_places(engine->reach, id, note_place, outside);
}

static void add_excess(struct excess *excess, const struct rg_region_spec *region, const char *places)
{
	size_t used = strlen(excess->regions);
	char text[64];

	rg_region_spec_format(region, text);
	if (used + strlen(text) + 2 <= sizeof(excess->regions))
		snprintf(excess->regions + used, sizeof(excess->regions) - used, "%s%s", used ? "," : "", text);
	if (*places && !*excess->words)
		snprintf(excess->words, sizeof(excess->words), " (%s has addresses in %s)", text, places);
	excess->n++;
}

static struct excess excess_of(const struct rg_engine *engine, const struct rg_rule *rule)
{
	const struct rg_region_spec *jurisdiction = &rule->order->jurisdiction;
	struct excess excess = { 0 };

	for (size_t i = 0; i < rule->n_regions; i++) {
		struct outside outside = { .jurisdiction = jurisdiction };

		if (rule->regions[i].kind == RG_REGION_CUSTOM) {
			custom_outside(engine, &rule->regions[i], &outside);
			if (*outside.places)
				add_excess(&excess, &rule->regions[i], outside.places);
		} else if (!rg_territory_holds(jurisdiction, &rule->regions[i])) {
			add_excess(&excess, &rule->regions[i], "");
		}
	}
	return excess;
}

static const struct rg_rule *rule_named(const struct rg_meeting_spec *spec, const char *id)
{
	for (size_t i = 0; spec && i < spec->n_rules; i++)
		if (!strcmp(spec->rules[i].id, id))
			return &spec->rules[i];
	return NULL;
}

/* A rule that stands already, as it is: pushing the body again asks nothing. */
static bool stands(const struct rg_rule *rule, const struct rg_meeting_spec *old)
{
	const struct rg_rule *before = rule_named(old, rule->id);
	_cleanup_(json_decrefp) json_t *a = NULL, *b = NULL;

	if (!before || !before->order)
		return false;
	a = rg_rule_to_json(rule);
	b = rg_rule_to_json(before);
	return a && b && json_equal(a, b);
}

bool guard_needs_table(const struct rg_meeting_spec *spec)
{
	for (size_t i = 0; i < spec->n_rules; i++)
		for (size_t j = 0; spec->rules[i].order && j < spec->rules[i].n_regions; j++)
			if (spec->rules[i].regions[j].kind == RG_REGION_CUSTOM)
				return true;
	return false;
}

static json_t *excess_json(const struct rg_rule *rule, const struct excess *excess)
{
	json_t *regions = json_array();

	for (const char *p = excess->regions; *p;) {
		size_t n = strcspn(p, ",");

		json_array_append_new(regions, json_stringn(p, n));
		p += n + (p[n] == ',');
	}
	return json_pack("{s:s, s:o, s:o}", "rule", rule->id, "order", rg_order_to_json(rule->order),
			 "exceeds", regions);
}

/* What was refused; of an override also what there is to approve, so that its approver can read it. */
static json_t *refused_json(const struct rg_meeting_spec *spec, const struct rg_rule *rule,
			    const struct excess *excess)
{
	json_t *json = excess_json(rule, excess);
	char digest[RG_SHA256_TEXT];

	if (json && rule->order->override_reason && !approval_digest(spec->id, rule, digest, NULL))
		json_object_set_new(json, "approvable", json_pack("{s:s, s:o}", "sha256", digest, "rule",
								  rg_rule_to_json(rule)));
	return json;
}

static int refuse_excess(const struct rg_meeting_spec *spec, const struct rg_rule *rule,
			 const struct excess *excess, struct rg_err *err)
{
	char jurisdiction[64], pointer[64];

	snprintf(pointer, sizeof(pointer), "/rules/%td/regions", rule - spec->rules);
	rg_err_set(err, -EPERM, RG_ERR_EXCEEDS, pointer,
		   "the order reaches beyond the territory of %s: %.160s%s%s",
		   rg_region_spec_format(&rule->order->jurisdiction, jurisdiction), excess->regions,
		   strlen(excess->regions) > 160 ? "..." : "", excess->words);
	if (err)
		memcpy(err->regions, excess->regions, sizeof(err->regions));
	return -EPERM;
}

/* Whoever asks is not the one who approves. */
static bool is_requester(const struct rg_ledger_who *who, const char *approver)
{
	return who->called && (!strcasecmp(approver, who->asserted) || approval_names(approver, who->peer.uid));
}

static int check_override(struct rg_engine *engine, const struct rg_meeting_spec *spec,
			  const struct rg_rule *rule, const struct excess *excess, struct rg_err *err)
{
	const struct rg_ledger_who *who = &engine->ledger.caller;
	char pointer[64];

	snprintf(pointer, sizeof(pointer), "/rules/%td/order/override", rule - spec->rules);
	if (!rule->refuse || !excess->n)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, pointer,
				  "the order does not exceed its jurisdiction, so there is nothing to override");
	if (engine->accepted)
		return 0;
	if (who->called && who->peer.role < RG_ROLE_ADMIN)
		return rg_err_set(err, -EACCES, RG_ERR_FORBIDDEN, pointer,
				  "an override needs the role 'admin'");
	strncat(pointer, "/approved_by", sizeof(pointer) - strlen(pointer) - 1);
	if (!is_requester(who, rule->order->override_approved_by))
		return approval_check(engine, spec->id, rule, pointer, err);
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, pointer,
			  "whoever approves an override is somebody else than who asks for it");
}

/* A day that is not over anywhere on earth. */
static int check_received(const struct rg_engine *engine, const struct rg_meeting_spec *spec,
			  const struct rg_rule *rule, struct rg_err *err)
{
	char pointer[64];

	if (rule->order->received <= rg_engine_now(engine) + 14 * 3600)
		return 0;
	snprintf(pointer, sizeof(pointer), "/rules/%td/order/received", rule - spec->rules);
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, pointer, "the order is received in the future");
}

int guard_check(struct rg_engine *engine, const struct rg_meeting_spec *spec,
		const struct rg_meeting_spec *old, bool record, struct rg_err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < spec->n_rules; i++) {
		const struct rg_rule *rule = &spec->rules[i];
		struct excess excess;

		if (!rule->order || stands(rule, old))
			continue;
		ret = check_received(engine, spec, rule, err);
		if (ret)
			return ret;
		excess = excess_of(engine, rule);
		if (rule->order->override_reason)
			ret = check_override(engine, spec, rule, &excess, err);
		else if (rule->refuse && excess.n)
			ret = refuse_excess(spec, rule, &excess, err);
		if (ret && record && rule->refuse && excess.n)
			engine_ledger_later(engine, RG_LEDGER_ORDER_REFUSED, spec->id,
					    refused_json(spec, rule, &excess));
	}
	return ret;
}

/* The override, with the approval that it uses up. */
static int use_override(struct rg_engine *engine, const struct rg_meeting_spec *spec,
			const struct rg_rule *rule, struct rg_err *err)
{
	const struct excess excess = excess_of(engine, rule);
	json_t *detail, *approval = NULL;
	int ret = approval_use(engine, spec->id, rule, &approval, err);

	if (ret)
		return engine_doom(engine, ret, err);
	json_object_del(approval, "until");
	json_object_del(approval, "reason"); /* it is in the entry of the approval, and the order may be gagged */
	detail = excess_json(rule, &excess);
	if (!detail || json_object_set_new(detail, "approval", approval)) {
		json_decref(detail);
		return engine_doom(engine, engine_no_memory(err), err);
	}
	return engine_ledger(engine, RG_LEDGER_OVERRIDE, spec->id, detail, err);
}

int guard_ledger(struct rg_engine *engine, const struct rg_meeting_spec *spec,
		 const struct rg_meeting_spec *old, struct rg_err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && !engine->accepted && i < spec->n_rules; i++) {
		const struct rg_rule *rule = &spec->rules[i];

		if (rule->order && rule->order->override_reason && !stands(rule, old))
			ret = use_override(engine, spec, rule, err);
	}
	return ret;
}

/* --- standing orders ----------------------------------------------------------------- */

/* Does a rule name classes that have addresses outside of the order's territory? Not those that it
 * names by a place: the place is inside, but a custom region may have put foreign addresses there. */
static bool narrowed(struct rg_engine *engine, const struct rg_rule *rule)
{
	uint64_t named[RG_REACH_WORDS] = { 0 };
	const uint64_t *bits;
	size_t n = rg_reach_words(engine->reach);
	bool any = false;

	for (size_t i = 0; i < rule->n_regions; i++) {
		bits = rg_reach_of(engine->reach, &rule->regions[i]);
		for (size_t w = 0; w < n; w++)
			named[w] |= bits[w];
	}
	bits = rg_reach_inside(engine->reach, &rule->order->jurisdiction);
	for (size_t w = 0; w < n; w++)
		any |= (named[w] & ~bits[w]) != 0;
	return any;
}

static json_t *narrowed_json(struct rg_engine *engine, const struct rg_meeting_spec *spec,
			     const struct rg_rule *rule)
{
	const uint64_t *inside = rg_reach_inside(engine->reach, &rule->order->jurisdiction);
	json_t *regions = json_array(), *json;
	char jurisdiction[64], gag[RG_TIME_TEXT_MAX];

	for (unsigned int id = 0; id < rg_reach_count(engine->reach); id++) {
		bool named = false;

		for (size_t i = 0; i < rule->n_regions && !named; i++)
			named = rg_region_matches(&rule->regions[i], rg_classes_get(engine->classes, id));
		if (named && !rg_reach_has(inside, id))
			json_array_append_new(regions, json_string(rg_classes_get(engine->classes, id)->key));
		inside = rg_reach_inside(engine->reach, &rule->order->jurisdiction);
	}
	json = json_pack("{s:s, s:s, s:s, s:s, s:o}", "meeting", spec->id, "rule", rule->id,
			 "jurisdiction", rg_region_spec_format(&rule->order->jurisdiction, jurisdiction),
			 "reference", rule->order->reference, "regions", regions);
	if (json && rule->order->gag_until != RG_TIME_MIN)
		json_object_set_new(json, "gag_until", json_string(rg_time_format(rule->order->gag_until, gag)));
	return json;
}

static bool listed(const json_t *list, const json_t *entry)
{
	const json_t *other;
	size_t i;

	json_array_foreach(list, i, other)
		if (json_equal(other, entry))
			return true;
	return false;
}

static void report(struct rg_engine *engine, const json_t *before, const json_t *after)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(after, i, entry) {
		if (listed(before, entry))
			continue;
		rg_log(RG_LOG_WARNING, "meeting '%s', rule '%s': regions have come to lie outside of the order's "
		       "territory, and are not refused by it",
		       json_string_value(json_object_get(entry, "meeting")),
		       json_string_value(json_object_get(entry, "rule")));
		events_add(engine, EVENT_ORDER, json_string_value(json_object_get(entry, "meeting")),
			   json_pack("{s:s, s:O, s:O}", "change", "narrowed", "rule", json_object_get(entry, "rule"),
				     "regions", json_object_get(entry, "regions")));
		engine_ledger_later(engine, RG_LEDGER_ORDER_NARROWED,
				    json_string_value(json_object_get(entry, "meeting")),
				    json_deep_copy(entry));
	}
}

void guard_look(struct rg_engine *engine)
{
	json_t *before = engine->narrowed.list;

	engine->narrowed = (struct narrowed){ .list = json_array() };
	for (uint32_t number = 1; number < engine->model.max_meetings; number++) {
		const struct meeting *meeting = engine->model.by_number[number];

		for (size_t i = 0; meeting && i < meeting->spec->n_rules; i++) {
			const struct rg_rule *rule = &meeting->spec->rules[i];

			if (!rg_rule_bounded(rule) || !narrowed(engine, rule))
				continue;
			if (engine->narrowed.n++ < NARROWED_LIST_MAX)
				json_array_append_new(engine->narrowed.list,
						      narrowed_json(engine, meeting->spec, rule));
		}
	}
	report(engine, before, engine->narrowed.list);
	json_decref(before);
}
