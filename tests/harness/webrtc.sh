# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What tests/webrtc adds to world.sh; sourced.
#
#   webrtc_world     the host server, and participants in DE, CN and US, on IPv4 and IPv6
#   webrtc_regions   the custom regions that place them there
#   sfu_endpoint NAME PROTOCOL   a shared endpoint: ports 20000 to 20100 of the server
#   ufrag_call PUT|DELETE MEETING UFRAG   bind a ufrag, or unbind it
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
agents_meet() { # name name: exchange descriptions
	local first second
	first=$(agent_sdp "$1") second=$(agent_sdp "$2")
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
