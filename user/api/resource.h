/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is the same for each kind of named resource: GET, PUT and DELETE of one. */
#ifndef RG_RESOURCE_H
#define RG_RESOURCE_H

#include <jansson.h>
#include "api/router.h"
#include "engine/engine.h"

/* The engine's calls, with the meaning that engine.h gives them. */
struct rg_resource {
	int (*get)(struct rg_engine *engine, const char *name, json_t **ret, uint64_t *ret_revision, struct rg_err *err);
	int (*put)(struct rg_engine *engine, const char *name, const json_t *body, uint64_t if_match,
		   bool *ret_created, uint64_t *ret_revision, struct rg_err *err);
	int (*delete)(struct rg_engine *engine, const char *name, uint64_t if_match, struct rg_err *err);
};

/** Answer with @status and the resource as it now is: the canonical form of what was sent. */
int rg_resource_reply(struct rg_call *call, const struct rg_resource *kind, unsigned int status, struct rg_err *err);
int rg_resource_put(struct rg_call *call, const struct rg_resource *kind, struct rg_err *err);
int rg_resource_delete(struct rg_call *call, const struct rg_resource *kind, struct rg_err *err);

#endif
