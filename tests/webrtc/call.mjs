// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Three participants (DE, CN, US) in a Janus videoroom across the filter, and what is measured
// of their streams. The test is the meeting service: it pushes the server's ufrags and the rules.
import * as gate from './gate.mjs';
import { enter } from './participants.mjs';
import { done, figure, ok, sleep, until } from './tap.mjs';

const MEETING = 'm-1989';
export const PLACES = ['de', 'cn', 'us'];
export const who = {};

const all = async () => {
	const figures = {};
	for (const place of PLACES) figures[place] = await who[place].figures();
	return figures;
};
const others = (place) => PLACES.filter((other) => other !== place);
const frames = (figures, to, from) => figures[to].from[from]?.video?.framesDecoded || 0;
const packets = (figures, to, from, kind) => figures[to].from[from]?.[kind]?.packets || 0;

// [to, from] of every stream that reaches or leaves a participant; and of the others.
const ofPlace = (place) => others(place).flatMap((other) => [[place, other], [other, place]]);
const besides = (place) => others(place).flatMap((to) =>
	others(place).filter((from) => from !== to).map((from) => [to, from]));

const grown = (before, now, streams, n) => streams.every(([to, from]) =>
	frames(now, to, from) >= frames(before, to, from) + n &&
	packets(now, to, from, 'audio') > packets(before, to, from, 'audio'));
// Of packets: what has come may be decoded later.
const still = (before, now, streams) => streams.every(([to, from]) =>
	['audio', 'video'].every((kind) => packets(now, to, from, kind) === packets(before, to, from, kind)));

async function flow(text, streams, seconds = 20) {
	const before = await all();
	const start = Date.now();
	const now = await until(seconds, all, (figures) => grown(before, figures, streams, 8));
	ok(grown(before, now, streams, 8), text, now);
	return Date.now() - start;
}

export const portOf = (figures) => figures.pairs.find((pair) => pair.nominated)?.port;

// When the last packet of each stream came, counted from a moment.
const lastAfter = (figures, streams, moment) => Math.max(...streams.map(([to, from]) =>
	Math.max(figures[to].from[from].video.last, figures[to].from[from].audio.last) - moment));

// protocol: what the server is reached by; its ufrags are pushed for this endpoint.
export async function everybodyJoins(endpoint, protocol) {
	await gate.open(MEETING);
	for (const place of PLACES)
		who[place] = await enter(place, protocol, (ufrag) => gate.bind(MEETING, endpoint, ufrag));
	const streams = PLACES.flatMap((to) => others(to).map((from) => [to, from]));
	await flow('three participants: picture and sound flow between each two of them', streams, 30);
	for (const place of PLACES) await who[place].calm();
}

export async function cutFor(seconds) {
	const asked = Date.now();
	const push = await gate.refuse(MEETING, 'CN');
	const toCn = others('cn').map((from) => ['cn', from]);
	const fromCn = others('cn').map((to) => [to, 'cn']);
	await sleep(1000);
	const before = await all();
	const sent = lastAfter(before, fromCn, push.at);
	const received = lastAfter(before, toCn, push.at);
	const when = (ms) => (ms <= 0 ? `${(-ms).toFixed(1)} ms before` : `${ms.toFixed(1)} ms after`);
	figure(`refused (answered ${push.at - asked} ms after it was asked): the last packet of the participant came ` +
		`${when(sent)}, the last one to it ${when(received)} the answer`);
	await sleep(seconds * 1000 - (Date.now() - push.at));
	const now = await all();
	ok(still(before, now, fromCn), `refused for ${seconds} s: nothing comes from the participant`, now);
	ok(still(before, now, toCn), `refused for ${seconds} s: nothing is sent to the participant`, now);
	ok(Math.max(sent, received) < 5000, 'the rule held soon after its answer', { sent, received });
	ok(grown(before, now, besides('cn'), seconds), 'the others go on seeing and hearing each other', now);
	return now;
}

const ADDRESS = { de: /^(192\.0\.2\.10|2001:db8:de::10)$/, cn: /^(203\.0\.113\.10|2001:db8:c::10)$/,
	us: /^(198\.51\.100\.130|2001:db8:b::10)$/ };
const isOf = (place) => (entry) => ADDRESS[place].test(entry.remote);

// The live flows: each participant's, by its own region, with this verdict.
async function listed(verdictOf) {
	const flows = await gate.flows(MEETING);
	for (const place of PLACES) {
		const own = flows.filter(isOf(place));
		ok(own.length >= 3 && own.every((flow) => flow.region === place.toUpperCase() &&
			flow.verdict === verdictOf(place)), `flows of ${place} are listed: ${verdictOf(place)}`, flows);
	}
}

// The service can tell the participant why, and tells nobody else.
async function reported() {
	const events = (await gate.refusals(MEETING)).filter((event) => event.reason === 'refuse_region');
	ok(events.some((event) => event.direction === 'ingress') && events.every(isOf('cn')),
		'refusals are reported of the refused participant, and of nobody else', events);
}

export async function liftedInTime() {
	await listed(() => 'admit');
	await cutFor(5);
	await listed((place) => (place === 'cn' ? 'refuse' : 'admit'));
	await reported();
	await gate.lift(MEETING);
	const took = await flow('lifted after 5 s: media comes back by itself, both ways', ofPlace('cn'));
	figure(`lifted after 5 s: everything flows again within ${took} ms`);
}

// The rule goes, but the connection has failed: before, as its figures() were then.
export async function restarted(text, before) {
	await gate.lift(MEETING);
	await who.cn.restart();
	await flow(text, ofPlace('cn'));
	const after = await who.cn.figures();
	ok(after.ufrags.length === 2 * before.ufrags.length &&
		new Set(after.ufrags).size === after.ufrags.length, 'the restart brought new ufrags', after.ufrags);
	ok(portOf(after) && portOf(after) !== portOf(before), 'and new ports', after.pairs);
}

async function nobodyElseFroze() {
	const now = await all();
	const worst = Math.max(...besides('cn').map(([to, from]) => now[to].from[from].worst));
	figure(`the longest time without a new frame between the others: ${worst.toFixed(0)} ms`);
	ok(worst < 3000, "the others' pictures never froze", now);
}

// A test: what it says, then the end of it.
export async function run(story) {
	try {
		await story();
		await nobodyElseFroze();
	} catch (error) {
		ok(false, error.stack);
	}
	for (const participant of Object.values(who)) await participant.leave();
	done();
}
