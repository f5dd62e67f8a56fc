#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Interfaces of every kind that this kernel makes: the filter is on those that carry Ethernet frames, natively or
# not; of those that do not it says so, and leaves nothing on them.
#   interface_kinds.sh [KIND,...]: these only, and all of them
. "$(dirname "$0")/../harness/world.sh"

world_begin
daemon_start
n=0 KINDS=${1-}
wanted() { [[ -z $KINDS || ,$KINDS, = *,$1,* ]]; }
made() { # ip-arguments...: is there such a kind here?
	local kind="$*"
	kind=${kind##* type } kind=${kind%% *}
	wanted "$kind" || return
	in_host server ip link add "$@" 2>"$WORK/err" && return
	if [ -n "$KINDS" ]; then not_ok "$kind: $(cat "$WORK/err")"; else echo "# no $kind here"; fi
	return 1
}
field() { rg status --json | jq -r --arg name "$1" ".interfaces[] | select(.name == \$name) | .$2"; }
carries() { # interface: Ethernet frames
	n=$((n + 1))
	in_host server ip link set "$1" up
	check "$1: attached" rg attach "$1"
	is "$1: so says the kernel" "$(field "$1" attached)" true
	echo "# $1: $(field "$1" attached_mode) mode, egress by $(field "$1" attached_egress)"
	check "$1: generic mode works, too" rg attach "$1" --mode generic
	check "$1: detached" rg detach "$1"
	is "$1: nothing is left on it" "$(in_host server ip -j link show dev "$1" | jq '.[0].xdp.mode // 0')" 0
}
carries_not() { # interface
	local mode
	n=$((n + 1))
	in_host server ip link set "$1" up
	for mode in auto native generic; do
		rg attach "$1" --mode $mode 2>"$WORK/err"
		is "$1, $mode: refused" $? 1
		check "$1, $mode: says why" grep -q "'$1' carries no Ethernet frames, so the filter can not read its packets" "$WORK/err"
	done
	is "$1: nothing is on it" "$(in_host server ip -j link show dev "$1" | jq '.[0].xdp.mode // 0')" 0
}

wanted lo && carries lo
made br0 type bridge && carries br0
made p0 type veth peer name p1 && in_host server ip link set p0 master br0 && carries p0
made d0 type dummy && carries d0
made bond0 type bond && carries bond0
made vx0 type vxlan id 5 local 198.51.100.10 dstport 4789 && carries vx0
made gt0 type gretap local 198.51.100.10 remote 198.51.100.20 && carries gt0
made mv0 link eth0 type macvlan && carries mv0
made vl0 link eth0 type vlan id 4 && carries vl0
wanted tap && in_host server ip tuntap add tap0 mode tap && carries tap0
wanted tun && in_host server ip tuntap add tun0 mode tun && carries_not tun0
made gr0 type gre local 198.51.100.10 remote 198.51.100.20 && carries_not gr0
made ii0 type ipip local 198.51.100.10 remote 198.51.100.20 && carries_not ii0
made wg0 type wireguard && carries_not wg0
# One that comes later, or comes back as another kind, is judged as well.
says_why() { field tap0 problem | grep -q "carries no Ethernet frames"; }
if [ -n "$(in_host server ip -br link show tap0 2>/dev/null)" ]; then
	check "tap0: attached" rg attach tap0
	in_host server ip link del tap0 && in_host server ip tuntap add tap0 mode tun
	check "tap0, now a tun: the status says why not" until_true 8 says_why
	is "tap0, now a tun: nothing is on it" "$(in_host server ip -j link show dev tap0 | jq '.[0].xdp.mode // 0')" 0
fi
asked=${KINDS//[^,]/}, # a comma for each
check "there were some ($n)" [ $n -ge "$([ -n "$KINDS" ] && echo ${#asked} || echo 6)" ]
daemon_stop
check "nothing is left pinned" [ ! -e "$PINS" ]
world_done
