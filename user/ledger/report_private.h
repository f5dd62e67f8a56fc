/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by the report's files, and by nothing else.
 *
 *   report.c       entries -> requests, and the meetings that they touched
 *   report_json.c  these -> rows, sums, the list of requests
 */
#ifndef RG_LEDGER_REPORT_PRIVATE_H
#define RG_LEDGER_REPORT_PRIVATE_H

#include <stdlib.h>
#include "base/map.h"
#include "base/utc.h"
#include "ledger/report.h"

#define MONTH_TEXT 8 /* "2020-06" */
#define DAY_LENGTH 10

enum outcome { REFUSED, NARROWED, APPLIED, OVERRIDDEN, OUTCOME_MAX };

/* An order, as the ledger spoke of it. */
struct request {
	char *key;
	json_t *order;            /* as it was spoken of last */
	bool named;               /* by more than a refusal that it caused */
	char month[MONTH_TEXT];   /* of the first time */
	bool in_period;           /* that time */
	bool refused, applied, overridden;
};

/* A meeting that a request touched in a month. Whether the request is gagged is known at the end only,
 * and so is the row in which this is counted. */
struct touch {
	char *key;
	char month[MONTH_TEXT];
	const struct request *request; /* NULL: the owner's own rules */
	char *meeting;
	uint64_t participants;
};

/* A row of the report. */
struct cell {
	char *key;
	char month[MONTH_TEXT];
	char *jurisdiction;       /* NULL: the owner's own rules */
	char *basis;              /* NULL: of requests under a gag */
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
	struct rg_map *touches_by;    /* by month, request, meeting -> struct touch */
	struct touch **touches;
	size_t n_touches, max_touches;
	/* the result */
	struct rg_map *cells_by;      /* by month, jurisdiction, basis -> struct cell */
	struct cell **cells;
	size_t n_cells, max_cells;
	struct rg_map *meetings;      /* of cells that counted them: a set */
	char **meeting_keys;
	size_t n_meeting_keys, max_meeting_keys;
	size_t n_finished;            /* touches that are in their rows */
	bool finished;
	struct range *undone;
	size_t n_undone;
};

/** Free the rows. */
void report_drop_cells(struct rg_report *report);
/** Room for one pointer more in a list of @n. */
bool report_grow(void *list, size_t n, size_t *max);
/** "" if there is none. */
const char *report_text(const json_t *object, const char *name);

#endif
