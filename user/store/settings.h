/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Settings that are not in the configuration: small JSON documents by name. */
#ifndef RG_STORE_SETTINGS_H
#define RG_STORE_SETTINGS_H

#include "base/err.h"

struct rg_store;

/** *@ret is the caller's, NULL if there is no such setting. RG_ERR_STORE. */
int rg_store_setting_get(struct rg_store *store, const char *name, char **ret, struct rg_err *err);
/** In the open transaction. */
int rg_store_setting_put(struct rg_store *store, const char *name, const char *body, struct rg_err *err);

#endif
