/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/table.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include "base/steer.h"
#include "base/utf8.h"

struct rg_table {
	const struct rg_table_column *columns;
	size_t n_columns;
	char **cells; /* n_rows x n_columns */
	size_t n_rows;
	bool lost;    /* memory was out for a row */
};

struct rg_table *rg_table_new(const struct rg_table_column *columns, size_t n_columns)
{
	struct rg_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->columns = columns;
	table->n_columns = n_columns;
	return table;
}

void rg_table_free(struct rg_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->n_rows * table->n_columns; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

void rg_table_row(struct rg_table *table, const char *const *cells)
{
	size_t n, old;
	char **grown;

	if (!table || table->lost)
		return;
	n = table->n_columns;
	old = table->n_rows * n;
	grown = reallocarray(table->cells, old + n, sizeof(*grown));
	if (!grown) {
		table->lost = true;
		return;
	}
	table->cells = grown;
	for (size_t i = 0; i < n; i++) {
		grown[old + i] = strdup(cells[i] ? cells[i] : "-");
		if (grown[old + i])
			rg_utf8_mend(grown[old + i]); /* cells are cut to fit their buffers */
		else
			table->lost = true;
	}
	table->n_rows++;
}

/* Characters of UTF-8 text: every byte that does not continue one. */
static size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

void rg_table_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		size_t steers = rg_text_steers(text);

		fputc(steers ? '?' : *text, out);
		if (steers)
			text += steers - 1;
	}
}

static void row_print(const struct rg_table *table, const size_t *widths, const char *const *cells,
		      FILE *out)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		int gap = (int)(widths[i] - text_width(cells[i]));
		bool last = i + 1 == table->n_columns;

		if (table->columns[i].right)
			fprintf(out, "%*s", gap, "");
		rg_table_text(out, cells[i]);
		if (!table->columns[i].right && !last)
			fprintf(out, "%*s", gap, "");
		fputs(last ? "\n" : "  ", out);
	}
}

int rg_table_print(const struct rg_table *table, FILE *out)
{
	_cleanup_(rg_freep) size_t *widths = NULL;
	_cleanup_(rg_freep) const char **titles = NULL;
	bool titled = false;

	if (!table || table->lost)
		return -ENOMEM;
	widths = calloc(table->n_columns, sizeof(*widths));
	titles = calloc(table->n_columns, sizeof(*titles));
	if (!widths || !titles)
		return -ENOMEM;
	for (size_t i = 0; i < table->n_columns; i++) {
		titles[i] = table->columns[i].title;
		titled |= *titles[i] != '\0';
		widths[i] = text_width(titles[i]);
		for (size_t row = 0; row < table->n_rows; row++) {
			size_t width = text_width(table->cells[row * table->n_columns + i]);

			if (width > widths[i])
				widths[i] = width;
		}
	}
	if (titled)
		row_print(table, widths, titles, out);
	for (size_t row = 0; row < table->n_rows; row++)
		row_print(table, widths, (const char *const *)table->cells + row * table->n_columns,
			  out);
	return 0;
}

char *rg_text_format(const char *fmt, ...)
{
	va_list args;
	char *text;
	int length;

	va_start(args, fmt);
	length = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	text = length < 0 ? NULL : malloc((size_t)length + 1);
	if (!text)
		return NULL;
	va_start(args, fmt);
	vsnprintf(text, (size_t)length + 1, fmt, args);
	va_end(args);
	return text;
}

const char *rg_table_bytes(unsigned long long bytes, char buf[32])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(buf, 32, "%llu B", bytes);
		return buf;
	}
	/* 1023.95 would be printed as 1024.0 */
	for (; value >= 1023.95 && unit + 1 < ARRAY_SIZE(units); unit++)
		value /= 1024;
	snprintf(buf, 32, "%.1f %s", value, units[unit]);
	return buf;
}

const char *rg_table_seconds(unsigned long long seconds, char buf[32])
{
	if (seconds < 60)
		snprintf(buf, 32, "%llus", seconds);
	else if (seconds < 3600)
		snprintf(buf, 32, "%llum %llus", seconds / 60, seconds % 60);
	else if (seconds < 86400)
		snprintf(buf, 32, "%lluh %llum", seconds / 3600, seconds / 60 % 60);
	else
		snprintf(buf, 32, "%llud %lluh", seconds / 86400, seconds / 3600 % 24);
	return buf;
}
