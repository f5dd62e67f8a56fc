/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random calls about ufrags and shared endpoints. Included by test_engine_random.c behind its state,
 * draw_condition() and accept_meeting(). */
#ifndef RG_TEST_SHADOW_SHARED_CALLS_H
#define RG_TEST_SHADOW_SHARED_CALLS_H

static void do_bind(void)
{
	unsigned int i = rnd_below(&rnd, SH_MEETINGS), bit = rnd_below(&rnd, SH_SHARED * SH_UFRAGS);
	struct sh_meeting m = shadow.meetings[i];
	struct condition condition = draw_condition(m.exists, m.revision);
	const char *text = sh_ufrags[bit % SH_UFRAGS];
	enum rg_errc wanted = RG_ERR_NOT_FOUND;
	bool created = false;
	char id[8], name[8];
	int ret;

	m.ufrags |= 1u << bit;
	if (m.exists)
		wanted = sh_ufrags_error(&shadow, i, 1u << bit);
	if (!wanted && too_many_ufrags(sh_all_ufrags(&shadow) | m.ufrags))
		wanted = RG_ERR_FULL;
	if (!wanted && !condition.holds)
		wanted = RG_ERR_PRECONDITION;
	snprintf(id, sizeof(id), "m-%u", i);
	snprintf(name, sizeof(name), "s%u", bit / SH_UFRAGS);
	snprintf(what, sizeof(what), "bind %s of %s to %s", text, name, id);
	ret = rg_engine_ufrag_bind(engine, id, name, text, condition.if_match, &created, &m.revision, &err);
	if (ret && err.code == RG_ERR_FULL && regions_changed && (!wanted || wanted == RG_ERR_PRECONDITION))
		wanted = RG_ERR_FULL;
	then_result(ret, wanted);
	if (ret)
		return;
	if (created == (shadow.meetings[i].ufrags >> bit & 1))
		wrong("created: %d", created);
	accept_meeting(i, m, m.revision);
}

static void do_unbind(void)
{
	unsigned int i = rnd_below(&rnd, SH_MEETINGS), bit = rnd_below(&rnd, SH_SHARED * SH_UFRAGS);
	struct sh_meeting m = shadow.meetings[i];
	struct condition condition = draw_condition(m.exists, m.revision);
	const char *text = sh_ufrags[bit % SH_UFRAGS];
	enum rg_errc wanted = RG_ERR_NONE;
	char id[8], name[8];
	int ret;

	if (m.ufrags && !rnd_one_in(&rnd, 4)) /* one that it holds */
		while (!(m.ufrags >> bit & 1))
			bit = (bit + 1) % (SH_SHARED * SH_UFRAGS);
	text = sh_ufrags[bit % SH_UFRAGS];
	if (!m.exists)
		wanted = RG_ERR_NOT_FOUND;
	else if (!shadow.shared[bit / SH_UFRAGS].exists)
		wanted = RG_ERR_INVALID;
	else if (!(m.ufrags >> bit & 1))
		wanted = RG_ERR_NOT_FOUND;
	else if (!condition.holds)
		wanted = RG_ERR_PRECONDITION;
	snprintf(id, sizeof(id), "m-%u", i);
	snprintf(name, sizeof(name), "s%u", bit / SH_UFRAGS);
	snprintf(what, sizeof(what), "unbind %s of %s from %s", text, name, id);
	ret = rg_engine_ufrag_unbind(engine, id, name, text, condition.if_match, &m.revision, &err);
	then_result(ret, wanted);
	if (ret)
		return;
	m.ufrags &= ~(1u << bit);
	accept_meeting(i, m, m.revision);
}

static struct sh_shared draw_shared(void)
{
	struct sh_shared s = { .exists = true, .tcp = rnd_one_in(&rnd, 3), .admit = rnd_one_in(&rnd, 3),
			       .prefix = rnd_one_in(&rnd, 3) };

	s.address = (uint8_t)(rnd_one_in(&rnd, 6) ? 0 : 1 + rnd_below(&rnd, SH_COUNT(sh_addresses) - 1));
	s.first = (uint8_t)(1 + rnd_below(&rnd, PORTS));
	s.last = (uint8_t)(s.first + rnd_below(&rnd, 2));
	return s;
}

static enum rg_errc shared_error_of(unsigned int i, const struct sh_shared *s)
{
	const struct sh_shared *old = &shadow.shared[i];
	struct shadow after = shadow;

	after.shared[i] = *s;
	if (sh_same_shared(old, s))
		return RG_ERR_NONE;
	if (sh_shared_overlap(&shadow, i, s) >= 0 || sh_meets_dedicated(&shadow, s))
		return RG_ERR_CONFLICT;
	if (s->prefix && !old->prefix && sh_all_ufrags(&shadow) & sh_bits_of(i))
		return RG_ERR_CONFLICT;
	if (!s->prefix && old->exists && old->prefix && sh_all_ufrags(&shadow) & sh_bits_of(i))
		return RG_ERR_CONFLICT;
	return sh_count_locals(&after, 0) > MAX_LOCALS ? RG_ERR_FULL : RG_ERR_NONE;
}

static void do_shared(void)
{
	unsigned int i = rnd_below(&rnd, SH_SHARED);
	const struct sh_shared old = shadow.shared[i];
	struct sh_shared s = rnd_one_in(&rnd, 8) && old.exists ? old : draw_shared();
	struct condition condition = draw_condition(old.exists, old.revision);
	struct shadow with = shadow;
	bool created = false, spoiled = rnd_one_in(&rnd, 10);
	enum rg_errc wanted;
	char name[8];
	json_t *body;
	int ret;

	with.shared[i] = s;
	body = sh_shared_json(&with, i);
	if (spoiled)
		json_object_set_new(body, "ufrag_prefix", json_integer(3));
	wanted = spoiled ? RG_ERR_INVALID : !condition.holds ? RG_ERR_PRECONDITION : shared_error_of(i, &s);
	snprintf(name, sizeof(name), "s%u", i);
	snprintf(what, sizeof(what), "put endpoint %s", name);
	ret = rg_engine_endpoint_put(engine, name, body, condition.if_match, &created, &s.revision, &err);
	json_decref(body);
	if (!wanted && ret && err.code == RG_ERR_FULL &&
	    (regions_changed || sh_count_locals(&shadow, 1u << s.address) > MAX_LOCALS))
		wanted = RG_ERR_FULL;
	then_result(ret, wanted);
	if (ret)
		return;
	if (created == old.exists || (sh_same_shared(&old, &s) ? s.revision != old.revision : s.revision <= last_revision))
		wrong("created %d, revision %llu", created, (unsigned long long)s.revision);
	if (sh_same_shared(&old, &s))
		return;
	last_revision = s.revision;
	shadow.shared[i] = s;
}

static void do_shared_delete(void)
{
	unsigned int i = rnd_below(&rnd, SH_SHARED);
	struct sh_shared *s = &shadow.shared[i];
	struct condition condition = draw_condition(s->exists, s->revision);
	char name[8];
	int ret;

	snprintf(name, sizeof(name), "s%u", i);
	snprintf(what, sizeof(what), "delete endpoint %s", name);
	ret = rg_engine_endpoint_delete(engine, name, condition.if_match, &err);
	then_result(ret, !s->exists ? RG_ERR_NOT_FOUND : !condition.holds ? RG_ERR_PRECONDITION :
		    sh_all_ufrags(&shadow) & sh_bits_of(i) ? RG_ERR_CONFLICT : RG_ERR_NONE);
	if (!ret)
		*s = (struct sh_shared){ 0 };
}

#endif
