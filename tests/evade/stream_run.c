/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "evade/stream_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "evade/judge.h"
#include "evade/listen.h"
#include "evade/model.h"
#include "harness/oracle_stun.h"

#define SPORT_FIRST 20000
#define SPORTS 40000 /* one for each sending: no connection meets what is left of another */
#define TEXT_MAX 4096

/* A surplus is what the model refuses, though no meeting does. */
enum finding { NOTHING, HOLE, LOSS, SURPLUS };
static const char *const finding_texts[] = { "nothing", "HOLE", "LOSS", "SURPLUS" };

struct stream_sums stream_sums;
static struct heard heard[PATH_MAX];
static struct gots ignored; /* by the raw sockets */

static uint16_t next_sport(void)
{
	static uint32_t turn;

	return (uint16_t)(SPORT_FIRST + turn++ % SPORTS);
}

/* Through the filter all frames go; past it those that the model admits (all, where it can not tell), as the other
 * @frames are built for that server. Of both there are @n. Returns whether the last one was admitted. */
static bool send_both(const struct stream *stream, unsigned int path, const struct frame *frames,
		      const struct frame *others, unsigned int n)
{
	struct frame admitted[STREAM_FRAMES];
	unsigned int kept = 0;
	bool last = false;

	for (unsigned int i = 0; i < n; i++) {
		last = model_judge(&frames[i]) == MODEL_ADMIT;
		if (last || stream_is_asked(stream))
			admitted[kept++] = others[i];
	}
	wire_exchange(path, false, frames, n, &ignored);
	wire_exchange(PATH_BARE_OF(path), false, admitted, kept, &ignored);
	return last;
}

static bool is_from_de(const struct stream *stream)
{
	const struct plan plan = { .v6 = stream->v6, .source = stream->source };
	struct rg_addr source;
	char text[64];

	build_source(&plan, STREAM_HOST, text, sizeof(text));
	return !rg_addr_parse(text, &source) && judge_is_in_de(&source);
}

/* Is its transport's meeting one that admits it? */
static bool is_admitted(const struct stream *stream, enum plan_name name)
{
	return name == NAME_GUARDED ? is_from_de(stream) : name == NAME_OPEN && stream->target == TO_SHARED_TWO;
}

enum plan_name stream_first_name(const uint8_t *data, size_t n)
{
	size_t frame = n < 2 ? SIZE_MAX : 2u + (size_t)(data[0] << 8 | data[1]);
	struct oracle_name name;

	if (frame > n || oracle_stun(data, frame, true, &name) != ORACLE_STUN_NAMED || name.length != 4)
		return NAME_NONE;
	return !memcmp(name.text, UFRAG_GUARDED, 4) ? NAME_GUARDED : !memcmp(name.text, UFRAG_OPEN, 4) ? NAME_OPEN : NAME_UNKNOWN;
}

/* Does a meeting refuse whoever was heard there? */
static bool is_hole(const struct stream *stream, const struct heard *here)
{
	if (stream_is_asked(stream))
		return here->n && !is_admitted(stream, stream_first_name(here->data, here->n));
	return stream->target == TO_GUARDED && here->accepted && !is_from_de(stream);
}

static bool is_alike(const struct heard *a, const struct heard *b)
{
	return a->accepted == b->accepted && a->ended == b->ended && a->n == b->n && !memcmp(a->data, b->data, a->n);
}

/* Where the server's socket is asked, what goes through depends on what its TCP takes: what any client sends must. */
static bool is_comparable(const struct stream *stream)
{
	enum plan_name name;

	return !stream_is_asked(stream) || (stream_is_orderly(stream, &name) && is_admitted(stream, name));
}

static enum finding compare(const struct stream *stream, const struct heard *filtered, const struct heard *bare)
{
	if (is_hole(stream, filtered))
		return HOLE;
	if (!is_comparable(stream) || is_alike(filtered, bare))
		return NOTHING;
	return filtered->n > bare->n || filtered->accepted > bare->accepted || filtered->n == bare->n ? SURPLUS : LOSS;
}

static enum finding try_on(const struct stream *stream, unsigned int path)
{
	static uint8_t arenas[2][STREAM_ARENA];
	struct frame frames[STREAM_FRAMES], others[STREAM_FRAMES];
	uint16_t sport = next_sport();
	unsigned int bare = PATH_BARE_OF(path), n;
	bool admitted;

	judge_forget();
	model_reset();
	frames[0] = stream_begin(stream, sport, arenas[0]);
	admitted = send_both(stream, path, frames, frames, 1);
	n = stream_go_on(stream, sport, listen_answer(path, sport, admitted), arenas[0], frames);
	stream_go_on(stream, sport, listen_answer(bare, sport, admitted), arenas[1], others);
	send_both(stream, path, frames, others, n);
	if (stream_is_asked(stream)) { /* a client repeats what is behind a request that was not answered yet */
		listen_respond(path, sport);
		listen_respond(bare, sport);
		send_both(stream, path, frames, others, n);
	}
	stream_sums.frames += n + 1;
	listen_read(path, sport, &heard[path]);
	listen_read(bare, sport, &heard[bare]);
	stream_sums.orderly += stream_is_asked(stream) && is_comparable(stream);
	frames[0] = stream_end(stream, sport, arenas[0]);
	wire_exchange(path, false, frames, 1, &ignored);
	wire_exchange(bare, false, frames, 1, &ignored);
	return compare(stream, &heard[path], &heard[bare]);
}

/* Take back whatever the finding does not need. */
static void minimise(struct stream *stream, unsigned int path, enum finding wanted)
{
	struct stream simpler = *stream;

	for (bool again = true; again;) {
		again = false;
		for (unsigned int step = 0; stream_simplify(&simpler, step); step++) {
			if (memcmp(&simpler, stream, sizeof(simpler)) && try_on(&simpler, path) == wanted) {
				*stream = simpler;
				again = true;
			}
			simpler = *stream;
		}
	}
}

static void print_heard(const char *where, const struct heard *here)
{
	printf("#   %s: %s%s, %zu bytes: ", where, here->accepted ? "accepted" : "no connection",
	       here->ended ? ", ended" : "", here->n);
	for (size_t i = 0; i < here->n && i < 160; i++)
		printf("%02x", here->data[i]);
	printf("%s\n", here->n > 160 ? "..." : "");
}

static void print_on(const struct stream *stream, unsigned int path)
{
	static uint8_t arena[STREAM_ARENA];
	struct frame frames[STREAM_FRAMES];
	char text[TEXT_MAX];
	unsigned int n;

	printf("#   %s\n", stream_text(stream, text, sizeof(text)));
	try_on(stream, path);
	n = stream_go_on(stream, SPORT_FIRST, 1, arena, frames);
	model_reset();
	for (unsigned int i = 0; i < n; i++)
		printf("#   frame %u, %zu bytes: %s\n", i + 1, frames[i].length, model_text(model_judge(&frames[i])));
	print_heard(path_names[path], &heard[path]);
	print_heard("bare, of what the model admits", &heard[PATH_BARE_OF(path)]);
}

static void report(enum finding finding, unsigned int path, const struct stream *stream)
{
	struct stream simple = *stream;
	char text[TEXT_MAX];

	stream_sums.findings++;
	printf("# %s, %s: %s\n", finding_texts[finding], path_names[path], stream_text(stream, text, sizeof(text)));
	if (try_on(stream, path) == finding)
		minimise(&simple, path, finding);
	else
		printf("#   not a second time\n");
	print_on(&simple, path);
	fflush(stdout);
}

void stream_run(const struct stream *stream)
{
	stream_sums.streams++;
	for (unsigned int path = 0; path < PATH_FILTERS; path++) {
		enum finding finding = try_on(stream, path);

		stream_sums.accepted += heard[path].accepted;
		stream_sums.bytes += heard[path].n;
		if (finding)
			report(finding, path, stream);
	}
}

void stream_show(const struct stream *stream)
{
	for (unsigned int path = 0; path < PATH_FILTERS; path++) {
		enum finding finding = try_on(stream, path);

		if (finding)
			report(finding, path, stream);
		else
			print_on(stream, path);
	}
}

void stream_print_sums(void)
{
	printf("# %" PRIu64 " frames of %" PRIu64 " TCP streams; behind the filter %" PRIu64 " connections and %" PRIu64
	       " bytes; %" PRIu64 " of an orderly client at a shared endpoint\n", stream_sums.frames, stream_sums.streams,
	       stream_sums.accepted, stream_sums.bytes, stream_sums.orderly);
	printf("%s - listening sockets hear what they must, and no more\n", stream_sums.findings ? "not ok" : "ok");
}
