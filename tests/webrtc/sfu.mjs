// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A rule comes and goes during a call over UDP: one that is lifted in time, one that is not.
import * as gate from './gate.mjs';
import { cutFor, everybodyJoins, liftedInTime, restarted, run, who } from './call.mjs';
import { ok, sleep } from './tap.mjs';

// Which families its checks tried during some seconds, and which were answered. Chromium
// forgets its candidate pairs once the connection has failed: so they are read meanwhile.
async function families(participant, seconds) {
	const first = new Map();
	const tried = new Set(), answered = new Set();
	for (let second = 0; second < seconds; second++) {
		await sleep(1000);
		for (const pair of (await participant.figures()).pairs) {
			const key = `${pair.local} ${pair.port} ${pair.remote} ${pair.remotePort}`;
			const family = pair.remote?.includes(':') ? 'IPv6' : 'IPv4';
			if (!first.has(key)) first.set(key, pair);
			if (pair.sent > first.get(key).sent) tried.add(family);
			if (pair.answered > first.get(key).answered) answered.add(family);
		}
	}
	return { tried: [...tried].sort(), answered: [...answered].sort() };
}

async function restartedLate() {
	const before = await who.cn.figures();
	const [now, seen] = await Promise.all([cutFor(40), families(who.cn, 15)]);
	ok(seen.tried.join() === 'IPv4,IPv6', 'the refused participant tried both IPv4 and IPv6', seen);
	ok(seen.answered.length === 0, 'and got an answer on neither', seen);
	ok(now.cn.state === 'failed', 'its connection has failed', now.cn.state);
	await restarted('lifted after 40 s: media comes back by an ICE restart', before);
}

run(async () => {
	await everybodyJoins('sfu', 'udp');
	if (!gate.filtered) return;
	await liftedInTime();
	await restartedLate();
});
