// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Runs in the participant's page: a small client of Janus' videoroom. One peer connection
// publishes, one more per other participant receives. Before a description from the server
// is applied, meetingService() (the test) hears its ufrag, as the service that carries the
// signalling would.
'use strict';

class Janus {
	static async open(url) {
		const janus = new Janus();
		janus.socket = new WebSocket(url, 'janus-protocol');
		janus.waiting = new Map(); // transaction -> resolve
		janus.handles = new Map(); // handle id -> what hears its events
		await new Promise((resolve, reject) => {
			janus.socket.onopen = resolve;
			janus.socket.onerror = () => reject(new Error('no websocket to Janus'));
		});
		janus.socket.onmessage = (message) => janus.hear(JSON.parse(message.data));
		janus.session = (await janus.ask({ janus: 'create' })).data.id;
		setInterval(() => janus.ask({ janus: 'keepalive' }), 20000);
		return janus;
	}
	hear(message) {
		const resolve = this.waiting.get(message.transaction);
		if (message.janus === 'ack' && resolve && !resolve.takesAck) return;
		if (resolve) {
			this.waiting.delete(message.transaction);
			resolve(message);
		} else if (this.handles.has(message.sender)) {
			this.handles.get(message.sender)(message);
		}
	}
	async ask(request) {
		const transaction = Math.random().toString(36).slice(2);
		const answer = await new Promise((resolve) => {
			resolve.takesAck = request.janus === 'keepalive';
			this.waiting.set(transaction, resolve);
			this.socket.send(JSON.stringify({ ...request, transaction, session_id: this.session }));
		});
		const error = answer.error?.reason || answer.plugindata?.data.error;
		if (error) throw new Error(`Janus: ${error}`);
		return answer;
	}
	async attach(onEvent) {
		const answer = await this.ask({ janus: 'attach', plugin: 'janus.plugin.videoroom' });
		this.handles.set(answer.data.id, onEvent);
		return (body, jsep) => this.ask({ janus: 'message', handle_id: answer.data.id, body, jsep });
	}
}

const ufragOf = (description) => description.sdp.match(/^a=ice-ufrag:(\S+)/m)[1];

// With the candidates of one protocol, as if no other came through.
const over = (protocol, { type, sdp }) => ({ type, sdp: sdp.split('\r\n').filter((line) =>
	!line.startsWith('a=candidate:') || line.split(' ')[2].toLowerCase() === protocol).join('\r\n') });

// The description with all candidates in it: there is no trickling.
async function gathered(pc) {
	while (pc.iceGatheringState !== 'complete')
		await new Promise((resolve) =>
			pc.addEventListener('icegatheringstatechange', resolve, { once: true }));
	return pc.localDescription;
}

class Participant {
	constructor() {
		this.receivers = new Map(); // name of the other -> {pc, send}
		this.frames = new Map(); // name of the other -> {count, since, worst} of its picture
		this.ufrags = [];
	}
	async fromServer(pc, description) {
		this.ufrags.push(ufragOf(description));
		await window.meetingService(ufragOf(description));
		await pc.setRemoteDescription(over(this.protocol, description));
	}
	async join({ url, room, name, protocol }) {
		Object.assign(this, { room, protocol });
		this.janus = await Janus.open(url);
		this.pc = new RTCPeerConnection();
		this.send = await this.janus.attach((event) => this.heard(event.plugindata?.data));
		const joined = await this.send({ request: 'join', ptype: 'publisher', room, display: name });
		const stream = await navigator.mediaDevices.getUserMedia({
			audio: true, video: { width: 320, height: 240, frameRate: 15 } });
		for (const track of stream.getTracks()) this.pc.addTrack(track, stream);
		await this.offer({});
		this.heard(joined.plugindata.data);
		setInterval(() => this.watch(), 200);
	}
	async offer(options) {
		await this.pc.setLocalDescription(await this.pc.createOffer(options));
		const answer = await this.send({ request: 'configure' }, over(this.protocol, await gathered(this.pc)));
		await this.fromServer(this.pc, answer.jsep);
	}
	heard(data) {
		for (const other of data?.publishers || [])
			if (!this.receivers.has(other.display)) this.subscribe(other);
	}
	async subscribe(other) {
		const receiver = { pc: new RTCPeerConnection() };
		this.receivers.set(other.display, receiver);
		receiver.send = await this.janus.attach(() => {});
		receiver.pc.ontrack = (event) => {
			const player = document.createElement(event.track.kind);
			player.autoplay = true;
			player.srcObject = new MediaStream([event.track]);
			document.body.append(player);
		};
		const offer = await receiver.send({ request: 'join', ptype: 'subscriber', room: this.room,
			streams: [{ feed: other.id }] });
		await this.answer(receiver, offer);
	}
	async answer(receiver, offer) {
		await this.fromServer(receiver.pc, offer.jsep);
		await receiver.pc.setLocalDescription(await receiver.pc.createAnswer());
		await receiver.send({ request: 'start' }, over(this.protocol, await gathered(receiver.pc)));
	}
	// New ufrags on both sides, new ports on this one.
	async restart() {
		await this.offer({ iceRestart: true });
		for (const receiver of this.receivers.values())
			await this.answer(receiver, await receiver.send({ request: 'configure', restart: true }));
	}
	async watch() {
		for (const [other, { pc }] of this.receivers) {
			const count = (await inbound(pc)).video?.framesDecoded || 0;
			const seen = this.frames.get(other) || { count: -1, since: performance.now(), worst: 0 };
			const now = performance.now();
			if (seen.count > 0) seen.worst = Math.max(seen.worst, now - seen.since);
			if (count !== seen.count) Object.assign(seen, { count, since: now });
			this.frames.set(other, seen);
		}
	}
	// What has come from the others so far, and how each connection stands.
	async figures() {
		const from = {};
		for (const [other, { pc }] of this.receivers)
			from[other] = { ...(await inbound(pc)), state: pc.connectionState,
				worst: this.frames.get(other)?.worst || 0 };
		return { from, state: this.pc.connectionState, ufrags: this.ufrags,
			pairs: await pairs(this.pc) };
	}
}

async function inbound(pc) {
	const kinds = {};
	for (const report of (await pc.getStats()).values())
		if (report.type === 'inbound-rtp')
			kinds[report.kind] = { packets: report.packetsReceived,
				framesDecoded: report.framesDecoded, last: report.lastPacketReceivedTimestamp };
	return kinds;
}

// The candidate pairs: addresses, checks sent and answered.
async function pairs(pc) {
	const stats = await pc.getStats();
	const result = [];
	for (const report of stats.values()) {
		if (report.type !== 'candidate-pair') continue;
		const local = stats.get(report.localCandidateId), remote = stats.get(report.remoteCandidateId);
		result.push({ protocol: local?.protocol, local: local?.address, port: local?.port, remote: remote?.address,
			remotePort: remote?.port, state: report.state, nominated: report.nominated,
			sent: report.requestsSent, answered: report.responsesReceived });
	}
	return result;
}

window.participant = new Participant();
