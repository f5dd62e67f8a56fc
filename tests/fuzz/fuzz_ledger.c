/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any lines as a ledger: an unbroken chain, or one sentence about where it breaks, with the chain
 * then left where it was. And each line as what an entry is made of: the entry is canonical JSON that says
 * the same, and goes on with a chain. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ledger/chain.h"
#include "ledger/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(holds) do { if (!(holds)) { fprintf(stderr, "%d: %s\n", __LINE__, #holds); abort(); } } while (0)

static void check_error(const struct rg_err *err)
{
	must(err->code != RG_ERR_NONE && err->detail[0]);
}

static void add_line(struct rg_chain *chain, const char *text, size_t length)
{
	struct rg_chain before = *chain;
	struct rg_err err = { 0 };

	if (rg_chain_add(chain, text, length, &err)) {
		check_error(&err);
		must(!memcmp(&before, chain, sizeof(before)));
	} else {
		must(!before.seq || chain->seq == before.seq + 1);
	}
}

/* The end line of an export: only the head of this very chain is right. */
static void check_head(const struct rg_chain *chain, const char *text, size_t length)
{
	json_t *line = json_loadb(text, length, 0, NULL), *head = json_object_get(line, "head");
	const char *hash = json_string_value(json_object_get(head, "hash"));
	uint64_t seq = (uint64_t)json_integer_value(json_object_get(head, "seq"));
	char wanted[RG_SHA256_TEXT];
	struct rg_err err = { 0 };

	rg_sha256_format(chain->hash, wanted);
	must(!rg_chain_check_head(chain, chain->seq, wanted, NULL));
	if (hash && rg_chain_check_head(chain, seq, hash, &err))
		check_error(&err);
	else if (hash)
		must(seq == chain->seq && !strcasecmp(hash, wanted));
	json_decref(line);
}

/* Who did it, as JSON; a name that a client may not assert is not. */
static char *who_of(const char *name)
{
	struct rg_ledger_who who = { .called = true, .peer = { .uid = 4294967295u, .gid = 990, .pid = 7 } };
	bool ok = rg_ledger_asserted_ok(name);
	char *text;
	json_t *json;

	if (ok)
		strcpy(who.asserted, name);
	text = rg_ledger_who_text(&who);
	json = json_loads(text, 0, NULL);
	must(json && json_object_size(json) == 3u + ok);
	must(!ok || !strcmp(json_string_value(json_object_get(json, "asserted")), name));
	json_decref(json);
	return text;
}

static void check_canonical(const char *text, const char *subject, json_t *detail)
{
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	char *again = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);

	must(json && !strcmp(text, again));
	must(!strcmp(json_string_value(json_object_get(json, "subject")), subject));
	must(json_equal(json_object_get(json, "detail"), detail));
	free(again);
	json_decref(json);
}

/* An entry of a line: a kind by its first byte, then the subject, who asserts, and the detail if it is JSON. */
static void make_entry(struct rg_chain *chain, const char *line)
{
	enum rg_ledger_kind kind = (unsigned char)*line % RG_LEDGER_KIND_MAX;
	json_t *detail = json_loads(line, JSON_REJECT_DUPLICATES, NULL), *name = json_string(line);
	char previous[RG_SHA256_TEXT], *who = who_of(line), *text, *body;
	struct rg_ledger_entry entry = { .seq = chain->seq + 1, .at_ms = 1591272000250, .kind = kind, .subject = line,
					 .who = who, .previous = rg_sha256_format(chain->hash, previous) };
	struct rg_err err = { 0 };

	must(rg_ledger_kind_parse(rg_ledger_kind_text(kind)) == kind);
	must(rg_ledger_kind_parse(line) == RG_LEDGER_KIND_MAX || !strcmp(rg_ledger_kind_text(rg_ledger_kind_parse(line)), line));
	if (!detail)
		detail = json_object();
	body = json_dumps(detail, JSON_COMPACT | JSON_SORT_KEYS);
	entry.detail = body;
	text = rg_ledger_entry_text(&entry);
	must(!text == !name); /* only what is not UTF-8 is no subject */
	if (text) {
		check_canonical(text, line, detail);
		must(!rg_chain_add(chain, text, strlen(text), &err));
		(void)rg_ledger_reported(kind, detail);
	}
	free(text);
	free(body);
	free(who);
	json_decref(detail);
	json_decref(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char none[RG_SHA256_SIZE];
	const char *at = (const char *)data, *end = at + size;
	struct rg_chain chain = { 0 }, made;

	rg_chain_resume(&made, 0, none);
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((stop ? stop : end) - at);
		char *line = strndup(at, length);

		check_head(&chain, at, length);
		add_line(&chain, at, length);
		make_entry(&made, line);
		free(line);
		at += length + 1;
	}
	return 0;
}
