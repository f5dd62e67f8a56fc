// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The same over TCP (RFC 6544), where no UDP comes through: each browser connects to the server's
// passive candidates, and everything flows in these connections.
import * as gate from './gate.mjs';
import { cutFor, everybodyJoins, liftedInTime, PLACES, portOf, restarted, run, who } from './call.mjs';
import { ok } from './tap.mjs';

async function allOverTcp() {
	for (const place of PLACES) {
		const { pairs } = await who[place].figures();
		ok(pairs.some((pair) => pair.nominated) && pairs.every((pair) => pair.protocol === 'tcp'),
			`${place} is connected over TCP, and over nothing else`, pairs);
	}
}

run(async () => {
	await everybodyJoins('sfu-tcp', 'tcp');
	await allOverTcp();
	if (!gate.filtered) return;
	const before = await who.cn.figures();
	await liftedInTime();
	ok(portOf(before) === portOf(await who.cn.figures()), 'in the connections that were there before', before.pairs);
	const now = await cutFor(20);
	ok(now.cn.state === 'failed', 'its connection has failed', now.cn.state);
	await restarted('lifted after 20 s: media comes back by an ICE restart', before);
	await allOverTcp();
});
