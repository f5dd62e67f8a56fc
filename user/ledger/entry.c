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
	return json_object_get(json_object_get(detail, side), "orders");
}

bool rg_ledger_reported(enum rg_ledger_kind kind, const json_t *detail)
{
	return kinds[kind].reported || has_orders(detail, "before") || has_orders(detail, "after");
}

/* How long a text is, if none of its letters needs an escape; nearly all are so. Else 0. */
static size_t plain_length(const char *text)
{
	size_t n = 0;

	while (text[n] >= 0x20 && text[n] < 0x7f && text[n] != '"' && text[n] != '\\')
		n++;
	return text[n] ? 0 : n;
}

char *rg_ledger_quote(const char *text)
{
	json_t *json = json_string(text);
	char *quoted = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;

	json_decref(json);
	return quoted;
}

void rg_ledger_put_quoted(struct rg_text *to, const char *text)
{
	size_t n = plain_length(text);
	_cleanup_(rg_freep) char *quoted = n ? NULL : rg_ledger_quote(text);

	rg_text_put_n(to, "\"", n != 0);
	rg_text_put_n(to, text, n);
	rg_text_put_n(to, "\"", n != 0);
	if (quoted)
		rg_text_put(to, quoted);
	to->failed |= !n && !quoted;
}

char *rg_ledger_who_text(const struct rg_ledger_who *who)
{
	_cleanup_(rg_freep) char *asserted = *who->asserted ? rg_ledger_quote(who->asserted) : NULL;
	char *text = NULL;
	int n;

	if (!who->called)
		n = asprintf(&text, "{\"daemon\":\"regiongated\",\"pid\":%d}", (int)getpid());
	else if (*who->asserted && !asserted)
		return NULL;
	else
		n = asprintf(&text, "{%s%s%s\"gid\":%u,\"pid\":%d,\"uid\":%u}",
			     asserted ? "\"asserted\":" : "", asserted ? asserted : "", asserted ? "," : "",
			     who->peer.gid, (int)who->peer.pid, who->peer.uid);
	return n < 0 ? NULL : text;
}

char *rg_ledger_entry_text(const struct rg_ledger_entry *entry)
{
	struct rg_text text = { 0 };
	char at[RG_UTC_TEXT_MAX];

	rg_text_put(&text, "{\"at\":\"");
	rg_text_put(&text, rg_utc_format_ms(entry->at_ms, at));
	rg_text_put(&text, "\",\"detail\":");
	rg_text_put(&text, entry->detail);
	rg_text_put(&text, ",\"kind\":\"");
	rg_text_put(&text, kinds[entry->kind].text);
	rg_text_put(&text, "\",\"previous\":\"");
	rg_text_put(&text, entry->previous);
	rg_text_put(&text, "\",\"seq\":");
	rg_text_number(&text, entry->seq);
	rg_text_put(&text, ",\"subject\":");
	rg_ledger_put_quoted(&text, entry->subject);
	rg_text_put(&text, ",\"who\":");
	rg_text_put(&text, entry->who);
	rg_text_put(&text, "}");
	return rg_text_take(&text);
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
