/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets changed at random, with a fixed seed: bpf/parse.h against the oracle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "harness/packet_recipe.h"
#include "harness/parse_compare.h"

#define ROUNDS 2000000
#define CHANGES_MAX 4
#define SEED_MAX 400

static const char *const recipes[] = {
	"ip4 udp data:30", "ip4 tcp data:30", "ip4 options:5 udp data:9", "ip4 frag:0,1 udp data:32",
	"ip4 frag:64,1 proto:17 data:32", "ip4 ah:4 udp data:9", "ip4 icmp data:9",
	"vlan:0x88a8 vlan:0x8100 ip4 tcp", "vlan:0x8100 ip6 udp data:20",
	"ip6 udp data:30", "ip6 tcp data:30", "ip6 ext:0,1 ext:43,3 ext:60,2 udp data:30",
	"ip6 frag:0,1 udp data:32", "ip6 ext:60,1 frag:64,0 proto:17 data:32",
	"ip6 ah:4 ext:60,1 tcp data:9", "ip6 jumbo udp data:90", "ip6 icmp data:9",
	"ip4 route:131,4 udp data:9", "ip4 route:137,8 tcp", "ip6 segment:1 udp data:9",
	"ip6 frag:0,1 ext:60,1 segment:1 segment:0 udp data:16",
	"ip6 ext:0,1 ext:60,1 ext:60,1 ext:60,1 ext:60,1 ext:60,1 ext:60,1 ext:60,1 udp data:9",
	"vlan:0x8100 vlan:0x8100 vlan:0x8100 vlan:0x8100 vlan:0x8100 vlan:0x8100 vlan:0x8100 "
	"vlan:0x8100 ip4 udp data:9",
};
#define N_RECIPES (sizeof(recipes) / sizeof(*recipes))

/* Values that mean something in some field of some header. */
static const uint8_t telling[] = { 0,    1,    2,    4,    5,    6,    7,    8,    9,    17,
				   41,   43,   44,   50,   51,   58,   59,   60,   0x40, 0x45,
				   0x46, 0x4f, 0x60, 0x81, 0x86, 0x88, 0x91, 0xa8, 0xdd, 0xff };

struct seed {
	size_t length;
	uint8_t data[SEED_MAX];
};

static uint64_t random_state = 0x9e3779b97f4a7c15ull;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 32) % n);
}

static void change_once(struct seed *s)
{
	/* the headers, mostly */
	size_t at = random_below((uint32_t)(random_below(8) && s->length > 80 ? 80 : s->length));

	switch (random_below(6)) {
	case 0:
		s->data[at] = (uint8_t)random_below(256);
		break;
	case 1:
		s->data[at] ^= (uint8_t)(1u << random_below(8));
		break;
	case 2: /* a length that is a little wrong */
		s->data[at] = (uint8_t)(s->data[at] + random_below(9) - 4);
		break;
	case 3: /* bytes lost, or said twice */
		if (at + 8 < s->length && s->length + 4 <= SEED_MAX) {
			size_t to = at + random_below(8);

			memmove(s->data + to, s->data + at + 4, s->length - (at + 8));
		}
		break;
	default:
		s->data[at] = telling[random_below(sizeof(telling))];
	}
}

static void make_seeds(struct seed *seeds)
{
	static struct pkt packet;

	for (size_t i = 0; i < N_RECIPES; i++) {
		pkt_recipe(&packet, recipes[i]);
		assert_in_range(packet.length, 14, SEED_MAX);
		seeds[i].length = packet.length;
		memcpy(seeds[i].data, packet.data, packet.length);
	}
}

static void changed_packets_are_judged_as_the_oracle_does(void **state)
{
	static struct seed seeds[N_RECIPES];
	unsigned int seen[ORACLE_UNSUPPORTED + 1] = { 0 };

	(void)state;
	make_seeds(seeds);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct seed s = seeds[random_below(N_RECIPES)];
		size_t length = s.length, linear;
		struct oracle_packet oracle;
		const char *difference;

		for (uint32_t n = 1 + random_below(CHANGES_MAX); n; n--)
			change_once(&s);
		if (!random_below(4)) /* cut */
			length = random_below((uint32_t)length + 1);
		linear = random_below(4) ? length : random_below((uint32_t)length + 1);
		difference = parse_compare(s.data, linear, length, &oracle);
		if (difference)
			fail_msg("round %u: oracle %s, parser differs: %s", round,
				 oracle_result_text(oracle.result), difference);
		seen[oracle.result]++;
	}
	/* the changes reach every result often enough to mean something */
	for (int result = 0; result <= ORACLE_UNSUPPORTED; result++)
		if (seen[result] < ROUNDS / 200)
			fail_msg("%s only %u times", oracle_result_text(result), seen[result]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changed_packets_are_judged_as_the_oracle_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
