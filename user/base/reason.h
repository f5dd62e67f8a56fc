/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Texts and verdicts of the reasons in rg_reason.h. */
#ifndef RG_REASON_TEXT_H
#define RG_REASON_TEXT_H

#include "rg_reason.h"

const char *rg_reason_text(enum rg_reason reason);          /* "refuse_region" */
enum rg_verdict rg_reason_verdict(enum rg_reason reason);
const char *rg_verdict_text(enum rg_verdict verdict);       /* "admit", "refuse", "pass" */

#endif
