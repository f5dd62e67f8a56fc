/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/err.h"

#include <stdio.h>
#include <string.h>
#include "base/utf8.h"

static const struct {
	int status;
	const char *type, *title;
} errs[] = {
	[RG_ERR_NONE] = { 200, "none", "No error" },
#define X(name, status, type, title) [RG_ERR_##name] = { status, type, title },
	RG_ERRS(X)
#undef X
};
_Static_assert(sizeof(errs) / sizeof(errs[0]) == RG_ERR_MAX, "every error has its text");

void rg_err_fill(struct rg_err *err, enum rg_errc code, const char *pointer, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return;
	err->code = code;
	snprintf(err->pointer, sizeof(err->pointer), "%s", pointer ? pointer : "");
	err->regions[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(err->detail, sizeof(err->detail), fmt, ap);
	va_end(ap);
	/* both quote others' texts, and may have cut them */
	rg_utf8_mend(err->pointer);
	rg_utf8_mend(err->detail);
}

void rg_err_prefix(struct rg_err *err, const char *fmt, ...)
{
	char prefix[96], joined[sizeof(err->pointer) + sizeof(prefix)];
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	vsnprintf(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);
	snprintf(joined, sizeof(joined), "%s%s", prefix, err->pointer);
	joined[sizeof(err->pointer) - 1] = '\0';
	memcpy(err->pointer, joined, sizeof(err->pointer));
	rg_utf8_mend(err->pointer);
}

int rg_errc_status(enum rg_errc code) { return errs[code].status; }
const char *rg_errc_type(enum rg_errc code) { return errs[code].type; }
const char *rg_errc_title(enum rg_errc code) { return errs[code].title; }
