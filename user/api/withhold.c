/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/withhold.h"

#include <errno.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/utc.h"

/* Times are texts of one form, which sort as they follow each other. */
static bool gagged(const json_t *object, const char *now)
{
	const char *until = json_string_value(json_object_get(object, "gag_until"));

	return until && strcmp(until, now) > 0;
}

/* An entry of the ledger that holds why somebody approves an override. It does not say whether the order is
 * gagged, so it is withheld in any case. */
static bool is_approval(const json_t *entry)
{
	const char *kind = json_string_value(json_object_get(entry, "kind"));

	return kind && !strcmp(kind, "approval") && json_object_get(json_object_get(entry, "detail"), "reason");
}

static bool any_gagged(const json_t *json, const char *now)
{
	const json_t *value;
	const char *key;
	size_t i;

	if (gagged(json, now) || is_approval(json))
		return true;
	json_array_foreach(json, i, value)
		if (any_gagged(value, now))
			return true;
	json_object_foreach((json_t *)json, key, value)
		if (any_gagged(value, now))
			return true;
	return false;
}

static int hide(json_t *object, const char *key)
{
	return json_object_get(object, key) && json_object_set_new(object, key, json_null()) ? -ENOMEM : 0;
}

static int hide_order(json_t *order)
{
	static const char *const members[] = {
		"authority", "basis", "reference", "received", "document_sha256", "override",
	};
	int r = json_object_set_new(order, "withheld", json_true()) ? -ENOMEM : 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(members); i++)
		r = hide(order, members[i]);
	return r;
}

/* A meeting in the ledger: {"bases": {"r1": "Act 7"}, "orders": [{"id": "r1", "order": {}}]}. */
static int hide_bases(json_t *bases, const json_t *rules, const char *now)
{
	const json_t *rule;
	size_t i;
	int r = 0;

	json_array_foreach(rules, i, rule) {
		const char *id = json_string_value(json_object_get(rule, "id"));

		if (!r && id && gagged(json_object_get(rule, "order"), now))
			r = hide(bases, id);
	}
	return r;
}

static int withhold(json_t *json, const char *now)
{
	json_t *value;
	const char *key;
	size_t i;
	int r = 0;

	if (gagged(json_object_get(json, "order"), now))
		r = hide(json, "basis");
	if (!r && is_approval(json))
		r = hide(json_object_get(json, "detail"), "reason");
	if (!r)
		r = hide_bases(json_object_get(json, "bases"), json_object_get(json, "orders"), now);
	if (!r && gagged(json, now))
		r = hide_order(json);
	json_array_foreach(json, i, value)
		r = r ? r : withhold(value, now);
	json_object_foreach(json, key, value)
		r = r ? r : withhold(value, now);
	return r;
}

int rg_withhold(const json_t *body, int64_t now, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *copy = NULL;
	char text[RG_UTC_TEXT_MAX];

	rg_utc_format(now, text);
	if (!any_gagged(body, text)) {
		*ret = json_incref((json_t *)body);
		return 0;
	}
	copy = json_deep_copy(body);
	if (!copy || withhold(copy, text))
		return -ENOMEM;
	*ret = TAKE_PTR(copy);
	return 0;
}
