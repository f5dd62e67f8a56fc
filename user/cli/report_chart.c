/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The report's charts, as inline SVG. Sizes are in units of the drawing, which is scaled to the page. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "cli/names.h"
#include "cli/report_html.h"

#define WIDTH 720
#define PLOT_HEIGHT 220
#define LEFT 56          /* room for the numbers of the axis */
#define BOTTOM 46        /* and for the months */
#define TOP 16
#define MONTHS_MAX 600   /* 50 years; further ones are left out of the chart */
#define BARS_MAX 12      /* jurisdictions with a bar of their own */
#define BAR 58           /* height of a bar with its name above it and a gap */
#define NUMBER_WIDTH 70  /* room behind the longest bar */

struct stack {
	char label[64];
	unsigned int n[RG_OUTCOMES];
};

static unsigned int sum(const struct stack *stack)
{
	unsigned int all = 0;

	for (int i = 0; i < RG_OUTCOMES; i++)
		all += stack->n[i];
	return all;
}

static unsigned int largest(const struct stack *stacks, size_t n)
{
	unsigned int most = 0;

	for (size_t i = 0; i < n; i++)
		if (sum(&stacks[i]) > most)
			most = sum(&stacks[i]);
	return most;
}

static void add_row(struct stack *stack, const json_t *row)
{
	for (int i = 0; i < RG_OUTCOMES; i++)
		stack->n[i] += (unsigned int)json_integer_value(json_object_get(row, rg_outcomes[i]));
}

static const char *member(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	return text ? text : "";
}

/* --- requests by month ------------------------------------------------------- */

static void next_month(char month[8])
{
	int year = atoi(month), number = atoi(month + 5) % 12 + 1;

	if (number == 1)
		year++;
	snprintf(month, 8, "%04u-%02u", (unsigned int)year % 10000u, (unsigned int)number % 100u);
}

/* Every month of the period, also those in which nothing came. */
static size_t months_of(const json_t *report, struct stack *ret)
{
	char month[8], until[8];
	size_t n = 0, i;
	const json_t *row;

	snprintf(month, sizeof(month), "%.7s", member(report, "from"));
	snprintf(until, sizeof(until), "%.7s", member(report, "until"));
	for (; n < MONTHS_MAX && strcmp(month, until) <= 0; next_month(month), n++)
		snprintf(ret[n].label, sizeof(ret[n].label), "%s", month);
	json_array_foreach(json_object_get(report, "months"), i, row)
		for (size_t k = 0; k < n; k++)
			if (!strcmp(ret[k].label, member(row, "month")))
				add_row(&ret[k], row);
	return n;
}

/* The axis ends at 2, 4, 10, 20, 40, 100 ...: half of it is a whole number. */
static unsigned int axis_end(unsigned int most)
{
	static const unsigned int ends[] = { 2, 4, 10 };
	unsigned int ten = 1;

	for (;; ten *= 10)
		for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
			if (ends[i] * ten >= most || ten >= 100000000)
				return ends[i] * ten;
}

static void draw_axis(FILE *out, unsigned int end)
{
	for (int half = 0; half <= 2; half++) {
		int y = TOP + PLOT_HEIGHT - half * PLOT_HEIGHT / 2;

		fprintf(out, "<line class=\"grid\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>"
			"<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%u</text>\n",
			LEFT, y, WIDTH, y, LEFT - 8, y + 5, end * (unsigned int)half / 2);
	}
}

static void draw_column(FILE *out, const struct stack *stack, double x, double width, unsigned int end)
{
	double y = TOP + PLOT_HEIGHT;
	char month[32];

	for (int i = 0; i < RG_OUTCOMES; i++) {
		double height = (double)PLOT_HEIGHT * stack->n[i] / end;

		if (!stack->n[i])
			continue;
		y -= height;
		fprintf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>%s: %u %s</title></rect>\n",
			rg_outcomes[i], x, y, width, height, rg_month_text(stack->label, month), stack->n[i],
			rg_outcome_texts[i]);
	}
}

/* "Jan", or the year below a January where every month has its name. */
static void draw_label(FILE *out, const char *month, double x, bool with_year)
{
	char text[32];

	rg_month_text(month, text);
	fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.3s</text>\n", x, TOP + PLOT_HEIGHT + 22, text);
	if (with_year)
		fprintf(out, "<text class=\"year\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.4s</text>\n", x,
			TOP + PLOT_HEIGHT + 40, month);
}

void rg_chart_months(FILE *out, const json_t *report)
{
	_cleanup_(rg_freep) struct stack *stacks = calloc(MONTHS_MAX, sizeof(*stacks));
	size_t n = stacks ? months_of(report, stacks) : 0, every = (n + 11) / 12;
	double step = n ? (double)(WIDTH - LEFT) / (double)n : 0;
	unsigned int end = axis_end(largest(stacks, n));

	fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Requests by month\">\n", WIDTH,
		TOP + PLOT_HEIGHT + BOTTOM);
	draw_axis(out, end);
	for (size_t i = 0; i < n; i++) {
		double x = LEFT + step * (double)i;

		draw_column(out, &stacks[i], x + step * 0.14, step * 0.72, end);
		if (i % every == 0)
			draw_label(out, stacks[i].label, x + step / 2,
				   !i || every > 1 || !strcmp(stacks[i].label + 5, "01"));
	}
	fputs("</svg>\n", out);
}

/* --- requests by jurisdiction ------------------------------------------------ */

static int by_sum(const void *a, const void *b)
{
	unsigned int x = sum(a), y = sum(b);

	return x == y ? strcmp(((const struct stack *)a)->label, ((const struct stack *)b)->label)
		      : x < y ? 1 : -1;
}

/* Those that asked for something, most first; what is beyond BARS_MAX becomes one bar. */
static size_t places_of(const json_t *report, struct stack **ret)
{
	const json_t *rows = json_object_get(report, "months"), *row;
	struct stack *stacks = calloc(json_array_size(rows) + 1, sizeof(*stacks));
	size_t n = 0, i;

	json_array_foreach(rows, i, row) {
		size_t k = 0;

		if (!stacks || !*member(row, "jurisdiction") ||
		    !json_integer_value(json_object_get(row, "requests")))
			continue;
		while (k < n && strcmp(stacks[k].label, rg_place_name(member(row, "jurisdiction"))))
			k++;
		if (k == n)
			snprintf(stacks[n++].label, sizeof(stacks[k].label), "%s",
				 rg_place_name(member(row, "jurisdiction")));
		add_row(&stacks[k], row);
	}
	if (n)
		qsort(stacks, n, sizeof(*stacks), by_sum);
	for (i = BARS_MAX; i < n; i++)
		for (int k = 0; k < RG_OUTCOMES; k++)
			stacks[BARS_MAX - 1].n[k] += stacks[i].n[k];
	if (n > BARS_MAX)
		snprintf(stacks[BARS_MAX - 1].label, sizeof(stacks->label), "%zu others", n - BARS_MAX + 1);
	*ret = stacks;
	return n > BARS_MAX ? BARS_MAX : n;
}

static void draw_bar(FILE *out, const struct stack *stack, size_t index, unsigned int most)
{
	int y = (int)index * BAR;
	double x = 0, scale = (double)(WIDTH - NUMBER_WIDTH) / most;

	fprintf(out, "<text x=\"0\" y=\"%d\">", y + 22);
	rg_html_text(out, stack->label);
	fputs("</text>\n", out);
	for (int i = 0; i < RG_OUTCOMES; i++) {
		if (!stack->n[i])
			continue;
		fprintf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"><title>", rg_outcomes[i],
			x, y + 30, stack->n[i] * scale, BAR - 36);
		rg_html_text(out, stack->label);
		fprintf(out, ": %u %s</title></rect>\n", stack->n[i], rg_outcome_texts[i]);
		x += stack->n[i] * scale;
	}
	fprintf(out, "<text x=\"%.1f\" y=\"%d\">%u</text>\n", x + 8, y + 49, sum(stack));
}

void rg_chart_places(FILE *out, const json_t *report)
{
	_cleanup_(rg_freep) struct stack *stacks = NULL;
	size_t n = places_of(report, &stacks);

	fprintf(out, "<svg viewBox=\"0 0 %d %zu\" role=\"img\" aria-label=\"Requests by jurisdiction\">\n", WIDTH,
		n * BAR);
	for (size_t i = 0; i < n; i++)
		draw_bar(out, &stacks[i], i, largest(stacks, n));
	fputs("</svg>\n", out);
}
