/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "evade/batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "evade/judge.h"

#define CASES_MAX 160
#define FRAMES_AT_ONCE 200 /* less than what a veth's ring and a CPU's backlog hold */
#define ARENA (2u << 20)
#define SPORT_FIRST 20000
#define TEXT_MAX 4096

enum finding { NOTHING, HOLE, LOSS };

struct one { struct plan plan; uint32_t id; unsigned int first, n; };

static struct {
	struct one cases[CASES_MAX];
	unsigned int n_cases;
	struct frame frames[FRAMES_AT_ONCE + FRAMES_MAX];
	unsigned int n_frames;
	size_t used;
	uint8_t arena[ARENA];
} batch;

struct batch_sums batch_sums;
static uint32_t next_id = 1;
static struct gots gots[PATH_MAX], single[PATH_MAX];
static unsigned int n_holes, n_losses;
static struct { const char *why; uint64_t n; } documented[8];

bool batch_add(const struct plan *plan)
{
	struct identity identity = { next_id, (uint16_t)(SPORT_FIRST + batch.n_cases) };
	struct one *one = &batch.cases[batch.n_cases];
	unsigned int n;

	if (batch.n_cases == CASES_MAX || batch.n_frames + FRAMES_MAX > FRAMES_AT_ONCE)
		return false;
	n = build_frames(plan, &identity, batch.arena + batch.used, ARENA - batch.used,
			 &batch.frames[batch.n_frames]);
	if (!n)
		return false;
	*one = (struct one){ *plan, identity.id, batch.n_frames, n };
	for (unsigned int i = 0; i < n; i++)
		batch.used += batch.frames[batch.n_frames + i].length + 2u * plan->pad + plan->cut;
	batch.n_frames += n;
	batch.n_cases++;
	next_id++;
	batch_sums.frames += n;
	batch_sums.plans++;
	return true;
}

/* The plan that a received message comes from: by its source port, and the number in its payload
 * unless that is too short for one. NULL if they were changed on the way. */
static const struct one *case_of(const struct got *got)
{
	unsigned int i = (unsigned int)got->sport - SPORT_FIRST;

	if (i >= batch.n_cases || (got->id && got->id != batch.cases[i].id))
		return NULL;
	return &batch.cases[i];
}

/* The first in @all, from @from on, that the filter of @path must not have let through. */
static const struct got *find_hole(const struct gots *all, size_t *from)
{
	while (*from < all->n)
		if (judge_refuses(&all->all[(*from)++]))
			return &all->all[*from - 1];
	return NULL;
}

/* The next message of the bare path that the other has not, though nothing speaks against it.
 * Both are in order of key. */
static const struct got *find_loss(const struct gots *bare, const struct gots *other, size_t *from, size_t *at)
{
	while (*from < bare->n) {
		const struct got *got = &bare->all[(*from)++];

		while (*at < other->n && other->all[*at].key < got->key)
			(*at)++;
		if (*at < other->n && other->all[*at].key == got->key)
			(*at)++;
		else if (!judge_may_refuse(got))
			return got;
	}
	return NULL;
}

/* Send a plan alone. @ret: its frames, valid until the next call. */
static enum finding try_alone(const struct plan *plan, unsigned int path, struct frame *ret, unsigned int *ret_n)
{
	static uint8_t arena[ARENA];
	struct identity identity = { next_id++, SPORT_FIRST };
	const struct got *loss;
	size_t from = 0, at = 0;

	*ret_n = build_frames(plan, &identity, arena, sizeof(arena), ret);
	if (!*ret_n)
		return NOTHING;
	wire_exchange(path, false, ret, *ret_n, &single[path]);
	if (find_hole(&single[path], &from))
		return HOLE;
	wire_exchange(PATH_BARE, false, ret, *ret_n, &single[PATH_BARE]);
	from = 0;
	while ((loss = find_loss(&single[PATH_BARE], &single[path], &from, &at)))
		if (!judge_documented(plan, ret, *ret_n, loss->raw))
			return LOSS;
	return NOTHING;
}

/* Take back whatever the finding does not need. */
static void minimise(struct plan *plan, unsigned int path, enum finding wanted)
{
	struct frame frames[FRAMES_MAX];
	struct plan simpler = *plan;
	unsigned int n;

	for (bool again = true; again;) {
		again = false;
		for (unsigned int step = 0; plan_simplify(&simpler, step); step++) {
			if (memcmp(&simpler, plan, sizeof(simpler)) &&
			    try_alone(&simpler, path, frames, &n) == wanted) {
				*plan = simpler;
				again = true;
			}
			simpler = *plan;
		}
	}
}

static void print_frames(const struct frame *frames, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		printf("#   frame %u, %zu bytes: ", i, frames[i].length);
		for (size_t j = 0; j < frames[i].length && j < 160; j++)
			printf("%02x", frames[i].data[j]);
		printf("%s\n", frames[i].length > 160 ? "..." : "");
	}
}

static void print_gots(const char *where, const struct gots *all)
{
	char source[RG_ADDR_TEXT_MAX], dest[RG_ADDR_TEXT_MAX];

	for (size_t i = 0; i < all->n; i++) {
		const struct got *got = &all->all[i];

		printf("#   %s: protocol %u, %s port %u to %s port %u, %u bytes, %s socket\n", where, got->protocol,
		       rg_addr_format(&got->source, source), got->sport, rg_addr_format(&got->dest, dest),
		       got->dport, got->length, got->raw ? "raw" : "bound");
	}
}

static void print_alone(const struct plan *plan, unsigned int path)
{
	struct frame frames[FRAMES_MAX];
	char text[TEXT_MAX];
	unsigned int n;

	printf("#   %s\n", plan_text(plan, text, sizeof(text)));
	try_alone(plan, path, frames, &n);
	printf("#   reasons: %s\n", judge_reasons(frames, n, text, sizeof(text)));
	print_frames(frames, n);
	print_gots(path_names[path], &single[path]);
	wire_exchange(PATH_BARE, false, frames, n, &single[PATH_BARE]);
	print_gots("bare", &single[PATH_BARE]);
}

/* @got: what was received, or lost. */
static void report(enum finding finding, unsigned int path, const struct plan *plan, const struct got *got)
{
	static const char *const texts[] = { [HOLE] = "HOLE", [LOSS] = "LOSS" };
	const struct gots message = { (struct got *)got, 1, 1 };
	struct frame frames[FRAMES_MAX];
	struct plan simple = *plan;
	char text[TEXT_MAX];
	unsigned int n;

	batch_sums.findings++;
	*(finding == HOLE ? &n_holes : &n_losses) += 1;
	printf("# %s, %s: %s\n", texts[finding], path_names[path], plan_text(plan, text, sizeof(text)));
	print_gots(finding == HOLE ? "received" : "lost", &message);
	if (try_alone(plan, path, frames, &n) == finding)
		minimise(&simple, path, finding);
	else
		printf("#   not when it is sent alone: run the whole seed again\n");
	print_alone(&simple, path);
	fflush(stdout);
}

static void count_documented(const char *why)
{
	unsigned int i = 0;

	while (documented[i].why && documented[i].why != why)
		i++;
	documented[i].why = why;
	documented[i].n++;
	batch_sums.documented++;
}

/* A message that names no plan, its ports being changed: the plan that shows the same alone. */
static const struct plan *search_alone(enum finding finding, unsigned int path)
{
	struct frame frames[FRAMES_MAX];
	unsigned int n;

	for (unsigned int i = 0; i < batch.n_cases; i++)
		if (try_alone(&batch.cases[i].plan, path, frames, &n) == finding)
			return &batch.cases[i].plan;
	return NULL;
}

static void judge_holes(unsigned int path)
{
	const struct one *one;
	const struct plan *plan;
	const struct got *hole;
	size_t from = 0;

	while (batch_sums.findings < BATCH_FINDINGS_MAX && (hole = find_hole(&gots[path], &from))) {
		one = case_of(hole);
		plan = one ? &one->plan : search_alone(HOLE, path);
		report(HOLE, path, plan ? plan : &batch.cases[0].plan, hole);
	}
}

static const char *why_lost(const struct got *loss, unsigned int path, const struct plan **ret_plan)
{
	const struct one *one = case_of(loss);
	const char *why = one ? judge_documented(&one->plan, &batch.frames[one->first], one->n, loss->raw) : NULL;

	*ret_plan = one ? &one->plan : NULL;
	if (why || (one && loss->id)) /* of a message without a number, the port may have been changed */
		return why;
	*ret_plan = search_alone(LOSS, path);
	return *ret_plan ? NULL : "a datagram with other ports than it was given, documented when sent alone";
}

static void judge_losses(unsigned int path)
{
	const struct plan *plan;
	const struct got *loss;
	size_t from = 0, at = 0;

	while (batch_sums.findings < BATCH_FINDINGS_MAX &&
	       (loss = find_loss(&gots[PATH_BARE], &gots[path], &from, &at))) {
		const char *why = why_lost(loss, path, &plan);

		if (why)
			count_documented(why);
		else
			report(LOSS, path, plan, loss);
	}
}

/* The filter remembers first fragments for all interfaces: each mode goes first in turn. */
void batch_run(bool vlan)
{
	static unsigned int turn;

	turn++;
	for (unsigned int i = 0; i < PATH_MAX; i++) {
		unsigned int path = i == PATH_BARE ? i : (i + turn) % 2;

		wire_exchange(path, vlan, batch.frames, batch.n_frames, &gots[path]);
		batch_sums.received[path] += gots[path].n;
	}
	for (unsigned int path = 0; path < PATH_BARE; path++) {
		judge_holes(path);
		judge_losses(path);
	}
	batch.n_cases = batch.n_frames = 0;
	batch.used = 0;
}

void batch_show(const struct plan *plan)
{
	struct frame frames[FRAMES_MAX];
	unsigned int n;

	for (unsigned int path = 0; path < PATH_BARE; path++) {
		enum finding finding = try_alone(plan, path, frames, &n);
		struct plan simple = *plan;

		if (finding) {
			printf("# %s, %s, as simple as it can be:\n", finding == HOLE ? "HOLE" : "LOSS", path_names[path]);
			minimise(&simple, path, finding);
		}
		print_alone(&simple, path);
		batch_sums.findings += finding != NOTHING;
	}
}

void batch_print_sums(void)
{
	printf("# %" PRIu64 " frames of %" PRIu64 " datagrams down each path; messages received:", batch_sums.frames,
	       batch_sums.plans);
	for (unsigned int path = 0; path < PATH_MAX; path++)
		printf(" %s %" PRIu64, path_names[path], batch_sums.received[path]);
	printf("\n");
	for (unsigned int i = 0; documented[i].why; i++)
		printf("# refused as documented: %s: %" PRIu64 "\n", documented[i].why, documented[i].n);
	printf("%s - nothing slips past the filter\n", n_holes ? "not ok" : "ok");
	printf("%s - nothing that is admitted is lost\n", n_losses ? "not ok" : "ok");
}
