// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The control API, as the meeting service uses it. Without RG_SOCKET there is no filter,
// and every call does nothing.
import http from 'node:http';

const socketPath = process.env.RG_SOCKET;
export const filtered = Boolean(socketPath);

function parse(answer, text) {
	if (!/ndjson/.test(answer.headers['content-type'])) return text ? JSON.parse(text) : null;
	return text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

// Returns {status, body, at}: "at" is the wall clock (ms) when the answer was there.
export function call(method, path, body) {
	if (!filtered) return Promise.resolve({ status: 204, body: null, at: Date.now() });
	return new Promise((resolve, reject) => {
		const request = http.request({ socketPath, method, path, headers: { host: 'rg' } }, (answer) => {
			let text = '';
			answer.setEncoding('utf8');
			answer.on('data', (part) => (text += part));
			answer.on('end', () => resolve({ status: answer.statusCode, at: Date.now(),
				body: parse(answer, text) }));
		});
		request.on('error', reject);
		request.end(body === undefined ? undefined : JSON.stringify(body));
	});
}

export async function mustCall(method, path, body) {
	const answer = await call(method, path, body);
	if (answer.status >= 300)
		throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
	return answer;
}

const meeting = (id) => `/v1/meetings/${encodeURIComponent(id)}`;
export const open = (id) => mustCall('PUT', meeting(id), { rules: [] });
export const bind = (id, endpoint, ufrag) =>
	mustCall('PUT', `${meeting(id)}/ufrags/${encodeURIComponent(ufrag)}?endpoint=${endpoint}`);
export const refuse = (id, region) =>
	mustCall('PATCH', meeting(id), { rules: [{ action: 'refuse', regions: [region] }] });
export const lift = (id) => mustCall('PATCH', meeting(id), { rules: [] });
export const flows = async (id) => (await mustCall('GET', `${meeting(id)}/flows`)).body.flows;

// Refusals of a meeting that the kernel reported so far.
export async function refusals(id) {
	const path = `/v1/events?last=4096&follow=false&kind=refusal&meeting=${encodeURIComponent(id)}`;
	return (await mustCall('GET', path)).body;
}
