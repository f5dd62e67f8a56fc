/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Flows of shared endpoints over UDP, which remember a meeting as long as it holds the ufrag that made them.
 * Included by test_engine_random.c behind its state and then_packet_is(). */
#ifndef RG_TEST_SHADOW_FLOWS_H
#define RG_TEST_SHADOW_FLOWS_H

#define FLOWS 8

static struct sh_flow {
	bool known; /* what it remembers */
	struct aim aim;
	unsigned int bit;
	int meeting; /* -1: none any more */
} flows[FLOWS];
static uint32_t given_up;      /* ufrags that somebody lost, or got, in this turn */
static unsigned long bound; /* flows that were made */

static void note_given_up(const struct shadow *before)
{
	for (unsigned int bit = 0; bit < SH_SHARED * SH_UFRAGS; bit++)
		if (sh_holder(before, bit) != sh_holder(&shadow, bit))
			given_up |= 1u << bit;
}

/* The turn is over. A ufrag that was given up and came back may have been away in the kernel, or not. */
static void flows_follow(bool restarted)
{
	for (unsigned int i = 0; i < FLOWS; i++) {
		struct sh_flow *flow = &flows[i];
		bool lost = sh_holder(&shadow, flow->bit) != flow->meeting;

		if (given_up >> flow->bit & 1 && !lost)
			flow->known = false;
		if (restarted || lost) /* without pins nothing is carried over */
			flow->meeting = -1;
	}
	given_up = 0;
}

static void then_flow(const struct sh_flow *flow)
{
	struct aim aim = flow->aim;
	int shared = sh_shared_at(&shadow, aim.address, aim.port, false);

	aim.ufrag = NULL;
	if (flow->meeting >= 0 && shared == (int)(flow->bit / SH_UFRAGS))
		then_packet_is(&aim, RG_TRACE_DRY, sh_reason(&shadow, &shadow.meetings[flow->meeting], aim.source), flow->meeting);
	else
		then_judged(&aim);
}

static bool is_bound(struct aim aim)
{
	json_t *body = json_pack("{s:s, s:i, s:s, s:i}", "source", aim.source, "source_port", (int)aim.from,
				 "destination", sh_addresses[aim.address], "destination_port", (int)aim.port), *answer = NULL;
	bool is;

	assert_int_equal(rg_engine_explain(engine, body, &answer, &err), 0);
	is = !strcmp(field(answer, "tie"), "flow");
	json_decref(body);
	json_decref(answer);
	return is;
}

/* Somebody else sends a request. It makes a flow if it is admitted, or whoever is unbound is; but a source makes only
 * so many in a second. */
static void new_flow(struct sh_flow *flow)
{
	static uint16_t from = 41000;
	unsigned int bit = rnd_below(&rnd, SH_SHARED * SH_UFRAGS);
	const struct sh_shared *s;
	struct aim aim = draw_aim();
	const char *reason;
	int holder;
	bool is;

	for (unsigned int i = 0; sh_holder(&shadow, bit) < 0 && i < SH_SHARED * SH_UFRAGS; i++)
		bit = (bit + 1) % (SH_SHARED * SH_UFRAGS);
	holder = sh_holder(&shadow, bit);
	s = &shadow.shared[bit / SH_UFRAGS];
	if (holder < 0 || s->tcp)
		return;
	if (s->address && !strchr(sh_addresses[s->address], ':') == !strchr(aim.source, ':'))
		aim.address = s->address;
	aim.port = s->last;
	aim.tcp = false;
	aim.ufrag = sh_ufrags[bit % SH_UFRAGS];
	aim.from = ++from;
	if (sh_shared_at(&shadow, aim.address, aim.port, false) != (int)(bit / SH_UFRAGS))
		return; /* of the other family */
	reason = sh_reason(&shadow, &shadow.meetings[holder], aim.source);
	then_packet_is(&aim, 0, reason, holder);
	is = is_bound(aim);
	if (is && !s->admit && !strncmp(reason, "refuse", 6))
		wrong("a request that is refused, %s, makes a flow", reason);
	*flow = (struct sh_flow){ true, aim, bit, is ? holder : -1 };
	bound += is;
}

static void then_flows(void)
{
	for (unsigned int i = 0; i < FLOWS; i++)
		if (flows[i].known)
			then_flow(&flows[i]);
	new_flow(&flows[rnd_below(&rnd, FLOWS)]);
}

#endif
