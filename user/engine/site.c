/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Media of meetings that exclude this site: that it arrives at all is the incident, so it raises an
 * alarm: log, ledger, metric, status. */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "engine/engine_private.h"

#define ALARM_EVERY_S 3600 /* and meeting, while it goes on */

struct site_alarm {
	uint32_t meeting;
	uint64_t packets;   /* refused, when last looked at */
	int64_t at;         /* of the last alarm; RG_TIME_MIN: none yet */
	uint64_t now;       /* while counting */
};

static struct site_alarm *alarm_of(struct site *site, uint32_t meeting)
{
	for (size_t i = 0; i < site->n_seen; i++)
		if (site->seen[i].meeting == meeting)
			return &site->seen[i];
	if (engine_grow(&site->seen, &site->max_seen, site->n_seen + 1, sizeof(*site->seen), NULL))
		return NULL;
	site->seen[site->n_seen] = (struct site_alarm){ .meeting = meeting, .at = RG_TIME_MIN };
	return &site->seen[site->n_seen++];
}

static void add_stat(void *arg, const struct rg_dp_mtg_stat *stat)
{
	struct rg_engine *engine = arg;
	const struct meeting *meeting = stat->meeting < engine->model.max_meetings
					? engine->model.by_number[stat->meeting] : NULL;
	struct site_alarm *alarm;

	if (!meeting || !engine_site_refuses(engine, meeting->spec))
		return;
	alarm = alarm_of(&engine->site, stat->meeting);
	if (alarm)
		alarm->now += stat->refuse.packets + stat->observe.packets;
}

static const char *site_text(const struct rg_engine *engine, char buf[64])
{
	return engine->site.known ? rg_region_spec_format(&engine->site.place, buf) : "not known";
}

static void raise(struct rg_engine *engine, struct site_alarm *alarm, uint64_t more)
{
	const char *id = rg_engine_meeting_id(engine, alarm->meeting);
	char site[64];

	alarm->at = rg_engine_now(engine);
	engine->site.alarms++;
	rg_log(RG_LOG_ERROR, "ALARM: media of meeting '%s' arrives here, which is a site (%s) that it excludes: "
	       "%llu packets refused", id, site_text(engine, site), (unsigned long long)more);
	events_add(engine, EVENT_ALARM, id, json_pack("{s:s, s:s, s:I}", "alarm", "site", "site",
						      site_text(engine, site), "packets", (json_int_t)more));
	engine_ledger_later(engine, RG_LEDGER_SITE_ALARM, id,
			    json_pack("{s:s, s:I}", "site", site_text(engine, site), "packets", (json_int_t)more));
}

void site_look(struct rg_engine *engine)
{
	struct site *site = &engine->site;
	uint64_t refused = 0;
	int64_t now = rg_engine_now(engine);

	for (int direction = 0; direction < RG_DIRECTION_MAX; direction++) {
		struct rg_count counts[RG_REASON_MAX];

		if (!rg_dp_reason_counts(engine->dp, (enum rg_direction)direction, counts, NULL))
			refused += counts[RG_REASON_REFUSE_SITE].packets;
	}
	if (refused == site->refused)
		return;
	site->refused = refused;
	for (size_t i = 0; i < site->n_seen; i++)
		site->seen[i].now = 0;
	rg_dp_mtg_stats(engine->dp, 0, add_stat, engine);
	for (size_t i = 0; i < site->n_seen; i++) {
		struct site_alarm *alarm = &site->seen[i];

		if (alarm->now > alarm->packets && (alarm->at == RG_TIME_MIN || now - alarm->at >= ALARM_EVERY_S))
			raise(engine, alarm, alarm->now - alarm->packets);
		alarm->packets = alarm->now;
	}
}

json_t *site_json(const struct rg_engine *engine)
{
	const struct site *site = &engine->site;
	json_t *meetings = json_array();

	for (size_t i = 0; i < site->n_seen; i++)
		if (site->seen[i].at != RG_TIME_MIN && *rg_engine_meeting_id((struct rg_engine *)engine, site->seen[i].meeting))
			json_array_append_new(meetings, json_string(rg_engine_meeting_id((struct rg_engine *)engine,
											 site->seen[i].meeting)));
	return json_pack("{s:I, s:o}", "alarms", (json_int_t)site->alarms, "meetings", meetings);
}
