/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "engine/engine_private.h"

bool engine_site_refuses(const struct rg_engine *engine, const struct rg_meeting_spec *spec)
{
	return rg_sites_exclude(&spec->sites, engine->site.known ? &engine->site.place : NULL);
}

struct rg_judge engine_judge(const struct rg_engine *engine, const struct rg_meeting_spec *spec, int64_t time,
			     struct rg_reach *reach)
{
	return (struct rg_judge){
		.meeting = spec,
		.reach = reach,
		.time = time,
		.site_refused = engine_site_refuses(engine, spec),
		.observe = engine->observe || spec->observe,
	};
}
