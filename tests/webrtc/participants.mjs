// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Headless Chromium with fake camera and microphone, one browser a participant, each in
// the network namespace that its wrapper (sfu.sh) enters.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(`${process.env.RG_BUILD}/webrtc/`);
const { chromium } = require('playwright-core');
const SERVER = '198.51.100.10';
const PAGE = `http://${SERVER}:8088/`;
const script = readFileSync(new URL('page.js', import.meta.url), 'utf8');

const FLAGS = ['--disable-gpu', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream',
	'--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required',
	'--disable-features=WebRtcHideLocalIpsWithMdns',
	`--unsafely-treat-insecure-origin-as-secure=${PAGE.slice(0, -1)}`];

// protocol: the server's candidates that are used. onUfrag hears each ufrag that the server gives this participant,
// before it is used.
export async function enter(place, protocol, onUfrag) {
	const browser = await chromium.launch({ executablePath: `${process.env.RG_WORK}/chromium-${place}`,
		args: FLAGS, chromiumSandbox: false, env: { ...process.env, HOME: process.env.RG_WORK } });
	const page = await browser.newPage();
	page.on('pageerror', (error) => console.log(`# ${place}: ${error.message}`));
	// The page comes from here, not over the network; the call's signalling and media do.
	await page.route(PAGE, (route) => route.fulfill({ contentType: 'text/html',
		body: `<!DOCTYPE html><title>${place}</title><body></body>` }));
	await page.exposeFunction('meetingService', onUfrag);
	await page.goto(PAGE);
	await page.addScriptTag({ content: script });
	await page.evaluate((call) => window.participant.join(call),
		{ url: `ws://${SERVER}:8188`, room: 1989, name: place, protocol });
	return {
		figures: () => page.evaluate(() => window.participant.figures()),
		restart: () => page.evaluate(() => window.participant.restart()),
		calm: () => page.evaluate(() => window.participant.frames.clear()),
		leave: () => browser.close(),
	};
}
