/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The global mode: enforce, or observe. The configuration says one, a push may say another, and
 * whichever was said last holds: a push survives restarts until the configuration says something new. */
#include <errno.h>
#include <string.h>
#include "base/log.h"
#include "engine/engine_private.h"
#include "policy/json_util.h"
#include "store/settings.h"

static const char *text_of(bool observe)
{
	return observe ? "observe" : "enforce";
}

int mode_open(struct rg_engine *engine, struct rg_err *err)
{
	_cleanup_(rg_freep) char *text = NULL;
	_cleanup_(json_decrefp) json_t *json = NULL;
	const char *mode, *config;
	int r = rg_store_setting_get(engine->store, "mode", &text, err);

	engine->observe_config = engine->observe;
	if (r || !text)
		return r;
	json = json_loads(text, 0, NULL);
	mode = json_string_value(json_object_get(json, "mode"));
	config = json_string_value(json_object_get(json, "config"));
	if (!mode || !config || strcmp(config, text_of(engine->observe_config)))
		return 0;
	engine->observe = !strcmp(mode, "observe");
	if (engine->observe != engine->observe_config)
		rg_log(RG_LOG_NOTICE, "the mode is '%s', as was pushed; the configuration says '%s'",
		       text_of(engine->observe), text_of(engine->observe_config));
	return 0;
}

int rg_engine_mode_get(struct rg_engine *engine, json_t **ret, struct rg_err *err)
{
	*ret = json_pack("{s:s, s:s}", "mode", text_of(engine->observe), "config",
			 text_of(engine->observe_config));
	return *ret ? 0 : engine_no_memory(err);
}

static int store(struct rg_engine *engine, bool observe, struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *json = json_pack("{s:s, s:s}", "mode", text_of(observe), "config",
							 text_of(engine->observe_config));
	_cleanup_(rg_freep) char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	int r = text ? engine_stage_begin(engine, err) : engine_no_memory(err);

	if (!r)
		r = rg_store_setting_put(engine->store, "mode", text, err);
	if (r) {
		rg_store_rollback(engine->store);
		return r;
	}
	return engine_ledger_commit(engine, RG_LEDGER_MODE, "regiongated",
				    json_pack("{s:s, s:s}", "before", text_of(engine->observe), "after",
					      text_of(observe)), err);
}

int rg_engine_mode_put(struct rg_engine *engine, const json_t *body, json_t **ret, struct rg_err *err)
{
	static const char *const known[] = { "mode", NULL };
	bool observe = false;
	int r = rg_json_fields(body, known, err);

	if (!r)
		r = rg_json_choice(body, "mode", true, "enforce", "observe", &observe, err);
	if (r)
		return r;
	engine_settle(engine);
	if (observe != engine->observe) {
		r = store(engine, observe, err);
		if (r)
			return r;
		engine->observe = observe;
		rg_dp_observe_set(engine->dp, observe);
		events_add(engine, EVENT_RULES, NULL, json_pack("{s:s, s:s}", "change", "mode", "mode", text_of(observe)));
	}
	return rg_engine_mode_get(engine, ret, err);
}
