/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "store/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "store/store_private.h"

/* Rare, so nothing is kept prepared. */
static void finalizep(sqlite3_stmt **stmt)
{
	sqlite3_finalize(*stmt);
}

int rg_store_setting_get(struct rg_store *store, const char *name, char **ret, struct rg_err *err)
{
	_cleanup_(finalizep) sqlite3_stmt *stmt = NULL;
	const char *text;
	int code;

	*ret = NULL;
	if (sqlite3_prepare_v2(store->db, "SELECT body FROM settings WHERE name = ?1", -1, &stmt, NULL) != SQLITE_OK)
		return rg_store_unusable(store->db, "read a setting", err);
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	code = sqlite3_step(stmt);
	if (code == SQLITE_DONE)
		return 0;
	if (code != SQLITE_ROW)
		return rg_store_fail(store->db, "read a setting", err);
	text = (const char *)sqlite3_column_text(stmt, 0);
	*ret = text ? strdup(text) : NULL;
	return *ret ? 0 : rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, NULL, "out of memory");
}

int rg_store_setting_put(struct rg_store *store, const char *name, const char *body, struct rg_err *err)
{
	_cleanup_(finalizep) sqlite3_stmt *stmt = NULL;
	int r = rg_store_check_begun(store, err);

	if (r)
		return r;
	if (sqlite3_prepare_v2(store->db, "INSERT OR REPLACE INTO settings (name, body) VALUES (?1, ?2)", -1,
			       &stmt, NULL) != SQLITE_OK)
		return rg_store_fail(store->db, "store a setting", err);
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, body, -1, SQLITE_STATIC);
	return sqlite3_step(stmt) == SQLITE_DONE ? 0 : rg_store_fail(store->db, "store a setting", err);
}
