/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any bytes as the body of a meeting and of a custom region. What is accepted must
 * come out canonical: written, read and written again it is the same text. And what is read without
 * JSON values is what is read with them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "policy/exceptions.h"
#include "policy/policy.h"
#include "policy/timeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An error must be fit for a JSON answer. */
static void check_error(const struct rg_err *err)
{
	json_t *json = json_pack("{s:s, s:s}", "pointer", err->pointer, "detail", err->detail);

	if (!json || err->code == RG_ERR_NONE || !err->detail[0])
		abort();
	json_decref(json);
}

static void check_same(const json_t *a, const json_t *b)
{
	if (!a || !b || !json_equal(a, b))
		abort();
}

/* Where a server stands in a country, nobody knows better where it does not: what excludes it there excludes it in a
 * country of which no more is known; and what is not known at all is excluded by whatever is said. */
static void check_sites(const struct rg_sites *sites)
{
	struct rg_region_spec country, place;

	if (rg_region_spec_parse("US", &country, NULL) || rg_region_spec_parse("US-CA", &place, NULL))
		abort();
	if (rg_sites_exclude(sites, NULL) != sites->given ||
	    (rg_sites_exclude(sites, &place) && !rg_sites_exclude(sites, &country)))
		abort();
}

static void try_meeting(const json_t *body)
{
	struct rg_meeting_spec *meeting = NULL, *again = NULL;
	struct rg_err err = { 0 };
	json_t *first, *second;
	struct rg_policy *policy;
	struct rg_exception_set set;
	struct rg_timeline line;

	if (rg_meeting_parse(body, NULL, &meeting, &err)) {
		check_error(&err);
		return;
	}
	first = rg_meeting_to_json(meeting);
	if (!first || rg_meeting_parse(first, meeting->id, &again, &err))
		abort();
	second = rg_meeting_to_json(again);
	check_same(first, second);
	rg_timeline_of(meeting, RG_TIME_MIN, &line);
	if (line.n != rg_timeline_count(meeting) || line.steps[line.n - 1].until != RG_TIME_MAX)
		abort();
	check_sites(&meeting->sites);
	policy = rg_policy_new(meeting, line.steps[line.n / 2].from);
	if (!policy)
		abort();
	rg_policy_free(policy);
	rg_exceptions_compile(meeting->exceptions, meeting->n_exceptions, &set);
	if (set.ranges[0].hi || set.ranges[0].lo || 1u << set.steps > RG_EXCEPTION_RANGES_MAX)
		abort();
	json_decref(first);
	json_decref(second);
	rg_meeting_free(meeting);
	rg_meeting_free(again);
}

static void try_region(const json_t *body)
{
	struct rg_custom_region region = { 0 }, again = { 0 };
	struct rg_err err = { 0 };
	json_t *first, *second;

	if (rg_custom_region_parse(body, "fuzz", &region, &err)) {
		check_error(&err);
		return;
	}
	first = rg_custom_region_to_json(&region);
	if (!first || rg_custom_region_parse(first, "fuzz", &again, &err))
		abort();
	second = rg_custom_region_to_json(&again);
	check_same(first, second);
	json_decref(first);
	json_decref(second);
	rg_custom_region_clear(&region);
	rg_custom_region_clear(&again);
}

/* Bytes without a NUL behind them, as a line of a batch (@id NULL) or a stored body. */
static void try_text(const uint8_t *data, size_t size, const char *id)
{
	struct rg_meeting_spec *meeting = NULL, *again = NULL;
	const char *text = (const char *)data;
	json_t *body = NULL, *first, *second;
	struct rg_err err = { 0 };

	if (rg_meeting_from_text(text, size, id, &meeting))
		return;
	if (rg_json_parse(text, size, &body, &err) || rg_meeting_parse(body, id, &again, &err))
		abort();
	first = rg_meeting_to_json(meeting);
	second = rg_meeting_to_json(again);
	check_same(first, second);
	json_decref(first);
	json_decref(second);
	json_decref(body);
	rg_meeting_free(meeting);
	rg_meeting_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rg_err err = { 0 };
	json_t *body = NULL;

	try_text(data, size, NULL);
	try_text(data, size, "m-1");
	if (rg_json_parse((const char *)data, size, &body, &err)) {
		check_error(&err);
		return 0;
	}
	try_meeting(body);
	try_region(body);
	json_decref(body);
	return 0;
}
