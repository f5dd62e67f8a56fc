// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Test lines as in tests/harness/world.sh, and waiting.
let good = 0;
let bad = 0;

export function ok(holds, text, more) {
	if (holds) good++;
	else bad++;
	console.log(`${holds ? 'ok' : 'not ok'} - ${text}`);
	if (!holds && more !== undefined)
		for (const line of JSON.stringify(more, null, 1).split('\n')) console.log(`# ${line}`);
}

// A measured figure: shown also when all is well, never judged.
export const figure = (text) => console.log(`# figure: ${text}`);

export const done = () => process.exit(bad === 0 && good > 0 ? 0 : 1);

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Ask until the answer holds; returns the last answer.
export async function until(seconds, ask, holds) {
	const deadline = Date.now() + seconds * 1000;
	for (;;) {
		const answer = await ask();
		if (holds(answer) || Date.now() > deadline) return answer;
		await sleep(200);
	}
}
