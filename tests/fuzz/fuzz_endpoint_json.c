/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any bytes as the body of a shared endpoint and as a list of ufrags. What is accepted must come out
 * canonical: written, read and written again it is the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "policy/endpoint.h"
#include "policy/meeting.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An error must be fit for a JSON answer. */
static void check_error(const struct rg_err *err)
{
	json_t *json = json_pack("{s:s, s:s}", "pointer", err->pointer, "detail", err->detail);

	if (!json || err->code == RG_ERR_NONE || !err->detail[0])
		abort();
	json_decref(json);
}

static void try_shared(const json_t *body)
{
	struct rg_shared_spec spec, again;
	struct rg_err err = { 0 };
	struct rg_shared entry;
	json_t *json;

	if (rg_shared_parse(body, "fuzz", &spec, &err)) {
		check_error(&err);
		return;
	}
	json = rg_shared_to_json(&spec);
	if (!json || rg_shared_parse(json, "fuzz", &again, &err) || !rg_shared_equal(&spec, &again))
		abort();
	json_decref(json);
	entry = rg_shared_entry(&spec);
	if (!spec.first_port || spec.first_port > spec.last_port || !entry.name[0])
		abort();
}

static void try_ufrags(const json_t *body)
{
	struct rg_ufrag_spec *ufrags = NULL, *again = NULL;
	size_t n = 0, n_again = 0;
	struct rg_err err = { 0 };
	json_t *list, *object;

	if (rg_ufrags_parse(body, &ufrags, &n, &err)) {
		check_error(&err);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (rg_ufrag_check(ufrags[i].text, &err) || !rg_endpoint_name_ok(ufrags[i].endpoint))
			abort();
	list = rg_ufrags_to_json(ufrags, n);
	object = json_pack("{s:o}", "ufrags", list);
	if (!object || rg_ufrags_parse(object, &again, &n_again, &err) || n != n_again)
		abort();
	json_decref(object);
	rg_ufrags_free(ufrags, n);
	rg_ufrags_free(again, n_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rg_err err = { 0 };
	json_t *body = NULL;

	if (rg_json_parse((const char *)data, size, &body, &err)) {
		check_error(&err);
		return 0;
	}
	try_shared(body);
	try_ufrags(body);
	json_decref(body);
	return 0;
}
