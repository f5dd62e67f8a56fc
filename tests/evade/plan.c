/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "evade/plan.h"

#include <string.h>
#include <netinet/in.h>
#include "evade/random.h"
#include "evade/request.h"


static void draw_tags(struct rnd *r, struct plan *plan)
{
	static const uint16_t types[] = { 0x8100, 0x8100, 0x8100, 0x88a8, 0x88a8, 0x9100 };
	static const uint16_t vids[] = { 0, 0, 0, 0, 5, 5, 6, 1, 4095 };

	plan->n_tags = (uint8_t)(1 + (rnd_one_in(r, 3) ? rnd_below(r, PLAN_TAGS) : rnd_below(r, 2)));
	for (unsigned int i = 0; i < plan->n_tags; i++) {
		plan->tags[i].type = types[rnd_below(r, 6)];
		plan->tags[i].tci = (uint16_t)(vids[rnd_below(r, 9)] | rnd_below(r, 8) << 13);
	}
	if (rnd_one_in(r, 3)) { /* as the VLAN devices of the test want them */
		plan->n_tags = (uint8_t)(1 + rnd_below(r, 2));
		plan->tags[0] = (struct plan_tag){ 0x8100, 5 };
		plan->tags[1] = (struct plan_tag){ 0x8100, 6 };
	}
}

static void draw_headers(struct rnd *r, struct plan *plan)
{
	static const uint8_t types[] = { EXT_HOP, EXT_OPTIONS, EXT_OPTIONS, EXT_OPTIONS, EXT_ROUTING,
					 EXT_ROUTING, EXT_ATOMIC, EXT_AH, EXT_SEGMENT, EXT_JUMBO };

	if (!plan->v6) {
		plan->options = (uint8_t)rnd_below(r, 11);
		if (rnd_one_in(r, 3)) {
			plan->options = 0;
			plan->route = rnd_one_in(r, 2) ? 131 : 137;
			plan->pointer = rnd_one_in(r, 2) ? 4 : 8;
		}
		return;
	}
	plan->n_exts = (uint8_t)(1 + rnd_below(r, rnd_one_in(r, 4) ? PLAN_EXTS : 3));
	for (unsigned int i = 0; i < plan->n_exts; i++) {
		plan->exts[i].type = types[rnd_below(r, sizeof(types))];
		plan->exts[i].units = (uint8_t)(1 + rnd_below(r, rnd_one_in(r, 8) ? 250 : 3));
		if (plan->exts[i].type == EXT_HOP && i) /* elsewhere no host takes it */
			plan->exts[i].type = rnd_one_in(r, 8) ? EXT_HOP : EXT_OPTIONS;
	}
}

static void shuffle(struct rnd *r, struct plan *plan)
{
	for (unsigned int i = plan->n_pieces; i > 1; i--) {
		unsigned int j = rnd_below(r, i);
		struct plan_piece other = plan->pieces[j];

		plan->pieces[j] = plan->pieces[i - 1];
		plan->pieces[i - 1] = other;
	}
}

static void distort_piece(struct rnd *r, struct plan *plan)
{
	struct plan_piece *piece = &plan->pieces[rnd_below(r, plan->n_pieces)];

	switch (rnd_below(r, 8)) {
	case 0: /* overlap the next */
		piece->length = (uint16_t)(piece->length + 8 * (1 + rnd_below(r, 3)));
		break;
	case 1: /* overlap the one before */
		if (piece->from >= 8) {
			piece->from = (uint16_t)(piece->from - 8);
			piece->length = (uint16_t)(piece->length + 8);
		}
		break;
	case 2: /* twice */
		if (plan->n_pieces < PLAN_PIECES) {
			plan->pieces[plan->n_pieces] = *piece;
			plan->n_pieces++;
		}
		break;
	case 3: /* missing */
		*piece = plan->pieces[--plan->n_pieces];
		break;
	case 4:
		piece->more = !piece->more;
		break;
	case 5: { /* says that it is of another protocol: hosts look at the first one's only (IPv6) */
		static const uint8_t others[] = { 1, 58, 59, 50, 60, 6, 17, 136, 132 };

		piece->next = others[rnd_below(r, 9)];
		break;
	}
	case 6: /* two that begin the datagram, to different ports */
		if (plan->n_pieces < PLAN_PIECES) {
			struct plan_piece again = plan->pieces[0];
			unsigned int at = rnd_below(r, plan->n_pieces + 1u);

			memmove(&plan->pieces[at + 1], &plan->pieces[at], (plan->n_pieces - at) * sizeof(again));
			again.port = rnd_one_in(r, 2) ? PORT_OPEN : PORT_OTHER;
			plan->pieces[at] = again;
			plan->n_pieces++;
			plan->sum = rnd_one_in(r, 2) ? SUM_NONE : SUM_GOOD;
		}
		break;
	default: /* a length that is no multiple of 8 */
		piece->length = (uint16_t)(piece->length + rnd_below(r, 8));
	}
}

/* The whole in 2 to 8 pieces, in any order, perhaps distorted. What is before the transport in
 * the fragmentable part is not known here: some 8s of bytes more at the end do not matter. */
static void draw_pieces(struct rnd *r, struct plan *plan)
{
	size_t total = plan_transport_length(plan), at = 0;
	unsigned int n = 2 + rnd_below(r, 7);

	plan->fragment_at = (uint8_t)rnd_below(r, plan->n_exts + 1u);
	for (unsigned int i = plan->fragment_at; i < plan->n_exts; i++)
		total += plan->exts[i].units * 8u;
	if (total < 16)
		return;
	while (at < total && plan->n_pieces < n) {
		size_t left = total - at, size = 8 + 8 * rnd_below(r, (uint32_t)(left / 8 + 1));

		if (size >= left || plan->n_pieces == n - 1)
			size = left;
		plan->pieces[plan->n_pieces++] = (struct plan_piece){ (uint16_t)at, (uint16_t)size,
								      0, size < left, 0 };
		at += size;
	}
	if (rnd_one_in(r, 2))
		shuffle(r, plan);
	for (unsigned int i = rnd_one_in(r, 2) ? rnd_below(r, 3) : 0; i && plan->n_pieces > 1; i--)
		distort_piece(r, plan);
}

static void draw_pokes(struct rnd *r, struct plan *plan)
{
	static const uint8_t telling[] = { 0, 1, 2, 4, 5, 6, 8, 17, 41, 43, 44, 50, 51, 58, 59, 60, 0x40,
					   0x45, 0x46, 0x4f, 0x60, 0x81, 0x86, 0x88, 0xa8, 0xdd, 136, 0xff };

	plan->n_pokes = (uint8_t)(1 + rnd_below(r, PLAN_POKES));
	for (unsigned int i = 0; i < plan->n_pokes; i++) {
		plan->pokes[i].frame = (uint8_t)rnd_below(r, plan->n_pieces ? plan->n_pieces : 1);
		plan->pokes[i].at = (uint16_t)(12 + rnd_below(r, 100));
		plan->pokes[i].value = rnd_one_in(r, 3) ? (uint8_t)rnd_next(r) :
							  telling[rnd_below(r, sizeof(telling))];
	}
}

static void draw_payload(struct rnd *r, struct plan *plan)
{
	uint32_t dice = rnd_below(r, 64);

	plan->payload = (uint16_t)(dice < 40 ? rnd_below(r, 80) : dice < 60 ? rnd_below(r, 1500) :
				   dice < 63 ? rnd_below(r, 9000) :
				   rnd_one_in(r, 8) ? rnd_below(r, PLAN_BIG) : rnd_below(r, 16));
}

static void draw_lies(struct rnd *r, struct plan *plan)
{
	if (rnd_one_in(r, 2))
		plan->sum = (uint8_t)rnd_below(r, SUM_MAX);
	else
		plan->udp_lie = (int8_t)((int)rnd_below(r, 25) - 12);
	if (plan->protocol == IPPROTO_UDPLITE && rnd_one_in(r, 2)) /* it is the checksum's coverage: little */
		plan->udp_lie = (int8_t)-(int)rnd_below(r, 80);
}

/* To a shared endpoint: requests, and what is sent in a flow that one has bound, or has not. */
static void draw_requests(struct rnd *r, struct plan *plan)
{
	plan->target = (uint8_t)(TO_SHARED_ONE + rnd_below(r, 3));
	plan->protocol = rnd_one_in(r, 3) ? IPPROTO_TCP : rnd_one_in(r, 8) ? IPPROTO_UDPLITE : IPPROTO_UDP;
	plan->before = (uint8_t)rnd_below(r, NAME_MAX);
	if (rnd_one_in(r, 3))
		return;
	plan->name = (uint8_t)(1 + rnd_below(r, NAME_MAX - 1));
	plan->odd = (uint8_t)(rnd_one_in(r, 2) ? 0 : rnd_below(r, ODD_MAX));
	plan->payload = 0;
}

static uint8_t draw_protocol(struct rnd *r)
{
	static const uint8_t others[] = { 1, 58, 47, 50, 132, 33, 4, 41, 108, 135, 253 };
	uint32_t dice = rnd_below(r, 32);

	return dice < 17 ? IPPROTO_UDP : dice < 26 ? IPPROTO_TCP : dice < 30 ? IPPROTO_UDPLITE :
	       others[rnd_below(r, sizeof(others))];
}

void plan_draw(uint64_t seed, uint32_t number, struct plan *ret)
{
	struct rnd r = rnd_of(seed, number);

	memset(ret, 0, sizeof(*ret));
	ret->seed = seed;
	ret->number = number;
	ret->v6 = rnd_one_in(&r, 2);
	ret->source = (uint8_t)(rnd_one_in(&r, 3) ? rnd_below(&r, ret->v6 ? FROM_MAX : FROM_6TO4_DE) :
						    rnd_below(&r, 2));
	ret->target = (uint8_t)(rnd_one_in(&r, 2) ? rnd_below(&r, TO_MAX) : TO_GUARDED);
	ret->protocol = draw_protocol(&r);
	ret->tcp_flags = (uint8_t)(rnd_one_in(&r, 2) ? 0x18 : rnd_next(&r));
	draw_payload(&r, ret);
	if (rnd_one_in(&r, 4))
		draw_requests(&r, ret);
	if (rnd_one_in(&r, 3))
		draw_tags(&r, ret);
	if (rnd_one_in(&r, 3))
		draw_headers(&r, ret);
	if (ret->n_exts && ret->payload > 9000) /* all of it fits a frame */
		ret->payload %= 1500;
	if (rnd_one_in(&r, 4))
		draw_pieces(&r, ret);
	if (rnd_one_in(&r, ret->protocol == IPPROTO_UDPLITE ? 2 : 8))
		draw_lies(&r, ret);
	if (rnd_one_in(&r, 12))
		ret->cut = (uint8_t)(1 + rnd_below(&r, 60));
	if (rnd_one_in(&r, 8))
		ret->pad = (uint8_t)(1 + rnd_below(&r, 40));
	if (rnd_one_in(&r, 6))
		draw_pokes(&r, ret);
}

size_t plan_transport_length(const struct plan *plan)
{
	size_t request = plan->name ? build_request(plan, plan->name, plan->odd, 0, NULL) : 0;

	return (plan->protocol == IPPROTO_TCP ? 20u : 8u) + (request > plan->payload ? request : plan->payload);
}
