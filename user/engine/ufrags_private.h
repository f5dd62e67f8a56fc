/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by ufrags.c (the model) and ufrags_stage.c (what requests change). */
#ifndef RG_ENGINE_UFRAGS_PRIVATE_H
#define RG_ENGINE_UFRAGS_PRIVATE_H

#include "engine/engine_private.h"

/** The binding of a ufrag, also one that was given up in this turn (meeting 0), or NULL. */
struct binding *ufrag_find(const struct ufrags *ufrags, uint32_t endpoint, const char *text);
/** One that is not in the model yet, or NULL. */
struct binding *ufrag_new(uint32_t endpoint, const char *text);
/** Put it into the model by a free number; it belongs to no meeting yet. */
void ufrag_enter(struct ufrags *ufrags, struct binding *binding, uint32_t number);
/** To another meeting's list; 0: to none. */
void ufrag_move(struct ufrags *ufrags, struct binding *binding, uint32_t meeting);

#endif
