/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "ledger/chain.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include "base/cleanup.h"

#define BROKEN(err, ...) rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", __VA_ARGS__)

/* What of an entry its place in the chain hangs on. */
struct link {
	uint64_t seq;
	unsigned char previous[RG_SHA256_SIZE];
};

static const unsigned char none[RG_SHA256_SIZE];

void rg_chain_resume(struct rg_chain *chain, uint64_t seq, const unsigned char hash[RG_SHA256_SIZE])
{
	*chain = (struct rg_chain){ .anchored = true, .first = seq + 1, .seq = seq };
	memcpy(chain->hash, hash, sizeof(chain->hash));
}

static int read_link(const struct rg_chain *chain, const char *text, size_t length, struct link *ret,
		     struct rg_err *err)
{
	_cleanup_(json_decrefp) json_t *entry = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	const char *previous = json_string_value(json_object_get(entry, "previous"));
	json_int_t seq = json_integer_value(json_object_get(entry, "seq"));

	if (seq >= 1 && previous && !rg_sha256_parse(previous, ret->previous)) {
		ret->seq = (uint64_t)seq;
		return 0;
	}
	if (!chain->seq)
		return BROKEN(err, "this is no entry of a ledger");
	return BROKEN(err, "what stands behind entry %" PRIu64 " is no entry", chain->seq);
}

static int check_link(const struct rg_chain *chain, const struct link *link, struct rg_err *err)
{
	uint64_t seq = chain->seq;

	if (!seq && link->seq == 1 && memcmp(link->previous, none, sizeof(none)))
		return BROKEN(err, "entry 1 names an entry before it: it was changed");
	if (!seq && !chain->anchored)
		return 0;
	if (link->seq == seq + 2)
		return BROKEN(err, "entry %" PRIu64 " is missing", seq + 1);
	if (link->seq > seq + 1)
		return BROKEN(err, "the entries %" PRIu64 " to %" PRIu64 " are missing", seq + 1, link->seq - 1);
	if (link->seq <= seq)
		return BROKEN(err, "entry %" PRIu64 " stands behind entry %" PRIu64
			      ": the order was changed", link->seq, seq);
	if (seq && memcmp(link->previous, chain->hash, sizeof(chain->hash)))
		return BROKEN(err, "entry %" PRIu64 " is not the one that entry %" PRIu64
			      " was chained to: one of the two was changed", seq, link->seq);
	return 0;
}

int rg_chain_add(struct rg_chain *chain, const char *text, size_t length, struct rg_err *err)
{
	struct link link;
	int r = read_link(chain, text, length, &link, err);

	if (!r)
		r = check_link(chain, &link, err);
	if (r)
		return r;
	if (!chain->first)
		chain->first = link.seq;
	chain->seq = link.seq;
	rg_sha256(text, length, chain->hash);
	return 0;
}

int rg_chain_check_head(const struct rg_chain *chain, uint64_t seq, const char *hash, struct rg_err *err)
{
	unsigned char wanted[RG_SHA256_SIZE];

	if (rg_sha256_parse(hash, wanted))
		return BROKEN(err, "a hash has 64 hex digits");
	if (seq > chain->seq)
		return BROKEN(err, "the ledger ends with entry %" PRIu64 ", but there were %" PRIu64
			      ": its end is missing", chain->seq, seq);
	if (seq < chain->seq)
		return BROKEN(err, "the ledger has entry %" PRIu64 ", but it ended with %" PRIu64,
			      chain->seq, seq);
	if (memcmp(wanted, chain->hash, sizeof(wanted)))
		return BROKEN(err, "the hash of the last entry, %" PRIu64 ", is another one: this entry was "
			      "changed, or all from some entry on were made anew", chain->seq);
	return 0;
}
