/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/reason.h"
#include "engine/engine_private.h"
#include "engine/frame.h"
#include "policy/json_util.h"

#define SOURCE_PORT_DEFAULT 40000

/* What a body asks: a frame as it is, or a packet to be built. */
struct question {
	struct frame_spec packet;
	bool egress;
	unsigned char *bytes; /* of "frame"; NULL: packet */
	size_t length;
	char username[FRAME_USERNAME_MAX + 1];
};

static const char *const stages[] = {
	[RG_STAGE_PARSE] = "parse",
	[RG_STAGE_ENDPOINT] = "endpoint",
	[RG_STAGE_MEETING] = "meeting",
	[RG_STAGE_REGION] = "region",
	[RG_STAGE_POLICY] = "policy",
};
static const char *const ties[] = {
	[RG_TIE_NONE] = NULL,
	[RG_TIE_DEDICATED] = "dedicated",
	[RG_TIE_FLOW] = "flow",
	[RG_TIE_UFRAG] = "ufrag",
	[RG_TIE_FRAGMENT] = "fragment",
};
_Static_assert(ARRAY_SIZE(ties) == RG_TIE_MAX, "every tie has its name");

const char *tie_text(unsigned int tie)
{
	return tie < ARRAY_SIZE(ties) ? ties[tie] : NULL;
}

static int parse_address(const json_t *body, const char *field, struct rg_addr *ret, struct rg_err *err)
{
	char quoted[RG_QUOTE_MAX];
	const char *text;
	int r = rg_json_string(body, field, true, &text, err);

	if (r)
		return r;
	if (rg_addr_parse(text, ret)) {
		r = rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "'%s' is not an IP address",
			       rg_json_quote(text, quoted));
		rg_err_prefix(err, "/%s", field);
	}
	return r;
}

/* "ufrag": the username that its client would send; "username": any other. */
static int parse_username(const json_t *body, struct question *ret, struct rg_err *err)
{
	const char *ufrag = NULL, *username = NULL;
	int r = rg_json_string(body, "ufrag", false, &ufrag, err);

	if (!r)
		r = rg_json_string(body, "username", false, &username, err);
	if (r || (!ufrag && !username))
		return r;
	if (ufrag && username)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/username", "both 'ufrag' and 'username' are given");
	if (ufrag) {
		r = rg_ufrag_check(ufrag, err);
		if (r) {
			rg_err_prefix(err, "/ufrag");
			return r;
		}
		snprintf(ret->username, sizeof(ret->username), "%s:peer", ufrag);
	} else if (strlen(username) > FRAME_USERNAME_MAX) {
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/username", "a username has at most %d bytes",
				  FRAME_USERNAME_MAX);
	} else {
		snprintf(ret->username, sizeof(ret->username), "%s", username);
	}
	ret->packet.username = ret->username;
	return 0;
}

static int parse_packet(const json_t *body, struct question *ret, struct rg_err *err)
{
	static const char *const known[] = { "source", "source_port", "destination", "destination_port",
					     "protocol", "direction", "ufrag", "username", NULL };
	struct frame_spec *packet = &ret->packet;
	int r = rg_json_fields(body, known, err);

	packet->source_port = SOURCE_PORT_DEFAULT;
	if (!r)
		r = parse_address(body, "source", &packet->source, err);
	if (!r)
		r = rg_json_port(body, "source_port", false, &packet->source_port, err);
	if (!r)
		r = parse_address(body, "destination", &packet->destination, err);
	if (!r)
		r = rg_json_port(body, "destination_port", true, &packet->destination_port, err);
	if (!r)
		r = rg_json_choice(body, "protocol", false, "udp", "tcp", &packet->tcp, err);
	if (!r)
		r = parse_username(body, ret, err);
	if (r)
		return r;
	if (rg_addr_is_v4(&packet->source) != rg_addr_is_v4(&packet->destination))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/destination",
				  "source and destination are not of the same family");
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* {"frame": "hex"}: the bytes are owned by the caller. */
static int parse_frame(const json_t *body, struct question *ret, struct rg_err *err)
{
	static const char *const known[] = { "frame", "direction", NULL };
	_cleanup_(rg_freep) unsigned char *bytes = NULL;
	const char *hex = NULL;
	size_t length;
	int r = rg_json_fields(body, known, err);

	if (!r)
		r = rg_json_string(body, "frame", true, &hex, err);
	if (r)
		return r;
	length = strlen(hex);
	if (length % 2)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/frame",
				  "frame has an odd number of hexadecimal digits");
	bytes = malloc(length / 2 + 1);
	if (!bytes)
		return engine_no_memory(err);
	for (size_t i = 0; i < length; i += 2) {
		int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);

		if (high < 0 || low < 0)
			return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "/frame",
					  "frame is not hexadecimal at digit %zu", i);
		bytes[i / 2] = (unsigned char)(high << 4 | low);
	}
	ret->bytes = TAKE_PTR(bytes);
	ret->length = length / 2;
	return 0;
}

/* The rule that the reason speaks of, if it speaks of one. */
static const char *rule_of(const struct rg_engine *engine, const struct rg_trace *trace)
{
	const struct model *model = &engine->model;
	const struct rg_rule *rule;

	if (trace->reason != RG_REASON_ADMIT_RULE && trace->reason != RG_REASON_REFUSE_REGION &&
	    trace->reason != RG_REASON_OBSERVE_REFUSED)
		return NULL;
	if (trace->meeting >= model->max_meetings || !model->by_number[trace->meeting] ||
	    trace->region >= rg_classes_count(engine->classes))
		return NULL;
	rule = rg_meeting_rule_for(model->by_number[trace->meeting]->spec, rg_engine_now(engine), engine->reach,
				   trace->region);
	return rule ? rule->id : NULL;
}

static json_t *trace_json(struct rg_engine *engine, const struct rg_trace *trace, bool egress)
{
	const char *meeting = rg_engine_meeting_id(engine, trace->meeting);
	bool looked_up = trace->stage > RG_STAGE_REGION;

	return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:o, s:s, s:I}",
			 "verdict", rg_verdict_text(rg_reason_verdict(trace->reason)),
			 "reason", rg_reason_text(trace->reason),
			 "direction", egress ? "egress" : "ingress",
			 "endpoint", shared_name(engine, trace->endpoint), "tie", tie_text(trace->tie),
			 "meeting", meeting[0] ? meeting : NULL,
			 "region", looked_up ? rg_engine_region_code(engine, trace->region) : NULL,
			 "rule", rule_of(engine, trace),
			 "policy", trace->policy ? json_integer(trace->policy) : json_null(),
			 "stage", trace->stage < ARRAY_SIZE(stages) ? stages[trace->stage] : "?",
			 "generation", (json_int_t)trace->generation);
}

int engine_run(struct rg_engine *engine, const void *frame, size_t length, bool egress, struct rg_trace *ret,
	       struct rg_err *err)
{
	int action;
	int r = rg_dp_run(engine->dp, frame, length, RG_TRACE_DRY | (egress ? RG_TRACE_EGRESS : 0), &action, ret,
			  err);

	if (!r && ret->reason >= RG_REASON_MAX)
		r = rg_err_set(err, -EPROTO, RG_ERR_KERNEL, NULL,
			       "the loaded program gives a reason (%u) that this daemon does not know",
			       ret->reason);
	return r;
}

static int run_question(struct rg_engine *engine, const struct question *question, struct rg_trace *ret,
			struct rg_err *err)
{
	struct frame frame;
	int r;

	if (!question->bytes) {
		frame_build(&question->packet, &frame);
		return engine_run(engine, frame.bytes, frame.length, question->egress, ret, err);
	}
	r = engine_run(engine, question->bytes, question->length, question->egress, ret, err);
	if (r && err && err->code == RG_ERR_INVALID && !err->pointer[0])
		rg_err_prefix(err, "/frame");
	return r;
}

int rg_engine_explain(struct rg_engine *engine, const json_t *body, json_t **ret, struct rg_err *err)
{
	struct question question = { 0 };
	struct rg_trace trace = { 0 };
	int r;

	if (json_object_get(body, "frame"))
		r = parse_frame(body, &question, err);
	else
		r = parse_packet(body, &question, err);
	if (!r)
		r = rg_json_choice(body, "direction", false, "ingress", "egress", &question.egress, err);
	if (!r)
		r = run_question(engine, &question, &trace, err);
	free(question.bytes);
	if (r)
		return r;
	*ret = trace_json(engine, &trace, question.egress);
	return *ret ? 0 : engine_no_memory(err);
}
