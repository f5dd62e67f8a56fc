/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Plans for people: one line of text, and step by step back to something plain. */
#include "evade/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>
#include "evade/text.h"

static const char *const source_texts[FROM_MAX] = {
	[FROM_DE] = "DE", [FROM_CN] = "CN", [FROM_NOWHERE] = "nowhere",
	[FROM_6TO4_DE] = "6to4-DE", [FROM_6TO4_CN] = "6to4-CN", [FROM_NAT64_DE] = "nat64-DE",
	[FROM_NAT64_CN] = "nat64-CN", [FROM_TEREDO_DE] = "teredo-DE", [FROM_TEREDO_CN] = "teredo-CN",
	[FROM_MAPPED_DE] = "mapped-DE", [FROM_MAPPED_CN] = "mapped-CN",
};
static const char *const target_texts[TO_MAX] = {
	[TO_GUARDED] = "guarded:10001", [TO_GUARDED_OPEN] = "guarded:10002",
	[TO_GUARDED_OTHER] = "guarded:10003", [TO_OPEN] = "open:10001", [TO_PLAIN] = "plain:10001",
	[TO_ANY_GUARDED] = "guarded:10005", [TO_ANY_PLAIN] = "plain:10005",
	[TO_SHARED_ONE] = "shared:10006", [TO_SHARED_TWO] = "shared:10007", [TO_SHARED_LAX] = "shared:10008",
};

static const char *const name_texts[NAME_MAX] = {
	[NAME_NONE] = "none", [NAME_GUARDED] = UFRAG_GUARDED, [NAME_OPEN] = UFRAG_OPEN, [NAME_UNKNOWN] = "unknown",
};
static const char *const odd_texts[ODD_MAX] = {
	[ODD_NOTHING] = "plain", [ODD_NAME_LAST] = "name-last", [ODD_NAME_TWICE] = "name-twice",
	[ODD_NO_PADDING] = "no-padding", [ODD_SHORT_LENGTH] = "short-length", [ODD_LONG_LENGTH] = "long-length",
	[ODD_TRAILING] = "trailing", [ODD_INDICATION] = "indication", [ODD_MANY] = "many-attributes",
	[ODD_NO_COLON] = "no-colon",
};

const char *plan_source_text(unsigned int source)
{
	return source_texts[source];
}

const char *plan_target_text(unsigned int target)
{
	return target_texts[target];
}

const char *plan_name_text(unsigned int name)
{
	return name_texts[name];
}

const char *plan_odd_text(unsigned int odd)
{
	return odd_texts[odd];
}

void text_say(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->at, t->left, format, args);
	va_end(args);
	n = n < 0 ? 0 : (size_t)n >= t->left ? (int)t->left - 1 : n;
	t->at += n;
	t->left -= (size_t)n;
}

const char *plan_text(const struct plan *plan, char *buf, size_t size)
{
	struct text t = { buf, size };

	text_say(&t, "seed %llu number %u:", (unsigned long long)plan->seed, plan->number);
	for (unsigned int i = 0; i < plan->n_tags; i++)
		text_say(&t, " tag:%#x,%u", plan->tags[i].type, plan->tags[i].tci & 0xfffu);
	text_say(&t, " %s from:%s to:%s", plan->v6 ? "ip6" : "ip4", source_texts[plan->source],
	    target_texts[plan->target]);
	if (plan->options)
		text_say(&t, " options:%u", plan->options);
	if (plan->route)
		text_say(&t, " route:%u,%u", plan->route, plan->pointer);
	for (unsigned int i = 0; i < plan->n_exts; i++)
		text_say(&t, " ext:%u,%u", plan->exts[i].type, plan->exts[i].units);
	text_say(&t, " protocol:%u payload:%u", plan->protocol, plan->payload);
	if (plan->protocol == IPPROTO_TCP)
		text_say(&t, " flags:%#x", plan->tcp_flags);
	if (plan->before)
		text_say(&t, " bound-by:%s", name_texts[plan->before]);
	if (plan->name)
		text_say(&t, " request:%s,%s", name_texts[plan->name], odd_texts[plan->odd]);
	if (plan->n_pieces)
		text_say(&t, " fragment-header-after:%u", plan->fragment_at);
	for (unsigned int i = 0; i < plan->n_pieces; i++) {
		const struct plan_piece *piece = &plan->pieces[i];

		text_say(&t, " piece:%u+%u%s", piece->from, piece->length, piece->more ? ",more" : "");
		if (piece->port)
			text_say(&t, ",port=%u", piece->port);
		if (piece->next)
			text_say(&t, ",next=%u", piece->next);
	}
	if (plan->sum)
		text_say(&t, " sum:%s", plan->sum == SUM_BAD ? "bad" : "none");
	if (plan->udp_lie)
		text_say(&t, " udp-length:%+d", plan->udp_lie);
	if (plan->cut)
		text_say(&t, " cut:%u", plan->cut);
	if (plan->pad)
		text_say(&t, " pad:%u", plan->pad);
	for (unsigned int i = 0; i < plan->n_pokes; i++)
		text_say(&t, " poke:%u@%u=%#x", plan->pokes[i].frame, plan->pokes[i].at, plan->pokes[i].value);
	return buf;
}

#define REMOVE(array, n, i) \
	(memmove(&(array)[i], &(array)[(i) + 1], sizeof(*(array)) * ((n) - (i) - 1u)), (n)--)

/* Fields as a whole. */
static bool simplify_field(struct plan *plan, unsigned int step)
{
	switch (step) {
	case 0: plan->n_tags = 0; return true;
	case 1: plan->n_exts = plan->fragment_at = 0; return true;
	case 2: plan->n_pieces = 0; return true;
	case 3: plan->n_pokes = 0; return true;
	case 4: plan->options = 0; return true;
	case 5: plan->route = plan->pointer = 0; return true;
	case 6: plan->cut = 0; return true;
	case 7: plan->pad = 0; return true;
	case 8: plan->sum = SUM_GOOD; return true;
	case 9: plan->udp_lie = 0; return true;
	case 10: plan->payload = plan->payload > 32 ? 32 : plan->payload; return true;
	case 11: plan->payload = plan->payload > 1 ? plan->payload / 2 : plan->payload; return true;
	case 12: plan->protocol = IPPROTO_UDP; return true;
	case 13: plan->target = TO_GUARDED; return true;
	case 14: plan->source = plan->source > FROM_NOWHERE ? FROM_CN : plan->source; return true;
	case 15: plan->v6 = plan->v6 && (plan->n_exts || plan->source > FROM_NOWHERE); return true;
	case 16: plan->before = NAME_NONE; return true;
	case 17: plan->name = NAME_NONE; return true;
	case 18: plan->odd = ODD_NOTHING; return true;
	default: return false;
	}
}
#define FIELD_STEPS 19

bool plan_simplify(struct plan *plan, unsigned int step)
{
	if (step < FIELD_STEPS)
		return simplify_field(plan, step);
	step -= FIELD_STEPS;
	if (step < PLAN_TAGS + PLAN_EXTS + PLAN_PIECES + PLAN_POKES) {
		if (step < plan->n_tags)
			REMOVE(plan->tags, plan->n_tags, step);
		else if (step >= PLAN_TAGS && step - PLAN_TAGS < plan->n_exts)
			REMOVE(plan->exts, plan->n_exts, step - PLAN_TAGS);
		else if (step >= PLAN_TAGS + PLAN_EXTS && step - PLAN_TAGS - PLAN_EXTS < plan->n_pieces)
			REMOVE(plan->pieces, plan->n_pieces, step - PLAN_TAGS - PLAN_EXTS);
		else if (step >= PLAN_TAGS + PLAN_EXTS + PLAN_PIECES &&
			 step - PLAN_TAGS - PLAN_EXTS - PLAN_PIECES < plan->n_pokes)
			REMOVE(plan->pokes, plan->n_pokes, step - PLAN_TAGS - PLAN_EXTS - PLAN_PIECES);
		if (plan->fragment_at > plan->n_exts)
			plan->fragment_at = plan->n_exts;
		return true;
	}
	step -= PLAN_TAGS + PLAN_EXTS + PLAN_PIECES + PLAN_POKES;
	if (step < PLAN_EXTS) {
		if (step < plan->n_exts)
			plan->exts[step].units = 1;
		return true;
	}
	return false;
}
