/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines of the log: one each, whatever is in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"

static void then_logged(const char *text, const char *wanted)
{
	char got[256] = "";
	FILE *file = tmpfile();
	int before = dup(STDERR_FILENO);

	assert_non_null(file);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	rg_log(RG_LOG_ERROR, "%s", text);
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	close(before);
	rewind(file);
	assert_true(fread(got, 1, sizeof(got) - 1, file) > 0);
	fclose(file);
	assert_string_equal(got, wanted);
}

static void a_text_of_others_steers_no_terminal(void **state)
{
	(void)state;
	then_logged("there is no group 'wh\xc3\xa9" "el'", "regiongated: there is no group 'wh\xc3\xa9" "el'\n");
	then_logged("site '\x1b[31mDE\x7f'", "regiongated: site '?[31mDE?'\n");
	then_logged("one\nregiongated: two", "regiongated: one?regiongated: two\n");
	then_logged("C1: \xc2\x9b" "31m", "regiongated: C1: ??31m\n");
	then_logged("\xc2\x80\xc2\x9f\xc2\xa0", "regiongated: ????\xc2\xa0\n");
	then_logged("cut: \xc2", "regiongated: cut: \xc2\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_of_others_steers_no_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
