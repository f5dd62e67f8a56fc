/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What readers of the event stream are told. The last events are kept in a ring; each reader has a
 * place in it. One that falls behind by more than the ring is told how many it has lost, and costs
 * nobody anything: the ring is the queue of all of them. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "base/reason.h"
#include "base/text.h"
#include "base/utc.h"
#include "engine/engine_private.h"
#include "engine/tally.h"

#define KEPT       4096 /* a power of two */
#define TAKE_MAX   1024 /* of the kernel's events in one turn of the loop: the rest wakes it again */
#define READERS_MAX 64

static const char *const kinds[] = {
#define X(name, text) [EVENT_##name] = text,
	EVENT_KINDS(X)
#undef X
};
static const char kinds_listed[] =
#define X(name, text) text ", "
	EVENT_KINDS(X)
#undef X
	;

struct event {
	char *line; /* with its line end; NULL: it was lost for want of memory */
	size_t length;
	enum event_kind kind;
	char meeting[RG_MEETING_ID_MAX + 1]; /* "": none */
};
struct events {
	struct event ring[KEPT];
	uint64_t last;       /* sequence number of the newest; 0: none yet */
	unsigned int readers;
	uint64_t kernel_lost; /* as told so far */
	bool refill;         /* budgets were used since they were filled */
};

struct rg_event_reader {
	struct rg_engine *engine;
	uint64_t at;         /* the last one that was read, or passed over */
	unsigned int kinds;  /* bits */
	char meeting[RG_MEETING_ID_MAX + 1]; /* "": all */
	bool follow;
	char *line;          /* being written, from offset on */
	size_t length, offset;
};

int events_init(struct rg_engine *engine, struct rg_err *err)
{
	engine->events = calloc(1, sizeof(*engine->events));
	return engine->events ? 0 : engine_no_memory(err);
}

void events_free(struct rg_engine *engine)
{
	for (size_t i = 0; engine->events && i < KEPT; i++)
		free(engine->events->ring[i].line);
	free(engine->events);
}

static void store(struct events *events, enum event_kind kind, const char *meeting, char *line)
{
	struct event *event = &events->ring[++events->last & (KEPT - 1)];

	free(event->line);
	*event = (struct event){ .line = line, .length = line ? strlen(line) : 0, .kind = kind };
	snprintf(event->meeting, sizeof(event->meeting), "%s", meeting ? meeting : "");
}

static char *format(const struct rg_engine *engine, enum event_kind kind, const char *meeting, json_t *fields)
{
	const struct events *events = engine->events;
	_cleanup_(json_decrefp) json_t *event = NULL;
	char time[RG_UTC_TEXT_MAX], *text, *line;
	size_t length;

	event = json_pack("{s:I, s:s, s:s, s:s?}", "seq", (json_int_t)events->last + 1, "time",
			  rg_utc_format_ms(engine_now_ms(engine), time), "kind", kinds[kind], "meeting", meeting);
	if (!event || (fields && json_object_update(event, fields)))
		return NULL;
	text = json_dumps(event, JSON_COMPACT);
	length = text ? strlen(text) : 0;
	line = text ? realloc(text, length + 2) : NULL;
	if (!line) {
		free(text);
		return NULL;
	}
	memcpy(line + length, "\n", 2);
	return line;
}

void events_add(struct rg_engine *engine, enum event_kind kind, const char *meeting, json_t *fields)
{
	struct events *events = engine->events;

	store(events, kind, meeting, format(engine, kind, meeting, fields));
	json_decref(fields);
}

/* As events_add() writes it, without JSON values: a batch of meetings has thousands. */
static void add_meeting(struct rg_engine *engine, const struct undo *undo)
{
	const struct meeting *meeting = model_meeting(&engine->model, undo->name);
	struct events *events = engine->events;
	char time[RG_UTC_TEXT_MAX];
	struct rg_text line = { 0 };

	rg_text_put(&line, "{\"seq\":");
	rg_text_number(&line, events->last + 1);
	rg_text_put(&line, ",\"time\":\"");
	rg_text_put(&line, rg_utc_format_ms(engine_now_ms(engine), time));
	rg_text_put(&line, "\",\"kind\":\"rules\",\"meeting\":\"");
	rg_text_put(&line, undo->name);
	rg_text_put(&line, !meeting ? "\",\"change\":\"meeting-delete\",\"revision\":null"
			   : undo->kind == UNDO_REVISION ? "\",\"change\":\"ufrags\",\"revision\":"
							 : "\",\"change\":\"meeting-put\",\"revision\":");
	if (meeting)
		rg_text_number(&line, meeting->revision);
	rg_text_put(&line, "}\n");
	store(events, EVENT_RULES, undo->name, rg_text_take(&line));
}

static void add_undo(struct rg_engine *engine, const struct undo *undo)
{
	const struct custom *custom;
	const struct shared *shared;

	switch (undo->kind) {
	case UNDO_MEETING:
	case UNDO_REVISION:
		add_meeting(engine, undo);
		break;
	case UNDO_REGION:
		custom = model_custom(&engine->model, undo->name);
		events_add(engine, EVENT_RULES, NULL,
			   json_pack("{s:s, s:s}", "change", custom ? "region-put" : "region-delete", "region",
				     undo->name));
		break;
	case UNDO_ENDPOINT:
		shared = model_shared(&engine->model, undo->name);
		events_add(engine, EVENT_RULES, NULL,
			   json_pack("{s:s, s:s}", "change", shared ? "endpoint-put" : "endpoint-delete", "endpoint",
				     undo->name));
		break;
	}
}

void events_of_flush(struct rg_engine *engine)
{
	size_t n = engine->pending.n_undos, passed = n > KEPT ? n - KEPT : 0;

	/* The ring does not hold more: readers are told that they have lost those before. */
	engine->events->last += passed;
	for (size_t i = passed; i < n; i++)
		add_undo(engine, &engine->pending.undos[i]);
}

static const char *protocol_text(uint8_t protocol)
{
	return protocol == IPPROTO_UDP ? "udp" : protocol == IPPROTO_TCP ? "tcp" : NULL;
}

static void add_refusal(void *arg, const struct rg_event *event)
{
	struct rg_engine *engine = arg;
	const char *meeting = rg_engine_meeting_id(engine, event->meeting);
	char remote[RG_ADDR_TEXT_MAX], local[RG_ADDR_TEXT_MAX];
	json_t *fields;

	tally_event(engine, event);
	if (event->reason >= RG_REASON_MAX)
		return;
	fields = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:i, s:s?, s:s?}",
			   "verdict", rg_verdict_text(rg_reason_verdict(event->reason)),
			   "reason", rg_reason_text(event->reason),
			   "direction", event->direction == RG_EGRESS ? "egress" : "ingress",
			   "region", rg_engine_region_code(engine, event->region),
			   "remote", rg_addr_format(&event->remote, remote), "remote_port", event->remote_port,
			   "local", rg_addr_format(&event->local, local), "local_port", event->local_port,
			   "protocol", protocol_text(event->protocol),
			   "endpoint", shared_name(engine, event->endpoint));
	events_add(engine, EVENT_REFUSAL, meeting[0] ? meeting : NULL, fields);
}

int rg_engine_events_fd(const struct rg_engine *engine)
{
	return rg_dp_events_fd(engine->dp);
}

bool rg_engine_events_take(struct rg_engine *engine)
{
	bool was = engine->events->refill;

	if (rg_dp_events_read(engine->dp, add_refusal, engine, TAKE_MAX) > 0)
		engine->events->refill = true;
	return engine->events->refill && !was;
}

bool rg_engine_events_tick(struct rg_engine *engine)
{
	struct events *events = engine->events;
	uint64_t sent, lost;

	rg_dp_events_counts(engine->dp, &sent, &lost);
	rg_dp_events_refill(engine->dp);
	events->refill = lost != events->kernel_lost; /* they go on: look again, also if nothing is sent */
	if (events->refill)
		events_add(engine, EVENT_LOST, NULL,
			   json_pack("{s:s, s:I}", "where", "kernel", "count",
				     (json_int_t)(lost - events->kernel_lost)));
	events->kernel_lost = lost;
	return events->refill;
}

uint64_t rg_engine_events_last(const struct rg_engine *engine)
{
	return engine->events->last;
}

static int parse_kinds(const char *text, unsigned int *ret, struct rg_err *err)
{
	_cleanup_(rg_freep) char *copy = strdup(text);
	char *rest = copy, *word;

	if (!copy)
		return engine_no_memory(err);
	*ret = 0;
	while ((word = strsep(&rest, ","))) {
		size_t i = 0;

		while (i < EVENT_KIND_MAX && strcmp(kinds[i], word))
			i++;
		if (i == EVENT_KIND_MAX)
			return rg_err_set(err, -EINVAL, RG_ERR_INVALID, NULL,
					  "the kind of an event is one of %snot '%.32s'", kinds_listed, word);
		*ret |= 1u << i;
	}
	return 0;
}

/* Does a reader want it? What was lost concerns everybody. */
static bool wanted(const struct rg_event_reader *reader, const struct event *event)
{
	if (event->kind == EVENT_LOST)
		return true;
	return reader->kinds & 1u << event->kind &&
	       (!*reader->meeting || !strcmp(reader->meeting, event->meeting));
}

/* Go back over so many of the events that it wants. */
static void rewind_reader(struct rg_event_reader *reader, size_t n)
{
	const struct events *events = reader->engine->events;

	while (n && reader->at && reader->at + KEPT > events->last) {
		const struct event *event = &events->ring[reader->at & (KEPT - 1)];

		n -= wanted(reader, event);
		reader->at--;
	}
}

int rg_event_reader_open(struct rg_engine *engine, const struct rg_event_filter *filter,
			 struct rg_event_reader **ret, struct rg_err *err)
{
	_cleanup_(rg_freep) struct rg_event_reader *reader = calloc(1, sizeof(*reader));
	int r = 0;

	if (!reader)
		return engine_no_memory(err);
	if (engine->events->readers == READERS_MAX)
		return rg_err_set(err, -ENOSPC, RG_ERR_FULL, NULL, "%d clients read events already", READERS_MAX);
	reader->engine = engine;
	reader->kinds = ~0u;
	reader->follow = filter->follow;
	reader->at = engine->events->last;
	if (filter->kinds)
		r = parse_kinds(filter->kinds, &reader->kinds, err);
	if (!r && filter->meeting && !rg_meeting_id_ok(filter->meeting))
		r = rg_err_set(err, -EINVAL, RG_ERR_INVALID, NULL, "'meeting' is a meeting's id, not '%.80s'",
			       filter->meeting);
	if (r)
		return r;
	snprintf(reader->meeting, sizeof(reader->meeting), "%s", filter->meeting ? filter->meeting : "");
	rewind_reader(reader, filter->last);
	engine->events->readers++;
	*ret = TAKE_PTR(reader);
	return 0;
}

void rg_event_reader_close(struct rg_event_reader *reader)
{
	if (!reader)
		return;
	reader->engine->events->readers--;
	free(reader->line);
	free(reader);
}

/* The next line for a reader into reader->line; false: there is none now. */
static bool next_line(struct rg_event_reader *reader)
{
	const struct events *events = reader->engine->events;
	uint64_t oldest = events->last >= KEPT ? events->last - KEPT + 1 : 1, lost = 0;

	free(reader->line);
	reader->line = NULL;
	reader->offset = reader->length = 0;
	if (reader->at + 1 < oldest) {
		lost = oldest - 1 - reader->at;
		reader->at = oldest - 1;
	}
	while (!lost && reader->at < events->last) {
		const struct event *event = &events->ring[++reader->at & (KEPT - 1)];

		if (!event->line)
			lost = 1;
		else if (wanted(reader, event))
			reader->line = strdup(event->line);
		else
			continue;
		break;
	}
	if (lost && asprintf(&reader->line, "{\"kind\":\"lost\",\"where\":\"reader\",\"count\":%llu}\n",
			     (unsigned long long)lost) < 0)
		reader->line = NULL;
	reader->length = reader->line ? strlen(reader->line) : 0;
	return reader->line;
}

long rg_event_reader_read(struct rg_event_reader *reader, char *buf, size_t max)
{
	size_t n = 0;

	while (n < max) {
		size_t part = reader->length - reader->offset;

		if (!part && !next_line(reader))
			break;
		part = reader->length - reader->offset;
		if (part > max - n)
			part = max - n;
		memcpy(buf + n, reader->line + reader->offset, part);
		reader->offset += part;
		n += part;
	}
	return n || reader->follow ? (long)n : -1;
}
