#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The filter in libxdp's dispatcher, beside the program of another owner (dropper.bpf.c) that xdp-loader brings.
# Packets are judged all along. For tests/kernels/run: the dispatcher needs BPF_PROG_TYPE_EXT.
. "$(dirname "$0")/../harness/world.sh"

loader() { in_host server xdp-loader "$@"; }
names() { # of the programs in the dispatcher, in their order
	loader status eth0 | awk '$1 == "=>" { printf "%s ", $3 }'
}
dispatcher_id() { ip -n "$NS-server" -j link show dev eth0 | jq '.[0].xdp.prog.id'; }
joined() { rg status --json | jq -r '.interfaces[] | select(.name == "eth0") | "\(.attached) \(.dispatcher) \(.attached_mode)"'; }
is_joined() { [ "$(joined)" = "true true $1" ]; } # mode
judged() { # text: the filter and the other program
	kept_out "$1: CN is refused" cn 198.51.100.10 10001
	through "$1: DE is admitted" de 198.51.100.10 10001
	kept_out "$1: the other program drops what it drops" de 198.51.100.10 10003
}
OTHER=$RG_BUILD/tests/dropper.bpf.o

world_begin
world_participants
echo_start server 10001 10003

daemon_start
regions_put >/dev/null
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
check "xdp-loader loads another program" loader load -m skb eth0 "$OTHER"
rg attach eth0 2>"$WORK/err"
is "without leave the filter does not join" $? 1
check "it says whose program is there" grep -q "'xdp_dispatcher' .*left alone .*libxdp's dispatcher" "$WORK/err"
is "the other program is still there" "$(names)" "dropper "
daemon_stop
loader unload -a eth0 >/dev/null

# --- the other one first, generic mode
check "xdp-loader loads first" loader load -m skb eth0 "$OTHER"
daemon_start --dispatcher auto
check "the filter attaches" rg attach eth0
is "it is in the dispatcher" "$(joined)" "true true generic"
is "before the other program" "$(names)" "regiongate dropper "
judged "joined"
check "store and kernel agree" rg status --verify
daemon_kill
judged "without a daemon"
daemon_start --dispatcher auto
is "a new daemon takes its place" "$(joined) $(names)" "true true generic regiongate dropper "
meeting_put m-1 10001 udp '[{"id": "r1", "action": "refuse", "regions": ["DE"]}]' >/dev/null
kept_out "and what it pushes holds" de 198.51.100.10 10001
through "for all" cn 198.51.100.10 10001
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
daemon_stop
daemon_start
judged "after a start that asks for no dispatcher"
is "the former filters are out" "$(names)" "regiongate dropper "
daemon_stop
daemon_start --dispatcher auto
loader unload -i "$(loader status eth0 | awk '$3 == "regiongate" { print $4 }')" eth0 >/dev/null 2>&1
check "taken out by somebody, it comes back" until_true 60 is_joined generic
judged "back"
check "it detaches" rg detach eth0
is "only the filter is out" "$(names)" "dropper "
through "detached: CN comes through" cn 198.51.100.10 10001
kept_out "detached: the other program drops" de 198.51.100.10 10003
check "it joins again" rg attach eth0
daemon_stop
check "--detach without a daemon" daemon_run --detach
is "only the filter is out again" "$(names)" "dropper "
loader unload -a eth0 >/dev/null

# --- the filter first, native mode; xdp-loader 1.3 does not ask for packets of several parts, so no jumbo frames
ip -n "$NS-lan" link set p1-eth0 mtu 1500
ip -n "$NS-server" link set eth0 mtu 1500
daemon_start --dispatcher yes
rg detach eth0 >/dev/null # by the store it is on again
check "the filter attaches first" rg attach eth0 --mode native
is "with a dispatcher" "$(joined)" "true true native"
kept_out "alone: CN is refused" cn 198.51.100.10 10001
through "alone: the other program is not there" de 198.51.100.10 10003
check "xdp-loader adds another program" loader load -m native eth0 "$OTHER"
is "both are there" "$(names)" "regiongate dropper "
judged "first"
loader unload -i "$(loader status eth0 | awk '$3 == "dropper" { print $4 }')" eth0 >/dev/null 2>&1
is "the other one goes, the filter stays" "$(joined)" "true true native"
kept_out "alone again: CN is refused" cn 198.51.100.10 10001
check "the last one takes the dispatcher along" rg detach eth0
is "nothing is on the interface" "$(dispatcher_id)" null
daemon_stop

# --- without a daemon
check "xdp-loader loads the filter's own file" loader load -m skb eth0 "$RG_BUILD/regiongate.bpf.o"
check "and another program behind it" loader load -m skb eth0 "$OTHER"
is "in the order that their metadata says" "$(names)" "regiongate dropper "
kept_out "it hands on what it passes" de 198.51.100.10 10003
through "and without rules passes all" cn 198.51.100.10 10001
loader unload -a eth0 >/dev/null
world_done
