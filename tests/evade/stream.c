/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "evade/stream.h"

#include <netinet/in.h>
#include <string.h>
#include "evade/random.h"
#include "evade/request.h"
#include "harness/packet.h"

#define CONTENT_MAX (STREAM_MESSAGES * REQUEST_MAX)
#define HEADER 20
#define ISN 0x10203040u

struct content { uint8_t data[CONTENT_MAX]; size_t n; };

static struct pkt packet;

/* --- what it sends */

static void add_message(const struct stream_message *message, uint32_t id, struct content *ret)
{
	static const struct plan tcp = { .protocol = IPPROTO_TCP };
	uint8_t *at = ret->data + ret->n;

	if (message->name) {
		ret->n += build_request(&tcp, message->name, message->odd, id, at);
		return;
	}
	at[0] = 0;
	at[1] = message->length;
	memset(at + 2, (int)(0x80 | (id & 0x7f)), message->length);
	ret->n += 2u + message->length;
}

static void fill(const struct stream *stream, unsigned int second, struct content *ret)
{
	ret->n = 0;
	for (unsigned int i = 0; i < stream->n_messages[second]; i++)
		add_message(&stream->messages[second][i], second << 6 | i, ret);
}

/* Bytes of the first frame. */
static size_t first_length(const struct stream *stream)
{
	struct stream first = *stream;
	struct content content;

	first.n_messages[0] = 1;
	fill(&first, 0, &content);
	return content.n;
}

/* --- drawn */

/* As a server at a shared endpoint waits for it. */
static void draw_opening(struct rnd *r, struct stream_message *first)
{
	*first = (struct stream_message){ .name = (uint8_t)(rnd_one_in(r, 2) ? NAME_GUARDED : NAME_OPEN) };
}

static void draw_messages(struct rnd *r, struct stream *stream, unsigned int second)
{
	stream->n_messages[second] = (uint8_t)(1 + rnd_below(r, STREAM_MESSAGES));
	for (unsigned int i = 0; i < stream->n_messages[second]; i++) {
		struct stream_message *message = &stream->messages[second][i];

		message->name = (uint8_t)(rnd_one_in(r, 3) ? NAME_NONE : rnd_below(r, NAME_MAX));
		message->odd = (uint8_t)(message->name && rnd_one_in(r, 4) ? rnd_below(r, ODD_MAX) : 0);
		message->length = (uint8_t)(message->name ? 0 : rnd_below(r, 120));
	}
}

/* All of the first contents, one piece after the other; the first @begun bytes in one. */
static void draw_cuts(struct rnd *r, struct stream *stream, size_t begun)
{
	unsigned int n = 1 + rnd_below(r, 6);
	struct content content;
	size_t at = 0;

	fill(stream, 0, &content);
	while (at < content.n && stream->n_segments < n) {
		size_t left = content.n - at, size = 1 + rnd_below(r, rnd_one_in(r, 2) ? 12 : (uint32_t)left);

		if (!at && begun && (size < begun || !rnd_one_in(r, 4)))
			size = begun;
		if (size > left || stream->n_segments == n - 1)
			size = left;
		stream->segments[stream->n_segments++] = (struct stream_segment){
			.from = (uint16_t)at, .length = (uint16_t)size, .flags = TCP_PSH | TCP_ACK };
		at += size;
	}
}

static struct stream_segment *any_segment(struct rnd *r, struct stream *stream)
{
	return &stream->segments[rnd_below(r, stream->n_segments)];
}

/* Once more, perhaps with other bytes, in front of what was sent or behind it. */
static void draw_again(struct rnd *r, struct stream *stream)
{
	struct stream_segment again = *any_segment(r, stream);
	unsigned int at = rnd_below(r, stream->n_segments + 1u);

	if (stream->n_segments == STREAM_SEGMENTS)
		return;
	again.second = !rnd_one_in(r, 3);
	memmove(&stream->segments[at + 1], &stream->segments[at], (stream->n_segments - at) * sizeof(again));
	stream->segments[at] = again;
	stream->n_segments++;
}

static void draw_flags(struct rnd *r, struct stream_segment *segment)
{
	static const uint8_t flags[] = { TCP_FIN, TCP_RST, TCP_SYN, TCP_ACK, TCP_URG, TCP_URG, TCP_URG };

	segment->flags ^= flags[rnd_below(r, sizeof(flags))];
	if (segment->flags & TCP_URG)
		segment->urgent = (uint16_t)rnd_below(r, segment->length + 2u);
}

static void distort(struct rnd *r, struct stream *stream)
{
	struct stream_segment *segment = any_segment(r, stream), *other = any_segment(r, stream), kept;
	uint16_t more = (uint16_t)(1 + rnd_below(r, 20));

	switch (rnd_below(r, 9)) {
	case 0: /* overlaps the next */
		segment->length = (uint16_t)(segment->length + more);
		break;
	case 1: /* overlaps the one before */
		more = more < segment->from ? more : segment->from;
		segment->from = (uint16_t)(segment->from - more);
		segment->length = (uint16_t)(segment->length + more);
		break;
	case 2:
	case 3:
		draw_again(r, stream);
		break;
	case 4: /* out of order */
		kept = *segment;
		*segment = *other;
		*other = kept;
		break;
	case 5:
		draw_flags(r, segment);
		break;
	case 6: /* the server does not take it, and the filter does not know */
		draw_again(r, stream);
		any_segment(r, stream)->bad_sum = 1;
		break;
	case 7:
		segment->split = (uint8_t)(1 + rnd_below(r, 8));
		segment->reversed = rnd_one_in(r, 3);
		break;
	default:
		segment->second = 1;
	}
}

void stream_draw(uint64_t seed, uint32_t number, struct stream *ret)
{
	static const uint8_t targets[] = { TO_GUARDED, TO_GUARDED_OPEN, TO_GUARDED_OTHER, TO_SHARED_ONE,
					   TO_SHARED_TWO, TO_SHARED_TWO, TO_SHARED_LAX };
	struct rnd r = rnd_of(~seed, number);
	bool opens;

	memset(ret, 0, sizeof(*ret));
	ret->seed = seed;
	ret->number = number;
	ret->v6 = rnd_one_in(&r, 2);
	ret->source = (uint8_t)(rnd_one_in(&r, 3) ? rnd_below(&r, ret->v6 ? FROM_MAPPED_DE : FROM_6TO4_DE) :
						    rnd_below(&r, 2));
	ret->target = targets[rnd_below(&r, sizeof(targets))];
	ret->tags = (uint8_t)(rnd_one_in(&r, 6) ? rnd_below(&r, 3) : 0);
	ret->exts = (uint8_t)(ret->v6 && rnd_one_in(&r, 6) ? rnd_below(&r, 3) : 0);
	ret->syn_payload = (uint8_t)(rnd_one_in(&r, 12) ? 1 + rnd_below(&r, 40) : 0);
	ret->quiet = rnd_one_in(&r, 3);
	opens = stream_is_asked(ret) && !rnd_one_in(&r, 3);
	for (unsigned int second = 0; second < 2; second++) {
		draw_messages(&r, ret, second);
		if (opens)
			draw_opening(&r, &ret->messages[second][0]);
	}
	draw_cuts(&r, ret, opens ? first_length(ret) : 0);
	for (unsigned int i = opens && rnd_one_in(&r, 4) ? 0 : rnd_below(&r, 7); i; i--)
		distort(&r, ret);
}

bool stream_is_asked(const struct stream *stream)
{
	return stream->target == TO_SHARED_ONE || stream->target == TO_SHARED_TWO;
}

static bool is_plain(const struct stream_segment *segment, size_t from)
{
	return segment->from == from && !segment->second && segment->flags == (TCP_PSH | TCP_ACK) && !segment->bad_sum &&
	       !segment->split;
}

bool stream_is_orderly(const struct stream *stream, enum plan_name *ret_name)
{
	size_t at = 0;

	*ret_name = stream->messages[0][0].name;
	if (stream->syn_payload || !*ret_name || stream->messages[0][0].odd || stream->segments[0].length != first_length(stream))
		return false;
	for (unsigned int i = 1; i < stream->n_messages[0]; i++)
		if (stream->messages[0][i].name)
			return false;
	for (unsigned int i = 0; i < stream->n_segments; at += stream->segments[i++].length)
		if (!is_plain(&stream->segments[i], at))
			return false;
	return true;
}

/* --- built */

struct header { uint32_t seq, ack; uint16_t sport, urgent; uint8_t flags, bad_sum; };

/* Plans go to shared endpoints of another address, where nobody listens. */
const char *stream_address(const struct stream *stream)
{
	const struct plan plan = { .v6 = stream->v6, .target = stream->target };

	if (stream_is_asked(stream) || stream->target == TO_SHARED_LAX)
		return stream->v6 ? OPEN6 : OPEN4;
	return build_target(&plan);
}

/* Headers in front of @n bytes of the transport. */
static uint8_t *begin_frame(const struct stream *stream, const uint8_t *bytes, size_t n, size_t offset, bool more, uint32_t id)
{
	const struct plan plan = { .v6 = stream->v6, .source = stream->source };
	char source[64];
	uint8_t *at;

	build_source(&plan, STREAM_HOST, source, sizeof(source));
	pkt_begin(&packet);
	for (unsigned int i = 0; i < stream->tags; i++)
		pkt_vlan(&packet, 0x8100, 0);
	(stream->v6 ? pkt_ip6 : pkt_ip4)(&packet, source, stream_address(stream));
	for (unsigned int i = 0; i < stream->exts; i++)
		pkt_ext(&packet, EXT_OPTIONS, 1);
	if (offset || more)
		pkt_fragment(&packet, (unsigned int)offset, more, id);
	pkt_proto(&packet, IPPROTO_TCP);
	pkt_payload(&packet, n);
	at = packet.data + packet.length - n;
	memcpy(at, bytes, n);
	pkt_end(&packet);
	return at;
}

static struct frame keep_frame(uint8_t **arena)
{
	struct frame frame = { *arena, packet.length };

	memcpy(*arena, packet.data, packet.length);
	*arena += packet.length;
	return frame;
}

/* One segment, in one or two frames. */
static unsigned int put_segment(const struct stream *stream, const struct header *header, const uint8_t *payload, size_t n,
				const struct stream_segment *how, uint8_t **arena, struct frame *ret)
{
	uint8_t bytes[HEADER + CONTENT_MAX] = { 0 }, *ip;
	size_t length = HEADER + n, first = how->split * 8u;
	static uint32_t id;

	pkt_put16(bytes, header->sport);
	pkt_put16(bytes + 2, build_port(stream->target));
	pkt_put32(bytes + 4, header->seq);
	pkt_put32(bytes + 8, header->ack);
	bytes[12] = 5 << 4;
	bytes[13] = header->flags;
	pkt_put16(bytes + 14, 0xffff);
	pkt_put16(bytes + 18, header->urgent);
	memcpy(bytes + HEADER, payload, n);
	begin_frame(stream, bytes, length, 0, false, 0);
	ip = packet.data + packet.layers[1 + stream->tags].at;
	pkt_put16(bytes + 16, build_sum(stream->v6, ip, IPPROTO_TCP, bytes, length) ^ (header->bad_sum ? 0x55u : 0));
	id++;
	if (!first || first >= length) {
		begin_frame(stream, bytes, length, 0, false, 0);
		ret[0] = keep_frame(arena);
		return 1;
	}
	begin_frame(stream, bytes, first, 0, true, id);
	ret[how->reversed] = keep_frame(arena);
	begin_frame(stream, bytes + first, length - first, first, false, id);
	ret[!how->reversed] = keep_frame(arena);
	return 2;
}

struct frame stream_begin(const struct stream *stream, uint16_t sport, uint8_t *arena)
{
	const struct header header = { .sport = sport, .seq = ISN, .flags = TCP_SYN };
	static const struct stream_segment plainly;
	struct content content;
	struct frame frame;

	fill(stream, 0, &content);
	put_segment(stream, &header, content.data, stream->syn_payload < content.n ? stream->syn_payload : content.n,
		    &plainly, &arena, &frame);
	return frame;
}

unsigned int stream_go_on(const struct stream *stream, uint16_t sport, uint32_t ack, uint8_t *arena,
			  struct frame ret[STREAM_FRAMES])
{
	struct header header = { .sport = sport, .seq = ISN + 1, .ack = ack, .flags = TCP_ACK };
	static const struct stream_segment plainly;
	struct content contents[2];
	unsigned int n = 0;

	fill(stream, 0, &contents[0]);
	fill(stream, 1, &contents[1]);
	if (!stream->quiet)
		n = put_segment(stream, &header, NULL, 0, &plainly, &arena, ret);
	for (unsigned int i = 0; i < stream->n_segments; i++) {
		const struct stream_segment *segment = &stream->segments[i];
		const struct content *content = &contents[segment->second];
		size_t from = segment->from < content->n ? segment->from : content->n;
		size_t length = segment->length < content->n - from ? segment->length : content->n - from;

		header.seq = ISN + 1 + (uint32_t)from;
		header.flags = segment->flags;
		header.urgent = segment->urgent;
		header.bad_sum = segment->bad_sum;
		n += put_segment(stream, &header, content->data + from, length, segment, &arena, ret + n);
	}
	return n;
}

struct frame stream_end(const struct stream *stream, uint16_t sport, uint8_t *arena)
{
	const struct header header = { .sport = sport, .seq = ISN + 1, .flags = TCP_RST };
	static const struct stream_segment plainly;
	struct frame frame;

	put_segment(stream, &header, NULL, 0, &plainly, &arena, &frame);
	return frame;
}
