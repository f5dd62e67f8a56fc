/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "ledger/report.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/map.h"
#include "base/utc.h"
#include "ledger/entry.h"

#define MONTH_TEXT 8 /* "2020-06" */
#define DAY_LENGTH 10

enum outcome { REFUSED, NARROWED, APPLIED, OVERRIDDEN, OUTCOME_MAX };

static const char *const outcomes[] = {
	[REFUSED] = "refused",
	[NARROWED] = "narrowed",
	[APPLIED] = "applied",
	[OVERRIDDEN] = "overridden",
};
_Static_assert(ARRAY_SIZE(outcomes) == OUTCOME_MAX, "every outcome has its name");

/* An order, as the ledger spoke of it. */
struct request {
	char *key;
	json_t *order;            /* as it was spoken of last */
	char month[MONTH_TEXT];   /* of the first time */
	bool in_period;           /* that time */
	bool refused, applied, overridden;
};

/* A row of the report. */
struct cell {
	char *key;
	char month[MONTH_TEXT];
	char *jurisdiction;       /* NULL: the owner's own rules */
	char *basis;
	unsigned int requests[OUTCOME_MAX];
	unsigned int meetings;
	uint64_t participants;
};

struct range {
	uint64_t first, last;
};

struct rg_report {
	char from[DAY_LENGTH + 1], until[DAY_LENGTH + 1], now[RG_UTC_TEXT_MAX];
	struct rg_map *requests_by;   /* by identity -> struct request */
	struct request **requests;    /* in order of their first mention */
	size_t n_requests, max_requests;
	struct rg_map *cells_by;      /* by month, jurisdiction, basis -> struct cell */
	struct cell **cells;
	size_t n_cells, max_cells;
	struct rg_map *meetings;      /* of cells that counted them: a set */
	char **meeting_keys;
	size_t n_meeting_keys, max_meeting_keys;
	struct range *undone;
	size_t n_undone;
};

/* --- making and freeing ------------------------------------------------------ */

static void cell_free(struct cell *cell)
{
	if (!cell)
		return;
	free(cell->key);
	free(cell->jurisdiction);
	free(cell->basis);
	free(cell);
}
RG_DEFINE_CLEANUP(struct cell *, cell_free);

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
		report->cells_by = rg_map_new();
		report->meetings = rg_map_new();
	}
	if (!report || !report->requests_by || !report->cells_by || !report->meetings) {
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
	for (size_t i = 0; i < report->n_cells; i++)
		cell_free(report->cells[i]);
	for (size_t i = 0; i < report->n_meeting_keys; i++)
		free(report->meeting_keys[i]);
	rg_map_free(report->requests_by);
	rg_map_free(report->cells_by);
	rg_map_free(report->meetings);
	free(report->requests);
	free(report->cells);
	free(report->meeting_keys);
	free(report->undone);
	free(report);
}

/* Room for one pointer more. */
static bool grow(void *list, size_t n, size_t *max)
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

static const char *text(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "";
}

/* Of an entry's time: texts of one form compare as times do. */
static bool in_period(const struct rg_report *report, const char *at)
{
	return strncmp(at, report->from, DAY_LENGTH) >= 0 && strncmp(at, report->until, DAY_LENGTH) <= 0;
}

static int request_of(struct rg_report *report, const json_t *order, const char *at, struct request **ret)
{
	_cleanup_(rg_freep) char *key = NULL;
	struct request *request;
	int n = asprintf(&key, "%s\n%s\n%s\n%s", text(order, "jurisdiction"), text(order, "basis"),
			 text(order, "authority"), text(order, "reference"));

	if (n < 0) {
		key = NULL;
		return -ENOMEM;
	}
	request = rg_map_get(report->requests_by, key, (size_t)n);
	if (!request) {
		request = calloc(1, sizeof(*request));
		if (!request || !grow(&report->requests, report->n_requests, &report->max_requests) ||
		    rg_map_reserve(report->requests_by, 1)) {
			free(request);
			return -ENOMEM;
		}
		snprintf(request->month, sizeof(request->month), "%.7s", at);
		request->in_period = in_period(report, at);
		request->key = TAKE_PTR(key);
		rg_map_put(report->requests_by, request->key, (size_t)n, request);
		report->requests[report->n_requests++] = request;
	}
	json_decref(request->order);
	request->order = json_incref((json_t *)order);
	*ret = request;
	return 0;
}

static struct cell *cell_new(const char *key, const char *month, const char *jurisdiction, const char *basis)
{
	_cleanup_(cell_freep) struct cell *cell = calloc(1, sizeof(*cell));

	if (!cell)
		return NULL;
	snprintf(cell->month, sizeof(cell->month), "%.7s", month);
	cell->key = strdup(key);
	cell->basis = strdup(basis);
	cell->jurisdiction = jurisdiction ? strdup(jurisdiction) : NULL;
	if (!cell->key || !cell->basis || (jurisdiction && !cell->jurisdiction))
		return NULL;
	return TAKE_PTR(cell);
}

/* @order NULL: the owner's own rules. */
static int cell_of(struct rg_report *report, const char *month, const json_t *order, struct cell **ret)
{
	const char *jurisdiction = order ? text(order, "jurisdiction") : NULL;
	const char *basis = order ? text(order, "basis") : "owner";
	_cleanup_(rg_freep) char *key = NULL;
	struct cell *cell;
	int n = asprintf(&key, "%.7s\n%s\n%s", month, jurisdiction ? jurisdiction : "", basis);

	if (n < 0) {
		key = NULL;
		return -ENOMEM;
	}
	cell = rg_map_get(report->cells_by, key, (size_t)n);
	if (!cell) {
		cell = cell_new(key, month, jurisdiction, basis);
		if (!cell || !grow(&report->cells, report->n_cells, &report->max_cells) ||
		    rg_map_reserve(report->cells_by, 1)) {
			cell_free(cell);
			return -ENOMEM;
		}
		rg_map_put(report->cells_by, cell->key, (size_t)n, cell);
		report->cells[report->n_cells++] = cell;
	}
	*ret = cell;
	return 0;
}

static int count_meeting(struct rg_report *report, struct cell *cell, const char *meeting)
{
	_cleanup_(rg_freep) char *key = NULL;
	int n = asprintf(&key, "%p %s", (void *)cell, meeting);

	if (n < 0) {
		key = NULL;
		return -ENOMEM;
	}
	if (rg_map_get(report->meetings, key, (size_t)n))
		return 0;
	if (!grow(&report->meeting_keys, report->n_meeting_keys, &report->max_meeting_keys) ||
	    rg_map_reserve(report->meetings, 1))
		return -ENOMEM;
	rg_map_put(report->meetings, key, (size_t)n, cell);
	report->meeting_keys[report->n_meeting_keys++] = TAKE_PTR(key);
	cell->meetings++;
	return 0;
}

static int add_applied(struct rg_report *report, const json_t *entry, const json_t *order)
{
	const char *at = text(entry, "at");
	struct request *request;
	struct cell *cell;
	int r = request_of(report, order, at, &request);

	if (r)
		return r;
	request->applied = true;
	if (!in_period(report, at))
		return 0;
	r = cell_of(report, at, order, &cell);
	return r ? r : count_meeting(report, cell, text(entry, "subject"));
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
	int r = json_is_object(order) ? request_of(report, order, text(entry, "at"), &request) : -ENOENT;

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
	const char *at = text(entry, "at");
	struct cell *cell;
	int r;

	if (!in_period(report, at))
		return 0;
	r = cell_of(report, at, json_is_object(order) ? order : NULL, &cell);
	if (r)
		return r;
	cell->participants += number(detail, "networks");
	return count_meeting(report, cell, text(entry, "subject"));
}

int rg_report_add(struct rg_report *report, const json_t *entry)
{
	const char *at = text(entry, "at");

	if (strncmp(at, report->until, DAY_LENGTH) > 0)
		return 0;
	/* changes can be undone; that something was refused stays true */
	switch (rg_ledger_kind_parse(text(entry, "kind"))) {
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

/* --- the result -------------------------------------------------------------- */

static enum outcome outcome_of(const struct request *request)
{
	if (request->overridden)
		return OVERRIDDEN;
	if (request->applied)
		return request->refused ? NARROWED : APPLIED;
	return REFUSED;
}

static bool gagged(const struct rg_report *report, const struct request *request)
{
	return strcmp(text(request->order, "gag_until"), report->now) > 0;
}

/* Requests into the cells of their months. */
static int count_requests(struct rg_report *report)
{
	for (size_t i = 0; i < report->n_cells; i++)
		memset(report->cells[i]->requests, 0, sizeof(report->cells[i]->requests));
	for (size_t i = 0; i < report->n_requests; i++) {
		const struct request *request = report->requests[i];
		struct cell *cell;

		if (!request->in_period)
			continue;
		if (cell_of(report, request->month, request->order, &cell))
			return -ENOMEM;
		cell->requests[outcome_of(request)]++;
	}
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct cell *const *x = a, *const *y = b;
	int order = strcmp((*x)->month, (*y)->month);

	if (!order) /* the owners' own rules last */
		order = !(*x)->jurisdiction - !(*y)->jurisdiction;
	if (!order && (*x)->jurisdiction)
		order = strcmp((*x)->jurisdiction, (*y)->jurisdiction);
	return order ? order : strcmp((*x)->basis, (*y)->basis);
}

static bool is_small(uint64_t n)
{
	return n > 0 && n < RG_REPORT_SMALL;
}

static json_t *shown(uint64_t n)
{
	return is_small(n) ? json_null() : json_integer((json_int_t)n);
}

static json_t *cell_json(const struct cell *cell)
{
	unsigned int requests = 0;
	json_t *json;

	for (int i = 0; i < OUTCOME_MAX; i++)
		requests += cell->requests[i];
	json = json_pack("{s:s, s:s?, s:s, s:I, s:o, s:o}", "month", cell->month, "jurisdiction",
			 cell->jurisdiction, "basis", cell->basis, "requests", (json_int_t)requests,
			 "meetings", shown(cell->meetings), "participants", shown(cell->participants));
	for (int i = 0; i < OUTCOME_MAX; i++)
		json_object_set_new(json, outcomes[i], json_integer(cell->requests[i]));
	return json;
}

static json_t *totals_json(const struct rg_report *report)
{
	uint64_t requests[OUTCOME_MAX] = { 0 }, all = 0, meetings = 0, participants = 0, withheld = 0;
	bool incomplete = false;
	json_t *json;

	for (size_t i = 0; i < report->n_cells; i++) {
		const struct cell *cell = report->cells[i];

		for (int k = 0; k < OUTCOME_MAX; k++)
			requests[k] += cell->requests[k];
		meetings += is_small(cell->meetings) ? 0 : cell->meetings;
		participants += is_small(cell->participants) ? 0 : cell->participants;
		incomplete = incomplete || is_small(cell->meetings) || is_small(cell->participants);
	}
	for (size_t i = 0; i < report->n_requests; i++)
		withheld += report->requests[i]->in_period && gagged(report, report->requests[i]);
	for (int k = 0; k < OUTCOME_MAX; k++)
		all += requests[k];
	json = json_pack("{s:I, s:I, s:I, s:I, s:b}", "requests", (json_int_t)all, "withheld",
			 (json_int_t)withheld, "meetings", (json_int_t)meetings, "participants",
			 (json_int_t)participants, "incomplete", incomplete);
	for (int k = 0; k < OUTCOME_MAX; k++)
		json_object_set_new(json, outcomes[k], json_integer((json_int_t)requests[k]));
	return json;
}

static json_t *orders_json(const struct rg_report *report)
{
	json_t *list = json_array();

	for (size_t i = 0; i < report->n_requests; i++) {
		const struct request *request = report->requests[i];
		const json_t *order = request->order;

		if (request->in_period && !gagged(report, request))
			json_array_append_new(list, json_pack(
				"{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "month", request->month,
				"jurisdiction", text(order, "jurisdiction"), "basis", text(order, "basis"),
				"authority", text(order, "authority"), "reference", text(order, "reference"),
				"received", text(order, "received"), "outcome", outcomes[outcome_of(request)]));
	}
	return list;
}

json_t *rg_report_to_json(struct rg_report *report)
{
	json_t *months;

	if (count_requests(report))
		return NULL;
	if (report->n_cells)
		qsort(report->cells, report->n_cells, sizeof(*report->cells), by_place);
	months = json_array();
	for (size_t i = 0; i < report->n_cells; i++)
		json_array_append_new(months, cell_json(report->cells[i]));
	return json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:o}", "from", report->from, "until", report->until,
			 "generated_at", report->now, "small", RG_REPORT_SMALL, "totals", totals_json(report),
			 "months", months, "orders", orders_json(report));
}
