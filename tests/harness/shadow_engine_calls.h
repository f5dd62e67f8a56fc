/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The daemon itself: its mode, its place, and what it says by itself of meetings, maps and ledger. Included by
 * test_engine_random.c behind its state and then_result(). */
#ifndef RG_TEST_SHADOW_ENGINE_CALLS_H
#define RG_TEST_SHADOW_ENGINE_CALLS_H

/* Immediate: what is staged goes ahead of it. */
static void do_mode(void)
{
	bool observe = rnd_one_in(&rnd, 3);
	json_t *body = json_pack("{s:s}", "mode", observe ? "observe" : "enforce"), *answer = NULL;
	int ret;

	snprintf(what, sizeof(what), "observe %d", observe);
	ret = rg_engine_mode_put(engine, body, &answer, &err);
	json_decref(body);
	json_decref(answer);
	then_result(ret, RG_ERR_NONE);
	shadow.observe = observe;
	flushed = shadow;
	regions_changed = false;
}

/* It starts somewhere else. */
static void when_moved(void)
{
	static struct rg_region_spec site;

	shadow.place = (uint8_t)rnd_below(&rnd, SH_COUNT(sh_places));
	config.site = sh_places[shadow.place] ? &site : NULL;
	if (config.site)
		assert_int_equal(rg_region_spec_parse(sh_places[shadow.place], &site, NULL), 0);
	when_restarted();
}

/* What signalling is told, before any packet. */
static void then_admission(unsigned int i, const char *source)
{
	const char *wanted = sh_reason(&shadow, &shadow.meetings[i], source);
	json_t *body = json_pack("{s:o, s:s}", "meeting", json_sprintf("m-%u", i), "address", source), *answer = NULL;

	if (rg_engine_admission(engine, body, &answer, &err))
		wrong("admission of %s to m-%u: %s", source, i, err.detail);
	if (strcmp(field(answer, "reason"), wanted))
		wrong("admission of %s to m-%u is %s, wanted %s", source, i, field(answer, "reason"), wanted);
	json_decref(body);
	json_decref(answer);
}

static void then_admissions(void)
{
	for (unsigned int i = 0; i < SH_MEETINGS; i++)
		if (shadow.meetings[i].exists)
			then_admission(i, sh_sources[rnd_below(&rnd, SH_COUNT(sh_sources))]);
}

/* The maps, all of them, against those that would be made anew. */
static void then_maps_are_as_made_anew(void)
{
	json_t *answer = NULL;

	if (rg_engine_verify(engine, &answer, &err))
		wrong("verify: %s", err.detail);
	if (json_integer_value(json_object_get(answer, "differences")))
		wrong("the maps differ: %s", json_dumps(answer, JSON_COMPACT));
	json_decref(answer);
}

static void then_ledger_is_whole(void)
{
	json_t *answer = NULL;

	assert_int_equal(ledger_verify(0, 1u << 30, &answer), 0);
	if (!json_is_true(json_object_get(answer, "ok")))
		wrong("the ledger: %s", json_dumps(answer, JSON_COMPACT));
	json_decref(answer);
}

#endif
