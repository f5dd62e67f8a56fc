/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "evade/batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "evade/judge.h"
#include "evade/model.h"

#define CASES_MAX 160
#define FRAMES_AT_ONCE 200 /* less than what a veth's ring and a CPU's backlog hold */
#define ARENA (2u << 20)
#define SPORT_FIRST 20000
#define TEXT_MAX 4096

/* A surplus is what the model refuses, though no meeting does. */
enum finding { NOTHING, HOLE, LOSS, SURPLUS };
static const char *const finding_texts[] = { "nothing", "HOLE", "LOSS", "SURPLUS" };

struct one { struct plan plan; uint32_t id; unsigned int first, n; bool unsure; };

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
static uint64_t verdicts[MODEL_MAX]; /* of all frames on filtered paths */

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
	*one = (struct one){ .plan = *plan, .id = identity.id, .first = batch.n_frames, .n = n };
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

/* The next message of @all that @other has not. Both are in order of key. */
static const struct got *find_missing(const struct gots *all, const struct gots *other, size_t *from, size_t *at)
{
	while (*from < all->n) {
		const struct got *got = &all->all[(*from)++];

		while (*at < other->n && other->all[*at].key < got->key)
			(*at)++;
		if (*at < other->n && other->all[*at].key == got->key)
			(*at)++;
		else
			return got;
	}
	return NULL;
}

/* Those frames that the model admits; what it can not tell is among them. */
static unsigned int keep_admitted(const struct frame *frames, unsigned int n, struct frame *ret)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < n; i++) {
		enum model_verdict verdict = model_judge(&frames[i]);

		verdicts[verdict]++;
		if (verdict == MODEL_ADMIT || verdict == MODEL_UNSURE)
			ret[kept++] = frames[i];
	}
	return kept;
}

static bool is_unsure(const struct frame *frames, unsigned int n)
{
	bool unsure = false;

	model_reset();
	for (unsigned int i = 0; i < n; i++)
		unsure |= model_judge(&frames[i]) == MODEL_UNSURE;
	return unsure;
}

/* All frames through the filter, and those that it must admit past it. */
static void exchange(unsigned int path, bool vlan, const struct frame *frames, unsigned int n, struct gots *ret)
{
	static struct frame admitted[FRAMES_AT_ONCE + FRAMES_MAX];
	unsigned int kept = keep_admitted(frames, n, admitted);

	wire_exchange(path, vlan, frames, n, &ret[path]);
	wire_exchange(PATH_BARE_OF(path), vlan, admitted, kept, &ret[PATH_BARE_OF(path)]);
}

/* Send a plan alone. @ret: its frames, valid until the next call. */
static enum finding try_alone(const struct plan *plan, unsigned int path, struct frame *ret, unsigned int *ret_n)
{
	static uint8_t arena[ARENA];
	struct identity identity = { next_id++, SPORT_FIRST };
	const struct gots *filtered = &single[path], *bare = &single[PATH_BARE_OF(path)];
	size_t from = 0, at = 0;
	bool unsure;

	*ret_n = build_frames(plan, &identity, arena, sizeof(arena), ret);
	if (!*ret_n)
		return NOTHING;
	unsure = is_unsure(ret, *ret_n);
	judge_forget();
	model_reset();
	exchange(path, false, ret, *ret_n, single);
	if (find_hole(filtered, &from))
		return HOLE;
	from = 0;
	if (unsure)
		return NOTHING;
	if (find_missing(bare, filtered, &from, &at))
		return LOSS;
	from = at = 0;
	return find_missing(filtered, bare, &from, &at) ? SURPLUS : NOTHING;
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
	print_gots("bare, of what the model admits", &single[PATH_BARE_OF(path)]);
}

/* @got: what was received, or lost. */
static void report(enum finding finding, unsigned int path, const struct plan *plan, const struct got *got)
{
	const struct gots message = { (struct got *)got, 1, 1 };
	struct frame frames[FRAMES_MAX];
	struct plan simple = *plan;
	char text[TEXT_MAX];
	unsigned int n;

	batch_sums.findings++;
	*(finding == LOSS ? &n_losses : &n_holes) += 1;
	printf("# %s, %s: %s\n", finding_texts[finding], path_names[path], plan_text(plan, text, sizeof(text)));
	print_gots(finding == LOSS ? "lost" : "received", &message);
	if (try_alone(plan, path, frames, &n) == finding)
		minimise(&simple, path, finding);
	else
		printf("#   not when it is sent alone: run the whole seed again\n");
	print_alone(&simple, path);
	fflush(stdout);
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

static bool has_unsure(void)
{
	for (unsigned int i = 0; i < batch.n_cases; i++)
		if (batch.cases[i].unsure)
			return true;
	return false;
}

/* What one of the two has and the other has not: @finding. */
static void judge_missing(enum finding finding, unsigned int path, const struct gots *all, const struct gots *other)
{
	const struct plan *plan;
	const struct one *one;
	const struct got *got;
	size_t from = 0, at = 0;

	while (batch_sums.findings < BATCH_FINDINGS_MAX && (got = find_missing(all, other, &from, &at))) {
		one = case_of(got);
		if ((one && one->unsure) || judge_refuses(got)) /* that one is told as a hole */
			continue;
		plan = one ? &one->plan : search_alone(finding, path);
		if (!plan && has_unsure())
			continue;
		report(finding, path, plan ? plan : &batch.cases[0].plan, got);
	}
}

static void judge_path(unsigned int path)
{
	const struct gots *filtered = &gots[path], *bare = &gots[PATH_BARE_OF(path)];

	judge_holes(path);
	judge_missing(LOSS, path, bare, filtered);
	judge_missing(SURPLUS, path, filtered, bare);
}

/* The filter remembers flows and first fragments for all interfaces, and so does the model: each mode goes
 * first in turn. */
void batch_run(bool vlan)
{
	static unsigned int turn;

	turn++;
	for (unsigned int i = 0; i < batch.n_cases; i++)
		batch.cases[i].unsure = is_unsure(&batch.frames[batch.cases[i].first], batch.cases[i].n);
	judge_forget();
	model_reset();
	for (unsigned int i = 0; i < PATH_FILTERS; i++) {
		unsigned int path = (i + turn) % 2;

		exchange(path, vlan, batch.frames, batch.n_frames, gots);
		batch_sums.received[path] += gots[path].n;
		batch_sums.received[PATH_BARE_OF(path)] += gots[PATH_BARE_OF(path)].n;
	}
	for (unsigned int path = 0; path < PATH_FILTERS; path++)
		judge_path(path);
	batch.n_cases = batch.n_frames = 0;
	batch.used = 0;
}

void batch_show(const struct plan *plan)
{
	struct frame frames[FRAMES_MAX];
	unsigned int n;

	for (unsigned int path = 0; path < PATH_FILTERS; path++) {
		enum finding finding = try_alone(plan, path, frames, &n);
		struct plan simple = *plan;

		if (finding) {
			printf("# %s, %s, as simple as it can be:\n", finding_texts[finding], path_names[path]);
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
	for (unsigned int i = 0; i < MODEL_MAX; i++)
		printf("# frames, by the model, of both filtered paths: %s: %" PRIu64 "\n", model_text((enum model_verdict)i), verdicts[i]);
	printf("%s - nothing slips past the filter\n", n_holes ? "not ok" : "ok");
	printf("%s - nothing that is admitted is lost\n", n_losses ? "not ok" : "ok");
}
