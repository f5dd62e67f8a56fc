/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "ledger/report_private.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "ledger/entry.h"

/* --- making and freeing ------------------------------------------------------ */

static void touch_free(struct touch *touch)
{
	if (!touch)
		return;
	free(touch->key);
	free(touch->meeting);
	free(touch);
}

int rg_report_new(const char *from, const char *until, const char *now, struct rg_report **ret,
		  struct rg_err *err)
{
	struct rg_report *report;

	if (!rg_utc_day_ok(from) || !rg_utc_day_ok(until))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "'%.32s' is not a day like 2020-06-04",
				  rg_utc_day_ok(from) ? until : from);
	if (strcmp(from, until) > 0)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "the report's first day, %s, is behind its last one, %s", from, until);
	report = calloc(1, sizeof(*report));
	if (report) {
		report->requests_by = rg_map_new();
		report->touches_by = rg_map_new();
	}
	if (!report || !report->requests_by || !report->touches_by) {
		rg_report_free(report);
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	}
	snprintf(report->from, sizeof(report->from), "%s", from);
	snprintf(report->until, sizeof(report->until), "%s", until);
	snprintf(report->now, sizeof(report->now), "%s", now);
	*ret = report;
	return 0;
}

void rg_report_free(struct rg_report *report)
{
	if (!report)
		return;
	for (size_t i = 0; i < report->n_requests; i++) {
		json_decref(report->requests[i]->order);
		free(report->requests[i]->key);
		free(report->requests[i]);
	}
	for (size_t i = 0; i < report->n_touches; i++)
		touch_free(report->touches[i]);
	report_drop_cells(report);
	rg_map_free(report->requests_by);
	rg_map_free(report->touches_by);
	free(report->requests);
	free(report->touches);
	free(report->cells);
	free(report->meeting_keys);
	free(report->undone);
	free(report);
}

bool report_grow(void *list, size_t n, size_t *max)
{
	void **at = list, *larger;
	size_t wanted = *max ? 2 * *max : 64;

	if (n < *max)
		return true;
	larger = reallocarray(*at, wanted, sizeof(void *));
	if (!larger)
		return false;
	*at = larger;
	*max = wanted;
	return true;
}

const char *report_text(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "";
}

/* --- what was undone --------------------------------------------------------- */

bool rg_report_is_undone(const char *text)
{
	return strstr(text, "\"kind\":\"undone\"");
}

static uint64_t number(const json_t *object, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(object, name));
}

int rg_report_undone(struct rg_report *report, const json_t *entry)
{
	const json_t *detail = json_object_get(entry, "detail");
	const char *kind = json_string_value(json_object_get(entry, "kind"));
	struct range *larger;

	if (!kind || strcmp(kind, rg_ledger_kind_text(RG_LEDGER_UNDONE)))
		return 0; /* only the words stand in it */
	larger = reallocarray(report->undone, report->n_undone + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	report->undone = larger;
	report->undone[report->n_undone++] = (struct range){ number(detail, "from"), number(detail, "to") };
	return 0;
}

static bool was_undone(const struct rg_report *report, uint64_t seq)
{
	for (size_t i = 0; i < report->n_undone; i++)
		if (seq >= report->undone[i].first && seq <= report->undone[i].last)
			return true;
	return false;
}

/* --- adding ------------------------------------------------------------------ */

/* Of an entry's time: texts of one form compare as times do. */
static bool in_period(const struct rg_report *report, const char *at)
{
	return strncmp(at, report->from, DAY_LENGTH) >= 0 && strncmp(at, report->until, DAY_LENGTH) <= 0;
}

static int request_of(struct rg_report *report, const json_t *order, struct request **ret)
{
	_cleanup_(rg_freep) char *key = NULL;
	struct request *request;
	int n = asprintf(&key, "%s\n%s\n%s\n%s", report_text(order, "jurisdiction"), report_text(order, "basis"),
			 report_text(order, "authority"), report_text(order, "reference"));

	if (n < 0) {
		key = NULL;
		return -ENOMEM;
	}
	request = rg_map_get(report->requests_by, key, (size_t)n);
	if (!request) {
		request = calloc(1, sizeof(*request));
		if (!request || !report_grow(&report->requests, report->n_requests, &report->max_requests) ||
		    rg_map_reserve(report->requests_by, 1)) {
			free(request);
			return -ENOMEM;
		}
		request->order = json_incref((json_t *)order);
		request->key = TAKE_PTR(key);
		rg_map_put(report->requests_by, request->key, (size_t)n, request);
		report->requests[report->n_requests++] = request;
	}
	*ret = request;
	return 0;
}

/* The request that an entry other than one of refusals names. */
static int named_request(struct rg_report *report, const json_t *order, const char *at, struct request **ret)
{
	struct request *request;
	int r = request_of(report, order, &request);

	if (r)
		return r;
	if (!request->named) {
		request->named = true;
		snprintf(request->month, sizeof(request->month), "%.7s", at);
		request->in_period = in_period(report, at);
	}
	json_decref(request->order);
	request->order = json_incref((json_t *)order);
	*ret = request;
	return 0;
}

static struct touch *touch_new(const char *key, const char *month, const struct request *request,
			       const char *meeting)
{
	struct touch *touch = calloc(1, sizeof(*touch));

	if (!touch)
		return NULL;
	snprintf(touch->month, sizeof(touch->month), "%.7s", month);
	touch->request = request;
	touch->key = strdup(key);
	touch->meeting = strdup(meeting);
	if (touch->key && touch->meeting)
		return touch;
	touch_free(touch);
	return NULL;
}

/* @request NULL: the owner's own rules. */
static int add_touch(struct rg_report *report, const char *month, const struct request *request,
		     const char *meeting, uint64_t participants)
{
	_cleanup_(rg_freep) char *key = NULL;
	struct touch *touch;
	int n = asprintf(&key, "%.7s %p %s", month, (const void *)request, meeting);

	if (n < 0) {
		key = NULL;
		return -ENOMEM;
	}
	touch = rg_map_get(report->touches_by, key, (size_t)n);
	if (!touch) {
		touch = touch_new(key, month, request, meeting);
		if (!touch || !report_grow(&report->touches, report->n_touches, &report->max_touches) ||
		    rg_map_reserve(report->touches_by, 1)) {
			touch_free(touch);
			return -ENOMEM;
		}
		rg_map_put(report->touches_by, touch->key, (size_t)n, touch);
		report->touches[report->n_touches++] = touch;
	}
	touch->participants += participants;
	return 0;
}

static int add_applied(struct rg_report *report, const json_t *entry, const json_t *order)
{
	const char *at = report_text(entry, "at");
	struct request *request;
	int r = named_request(report, order, at, &request);

	if (r)
		return r;
	request->applied = true;
	return in_period(report, at) ? add_touch(report, at, request, report_text(entry, "subject"), 0) : 0;
}

static int add_meeting(struct rg_report *report, const json_t *entry)
{
	const json_t *after = json_object_get(json_object_get(entry, "detail"), "after"), *rule;
	size_t i;
	int r = 0;

	json_array_foreach(json_object_get(after, "orders"), i, rule) {
		const json_t *order = json_object_get(rule, "order");

		if (json_is_object(order))
			r = add_applied(report, entry, order);
		if (r)
			return r;
	}
	return 0;
}

/* A refused or overridden order. */
static int add_judged(struct rg_report *report, const json_t *entry, bool refused)
{
	const json_t *order = json_object_get(json_object_get(entry, "detail"), "order");
	struct request *request;
	int r = json_is_object(order) ? named_request(report, order, report_text(entry, "at"), &request) : -ENOENT;

	if (r == -ENOENT)
		return 0;
	if (!r && refused)
		request->refused = true;
	else if (!r)
		request->overridden = true;
	return r;
}

static int add_refusals(struct rg_report *report, const json_t *entry)
{
	const json_t *detail = json_object_get(entry, "detail");
	const json_t *order = json_object_get(detail, "order");
	const char *at = report_text(entry, "at");
	struct request *request = NULL;

	if (!in_period(report, at))
		return 0;
	if (json_is_object(order) && request_of(report, order, &request))
		return -ENOMEM;
	return add_touch(report, at, request, report_text(entry, "subject"), number(detail, "networks"));
}

int rg_report_add(struct rg_report *report, const json_t *entry)
{
	const char *at = report_text(entry, "at");

	if (strncmp(at, report->until, DAY_LENGTH) > 0)
		return 0;
	/* changes can be undone; that something was refused stays true */
	switch (rg_ledger_kind_parse(report_text(entry, "kind"))) {
	case RG_LEDGER_MEETING_PUT:
		return was_undone(report, number(entry, "seq")) ? 0 : add_meeting(report, entry);
	case RG_LEDGER_ORDER_REFUSED:
		return add_judged(report, entry, true);
	case RG_LEDGER_OVERRIDE:
		return was_undone(report, number(entry, "seq")) ? 0 : add_judged(report, entry, false);
	case RG_LEDGER_REFUSALS:
		return add_refusals(report, entry);
	default:
		return 0;
	}
}
