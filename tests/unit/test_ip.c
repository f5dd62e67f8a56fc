/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/ip.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct rg_addr addr_of(const char *text)
{
	struct rg_addr addr;

	if (rg_addr_parse(text, &addr))
		fail_msg("%s is no address", text);
	return addr;
}

static struct rg_net net_of(const char *text)
{
	struct rg_net net;

	if (rg_net_parse(text, &net))
		fail_msg("%s is no network", text);
	return net;
}

static void addresses_come_out_in_their_one_canonical_form(void **state)
{
	static const char *const cases[][2] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "::FFFF:c000:0201", "192.0.2.1" },
		{ "0:0:0:0:0:ffff:c000:201", "192.0.2.1" },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "2001:db8:0:1::1", "2001:db8:0:1::1" },
		{ "2001:0db8::0001", "2001:db8::1" },
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" }, /* RFC 5952: the first longest run */
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" }, /* and no single group */
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "64:ff9b::192.0.2.1", "64:ff9b::c000:201" },
	};
	char text[RG_ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rg_addr addr = addr_of(cases[i][0]), again;

		assert_string_equal(rg_addr_format(&addr, text), cases[i][1]);
		again = addr_of(text);
		assert_int_equal(rg_addr_cmp(&addr, &again), 0);
	}
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const cases[] = {
		"", " ", "any", "localhost", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "01.2.3.4",
		"1.2.3.04", "1.2.3.4 ", " 1.2.3.4", "0x1.2.3.4", "1.2.3.4/24", "1..2.3", "1.2.3.",
		":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "::1%lo",
		"[::1]", "::1/128", "::1.2.3", "::1.2.3.256", "2001:db8::1 ", "1.2.3.4::",
		"2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rg_addr addr;
		struct rg_net net;

		if (rg_addr_parse(cases[i], &addr) != -EINVAL)
			fail_msg("\"%s\" is taken for an address", cases[i]);
		if (!strchr(cases[i], '/') && rg_net_parse(cases[i], &net) != -EINVAL)
			fail_msg("\"%s\" is taken for a network", cases[i]);
	}
}

static void networks_come_out_as_they_went_in(void **state)
{
	static const struct { const char *in, *out; unsigned int length; } cases[] = {
		{ "192.0.2.0/24", "192.0.2.0/24", 120 },
		{ "192.0.2.1", "192.0.2.1/32", 128 },
		{ "192.0.2.1/32", "192.0.2.1/32", 128 },
		{ "0.0.0.0/0", "0.0.0.0/0", 96 },
		{ "128.0.0.0/1", "128.0.0.0/1", 97 },
		{ "::/0", "::/0", 0 },
		{ "8000::/1", "8000::/1", 1 },
		{ "2001:db8::/32", "2001:db8::/32", 32 },
		{ "2001:db8::/63", "2001:db8::/63", 63 },
		{ "2001:db8::/64", "2001:db8::/64", 64 },
		{ "2001:db8::/65", "2001:db8::/65", 65 },
		{ "2001:db8::1", "2001:db8::1/128", 128 },
		{ "::ffff:192.0.2.0/120", "192.0.2.0/24", 120 },
		{ "::ffff:0.0.0.0/96", "0.0.0.0/0", 96 },
	};
	char text[RG_NET_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rg_net net = net_of(cases[i].in);

		assert_int_equal(net.length, cases[i].length);
		assert_string_equal(rg_net_format(&net, text), cases[i].out);
		net = net_of(text);
		assert_int_equal(net.length, cases[i].length);
	}
}

static void what_is_no_network_is_refused_and_nothing_is_written(void **state)
{
	static const struct { const char *text; int error; } cases[] = {
		{ "192.0.2.0/33", -EINVAL },   { "192.0.2.0/", -EINVAL },    { "192.0.2.0/-1", -EINVAL },
		{ "192.0.2.0/024", -EINVAL },  { "192.0.2.0/ 24", -EINVAL }, { "192.0.2.0/24 ", -EINVAL },
		{ "192.0.2.0/24/24", -EINVAL }, { "192.0.2.0/+24", -EINVAL }, { "192.0.2/24", -EINVAL },
		{ "192.0.2.0/4294967320", -EINVAL }, { "192.0.2.0/255.255.255.0", -EINVAL },
		{ "::/129", -EINVAL },         { "::/1280", -EINVAL },       { "/24", -EINVAL },
		{ "::/0x10", -EINVAL },        { "2001:db8::/", -EINVAL },   { "any/0", -EINVAL },
		{ "192.0.2.1/24", -EDOM },     { "192.0.2.1/31", -EDOM },    { "128.0.0.0/0", -EDOM },
		{ "2001:db8::1/64", -EDOM },   { "2001:db8::1/127", -EDOM }, { "2001:db8:0:1::/63", -EDOM },
		{ "2001:db8::8000:0:0:0/64", -EDOM }, { "::1/0", -EDOM },
		{ "::ffff:192.0.2.0/24", -EDOM }, /* the length is of the form that is written */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rg_net net, before;

		memset(&net, 0x5a, sizeof(net));
		before = net;
		if (rg_net_parse(cases[i].text, &net) != cases[i].error)
			fail_msg("%s", cases[i].text);
		assert_memory_equal(&net, &before, sizeof(net));
	}
}

static void ipv4_addresses_are_told_from_ipv6_ones(void **state)
{
	struct rg_addr v4 = addr_of("192.0.2.1"), v6 = addr_of("2001:db8::1"), any = addr_of("::");
	struct rg_addr made, zero = addr_of("0.0.0.0"), compatible = addr_of("::192.0.2.1");

	(void)state;
	assert_true(rg_addr_is_v4(&v4));
	assert_true(rg_addr_is_v4(&zero));
	assert_false(rg_addr_is_v4(&v6));
	assert_false(rg_addr_is_v4(&any));
	assert_false(rg_addr_is_v4(&compatible));
	assert_true(rg_addr_is_any(&any));
	assert_false(rg_addr_is_any(&zero)); /* 0.0.0.0 is an address like others here */
	assert_int_equal(rg_addr_v4(&v4), 0xc0000201);
	rg_addr_from_v4(0xc0000201, &made);
	assert_memory_equal(&made, &v4, sizeof(made));
}

static void any_overlaps_with_every_address_and_others_with_themselves(void **state)
{
	static const struct { const char *a, *b; bool overlap; } cases[] = {
		{ "192.0.2.1", "192.0.2.1", true }, { "192.0.2.1", "192.0.2.2", false }, { "::", "192.0.2.1", true },
		{ "2001:db8::1", "::", true }, { "::", "::", true }, { "0.0.0.0", "192.0.2.1", false },
	};
	struct rg_addr a, b;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(rg_addr_parse(cases[i].a, &a), 0);
		assert_int_equal(rg_addr_parse(cases[i].b, &b), 0);
		assert_int_equal(rg_addr_overlap(&a, &b), cases[i].overlap);
	}
}

static void halves_are_in_host_order_and_compare_like_the_bytes(void **state)
{
	static const char *const sorted[] = { "::", "::1", "0.0.0.0", "9.255.255.255", "10.0.0.0",
					      "255.255.255.255", "1::", "2001:db8::1", "2001:db8::100",
					      "2001:db8:0:1::", "8000::", "ffff::" };

	(void)state;
	assert_true(rg_addr_hi(&(struct rg_addr){ .bytes = { 1, 2, 3, 4, 5, 6, 7, 8 } }) ==
		    0x0102030405060708ull);
	assert_true(rg_addr_lo(&(struct rg_addr){ .bytes = { [8] = 9, [15] = 1 } }) ==
		    0x0900000000000001ull);
	for (size_t i = 0; i < COUNT(sorted); i++) {
		struct rg_addr a = addr_of(sorted[i]), again;

		rg_addr_from_halves(rg_addr_hi(&a), rg_addr_lo(&a), &again);
		assert_memory_equal(&a, &again, sizeof(a));
		for (size_t j = 0; j < COUNT(sorted); j++) {
			struct rg_addr b = addr_of(sorted[j]);
			int order = rg_addr_cmp(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

static void an_address_inside_another_is_found_only_in_the_known_prefixes(void **state)
{
	static const struct { const char *address, *inside; } cases[] = {
		{ "2002:c000:201::", "192.0.2.1" },                     /* 6to4 */
		{ "2002:c000:201:ffff:ffff:ffff:ffff:ffff", "192.0.2.1" },
		{ "2003:c000:201::", NULL },
		{ "2001:ffff:c000:201::", NULL },
		{ "64:ff9b::192.0.2.1", "192.0.2.1" },                  /* NAT64 */
		{ "64:ff9b::0.0.0.0", "0.0.0.0" },
		{ "64:ff9b::1:192.0.2.1", NULL },
		{ "64:ff9b:1::192.0.2.1", NULL },                       /* RFC 8215: local use */
		{ "64:ff9a::192.0.2.1", NULL },
		/* RFC 4380, section 4: the client is 192.0.2.45 */
		{ "2001:0000:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45" },
		{ "2001::", "255.255.255.255" },
		{ "2001:1::ffff:ffff", NULL },
		{ "2001:db8::1", NULL },
		{ "::192.0.2.1", NULL },
		{ "::", NULL },
		{ "192.0.2.1", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rg_addr addr = addr_of(cases[i].address), inside, expected;

		if (rg_addr_embedded_v4(&addr, &inside) != (cases[i].inside != NULL))
			fail_msg("%s", cases[i].address);
		if (!cases[i].inside)
			continue;
		expected = addr_of(cases[i].inside);
		assert_memory_equal(&inside, &expected, sizeof(inside));
	}
}

static void bounds_are_the_first_and_the_last_address(void **state)
{
	static const struct { const char *net, *first, *last; } cases[] = {
		{ "192.0.2.0/24", "192.0.2.0", "192.0.2.255" },
		{ "192.0.2.7", "192.0.2.7", "192.0.2.7" },
		{ "0.0.0.0/0", "0.0.0.0", "255.255.255.255" },
		{ "::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "2001:db8::/63", "2001:db8::", "2001:db8:0:1:ffff:ffff:ffff:ffff" },
		{ "2001:db8::/64", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff" },
		{ "2001:db8::/65", "2001:db8::", "2001:db8::7fff:ffff:ffff:ffff" },
		{ "2001:db8::2/127", "2001:db8::2", "2001:db8::3" },
		{ "2001:db8::3/128", "2001:db8::3", "2001:db8::3" },
	};
	char text[RG_ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rg_net net = net_of(cases[i].net);
		struct rg_addr first, last;

		rg_net_bounds(&net, &first, &last);
		assert_string_equal(rg_addr_format(&first, text), cases[i].first);
		assert_string_equal(rg_addr_format(&last, text), cases[i].last);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_come_out_in_their_one_canonical_form),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(networks_come_out_as_they_went_in),
		cmocka_unit_test(what_is_no_network_is_refused_and_nothing_is_written),
		cmocka_unit_test(ipv4_addresses_are_told_from_ipv6_ones),
		cmocka_unit_test(any_overlaps_with_every_address_and_others_with_themselves),
		cmocka_unit_test(halves_are_in_host_order_and_compare_like_the_bytes),
		cmocka_unit_test(an_address_inside_another_is_found_only_in_the_known_prefixes),
		cmocka_unit_test(bounds_are_the_first_and_the_last_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
