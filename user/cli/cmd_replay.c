/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* replay: run every packet of a capture through a private copy of the program. */
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/cleanup.h"
#include "base/reason.h"
#include "cli/capture.h"
#include "cli/cli.h"
#include "cli/replay_rules.h"
#include "cli/table.h"
#include "engine/engine.h"
#include "policy/time.h"

#define FRAME_MIN 14    /* below, the kernel does not run a program */
#define FRAME_MAX 65535 /* above, neither; a captured super-packet is cut there */

RG_DEFINE_CLEANUP(struct rg_capture *, rg_capture_close);
RG_DEFINE_CLEANUP(struct rg_engine *, rg_engine_close);

struct replay {
	const struct rg_cli *cli;
	struct rg_engine *engine;
	bool time_given;                 /* all packets are judged as of at */
	int64_t at;
	struct rg_window window;         /* around the time as of which the engine judges; {0}: none yet */
	uint64_t packets;
	uint64_t partial;                /* captured or run in part */
	uint8_t padded[FRAME_MAX];
	uint64_t verdicts[RG_VERDICT_MAX];
	uint64_t reasons[RG_REASON_MAX];
};

struct judged {
	enum rg_reason reason;
	const char *meeting; /* NULL: none was determined */
	const char *region;  /* NULL: it was not looked up */
};

/* A capture with a snaplen keeps the headers and drops payload. With zeros in its place the lengths
 * in the headers hold again, as they did on the wire. */
static const void *frame_whole(struct replay *replay, const struct rg_capture_frame *frame,
			       size_t *ret_length)
{
	size_t captured = frame->length < FRAME_MAX ? frame->length : FRAME_MAX;

	*ret_length = frame->wire_length < FRAME_MAX ? frame->wire_length : FRAME_MAX;
	if (!frame->partial || captured < FRAME_MIN) {
		*ret_length = captured;
		return frame->data;
	}
	memset(replay->padded, 0, *ret_length);
	memcpy(replay->padded, frame->data, captured);
	return replay->padded;
}

/* Judge as of the time at which the frame was captured, or that was asked for. */
static int time_go(struct replay *replay, const struct rg_capture_frame *frame, struct rg_err *err)
{
	int64_t time = replay->time_given ? replay->at : frame->time;

	if (time < replay->window.from || time >= replay->window.until)
		rg_engine_time_set(replay->engine, time, &replay->window);
	if (replay->time_given || frame->time ||
	    (replay->window.from == RG_TIME_MIN && replay->window.until == RG_TIME_MAX))
		return 0;
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "packet %" PRIu64 " of the capture has no time, and the rules "
			  "have some: say --at TIME", replay->packets);
}

static int frame_judge(struct replay *replay, const struct rg_capture_frame *frame,
		       struct judged *ret, struct rg_err *err)
{
	struct rg_trace trace = { 0 };
	size_t length;
	const void *data = frame_whole(replay, frame, &length);
	enum rg_verdict verdict;
	int action, r;

	*ret = (struct judged){ .reason = RG_REASON_PASS_NOT_IP };
	replay->partial += frame->partial || frame->length > FRAME_MAX;
	if (length < FRAME_MIN)
		return 0;
	r = rg_dp_run(rg_engine_dp(replay->engine), data, length, 0, &action, &trace, err);
	if (r)
		return r;
	if (trace.reason >= RG_REASON_MAX)
		return rg_err_set(err, -EPROTO, RG_ERR_INTERNAL, "",
				  "the program gives the unknown reason %u", trace.reason);
	ret->reason = trace.reason;
	verdict = rg_reason_verdict(ret->reason);
	/* The program's answer is what counts; its reason must not say something else. */
	if ((action == XDP_DROP) != (verdict == RG_VERDICT_REFUSE) ||
	    (action != XDP_DROP && action != XDP_PASS))
		return rg_err_set(err, -EPROTO, RG_ERR_INTERNAL, "",
				  "the program answers %d and gives the reason %s", action,
				  rg_reason_text(ret->reason));
	if (trace.meeting)
		ret->meeting = rg_engine_meeting_id(replay->engine, trace.meeting);
	if (trace.stage >= RG_STAGE_REGION)
		ret->region = rg_engine_region_code(replay->engine, trace.region);
	return 0;
}

static void judged_say(const struct replay *replay, const struct judged *judged)
{
	const char *verdict = rg_verdict_text(rg_reason_verdict(judged->reason));
	const char *reason = rg_reason_text(judged->reason);
	json_t *line;

	if (!replay->cli->json) {
		printf("%8" PRIu64 "  %-7s %-22s %-20s %s\n", replay->packets, verdict, reason,
		       judged->meeting ? judged->meeting : "-",
		       judged->region ? judged->region : "-");
		return;
	}
	line = json_pack("{s:I, s:s, s:s, s:s?, s:s?}", "n", (json_int_t)replay->packets, "verdict",
			 verdict, "reason", reason, "meeting", judged->meeting, "region",
			 judged->region);
	rg_cli_say_json(line);
	json_decref(line);
}

static void sums_say(const struct replay *replay)
{
	static const struct rg_table_column columns[] = {
		{ "REASON", false }, { "PACKETS", true },
	};
	_cleanup_(rg_table_freep) struct rg_table *table =
		rg_table_new(columns, ARRAY_SIZE(columns));
	const uint64_t *verdicts = replay->verdicts;
	char count[24];

	if (replay->cli->json) {
		printf("{\"packets\":%" PRIu64 ",\"admit\":%" PRIu64 ",\"refuse\":%" PRIu64
		       ",\"pass\":%" PRIu64 "}\n", replay->packets, verdicts[RG_VERDICT_ADMIT],
		       verdicts[RG_VERDICT_REFUSE], verdicts[RG_VERDICT_PASS]);
		return;
	}
	for (size_t i = 0; i < RG_REASON_MAX; i++) {
		if (!replay->reasons[i])
			continue;
		snprintf(count, sizeof(count), "%" PRIu64, replay->reasons[i]);
		RG_TABLE_ROW(table, rg_reason_text(i), count);
	}
	putchar('\n');
	rg_table_print(table, stdout);
	printf("\n%" PRIu64 " packets: %" PRIu64 " admit, %" PRIu64 " refuse, %" PRIu64 " pass\n",
	       replay->packets, verdicts[RG_VERDICT_ADMIT], verdicts[RG_VERDICT_REFUSE],
	       verdicts[RG_VERDICT_PASS]);
}

static int capture_run(struct replay *replay, struct rg_capture *capture, struct rg_err *err)
{
	struct rg_capture_frame frame;
	struct judged judged;
	int r;

	if (!replay->cli->json)
		printf("%8s  %-7s %-22s %-20s %s\n", "N", "VERDICT", "REASON", "MEETING", "REGION");
	while ((r = rg_capture_next(capture, &frame, err)) > 0) {
		replay->packets++;
		r = time_go(replay, &frame, err);
		if (!r)
			r = frame_judge(replay, &frame, &judged, err);
		if (r)
			return r;
		replay->verdicts[rg_reason_verdict(judged.reason)]++;
		replay->reasons[judged.reason]++;
		judged_say(replay, &judged);
	}
	return r;
}

static void notes_say(const struct replay *replay, const struct rg_capture *capture)
{
	if (rg_capture_converted_from(capture))
		fprintf(stderr, "regiongate: note: %s packets were judged as Ethernet frames of the "
			"same network protocol\n", rg_capture_converted_from(capture));
	if (replay->partial)
		fprintf(stderr, "regiongate: note: %" PRIu64 " packets were captured in part and "
			"judged with zeros for the rest\n", replay->partial);
}

/* Open what the command line names. Everything is owned by the caller, also on failure. */
static int replay_open(const struct rg_cli *cli, struct rg_capture **capture,
		       struct rg_engine **engine, struct rg_err *err)
{
	const struct rg_cli_values *databases = rg_cli_options(cli, "geoip");
	struct rg_region_spec site;
	struct rg_engine_config config = {
		.databases = databases->values,
		.n_databases = databases->n,
		.dp.max_mtg_stats = 1024, /* nobody reads them: the least memory to set up */
		.accepted = true,
	};
	_cleanup_(json_decrefp) json_t *rules = NULL;
	_cleanup_(rg_freep) char *text = NULL;
	size_t length;
	int r;

	r = rg_capture_open(cli->words[0], capture, err);
	if (!r)
		r = rg_cli_read(rg_cli_option(cli, "rules"), &text, &length, err);
	if (!r)
		r = rg_replay_rules_parse(text, length, &rules, err);
	if (!r && json_object_get(rules, "site")) { /* it was checked */
		rg_region_spec_parse(json_string_value(json_object_get(rules, "site")), &site, NULL);
		config.site = &site;
	}
	if (!r)
		r = rg_engine_open(&config, engine, err);
	if (!r)
		r = rg_replay_rules_load(*engine, rules, err);
	return r;
}

static enum rg_cli_exit at_parse(const struct rg_cli *cli, struct replay *replay)
{
	const char *at = rg_cli_option(cli, "at");

	replay->time_given = at != NULL;
	if (!at || rg_time_parse(at, &replay->at))
		return RG_EXIT_DONE;
	if (strcmp(at, "now"))
		return rg_cli_misuse(cli, "--at is a time such as 2020-06-04T00:00:00Z, or now; not '%.40s'", at);
	replay->at = (int64_t)time(NULL);
	return RG_EXIT_DONE;
}

static enum rg_cli_exit replay_run(const struct rg_cli *cli)
{
	_cleanup_(rg_capture_closep) struct rg_capture *capture = NULL;
	_cleanup_(rg_engine_closep) struct rg_engine *engine = NULL;
	static struct replay replay; /* large */
	struct rg_err err = { 0 };

	if (!rg_cli_option(cli, "rules") || !rg_cli_option(cli, "geoip"))
		return rg_cli_misuse(cli, "option '--%s' is missing",
				     rg_cli_option(cli, "rules") ? "geoip" : "rules");
	if (at_parse(cli, &replay))
		return RG_EXIT_USAGE;
	if (!strcmp(cli->words[0], "-") && !strcmp(rg_cli_option(cli, "rules"), "-"))
		return rg_cli_misuse(cli, "capture and rules can not both be standard input");
	if (replay_open(cli, &capture, &engine, &err)) {
		rg_cli_say_error(&err);
		return RG_EXIT_REFUSED;
	}
	replay.cli = cli;
	replay.engine = engine;
	if (capture_run(&replay, capture, &err)) {
		/* what was judged up to here stays said, and summed */
		sums_say(&replay);
		rg_cli_flush(RG_EXIT_REFUSED);
		rg_cli_say_error(&err);
		return RG_EXIT_REFUSED;
	}
	sums_say(&replay);
	notes_say(&replay, capture);
	return RG_EXIT_DONE;
}

static const struct rg_cli_option options[] = {
	{ "geoip", "DB", "an MMDB file; later ones override earlier ones", true },
	{ "rules", "FILE", "endpoints, regions and meetings, in the API's shapes, in one JSON object", false },
	{ "at", "TIME", "judge as of this time (or now), not as of when each packet was captured", false },
	{ 0 },
};

const struct rg_cli_command rg_cmd_replay[] = {
	{ "replay", NULL, "FILE.pcap --geoip DB [--geoip DB]... --rules FILE.json [--at TIME]",
	  "Judge the packets of a capture; needs no daemon and no NIC",
	  "The rules: {\"endpoints\": {NAME: {...}}, \"regions\": {NAME: [NETWORK, ...]}, \"meetings\": [...],\n"
	  "\"site\": \"DE\"}. Packets are judged in the order and the direction in which a server would have received\n"
	  "them; flows that they make are remembered for those behind them. Each is judged as of the time at which it\n"
	  "was captured: rules that had begun by then, and were not over.", options, 1, 1, replay_run },
	{ 0 },
};
