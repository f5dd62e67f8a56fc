#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The filter on interfaces: native, generic and auto mode, several interfaces, errors.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
world_link server eth1
echo_start server 10001 10002
kernel_objects >"$WORK/objects.before"
daemon_start
regions_put >/dev/null
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null

mode_of() { rg status --json | jq -r --arg name "$1" '.interfaces[] | select(.name == $name) | .attached_mode'; }
kernel_mode_of() { # as the kernel has it
	ip -n "$NS-server" -j link show dev "$1" | jq -r '.[0].xdp.mode // 0'
}
fails_with() { # wanted exit code, pattern on stderr, command...
	local wanted=$1 pattern=$2 got
	shift 2
	"$@" >"$WORK/out" 2>"$WORK/err"
	got=$?
	[ "$got" = "$wanted" ] && grep -qE "$pattern" "$WORK/err" && return
	echo "# exit $got, wanted $wanted; stderr: $(tr '\n' ' ' <"$WORK/err")"
	return 1
}

through "nothing is refused before the filter is attached" cn 198.51.100.10 10001
for mode in native generic auto; do
	check "attach, mode $mode" rg attach eth0 --mode $mode
	kept_out "mode $mode: CN is refused, IPv4" cn 198.51.100.10 10001
	kept_out "mode $mode: CN is refused, IPv6" cn 2001:db8:ffff::10 10001
	through "mode $mode: DE is admitted, IPv4" de 198.51.100.10 10001
	through "mode $mode: DE is admitted, IPv6" de 2001:db8:ffff::10 10001
	through "mode $mode: a port without an endpoint is not touched" cn 198.51.100.10 10002
	[ $mode = generic ] && { is "the kernel has it in generic mode" "$(kernel_mode_of eth0)" 2
		is "the status says generic" "$(mode_of eth0)" generic; }
	[ $mode = native ] && { is "the kernel has it in native mode" "$(kernel_mode_of eth0)" 1
		is "the status says native" "$(mode_of eth0)" native; }
	if [ $mode = auto ]; then
		is "auto takes native where the driver can" "$(mode_of eth0)" native
		check "attaching again is no error" rg attach eth0
	else
		check "detach" rg detach eth0
		is "the interface has no program behind detach" "$(kernel_mode_of eth0)" 0
		through "nothing is refused behind detach" cn 198.51.100.10 10001
	fi
done

check "a second interface shares the state" rg attach eth1
is "both are in the status" "$(rg status --json | jq '[.interfaces[] | select(.attached)] | length')" 2
in_host server ip addr del 198.51.100.10/32 dev eth0
in_host server ip route replace default dev eth1
in_host server ip addr add 198.51.100.10/32 dev eth1
in_host cn ip neigh flush dev eth0
kept_out "CN is refused on the second interface" cn 198.51.100.10 10001
through "another port passes on the second interface" cn 198.51.100.10 10002

check "detach the second interface" rg detach eth1
check "detach twice: exit 1, says that it is not attached" \
	fails_with 1 "^regiongate: .*eth1" rg detach eth1
check "an interface that does not exist: exit 1, names it" \
	fails_with 1 "^regiongate: .*nosuch0" rg attach nosuch0
check "a mode behind the name is no interface's, though the kernel knows eth0 by such a name" \
	fails_with 1 "^regiongate: there is no interface 'eth0:native'" rg attach eth0:native
check "the bridge's port is in another namespace: no such interface here" \
	fails_with 1 "^regiongate: .*p1-eth0" rg attach p1-eth0
check "the first interface is still attached" [ "$(mode_of eth0)" = native ]
check "loopback can not do native mode: exit 1, and says so" \
	fails_with 1 "^regiongate: .*lo" rg attach lo --mode native
check "loopback has no program after that" [ "$(kernel_mode_of lo)" = 0 ]
check "loopback in auto mode falls back" rg attach lo
is "loopback is in generic mode" "$(mode_of lo)" generic
check "detach loopback" rg detach lo

in_host server ip tuntap add dev tun0 mode tun || die "can not make a tun interface"
for mode in auto native generic; do
	check "an interface without Ethernet frames, mode $mode: exit 1, and says so" \
		fails_with 1 "^regiongate: .*tun0.*Ethernet" rg attach tun0 --mode $mode
done
is "it has no program after that" "$(kernel_mode_of tun0)" 0

# An interface whose name has a dot; renamed, it keeps its filter when another takes the name.
world_link server up.100
check "attach an interface with a dot in its name" rg attach up.100
in_host server ip link set up.100 down
in_host server ip link set up.100 name was100 up
# (down first: kernels before 6.2 rename nothing that is up)
ip -n "$NS-lan" link set "p${#HOSTS[@]}-up.100" down
ip -n "$NS-lan" link set "p${#HOSTS[@]}-up.100" name p-was100 up
world_link server up.100
check "attach another one that has this name now" rg attach up.100
is "both have the filter" "$(mode_of was100) $(mode_of up.100)" "native native"
is "the kernel has it on both" "$(kernel_mode_of was100) $(kernel_mode_of up.100)" "1 1"
in_host server ip link del was100
check "detach that one" rg detach up.100
is "an interface that is gone is in no status" "$(rg status --json | jq -r '[.interfaces[] | select(.attached).name] | join(" ")')" eth0

check "detach the first interface" rg detach eth0
daemon_stop
is "no pin is left when nothing is attached" "$(find "$PINS" -mindepth 1 2>/dev/null | wc -l)" 0
check "no map, program or link is left" no_more_objects_than "$WORK/objects.before"
world_done
