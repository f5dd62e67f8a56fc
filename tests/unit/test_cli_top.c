/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pages of top: sums, rates between two answers, rows of a small terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/top_show.h"

#define COUNTS(admit, refuse) "{\"admit\": {\"packets\": " #admit "}, \"refuse\": {\"packets\": " #refuse "}}"

static const char first[] =
	"{\"time_ms\": 10000, \"total\": 2, \"flows\": 3, \"verdicts\": " COUNTS(100, 10) ","
	"\"regions\": {\"CN\": " COUNTS(0, 10) ", \"DE\": " COUNTS(100, 0) "},"
	"\"meetings\": [{\"id\": \"m-1\", \"admit\": 100, \"refuse\": 10, \"observe_refused\": 0}],"
	"\"reasons\": {\"refuse_unbound\": {\"packets\": 4}}, \"events\": {\"sent\": 1, \"lost\": 0},"
	"\"maps\": [{\"name\": \"rg_ufrags\", \"entries\": 1, \"max_entries\": 4}, {\"name\": \"rg_geo\", \"entries\": null}]}";
static const char second[] =
	"{\"time_ms\": 12000, \"total\": 2, \"flows\": 3, \"verdicts\": " COUNTS(100, 50) ","
	"\"regions\": {\"CN\": " COUNTS(0, 50) ", \"DE\": " COUNTS(100, 0) "},"
	"\"meetings\": [{\"id\": \"m-1\", \"admit\": 100, \"refuse\": 30, \"observe_refused\": 0},"
	"               {\"id\": \"m-2\", \"admit\": 0, \"refuse\": 60, \"observe_refused\": 0}],"
	"\"reasons\": {\"refuse_unbound\": {\"packets\": 2}}, \"events\": {\"sent\": 5, \"lost\": 2}, \"maps\": []}";

static char *page(const char *before, const char *now, unsigned int rows)
{
	json_t *a = before ? json_loads(before, 0, NULL) : NULL, *b = json_loads(now, 0, NULL);
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(b);
	assert_int_equal(rg_top_show(a, b, rows, out), 0);
	fclose(out);
	json_decref(a);
	json_decref(b);
	return text;
}

static void then_has(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("no '%s' in:\n%s", line, text);
}

static void the_first_page_has_sums(void **state)
{
	char *text = page(NULL, first, 0);

	(void)state;
	then_has(text, "2 meetings, 3 bound flows; packets: admit 100 refuse 10 pass 0; events: sent 1, lost 0\n");
	then_has(text, "REGION  ADMIT  REFUSE  OBSERVED\nDE        100       0         0\nCN          0      10         0\n");
	then_has(text, "m-1        100      10         0\n");
	then_has(text, "refuse_unbound              4\n");
	then_has(text, "rg_ufrags        1     4  25.0%\n");
	assert_null(strstr(text, "rg_geo"));
	free(text);
}

static void later_pages_have_packets_a_second_the_busiest_first(void **state)
{
	char *text = page(first, second, 0);

	(void)state;
	then_has(text, "packets a second: admit 0 refuse 20 pass 0; events: sent 2, lost 1\n");
	then_has(text, "OBSERVED\nCN          0      20         0\nDE          0       0         0\n");
	then_has(text, "OBSERVED\nm-2          0      30         0\nm-1          0      10         0\n");
	then_has(text, "refuse_unbound              1\n"); /* smaller than before: counted anew */
	free(text);
}

static void a_page_is_no_longer_than_the_terminal(void **state)
{
	(void)state;
	for (unsigned int rows = 1; rows < 40; rows++) {
		char *text = page(first, second, rows);
		unsigned int n = 0;

		for (const char *p = text; (p = strchr(p, '\n')); p++)
			n++;
		assert_true(n <= rows);
		free(text);
	}
}

static void an_answer_that_lacks_everything_is_a_page(void **state)
{
	(void)state;
	free(page(NULL, "{}", 0));
	free(page("{}", "{\"meetings\": [{}, 1], \"regions\": {\"CN\": 1}, \"maps\": [1]}", 24));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_page_has_sums),
		cmocka_unit_test(later_pages_have_packets_a_second_the_busiest_first),
		cmocka_unit_test(a_page_is_no_longer_than_the_terminal),
		cmocka_unit_test(an_answer_that_lacks_everything_is_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
