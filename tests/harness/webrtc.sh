# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What tests/webrtc adds to world.sh; sourced.
#
#   webrtc_world     the host server, and participants in DE, CN and US, on IPv4 and IPv6
#   webrtc_regions   the custom regions that place them there
#   sfu_endpoint NAME PROTOCOL   a shared endpoint: ports 20000 to 20100 of the server
#   ufrag_call PUT|DELETE MEETING UFRAG   bind a ufrag, or unbind it
#   janus_start [NAT_SETTINGS]   Janus with a videoroom, in the host server
#   browsers_run SCRIPT   a test with a browser for each participant; the last command
#   agent_start NAME HOST NICEAGENT_ARGUMENT..., agent_tell, agent_says, agents_meet, ...
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"

webrtc_world() {
	world_begin
	world_participants
	world_host us 198.51.100.130 2001:db8:b::10
}

webrtc_regions() {
	regions_put &&
		rg region put us --network 198.51.100.128/25 --network 2001:db8:b::/48 --country US
}

sfu_endpoint() { # name protocol
	curl -sS --fail-with-body --unix-socket "$SOCKET" -X PUT "http://rg/v1/endpoints/$1" -d "
		{\"address\": \"any\", \"ports\": \"20000-20100\", \"protocol\": \"$2\",
		 \"classify\": \"ufrag\", \"unbound\": \"refuse\"}"
}

sfu_filter() { # name protocol: the filter with this endpoint; RG_WEBRTC_OPEN=1: the same call without it
	[ -z "${RG_WEBRTC_OPEN:-}" ] || return 0
	daemon_start --interface eth0
	webrtc_regions >/dev/null || die "no regions"
	sfu_endpoint "$1" "$2" >/dev/null || die "no shared endpoint"
	export RG_SOCKET=$SOCKET
}

ufrag_call() { # PUT|DELETE meeting ufrag [endpoint]: ufrags may hold + and /
	curl -sS --fail-with-body --unix-socket "$SOCKET" -X "$1" \
		"http://rg/v1/meetings/$2/ufrags/$(jq -rn --arg u "$3" '$u|@uri')?endpoint=${4:-sfu}" >/dev/null
}

# --- libnice agents: each reads commands from a fifo and writes lines to a file
NICEAGENT=$RG_BUILD/tests/niceagent
declare -A TELL=()

agent_start() { # name host niceagent-arguments...
	local name=$1 host=$2 fd
	shift 2
	mkfifo "$WORK/$name.in" || die "can not make a fifo"
	exec {fd}<>"$WORK/$name.in"
	TELL[$name]=$fd
	(exec nsenter --net="/run/netns/$NS-$host" -- "$NICEAGENT" "$@") \
		<"$WORK/$name.in" >"$WORK/$name.out" 2>&1 &
	JOBS+=($!)
	agent_says "$name" 5 1 '^local ' || die "agent $name: $(cat "$WORK/$name.out")"
}
agent_tell() { # name command
	echo "$2" >&"${TELL[$1]}"
}
agent_says() { # name seconds count pattern: has said it that often within that time
	until_true "$2" agent_said "$1" "$3" "$4"
}
agent_said() {
	[ "$(grep -c "$3" "$WORK/$1.out")" -ge "$2" ]
}
agent_sdp() { # name: its last description
	sed -n 's/^local //p' "$WORK/$1.out" | tail -n 1
}
sdp_field() { # sdp field
	tr '|' '\n' <<<"$1" | sed -n "s/^a=$2://p" | head -n 1
}
agent_ufrag() { sdp_field "$(agent_sdp "$1")" ice-ufrag; }
agent_credentials() {
	local sdp
	sdp=$(agent_sdp "$1")
	echo "$(sdp_field "$sdp" ice-ufrag):$(sdp_field "$sdp" ice-pwd)"
}
agents_meet() { # name name [pattern]: exchange descriptions; the first hears of no candidate with this in it
	local first second
	first=$(agent_sdp "$1") second=$(agent_sdp "$2" | tr '|' '\n' | grep -v "^a=candidate.*${3:-^}" | tr '\n' '|')
	agent_tell "$1" "remote $second"
	agent_tell "$2" "remote $first"
}
agent_count() { # name: packets received so far
	local said
	said=$(grep -c '^counted ' "$WORK/$1.out")
	agent_tell "$1" count
	agent_says "$1" 5 $((said + 1)) '^counted ' || return 1
	sed -n 's/^counted //p' "$WORK/$1.out" | tail -n 1
}
# How many of 20 packets from one agent reach the other.
agents_carry() { # from to
	local before
	before=$(agent_count "$2")
	agent_tell "$1" 'send 20'
	agent_count "$1" >/dev/null # answered when all are sent
	sleep 0.3
	echo $(($(agent_count "$2") - before))
}

# --- a Janus videoroom, and browsers in it
JANUS_LIB=$(dirname "$(find /usr/lib -path '*/janus/plugins' -type d | head -n 1)")

janus_config() { # its settings for nat
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
	nat: { full_trickle = false, ice_enforce_list = "eth0"$1 }
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

janus_start() { # [nat-settings]
	janus_config "${1:-}"
	spawn_in server janus -F "$WORK/janus" -C "$WORK/janus/janus.jcfg" >"$WORK/janus.log" 2>&1
	until_true 20 grep -q 'WebSockets thread started' "$WORK/janus.log" && return
	tail -n 20 "$WORK/janus.log"
	die "Janus does not start"
}

# The browsers' end before their directories are removed.
browsers_end() {
	local status=$?
	kill -TERM "$NODE" 2>/dev/null && wait "$NODE"
	(exit $status)
	world_end
}
browsers_run() { # script: the test in it, which has the place of its own test lines
	for place in de cn us; do browser_wrapper $place; done
	trap browsers_end EXIT
	RG_BUILD=$RG_BUILD RG_WORK=$WORK TMPDIR=$WORK node "$1" &
	NODE=$!
	wait "$NODE"
}
