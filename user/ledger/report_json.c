/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "ledger/report_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"

static const char *const outcomes[] = {
	[REFUSED] = "refused",
	[NARROWED] = "narrowed",
	[APPLIED] = "applied",
	[OVERRIDDEN] = "overridden",
};
_Static_assert(ARRAY_SIZE(outcomes) == OUTCOME_MAX, "every outcome has its name");

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

void report_drop_cells(struct rg_report *report)
{
	for (size_t i = 0; i < report->n_cells; i++)
		cell_free(report->cells[i]);
	for (size_t i = 0; i < report->n_meeting_keys; i++)
		free(report->meeting_keys[i]);
	rg_map_free(report->cells_by);
	rg_map_free(report->meetings);
	report->cells_by = report->meetings = NULL;
	report->n_cells = report->n_meeting_keys = 0;
}

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
	return strcmp(report_text(request->order, "gag_until"), report->now) > 0;
}

static struct cell *cell_new(const char *key, const char *month, const char *jurisdiction, const char *basis)
{
	_cleanup_(cell_freep) struct cell *cell = calloc(1, sizeof(*cell));

	if (!cell)
		return NULL;
	snprintf(cell->month, sizeof(cell->month), "%.7s", month);
	cell->key = strdup(key);
	cell->basis = basis ? strdup(basis) : NULL;
	cell->jurisdiction = jurisdiction ? strdup(jurisdiction) : NULL;
	if (!cell->key || (basis && !cell->basis) || (jurisdiction && !cell->jurisdiction))
		return NULL;
	return TAKE_PTR(cell);
}

/* @request NULL: the owner's own rules. Requests under a gag have a row of their own in each month and
 * jurisdiction, without a basis: in the row of its basis, one more request than is listed would name it. */
static int cell_of(struct rg_report *report, const char *month, const struct request *request,
		   struct cell **ret)
{
	const char *jurisdiction = request ? report_text(request->order, "jurisdiction") : NULL;
	bool hidden = request && gagged(report, request);
	const char *basis = hidden ? NULL : request ? report_text(request->order, "basis") : "owner";
	_cleanup_(rg_freep) char *key = NULL;
	struct cell *cell;
	int n = asprintf(&key, "%.7s\n%s\n%c%s", month, jurisdiction ? jurisdiction : "",
			 hidden ? '-' : '+', hidden ? "" : basis);

	if (n < 0) {
		key = NULL;
		return -ENOMEM;
	}
	cell = rg_map_get(report->cells_by, key, (size_t)n);
	if (!cell) {
		cell = cell_new(key, month, jurisdiction, basis);
		if (!cell || !report_grow(&report->cells, report->n_cells, &report->max_cells) ||
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
	if (!report_grow(&report->meeting_keys, report->n_meeting_keys, &report->max_meeting_keys) ||
	    rg_map_reserve(report->meetings, 1))
		return -ENOMEM;
	rg_map_put(report->meetings, key, (size_t)n, cell);
	report->meeting_keys[report->n_meeting_keys++] = TAKE_PTR(key);
	cell->meetings++;
	return 0;
}

static int count_touch(struct rg_report *report, const struct touch *touch)
{
	struct cell *cell;

	if (cell_of(report, touch->month, touch->request, &cell) || count_meeting(report, cell, touch->meeting))
		return -ENOMEM;
	cell->participants += touch->participants;
	return 0;
}

static int count_requests(struct rg_report *report)
{
	struct cell *cell;

	for (size_t i = 0; i < report->n_requests; i++) {
		const struct request *request = report->requests[i];

		if (!request->named || !request->in_period)
			continue;
		if (cell_of(report, request->month, request, &cell))
			return -ENOMEM;
		cell->requests[outcome_of(request)]++;
	}
	return 0;
}

/* Requests and what they touched into the rows of their months. */
int rg_report_finish(struct rg_report *report, size_t most, bool *ret_done)
{
	size_t end = report->n_touches - report->n_finished;

	*ret_done = report->finished;
	if (report->finished)
		return 0;
	if (!report->cells_by)
		report->cells_by = rg_map_new();
	if (!report->meetings)
		report->meetings = rg_map_new();
	if (!report->cells_by || !report->meetings)
		return -ENOMEM;
	for (end = report->n_finished + (end < most ? end : most); report->n_finished < end; report->n_finished++)
		if (count_touch(report, report->touches[report->n_finished]))
			return -ENOMEM;
	if (report->n_finished < report->n_touches)
		return 0;
	if (count_requests(report))
		return -ENOMEM;
	*ret_done = report->finished = true;
	return 0;
}

/* What is under a gag last. */
static int by_basis(const struct cell *x, const struct cell *y)
{
	if (!x->basis || !y->basis)
		return !x->basis - !y->basis;
	return strcmp(x->basis, y->basis);
}

static int by_place(const void *a, const void *b)
{
	const struct cell *const *x = a, *const *y = b;
	int order = strcmp((*x)->month, (*y)->month);

	if (!order) /* the owners' own rules last */
		order = !(*x)->jurisdiction - !(*y)->jurisdiction;
	if (!order && (*x)->jurisdiction)
		order = strcmp((*x)->jurisdiction, (*y)->jurisdiction);
	return order ? order : by_basis(*x, *y);
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
	json = json_pack("{s:s, s:s?, s:s?, s:I, s:o, s:o}", "month", cell->month, "jurisdiction",
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
				"jurisdiction", report_text(order, "jurisdiction"), "basis", report_text(order, "basis"),
				"authority", report_text(order, "authority"), "reference", report_text(order, "reference"),
				"received", report_text(order, "received"), "outcome", outcomes[outcome_of(request)]));
	}
	return list;
}

json_t *rg_report_to_json(struct rg_report *report)
{
	json_t *months;
	bool done;

	if (rg_report_finish(report, SIZE_MAX, &done))
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
