#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Interfaces come, go, change their names and lose their program: the filter comes back, and says so.
. "$(dirname "$0")/../harness/world.sh"

world_begin_filtered
field() { # interface field
	rg status --json | jq -r --arg name "$1" ".interfaces[] | select(.name == \$name) | .$2"
}
is_attached() { [ "$(field "$1" attached)" = true ]; }

# Another interface comes, goes, and comes back under the same name.
world_link server hot0
check "hot0: attached" rg attach hot0
ip -n "$NS-server" link del hot0
check "gone: reported in the status" until_true 3 sh -c \
	"'$REGIONGATE' --socket '$SOCKET' status --json | jq -e '.interfaces[] | select(.name == \"hot0\") | .problem | test(\"no interface\")'"
links_are() { [ "$(find "$PINS/links" -mindepth 1 | wc -l)" = "$1" ]; } # an interface has two: both ways
check "no pin of it is left" until_true 7 links_are 2
check "and in the log, once" [ "$(grep -c "interface 'hot0' is not attached: there is no interface" "$WORK/daemon.log")" = 1 ]
is "eth0 is not concerned" "$(field eth0 attached)" true
world_link server hot0
check "back: attached again" until_true 3 is_attached hot0
is "without a problem" "$(field hot0 problem)" null
is "counted" "$(field hot0 reattached)" 1
check "and logged" grep -q "the filter was off interface 'hot0'; it is on again" "$WORK/daemon.log"

for egress in $EGRESS_WAYS; do
	check "$egress" rg attach hot0 --egress $egress
	kill -STOP "$DAEMON"
	ip -n "$NS-server" link del hot0
	world_link server hot0
	kill -CONT "$DAEMON"
	check "$egress: made anew while nobody looks: attached" until_true 3 is_attached hot0
	check "$egress: no pin of the former one is left" until_true 7 links_are 4
	ip -n "$NS-server" link del hot0
	check "$egress: nor when its successor goes" until_true 7 links_are 2
	world_link server hot0
	check "$egress: back" until_true 3 is_attached hot0
done
check "detached" rg detach hot0
check "and attached again" rg attach hot0

# Renamed: the filter stays on it, whatever its name.
ip -n "$NS-server" link set eth0 down
ip -n "$NS-server" link set eth0 name wan0 up
ip -n "$NS-server" route add default dev wan0
ip -n "$NS-server" -6 route add default dev wan0
check "renamed: said under the old name" until_true 3 sh -c \
	"'$REGIONGATE' --socket '$SOCKET' status --json | jq -e '.interfaces[] | select(.name == \"eth0\") | .problem | test(\"called .wan0. now\")'"
is "the new name has the filter" "$(field wan0 attached)" true
kept_out "and CN is refused there" cn 198.51.100.10 10001
through "and DE admitted" de 198.51.100.10 10001
daemon_kill
daemon_start
kept_out "also after kill -9 and a restart" cn 198.51.100.10 10001
ip -n "$NS-server" link set wan0 down
ip -n "$NS-server" link set wan0 name eth0 up
ip -n "$NS-server" route add default dev eth0
ip -n "$NS-server" -6 route add default dev eth0
check "renamed back: as before" until_true 3 is_attached eth0
is "without having been off" "$(field eth0 reattached)" 0

# Renamed, and taken off by the name that it was attached by.
world_link server own0
check "own0: attached" rg attach own0
ip -n "$NS-server" link set own0 down
ip -n "$NS-server" link set own0 name own1 up
check "renamed" until_true 3 is_attached own1
check "detached by its former name" rg detach own0
is "so the filter is off" "$(ip -n "$NS-server" -j link show dev own1 | jq '.[0].xdp.mode // 0')" 0
is "and nothing of it is left" "$(rg status --json | jq -c '[.interfaces[].name | select(startswith("own"))]')" '[]'
check "own1: attached" rg attach own1
ip -n "$NS-server" link set own1 down
ip -n "$NS-server" link set own1 name own2 up
check "renamed" until_true 3 is_attached own2
check "attached by its new name, too" rg attach own2
check "detached by the former name" rg detach own1
is "it stays on by the new one" "$(field own2 attached)" true
check "own2: detached" rg detach own2
ip -n "$NS-server" link del own2

# Somebody takes the link off: no message of the kernel tells, the next look does.
link=$(field eth0 link_id)
check "the link is taken off beside the daemon" bpftool link detach id "$link"
check "the filter is on again" until_true 8 sh -c \
	"'$REGIONGATE' --socket '$SOCKET' status --json | jq -e '.interfaces[] | select(.name == \"eth0\") | .attached and .reattached == 1'"
kept_out "and refuses" cn 198.51.100.10 10001
check "the ledger says so" sh -c "'$REGIONGATE' --socket '$SOCKET' ledger list --json | grep -q '\"again\": *true'"

# Or what is on egress alone.
AUTO=${EGRESS_WAYS%% *}
egress_off() {
	if [ "$AUTO" = tcx ]; then
		bpftool link detach id "$(bpftool -j link show pinned "$PINS/links/tcx%3a$(field eth0 ifindex)" | jq .id)"
	else
		in_host server tc filter del dev eth0 egress
	fi
}
check "what is on egress is taken off" egress_off
check "it is on again, and counted" until_true 8 sh -c \
	"'$REGIONGATE' --socket '$SOCKET' status --json | jq -e '.interfaces[] | select(.name == \"eth0\") | .attached_egress == \"$AUTO\" and .reattached == 2'"
check "and logged" grep -q "what interface 'eth0' sends was not filtered; it is again" "$WORK/daemon.log"
egress_off
rg status --verify --json >"$WORK/verify"
is "verify counts it" "$(jq -c '.checks[] | select(.name == "interfaces") | [.differences, .repaired]' "$WORK/verify")" "[1,1]"

# A foreign program has taken the place: left alone, named.
bpftool link detach id "$(field hot0 link_id)"
bpftool prog load "$RG_BUILD/tests/foreign.bpf.o" "$WORK/bpf/foreign" type xdp &&
	in_host server bpftool net attach xdpgeneric pinned "$WORK/bpf/foreign" dev hot0 || die "no foreign program"
check "a foreign program in its place is named" until_true 8 sh -c \
	"'$REGIONGATE' --socket '$SOCKET' status --json | jq -e '.interfaces[] | select(.name == \"hot0\") | .problem | test(\"another XDP program already\")'"
in_host server ip link set dev hot0 xdpgeneric off
check "when it goes, the filter is on again" until_true 3 is_attached hot0

# A flood of interfaces does not hold the daemon up.
in_host server sh -c 'for i in $(seq 100); do ip link add d$i type veth peer name e$i || exit 1; done'
check "200 interfaces later it answers" rg status
check "and has none of them" [ "$(rg status --json | jq '.interfaces | length')" = 2 ]

# The configuration lists one that is not there now, but was.
ip -n "$NS-server" link del hot0
daemon_stop
daemon_start --interface eth0:native --interface hot0
is "a start waits for what was attached before" "$(field hot0 problem)" "there is no interface 'hot0'"
world_link server hot0
check "and attaches it when it comes" until_true 3 is_attached hot0
daemon_stop
check "--detach" daemon_run --detach
world_done
