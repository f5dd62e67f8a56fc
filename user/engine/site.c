/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Media of meetings that exclude this site: that it arrives at all is the incident, so it raises an
 * alarm: log, ledger, metric, status.
 *
 * An alarm stands as long as its meeting excludes this site. They are in the store: whoever was told is not
 * told again because the daemon restarted. */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "engine/engine_private.h"
#include "store/settings.h"

#define SETTING       "site-alarms"
#define ALARM_EVERY_S 3600 /* and meeting, while it goes on */

struct site_alarm {
	char meeting[RG_MEETING_ID_MAX + 1];
	uint32_t number;    /* of the meeting; 0: as it is read from the store */
	uint64_t packets;   /* refused, for whatever reason, when last looked at */
	int64_t at;         /* when it was last raised; 0: it does not stand (any more, or yet) */
};

/* Is its meeting there still? Not another one of the same name. */
static const struct meeting *meeting_of(const struct rg_engine *engine, struct site_alarm *alarm)
{
	const struct meeting *meeting = model_meeting(&engine->model, alarm->meeting);

	if (!meeting || (alarm->number && alarm->number != meeting->number))
		return NULL;
	alarm->number = meeting->number;
	return meeting;
}

/* Alarms whose condition is over. If it holds again, the next packet is another alarm: not those before it. */
static void end_alarms(struct rg_engine *engine)
{
	struct site *site = &engine->site;
	size_t n = 0;

	for (size_t i = 0; i < site->n_alarms; i++) {
		struct site_alarm alarm = site->alarms[i];
		const struct meeting *meeting = meeting_of(engine, &alarm);
		bool ends = meeting && alarm.at && !engine_site_refuses(engine, meeting->spec);

		if (ends)
			alarm.at = 0;
		site->changed |= ends || !meeting;
		if (meeting)
			site->alarms[n++] = alarm;
	}
	site->n_alarms = n;
}

static struct site_alarm alarm_new(const struct meeting *meeting, uint64_t packets)
{
	struct site_alarm alarm = { .number = meeting->number, .packets = packets };

	snprintf(alarm.meeting, sizeof(alarm.meeting), "%s", meeting->spec->id);
	return alarm;
}

/* One of a meeting that has none. Without memory it comes once more. */
static void keep(struct rg_engine *engine, const struct site_alarm *alarm)
{
	struct site *site = &engine->site;

	if (engine_grow(&site->alarms, &site->max_alarms, site->n_alarms + 1, sizeof(*site->alarms), NULL))
		return;
	site->alarms[site->n_alarms++] = *alarm;
	site->changed = true;
}

static void add_packets(void *arg, const struct rg_dp_mtg_stat *stat)
{
	*(uint64_t *)arg += stat->refuse.packets + stat->observe.packets;
}

void site_begins(struct rg_engine *engine, const struct meeting *meeting)
{
	struct site *site = &engine->site;
	struct site_alarm alarm = alarm_new(meeting, 0);

	rg_dp_mtg_stats(engine->dp, meeting->number, add_packets, &alarm.packets);
	for (size_t i = 0; i < site->n_alarms; i++) {
		if (strcmp(site->alarms[i].meeting, alarm.meeting))
			continue;
		site->changed = true;
		site->alarms[i] = alarm;
		return;
	}
	if (alarm.packets)
		keep(engine, &alarm);
}

struct refused { struct rg_engine *engine; uint64_t *packets; /* by number of the meeting */ };

static void add_stat(void *arg, const struct rg_dp_mtg_stat *stat)
{
	const struct refused *refused = arg;
	const struct model *model = &refused->engine->model;
	const struct meeting *meeting = stat->meeting < model->max_meetings ? model->by_number[stat->meeting] : NULL;

	if (meeting && engine_site_refuses(refused->engine, meeting->spec))
		refused->packets[stat->meeting] += stat->refuse.packets + stat->observe.packets;
}

static const char *site_text(const struct rg_engine *engine, char buf[64])
{
	return engine->site.known ? rg_region_spec_format(&engine->site.place, buf) : "not known";
}

static void raise(struct rg_engine *engine, struct site_alarm *alarm, uint64_t more)
{
	const char *id = alarm->meeting;
	char site[64];

	alarm->at = rg_engine_now(engine);
	engine->site.raised++;
	rg_log(RG_LOG_ERROR, "ALARM: media of meeting '%s' arrives here, which is a site (%s) that it excludes: "
	       "%llu packets refused", id, site_text(engine, site), (unsigned long long)more);
	events_add(engine, EVENT_ALARM, id, json_pack("{s:s, s:s, s:I}", "alarm", "site", "site",
						      site_text(engine, site), "packets", (json_int_t)more));
	engine_ledger_later(engine, RG_LEDGER_SITE_ALARM, id,
			    json_pack("{s:s, s:I}", "site", site_text(engine, site), "packets", (json_int_t)more));
}

/* @packets: all that were refused of its meeting. */
static void look_again(struct rg_engine *engine, struct site_alarm *alarm, uint64_t packets)
{
	int64_t ago = rg_engine_now(engine) - alarm->at;

	if (packets == alarm->packets)
		return;
	if (packets < alarm->packets) /* the counters began anew */
		alarm->packets = 0;
	if (ago >= ALARM_EVERY_S || ago < 0)
		raise(engine, alarm, packets - alarm->packets);
	alarm->packets = packets;
	engine->site.changed = true;
}

static void raise_first(struct rg_engine *engine, const struct meeting *meeting, uint64_t packets)
{
	struct site_alarm alarm = alarm_new(meeting, packets);

	raise(engine, &alarm, packets);
	keep(engine, &alarm);
}

static uint64_t count_refused(const struct rg_engine *engine)
{
	uint64_t refused = 0;

	for (int direction = 0; direction < RG_DIRECTION_MAX; direction++) {
		struct rg_count counts[RG_REASON_MAX];

		if (!rg_dp_reason_counts(engine->dp, (enum rg_direction)direction, counts, NULL))
			refused += counts[RG_REASON_REFUSE_SITE].packets;
	}
	return refused;
}

/* Something was refused since the last look: of whom? */
static void look_at_meetings(struct rg_engine *engine)
{
	const struct model *model = &engine->model;
	struct site *site = &engine->site;
	_cleanup_(rg_freep) uint64_t *packets = calloc(model->max_meetings, sizeof(*packets));
	struct refused refused = { engine, packets };

	if (!packets)
		return;
	rg_dp_mtg_stats(engine->dp, 0, add_stat, &refused);
	for (size_t i = 0; i < site->n_alarms; i++) {
		uint64_t *of = &packets[site->alarms[i].number];

		if (*of)
			look_again(engine, &site->alarms[i], *of);
		*of = 0;
	}
	for (uint32_t number = 1; number < model->max_meetings; number++)
		if (packets[number])
			raise_first(engine, model->by_number[number], packets[number]);
}

void site_look(struct rg_engine *engine)
{
	struct site *site = &engine->site;
	uint64_t refused = count_refused(engine), raised = site->raised;
	struct rg_err err = { 0 };
	int r;

	end_alarms(engine);
	if (refused == site->refused)
		return;
	site->refused = refused;
	look_at_meetings(engine);
	if (site->raised == raised)
		return; /* site_write() is called now and then */
	ledger_flush_later(engine); /* ahead of them: what is killed in between tells it again, rather than never */
	r = engine_stage_begin(engine, &err);
	if (!r)
		r = site_write(engine, &err);
	if (!r)
		r = rg_store_commit(engine->store, &err);
	if (!r)
		return;
	rg_store_rollback(engine->store);
	site->changed = true;
	rg_log(RG_LOG_WARNING, "alarms are not stored, and come again when the daemon restarts: %s", err.detail);
}

/* --- in the store ------------------------------------------------------------- */

int site_write(struct rg_engine *engine, struct rg_err *err)
{
	struct site *site = &engine->site;
	_cleanup_(json_decrefp) json_t *list = json_array();
	_cleanup_(rg_freep) char *text = NULL;
	int r;

	if (!site->changed)
		return 0;
	for (size_t i = 0; i < site->n_alarms; i++) {
		const struct site_alarm *alarm = &site->alarms[i];

		if (json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "meeting", alarm->meeting, "at",
							  (json_int_t)alarm->at, "packets", (json_int_t)alarm->packets)))
			return engine_no_memory(err);
	}
	text = json_dumps(list, JSON_COMPACT);
	r = text ? rg_store_setting_put(engine->store, SETTING, text, err) : engine_no_memory(err);
	if (!r)
		site->changed = false;
	return r;
}

int site_open(struct rg_engine *engine, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *list = NULL;
	_cleanup_(rg_freep) char *text = NULL;
	struct site *site = &engine->site;
	const json_t *stored;
	size_t i;
	int r = rg_store_setting_get(engine->store, SETTING, &text, err);

	if (r || !text)
		return r;
	list = json_loads(text, 0, NULL);
	json_array_foreach(list, i, stored) {
		const char *id = json_string_value(json_object_get(stored, "meeting"));
		json_int_t packets = json_integer_value(json_object_get(stored, "packets"));
		struct site_alarm alarm = { .at = json_integer_value(json_object_get(stored, "at")),
					    .packets = (uint64_t)packets };

		if (!id || strlen(id) > RG_MEETING_ID_MAX || alarm.at < 0 || alarm.at > rg_engine_now(engine) ||
		    packets <= 0)
			continue; /* nothing that a daemon wrote: at worst the alarm comes again */
		strcpy(alarm.meeting, id);
		r = engine_grow(&site->alarms, &site->max_alarms, site->n_alarms + 1, sizeof(*site->alarms), err);
		if (r)
			return r;
		site->alarms[site->n_alarms++] = alarm;
	}
	return 0;
}

json_t *site_json(const struct rg_engine *engine)
{
	const struct site *site = &engine->site;
	json_t *meetings = json_array();

	for (size_t i = 0; i < site->n_alarms; i++)
		if (site->alarms[i].at)
			json_array_append_new(meetings, json_string(site->alarms[i].meeting));
	return json_pack("{s:I, s:o}", "alarms", (json_int_t)site->raised, "meetings", meetings);
}
