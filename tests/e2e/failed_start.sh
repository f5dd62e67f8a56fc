#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A start that fails leaves no pin, no link, no map and no socket behind.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
echo_start server 10001
kernel_objects >"$WORK/objects.before"

fails() { # text pattern option...
	local text=$1 pattern=$2 status
	shift 2
	timeout 20 nsenter --net="/run/netns/$NS-server" -- "$REGIONGATED" --config /dev/null \
		--socket "$SOCKET" "$@" >"$WORK/out" 2>&1
	status=$?
	sed 's/^/# /' "$WORK/out"
	if [ $status != 1 ] && [ $status != 2 ]; then
		not_ok "$text: fails (exit $status)"
	else
		ok "$text: fails"
	fi
	check "$text: names the cause" grep -qE "$pattern" "$WORK/out"
	check "$text: leaves no socket" [ ! -e "$SOCKET" ]
	is "$text: leaves no pin" "$(find "$PINS" -mindepth 1 2>/dev/null | wc -l)" 0
	is "$text: leaves no program on the interface" \
		"$(ip -n "$NS-server" -j link show dev eth0 | jq '.[0].xdp.mode // 0')" 0
}

head -c 3000 /dev/urandom >"$WORK/noise.mmdb"
mkdir "$WORK/bad-state"
echo "this is no database, but it is long enough to be taken for one" >"$WORK/bad-state/regiongate.db"
touch "$WORK/file"

fails "no such interface" nosuch0 --state "$STATE" --pin-dir "$PINS" --interface nosuch0
fails "one of two interfaces does not exist" nosuch0 --state "$STATE" --pin-dir "$PINS" --interface eth0 --interface nosuch0
fails "loopback in native mode" "lo" --state "$STATE" --pin-dir "$PINS" --interface eth0 --interface lo:native
fails "no such database" nosuch.mmdb --state "$STATE" --pin-dir "$PINS" --geoip "$WORK/nosuch.mmdb" --interface eth0
fails "a database of noise" noise.mmdb --state "$STATE" --pin-dir "$PINS" --geoip "$WORK/noise.mmdb" --interface eth0
fails "a store that is none" "regiongate.db" --state "$WORK/bad-state" --pin-dir "$PINS" --interface eth0
fails "a state directory that is a file" "file" --state "$WORK/file" --pin-dir "$PINS" --interface eth0
fails "a pin directory outside a bpffs" "nobpf" --state "$STATE" --pin-dir "$WORK/nobpf" --interface eth0
fails "a pin directory with a dot" "no names with dots" --state "$STATE" --pin-dir "$PINS.2" --interface eth0
mkdir "$WORK/mine"
fails "a directory of somebody else" "mine" --state "$STATE" --pin-dir "$WORK/mine" --interface eth0
check "it is still there" [ -d "$WORK/mine" ]
mkdir -p "$PINS/rg_state"
timeout 20 nsenter --net="/run/netns/$NS-server" -- "$REGIONGATED" --config /dev/null --socket "$SOCKET" \
	--state "$STATE" --pin-dir "$PINS" --interface eth0 >"$WORK/out" 2>&1
is "a directory where a pin belongs: fails" $? 1
check "and names it" grep -q "rg_state" "$WORK/out"
is "and leaves nothing else" "$(cd "$PINS" && echo *)" rg_state
rmdir "$PINS/rg_state" "$PINS"
fails "an unknown option" "frobnicate" --state "$STATE" --pin-dir "$PINS" --frobnicate
fails "an unknown mode" "fast" --state "$STATE" --pin-dir "$PINS" --interface eth0:fast
check "no map, program or link is left" no_more_objects_than "$WORK/objects.before"
world_done
