#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# An interface that carries another XDP program is left alone, and the program is named.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
echo_start server 10001

# A program of somebody else.
bpftool prog load "$RG_BUILD/tests/foreign.bpf.o" "$WORK/bpf/foreign" type xdp ||
	die "can not load a program with bpftool"
name=$(bpftool -j prog show pinned "$WORK/bpf/foreign" | jq -r .name)
id=$(bpftool -j prog show pinned "$WORK/bpf/foreign" | jq -r .id)
in_host server bpftool net attach xdpdrv pinned "$WORK/bpf/foreign" dev eth0 ||
	die "can not attach it"
daemon_start
for mode in auto native generic; do
	rg attach eth0 --mode $mode 2>"$WORK/err"
	is "$mode: refused with exit 1" $? 1
	check "$mode: the other program is named" grep -q "already: '$name' (id $id)" "$WORK/err"
done
is "the other program is still there" \
	"$(ip -n "$NS-server" -j link show dev eth0 | jq '.[0].xdp.prog.id')" "$id"
is "the status does not claim the interface" \
	"$(rg status --json | jq '[.interfaces[] | select(.attached)] | length')" 0
daemon_stop
daemon_run --interface eth0 >"$WORK/out" 2>&1
is "a start that wants the interface fails" $? 1
check "and names the program" grep -q "already: '$name' (id $id)" "$WORK/out"
is "the other program is there after that, too" \
	"$(ip -n "$NS-server" -j link show dev eth0 | jq '.[0].xdp.prog.id')" "$id"
in_host server ip link set dev eth0 xdp off
daemon_start --interface eth0
check "behind its removal the filter attaches" \
	[ "$(rg status --json | jq -r '.interfaces[0].attached')" = true ]
rg detach eth0 >/dev/null
daemon_stop
world_done
