/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The transparency report for people: one page of HTML that needs nothing beside itself, and CSV. */
#ifndef RG_CLI_REPORT_HTML_H
#define RG_CLI_REPORT_HTML_H

#include <jansson.h>
#include <stdio.h>

/** @report: as rg_report_to_json() makes it. @operator: whose report it is; NULL: it does not say. */
void rg_report_html(FILE *out, const json_t *report, const char *operator);
/** One line a month, jurisdiction and basis (RFC 4180); "<5" for what is small. */
void rg_report_csv(FILE *out, const json_t *report);

/* For the parts of the page (report_chart.c). */
#define RG_OUTCOMES 4
extern const char *const rg_outcomes[RG_OUTCOMES]; /* keys, in the order in which they are stacked */
extern const char *const rg_outcome_texts[RG_OUTCOMES];
/** Text with what HTML would read as markup escaped. */
void rg_html_text(FILE *out, const char *text);
/** "June 2020" of "2020-06". Returns @buf. */
const char *rg_month_text(const char *month, char buf[32]);
void rg_chart_months(FILE *out, const json_t *report);
void rg_chart_places(FILE *out, const json_t *report);

#endif
