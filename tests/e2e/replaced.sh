#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Somebody gives the daemon's links, or its filter of clsact, a program of his: noticed, told, and put back.
. "$(dirname "$0")/../harness/world.sh"

[ -e "$RG_BUILD/tests/link_update" ] || die "link_update is not built"
world_begin_filtered
echo_start cn 4000
echo_start de 4000
for type in xdp classifier; do # the object returns 2: XDP_PASS, TC_ACT_SHOT
	bpftool prog load "$RG_BUILD/tests/foreign.bpf.o" "$WORK/bpf/$type" type $type || die "can not load a program of type $type"
done

TCX=$PINS/links/tcx%3a$(ip -n "$NS-server" -j link show dev eth0 | jq '.[0].ifindex')
field() { rg status --json | jq -r ".interfaces[] | select(.name == \"eth0\") | .$1"; }
ingress() { bpftool -j link show pinned "$PINS/links/eth0" | jq .prog_id; }
egress() { bpftool -j link show pinned "$TCX" | jq .prog_id; }
filter() { in_host server tc -j filter show dev eth0 egress | jq '[.[].options.prog.id // empty][0]'; }
link_update() { "$RG_BUILD/tests/link_update" "$1" "$WORK/bpf/$2"; } # id of a link, program
replace() { # ingress, egress or filter, by a program of somebody else
	case $1 in
	ingress) link_update "$(bpftool -j link show pinned "$PINS/links/eth0" | jq .id)" xdp ;;
	egress) link_update "$(bpftool -j link show pinned "$TCX" | jq .id)" classifier ;;
	filter) in_host server tc filter replace dev eth0 egress pref 1 handle 0x7267 bpf da pinned "$WORK/bpf/classifier" ;;
	esac
}
reattached() { [ "$(field reattached)" -gt "$1" ]; }
logs() { grep -c "$1" "$WORK/daemon.log"; }
again() { rg ledger list --limit 1000 --json | jq '[.entries[] | select(.detail.again == true)] | length'; }
declare -A SAID=([ingress]="the filter was off interface 'eth0'; it is on again" [egress]="what interface 'eth0' sends was not filtered; it is again")
SAID[filter]=${SAID[egress]}
declare -A ATTACHED=([ingress]=attached [egress]=attached_egress [filter]=attached_egress)

judges() { # text, way of egress
	kept_out "$1: CN is refused" cn 198.51.100.10 10001
	through "$1: DE is admitted" de 198.51.100.10 10001
	[ "$2" != off ] || return
	kept_out "$1: nothing goes to CN" server -p 10001 203.0.113.10 4000
	through "$1: DE is sent to" server -p 10001 192.0.2.10 4000
}
declare -A WAY=([ingress]=off [egress]=tcx [filter]=clsact) # the answers to CN must get through where ingress is watched
for what in ingress egress filter; do
	rg attach eth0 --egress ${WAY[$what]} >/dev/null || die "no ${WAY[$what]}"
	judges "$what" ${WAY[$what]}
	ours=$($what) n=$(field reattached) said=$(logs "${SAID[$what]}") told=$(again) as=$(field ${ATTACHED[$what]})
	kill -STOP "$DAEMON"
	check "$what: another program in its place" replace $what
	[ $what != ingress ] || through "$what: then CN gets through" cn 198.51.100.10 10001
	check "$what: it is another's" [ "$($what)" != "$ours" ]
	kill -CONT "$DAEMON"
	check "$what: noticed, and counted" until_true 8 reattached "$n"
	is "$what: our program is back" "$($what)" "$ours"
	is "$what: logged" "$(logs "${SAID[$what]}")" $((said + 1))
	is "$what: in the ledger" "$(again)" $((told + 1))
	judges "$what, put back" ${WAY[$what]}

	replace $what
	rg status --verify --json >"$WORK/verify"
	is "$what: verify counts it" "$(jq -c '.checks[] | select(.name == "interfaces") | [.differences, .repaired]' "$WORK/verify")" "[1,1]"
	is "$what: and puts it back" "$($what)" "$ours"
	check "$what: verify agrees then" rg status --verify

	replace $what
	check "$what: attach puts it back, too" rg attach eth0
	is "$what: ours" "$($what)" "$ours"
	is "$what: attached as before" "$(field ${ATTACHED[$what]})" "$as"
done

# An upgrade: no moment in which what is attached is another's.
rg attach eth0 --egress tcx >/dev/null
ours=$(ingress) told=$(again)
daemon_kill
daemon_start
check "a new daemon has switched the links" [ "$(ingress)" != "$ours" ]
is "which is no loss" "$(field reattached)" 0
is "and not in the ledger" "$(again)" "$told"
judges "restarted" tcx

# What is ours is ours to take off, whatever program it has.
replace ingress
replace egress
check "detach takes off links with others' programs" rg detach eth0
through "nothing is refused" cn 198.51.100.10 10001
through "nor in what is sent" server -p 10001 203.0.113.10 4000
is "and no pin is left" "$(find "$PINS/links" -mindepth 1 | wc -l)" 0
rg attach eth0 --egress tcx >/dev/null
replace egress
check "egress off takes off a link with another's program" rg attach eth0 --egress off
check "at once" [ ! -e "$TCX" ]
check "detached" rg detach eth0
rg attach eth0 --confirm 60s >/dev/null || die "no trial"
check "a trial with another's program" link_update "$(field link_id)" xdp
rg attach eth0 --confirm >"$WORK/out" 2>&1
is "is over: not confirmed" $? 1
through "and off" cn 198.51.100.10 10001
rg attach eth0 --egress tcx >/dev/null
daemon_stop
replace ingress
replace egress
check "--detach does, too" daemon_run --detach
through "nothing is refused" cn 198.51.100.10 10001
through "nor in what is sent" server -p 10001 203.0.113.10 4000
check "and no pin is left" [ ! -e "$PINS" ]
world_done
