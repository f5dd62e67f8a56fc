/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "ledger/entry.h"

#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/utc.h"

static const struct { const char *text; bool reported; } kinds[] = {
#define X(name, text, reported) [RG_LEDGER_##name] = { text, reported },
	RG_LEDGER_KINDS(X)
#undef X
};

const char *rg_ledger_kind_text(enum rg_ledger_kind kind)
{
	return kinds[kind].text;
}

enum rg_ledger_kind rg_ledger_kind_parse(const char *text)
{
	int kind = 0;

	while (kind < RG_LEDGER_KIND_MAX && strcmp(kinds[kind].text, text))
		kind++;
	return (enum rg_ledger_kind)kind;
}

static bool has_orders(const json_t *detail, const char *side)
{
	return json_object_get(json_object_get(detail, side), "refuses");
}

bool rg_ledger_reported(enum rg_ledger_kind kind, const json_t *detail)
{
	return kinds[kind].reported || has_orders(detail, "before") || has_orders(detail, "after");
}

static json_t *who_json(const struct rg_ledger_who *who)
{
	json_t *json;

	if (!who->called)
		return json_pack("{s:s, s:i}", "daemon", "regiongated", "pid", (int)getpid());
	json = json_pack("{s:I, s:I, s:I}", "uid", (json_int_t)who->peer.uid, "gid",
			 (json_int_t)who->peer.gid, "pid", (json_int_t)who->peer.pid);
	if (json && *who->asserted && json_object_set_new(json, "asserted", json_string(who->asserted))) {
		json_decref(json);
		return NULL;
	}
	return json;
}

char *rg_ledger_entry_text(const struct rg_ledger_entry *entry)
{
	char at[RG_UTC_TEXT_MAX];
	json_t *json = json_pack("{s:s, s:O, s:s, s:s, s:I, s:s, s:o}",
				 "at", rg_utc_format_ms(entry->at_ms, at), "detail", entry->detail,
				 "kind", kinds[entry->kind].text, "previous", entry->previous,
				 "seq", (json_int_t)entry->seq, "subject", entry->subject,
				 "who", who_json(entry->who));
	char *text = json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	json_decref(json);
	return text;
}

bool rg_ledger_asserted_ok(const char *name)
{
	size_t n = strlen(name);
	json_t *text;

	if (!n || n > RG_LEDGER_ASSERTED_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return false;
	text = json_string(name); /* NULL if it is not UTF-8 */
	json_decref(text);
	return text;
}
