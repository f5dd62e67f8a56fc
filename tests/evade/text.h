/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines of text about plans and streams. */
#ifndef RG_EVADE_TEXT_H
#define RG_EVADE_TEXT_H

#include <stddef.h>

struct text { char *at; size_t left; };

void text_say(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Of the enums of plan.h. */
const char *plan_source_text(unsigned int source);
const char *plan_target_text(unsigned int target);
const char *plan_name_text(unsigned int name);
const char *plan_odd_text(unsigned int odd);

#endif
