/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Log lines of the daemon: to stderr, with the <N> priority that journald reads. */
#ifndef RG_LOG_H
#define RG_LOG_H

enum rg_log_level { RG_LOG_ERROR = 3, RG_LOG_WARNING = 4, RG_LOG_NOTICE = 5, RG_LOG_INFO = 6, RG_LOG_DEBUG = 7 };

/** Lines above @level are not written. @journal: prefix each line with "<N>". */
void rg_log_setup(enum rg_log_level level, int journal);
void rg_log(enum rg_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
