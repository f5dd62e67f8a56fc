#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A Janus videoroom across the filter, with three Chromium participants: see sfu.mjs.
. "$(dirname "$0")/../harness/webrtc.sh"

JANUS_LIB=$(dirname "$(find /usr/lib -path '*/janus/plugins' -type d | head -n 1)")

janus_config() {
	mkdir -p "$WORK/janus"
	cat >"$WORK/janus/janus.jcfg" <<-CONFIG
	general: {
		configs_folder = "$WORK/janus"
		plugins_folder = "$JANUS_LIB/plugins"
		transports_folder = "$JANUS_LIB/transports"
		events_folder = "$JANUS_LIB/events"
		loggers_folder = "$JANUS_LIB/loggers"
		interface = "198.51.100.10"
		debug_level = 4
	}
	media: { ipv6 = true, rtp_port_range = "20000-20100" }
	nat: { full_trickle = false, ice_enforce_list = "eth0" }
	plugins: {
		disable = "$(cd "$JANUS_LIB/plugins" && printf '%s,' *.so | sed 's/libjanus_videoroom.so,//; s/,$//')"
	}
	transports: {
		disable = "$(cd "$JANUS_LIB/transports" && printf '%s,' *.so | sed 's/libjanus_websockets.so,//; s/,$//')"
	}
	CONFIG
	echo 'general: { ws = true, ws_port = 8188 }' >"$WORK/janus/janus.transport.websockets.jcfg"
	cat >"$WORK/janus/janus.plugin.videoroom.jcfg" <<-CONFIG
	room-1989: { publishers = 6, bitrate = 128000, audiocodec = "opus", videocodec = "vp8" }
	CONFIG
}

# A browser is started outside, with pipes to the test; only its network is in the host.
browser_wrapper() { # host
	cat >"$WORK/chromium-$1" <<-WRAPPER
	#!/bin/sh
	exec nsenter --net=/run/netns/$NS-$1 -- chromium "\$@"
	WRAPPER
	chmod +x "$WORK/chromium-$1"
}

webrtc_world
for place in de cn us; do browser_wrapper $place; done
janus_config
spawn_in server janus -F "$WORK/janus" -C "$WORK/janus/janus.jcfg" >"$WORK/janus.log" 2>&1
until_true 20 grep -q 'WebSockets thread started' "$WORK/janus.log" || {
	tail -n 20 "$WORK/janus.log"
	die "Janus does not start"
}
if [ -z "${RG_WEBRTC_OPEN:-}" ]; then # RG_WEBRTC_OPEN=1: the same call without the filter
	daemon_start --interface eth0
	webrtc_regions >/dev/null || die "no regions"
	sfu_endpoint sfu udp >/dev/null || die "no shared endpoint"
	export RG_SOCKET=$SOCKET
fi

# The browsers' end before their directories are removed.
browsers_end() {
	local status=$?
	kill -TERM "$NODE" 2>/dev/null && wait "$NODE"
	(exit $status)
	world_end
}
trap browsers_end EXIT
RG_BUILD=$RG_BUILD RG_WORK=$WORK TMPDIR=$WORK node "$(dirname "$0")/sfu.mjs" &
NODE=$!
wait "$NODE"
