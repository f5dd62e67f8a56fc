#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the server sends is filtered, too: by tcx, by clsact, not at all; across restarts.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
echo_start cn 4000
echo_start de 4000
daemon_start --interface eth0:native
regions_put >/dev/null
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null

# The server speaks first, from the endpoint's port; nothing had come from there.
sends() { through "$1" server -p 10001 "${@:2}"; }
sends_not() { kept_out "$1" server -p 10001 "${@:2}"; }
both_ways() { # how
	sends_not "$1: nothing goes to CN, IPv4" 203.0.113.10 4000
	sends_not "$1: nothing goes to CN, IPv6" 2001:db8:c::10 4000
	sends "$1: DE is sent to" 192.0.2.10 4000
	through "$1: other ports are not touched" server -p 10002 203.0.113.10 4000
}
refused() { rg stats m-1 --json | jq .egress.verdicts.refuse.packets; }
dropped() { rg status --json | jq '[.. | objects | .refuse_region? // empty | .packets? // .] | add // 0'; }
egress() { rg status --json | jq -r '.interfaces[0].attached_egress'; }
answers_seen() { # by the program's own words: RG_STATE_ANSWERS
	bpftool -j map dump pinned "$PINS/rg_state" | jq '.[0].formatted.value.flags / 4 % 2 | floor'
}
filters() { in_host server tc filter show dev eth0 egress | grep -c regiongate; }

AUTO=${EGRESS_WAYS%% *}
is "auto takes tcx where the kernel has it" "$(egress)" $AUTO
is "the program knows that answers are seen" "$(answers_seen)" 1
both_ways $AUTO
check "refusals are counted by meeting" [ "$(refused)" = 20 ]
sends_not "later fragments go the way of the first one" -s 3000 203.0.113.10 4000
rg meeting put m-1 - >/dev/null <<-BODY
	{"endpoints": [{"address": "198.51.100.10", "port": 10001}], "rules": []}
BODY
sends "a rule that is lifted holds for the next packet" 203.0.113.10 4000
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null

daemon_kill
both_ways "$AUTO, no daemon"
daemon_start
is "after a restart it is still there" "$(egress)" $AUTO
both_ways "$AUTO, restarted"

check "it can be clsact" rg attach eth0 --egress clsact
is "then it is" "$(egress)" clsact
is "by one filter" "$(filters)" 1
both_ways clsact
daemon_kill
both_ways "clsact, no daemon"
daemon_start
is "after a restart it is clsact, as it was asked for" "$(egress)" clsact
is "by one filter still" "$(filters)" 1
both_ways "clsact, restarted"

check "it can be off" rg attach eth0 --egress off
is "then it is" "$(egress)" null
is "the program knows that answers are not seen" "$(answers_seen)" 0
is "and the filter is gone" "$(filters)" 0
kept_out "ingress is filtered all the same" cn 198.51.100.10 10001
daemon_stop
printf '[interfaces]\neth0 = native, egress clsact\n' >"$WORK/conf"
daemon_start --config "$WORK/conf"
is "the configuration says how, too" "$(egress)" clsact
daemon_stop
printf '[interfaces]\neth0 = native, egress off\n' >"$WORK/conf"
daemon_start --config "$WORK/conf"
is "and that it is off" "$(egress)" null
daemon_stop
daemon_start --interface eth0:native
is "it stays off across a restart" "$(egress)" null
is "and the program knows" "$(answers_seen)" 0

rg attach eth0 --egress upwards 2>"$WORK/err"
is "an unknown way is a usage error" $? 2
is "through the API, too" "$(curl -s --unix-socket "$SOCKET" -X PUT -d '{"egress":"up"}' \
	http://x/v1/interfaces/eth0 | jq -r '[.status, .pointer] | join(" ")')" "422 /egress"

for how in $EGRESS_WAYS; do
	check "$how again" rg attach eth0 --egress $how
	check "regiongate detach takes it off" rg detach eth0
	through "$how: then all is sent" server -p 10001 203.0.113.10 4000
	check "attach again" rg attach eth0 --egress $how
	is "$how: answers are seen again" "$(answers_seen)" 1
	daemon_stop
	sends_not "$how: stopped: nothing goes to CN" 203.0.113.10 4000
	check "$how: --detach needs no daemon" daemon_run --detach
	through "$how: then all is sent" server -p 10001 203.0.113.10 4000
	is "$how: no filter is left" "$(filters)" 0
	check "$how: and no pin" [ ! -e "$PINS" ]
	daemon_start
done
world_done
