/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random calls about custom regions. Included by test_engine_random.c behind its state and then_result(). */
#ifndef RG_TEST_SHADOW_REGION_CALLS_H
#define RG_TEST_SHADOW_REGION_CALLS_H

static void do_region(void)
{
	unsigned int i = rnd_below(&rnd, SH_REGIONS), first = rnd_below(&rnd, SH_COUNT(sh_nets));
	struct sh_region r = { .exists = true, .country = (uint8_t)rnd_below(&rnd, SH_COUNT(sh_countries)),
			       .n_nets = (uint8_t)rnd_below(&rnd, SH_NETS + 1) };
	const struct sh_region *old = &shadow.regions[i];
	struct condition condition = draw_condition(old->exists, old->revision);
	bool created = false, spoiled = rnd_one_in(&rnd, 8);
	struct shadow with = shadow;
	json_t *body;
	char name[8];
	int ret;

	for (unsigned int j = 0; j < r.n_nets; j++)
		r.nets[j] = (uint8_t)((first + j * 2) % SH_COUNT(sh_nets));
	with.regions[i] = r;
	body = sh_region_json(&with, i);
	if (spoiled)
		json_array_append_new(json_object_get(body, "networks"), json_string("192.0.2.1/24"));
	snprintf(name, sizeof(name), "c%u", i);
	snprintf(what, sizeof(what), "put region %s", name);
	ret = rg_engine_region_put(engine, name, body, condition.if_match, &created, &r.revision, &err);
	json_decref(body);
	then_result(ret, spoiled ? RG_ERR_INVALID : condition.holds ? RG_ERR_NONE : RG_ERR_PRECONDITION);
	if (!ret && created == old->exists)
		wrong("created: %d", created);
	if (ret)
		return;
	regions_changed = true;
	if (r.revision == old->revision)
		return;
	if (r.revision <= last_revision)
		wrong("revision %llu", (unsigned long long)r.revision);
	last_revision = r.revision;
	shadow.regions[i] = r;
}

/* The custom region of a standing order; SH_REGIONS: there is none. */
static unsigned int ordered_region(void)
{
	unsigned int first = rnd_below(&rnd, SH_MEETINGS);

	for (unsigned int i = 0; i < SH_MEETINGS; i++) {
		const struct sh_meeting *m = &shadow.meetings[(first + i) % SH_MEETINGS];

		for (unsigned int j = 0; m->exists && j < m->n_rules; j++)
			for (unsigned int k = 0; m->rules[j].order && k < m->rules[j].n; k++)
				if (m->rules[j].codes[k] >= SH_CODE_CUSTOM)
					return m->rules[j].codes[k] - SH_CODE_CUSTOM;
	}
	return SH_REGIONS;
}

/* What an order names comes to lie elsewhere: it must not go along. */
static void do_region_moves(void)
{
	unsigned int i = ordered_region();
	struct shadow with = shadow;
	char name[8];
	json_t *body;
	int ret;

	if (i == SH_REGIONS)
		return;
	with.regions[i].country = (uint8_t)((with.regions[i].country + 1 + rnd_below(&rnd, SH_COUNT(sh_countries) - 1)) %
					    SH_COUNT(sh_countries));
	body = sh_region_json(&with, i);
	snprintf(name, sizeof(name), "c%u", i);
	snprintf(what, sizeof(what), "move region %s to '%s'", name, sh_countries[with.regions[i].country]);
	ret = rg_engine_region_put(engine, name, body, RG_ANY_REVISION, NULL, &with.regions[i].revision, &err);
	json_decref(body);
	then_result(ret, RG_ERR_NONE);
	shadow.regions[i] = with.regions[i];
	regions_changed = true;
	if (with.regions[i].revision > last_revision)
		last_revision = with.regions[i].revision;
}

static void do_region_delete(void)
{
	unsigned int i = rnd_below(&rnd, SH_REGIONS);
	struct sh_region *r = &shadow.regions[i];
	struct condition condition = draw_condition(r->exists, r->revision);
	char name[8];
	int ret;

	snprintf(name, sizeof(name), "c%u", i);
	snprintf(what, sizeof(what), "delete region %s", name);
	ret = rg_engine_region_delete(engine, name, condition.if_match, &err);
	then_result(ret, !r->exists ? RG_ERR_NOT_FOUND : !condition.holds ? RG_ERR_PRECONDITION :
		    sh_region_used(&shadow, i) ? RG_ERR_CONFLICT : RG_ERR_NONE);
	if (!ret)
		*r = (struct sh_region){ 0 };
	regions_changed |= !ret;
}

#endif
