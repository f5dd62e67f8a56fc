/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <string.h>
#include "base/cleanup.h"
#include "policy/json_util.h"
#include "policy/order.h"

#define DAY_S 86400

RG_DEFINE_CLEANUP(struct rg_order *, rg_order_free);

void rg_order_free(struct rg_order *order)
{
	if (!order)
		return;
	free(order->authority);
	free(order->basis);
	free(order->reference);
	free(order->override_reason);
	free(order->override_approved_by);
	free(order);
}

bool rg_order_gagged(const struct rg_order *order, int64_t time)
{
	return order->gag_until != RG_TIME_MIN && time < order->gag_until;
}

static int parse_jurisdiction(const json_t *body, struct rg_order *order, struct rg_err *err)
{
	char quoted[RG_QUOTE_MAX];
	const char *text;
	int r = rg_json_string(body, "jurisdiction", true, &text, err);

	if (r)
		return r;
	if (!rg_region_spec_parse(text, &order->jurisdiction, NULL) &&
	    (order->jurisdiction.kind == RG_REGION_COUNTRY ||
	     order->jurisdiction.kind == RG_REGION_SUBDIVISION ||
	     order->jurisdiction.kind == RG_REGION_GROUP))
		return 0;
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/jurisdiction",
			  "unknown jurisdiction '%s'; a jurisdiction is a country (CN), a subdivision "
			  "(US-CA), EU or EEA", rg_json_quote(text, quoted));
}

/* A time, or a day, through which the gag lasts. Null, "" and words have no end. */
static int parse_gag(const json_t *body, struct rg_order *order, struct rg_err *err)
{
	const json_t *value = json_object_get(body, "gag_until");
	const char *text = json_string_value(value);
	int64_t until;

	order->gag_until = RG_TIME_MIN;
	if (!value)
		return 0;
	if (text && rg_date_parse(text, &until))
		until += DAY_S;
	else if (!text || !rg_time_parse(text, &until))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/gag_until",
				  "gag_until is the time or day at which the gag ends (2020-12-31); a gag "
				  "without an end is not taken");
	if (until <= order->received)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/gag_until",
				  "the gag ends before the order was received");
	if (until > order->received + (int64_t)RG_GAG_YEARS_MAX * 366 * DAY_S)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/gag_until",
				  "a gag of more than %d years is one without an end, which is not taken",
				  RG_GAG_YEARS_MAX);
	order->gag_until = until;
	return 0;
}

static int parse_document(const json_t *body, struct rg_order *order, struct rg_err *err)
{
	const char *text;
	int r = rg_json_string(body, "document_sha256", false, &text, err);

	if (r || !text)
		return r;
	if (strlen(text) != 64 || text[strspn(text, "0123456789abcdefABCDEF")])
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/document_sha256",
				  "document_sha256 is not 64 hexadecimal digits");
	for (size_t i = 0; i < 64; i++)
		order->document_sha256[i] = (char)(text[i] >= 'A' && text[i] <= 'F' ? text[i] | 0x20 : text[i]);
	return 0;
}

static int parse_override(const json_t *body, struct rg_order *order, struct rg_err *err)
{
	static const char *const known[] = { "reason", "approved_by", NULL };
	const json_t *override = json_object_get(body, "override");
	int r;

	if (!override)
		return 0;
	r = rg_json_fields(override, known, err);
	if (!r)
		r = rg_json_text(override, "reason", true, RG_ORDER_TEXT_MAX, &order->override_reason, err);
	if (!r)
		r = rg_json_text(override, "approved_by", true, RG_ORDER_TEXT_MAX,
				 &order->override_approved_by, err);
	if (r)
		rg_err_prefix(err, "/override");
	return r;
}

static int parse_times(const json_t *body, struct rg_order *order, struct rg_err *err)
{
	int r = rg_date_field(body, "received", &order->received, err);

	if (!r)
		r = parse_gag(body, order, err);
	if (!r)
		r = rg_window_parse(body, &order->window, err);
	if (r)
		return r;
	if (order->window.until <= order->received)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/expires",
				  "the order expires before it was received");
	return 0;
}

int rg_order_parse(const json_t *body, struct rg_order **ret, struct rg_err *err)
{
	static const char *const known[] = { "jurisdiction", "authority", "basis", "reference", "received",
					     "gag_until", "document_sha256", "not_before", "expires",
					     "override", NULL };
	_cleanup_(rg_order_freep) struct rg_order *order = calloc(1, sizeof(*order));
	int r;

	if (!order)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, NULL, "out of memory");
	r = rg_json_fields(body, known, err);
	if (!r)
		r = parse_jurisdiction(body, order, err);
	if (!r)
		r = rg_json_text(body, "authority", true, RG_ORDER_TEXT_MAX, &order->authority, err);
	if (!r)
		r = rg_json_text(body, "basis", true, RG_ORDER_TEXT_MAX, &order->basis, err);
	if (!r)
		r = rg_json_text(body, "reference", true, RG_ORDER_TEXT_MAX, &order->reference, err);
	if (!r)
		r = parse_times(body, order, err);
	if (!r)
		r = parse_document(body, order, err);
	if (!r)
		r = parse_override(body, order, err);
	if (!r)
		*ret = TAKE_PTR(order);
	return r;
}

json_t *rg_order_to_json(const struct rg_order *order)
{
	char jurisdiction[64], received[RG_TIME_TEXT_MAX], gag[RG_TIME_TEXT_MAX];
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s}",
				 "jurisdiction", rg_region_spec_format(&order->jurisdiction, jurisdiction),
				 "authority", order->authority, "basis", order->basis,
				 "reference", order->reference,
				 "received", rg_date_format(order->received, received));

	if (json && order->gag_until != RG_TIME_MIN)
		json_object_set_new(json, "gag_until", json_string(rg_time_format(order->gag_until, gag)));
	if (json && order->document_sha256[0])
		json_object_set_new(json, "document_sha256", json_string(order->document_sha256));
	if (json)
		rg_window_write(json, &order->window);
	if (json && order->override_reason)
		json_object_set_new(json, "override",
				    json_pack("{s:s, s:s}", "reason", order->override_reason,
					      "approved_by", order->override_approved_by));
	return json;
}
