/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Streams for people: one line of text, and step by step back to something plain. */
#include "evade/stream.h"

#include <string.h>
#include "evade/text.h"

static void say_contents(struct text *t, const struct stream *stream, unsigned int second)
{
	text_say(t, " %s:", second ? "or" : "sends");
	for (unsigned int i = 0; i < stream->n_messages[second]; i++) {
		const struct stream_message *message = &stream->messages[second][i];

		if (message->name)
			text_say(t, "%s%s,%s", i ? "+" : "", plan_name_text(message->name), plan_odd_text(message->odd));
		else
			text_say(t, "%s%u", i ? "+" : "", message->length);
	}
}

static void say_segment(struct text *t, const struct stream_segment *segment)
{
	static const char letters[] = "FSRPAU";

	text_say(t, " segment:%u+%u%s,", segment->from, segment->length, segment->second ? ",or" : "");
	for (unsigned int i = 0; i < 6; i++)
		if (segment->flags >> i & 1)
			text_say(t, "%c", letters[i]);
	if (segment->flags & TCP_URG)
		text_say(t, "%u", segment->urgent);
	if (segment->bad_sum)
		text_say(t, ",bad-sum");
	if (segment->split)
		text_say(t, ",fragments-at:%u%s", segment->split * 8u, segment->reversed ? ",later-first" : "");
}

const char *stream_text(const struct stream *stream, char *buf, size_t size)
{
	struct text t = { buf, size };

	text_say(&t, "seed %llu stream %u: %s from:%s to:%s", (unsigned long long)stream->seed, stream->number,
		 stream->v6 ? "ip6" : "ip4", plan_source_text(stream->source), plan_target_text(stream->target));
	if (stream->tags)
		text_say(&t, " tags:%u", stream->tags);
	if (stream->exts)
		text_say(&t, " exts:%u", stream->exts);
	if (stream->syn_payload)
		text_say(&t, " syn-payload:%u", stream->syn_payload);
	if (stream->quiet)
		text_say(&t, " no-ack");
	say_contents(&t, stream, 0);
	say_contents(&t, stream, 1);
	for (unsigned int i = 0; i < stream->n_segments; i++)
		say_segment(&t, &stream->segments[i]);
	return buf;
}

static bool simplify_field(struct stream *stream, unsigned int step)
{
	switch (step) {
	case 0: stream->tags = 0; return true;
	case 1: stream->exts = 0; return true;
	case 2: stream->syn_payload = 0; return true;
	case 3: stream->quiet = 0; return true;
	case 4: stream->source = stream->source > FROM_NOWHERE ? FROM_CN : stream->source; return true;
	case 5: stream->v6 = stream->v6 && stream->source > FROM_NOWHERE; return true;
	case 6: stream->n_messages[0] -= stream->n_messages[0] > 1; return true;
	case 7: stream->n_messages[1] -= stream->n_messages[1] > 1; return true;
	default: return false;
	}
}
#define FIELD_STEPS 8

static void simplify_message(struct stream_message *message, unsigned int what)
{
	if (what)
		message->odd = 0;
	else
		*message = (struct stream_message){ .length = 4 };
}

static void simplify_segment(struct stream *stream, unsigned int i, unsigned int what)
{
	struct stream_segment *segment = &stream->segments[i];

	switch (what) {
	case 0:
		memmove(segment, segment + 1, (stream->n_segments - i - 1u) * sizeof(*segment));
		memset(&stream->segments[--stream->n_segments], 0, sizeof(*segment));
		break;
	case 1: segment->flags = TCP_PSH | TCP_ACK, segment->urgent = 0; break;
	case 2: segment->bad_sum = 0; break;
	case 3: segment->split = segment->reversed = 0; break;
	default: segment->second = 0;
	}
}
#define SEGMENT_STEPS 5

bool stream_simplify(struct stream *stream, unsigned int step)
{
	if (step < FIELD_STEPS)
		return simplify_field(stream, step);
	step -= FIELD_STEPS;
	if (step < STREAM_SEGMENTS * SEGMENT_STEPS) {
		if (step / SEGMENT_STEPS < stream->n_segments)
			simplify_segment(stream, step / SEGMENT_STEPS, step % SEGMENT_STEPS);
		return true;
	}
	step -= STREAM_SEGMENTS * SEGMENT_STEPS;
	if (step < 4 * STREAM_MESSAGES) {
		simplify_message(&stream->messages[step / 2 / STREAM_MESSAGES][step / 2 % STREAM_MESSAGES], step % 2);
		return true;
	}
	return false;
}
