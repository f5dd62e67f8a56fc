#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# ICE by libnice on both sides of the filter: it completes from an admitted region, fails
# from a refused one and with a ufrag that nobody pushed; restarts; moves to a new port.
. "$(dirname "$0")/../harness/webrtc.sh"

meeting_bind() { # ufrag
	[ -n "${RG_WEBRTC_OPEN:-}" ] && return
	curl -sS --fail-with-body --unix-socket "$SOCKET" -X PUT \
		"http://rg/v1/meetings/m-ice/ufrags/$(jq -rn --arg u "$1" '$u|@uri')?endpoint=sfu" >/dev/null
}
meeting_rules() { # regions that are refused, as JSON
	[ -n "${RG_WEBRTC_OPEN:-}" ] && return
	rg meeting put m-ice - >/dev/null <<-BODY
	{"rules": [{"action": "refuse", "regions": $1}]}
	BODY
}

SERVER=(-p 20000-20100 198.51.100.10 2001:db8:ffff::10)
both_ready() { # name name
	agent_says "$1" 10 1 '^state ready' && agent_says "$2" 10 1 '^state ready'
}
both_ways() { # text name name packets
	is "$1, to the server" "$(agents_carry "$2" "$3")" "$4"
	is "$1, from the server" "$(agents_carry "$3" "$2")" "$4"
}

webrtc_world
if [ -z "${RG_WEBRTC_OPEN:-}" ]; then # RG_WEBRTC_OPEN=1: the admitted part without the filter
	daemon_start --interface eth0
	webrtc_regions >/dev/null || die "no regions"
	sfu_endpoint >/dev/null || die "no shared endpoint"
fi
meeting_rules '["CN"]'

# --- completes
for family in 4 6; do
	case $family in 4) address=192.0.2.10 ;; 6) address=2001:db8:de::10 ;; esac
	agent_start "sfu$family" server "${SERVER[@]}"
	agent_start "de$family" de -c $address
	meeting_bind "$(agent_ufrag "sfu$family")"
	agents_meet "sfu$family" "de$family"
	check "IPv$family: ICE completes from an admitted region" both_ready "sfu$family" "de$family"
	both_ways "IPv$family: packets flow" "de$family" "sfu$family" 20
done

# --- restart: the same ports, new ufrags; old and new are valid together meanwhile
old=$(agent_ufrag sfu4)
agent_tell sfu4 restart
agent_tell de4 restart
agent_says sfu4 5 2 '^local ' && agent_says de4 5 2 '^local ' || die "no restart"
meeting_bind "$(agent_ufrag sfu4)"
[ "$old" != "$(agent_ufrag sfu4)" ] || not_ok "a restart brings a new ufrag"
both_ways "restart under way: packets flow" de4 sfu4 20
agents_meet sfu4 de4
restarted() { agent_says sfu4 10 2 '^state ready' && agent_says de4 10 2 '^state ready'; }
check "the restart completes" restarted
both_ways "restarted: packets flow" de4 sfu4 20

# --- the same ufrag from a new port: a client that moved
agent_start moved de -c -u "$(agent_credentials de4)" 192.0.2.10
agent_tell moved "remote $(agent_sdp sfu4)"
check "a known ufrag from a new port: ICE completes" agent_says moved 10 1 '^state ready'
is "a known ufrag from a new port: packets flow" "$(agents_carry moved sfu4)" 20

if [ -z "${RG_WEBRTC_OPEN:-}" ]; then
	# --- fails
	agent_start stolen cn -c -u "$(agent_credentials de4)" 203.0.113.10
	agent_tell stolen "remote $(agent_sdp sfu4)"
	agent_start sfu-cn server "${SERVER[@]}"
	agent_start cn cn -c 203.0.113.10 2001:db8:c::10
	meeting_bind "$(agent_ufrag sfu-cn)"
	agents_meet sfu-cn cn
	agent_start sfu-us server "${SERVER[@]}"
	agent_start us us -c 198.51.100.130 2001:db8:b::10
	agents_meet sfu-us us
	check "ICE fails from a refused region, on both families" agent_says cn 20 1 '^state failed'
	check "ICE fails with a ufrag that nobody pushed" agent_says us 20 1 '^state failed'
	check "a known ufrag from a refused region does not help" agent_says stolen 20 1 '^state failed'
	is "none of them was ever connected" "$(cat "$WORK"/{cn,us,stolen}.out | grep -c 'state ready')" 0

	# --- a rule under way: nothing more in both directions, for this flow and no other
	meeting_rules '["CN", "DE"]'
	both_ways "a rule under way: nothing flows" de6 sfu6 0
	meeting_rules '["CN"]'
	both_ways "lifted: packets flow on the same flow" de6 sfu6 20
fi
world_done
