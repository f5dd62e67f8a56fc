/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "policy/json_util.h"
#include "policy/meeting_private.h"

void rg_exceptions_clear(struct rg_meeting_spec *meeting)
{
	for (size_t i = 0; i < meeting->n_exceptions; i++)
		free(meeting->exceptions[i].reason);
	free(meeting->exceptions);
}

/* IPv4 addresses are ::ffff:0:0/96 here: a short IPv6 network would hold all of them unseen. */
static bool holds_v4(const struct rg_net *network)
{
	struct rg_addr first, last, v4;

	rg_net_bounds(network, &first, &last);
	rg_addr_from_v4(0, &v4);
	return network->length < 96 && rg_addr_cmp(&first, &v4) <= 0 && rg_addr_cmp(&v4, &last) <= 0;
}

static int parse_network(const json_t *body, struct rg_net *ret, struct rg_err *err)
{
	char quoted[RG_QUOTE_MAX];
	const char *text;
	int r = rg_json_string(body, "network", true, &text, err);

	if (r)
		return r;
	r = rg_net_parse(text, ret);
	if (r == -EDOM)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/network",
				  "'%s' has bits set behind its length", rg_json_quote(text, quoted));
	if (r)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/network",
				  "'%s' is not a network", rg_json_quote(text, quoted));
	if (holds_v4(ret))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/network",
				  "'%s' would hold all IPv4 addresses, too; say 0.0.0.0/0 or 2000::/3",
				  rg_json_quote(text, quoted));
	return 0;
}

static int parse_exception(const json_t *body, struct rg_exception *ret, struct rg_err *err)
{
	static const char *const known[] = { "network", "action", "reason", NULL };
	int r = rg_json_fields(body, known, err);

	if (!r)
		r = parse_network(body, &ret->network, err);
	if (!r)
		r = rg_json_choice(body, "action", true, "admit", "refuse", &ret->refuse, err);
	if (!r)
		r = rg_json_text(body, "reason", true, RG_EXCEPTION_REASON_MAX, &ret->reason, err);
	return r;
}

/* The list is short. */
static bool listed_before(const struct rg_meeting_spec *meeting, size_t i)
{
	const struct rg_net *network = &meeting->exceptions[i].network;

	for (size_t k = 0; k < i; k++)
		if (meeting->exceptions[k].network.length == network->length &&
		    !rg_addr_cmp(&meeting->exceptions[k].network.address, &network->address))
			return true;
	return false;
}

int rg_exceptions_parse(const json_t *body, struct rg_meeting_spec *meeting, struct rg_err *err)
{
	const json_t *list;
	int r = rg_json_array(body, "exceptions", RG_EXCEPTIONS_PER_MEETING_MAX, &list, err);

	if (r)
		return r;
	meeting->exceptions = calloc(json_array_size(list) + 1, sizeof(*meeting->exceptions));
	if (!meeting->exceptions)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, NULL, "out of memory");
	while (meeting->n_exceptions < json_array_size(list)) {
		size_t i = meeting->n_exceptions++;

		r = parse_exception(json_array_get(list, i), &meeting->exceptions[i], err);
		if (!r && listed_before(meeting, i))
			r = rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/network",
				       "the network has an exception already");
		if (r) {
			rg_err_prefix(err, "/exceptions/%zu", i);
			return r;
		}
	}
	return 0;
}

int rg_exceptions_write(json_t *body, const struct rg_meeting_spec *meeting)
{
	char text[RG_NET_TEXT_MAX];
	json_t *list;

	if (!meeting->n_exceptions)
		return 0;
	list = json_array();
	for (size_t i = 0; i < meeting->n_exceptions; i++) {
		const struct rg_exception *e = &meeting->exceptions[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:s}",
						      "network", rg_net_format(&e->network, text),
						      "action", e->refuse ? "refuse" : "admit",
						      "reason", e->reason));
	}
	return json_object_set_new(body, "exceptions", list);
}
