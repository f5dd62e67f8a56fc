/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Timelines, exceptions, bounded rules: the compiled forms against plain readings, and rg_judge()
 * against the compiled forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/exceptions.h"
#include "policy/judge.h"
#include "policy/timeline.h"

static struct rg_meeting_spec *given(json_t *body)
{
	struct rg_meeting_spec *meeting = NULL;
	struct rg_err err = { 0 };

	if (rg_meeting_parse(body, "m-1", &meeting, &err))
		fail_msg("%s: %s", err.pointer, err.detail);
	json_decref(body);
	return meeting;
}

static struct rg_meeting_spec *given_text(const char *text)
{
	json_t *body = json_loads(text, 0, NULL);

	assert_non_null(body);
	return given(body);
}

/* --- exceptions ------------------------------------------------------------ */

/* The search of the packet path: as many halvings as the set says. */
static enum rg_exception_action search(const struct rg_exception_set *set, const struct rg_addr *address)
{
	__u64 hi = rg_addr_hi(address), lo = rg_addr_lo(address);
	unsigned int at = 0;

	for (unsigned int step = 1u << set->steps >> 1; step; step >>= 1) {
		const struct rg_exception_range *range = &set->ranges[at + step];

		if (range->hi < hi || (range->hi == hi && range->lo <= lo))
			at += step;
	}
	return (enum rg_exception_action)set->ranges[at].action;
}

/* Bit by bit, without the code under test. */
static bool network_holds(const struct rg_net *network, const struct rg_addr *address)
{
	for (unsigned int bit = 0; bit < network->length; bit++)
		if ((network->address.bytes[bit / 8] ^ address->bytes[bit / 8]) >> (7 - bit % 8) & 1)
			return false;
	return true;
}

static enum rg_exception_action as_written(const struct rg_exception *exceptions, size_t n,
					   const struct rg_addr *address)
{
	enum rg_exception_action action = RG_EXCEPTION_NONE;
	int longest = -1;

	for (size_t i = 0; i < n; i++)
		if ((int)exceptions[i].network.length > longest && network_holds(&exceptions[i].network, address)) {
			longest = (int)exceptions[i].network.length;
			action = exceptions[i].refuse ? RG_EXCEPTION_REFUSE : RG_EXCEPTION_ADMIT;
		}
	return action;
}

static void then_equal_at(const struct rg_exception_set *set, const struct rg_exception *exceptions, size_t n,
			  const struct rg_addr *address)
{
	enum rg_exception_action wanted = as_written(exceptions, n, address), got = search(set, address);
	const struct rg_exception *one = rg_exception_for(exceptions, n, address);
	char text[RG_ADDR_TEXT_MAX];

	if (got != wanted)
		fail_msg("%s: %d, not %d", rg_addr_format(address, text), got, wanted);
	assert_int_equal(wanted, !one ? RG_EXCEPTION_NONE : one->refuse ? RG_EXCEPTION_REFUSE : RG_EXCEPTION_ADMIT);
}

static void neighbours(const struct rg_addr *address, struct rg_addr *ret_before, struct rg_addr *ret_after)
{
	__u64 hi = rg_addr_hi(address), lo = rg_addr_lo(address);

	rg_addr_from_halves(hi - !lo, lo - 1, ret_before);
	rg_addr_from_halves(hi + !(lo + 1), lo + 1, ret_after);
}

/* Dense networks of both families, so that they nest, touch, and begin at one address. */
static struct rg_net random_network(unsigned int *seed)
{
	struct rg_net net = { 0 };

	if (rand_r(seed) & 1) {
		rg_addr_from_v4(0xc6336400u | ((unsigned int)rand_r(seed) & 0xff), &net.address);
		net.length = 96 + 20 + (unsigned int)rand_r(seed) % 13;
	} else {
		rg_addr_from_halves(0x20010db800000000ull | ((unsigned int)rand_r(seed) & 0xf),
				    (unsigned long long)rand_r(seed) << 40, &net.address);
		net.length = 56 + (unsigned int)rand_r(seed) % 73;
	}
	for (unsigned int bit = net.length; bit < 128; bit++)
		net.address.bytes[bit / 8] &= (__u8)~(0x80 >> bit % 8);
	return net;
}

static size_t random_exceptions(unsigned int *seed, struct rg_exception *ret, size_t most)
{
	size_t n = 0;

	for (size_t i = 0; i < most; i++) {
		struct rg_net net = random_network(seed);
		bool twice = false;

		for (size_t k = 0; k < n; k++)
			twice |= ret[k].network.length == net.length && !rg_addr_cmp(&ret[k].network.address, &net.address);
		if (!twice)
			ret[n++] = (struct rg_exception){ .network = net, .refuse = rand_r(seed) & 1 };
	}
	return n;
}

static void compiled_exceptions_agree_with_the_list_at_every_edge(void **state)
{
	unsigned int seed = 3;

	(void)state;
	for (int round = 0; round < 400; round++) {
		struct rg_exception list[RG_EXCEPTIONS_PER_MEETING_MAX];
		size_t n = random_exceptions(&seed, list, (size_t)round % ARRAY_SIZE(list) + 1);
		struct rg_exception_set set;

		rg_exceptions_compile(list, n, &set);
		for (size_t i = 1; i < 1u << set.steps; i++)
			assert_true(set.ranges[i - 1].hi < set.ranges[i].hi ||
				    (set.ranges[i - 1].hi == set.ranges[i].hi && set.ranges[i - 1].lo <= set.ranges[i].lo));
		for (size_t i = 0; i < n; i++) {
			struct rg_addr first, last, other;

			rg_net_bounds(&list[i].network, &first, &last);
			then_equal_at(&set, list, n, &first);
			then_equal_at(&set, list, n, &last);
			neighbours(&first, &other, &last);
			then_equal_at(&set, list, n, &other);
			then_equal_at(&set, list, n, &last);
			rg_net_bounds(&list[i].network, &first, &last);
			neighbours(&last, &first, &other);
			then_equal_at(&set, list, n, &other);
		}
	}
}

static void no_exceptions_are_one_range(void **state)
{
	struct rg_exception_set set;
	struct rg_addr address;

	(void)state;
	rg_exceptions_compile(NULL, 0, &set);
	assert_int_equal(set.steps, 0);
	rg_addr_from_v4(0x08080808, &address);
	assert_int_equal(search(&set, &address), RG_EXCEPTION_NONE);
}

static void the_whole_of_a_family_and_the_last_address_are_networks(void **state)
{
	struct rg_meeting_spec *meeting = given_text(
		"{\"exceptions\": [{\"network\": \"0.0.0.0/0\", \"action\": \"refuse\", \"reason\": \"x\"},"
		" {\"network\": \"8000::/1\", \"action\": \"admit\", \"reason\": \"x\"},"
		" {\"network\": \"255.255.255.255\", \"action\": \"admit\", \"reason\": \"x\"}]}");
	static const char *const addresses[] = { "0.0.0.0", "255.255.255.254", "255.255.255.255", "::1:0:0:0", "::",
						 "7fff::1", "8000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };
	struct rg_exception_set set;

	(void)state;
	rg_exceptions_compile(meeting->exceptions, meeting->n_exceptions, &set);
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		struct rg_addr address;

		assert_int_equal(rg_addr_parse(addresses[i], &address), 0);
		then_equal_at(&set, meeting->exceptions, meeting->n_exceptions, &address);
	}
	assert_string_equal(set.text, "refuse 0.0.0.0/0, admit 255.255.255.255/32, admit 8000:");
	rg_meeting_free(meeting);
}

static void then_exception_refused(const char *list, const char *pointer, const char *words)
{
	json_t *body = json_pack("{s:o}", "exceptions", json_loads(list, 0, NULL));
	struct rg_meeting_spec *meeting = NULL;
	struct rg_err err = { 0 };

	if (!rg_meeting_parse(body, "m-1", &meeting, &err))
		fail_msg("accepted: %s", list);
	json_decref(body);
	if (strcmp(err.pointer, pointer) || !strstr(err.detail, words))
		fail_msg("%s: '%s' '%s'", list, err.pointer, err.detail);
}

static void a_bad_exception_is_refused_with_its_pointer(void **state)
{
	(void)state;
	then_exception_refused("[{\"network\": \"192.0.2.0/24\", \"action\": \"admit\", \"reason\": \"a\"},"
			       " {\"network\": \"192.0.2.0/24\", \"action\": \"refuse\", \"reason\": \"b\"}]",
			       "/exceptions/1/network", "already");
	then_exception_refused("[{\"network\": \"192.0.2.1/24\", \"action\": \"admit\", \"reason\": \"a\"}]",
			       "/exceptions/0/network", "bits set");
	then_exception_refused("[{\"network\": \"here\", \"action\": \"admit\", \"reason\": \"a\"}]",
			       "/exceptions/0/network", "not a network");
	then_exception_refused("[{\"network\": \"::/0\", \"action\": \"admit\", \"reason\": \"a\"}]",
			       "/exceptions/0/network", "IPv4");
	then_exception_refused("[{\"network\": \"192.0.2.0/24\", \"reason\": \"a\"}]", "/exceptions/0/action", "missing");
	then_exception_refused("[{\"network\": \"192.0.2.0/24\", \"action\": \"admit\"}]", "/exceptions/0/reason", "missing");
	then_exception_refused("[{\"network\": \"192.0.2.0/24\", \"action\": \"admit\", \"reason\": \"a\", \"x\": 1}]",
			       "/exceptions/0/x", "unknown field");
	then_exception_refused("{}", "/exceptions", "not an array");
}

/* --- time, bounds, and the judge --------------------------------------------- */

static struct rg_classes *classes;
static struct rg_reach *reach;
/* An address of a custom region, of which a database says US and the region CN. */
static const struct rg_geo_origin origins[] = {
	{ .region = 3, .country = "CN" },
	{ .region = 4, .country = "CN" }, { .region = 4, .country = "US" },
	{ .region = 5, .country = "" },
	{ .region = 6, .country = "" },
};

static int given_classes(void **state)
{
	static const char *const partners[] = { "partners" }, *const mixed[] = { "mixed" }, *const doc[] = { "doc" };

	(void)state;
	classes = rg_classes_new();
	reach = rg_reach_new();
	assert_int_equal(rg_classes_intern(classes, "CN", "", NULL, 0), 1);
	assert_int_equal(rg_classes_intern(classes, "US", "US-CA", NULL, 0), 2);
	assert_int_equal(rg_classes_intern(classes, "CN", "", partners, 1), 3);
	assert_int_equal(rg_classes_intern(classes, "CN", "", mixed, 1), 4);
	assert_int_equal(rg_classes_intern(classes, "CN", "", doc, 1), 5);
	assert_int_equal(rg_classes_intern(classes, "", "", partners, 1), 6);
	rg_reach_reset(reach, classes, origins, ARRAY_SIZE(origins));
	return 0;
}

static int drop_classes(void **state)
{
	(void)state;
	rg_reach_free(reach);
	rg_classes_free(classes);
	return 0;
}

static unsigned int bits_at(const struct rg_meeting_spec *meeting, int64_t time, unsigned int id)
{
	struct rg_policy *policy = rg_policy_new(meeting, time);
	struct rg_policy_block block;

	rg_policy_compile(policy, reach, &block, 1);
	rg_policy_free(policy);
	return block.words[id / 16] >> (id % 16 * 2) & 3;
}

#define CN_ORDER "\"order\": {\"jurisdiction\": \"CN\", \"authority\": \"a\", \"basis\": \"b\", \"reference\": \"r\"," \
		 " \"received\": \"2020-06-03\""

static void an_order_reaches_no_address_outside_of_its_territory(void **state)
{
	struct rg_meeting_spec *meeting = given_text(
		"{\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\", \"custom:partners\"], " CN_ORDER "}}]}");
	struct rg_policy *policy = rg_policy_new(meeting, 0);

	(void)state;
	assert_string_equal(policy->text, "refuse CN,custom:partners within CN; default admit");
	rg_policy_free(policy);
	assert_int_equal(bits_at(meeting, 0, 0), 0);
	assert_int_equal(bits_at(meeting, 0, 1), RG_POLICY_REFUSE | RG_POLICY_BY_RULE);
	assert_int_equal(bits_at(meeting, 0, 2), 0);
	assert_int_equal(bits_at(meeting, 0, 3), RG_POLICY_REFUSE | RG_POLICY_BY_RULE);
	assert_int_equal(bits_at(meeting, 0, 4), 0); /* a database places some of it in US */
	assert_int_equal(bits_at(meeting, 0, 5), RG_POLICY_REFUSE | RG_POLICY_BY_RULE); /* no database knows: the region says CN */
	assert_int_equal(bits_at(meeting, 0, 6), 0); /* nobody knows where it is */
	rg_meeting_free(meeting);
}

static void an_override_reaches_what_it_names(void **state)
{
	struct rg_meeting_spec *meeting = given_text(
		"{\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\", \"US\"], " CN_ORDER
		", \"override\": {\"reason\": \"x\", \"approved_by\": \"y\"}}}]}");

	(void)state;
	assert_int_equal(bits_at(meeting, 0, 2), RG_POLICY_REFUSE | RG_POLICY_BY_RULE);
	assert_int_equal(bits_at(meeting, 0, 4), RG_POLICY_REFUSE | RG_POLICY_BY_RULE);
	rg_meeting_free(meeting);
}

static void a_timeline_has_the_steps_from_now_on(void **state)
{
	struct rg_meeting_spec *meeting = given_text(
		"{\"not_before\": \"1970-01-01T00:01:00Z\", \"expires\": \"1970-01-01T00:10:00Z\", \"rules\": ["
		" {\"action\": \"refuse\", \"regions\": [\"CN\"], \"not_before\": \"1970-01-01T00:02:00Z\","
		"  \"expires\": \"1970-01-01T00:03:00Z\"},"
		" {\"action\": \"refuse\", \"regions\": [\"US\"], \"not_before\": \"1970-01-01T00:00:10Z\","
		"  \"expires\": \"1970-01-01T00:20:00Z\"}]}");
	static const int64_t untils[] = { 60, 120, 180, 600, RG_TIME_MAX };
	struct rg_timeline line;

	(void)state;
	assert_int_equal(rg_timeline_count(meeting), ARRAY_SIZE(untils));
	rg_timeline_of(meeting, 0, &line);
	assert_int_equal(line.n, ARRAY_SIZE(untils));
	for (size_t i = 0; i < line.n; i++) {
		assert_int_equal(line.steps[i].until, untils[i]);
		assert_int_equal(line.steps[i].expired, i == 0 || i == 4);
	}
	rg_timeline_of(meeting, 120, &line); /* a step ends before its last second */
	assert_int_equal(line.n, 3);
	assert_int_equal(line.steps[0].from, 120);
	assert_int_equal(line.steps[0].until, 180);
	rg_timeline_of(meeting, 600, &line);
	assert_int_equal(line.n, 1);
	assert_true(line.steps[0].expired);
	rg_meeting_free(meeting);
}

static void put_random_times(json_t *object, unsigned int *seed)
{
	char text[RG_TIME_TEXT_MAX];
	int from = rand_r(seed) % 20, until = from + 1 + rand_r(seed) % 10;

	if (rand_r(seed) & 1)
		json_object_set_new(object, "not_before", json_string(rg_time_format(from, text)));
	if (rand_r(seed) & 1)
		json_object_set_new(object, "expires", json_string(rg_time_format(until, text)));
}

static struct rg_meeting_spec *random_meeting(unsigned int *seed)
{
	static const char *const names[] = { "CN", "US", "US-CA", "custom:partners", "custom:doc", "unknown", "continent:AS" };
	json_t *body = json_object(), *rules = json_array();

	for (int n = rand_r(seed) % 5; n > 0; n--) {
		json_t *rule = json_pack("{s:s, s:[s,s]}", "action", rand_r(seed) & 1 ? "refuse" : "admit", "regions",
					 names[(size_t)rand_r(seed) % ARRAY_SIZE(names)],
					 names[(size_t)rand_r(seed) % ARRAY_SIZE(names)]);

		put_random_times(rule, seed);
		if (rand_r(seed) & 1)
			json_object_set_new(rule, "order", json_pack("{s:s, s:s, s:s, s:s, s:s}", "jurisdiction",
								     rand_r(seed) & 1 ? "CN" : "US", "authority", "a",
								     "basis", "b", "reference", "r",
								     "received", "1970-01-01"));
		json_array_append_new(rules, rule);
	}
	put_random_times(body, seed);
	json_object_set_new(body, "rules", rules);
	json_object_set_new(body, "default", json_string(rand_r(seed) & 1 ? "refuse" : "admit"));
	return given(body);
}

/* What the packet path makes of steps and bits. */
static enum rg_reason as_compiled(const struct rg_meeting_spec *meeting, int64_t time, unsigned int id)
{
	struct rg_timeline line;
	unsigned int bits;
	size_t i = 0;

	rg_timeline_of(meeting, RG_TIME_MIN, &line);
	while (line.steps[i].until <= time)
		i++;
	if (line.steps[i].expired)
		return RG_REASON_REFUSE_EXPIRED;
	bits = bits_at(meeting, line.steps[i].from, id);
	if (bits & RG_POLICY_BY_RULE)
		return bits & RG_POLICY_REFUSE ? RG_REASON_REFUSE_REGION : RG_REASON_ADMIT_RULE;
	return bits & RG_POLICY_REFUSE ? RG_REASON_REFUSE_DEFAULT : RG_REASON_ADMIT_DEFAULT;
}

static void the_judge_says_what_steps_and_bits_say(void **state)
{
	const struct rg_addr address = { 0 };
	unsigned int seed = 11;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct rg_meeting_spec *meeting = random_meeting(&seed);

		for (int64_t time = 0; time < 32; time++)
			for (unsigned int id = 0; id < rg_classes_count(classes); id++) {
				struct rg_judge judge = { .meeting = meeting, .reach = reach, .time = time };
				struct rg_judgment judgment;

				rg_judge(&judge, &address, id, &judgment);
				assert_int_equal(judgment.reason, as_compiled(meeting, time, id));
			}
		rg_meeting_free(meeting);
	}
}

static void site_then_expiry_then_exception_then_rules(void **state)
{
	struct rg_meeting_spec *meeting = given_text(
		"{\"expires\": \"1970-01-01T00:01:00Z\", \"default\": \"refuse\", \"exceptions\":"
		" [{\"network\": \"192.0.2.0/24\", \"action\": \"admit\", \"reason\": \"host\"}]}");
	struct rg_judge judge = { .meeting = meeting, .reach = reach, .time = 0, .site_refused = true };
	struct rg_judgment judgment;
	struct rg_addr host;

	(void)state;
	rg_addr_from_v4(0xc0000207, &host);
	rg_judge(&judge, &host, 0, &judgment);
	assert_int_equal(judgment.reason, RG_REASON_REFUSE_SITE);
	judge.site_refused = false;
	rg_judge(&judge, &host, 0, &judgment);
	assert_int_equal(judgment.reason, RG_REASON_ADMIT_EXCEPTION);
	assert_string_equal(judgment.exception->reason, "host");
	judge.time = 60;
	rg_judge(&judge, &host, 0, &judgment);
	assert_int_equal(judgment.reason, RG_REASON_REFUSE_EXPIRED);
	judge.observe = true;
	rg_judge(&judge, &host, 0, &judgment);
	assert_int_equal(judgment.reason, RG_REASON_OBSERVE_REFUSED);
	assert_int_equal(judgment.cause, RG_REASON_REFUSE_EXPIRED);
	rg_meeting_free(meeting);
}

#define WITH_CLASSES(test) cmocka_unit_test_setup_teardown(test, given_classes, drop_classes)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compiled_exceptions_agree_with_the_list_at_every_edge),
		cmocka_unit_test(no_exceptions_are_one_range),
		cmocka_unit_test(the_whole_of_a_family_and_the_last_address_are_networks),
		cmocka_unit_test(a_bad_exception_is_refused_with_its_pointer),
		cmocka_unit_test(a_timeline_has_the_steps_from_now_on),
		WITH_CLASSES(an_order_reaches_no_address_outside_of_its_territory),
		WITH_CLASSES(an_override_reaches_what_it_names),
		WITH_CLASSES(the_judge_says_what_steps_and_bits_say),
		WITH_CLASSES(site_then_expiry_then_exception_then_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
