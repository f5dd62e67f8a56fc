/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by the files of the store, and by nothing else. */
#ifndef RG_STORE_PRIVATE_H
#define RG_STORE_PRIVATE_H

#include <sqlite3.h>
#include "store/store.h"

/** Check that an open file is a whole store of ours, and create or migrate its schema.
 *  @path is for the sentence. Writes nothing to a file that it refuses. RG_ERR_STORE. */
int rg_schema_ensure(sqlite3 *db, const char *path, struct rg_err *err);

/** RG_ERR_STORE with "cannot <what>: <SQLite's words>". Returns -EIO. */
int rg_store_fail(sqlite3 *db, const char *what, struct rg_err *err);

#endif
