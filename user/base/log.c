/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/steer.h"

static enum rg_log_level log_level = RG_LOG_INFO;
static int log_journal;

void rg_log_setup(enum rg_log_level level, int journal)
{
	log_level = level;
	log_journal = journal;
}

void rg_log(enum rg_log_level level, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	if (level > log_level)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (char *p = line; *p; p++)
		memset(p, '?', rg_text_steers(p));
	if (log_journal)
		fprintf(stderr, "<%d>%s\n", level, line);
	else
		fprintf(stderr, "regiongated: %s\n", line);
}
