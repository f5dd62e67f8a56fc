/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is withheld of gagged orders, wherever in an answer they stand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "api/withhold.h"
#include "base/cleanup.h"

#define END 1593561600 /* 2020-07-01T00:00:00Z */
#define ORDER "{\"authority\":\"Secret Office\",\"basis\":\"Secret Act\",\"document_sha256\":\"secret\"," \
	"\"gag_until\":\"2020-07-01T00:00:00Z\",\"jurisdiction\":\"CN\",\"override\":{\"reason\":\"secret\"}," \
	"\"received\":\"2020-06-03\",\"reference\":\"Secret-1\"}"
#define OPEN "{\"authority\":\"Court\",\"basis\":\"Open Act\",\"jurisdiction\":\"CN\",\"reference\":\"Open-1\"}"

/* Text of @body as the role read gets it. Owned by the caller. */
static char *seen(const char *body, int64_t now)
{
	json_t *json = json_loads(body, 0, NULL), *copy = NULL;
	char *before, *after, *text;

	assert_non_null(json);
	before = json_dumps(json, JSON_SORT_KEYS);
	assert_int_equal(rg_withhold(json, now, &copy), 0);
	after = json_dumps(json, JSON_SORT_KEYS);
	assert_string_equal(before, after); /* the engine may own it */
	text = json_dumps(copy, JSON_SORT_KEYS | JSON_COMPACT);
	free(before);
	free(after);
	json_decref(copy);
	json_decref(json);
	return text;
}

static void a_gagged_order_is_withheld_wherever_it_stands(void **state)
{
	static const char *const bodies[] = {
		ORDER,
		"{\"rules\":[{\"id\":\"r1\",\"order\":" ORDER "}]}",
		"{\"meetings\":[{\"rules\":[{\"id\":\"r1\",\"order\":" ORDER "}]}]}",
		"{\"entries\":[{\"kind\":\"order-refused\",\"detail\":{\"order\":" ORDER "}}]}",
		"{\"entries\":[{\"kind\":\"refusals\",\"detail\":{\"basis\":\"Secret Act\",\"order\":" ORDER "}}]}",
		"{\"detail\":{\"before\":{\"bases\":{\"r1\":\"Secret Act\",\"r2\":\"owner\"},\"orders\":[{\"id\":\"r1\",\"order\":"
		ORDER "}]},\"after\":null}}",
		"{\"first\":[{\"gag_until\":\"2020-07-01T00:00:00Z\",\"reference\":\"Secret-1\",\"regions\":[\"JP\"]}]}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		_cleanup_(rg_freep) char *during = seen(bodies[i], END - 1), *later = seen(bodies[i], END);

		assert_null(strcasestr(during, "secret"));
		assert_non_null(strstr(during, "\"withheld\":true"));
		assert_non_null(strcasestr(later, "secret"));
		assert_null(strstr(later, "withheld"));
	}
}

static void what_is_not_gagged_stays(void **state)
{
	_cleanup_(rg_freep) char *text = seen("{\"bases\":{\"r1\":\"Secret Act\",\"r2\":\"Open Act\"},\"orders\":[{\"id\":\"r1\","
					      "\"order\":" ORDER "},{\"id\":\"r2\",\"order\":" OPEN "}]}", END - 1);

	(void)state;
	assert_non_null(strstr(text, "\"bases\":{\"r1\":null,\"r2\":\"Open Act\"}"));
	assert_non_null(strstr(text, "Open-1"));
	assert_non_null(strstr(text, "\"gag_until\":\"2020-07-01T00:00:00Z\",\"jurisdiction\":\"CN\""));
	assert_null(strstr(text, "Secret"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gagged_order_is_withheld_wherever_it_stands),
		cmocka_unit_test(what_is_not_gagged_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
