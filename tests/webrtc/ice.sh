#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# ICE by libnice on both sides of the filter: it completes from an admitted region, fails
# from a refused one and with a ufrag that nobody pushed; restarts; moves to a new port; is
# cut under way, in both directions.
. "$(dirname "$0")/../harness/webrtc.sh"

# RG_WEBRTC_OPEN=1: the admitted part, without the filter
filtered() { [ -z "${RG_WEBRTC_OPEN:-}" ]; }
bind() { # meeting ufrag [endpoint]
	! filtered || ufrag_call PUT "$@" || not_ok "the ufrag $2 is bound to $1"
}
rules() { # meeting rules: changes nothing else of it
	! filtered || rg meeting patch "$1" - <<<"{\"rules\": $2}" >/dev/null || not_ok "rules of $1"
}
refuse() { # meeting region...
	local regions
	regions=$(printf '"%s",' "${@:2}")
	rules "$1" "[{\"action\": \"refuse\", \"regions\": [${regions%,}]}]"
}

SERVER=(198.51.100.10 2001:db8:ffff::10)
DE=(192.0.2.10 2001:db8:de::10)
CN=(203.0.113.10 2001:db8:c::10)
US=(198.51.100.130 2001:db8:b::10)

both_ready() { # name name [times]
	agent_says "$1" 10 "${3:-1}" '^state ready' && agent_says "$2" 10 "${3:-1}" '^state ready'
}
both_ways() { # text name name packets
	is "$1, to the server" "$(agents_carry "$2" "$3")" "$4"
	is "$1, from the server" "$(agents_carry "$3" "$2")" "$4"
}
# A server agent on the shared ports and a client that are told of each other; the server's
# ufrag is pushed first, if a meeting is named.
pair() { # server-name client-name host meeting|- address...
	agent_start "$1" server -p 20000-20100 "${SERVER[@]}"
	agent_start "$2" "$3" -c "${@:5}"
	[ "$4" = - ] || bind "$4" "$(agent_ufrag "$1")"
	agents_meet "$1" "$2"
}
# The same over TCP, in connections of the client's: the server makes none to it.
PASSIVE='tcptype passive'
tcp_pair() { # server-name client-name host address [option-of-the-server]
	agent_start "$1" server ${5:+"$5"} -t -p 20000-20100 "${SERVER[0]}"
	agent_start "$2" "$3" -t -c "$4"
	bind m-ice "$(agent_ufrag "$1")" sfu-tcp
	agents_meet "$1" "$2" "$PASSIVE"
}
# The same ports, new ufrags; old and new are valid together meanwhile.
restart() { # text server client endpoint [pattern-of-candidates-not-told]
	local old
	old=$(agent_ufrag "$2")
	agent_tell "$2" restart
	agent_tell "$3" restart
	agent_says "$2" 5 2 '^local ' && agent_says "$3" 5 2 '^local ' || die "no restart"
	bind m-ice "$(agent_ufrag "$2")" "$4"
	[ "$old" != "$(agent_ufrag "$2")" ] || not_ok "$1: a restart brings a new ufrag"
	both_ways "$1: restart under way: packets flow" "$3" "$2" 20
	agents_meet "$2" "$3" "${@:5}"
	check "$1: the restart completes" both_ready "$2" "$3" 2
	both_ways "$1: restarted: packets flow" "$3" "$2" 20
	filtered || return 0
	ufrag_call DELETE m-ice "$old" "$4" || not_ok "the old ufrag goes"
	both_ways "$1: restarted, the old ufrag is gone: packets flow" "$3" "$2" 20
}

webrtc_world
if filtered; then
	daemon_start --interface eth0
	webrtc_regions >/dev/null || die "no regions"
	sfu_endpoint sfu udp >/dev/null && sfu_endpoint sfu-tcp tcp >/dev/null || die "no shared endpoint"
	for meeting in m-ice m-other; do
		rg meeting put $meeting - >/dev/null <<<'{}' || die "no meeting"
	done
	refuse m-ice CN
fi

# --- completes
pair sfu4 de4 de m-ice "${DE[0]}"
pair sfu6 de6 de m-ice "${DE[1]}"
pair sfu-other other cn m-other "${CN[@]}"
check "IPv4: ICE completes from an admitted region" both_ready sfu4 de4
check "IPv6: ICE completes from an admitted region" both_ready sfu6 de6
check "ICE completes from a region that only another meeting refuses" both_ready sfu-other other
both_ways "IPv4: packets flow" de4 sfu4 20
both_ways "IPv6: packets flow" de6 sfu6 20

# --- restart
restart IPv4 sfu4 de4 sfu

# --- the same ufrag from a new port: a client that moved
agent_start moved de -c -u "$(agent_credentials de4)" "${DE[0]}"
agent_tell moved "remote $(agent_sdp sfu4)"
check "a known ufrag from a new port: ICE completes" agent_says moved 10 1 '^state ready'
is "a known ufrag from a new port: packets flow" "$(agents_carry moved sfu4)" 20

# --- the same over TCP; a restart goes on in the same connection
tcp_pair sfu-tcp de-tcp de "${DE[0]}"
check "TCP: ICE completes from an admitted region" both_ready sfu-tcp de-tcp
both_ways "TCP: packets flow" de-tcp sfu-tcp 20
restart TCP sfu-tcp de-tcp sfu-tcp "$PASSIVE"

# --- both want to control: in about every second pair the server's first answer is an error (487), its next one is none
for n in 1 2 3 4 5; do tcp_pair sfu-control$n de-control$n de "${DE[0]}" -c; done
for n in 1 2 3 4 5; do
	check "TCP: a conflict of roles is settled" both_ready sfu-control$n de-control$n
	is "TCP: after it, packets flow" "$(agents_carry de-control$n sfu-control$n)" 20
done

filtered || { world_done; exit; }

# --- fails
agent_start stolen cn -c -u "$(agent_credentials de4)" "${CN[0]}"
agent_tell stolen "remote $(agent_sdp sfu4)"
tcp_pair sfu-cn-tcp cn-tcp cn "${CN[0]}"
pair sfu-cn cn cn m-ice "${CN[@]}"
pair sfu-us us us - "${US[@]}"
check "ICE fails from a refused region, on both families" agent_says cn 20 1 '^state failed'
check "TCP: ICE fails from a refused region" agent_says cn-tcp 20 1 '^state failed'
check "ICE fails with a ufrag that nobody pushed" agent_says us 20 1 '^state failed'
check "a known ufrag from a refused region does not help" agent_says stolen 20 1 '^state failed'
is "none of them was ever connected" \
	"$(cat "$WORK"/{cn,cn-tcp,us,stolen}.out | grep -cE 'state (connected|ready)')" 0

# --- a rule under way holds in both directions, for this meeting's flow and for no other
refuse m-ice CN DE
both_ways "a rule under way: nothing flows" de6 sfu6 0
both_ways "the other meeting on the same ports goes on" other sfu-other 20
refuse m-ice CN
both_ways "lifted: packets flow on the same flow" de6 sfu6 20

# --- over TCP, what was sent meanwhile is repeated, and comes in front of what is sent then
refuse m-ice CN DE
both_ways "TCP, a rule under way: nothing flows" de-tcp sfu-tcp 0
refuse m-ice CN
delivered() { [ "$(agent_count sfu-tcp)" = 100 ] && [ "$(agent_count de-tcp)" = 100 ]; }
check "TCP, lifted: what was held back comes, in the same connection" until_true 10 delivered
both_ways "TCP, lifted: packets flow" de-tcp sfu-tcp 20

# --- the same on a port of its own, where no ufrag is needed
agent_start sfu-own server -p 20200-20200 "${SERVER[@]}"
agent_start own de -c "${DE[@]}"
rg meeting put m-own - >/dev/null <<<'{"endpoints": [{"address": "any", "port": 20200}]}'
agents_meet sfu-own own
check "a port of its own: ICE completes" both_ready sfu-own own
refuse m-own DE
both_ways "a port of its own, a rule under way: nothing flows" own sfu-own 0
rules m-own '[]'
both_ways "a port of its own, lifted: packets flow" own sfu-own 20
world_done
