/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rules file of replay: the API's own shapes in one JSON object. */
#ifndef RG_CLI_REPLAY_RULES_H
#define RG_CLI_REPLAY_RULES_H

#include "engine/engine.h"

/** Parse {"endpoints", "regions", "meetings", "site"} and check all that needs no engine. Unknown
 *  members are refused. "site" is for the engine's configuration. New
 *  reference in @ret. */
int rg_replay_rules_parse(const char *text, size_t length, json_t **ret, struct rg_err *err);

/** Load parsed rules into an engine that holds nothing yet, and publish them. On failure @err
 *  points into the file ("/meetings/0/rules/1/regions/0"). */
int rg_replay_rules_load(struct rg_engine *engine, const json_t *rules, struct rg_err *err);

#endif
